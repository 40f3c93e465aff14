"""What bills tell of a budget, day by day, and from which day on nothing tells it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from guardrail.bills.booked import Booked
from guardrail.bills.parts import SourceMonth
from guardrail.errors import ConfigError
from guardrail.finops.bill_months import ENDED, Convert, month_before, told_until
from guardrail.finops.budgets.forecast import WEEK, WEEKS, Series

WINDOW = timedelta(days=WEEK * WEEKS)


class Told:
    """Which days the bills of each source tell whole, as known at a time.

    A day that has begun is not told whole, and a source that has ended tells nothing.
    """

    def __init__(self, bills: Iterable[SourceMonth], now: datetime) -> None:
        self.spans: dict[str, list[tuple[date, date]]] = {}
        """The days from which and up to before which the bills of a source tell, month by month."""
        self.months: dict[str, set[str]] = {}
        """The months that there are bills of, by source."""
        self.through: datetime | None = None
        """Until when all sources tell what was used that tell anything of the newest month; None without a bill."""
        self.open: dict[str, set[str]] = {}
        """The months whose bills may still change, by source."""
        self._known: dict[frozenset[str], tuple[date, tuple[bool, ...]]] = {}
        past = sorted((one for one in bills if one.month <= f"{now:%Y-%m}"), key=lambda one: one.month)
        if not past:
            return
        newest = past[-1].month
        ended = {one.source for one in past} - {one.source for one in past if one.month >= month_before(newest, ENDED)}
        for one in past:
            if one.source in ended:
                continue
            until = min(told_until(one), now.astimezone(UTC))
            begin = date.fromisoformat(f"{one.month}-01")
            if one.source not in self.spans and one.since:
                # An export that somebody has set up in the midst of a month tells nothing of the days before.
                begin = max(begin, one.since.astimezone(UTC).date())
            self.spans.setdefault(one.source, []).append((begin, until.date()))
            self.months.setdefault(one.source, set()).add(one.month)
            if one.open:
                self.open.setdefault(one.source, set()).add(one.month)
            if one.month == newest:
                self.through = min(self.through or until, until)

    def end(self, source: str) -> date:
        """Return the day after the last one that a source's bills tell whole."""
        return max(end for _, end in self.spans[source])

    def days(self, sources: frozenset[str]) -> tuple[date, tuple[bool, ...]]:
        """Return the first day that any of some sources tells, and of it and each that follows whether all tell it that had begun by then."""
        if sources not in self._known:
            spans = [self.spans[source] for source in sources]
            first = min(of_source[0][0] for of_source in spans)
            end = max(end for of_source in spans for _, end in of_source)
            days = [first + timedelta(days=number) for number in range((end - first).days)]
            self._known[sources] = (
                first,
                tuple(
                    all(
                        any(begin <= day < end for begin, end in of_source)
                        for of_source in spans
                        if of_source[0][0] <= day
                    )
                    for day in days
                ),
            )
        return self._known[sources]


def sources_of(told: Told, charges: Iterable[Booked]) -> frozenset[str]:
    """Return the sources that have charged for a budget by the day in the four weeks before their end; all, where none has."""
    recent = {
        one.source
        for one in charges
        if not one.regular and one.source in told.spans and one.day >= told.end(one.source) - WINDOW
    }
    return frozenset(recent or told.spans)


def series(charges: Sequence[Booked], told: Told, sources: frozenset[str], convert: Convert) -> Series:
    """Return what a budget came to by the day, up to the last that some sources all tell.

    A day that one of them does not tell, that has a charge without an amount, or one that there is no rate for, is not told.
    """
    first, is_told = told.days(sources)
    end = min(told.end(source) for source in sources)
    amounts: list[int | None] = [0 if one else None for one in is_told[: (end - first).days]]
    for one in charges:
        number = (one.day - first).days
        if not one.regular and 0 <= number < len(amounts) and (known := amounts[number]) is not None:
            amounts[number] = None if one.gaps else _added(known, one, convert)
    return Series(first, tuple(amounts))


def _added(known: int, charge: Booked, convert: Convert) -> int | None:
    try:
        return known + int(convert(charge.more + charge.less, charge.currency, charge.month))
    except ConfigError:
        return None
