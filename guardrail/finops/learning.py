"""Usage that a bill tells: cost definitions run backwards, from billed quantities to the keys of a usage file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil

from msgspec import Struct

from guardrail.costs import Engine, Library, Usage
from guardrail.costs.bill import Working
from guardrail.costs.definitions.definition import UsageKey
from guardrail.costs.inventory import Inventory
from guardrail.costs.usage.file import merged, value_at
from guardrail.costs.usage.keys import keys_of
from guardrail.finops.accuracy.estimate import EstimateLine, Item, items_of
from guardrail.finops.accuracy.pairing import Billed, paired
from guardrail.finops.exact import PLACES
from guardrail.finops.unit import factor_between
from guardrail.model.money import HOURS_PER_MONTH
from guardrail.model.resource import Change

_HOUR = timedelta(hours=1)
_DOUBLES = Fraction(1, 10**9)
"""Quantities are computed in doubles: what differs by less is equal."""
_ROUNDED = Fraction(1, 100)
"""By how much a quantity may differ after its key has been rounded."""
_SCALES = (1, 10, 1000)
"""How many times the billed quantity a definition is tried at: what is included comes before what is billed."""
_WHOLE_FROM, _CENTS_FROM = 10_000, 1
_QUANTILE = Fraction(95, 100)


class Learned(Struct, frozen=True):
    """A key of a usage file, as a bill tells it for a month of 730 hours.

    value   rounded to what a person would write
    months  month -> what it was in it
    days    of the bill that it was learned from
    """

    address: str
    key: str
    unit: str
    value: Fraction
    months: Mapping[str, Fraction]
    days: int

    @property
    def quantile(self) -> Fraction:
        """The 95th percentile of the months: the smallest that is not exceeded by 95% of them."""
        ordered = sorted(self.months.values())
        return ordered[ceil(_QUANTILE * len(ordered)) - 1]


class Unlearned(Struct, frozen=True):
    """What is billed by usage, and tells no key; and why."""

    address: str
    component: str
    why: str


def learn(
    changes: Sequence[Change],
    inventory: Inventory,
    engine: Engine,
    library: Library,
    usage: Usage,
    rows: Iterable[Billed],
    until: datetime,
) -> tuple[list[Learned], list[Unlearned]]:
    """Learn the usage of resources from rows of bills, which have their addresses.

    usage  what people have given by hand: it decides what a resource is, such as its operating system
    until  up to when there is a bill
    """
    by_address: defaultdict[str, list[Billed]] = defaultdict(list)
    for row in rows:
        if row.address is not None:
            by_address[row.address].append(row)
    learned: list[Learned] = []
    unlearned: list[Unlearned] = []
    for change in sorted(changes, key=lambda one: one.address):
        found = by_address.get(change.address)
        keys = _numbers(keys_of(change.type, library)) if found and change.billed_after else {}
        if found and keys:
            backwards = _Backwards(change, inventory, engine, usage, keys)
            for one in backwards.run(_of_one_source(found), until):
                if isinstance(one, Unlearned):
                    unlearned.append(one)
                else:
                    learned.append(one)
    return learned, unlearned


class _Backwards(Struct, frozen=True):
    """The definition of one resource, run backwards."""

    change: Change
    inventory: Inventory
    engine: Engine
    usage: Usage
    keys: Mapping[str, UsageKey]

    def run(self, rows: Sequence[Billed], until: datetime) -> Iterator[Learned | Unlearned]:
        """Give what each meter of usage tells of its key, or why it tells none."""
        ones = {key: Fraction(1) for key, declared in self.keys.items() if declared.default is None}
        items = self._items(ones)
        span = _span(rows, until)
        wanted: dict[str, list[tuple[Item, tuple[Billed, ...]]]] = defaultdict(list)
        found = paired([items], rows)
        for pair in found.pairs:
            if pair.item.usage_key in self.keys:
                wanted[pair.item.usage_key].append((pair.item, pair.rows))
            elif " and " in pair.item.usage_key:
                why = f"several keys have its meter: {pair.item.usage_key}"
                yield Unlearned(self.change.address, pair.item.name, why)
        for key, pairs in sorted(wanted.items()):
            yield from self._solved(key, *pairs[0], span)
            if len(pairs) > 1:
                yield Unlearned(self.change.address, pairs[1][0].name, f"{key} is told by another component, too")
        for meter in dict.fromkeys(row.meters for row in found.rows):
            has_it = sum(item.meter in meter for item in items)
            why = f"{'several components' if has_it else 'no component'} of {self.change.type} {'have' if has_it else 'has'} its meter"
            yield Unlearned(self.change.address, meter[0] if meter else "a charge without a meter", why)

    def _solved(
        self,
        key: str,
        item: Item,
        rows: Sequence[Billed],
        span: tuple[datetime, datetime],
    ) -> Iterator[Learned | Unlearned]:
        address = self.change.address
        quantities = _by_month(item, rows, span)
        if quantities is None:
            yield Unlearned(address, item.name, "the bill counts in another unit, or does not say how much")
            return
        total, months = quantities
        default, given = self.keys[key].default, value_at(self.usage.of(address, self.change.type), key)
        if default is not None and given is None and item.quantity is not None and _is_near(item.quantity, total):
            return  # as the definition has it: most machines are always on
        found = next(filter(None, (self._line_at(key, item, total, scale) for scale in _SCALES)), None)
        if found is None:
            yield Unlearned(address, item.name, f"its quantity does not follow {key} in proportion")
            return
        start, first, slope = found

        def solved(quantity: Fraction) -> Fraction:
            return max(start + (quantity - first) / slope, Fraction(0))

        value = _rounded(solved(total))
        again = self._quantity(item, {key: value})
        if again is None or not _is_near(again, total):
            yield Unlearned(address, item.name, f"its quantity does not follow {key} in proportion")
            return
        days = ceil((span[1] - span[0]) / timedelta(days=1))
        of_months = {month: _rounded(solved(quantity)) for month, quantity in months.items()}
        yield Learned(address, key, self.keys[key].unit, value, of_months, days)

    def _line_at(self, key: str, item: Item, total: Fraction, scale: int) -> tuple[Fraction, Fraction, Fraction] | None:
        """Return a value of the key, the quantity there, and by how much it grows with the key; None where it is no line there."""
        start = Fraction(max(ceil(total * item.unit.factor), 1) * scale)
        first, second, third = (self._quantity(item, {key: start * number}) for number in (1, 2, 3))
        if first is None or second is None or third is None:
            return None
        slope = (second - first) / start
        is_line = slope > 0 and abs(third - 2 * second + first) <= _DOUBLES * (1 + abs(third))
        return (start, first, slope) if is_line else None

    def _quantity(self, item: Item, given: Mapping[str, Fraction]) -> Fraction | None:
        """Return the quantity of an item with such usage; None where it is not known, or the item is not there."""
        for one in self._items(given):
            if (one.name, one.meter, one.unit) == (item.name, item.meter, item.unit):
                return one.quantity
        return None

    def _items(self, given: Mapping[str, Fraction]) -> list[Item]:
        by_hand = self.usage.of(self.change.address, self.change.type)
        together: dict[str, object] = {}
        for key, value in given.items():
            together = merged(together, {key: int(value) if value.denominator == 1 else float(value)})
        usage = Usage(by_address={self.change.address: merged(by_hand, together)})
        bill = self.engine.with_usage(usage).bill(self.change, self.inventory, before=False)
        return items_of(_line(self.change, working) for working in bill.workings).get(self.change.address, [])


def _is_near(quantity: Fraction, other: Fraction) -> bool:
    return abs(quantity - other) <= _ROUNDED * other + _DOUBLES


def _line(change: Change, working: Working) -> EstimateLine:
    line = working.line
    meters = dict(working.selector.attributes) if working.selector else {}
    meter = line.meter or meters.get("usagetype")
    price = None if line.unit_price is None else Fraction(line.unit_price) * 10**PLACES
    return EstimateLine(
        address=change.address,
        type=change.type,
        component=line.name,
        group=line.group,
        unit=line.unit,
        quantity=None if line.monthly_quantity is None else Fraction(line.monthly_quantity),
        unit_price=price,
        monthly=None,
        status=line.status,
        usage_key=line.usage_key,
        meter=meter if isinstance(meter, str) and meter else None,
        team=None,
    )


def _numbers(keys: Mapping[str, object], before: str = "") -> dict[str, UsageKey]:
    """Return the keys whose values are numbers, as paths; those of single blocks of several are left out."""
    found: dict[str, UsageKey] = {}
    for name, declared in keys.items():
        if isinstance(declared, UsageKey):
            if not declared.one_of and not isinstance(declared.default, str | bool):
                found[before + name] = declared
        elif isinstance(declared, Mapping) and not name.endswith("[]"):
            found |= _numbers(declared, f"{before}{name}.")
    return found


def _of_one_source(rows: Sequence[Billed]) -> list[Billed]:
    """Return the rows of the source that has most of them: two exports of the same cost would count twice."""
    counts: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        counts[row.source] += row.rows
    chosen = min(counts, key=lambda source: (-counts[source], source))
    return [row for row in rows if row.source == chosen]


def _span(rows: Sequence[Billed], until: datetime) -> tuple[datetime, datetime]:
    """Return from when to when a resource was there, by what it is charged for by the hour or month; else since its first charge."""
    last = max(row.end for row in rows) if any(row.lasts for row in rows) else until
    return min(row.begin for row in rows), min(last, until)


def _by_month(
    item: Item, rows: Sequence[Billed], span: tuple[datetime, datetime]
) -> tuple[Fraction, dict[str, Fraction]] | None:
    """Return the quantity of a month of 730 hours, on average and by month; None where rows do not say it in its unit.

    What counts months (GB-Mo) is divided by the part of each month that the resource was there for, the rest by its hours.
    """
    sums: dict[str, Fraction] = dict.fromkeys(_months(span), Fraction(0))
    for row in rows:
        factor = factor_between(row.unit, item.unit)
        if factor is None or row.quantity is None or row.month not in sums:
            return None
        sums[row.month] += row.quantity * factor
    by_month = any(row.unit.per_month for row in rows)
    parts = {month: _part(month, span, by_month=by_month) for month in sums}
    whole = sum(parts.values())
    if not whole:
        return None
    return sum(sums.values()) / whole, {month: sums[month] / part for month, part in parts.items() if part}


def _part(month: str, span: tuple[datetime, datetime], *, by_month: bool) -> Fraction:
    """Return the part of a month that a time covers: of its own hours, or of 730."""
    begin, end = bounds_of(month, span[0])
    hours = Fraction(max(min(end, span[1]) - max(begin, span[0]), timedelta()) / _HOUR)
    return hours / (Fraction((end - begin) / _HOUR) if by_month else Fraction(HOURS_PER_MONTH))


def bounds_of(month: str, zone: datetime) -> tuple[datetime, datetime]:
    """Return when a month begins and ends, in the time zone of another time."""
    year, number = map(int, month.split("-"))
    begin = datetime(year, number, 1, tzinfo=zone.tzinfo)
    return begin, datetime(year + number // 12, number % 12 + 1, 1, tzinfo=zone.tzinfo)


def _months(span: tuple[datetime, datetime]) -> list[str]:
    first, last = span[0], span[1] - timedelta(microseconds=1)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [f"{first.year + (first.month - 1 + n) // 12:04}-{(first.month - 1 + n) % 12 + 1:02}" for n in range(count)]


def _rounded(value: Fraction) -> Fraction:
    """Return a value as a person would write it: whole from 10,000 on, with cents from 1 on, else with four digits."""
    if value >= _WHOLE_FROM:
        return Fraction(round(value))
    if value >= _CENTS_FROM or not value:
        return Fraction(round(value * 100), 100)
    places = 4
    while value * 10**places < 1000:  # noqa: PLR2004 - four digits
        places += 1
    return Fraction(round(value * 10**places), 10**places)
