"""What bills have booked day by day, and what changes of infrastructure will add to them: what budgets are told from."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct


class Place(Struct, frozen=True):
    """What of a bill, or of the lines of a run, budgets may tell apart.

    project, address, type   None where nothing tells them
    tags        of the resource, by key; None where no address is known
    bill_tags   the same keys on the bill
    """

    project: str | None
    address: str | None
    type: str | None
    tags: dict[str, str | None] | None
    bill_tags: dict[str, str | None]


class Booked(Struct, frozen=True):
    """Charges of a budget that begin on a day and agree in the rest.

    budget      its number among those that were asked about
    certain     whether they are its own; else nothing tells whose they are
    month       of the bill, like 2026-10
    regular     what is charged once in a month, or for a longer time than a day: service, category and description; "" for
                what is charged by the day or by the hour
    is_usage    whether that is usage
    more, less  sums of the charges above 0, and of those below
    gaps        charges without the amount
    """

    budget: int
    certain: bool
    source: str
    month: str
    day: date
    regular: str
    is_usage: bool
    currency: str
    more: Decimal
    less: Decimal
    gaps: int


class ChangedResource(Struct, frozen=True):
    """What a merged change has made of a resource.

    at        when it was so: since the newest state before it lacked or had it, if states tell, else since the run that says it;
              None for what the newest state does not show yet
    merged    when the pull request was merged, or else when the first run was that says it
    monthly   what it adds to a month of 730 hours, by the estimate; negative where something is removed
    unpriced  components of it that have no amount
    """

    place: Place
    at: datetime | None
    merged: datetime
    currency: str
    monthly: Decimal
    unpriced: int


class ProposedResource(Struct, frozen=True):
    """What a pull request that is open would make of a resource: as `ChangedResource`."""

    place: Place
    number: int
    currency: str
    monthly: Decimal
    unpriced: int
