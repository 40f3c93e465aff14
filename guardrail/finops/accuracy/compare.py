"""Why a bill is not what was estimated: parts that come to the difference, exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from msgspec import Struct, field

from guardrail.finops.accuracy.estimate import Estimate, Item
from guardrail.finops.accuracy.pairing import Billed, Pair, is_about, paired
from guardrail.finops.exact import Amount
from guardrail.finops.unit import factor_between
from guardrail.model.money import HOURS_PER_MONTH
from guardrail.terraform.address import parse

_HOUR = timedelta(hours=1)


class Part(StrEnum):
    """What a difference consists of, in the order in which an estimate is turned into a bill."""

    TIME = "time"  # the month has not 730 hours
    EXISTENCE = "existence"  # it was there for a part of the month, or until it was changed
    USAGE = "usage"  # more or less was used than was estimated
    PRICE = "price"  # the list price was another one
    DISCOUNT = "discount"  # what was agreed with the vendor, against the list
    COMMITMENTS = "commitments"  # what savings plans and reservations save, and what of them goes unused
    NOT_MODELLED = "not_modelled"  # on the bill, and in no line of an estimate
    NOT_BILLED = "not_billed"  # in the estimate, and in no row of the bill
    UNEXPLAINED = "unexplained"  # the bill does not say which of the parts above it is


class Month(Struct, frozen=True):
    """The month that is compared. `until` is, by source, the end of the newest charge where its bill is open."""

    begin: datetime
    end: datetime
    until: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def hours(self) -> Fraction:
        """How many hours the whole of it has."""
        return Fraction((self.end - self.begin) / _HOUR)

    def end_of(self, source: str) -> datetime:
        """Return up to when a source has billed it."""
        return self.until.get(source, self.end)


class Compared(Struct, frozen=True):
    """An item of an estimate with what of a bill is of it, or either alone. Amounts in units of 10^-18.

    partial  part of the estimate has no amount: it is at least what it says
    why      of what is not modelled or not explained: why that is so
    """

    project: str | None
    address: str | None
    type: str | None
    team: str | None
    component: str
    evidence: str
    currency: str
    estimate: Amount
    bill: Amount
    parts: Mapping[Part, Amount]
    partial: bool = False
    why: str = ""

    @property
    def residual(self) -> Amount:
        """What of the difference no part has: 0."""
        return self.bill - self.estimate - sum(self.parts.values())


def compare(month: Month, estimates: Iterable[Estimate], bill: Iterable[Billed]) -> list[Compared]:
    """Hold a bill to estimates, project by project: what it returns comes to the bill and to the estimates."""
    of_project: defaultdict[str | None, list[Billed]] = defaultdict(list)
    for one in bill:
        of_project[one.project].append(one)
    known = {one.chosen.project: one for one in estimates}
    found = [line for name, one in sorted(known.items()) for line in _of_project(month, one, of_project.pop(name, []))]
    for project, rows in sorted(of_project.items(), key=lambda item: item[0] or ""):
        why = f"no run of {project} is in the ledger" if project else "no resource is known for it"
        found += [_unmodelled(one, None, why) for one in rows]
    return found


def _of_project(month: Month, estimate: Estimate, bill: Sequence[Billed]) -> Iterator[Compared]:
    by_address: defaultdict[str | None, list[Billed]] = defaultdict(list)
    for one in bill:
        by_address[one.address].append(one)
    as_sum = by_address.pop(None, [])
    unbilled: list[Item] = []
    for address in sorted(
        {*(estimate.versions[0] if estimate.versions else ()), *(name for name in by_address if name)}
    ):
        rows = by_address.get(address, [])
        metered = [one for one in rows if one.category == "Usage" and one.commitment != "Unused"]
        found = paired([version.get(address, ()) for version in estimate.versions], metered)
        yield from (_compared(month, estimate, pair, rows) for pair in found.pairs)
        left = [*found.rows, *(one for one in rows if one not in metered)]
        yield from (_unmodelled(one, estimate, _why(estimate, address)) for one in left)
        if as_sum and not rows:
            unbilled += found.items  # of which the sum may be: nobody can tell what of it
        else:
            yield from (_not_billed(item, estimate) for item in found.items)
    if as_sum:
        yield from _as_sum(estimate, unbilled, as_sum)


def _compared(month: Month, estimate: Estimate, pair: Pair, of_address: Sequence[Billed]) -> Compared:
    item, rows = pair.item, pair.rows
    parts: defaultdict[Part, Amount] = defaultdict(int)
    if item.monthly is None and item.price is None:
        why = "the estimate has no price for it"
        for one in rows:
            _without_estimate(one, parts)
    else:
        expected = _expected(month, pair, of_address, parts)
        why = _told_apart(item, rows, expected, parts)
    return Compared(
        *(estimate.chosen.project, item.address, item.type, item.team, item.name),
        *(rows[0].evidence, estimate.chosen.currency),
        (item.monthly or 0) if pair.is_now else 0,
        sum(one.cost for one in rows),
        parts,
        pair.is_now and item.partial,
        why,
    )


def _expected(month: Month, pair: Pair, of_address: Sequence[Billed], parts: dict[Part, Amount]) -> Amount:
    """Return what an item comes to by the estimate while it was there, and add the parts that lead to it.

    Hours, and what is used in them, grow with the month; a month of storage or of a key is one, however long it is. When
    it was there is told by what is charged by the hour or the month, from its first charge to its last.
    """
    item, rows = pair.item, pair.rows
    end = month.end_of(rows[0].source)
    hours = Fraction((end - month.begin) / _HOUR)
    hourly = item.unit.hourly or any(one.unit.hourly for one in rows)
    by_month = any(one.unit.per_month for one in rows) or not (item.usage_key or hourly)
    whole = month.hours if by_month else Fraction(HOURS_PER_MONTH)
    monthly: Amount = item.monthly or 0
    scaled = monthly * hours / whole
    lasting = [one for one in rows if by_month or one.lasts] or [one for one in of_address if one.lasts]
    there = hours
    if lasting:
        first, last = min(one.begin for one in lasting), max(one.end for one in lasting)
        there = Fraction(max(min(last, end) - max(first, month.begin), timedelta()) / _HOUR)
    expected = scaled * there / hours if hours else scaled
    if pair.is_now:
        parts[Part.TIME] += scaled - monthly
        parts[Part.EXISTENCE] += expected - scaled
    else:
        parts[Part.EXISTENCE] += expected
    return expected


def _told_apart(item: Item, rows: Sequence[Billed], expected: Amount, parts: dict[Part, Amount]) -> str:
    """Add the parts that lead from what was expected to what was paid, and return why some of it is not told apart."""
    used = _at_estimated_price(item, rows)
    listed = _sum(one.listed for one in rows)
    why = ""
    if listed is None:
        contracted = _sum(one.contracted for one in rows)
        after = sum(one.cost for one in rows) if contracted is None else contracted
        parts[Part.USAGE] += 0 if used is None else used - expected
        parts[Part.UNEXPLAINED] += after - (expected if used is None else used)
        parts[Part.COMMITMENTS] += 0 if contracted is None else sum(one.cost for one in rows) - contracted
        return "the bill has no list cost"
    if used is None:
        parts[Part.UNEXPLAINED] += listed - expected
        why = "usage and price are not told apart: the bill counts in another unit, or does not say how much"
    else:
        parts[Part.USAGE] += used - expected
        parts[Part.PRICE] += listed - used
    for one in rows:
        _discounted(one, one.listed or 0, parts)
    return why


def _at_estimated_price(item: Item, rows: Sequence[Billed]) -> Amount | None:
    """Return what the quantities on a bill come to at the estimate's prices, None where that cannot be told."""
    if item.price is None:
        return None
    found: Amount = 0
    for one in rows:
        factor = factor_between(one.unit, item.unit)
        if factor is None or one.quantity is None:
            return None
        at_price = one.quantity * factor * item.price
        if at_price and one.listed and not is_about(one.listed, at_price):
            return None
        found += at_price
    return found


