"""Days that are far off, in runs that are one event each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from enum import StrEnum
from itertools import pairwise

from msgspec import Struct

from guardrail.finops.anomalies.judging import Baseline, Judged
from guardrail.finops.anomalies.series import Days, Key, Series

BRIDGED = 2
"""Days between two that are far off, in the same direction, that make no two events of them."""


class State(StrEnum):
    """Whether something that is known accounts for an event."""

    EXPLAINED = "explained"
    PARTIAL = "partial"
    UNEXPLAINED = "unexplained"


class Cause(Struct, frozen=True):
    """What accounts for an event, or may.

    what          "change" of a resource, "date" that the configuration expects, "month": the same day of the month before,
                  "owner" or "service": it went by another one before, or goes by another one since
    name          what a date is called; the other owner or service
    daily         what it adds to a day, None where that is not known
    pull_request  of a change, None where none is known
    since         the day of its merge, or the first one of a date
    begin         the first day that it accounts for: of a change that was applied before it was merged an earlier one
    until         the last day of a date
    at_least      part of a change depends on usage, or has no price: it may add more
    """

    what: str
    since: date
    daily: int | None
    name: str = ""
    pull_request: int | None = None
    until: date | None = None
    begin: date = date.min
    at_least: bool = False


class Event(Struct, frozen=True):
    """Days on which something cost much more or less than the same weekdays before.

    Amounts are in units of 10^-18, of all its days together.
    first, last   its days, `days` of which are far off
    expected, was, difference
    weeks         of how many same weekdays the first day's median is
    first_expected  that median
    known         what causes account for
    rest          what they do not
    provisional   days of it to which charges may still be added
    is_gone       nothing at all was charged on any of its days: it is gone, or rows of the bill are missing
    is_running    it goes on to the last day that bills tell
    new           what was never paid for before: "service AmazonEC2", "region eu-west-2", "account 123"
    """

    key: Key
    first: date
    last: date
    days: int
    expected: int
    was: int
    weeks: int
    first_expected: int
    known: int = 0
    causes: tuple[Cause, ...] = ()
    state: State = State.UNEXPLAINED
    provisional: int = 0
    is_gone: bool = False
    is_running: bool = False
    new: tuple[str, ...] = ()

    @property
    def difference(self) -> int:
        """What was paid above what was expected, negative where it was less."""
        return self.was - self.expected

    @property
    def rest(self) -> int:
        """What no cause accounts for."""
        return self.difference - self.known

    @property
    def is_fall(self) -> bool:
        """Whether less was paid than was expected."""
        return self.difference < 0


class Run(Struct, frozen=True):
    """The days of an event, as they were judged."""

    series: Series
    baseline: Baseline
    days: tuple[Judged, ...]


Judge = Callable[[int], Judged | None]
"""Returns a day, by its number, if it is far off and is to be told."""


def runs_of(series: Series, baseline: Baseline, since: int, judge: Judge) -> Iterator[Run]:
    """Give the runs of days that reach into the days from `since` on, each whole: also where it began before."""
    end = len(baseline.amounts)
    found = [judged for number in range(since, end) if (judged := judge(number))]
    number = since - 1
    while found and 0 <= number >= found[0].number - BRIDGED - 1:
        judged = judge(number)
        if judged and (judged.difference > 0) == (found[0].difference > 0):
            found.insert(0, judged)
        number -= 1
    if found:
        yield from (Run(series, baseline, tuple(days)) for days in _split(found))


def _split(found: list[Judged]) -> Iterator[list[Judged]]:
    days = found[:1]
    for before, judged in pairwise(found):
        apart = judged.number - before.number > BRIDGED + 1
        if apart or (judged.difference > 0) != (before.difference > 0):
            yield days
            days = []
        days.append(judged)
    yield days


def event_of(run: Run, days: Days) -> Event:
    """Return a run as an event that nothing explains yet."""
    judged, sources = run.days, run.series.sources
    first, last = judged[0], judged[-1]
    return Event(
        run.series.key,
        days.day(first.number),
        days.day(last.number),
        len(judged),
        sum(one.expected for one in judged),
        sum(one.amount for one in judged),
        first.weeks,
        first.expected,
        provisional=sum(days.is_provisional(sources, one.number) for one in judged),
        is_gone=all(one.amount == 0 for one in judged),
        is_running=last.number == days.number - 1,
    )


def order(events: Iterable[Event]) -> list[Event]:
    """Return events in order: what nothing explains first, then the largest."""
    states = list(State)
    return sorted(
        events,
        key=lambda one: (
            one.key.currency,
            -states.index(one.state),
            -abs(one.rest if one.state is State.PARTIAL else one.difference),
            one.first,
            one.key,
            one.new,
        ),
    )
