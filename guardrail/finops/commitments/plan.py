"""Which commitments to buy together, and what that comes to at today's use and at less.

One commitment alone is bought exactly as far as it pays (`coverage`). Several compete for the same use: a narrow one is
cheaper, a broad one is used in more hours. Narrow ones are bought first as far as they beat the broad one at its best,
then the broad one for what is left, then narrow ones for what it leaves. The best of that and of each sort alone is
taken, so a plan never does worse than one sort of commitment, or than none.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from msgspec import Struct, field

from guardrail.finops.commitments.coverage import Coverage, Draw, Series
from guardrail.finops.commitments.records import MONTH, Judged, Offer, Outcome, Purchase, Usage
from guardrail.finops.exact import PLACES

SHARES = (100, 90, 80, 70)
"""Percentages of today's use at which purchases are judged."""
_WINDOWS = 12
_PREFERENCES = (Fraction(1), Fraction(1, 2))
"""How much of its discount a broad offer is taken to give where narrow ones are bought first: all of it, or half."""
_Drawn = tuple[Fraction, Fraction, Fraction]
"""What hours come to: committed, avoided, and what of the committed is used."""
_Sums = tuple[Fraction, Fraction, Fraction, Fraction]
"""What hours come to: on demand, committed, avoided, and what of the committed is used."""


class Demand(Struct, frozen=True):
    """Usage by the hour that may be committed to.

    used    key of usage -> quantity by hour
    prices  key of usage -> price on demand
    spans   month -> first hour in it, and first hour after it
    hours   how many there are
    """

    used: Mapping[str, Series]
    prices: Mapping[str, Fraction]
    spans: Mapping[str, tuple[int, int]]
    hours: int
    _prepared: dict[tuple[tuple[str, Fraction], ...], Coverage] = field(default_factory=dict)

    @classmethod
    def of(cls, usages: Iterable[Usage], months: Sequence[str]) -> Demand:
        """Return the demand of usage that has a price.

        months  month of each hour that usage is told for, in the order of time
        """
        known = [one for one in usages if one.price]
        return cls(
            {one.key: Series.of(one.used) for one in known},
            {one.key: one.price for one in known if one.price},
            {month: (bisect_left(months, month), bisect_right(months, month)) for month in dict.fromkeys(months)},
            len(months),
        )

    def coverage(self, offer: Offer, used: Mapping[str, Series]) -> Coverage:
        """Return the uses that an offer covers, in its order, prepared of what is left of them: `used`.

        Where nothing was covered of them yet, they are prepared once for all questions.
        """
        keys = [key for key in offer.weights if key in used]
        if any(used[key] is not self.used[key] for key in keys):
            return _coverage(offer, keys, used, self.prices, self.hours)
        name = tuple((key, offer.weights[key]) for key in keys)
        if name not in self._prepared:
            self._prepared[name] = _coverage(offer, keys, used, self.prices, self.hours)
        return self._prepared[name]

    def on_demand(self, month: str) -> Fraction:
        """Return what the hours of a month cost without commitments."""
        first, last = self.spans[month]
        costs = (self.prices[key] * used.unit * sum(used.numbers[first:last]) for key, used in self.used.items())
        return sum(costs, Fraction(0)) * Fraction(1, 10**PLACES)


def planned(demand: Demand, offers: Sequence[Offer], alone: Sequence[Judged] = ()) -> Judged:
    """Return what to buy of offers for the same term, and what it comes to. Without purchases: nothing pays.

    alone  what is bought of some sorts of these offers alone, where that is known already; else it is found out
    """
    breadths = sorted({offer.breadth for offer in offers})
    if len(breadths) <= 1:
        return judged(demand, _together(demand, offers, Fraction(1)))
    candidates = [_together(demand, offers, share) for share in _PREFERENCES]
    if not alone:
        sorts = [[one for one in offers if one.breadth == breadth] for breadth in breadths]
        candidates += [_together(demand, sort, Fraction(1)) for sort in sorts]
    savings = [_month(demand, one).saving for one in candidates]
    best = savings.index(max(savings))
    better = max(alone, key=lambda one: one.now.saving, default=None)
    if better and better.now.saving > savings[best]:
        return better
    return judged(demand, candidates[best])


def judged(demand: Demand, purchases: Sequence[Purchase]) -> Judged:
    """Return what purchases come to."""
    outcomes = _outcomes(demand, purchases, list(demand.spans.values()))
    on_demand = {month: demand.on_demand(month) for month in demand.spans}
    each = {month: (on_demand[month], *sums) for month, sums in zip(demand.spans, outcomes, strict=True)}
    now = _sum(each.values(), demand.hours)
    by_month = {month: _sum([each[month]], last - first) for month, (first, last) in demand.spans.items()}
    shares = {share: _at(demand, purchases, share, now.on_demand) for share in SHARES[1:] if purchases}
    return Judged(
        tuple(purchases),
        now,
        {100: now, **shares},
        {month: by_month[month] for month in sorted(by_month)[-_WINDOWS:]} if purchases else {},
        now.committed * now.used / now.avoided if now.avoided else None,
        _months_to_pay(purchases, now),
    )