def _discounted(one: Billed, listed: Amount, parts: dict[Part, Amount]) -> None:
    """Add what leads from the list to what was paid.

    Where there is no commitment, all of it is a discount, whatever a contracted cost says: exports round it, or have it in
    another currency. Where there is one and no contracted cost, all of it is the commitment's.
    """
    if not one.of_commitment:
        parts[Part.DISCOUNT] += one.cost - listed
        return
    contracted = listed if one.contracted is None else one.contracted
    parts[Part.DISCOUNT] += contracted - listed
    parts[Part.COMMITMENTS] += one.cost - contracted


def _unmodelled(one: Billed, estimate: Estimate | None, why: str) -> Compared:
    """Return what no line of an estimate is for."""
    parts: defaultdict[Part, Amount] = defaultdict(int)
    _without_estimate(one, parts)
    address = one.address
    told = parse(address) if address else None
    return Compared(
        *(
            one.project,
            address,
            (estimate.types.get(address or "") if estimate else None) or (told.type if told else None),
        ),
        (estimate.teams.get(address or "") if estimate else None) or one.team,
        one.what,
        one.evidence,
        one.currency,
        0,
        one.cost,
        parts,
        why=why if one.category == "Usage" else one.category.lower(),
    )


def _without_estimate(one: Billed, parts: dict[Part, Amount]) -> None:
    """Add the parts of what has no estimate. What is paid for a commitment, or of it unused, is the commitment's."""
    if one.of_commitment and (one.category != "Usage" or one.commitment == "Unused"):
        parts[Part.COMMITMENTS] += one.cost
    elif one.category != "Usage" or one.listed is None:
        parts[Part.NOT_MODELLED] += one.cost
    else:
        parts[Part.NOT_MODELLED] += one.listed
        _discounted(one, one.listed, parts)


