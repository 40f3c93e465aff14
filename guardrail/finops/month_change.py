"""Why a month costs another sum than the month before: parts that come to the difference, exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from msgspec import Struct

from guardrail.bills.metered import MeterMonth
from guardrail.finops.exact import Amount, apportioned, decimal_of, units

USAGE = "Usage"


class Cause(StrEnum):
    """What a difference comes from."""

    PRICE = "price"  # another price of a unit
    USAGE = "usage"  # more or less of it, also since a month is longer
    NEW = "new"  # what the month before has no charge of
    REMOVED = "removed"  # what the month has no charge of any more
    COMMITMENTS = "commitments"  # what commitments save, and what of them goes unused
    OTHER = "other"  # taxes, support, credits, and what has no quantity


class MonthChange(Struct, frozen=True):
    """The difference between two months of bills in one currency, by cause.

    before, after  None where rows do not have the cost; `parts` is empty then
    notes          what the parts cannot tell
    """

    first: str
    last: str
    currency: str
    before: Decimal | None
    after: Decimal | None
    parts: Mapping[Cause, Decimal]
    notes: tuple[str, ...] = ()

    @property
    def difference(self) -> Decimal | None:
        """What the month costs more, negative where it is less."""
        if self.before is None or self.after is None:
            return None
        return decimal_of((units(self.after) or 0) - (units(self.before) or 0))


class _Side(Struct):
    """What a month has of a meter of a resource. `base` is the cost without what a commitment saves."""

    cost: int = 0
    base: int = 0
    quantity: Fraction | None = Fraction(0)


def month_change(rows: Iterable[MeterMonth], first: str, last: str, currency: str) -> MonthChange:
    """Return why bills of a month come to another sum than those of the month before."""
    ours = [one for one in rows if one.currency == currency and one.month in {first, last}]
    sums = {month: [one.cost for one in ours if one.month == month] for month in (first, last)}
    known = {
        month: None if None in found or not found else sum(units(one) or 0 for one in found)
        for month, found in sums.items()
    }
    before, after = known[first], known[last]
    told = [None if one is None else decimal_of(one) for one in (before, after)]
    if before is None or after is None:
        return MonthChange(
            first, last, currency, told[0], told[1], {}, ("a month lacks a bill, or rows of it the cost",)
        )
    parts = _parts(ours, first, last)
    causes = list(Cause)
    rounded = apportioned([parts.get(one, 0) for one in causes], to=after - before)
    uncovered = any(one.commitment == "Used" and one.contracted is None for one in ours)
    notes = (
        ("what commitments save is not told apart: rows that they cover have no contracted cost",) if uncovered else ()
    )
    found = {cause: decimal_of(amount) for cause, amount in zip(causes, rounded, strict=True)}
    return MonthChange(first, last, currency, told[0], told[1], found, notes)


def _parts(rows: Iterable[MeterMonth], first: str, last: str) -> dict[Cause, Amount]:
    parts: defaultdict[Cause, Amount] = defaultdict(int)
    sides: defaultdict[tuple[str | None, ...], dict[str, _Side]] = defaultdict(dict)
    for one in rows:
        sign, cost = (1 if one.month == last else -1), units(one.cost) or 0
        if one.commitment == "Unused" or (one.of_commitment and one.category != USAGE):
            parts[Cause.COMMITMENTS] += sign * cost
        elif one.category != USAGE:
            parts[Cause.OTHER] += sign * cost
        else:
            side = sides[one.resource, one.service, one.meter, one.unit].setdefault(one.month, _Side())
            is_covered = one.commitment == "Used" and one.contracted is not None
            base = (units(one.contracted) or 0) if is_covered else cost
            side.cost, side.base = side.cost + cost, side.base + base
            known = side.quantity is not None and one.quantity is not None
            side.quantity = (side.quantity or 0) + Fraction(one.quantity or 0) if known else None
    for of_meter in sides.values():
        for cause, amount in _of_meter(of_meter.get(first), of_meter.get(last)):
            parts[cause] += amount
    return parts


def _of_meter(old: _Side | None, new: _Side | None) -> Iterable[tuple[Cause, Amount]]:
    """Give what the difference of a meter comes from. Without a commitment `base` is the cost."""
    yield Cause.COMMITMENTS, (new.cost - new.base if new else 0) - (old.cost - old.base if old else 0)
    if old is None or new is None:
        yield (Cause.NEW, new.base) if new else (Cause.REMOVED, -old.base if old else 0)
    elif old.quantity and new.quantity is not None:
        usage = (new.quantity - old.quantity) * old.base / old.quantity
        yield Cause.USAGE, usage
        yield Cause.PRICE, new.base - old.base - usage
    else:
        yield Cause.OTHER, new.base - old.base
