"""Lines of bills as hours of use: what was used on demand in each hour, and what commitments covered and left unused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.finops.commitments.products import Product, product_of, vendor_of
from guardrail.finops.exact import PLACES, units
from guardrail.model.billed.metered import HOUR, Metered

_DAY = 24 * HOUR
_UNIT = 10**PLACES


class Line(Struct):
    """What the hours have of one product on demand.

    used    quantity by hour, in 10^-18 of the unit
    prices  month -> quantity, and what it costs on demand; without an amount where the bill does not tell it
    told    what a unit costs on demand, where that is not from a bill
    """

    product: Product
    unit: str
    meter: str
    used: list[int]
    prices: dict[str, tuple[int, Decimal | None]] = field(default_factory=dict)
    list_price: Decimal | None = None
    credited: bool = False
    told: Fraction | None = None

    @property
    def price(self) -> Fraction | None:
        """Return what a unit costs on demand, by the newest month that tells."""
        if self.told is not None:
            return self.told
        for month in sorted(self.prices, reverse=True):
            quantity, cost = self.prices[month]
            if quantity and cost is not None:
                return Fraction(cost) * Fraction(_UNIT, quantity)
        return None


class Existing(Struct):
    """A commitment that there is already.

    by_month  month -> use at prices on demand, cost of what is used, cost of all; None: the bill does not tell
    rates     product -> what a unit costs under it, from the bill
    unused    money that goes unused in each hour
    """

    id: str
    kind: str
    by_month: dict[str, tuple[Decimal | None, Decimal | None, Decimal | None]] = field(default_factory=dict)
    rates: dict[Product, Fraction] = field(default_factory=dict)
    unused: list[int] = field(default_factory=list)

    def used(self, month: str) -> Fraction | None:
        """Return the share of it that is used in a month."""
        _, used, cost = self.by_month[month]
        return Fraction(used) / Fraction(cost) if used is not None and cost else None

    def saving(self, month: str) -> Decimal | None:
        """Return what it saves in a month, as billed, against prices on demand; below 0: loses."""
        on_demand, _, cost = self.by_month[month]
        return None if on_demand is None or cost is None else on_demand - cost


class Hours(Struct):
    """The hours of one vendor's bills in one currency.

    months    month of each hour, in the order of time; hours of months without a bill are left out
    starts    second at which each hour begins
    coarse    whether some lines are of whole days, which are spread evenly
    notes     what was left out, and why
    final     months whose bills do not change any more
    of_plans  whether they are of no bill: what plans and states have, as if it ran in every hour
    """

    vendor: str
    currency: str
    starts: list[int]
    months: list[str]
    lines: dict[Product, Line]
    existing: dict[str, Existing]
    coarse: bool
    notes: tuple[str, ...]
    final: frozenset[str] = frozenset()
    of_plans: bool = False

    @property
    def days(self) -> int:
        """How many whole days there are."""
        return len(self.starts) // 24


def without_commitments(metered: Iterable[Metered], ending: Collection[str]) -> list[Metered]:
    """Return lines as they would be without some commitments, by their ids: what these cover is on demand, and they cost nothing."""
    found: list[Metered] = []
    for one in metered:
        if one.commitment not in ending:
            found.append(one)
        elif one.covered:
            found.append(replace(one, commitment=None, covered=False, effective=one.on_demand))
    return found


def hours_of(
    metered: Sequence[Metered], bills: Iterable[tuple[str, str, bool]], leaving: Sequence[Metered] = ()
) -> list[Hours]:
    """Return the hours of bills, a vendor and a currency each.

    bills    source, month and whether it may still change, of each bill that there is
    leaving  of these lines what will not be there any more
    """
    groups: defaultdict[tuple[str, str], list[_Told]] = defaultdict(list)
    gone: defaultdict[tuple[str, str], list[_Told]] = defaultdict(list)
    for into, lines in ((groups, metered), (gone, leaving)):
        for one in lines:
            into[vendor_of(one.provider), one.currency].append((one, _product(one)))
    bills = list(bills)
    return [
        _hours(key, lines, bills, gone[key])
        for key, lines in sorted(groups.items(), key=lambda item: item[0])
        if any(product for _, product in lines)
    ]


_Told = tuple[Metered, Product | None]


def _product(one: Metered) -> Product | None:
    return product_of(one.provider, one.service, one.region, one.meter, one.operation, one.name, one.series)


def _hours(
    key: tuple[str, str], lines: Sequence[_Told], bills: Sequence[tuple[str, str, bool]], leaving: Sequence[_Told]
) -> Hours:
    told = [(one, product) for one, product in lines if product and one.commitment is None and one.quantity > 0]
    fine = [(one, product) for one, product in told if one.is_fine]
    sources = {one.source for one, product in lines if product}
    starts, notes = _axis(
        [one for one, product in lines if product and one.is_fine], [bill for bill in bills if bill[0] in sources]
    )
    months = [_month(start) for start in starts]
    still_open = {month for source, month, is_open in bills if is_open and source in sources}
    found = Hours(*key, starts, months, {}, {}, coarse=False, notes=(), final=frozenset(months) - still_open)
    places = {start: place for place, start in enumerate(starts)}
    for one, product in lines:
        if one.commitment is not None:  # its fees may be of a month
            _add_commitment(found, one, product, places)
    for one, product in fine:
        _add(found, one, product, places)
    for one, product in leaving:
        if product in found.lines and one.is_fine:
            used = [0] * len(starts)
            _spread(used, max(units(one.quantity) or 0, 0), one, places)
            line = found.lines[product]
            line.used = [max(0, all_ - going) for all_, going in zip(line.used, used, strict=True)]
    found.coarse = any(one.end - one.start > HOUR for one, _ in fine)
    if len(told) > len(fine):
        notes.append(f"{len(told) - len(fine)} lines are of more than a day, or of no time: they are not planned for")
    absorbed(found)
    found.notes = tuple(notes)
    return found


def _axis(lines: Sequence[Metered], bills: Sequence[tuple[str, str, bool]]) -> tuple[list[int], list[str]]:
    """Return when each hour begins that all bills tell, and what is missing.

    A month that one source lacks is left out: what was used there is not known, which is not 0. The last day of a bill that
    may still change is not whole.
    """
    if not lines:
        return [], []
    months: defaultdict[str, set[str]] = defaultdict(set)
    for source, month, _ in bills:
        months[source].add(month)
    ends: defaultdict[tuple[str, str], int] = defaultdict(int)
    for one in lines:
        ends[one.source, one.month] = max(ends[one.source, one.month], one.end)
    first = min(one.start for one in lines) // HOUR * HOUR
    open_ = {(source, month) for source, month, is_open in bills if is_open}
    starts: list[int] = []
    missing: list[str] = []
    for month in _between(min(map(min, months.values())), max(map(max, months.values()))):
        lacking = sorted(source for source, there in months.items() if month > min(there) and month not in there)
        if lacking:
            missing.append(f"{', '.join(lacking)} has no bill of {month}: the month is left out, not taken for 0")
            continue
        if not any(key[1] == month for key in ends):
            missing.append(
                f"the bills of {month} tell no use that is planned for: the month is left out, not taken for 0"
            )
            continue
        whole = [ends[key] - _DAY for key in ends if key in open_ and key[1] == month]
        end = min([_begin(_next(month)), *(one // HOUR * HOUR for one in whole)])
        starts += range(max(_begin(month), first), end, HOUR)
    return starts, missing


def _add(found: Hours, one: Metered, product: Product, places: Mapping[int, int]) -> None:
    """Add use on demand to the hours of its product."""
    if product not in found.lines:
        found.lines[product] = Line(product, one.unit, one.meter, [0] * len(found.starts))
    line = found.lines[product]
    _spread(line.used, units(one.quantity) or 0, one, places)
    quantity, cost = line.prices.get(one.month, (0, Decimal(0)))
    cost = None if cost is None or one.on_demand is None else cost + one.on_demand
    line.prices[one.month] = (quantity + (units(one.quantity) or 0), cost)
    line.list_price = one.list_price if one.list_price is not None else line.list_price
    # Google's credits for commitments lower the cost of a line, and do not tell of which hours.
    if product.vendor == "gcp" and one.on_demand is not None and (one.effective or one.on_demand) < one.on_demand:
        line.credited = True


def _add_commitment(found: Hours, one: Metered, product: Product | None, places: Mapping[int, int]) -> None:
    id_ = one.commitment or ""
    if id_ not in found.existing:
        found.existing[id_] = Existing(id_, one.commitment_kind, unused=[0] * len(found.starts))
    existing = found.existing[id_]
    on_demand, used, cost = existing.by_month.get(one.month, (Decimal(0), Decimal(0), Decimal(0)))
    cost = None if cost is None or one.effective is None else cost + one.effective
    if one.covered:
        used = None if used is None or one.effective is None else used + one.effective
        on_demand = None if on_demand is None or one.on_demand is None else on_demand + one.on_demand
        if product and one.effective is not None and one.quantity > 0:
            existing.rates[product] = Fraction(one.effective) / Fraction(one.quantity)
    elif one.effective and one.end > one.start:
        _spread(existing.unused, max(units(one.effective) or 0, 0), one, places)
    existing.by_month[one.month] = (on_demand, used, cost)


def _spread(used: list[int], quantity: int, one: Metered, places: Mapping[int, int]) -> None:
    """Spread a quantity over the hours of a line, in proportion to how long it is in each. All of it arrives, or lies outside."""
    length, given = one.end - one.start, 0
    for hour in range(one.start // HOUR * HOUR, one.end, HOUR):
        until = quantity * (min(one.end, hour + HOUR) - one.start) // length
        place = places.get(hour)
        if place is not None:
            used[place] += until - given
        given = until


def absorbed(found: Hours) -> None:
    """Let what existing commitments leave unused cover use on demand of the products that they cover, first.

    Vendors do so within each hour. Where a bill has days only, use on demand may stand beside what goes unused.
    """
    for existing in found.existing.values():
        reached = [
            (line, rate, line.price / rate)
            for product, rate in existing.rates.items()
            if rate > 0 and (line := found.lines.get(product)) and line.price
        ]
        for line, rate, _ in sorted(reached, key=lambda one: -one[2]):
            for place, unused in enumerate(existing.unused):
                if unused and line.used[place]:
                    covered = min(line.used[place], int(unused / rate))
                    line.used[place] -= covered
                    existing.unused[place] -= int(covered * rate)


def _month(start: int) -> str:
    return f"{datetime.fromtimestamp(start, UTC):%Y-%m}"


def _begin(month: str) -> int:
    return int(datetime.fromisoformat(f"{month}-01T00:00:00+00:00").timestamp())


def _next(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12:04}-{number % 12 + 1:02}"


def _between(first: str, last: str) -> list[str]:
    found = [first]
    while found[-1] < last:
        found.append(_next(found[-1]))
    return found
