"""Lines of bills as hours of use: what was used on demand in each hour, and what commitments covered and left unused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from guardrail.finops.commitments.products import Product, product_of
from guardrail.finops.exact import PLACES, units

HOUR = 3600
_DAY = 24 * HOUR
_UNIT = 10**PLACES


@dataclass(frozen=True, slots=True)
class Metered:
    """A line of a bill, or several that agree in all but their resource.

    start, end  seconds since 1970 (UTC)
    on_demand   what it would cost without a commitment; None: not told
    effective   what it costs with its share of the commitment; None: not told
    list_price  of a unit
    commitment  id of what covers it, or of what goes unused or is paid for; None on demand
    covered     whether it is use that a commitment covers
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


@dataclass(slots=True)
class Line:
    """What the hours have of one product on demand.

    used    quantity by hour, in 10^-18 of the unit
    prices  month -> quantity, and what it costs on demand; without an amount where the bill does not tell it
    """

    product: Product
    unit: str
    meter: str
    used: list[int]
    prices: dict[str, tuple[int, Decimal | None]] = field(default_factory=dict)
    list_price: Decimal | None = None
    credited: bool = False

    @property
    def price(self) -> Fraction | None:
        """Return what a unit costs on demand, by the newest month that tells."""
        for month in sorted(self.prices, reverse=True):
            quantity, cost = self.prices[month]
            if quantity and cost is not None:
                return Fraction(cost) * Fraction(_UNIT, quantity)
        return None


@dataclass(slots=True)
class Existing:
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


@dataclass(slots=True)
class Hours:
    """The hours of one vendor's bills in one currency.

    months    month of each hour, in the order of time; hours of months without a bill are left out
    starts    second at which each hour begins
    coarse    whether some lines are of whole days, which are spread evenly
    notes     what was left out, and why
    """

    vendor: str
    currency: str
    starts: list[int]
    months: list[str]
    lines: dict[Product, Line]
    existing: dict[str, Existing]
    coarse: bool
    notes: tuple[str, ...]

    @property
    def days(self) -> int:
        """How many whole days there are."""
        return len(self.starts) // 24


def hours_of(metered: Sequence[Metered], bills: Iterable[tuple[str, str, bool]], days: int = 0) -> list[Hours]:
    """Return the hours of bills, a vendor and a currency each.

    bills  source, month and whether it may still change, of each bill that there is
    days   of the newest hours only so many; 0: all
    """
    known = [
        (one, product_of(one.provider, one.region, one.name, one.series, one.meter, one.operation)) for one in metered
    ]
    groups: defaultdict[tuple[str, str], list[tuple[Metered, Product | None]]] = defaultdict(list)
    vendors = {one.source: product.vendor for one, product in known if product}
    for one, product in known:
        if one.source in vendors and (product or one.commitment):
            groups[vendors[one.source], one.currency].append((one, product))
    bills = list(bills)
    return [
        _hours(vendor, currency, lines, [bill for bill in bills if vendors.get(bill[0]) == vendor], days)
        for (vendor, currency), lines in sorted(groups.items(), key=lambda item: item[0])
    ]


def _hours(
    vendor: str,
    currency: str,
    lines: Sequence[tuple[Metered, Product | None]],
    bills: Sequence[tuple[str, str, bool]],
    days: int,
) -> Hours:
    # A day of the bill may have 25 hours, where it is a day of a place that sets its clocks back.
    fine = [(one, product) for one, product in lines if 0 < one.end - one.start <= _DAY + HOUR]
    starts, notes = _axis([one for one, product in fine if product], bills)
    starts = starts[-days * 24 :] if days else starts
    found = Hours(vendor, currency, starts, [_month(start) for start in starts], {}, {}, coarse=False, notes=())
    places = {start: place for place, start in enumerate(starts)}
    for one, product in lines:
        if one.commitment is not None:  # fees may be of a month
            _add_commitment(found, one, product, places)
    on_demand = [(one, product) for one, product in fine if product and one.commitment is None and one.quantity > 0]
    for one, product in on_demand:
        _add(found, one, product, places)
    found.coarse = any(one.end - one.start > HOUR for one, _ in on_demand)
    told = sum(product is not None and one.commitment is None and one.quantity > 0 for one, product in lines)
    if told > len(on_demand):
        notes.append(
            f"{told - len(on_demand)} lines are of more than a day, or of no time: such use is not planned for"
        )
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
    ends: defaultdict[str, int] = defaultdict(int)
    for one in lines:
        ends[one.month] = max(ends[one.month], one.end)
    first = min(one.start for one in lines) // HOUR * HOUR
    open_ = {month for _, month, is_open in bills if is_open}
    starts: list[int] = []
    missing: list[str] = []
    for month in _between(min(min(found) for found in months.values()), max(max(found) for found in months.values())):
        lacking = sorted(source for source, found in months.items() if month > min(found) and month not in found)
        if lacking:
            missing.append(f"{', '.join(lacking)} has no bill of {month}: that month is left out, not taken for 0")
            continue
        begin, end = _begin(month), _begin(_next(month))
        if month in open_:
            end = min(end, (ends[month] - _DAY) // HOUR * HOUR)
        starts += range(max(begin, first), end, HOUR)
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
