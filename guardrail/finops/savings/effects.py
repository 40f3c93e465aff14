"""What made a resource cost another sum after a change than before it: the change, prices, or usage."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from msgspec import Struct

from guardrail.bills.metered import MeterDay
from guardrail.finops.exact import Amount, units
from guardrail.finops.unit import Unit, factor_between, unit_of

_DAYS = Fraction(730, 24)  # of the month of estimates


class Effects(Struct, frozen=True):
    """A month of a resource before and after a change, and what the difference comes from: amounts in units of 10^-18.

    change, price, usage  what is saved by each; negative where it costs more. They come to `before` without `after`
    why                   why the parts cannot be told, "" where they can
    """

    before: Amount
    after: Amount
    change: Amount = 0
    price: Amount = 0
    usage: Amount = 0
    why: str = ""


class _Meter(Struct):
    """What a meter comes to in a month. `quantity` None where some day does not have it."""

    unit: Unit
    cost: Fraction
    quantity: Fraction | None


def effects(
    before: Iterable[MeterDay], after: Iterable[MeterDay], days: tuple[int, int], follows_usage: Mapping[str, bool]
) -> Effects:
    """Return what a resource costs a month before and after a change, and why.

    days           of the bill that each of the two is of, days without a charge included
    follows_usage  meters of the estimate, and whether each follows a usage file. A meter that no line has follows usage, unless
                   it counts hours

    Of a meter that both have, another price of the unit is no saving of the change. Nor is another quantity, where it follows
    usage; else the change has made it. Usage that has moved to another meter is valued at the quantity of before.
    """
    was, now = _by_meter(before, days[0]), _by_meter(after, days[1])
    found = Effects(sum(one.cost for one in was.values()), sum(one.cost for one in now.values()))
    change, price, usage = Fraction(0), Fraction(0), Fraction(0)
    for name in was.keys() & now.keys():
        old, new = was[name], now[name]
        if old.cost == new.cost and old.quantity == new.quantity:
            continue
        if not old.quantity or not new.quantity:
            return Effects(found.before, found.after, why="the bill has no quantities: nothing tells prices from usage")
        unit_price = old.cost / old.quantity
        price += old.cost - new.cost - (old.quantity - new.quantity) * unit_price
        if _follows(name, old.unit, follows_usage):
            usage += (old.quantity - new.quantity) * unit_price
        else:
            change += (old.quantity - new.quantity) * unit_price
    gone, came = ({name: side[name] for name in side.keys() - other.keys()} for side, other in ((was, now), (now, was)))
    for left, right in _moved(gone, came, follows_usage):
        old, new = gone.pop(left), came.pop(right)
        factor = factor_between(old.unit, new.unit) or Fraction(1)
        kept = (old.quantity or Fraction(0)) * factor / (new.quantity or Fraction(1)) * new.cost
        change += old.cost - kept
        usage += kept - new.cost
    change += sum(one.cost for one in gone.values()) - sum(one.cost for one in came.values())
    return Effects(found.before, found.after, change, price, usage)


def _by_meter(days: Iterable[MeterDay], number: int) -> dict[str, _Meter]:
    """Return what each meter comes to in a month: what is charged by the month in months of the calendar, the rest in 730 hours."""
    grouped: defaultdict[str, list[MeterDay]] = defaultdict(list)
    for one in days:
        grouped[one.meter or ""].append(one)
    return {name: _meter(alike, number) for name, alike in grouped.items()}


def _meter(alike: Sequence[MeterDay], number: int) -> _Meter:
    unit = unit_of(alike[0].unit)
    weights = [_month_of(one.day) if unit.per_month else _DAYS for one in alike]
    cost = sum((weight * (units(one.cost) or 0) for weight, one in zip(weights, alike, strict=True)), Fraction(0))
    known = [one.quantity for one in alike if one.quantity is not None]
    quantity = None
    if len(known) == len(alike):
        quantity = (
            sum((weight * Fraction(one) for weight, one in zip(weights, known, strict=True)), Fraction(0)) / number
        )
    return _Meter(unit, cost / number, quantity)


def _month_of(day: date) -> Fraction:
    return Fraction(monthrange(day.year, day.month)[1])


def _follows(meter: str, unit: Unit, follows_usage: Mapping[str, bool]) -> bool:
    return follows_usage.get(meter, not unit.hourly)


def _moved(
    gone: Mapping[str, _Meter], came: Mapping[str, _Meter], follows_usage: Mapping[str, bool]
) -> list[tuple[str, str]]:
    """Return the meter of usage that has gone and the one that has come in its place, where there is one of a unit on each side."""
    by_unit: defaultdict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, meters in enumerate((gone, came)):
        for name, one in meters.items():
            if _follows(name, one.unit, follows_usage) and one.unit.base:
                by_unit[one.unit.base][side].append(name)
    return [
        (left[0], right[0])
        for left, right in by_unit.values()
        if len(left) == len(right) == 1 and gone[left[0]].quantity and came[right[0]].quantity
    ]
