"""Bills, summed as far as the snapshot of a ledger needs them apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class SourceMonth:
    """A bill: until when it tells what was used, which is never after its import."""

    source: str
    month: str
    open: bool
    through: datetime | None
    imported_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """Charges of a month that agree in all that a budget may match.

    project, address, type   None where nothing tells them
    tags        of the resource as its project's newest state has it, by key; None where no address is known
    bill_tags   the same keys on the bill
    more, less  sums of the charges above 0, and of those below
    gaps        charges without the amount
    """

    month: str
    currency: str
    project: str | None
    address: str | None
    type: str | None
    tags: dict[str, str | None] | None
    bill_tags: dict[str, str | None]
    more: Decimal
    less: Decimal
    gaps: int


@dataclass(frozen=True, slots=True)
class ResourceMonth:
    """What a resource came to in a month, in one currency; `gaps` are charges without the amount."""

    project: str
    address: str
    type: str | None
    ids: tuple[str, ...]
    currency: str
    amount: Decimal
    gaps: int
