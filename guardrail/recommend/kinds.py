"""The kinds of recommendations there are, by the names that `--only` and dismissals use."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from guardrail.recommend.proposal import Kind

KINDS: Mapping[str, str] = {
    "rightsizing": "guardrail.recommend.rightsizing.kind:rightsizing",
    "clean-up": "guardrail.recommend.clean_up.kind:clean_up",
    "spot": "guardrail.recommend.spot.kind:spot",
    "schedules": "guardrail.recommend.schedules.kind:schedules",
}
"""Name -> the function that proposes, "module:name"; imported when it is asked for."""
OF_ACCOUNTS = ("commitments",)
"""Kinds that are of accounts as a whole, whatever projects there are."""


def kind(name: str) -> Kind:
    """Return the kind of that name."""
    module, _, function = KINDS[name].partition(":")
    found: Kind = getattr(import_module(module), function)
    return found
