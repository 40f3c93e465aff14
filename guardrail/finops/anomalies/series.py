"""What bills charge, as one row of days for each owner, service and address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct

from guardrail.bills.daily import BillDay, DailyCharges
from guardrail.finops.exact import units

Amounts = Sequence[int | None]
"""An amount for each day, in units of 10^-18; None where no bill tells it."""
SETTLED = timedelta(days=3)
"""How long after a day its charges are still added to a bill that is open."""
Owner = Callable[[Mapping[str, str | None]], str | None]


class Key(Struct, frozen=True, order=True):
    """Whose charges are, and what they are of; "" where nothing tells it."""

    owner: str
    service: str
    project: str
    address: str
    currency: str


class Series(Struct, frozen=True):
    """What something cost, day by day from the first day of the days on. `sources` are the bills that it is on."""

    key: Key
    amounts: Amounts
    sources: frozenset[str]


class Days:
    """The days that bills tell: which are whole, which may still change, and which are missing.

    first, last  of all that is told
    """

    def __init__(self, told: Iterable[BillDay], first: date, now: datetime) -> None:
        self._covered: defaultdict[str, set[date]] = defaultdict(set)
        self._open: defaultdict[str, set[date]] = defaultdict(set)
        self._ends: dict[str, tuple[date, date]] = {}
        for one in told:
            begin, end = self._ends.get(one.source, (one.day, one.day))
            self._ends[one.source] = min(begin, one.day), max(end, one.day)
            self._covered[one.source].add(one.day)
            if one.open and one.day + timedelta(days=1) > (min(one.imported_at, now) - SETTLED).date():
                self._open[one.source].add(one.day)
        begins = [begin for begin, _ in self._ends.values()]
        self.first = max(first, min(begins, default=first))
        self.last = max((end for _, end in self._ends.values()), default=first)
        self.number = (self.last - self.first).days + 1
        self._known: dict[frozenset[str], list[bool]] = {}

    def __bool__(self) -> bool:
        """Whether there is any day."""
        return bool(self._ends)

    @property
    def sources(self) -> Mapping[str, tuple[date, date]]:
        """The first and the last day of each source."""
        return self._ends

    def day(self, number: int) -> date:
        """Return a day by its number from the first one."""
        return self.first + timedelta(days=number)

    def known(self, sources: frozenset[str]) -> list[bool]:
        """Return of each day whether all sources tell it that had begun and had not ended by then, and one at least."""
        if sources not in self._known:
            self._known[sources] = [self._is_known(sources, self.day(number)) for number in range(self.number)]
        return self._known[sources]

    def _is_known(self, sources: frozenset[str], day: date) -> bool:
        lively = [source for source in sources if self._ends[source][0] <= day <= self._ends[source][1]]
        return bool(lively) and all(day in self._covered[source] for source in lively)

    def is_provisional(self, sources: Iterable[str], number: int) -> bool:
        """Say whether charges of a day may still be added."""
        day = self.day(number)
        return any(day in self._open[source] for source in sources)

    def missing(self, since: date) -> dict[str, list[date]]:
        """Return the days of each source that its bills have nothing of, between others that they have."""
        found = {}
        for source, (begin, end) in sorted(self._ends.items()):
            start = max(begin, since, self.first)
            days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
            if gaps := [day for day in days if day not in self._covered[source]]:
                found[source] = gaps
        return found


def series_of(charges: Iterable[DailyCharges], days: Days, owner: Owner) -> list[Series]:
    """Return charges of single days as series, in order of their keys.

    A day on which a bill has charges of others, and none of a series, is one on which it cost nothing.
    """
    sums: dict[Key, dict[int, int]] = {}
    lacking: defaultdict[Key, set[int]] = defaultdict(set)
    sources: defaultdict[Key, set[str]] = defaultdict(set)
    for one in charges:
        key = key_of(one, owner)
        of_day = sums.setdefault(key, {})
        if one.source in days.sources:
            sources[key].add(one.source)
        for day, amount in zip(one.days, one.amounts, strict=True):
            number = (day - days.first).days
            if amount is None:
                lacking[key].add(number)
            else:
                of_day[number] = of_day.get(number, 0) + (units(amount) or 0)
    found = []
    for key, of_day in sorted(sums.items()):
        own = frozenset(sources[key])
        known, without = days.known(own), lacking[key]
        amounts = [
            of_day.get(number, 0) if is_known and number not in without else None
            for number, is_known in enumerate(known)
        ]
        found.append(Series(key, amounts, own))
    return found


def key_of(charges: DailyCharges, owner: Owner) -> Key:
    """Return whose charges are, and what they are of."""
    of = charges.of
    return Key(
        owner(of) or "", of.get("service") or "", of.get("project") or "", of.get("address") or "", charges.currency
    )
