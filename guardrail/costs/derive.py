"""Attributes that data cannot derive: the exception among definitions, to be kept short.

A derivation takes a function that reads an attribute (with `Unknown` where it is not known) and returns attributes
to add. It is pure: no files, no clock, no catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from guardrail.model.unknown import Json

Derivation = Callable[[Callable[[str], Json]], Mapping[str, Json]]

DERIVATIONS: Mapping[str, Derivation] = {}
"""Name in a definition's `derive` -> function."""
