"""What in bills is far from what was expected, what accounts for it, and what could not be judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from itertools import accumulate

from msgspec import Struct

from guardrail.bills.daily import BillDay, ChangeOfResource, DailyCharges, FirstSpend
from guardrail.config.anomalies import AnomaliesConfig
from guardrail.finops.anomalies.event import Event, State, event_of, order, runs_of
from guardrail.finops.anomalies.explaining import Causes, explained
from guardrail.finops.anomalies.first_spend import new_scopes, with_first_spends
from guardrail.finops.anomalies.judging import Baseline, Judged
from guardrail.finops.anomalies.moving import with_moves
from guardrail.finops.anomalies.series import Days, Owner, Series, series_of
from guardrail.finops.anomalies.unjudged import NotJudged, Unjudged, not_judged

HISTORY_DAYS = 200
"""Days before the first one that is judged, of which bills are read: medians need 42, their residuals 56 more."""
_MONTH = 30  # days whose cost an owner's floor is a share of


class Asked(Struct, frozen=True):
    """What was asked: by which cost, of which projects (none: all), since which day."""

    since: date
    cost: str
    projects: tuple[str, ...]
    settings: AnomaliesConfig


class Anomalies(Struct, frozen=True):
    """An answer.

    until         the newest day that bills tell
    events        what nothing explains first, then the largest
    not_judged    what could not be judged, by reason
    series, days  how many series were judged, and how many of their days
    provisional   the first day to which charges may still be added, None where there is none
    """

    asked: Asked
    until: date
    events: tuple[Event, ...]
    not_judged: tuple[NotJudged, ...]
    series: int
    days: int
    provisional: date | None

    @property
    def alarming(self) -> tuple[Event, ...]:
        """The events that nothing accounts for whole."""
        return tuple(one for one in self.events if one.state is not State.EXPLAINED)


class Facts(Struct, frozen=True):
    """What a ledger knows: charges since HISTORY_DAYS before, the days that bills tell, first spends, and merged changes."""

    charges: Sequence[DailyCharges]
    days: Sequence[BillDay]
    firsts: Sequence[FirstSpend]
    changes: Sequence[ChangeOfResource]


def answer(asked: Asked, facts: Facts, owner: Owner, first: date, now: datetime) -> Anomalies:
    """Return what is far off since a day.

    owner  says whose charges are, by what they tell
    first  day from which on the charges are
    """
    days = Days(facts.days, first, now)
    whole = series_of((one for one in facts.charges if one.kind == "daily"), days, owner)
    charges = [one for one in facts.charges if _is_asked(one.of.get("project"), asked)]
    series = [one for one in whole if _is_asked(one.key.project, asked)]
    floors = _floors(whole, days, asked.settings.floor_percent)
    causes = Causes(facts.changes, asked.settings.expected)
    since = max((asked.since - days.first).days, 0)
    events: list[Event] = []
    judged = judged_days = 0
    unjudged: list[tuple[Series, int]] = []
    waiting: list[tuple[Series, int]] = []
    for one in series:
        baseline = Baseline(one.amounts)
        floor = floors[one.key.owner, one.key.currency]
        short: dict[int, int] = {}
        judge = partial(_judged, one, baseline, floor, asked.settings.spreads, days, short)
        events += (explained(event_of(run, days), run, days, causes) for run in runs_of(one, baseline, since, judge))
        can = [baseline.can_judge(number) for number in range(since, days.number)]
        judged, judged_days = judged + any(can), judged_days + sum(can)
        # What has cost nothing on a day that cannot be judged is no gap in what was judged.
        lacking = [one.amounts[since + number] or 0 for number, is_judged in enumerate(can) if not is_judged]
        if any(lacking):
            unjudged.append((one, sum(lacking)))
        if short:
            waiting.append((one, sum(short.values())))
    scopes = new_scopes(facts.firsts, days, max(asked.since, days.first))
    events = with_moves(with_first_spends(events, scopes.new, charges, days, owner, causes))
    provisional = [number for number in range(since, days.number) if days.is_provisional(days.sources, number)]
    return Anomalies(
        asked,
        days.last,
        tuple(order(events)),
        tuple(
            not_judged(Unjudged(unjudged, waiting, [scope.name for scope in scopes.may_be]), charges, days, asked.since)
        ),
        judged,
        judged_days,
        days.day(provisional[0]) if provisional else None,
    )


def _judged(
    series: Series,
    baseline: Baseline,
    floors: Sequence[int],
    spreads: float,
    days: Days,
    short: dict[int, int],
    number: int,
) -> Judged | None:
    """Return a day that is far off. A fall on a day to which charges may still be added is put into `short` instead."""
    found = baseline.off(number, floors[number], spreads)
    if found and found.difference < 0 and days.is_provisional(series.sources, number):
        short[number] = found.difference
        return None
    return found


def _is_asked(project: str | None, asked: Asked) -> bool:
    return not asked.projects or project in asked.projects


def _floors(series: Iterable[Series], days: Days, percent: float) -> Mapping[tuple[str, str], Sequence[int]]:
    """Return for each owner and currency what a day has to be off at least: a share of what the 30 days before came to."""
    of_owner: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * days.number)
    for one in series:
        sums = of_owner[one.key.owner, one.key.currency]
        for number, amount in enumerate(one.amounts):
            sums[number] += amount or 0
    found = {}
    for key, sums in of_owner.items():
        until = [0, *accumulate(sums)]
        found[key] = [
            int(
                (until[number] - until[max(number - _MONTH, 0)])
                * percent
                * _MONTH
                / (100 * max(min(number, _MONTH), 1))
            )
            for number in range(days.number)
        ]
    return found
