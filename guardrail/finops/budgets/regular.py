"""Charges that are booked once a month, by their own calendar: support, taxes, fees of reservations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from msgspec import Struct

from guardrail.bills.booked import Booked
from guardrail.finops.bill_months import Convert, month_before
from guardrail.finops.budgets.answer import Expected
from guardrail.finops.exact import apportioned, decimal_of
from guardrail.policy.budget_spend import end_of


class _Once(Struct, frozen=True):
    """What a kind of charge came to in a month, in units of 10^-18, and the day that it was booked on."""

    day: int
    amount: int


def expected(
    charges: Iterable[Booked], months: Sequence[str], now: str, told: frozenset[str], convert: Convert
) -> tuple[Expected, ...]:
    """Return the charges that months will have, and have not booked: those of the two months before, as they were the last time.

    months  of the period, in order
    now     the month that days are forecast from: earlier ones have all that they will have
    told    months that there are bills of
    What came once, as a credit does, is not expected again.
    """
    found: defaultdict[tuple[str, str], dict[str, _Once]] = defaultdict(dict)
    for one in charges:
        if one.regular and not one.gaps:
            booked = found[one.source, one.regular]
            amount = int(convert(one.more + one.less, one.currency, one.month))
            before = booked.get(one.month)
            booked[one.month] = _Once(one.day.day, amount + (before.amount if before else 0))
    return tuple(
        made
        for (_, name), booked in sorted(found.items())
        for month in months
        if month >= now and month not in booked
        if (made := _again(name, booked, month, now, told))
    )


def _again(name: str, booked: dict[str, _Once], month: str, now: str, told: frozenset[str]) -> Expected | None:
    # That month counts as soon as it has the charge: until then, its absence tells nothing.
    past = [one for one in sorted(told) if one < now or one in booked]
    if len(past) < 2 or any(one not in booked for one in past[-2:]) or past[-1] < month_before(now, 2):  # noqa: PLR2004
        return None
    last = booked[past[-1]]
    day = min(
        date.fromisoformat(f"{month}-01") + timedelta(days=last.day - 1), end_of(month).date() - timedelta(days=1)
    )
    return Expected(name, day, decimal_of(apportioned([last.amount])[0])) if last.amount else None
