"""Bills, summed as far as the snapshot of a ledger needs them apart."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct


class SourceMonth(Struct, frozen=True):
    """A bill: from when on it has usage, and until when it tells what was used, which is never after its import."""

    source: str
    month: str
    open: bool
    through: datetime | None
    imported_at: datetime
    since: datetime | None = None


class ResourceMonth(Struct, frozen=True):
    """What a resource came to in a month, in one currency; `gaps` are charges without the amount."""

    project: str
    address: str
    type: str | None
    ids: tuple[str, ...]
    currency: str
    amount: Decimal
    gaps: int
