"""What could not be judged, counted and named: it is no sign that all is well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum

from msgspec import Struct

from guardrail.bills.daily import DailyCharges
from guardrail.finops.anomalies.series import Days, Series
from guardrail.finops.exact import units

_NAMED = 10
_NAMELESS = "(no service)"


class Reason(StrEnum):
    """Why something could not be judged."""

    HISTORY = "history"
    """fewer than four same weekdays, or two weeks of days that could be compared with such"""
    WITHOUT_AMOUNT = "without-amount"
    """rows do not have the cost that is asked for"""
    LONG = "long"
    """charged for more than a day at once"""
    OTHER = "other"
    """taxes, credits and adjustments"""
    PROVISIONAL = "provisional"
    """less than was expected, on days to which charges may still be added"""
    FIRST_SPEND = "first-spend"
    """accounts, services and regions that may be new: bills begin less than four weeks before their first spend"""
    MISSING_DAY = "missing-day"
    """days of which a bill has nothing at all, between others that it has"""


class NotJudged(Struct, frozen=True):
    """What could not be judged, for one reason.

    number   of series, of rows without an amount, of services, of what may be new, or of days
    amounts  what it came to, by currency, in units of 10^-18
    names    the largest of it
    """

    reason: Reason
    number: int
    amounts: tuple[tuple[str, int], ...] = ()
    names: tuple[str, ...] = ()


class Unjudged(Struct, frozen=True):
    """What was found that could not be judged.

    history     series with days of which too little is known before, and what these came to
    waiting     series that are below what was expected on days to which charges may still be added, and by how much
    may_be_new  names of what may have been paid for the first time
    """

    history: Sequence[tuple[Series, int]]
    waiting: Sequence[tuple[Series, int]]
    may_be_new: Sequence[str]


def not_judged(found: Unjudged, charges: Sequence[DailyCharges], days: Days, since: date) -> Iterator[NotJudged]:
    """Give what could not be judged since a day, by reason, each once."""
    for reason, series in ((Reason.HISTORY, found.history), (Reason.PROVISIONAL, found.waiting)):
        if series:
            sums: Counter[tuple[str, str]] = Counter()
            for one, amount in series:
                sums[one.key.address or one.key.service or _NAMELESS, one.key.currency] += amount
            yield NotJudged(reason, len(series), *_told(sums))
    lacking = [one for one in charges if one.without and any(day >= since for day in one.days)]
    if lacking:
        names = sorted({_service(one) for one in lacking})
        yield NotJudged(Reason.WITHOUT_AMOUNT, sum(one.without for one in lacking), names=tuple(names[:_NAMED]))
    for reason, kind in ((Reason.LONG, "long"), (Reason.OTHER, "other")):
        # They are of months, and stand on the first day of theirs.
        sums = _sums((one for one in charges if one.kind == kind), since.replace(day=1))
        if sums:
            yield NotJudged(reason, len(sums), *_told(sums))
    if found.may_be_new:
        yield NotJudged(Reason.FIRST_SPEND, len(found.may_be_new), names=tuple(found.may_be_new[:_NAMED]))
    for source, gaps in days.missing(since).items():
        yield NotJudged(Reason.MISSING_DAY, len(gaps), names=(source, *(f"{day}" for day in gaps[:_NAMED])))


def _sums(charges: Iterable[DailyCharges], since: date) -> Counter[tuple[str, str]]:
    """Return what charges came to since a day, by service and currency."""
    sums: Counter[tuple[str, str]] = Counter()
    for one in charges:
        for day, amount in zip(one.days, one.amounts, strict=True):
            if day >= since and amount is not None:
                sums[_service(one), one.currency] += units(amount) or 0
    return sums


def _told(sums: Mapping[tuple[str, str], int]) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    """Return amounts by currency, and the names of the largest."""
    totals: Counter[str] = Counter()
    for (_, currency), amount in sums.items():
        totals[currency] += amount
    names = [name for name, _ in sorted(sums, key=lambda key: (-abs(sums[key]), key))]
    return tuple(sorted(totals.items())), tuple(dict.fromkeys(names))[:_NAMED]


def _service(charges: DailyCharges) -> str:
    return charges.of.get("service") or _NAMELESS