def _why(estimate: Estimate, address: str | None) -> str:
    kind = estimate.types.get(address or "")
    if kind is None:
        return "no run in the ledger has its resource"
    return f"no definition prices {kind}" if kind in estimate.unsupported else "no line of the estimate is for it"


def _not_billed(item: Item, estimate: Estimate) -> Compared:
    monthly: Amount = item.monthly or 0
    return Compared(
        *(estimate.chosen.project, item.address, item.type, item.team, item.name),
        *("none", estimate.chosen.currency, monthly, 0),
        {Part.NOT_BILLED: -monthly},
        item.partial,
    )


def _as_sum(estimate: Estimate, unbilled: Sequence[Item], rows: Sequence[Billed]) -> Iterator[Compared]:
    """Compare what of a project has no address with what was estimated of resources that no charge was matched with."""
    usage = [one for one in rows if one.category == "Usage" and one.commitment != "Unused"]
    yield from (_unmodelled(one, estimate, "") for one in rows if one not in usage)
    parts: defaultdict[Part, Amount] = defaultdict(int)
    monthly = sum((item.monthly or 0 for item in unbilled), start=Fraction(0))
    for one in usage:
        base = one.cost if one.listed is None else one.listed
        parts[Part.UNEXPLAINED] += base
        if one.listed is not None:
            _discounted(one, base, parts)
    parts[Part.UNEXPLAINED] -= monthly
    yield Compared(
        *(estimate.chosen.project, None, None, None, "compared as a sum"),
        *("group", estimate.chosen.currency, monthly, sum(one.cost for one in usage)),
        parts,
        any(item.partial for item in unbilled),
        "its charges have no address: they are compared as a sum",
    )


def _sum(amounts: Iterable[Amount | None]) -> Amount | None:
    found: Amount = 0
    for amount in amounts:
        if amount is None:
            return None
        found += amount
    return found
