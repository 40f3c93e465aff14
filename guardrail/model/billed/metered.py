"""What bills say was used by the hour: what the ledger reads, and commitments are planned from."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

HOUR = 3600
"""Seconds."""


class Metered(Struct, frozen=True):
    """Rows of a bill that agree in their time, in what they are for, and in the commitment that covers them.

    start, end  of the time that they are for, in seconds since 1970 (UTC)
    series      what Azure calls the series of a machine, where the bill tells
    quantity    consumed, in `unit`
    on_demand   what it would have cost without a commitment: contracted, else for what is on demand what was paid, else at
                list prices; None where the bill has none of these for all of it
    effective   with its share of the commitment; None where the bill has it for a part only, or not at all
    list_price  of a unit
    commitment  id of what covers it, or of what goes unused; None on demand
    covered     whether a commitment covers it
    """

    source: str
    month: str
    currency: str
    provider: str
    service: str
    region: str
    name: str
    series: str
    meter: str
    operation: str
    unit: str
    start: int
    end: int
    quantity: Decimal
    on_demand: Decimal | None
    effective: Decimal | None
    list_price: Decimal | None
    commitment: str | None = None
    commitment_kind: str = ""
    covered: bool = False

    @property
    def is_fine(self) -> bool:
        """Whether it tells of what hours it is, or of what day: of 25 hours, where clocks are set back."""
        return 0 < self.end - self.start <= 25 * HOUR