def _at(demand: Demand, purchases: Sequence[Purchase], share: int, on_demand: Fraction) -> Outcome:
    """Return what purchases come to at a share of the use: as more of them would at all of it, in proportion."""
    part = Fraction(share, 100)
    more = [Purchase(one.offer, one.amount / part) for one in purchases]
    found = _month(demand, more)
    return Outcome(on_demand * part, found.committed * part, found.avoided * part, found.used)


def _months_to_pay(purchases: Sequence[Purchase], now: Outcome) -> Fraction | None:
    """Return the months of today's use in which what is avoided comes to the cost of the whole term; None: not within it."""
    term = min((one.offer.months for one in purchases), default=0)
    found = now.committed * term / now.avoided if now.avoided else None
    return found if found is not None and found <= term else None


def _together(demand: Demand, offers: Sequence[Offer], preference: Fraction) -> tuple[Purchase, ...]:
    """Return purchases of narrow and broad offers: of narrow ones first what beats the broad ones, then what these leave.

    preference  how much of its discount a broad offer is taken to give: 1 as if it were always used, 0 none
    """
    used = dict(demand.used)
    bought: defaultdict[int, Fraction] = defaultdict(Fraction)
    narrow = sorted(range(len(offers)), key=lambda number: offers[number].breadth)
    broadest = max((offer.breadth for offer in offers), default=0)
    again = [number for number in narrow if offers[number].breadth < broadest]
    order = [*((one, True) for one in narrow), *((one, False) for one in again)]
    for place, (number, first) in enumerate(order):
        offer = offers[number]
        beaten = _cheapest([one for one in offers if one.breadth > offer.breadth]) if first else {}
        keys = [key for key in offer.weights if key in used]
        prices = {
            key: demand.prices[key]
            - preference * max(demand.prices[key] - beaten.get(key, demand.prices[key]), Fraction(0))
            for key in keys
        }
        if not _may_pay(offer, used, prices, demand.hours):
            continue
        coverage = demand.coverage(offer, used).at(prices[key] for key in keys)
        amount = coverage.best(offer.cost, offer.step)
        if amount:
            bought[number] += amount
            if _is_shared(offer, (offers[later] for later, _ in order[place + 1 :])):
                used.update(zip(keys, coverage.left(amount), strict=True))
    return tuple(Purchase(offers[number], bought[number]) for number in narrow if bought[number])


def _may_pay(offer: Offer, used: Mapping[str, Series], prices: Mapping[str, Fraction], hours: int) -> bool:
    """Say whether the first unit may be worth its cost, from the hours with any use. Of one use alone that is exact, and quick."""
    if len(prices) != 1:
        return bool(prices)
    ((key, price),) = prices.items()
    return price / offer.weights[key] * (hours - used[key].numbers.count(0)) > offer.cost * hours


def _is_shared(offer: Offer, others: Iterable[Offer]) -> bool:
    """Say whether any of other offers covers a use that this one covers."""
    return any(not offer.weights.keys().isdisjoint(other.weights) for other in others)


def _coverage(
    offer: Offer,
    keys: Sequence[str],
    used: Mapping[str, Series],
    prices: Mapping[str, Fraction],
    hours: int,
) -> Coverage:
    return Coverage([Draw(used[key], offer.weights[key], prices[key]) for key in keys], hours)


def _cheapest(offers: Sequence[Offer]) -> dict[str, Fraction]:
    """Return what one of each use costs under the cheapest of some offers, if that is always used."""
    found: dict[str, Fraction] = {}
    for offer in offers:
        for key, weight in offer.weights.items():
            cost = weight * offer.cost
            found[key] = min(found.get(key, cost), cost)
    return found


def _outcomes(demand: Demand, purchases: Sequence[Purchase], spans: Sequence[tuple[int, int]]) -> list[_Drawn]:
    """Return what is committed, avoided and used in each span of hours. Narrow commitments are drawn on before broad ones."""
    used = dict(demand.used)
    sums = [(Fraction(0), Fraction(0), Fraction(0))] * len(spans)
    ordered = sorted(purchases, key=lambda purchase: purchase.offer.breadth)
    for number, one in enumerate(ordered):
        keys = [key for key in one.offer.weights if key in used]
        coverage = demand.coverage(one.offer, used)
        cost = one.offer.cost
        sums = [
            (committed + one.amount * cost * (last - first), avoided + worth, drawn + taken * cost)
            for (committed, avoided, drawn), (first, last), (worth, taken) in zip(
                sums, spans, coverage.drawn(one.amount, spans), strict=True
            )
        ]
        if _is_shared(one.offer, (later.offer for later in ordered[number + 1 :])):
            used.update(zip(keys, coverage.left(one.amount), strict=True))
    return sums


def _month(demand: Demand, purchases: Sequence[Purchase]) -> Outcome:
    """Return what purchases come to in all hours, as a month; what they cost on demand is left out."""
    return _sum([(Fraction(0), *one) for one in _outcomes(demand, purchases, [(0, demand.hours)])], demand.hours)


def _sum(sums: Iterable[_Sums], hours: int) -> Outcome:
    """Return what hours come to as a month of 730."""
    if not hours:
        return Outcome(Fraction(0), Fraction(0), Fraction(0), Fraction(0))
    on_demand, committed, avoided, drawn = (sum(one, Fraction(0)) for one in zip(*sums, strict=True))
    scale = Fraction(MONTH, hours)
    return Outcome(
        on_demand * scale, committed * scale, avoided * scale, drawn / committed if committed else Fraction(0)
    )
