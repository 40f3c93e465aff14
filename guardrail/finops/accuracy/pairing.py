"""Which rows of a bill are of which line of an estimate, for one resource."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from fractions import Fraction

from msgspec import Struct

from guardrail.catalog.vendors.aws import without_region
from guardrail.finops.accuracy.estimate import Item
from guardrail.finops.exact import Amount
from guardrail.finops.unit import Unit, factor_between


class Billed(Struct, frozen=True):
    """Rows of a bill that agree in what they are of. Money in units of 10^-18, None where some row does not have it.

    evidence    by what they were matched: id, tag, group or none
    commitment  Used or Unused, of what a commitment covers; None for the rest
    meters      what the vendor calls what is counted, "" for nothing told; the first is shown
    unit_price  at the list, of one unit, where it is the same in all rows
    quantity    in the unit, None where some row does not have it
    cost        the cost that is compared
    month       of the bill
    """

    source: str
    currency: str
    project: str | None
    address: str | None
    evidence: str
    category: str
    commitment: str | None
    of_commitment: bool
    meters: tuple[str, ...]
    unit: Unit
    service: str | None
    team: str | None
    quantity: Fraction | None
    unit_price: Amount | None
    listed: Amount | None
    contracted: Amount | None
    cost: Amount
    rows: int
    begin: datetime
    end: datetime
    month: str = ""

    @property
    def what(self) -> str:
        """What it is for, in a few words."""
        service = self.service or self.category
        return f"{self.meters[0]} ({service})" if self.meters else service

    @property
    def lasts(self) -> bool:
        """Whether it is charged for as long as it is there, by the hour or the month."""
        return self.unit.hourly or self.unit.per_month


class Pair(Struct, frozen=True):
    """An item and its rows. `is_now`: it is in the month's estimate, and not only in what was so before."""

    item: Item
    rows: tuple[Billed, ...]
    is_now: bool


class Paired(Struct, frozen=True):
    """Pairs, the items of the month's estimate that have no rows, and the rows that have no item."""

    pairs: tuple[Pair, ...]
    items: tuple[Item, ...]
    rows: tuple[Billed, ...]


_FARTHEST = 2
_Fits = Callable[[Item, Billed], bool]


def paired(versions: Sequence[Sequence[Item]], rows: Sequence[Billed]) -> Paired:
    """Pair the rows of a resource with items: of the month's estimate first, then of what was so before it.

    A meter's name decides. Where one of the two does not have it, the same price of the same unit does, then the unit,
    if it tells one meter and one item alone at about its price. What is left for hours is one item that is billed in parts,
    as Google bills a machine's cores and memory, where there is but one for hours.
    """
    left = list(rows)
    pairs: list[Pair] = []
    items_now: list[Item] = []
    for number, items in enumerate(versions):
        open_items = list(items)
        for fits in (_by_meter, _by_price, _by_unit):
            for item, found in _matches(open_items, left, fits, alone=fits is not _by_meter):
                pairs.append(Pair(item, found, is_now=number == 0))
                open_items.remove(item)
                left = [one for one in left if one not in found]
        hourly = [one for one in left if one.unit.hourly]
        whole = [item for item in open_items if item.unit.hourly and not item.meter]
        if hourly and len(whole) == 1:
            pairs.append(Pair(whole[0], tuple(hourly), is_now=number == 0))
            open_items.remove(whole[0])
            left = [one for one in left if one not in hourly]
        if number == 0:
            items_now = open_items
    return Paired(tuple(pairs), tuple(items_now), tuple(left))


def meter_names(meter: str | None, name: str | None) -> tuple[str, ...]:
    """Return what may be meant by a meter: Azure's name of it, what the bill says, and that without AWS's region in front."""
    names = (name, meter, without_region(meter) if meter else None)
    return tuple(dict.fromkeys(one for one in names if one))


def _matches(
    items: Sequence[Item], rows: Sequence[Billed], fits: _Fits, *, alone: bool
) -> list[tuple[Item, tuple[Billed, ...]]]:
    """Return items with the rows that fit none but them; `alone`: with the rows of one meter only."""
    found: defaultdict[int, list[Billed]] = defaultdict(list)
    for one in rows:
        fitting = [number for number, item in enumerate(items) if fits(item, one)]
        if len(fitting) == 1:
            found[fitting[0]].append(one)
    return [
        (items[number], tuple(fitting))
        for number, fitting in found.items()
        if not alone or len({one.meters for one in fitting}) == 1
    ]


def _by_meter(item: Item, row: Billed) -> bool:
    return bool(item.meter) and item.meter in row.meters


def _by_price(item: Item, row: Billed) -> bool:
    factor = factor_between(row.unit, item.unit)
    if (item.meter and row.meters) or factor is None or not item.price or not row.unit_price:
        return False
    return Fraction(item.price) * factor == row.unit_price


def _by_unit(item: Item, row: Billed) -> bool:
    factor = factor_between(row.unit, item.unit)
    if (item.meter and row.meters) or not item.unit.base or item.unit.base != row.unit.base or factor is None:
        return False
    return not (item.price and row.unit_price) or is_about(row.unit_price, factor * item.price)


def is_about(price: Amount, other: Amount) -> bool:
    """Say whether prices can be of the same unit: the larger is at most twice the other."""
    return other <= _FARTHEST * price and price <= _FARTHEST * other
