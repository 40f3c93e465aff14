"""What bills charge for single meters of resources, by day and by month."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from msgspec import Struct


class MeterDay(Struct, frozen=True):
    """What a resource was charged for a meter on a day.

    of        what the charges say of the dimensions that allocation looks at
    cost      None where a row lacks it
    quantity  in the unit, None where a row that costs something lacks it
    """

    project: str
    address: str
    source: str
    meter: str | None
    unit: str | None
    currency: str
    day: date
    cost: Decimal | None
    quantity: Decimal | None
    of: Mapping[str, str | None]


class MeterMonth(Struct, frozen=True):
    """What bills of a month charge for a meter of a resource, as far as it agrees in the rest.

    commitment     Used or Unused, of what a commitment covers; None for the rest
    of_commitment  whether it is of one at all
    cost, contracted, quantity  None where a row lacks it; a row of no cost needs no quantity
    """

    month: str
    currency: str
    category: str
    resource: str | None
    service: str | None
    meter: str | None
    unit: str | None
    commitment: str | None
    of_commitment: bool
    cost: Decimal | None
    contracted: Decimal | None
    quantity: Decimal | None


class MergedBy(Struct, frozen=True):
    """The pull request that proposed what a change has made of a resource, and its author where runs tell."""

    project: str
    address: str
    day: date
    pull_request: int
    author: str | None
