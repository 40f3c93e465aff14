"""Whether merged changes, or dates that were announced, account for what is far off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from msgspec.structs import replace

from guardrail.bills.daily import ChangeOfResource
from guardrail.config.anomalies import ExpectedDate
from guardrail.finops.anomalies.event import Cause, Event, Run, State
from guardrail.finops.anomalies.judging import Judged
from guardrail.finops.anomalies.series import Days, Key
from guardrail.finops.exact import units
from guardrail.policy.glob import matches_any

BEFORE = timedelta(days=7)
"""How long before an event a change may have been merged that accounts for it: it may be applied later."""
AFTER = timedelta(days=3)
"""How long after an event has begun a change may be merged that accounts for all of it: it may have been applied before."""
_INEXACT = 5  # an estimate may be off by a fifth, and still account for what came
_HOURS = 730


class Causes:
    """Changes by the resource that they are of, and dates that were announced."""

    def __init__(self, changes: Iterable[ChangeOfResource], dates: Sequence[ExpectedDate]) -> None:
        self._changes: dict[tuple[str, str], list[ChangeOfResource]] = {}
        for one in sorted(changes, key=lambda one: (one.at, one.pull_request or 0)):
            self._changes.setdefault((one.project, one.address), []).append(one)
        self._dates = dates

    def of(self, key: Key, first: date, last: date) -> list[Cause]:
        """Return what may account for an event of a resource, the amounts by the day."""
        changes = self._changes.get((key.project, key.address), []) if key.address else []
        found = [_cause(one, key.currency, first) for one in changes if first - BEFORE <= one.at.date() <= last + AFTER]
        for one in self._dates:
            until = one.until or one.date
            fits = all(
                matches_any(globs, text)
                for globs, text in ((one.owners, key.owner), (one.services, key.service), (one.addresses, key.address))
            )
            if fits and one.date <= last and until >= first:
                found.append(Cause("date", one.date, units(one.amount), one.name, until=until, begin=one.date))
        return found


def explained(event: Event, run: Run, days: Days, causes: Causes) -> Event:
    """Return an event with what accounts for it, whole or in part.

    It is explained where, on each of its days, what is left beside the known causes would not have been far off. The day of a change
    itself may be anything between: a resource is there for a part of it.
    """
    found = causes.of(event.key, event.first, event.last)
    sized = [one for one in found if one.daily is not None]
    by_day = [sum(_on(one, days.day(judged.number)) for one in sized) for judged in run.days]
    known = sum(by_day)
    unlimited = [one for one in found if one.what == "date" and one.daily is None]
    covered = [
        any(one.since <= days.day(judged.number) <= (one.until or one.since) for one in unlimited)
        for judged in run.days
    ]
    # A date without an amount accounts for whatever is left of its days.
    known += sum(judged.difference - own for judged, own, whole in zip(run.days, by_day, covered, strict=True) if whole)
    if not known or (known > 0) != (event.difference > 0):
        return _as_every_month(replace(event, causes=tuple(found)), run, days)
    begun = {max(one.begin, event.first) for one in sized if one.what == "change"}
    accounts = all(
        whole or days.day(judged.number) in begun or _accounts(own, judged)
        for judged, own, whole in zip(run.days, by_day, covered, strict=True)
    )
    state = State.EXPLAINED if accounts else State.PARTIAL
    return replace(event, causes=tuple(found), known=known, state=state)


def _as_every_month(event: Event, run: Run, days: Days) -> Event:
    """Return an event explained by the month before, where each of its days was off then, too, and as far: fees of a month."""
    found, known = [], 0
    for judged in run.days:
        day = days.day(judged.number)
        before = _month_before(day)
        usual = run.baseline.difference((before - days.first).days) or 0
        if (usual > 0) != (judged.difference > 0) or not _accounts(usual, judged):
            return event
        known += usual
        found.append(Cause("month", before, usual, begin=day, until=day))
    return replace(event, causes=(*event.causes, *found), known=known, state=State.EXPLAINED)


def _month_before(day: date) -> date:
    """Return the same day of the month before, or its last one."""
    end = day.replace(day=1) - timedelta(days=1)
    return end.replace(day=min(day.day, end.day))


def _accounts(known: int, judged: Judged) -> bool:
    return abs(judged.difference - known) <= max(judged.allowed, abs(known) // _INEXACT)


def _on(cause: Cause, day: date) -> int:
    """Return what a cause adds to a day. A change does so from its first day on, a date on its days alone."""
    if cause.daily is None or day < cause.begin or (cause.until is not None and day > cause.until):
        return 0
    return cause.daily


def _cause(change: ChangeOfResource, currency: str, first: date) -> Cause:
    """Return a change as a cause of an event that begins on a day. One whose estimate is in another currency is of no known size."""
    is_known = change.currency == currency and (change.monthly != 0 or not change.unpriced)
    daily = (units(change.monthly) or 0) * 24 // _HOURS if is_known else None
    merged = change.at.date()
    return Cause(
        "change",
        merged,
        daily,
        pull_request=change.pull_request,
        begin=min(merged, first) if merged <= first + AFTER else merged,
        at_least=is_known and bool(change.unpriced),
    )
