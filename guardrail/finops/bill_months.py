"""How far bills go, month by month, and their amounts in one currency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from guardrail.bills.parts import SourceMonth
from guardrail.errors import ConfigError
from guardrail.finops.exact import Amount, units
from guardrail.model.billed.snapshot import BilledMonth
from guardrail.policy.budget_spend import end_of

ENDED = 3
"""A source without a bill for so many months is no source any more."""
Convert = Callable[[Decimal, str, str], Amount]
"""Makes an amount of a month and a currency one in the snapshot's currency, exactly."""


def billed_months(bills: Iterable[SourceMonth], now: datetime | None = None) -> list[BilledMonth]:
    """Return the months that there are bills of. A month goes as far as the shortest of its bills, and no farther than `now`."""
    if now:
        bills = [one for one in bills if one.month <= f"{now.astimezone(UTC):%Y-%m}"]
    by_month: defaultdict[str, list[SourceMonth]] = defaultdict(list)
    sources: defaultdict[str, set[str]] = defaultdict(set)
    for one in bills:
        by_month[one.month].append(one)
        sources[one.source].add(one.month)
    found = []
    for month, alike in sorted(by_month.items()):
        ends = [min(told_until(one), now.astimezone(UTC)) if now else told_until(one) for one in alike]
        there = {one.source for one in alike}
        expected = {
            name for name, told in sources.items() if any(month_before(month, ENDED) <= one < month for one in told)
        }
        found.append(
            BilledMonth(
                month=month,
                through=min(ends),
                open=any(one.open for one in alike),
                without=tuple(sorted(expected - there)),
                latest=max(ends) if max(ends) > min(ends) else None,
            )
        )
    return found


def whole_month(months: Sequence[BilledMonth]) -> str | None:
    """Return the newest month that bills tell to its end, all sources included; None where there is none."""
    whole = [one.month for one in months if not one.without and one.through >= end_of(one.month)]
    return whole[-1] if whole else None


def told_until(bill: SourceMonth) -> datetime:
    """Return until when a bill tells what was used: a final one to the end of its month, whatever was used last."""
    end, begin = end_of(bill.month), datetime.fromisoformat(f"{bill.month}-01T00:00:00+00:00")
    if not bill.open and bill.imported_at >= end:
        return end
    # Charges by the month end with it, though the bill was imported in its midst.
    return max(min(bill.through or begin, bill.imported_at, end), begin).astimezone(UTC)


def month_before(month: str, number: int) -> str:
    """Return the month so many months before another."""
    year, of = map(int, month.split("-"))
    count = year * 12 + of - 1 - number
    return f"{count // 12:04}-{count % 12 + 1:02}"


def months_text(months: Sequence[str]) -> str:
    """Return months in order, with those that follow each other as one: 2026-01 to 2026-06, 2026-09."""
    spans: list[list[str]] = []
    for month in months:
        if spans and month_before(month, 1) == spans[-1][-1]:
            spans[-1].append(month)
        else:
            spans.append([month])
    return ", ".join(span[0] if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in spans)


def converter(currency: str, rates: Mapping[tuple[str, str, str], Decimal]) -> Convert:
    """Return what makes amounts those of one currency, at rates by month, from and to. It raises ConfigError for one that is not there."""

    def convert(amount: Decimal, of: str, month: str) -> Amount:
        whole = units(amount) or 0
        if of == currency:
            return whole
        rate = rates.get((month, of, currency))
        if rate is None:
            fix = "`guardrail ledger import --rates` adds one: month,from,to,rate,source"
            raise ConfigError(f"no rate of {month} from {of} to {currency}", fix=fix)
        return whole * Fraction(rate)

    return convert
