"""What bills charge day by day, and which days they tell: what anomalies are looked for in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct


class DailyCharges(Struct, frozen=True):
    """Charges of a source that agree in all that they are told apart by, summed by the day on which they begin (UTC).

    of       dimension -> value, None where the bill tells none
    kind     daily: usage and purchases of a day or less; long: of more than a day; other: taxes, credits, adjustments
    days     in order
    amounts  one for each day; None where a row of the day does not have the amount
    without  rows that do not have it
    """

    of: Mapping[str, str | None]
    currency: str
    source: str
    kind: Literal["daily", "long", "other"]
    days: tuple[date, ...]
    amounts: tuple[Decimal | None, ...]
    without: int = 0


class BillDay(Struct, frozen=True):
    """A day that a source's bill has a charge of. `open`: the bill may still change; `imported_at`: when it was read last."""

    source: str
    day: date
    open: bool
    imported_at: datetime


class FirstSpend(Struct, frozen=True):
    """The first day on which something cost anything in an account, of all that the ledger has: a service in a region."""

    source: str
    account: str | None
    service: str | None
    region: str | None
    day: date


class ChangeOfResource(Struct, frozen=True):
    """What a merged change has made of a resource.

    at            when it was merged, as far as runs tell
    monthly       what it adds to a month of 730 hours, by the estimate; negative where something is removed
    pull_request  the one that had proposed it, None where none is known
    unpriced      components of it whose amount is not known, as it depends on usage or has no price
    """

    project: str
    address: str
    at: datetime
    currency: str
    monthly: Decimal
    pull_request: int | None = None
    unpriced: int = 0
