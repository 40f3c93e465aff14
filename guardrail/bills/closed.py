"""Months that were closed: what fell on whom, as it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

KEPT = ("team", "origin", "source", "account", "service", "project")
"""The dimensions by which a closed month is kept."""


class ClosedLine(Struct, frozen=True):
    """What fell on a team of a month when it was closed: values of KEPT, and the amount with its currency."""

    of: Mapping[str, str | None]
    currency: str
    amount: Decimal


class ClosedMonth(Struct, frozen=True):
    """A month as it was closed. `lines` are by cost; a cost that some charge did not have is not among them."""

    month: str
    closed_at: datetime
    lines: Mapping[str, Sequence[ClosedLine]]
