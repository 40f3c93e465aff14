"""Realised savings: each merged change that was to save something, held to the bill of the days before and after."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.bills.booked import ChangedResource
from guardrail.bills.metered import MergedBy, MeterDay
from guardrail.finops.exact import Amount, apportioned, decimal_of, units
from guardrail.finops.savings.effects import Effects, effects

WINDOW = 30  # days of the bill before a change, and after it
FALLS_BACK = 60
"""A rise within so many days before or after is taken off: what comes back has not been saved."""
_SHORTEST = 7  # days between two changes of one resource, below which they cannot be told apart
_DAY = timedelta(days=1)

Place = tuple[str, str]
"""Project and address."""


class Status(StrEnum):
    """What became of a saving."""

    REALISED = "realised"  # the bill tells it, be it 0
    PENDING = "pending"  # too little time has gone by
    UNKNOWN = "unknown"  # the facts do not tell it
    NOT_COUNTED = "not_counted"  # it is no saving of a change


class Saving(Struct, frozen=True):
    """A change of a resource that was to save something. Amounts are of a month.

    day         from when on the resource is changed, None where the newest state does not show it yet
    low, high   what it was to save by the estimate; `low` None where part of what is new has no price
    before, after  what the bill comes to; None where it does not tell it
    price, usage   what of the difference comes from prices of a unit and from usage; in no saving
    realised    what is left, None where it is not known
    offset      what rises within 60 days, or what has come in place of the resource, take off
    credit      what counts: realised, at most `high`, without `offset`; None until it is known
    until       the day on which a pending one can be told, None where no day is known
    fingerprint of change and resource: what has one is credited once
    """

    project: str
    address: str
    type: str | None
    team: str | None
    currency: str
    day: date | None
    low: Decimal | None
    high: Decimal
    status: Status
    reason: str = ""
    pull_request: int | None = None
    author: str | None = None
    before: Decimal | None = None
    after: Decimal | None = None
    price: Decimal | None = None
    usage: Decimal | None = None
    realised: Decimal | None = None
    offset: Decimal = Decimal(0)
    credit: Decimal | None = None
    until: date | None = None

    @property
    def month(self) -> str | None:
        """The month of the change."""
        return f"{self.day:%Y-%m}" if self.day else None

    @property
    def fingerprint(self) -> str:
        """What names it, in this run and in others."""
        text = "\n".join((self.project, self.address, str(self.day), str(self.high)))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Credit(Struct, frozen=True):
    """What a team (project, author) is credited, of the savings that are known. `waiting`: how many others it has."""

    name: str | None
    currency: str
    amount: Decimal
    savings: int
    waiting: int


class Savings(Struct, frozen=True):
    """An answer: savings in order of time, and credits, the largest first.

    first, last  months of the changes, both included
    by           team, project or author
    """

    first: str
    last: str
    cost: str
    by: str
    all: tuple[Saving, ...]
    credits: tuple[Credit, ...]


class Facts(Struct, frozen=True):
    """All that savings are told from.

    days         charges by meter and day of the resources that changes are of
    billed       by source, the days that its bills tell
    meters       by resource, the meters of its estimates, and whether each follows usage
    commitments  resources that are commitments
    """

    changes: Sequence[ChangedResource]
    merged: Sequence[MergedBy]
    days: Sequence[MeterDay]
    billed: Mapping[str, frozenset[date]]
    meters: Mapping[Place, Mapping[str, bool]] = field(default_factory=dict)
    commitments: frozenset[Place] = frozenset()


def answer(
    facts: Facts,
    team_of: Callable[[Mapping[str, str | None]], str | None],
    first: str,
    last: str,
    *,
    by: str = "team",
    cost: str = "effective",
) -> Savings:
    """Return what changes that were merged in some months save, by the bill.

    team_of  says whose a charge is, by what it says
    """
    found = _Realising(facts, team_of).savings()
    shown = [one for one in found if one.month is None or first <= one.month <= last]
    return Savings(first, last, cost, by, tuple(shown), tuple(credits_of(shown, by)))


def credits_of(savings: Iterable[Saving], by: str) -> list[Credit]:
    """Return what each team, project or author is credited, by currency."""
    grouped: defaultdict[tuple[str, str | None], list[Saving]] = defaultdict(list)
    for one in savings:
        grouped[one.currency, getattr(one, by)].append(one)
    found = [
        Credit(
            name,
            currency,
            sum((one.credit for one in alike if one.credit is not None), Decimal(0)),
            sum(one.credit is not None for one in alike),
            sum(one.status in {Status.PENDING, Status.UNKNOWN} for one in alike),
        )
        for (currency, name), alike in grouped.items()
    ]
    return sorted(found, key=lambda one: (one.currency, -one.amount, one.name is None, one.name or ""))


class _Realising:
    """Holds changes to the bill, one after the other."""

    def __init__(self, facts: Facts, team_of: Callable[[Mapping[str, str | None]], str | None]) -> None:
        self._facts, self._team_of = facts, team_of
        self._days: defaultdict[Place, list[MeterDay]] = defaultdict(list)
        for one in facts.days:
            self._days[one.project, one.address].append(one)
        self._merged: defaultdict[Place, list[MergedBy]] = defaultdict(list)
        for by in facts.merged:
            self._merged[by.project, by.address].append(by)
        self._changed: defaultdict[Place, list[date]] = defaultdict(list)
        for change in facts.changes:
            if change.at:
                self._changed[_place(change)].append(change.at.date())

    def savings(self) -> list[Saving]:
        """Return what was to save something, in order of time, with credits after offsets."""
        ordered = sorted(self._facts.changes, key=lambda one: (one.at is None, str(one.at), _place(one)))
        found = [self._saving(change) for change in ordered if change.monthly < 0]
        rises = [_Rise(change, units(change.monthly) or 0) for change in ordered if change.monthly > 0 and change.at]
        return [self._credited(one, rises) for one in found]

    def _saving(self, change: ChangedResource) -> Saving:
        place = _place(change)
        day = change.at.date() if change.at else None
        charges = self._days[place]
        by = min(self._merged[place], key=lambda one: abs((one.day - day).days), default=None) if day else None
        begun = Saving(
            *(*place, change.place.type, self._team(charges), change.currency, day),
            low=None if change.unpriced else -change.monthly,
            high=-change.monthly,
            status=Status.UNKNOWN,
            pull_request=by.pull_request if by else None,
            author=by.author if by else None,
        )
        if place in self._facts.commitments:
            return replace(begun, status=Status.NOT_COUNTED, reason="a commitment: to end one saves nothing by itself")
        if day is None:
            return replace(begun, status=Status.PENDING, reason="merged, and not in the newest state yet")
        if not charges:
            return replace(begun, reason="no charge of a bill is matched with it")
        if {one.currency for one in charges} != {change.currency}:
            told = " and ".join(sorted({one.currency for one in charges}))
            return replace(begun, reason=f"the estimate is in {change.currency}, and the bill in {told}")
        return self._held_to_the_bill(begun, day, charges)

    def _held_to_the_bill(self, begun: Saving, day: date, charges: Sequence[MeterDay]) -> Saving:
        place = begun.project, begun.address
        told: frozenset[date] = frozenset().union(*(self._facts.billed.get(one.source, frozenset()) for one in charges))
        others = [one for one in self._changed[place] if one != day]
        begin = max([day - WINDOW * _DAY, *(one + _DAY for one in others if one < day)])
        end = min([day + WINDOW * _DAY, *(one - _DAY for one in others if one > day)])
        if (day - begin).days < _SHORTEST or (end - day).days < _SHORTEST:
            near = min(others, key=lambda one: abs((one - day).days))
            return replace(
                begun, reason=f"cannot be told from the change of {near}, which is less than {_SHORTEST} days away"
            )
        before, after = _days_between(begin, day - _DAY), _days_between(day + _DAY, end)
        newest = max(told, default=day)
        if end > newest:
            return replace(begun, status=Status.PENDING, until=end + _DAY, reason=f"pending until {end + _DAY}")
        missing = [one for one in (*before, *after) if one not in told]
        if missing:
            return replace(begun, reason=f"no bill tells {missing[0]}: it needs those from {begin} to {end}")
        was = [one for one in charges if begin <= one.day < day]
        now = [one for one in charges if day < one.day <= end]
        if any(one.cost is None for one in (*was, *now)):
            return replace(begun, reason="rows of the bill do not have the cost")
        found = effects(was, now, (len(before), len(after)), self._facts.meters.get(place, {}))
        sums = replace(begun, before=_decimal(found.before), after=_decimal(found.after))
        if found.why:
            return replace(sums, reason=found.why)
        return _realised(sums, found)

    def _credited(self, one: Saving, rises: Sequence[_Rise]) -> Saving:
        """Return a saving with what counts of it: a rise is taken off one saving, and once."""
        if one.status is not Status.REALISED or one.realised is None or one.day is None:
            return one
        counts = max(0, min(units(one.realised) or 0, units(one.high) or 0))
        offset = 0
        for rise in rises:
            if self._comes_back(one, rise):
                taken = min(rise.left, counts - offset)
                rise.left, offset = rise.left - taken, offset + taken
        return replace(one, offset=_decimal(offset), credit=_decimal(counts - offset))

    def _comes_back(self, one: Saving, rise: _Rise) -> bool:
        """Say whether a rise is of the same resource within 60 days, or the resource is gone and this came with the same change."""
        at = rise.change.at
        if at is None or one.day is None or rise.change.currency != one.currency:
            return False
        place = _place(rise.change)
        if place == (one.project, one.address):
            return abs((at.date() - one.day).days) <= FALLS_BACK
        is_new = not any(day.day < at.date() for day in self._days[place])
        return place[0] == one.project and at.date() == one.day and not one.after and is_new

    def _team(self, charges: Sequence[MeterDay]) -> str | None:
        """Return whose most of the cost of a resource is."""
        costs: defaultdict[str | None, Decimal] = defaultdict(Decimal)
        for one in charges:
            costs[self._team_of(one.of)] += one.cost or 0
        return max(
            sorted(costs, key=lambda name: (name is None, name or "")), key=lambda name: costs[name], default=None
        )


class _Rise(Struct):
    """A change that adds cost, and what of that no saving has taken yet."""

    change: ChangedResource
    left: int


def _realised(begun: Saving, found: Effects) -> Saving:
    realised = _decimal(found.change)
    reason = ""
    if realised <= 0:
        reason = "the bill shows no saving"
    elif realised > begun.high:
        reason = "the bill shows more than was estimated, which is not counted"
    return replace(
        begun,
        status=Status.REALISED,
        reason=reason,
        price=_decimal(found.price),
        usage=_decimal(found.usage),
        realised=realised,
    )


def _place(change: ChangedResource) -> Place:
    return change.place.project or "", change.place.address or ""


def _days_between(first: date, last: date) -> list[date]:
    return [first + number * _DAY for number in range((last - first).days + 1)]


def _decimal(amount: Amount) -> Decimal:
    return decimal_of(apportioned([amount])[0])
