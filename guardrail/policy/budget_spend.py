"""What of a budget's period is spent, by the snapshot of a ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import to_builtins

from guardrail.model.money import months_between
from guardrail.model.unknown import Unknown
from guardrail.policy.billed import NOT_BILLED, Billed
from guardrail.policy.budget_forecast import NO_PULL_REQUEST, Outlook, ThisChange, outlook_of
from guardrail.policy.budgets import Budget, Period
from guardrail.policy.spend import Spend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from guardrail.model.billed.costs import BudgetForecast, BudgetSpend, KnownSnapshot
    from guardrail.model.billed.snapshot import BilledMonth, BudgetMonth

_MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}
_MAKE_ONE = "make one, `guardrail ledger snapshot --out ledger.snapshot.json`, and name it: `ledger: {snapshot: ledger.snapshot.json}`"
_NOT_NAMED = Billed(
    why="guardrail.yaml names no snapshot of a ledger",
    remedy=_MAKE_ONE,
    outlook=Outlook(why="guardrail.yaml names no snapshot of a ledger", remedy=_MAKE_ONE),
)


def months_of(period: Period, now: datetime) -> list[str]:
    """Return the months of the period that a time falls into, like 2026-11."""
    now, number = now.astimezone(UTC), _MONTHS[period]
    first = (now.month - 1) // number * number + 1
    return [f"{now.year:04}-{month:02}" for month in range(first, first + number)]


def period_name(period: Period, now: datetime) -> str:
    """Return how the period is called that a time falls into: 2026-11, 2026-Q4, 2026."""
    first = months_of(period, now)[0]
    if period is Period.MONTH:
        return first
    year, _, month = first.partition("-")
    return year if period is Period.YEAR else f"{year}-Q{int(month) // 3 + 1}"


def end_of(month: str) -> datetime:
    """Return when a month ends."""
    year, number = map(int, month.split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)


def billed_of(budget: Budget, known: KnownSnapshot | None, now: datetime, this: ThisChange = NO_PULL_REQUEST) -> Billed:
    """Return what bills say of a budget's period, and its forecast. What nothing tells is not known, and never 0."""
    if not budget.limits_spend:
        return NOT_BILLED
    if known is None:
        return _NOT_NAMED
    snapshot = known.snapshot
    if snapshot is None:
        return Billed(why=known.why, remedy=known.remedy, outlook=Outlook(why=known.why, remedy=known.remedy))
    from guardrail.model.billed.snapshot import digest_of  # noqa: PLC0415 - only with a snapshot

    found = next((one for one in snapshot.budgets if one.name == budget.name), None)
    anew = "make it anew: `guardrail ledger snapshot --out FILE`"
    cost = found and (found.cost or snapshot.cost)
    if found is None or found.match != digest_of(to_builtins(budget.match)) or budget.cost not in {None, cost}:
        what = "does not know this budget" if found is None else "was made when the budget counted something else"
        why = f"{known.where} {what}"
        return Billed(why=why, remedy=anew, outlook=Outlook(why=why, remedy=anew))
    months = months_of(budget.period, now)
    outlook = outlook_of(found, known.where, period_name(budget.period, now), now, end_of(months[-1]), this)
    covered = [one for one in sorted(snapshot.months, key=lambda one: one.month) if one.month in months]
    if not covered:
        return Billed(
            why=f"{known.where} has no bill of {period_name(budget.period, now)}",
            remedy="import the bills, and make it anew",
            outlook=outlook,
        )
    amounts = [one for one in found.months if one.month in months]
    why = _open_because(covered, amounts, months)
    least = sum((Decimal(one.amount) + Decimal(one.less) for one in amounts), Decimal(0))
    most = sum((Decimal(one.amount) + Decimal(one.more) for one in amounts), Decimal(0))
    through = max(one.through for one in covered)
    latest = max(one.latest or one.through for one in covered)
    rest, rest_most = (months_between(at, end_of(months[-1])) for at in (latest, through))
    remedy = "import the bills that are missing" if why else ""
    return Billed(least, None if why else most, rest, rest_most, through, why, remedy, outlook)


def _open_because(covered: Sequence[BilledMonth], amounts: Sequence[BudgetMonth], months: Sequence[str]) -> str:
    """Say why what is spent may be more than bills tell, "" where it may not."""
    there = [one.month for one in covered]
    absent = [month for month in months if month <= there[-1] and month not in there]
    untold = [month for month in there if month not in [one.month for one in amounts]]
    if absent or untold:
        return f"there is no bill of {', '.join(absent or untold)}"
    for one in covered:
        if one.without:
            return f"there is no bill of {', '.join(one.without)} for {one.month}"
    for told in amounts:
        if told.gaps:
            return f"{told.gaps:,} charges of {told.month} have no amount"
    for one in covered[:-1]:
        if one.through < end_of(one.month):
            return f"the bills of {one.month} end at {one.through:%Y-%m-%d}"
    return ""


def spend_of(budget: Budget, billed: Billed, sums: Spend, now: datetime) -> BudgetSpend:
    """Return what a report shows of a budget that limits what is billed."""
    from guardrail.model.billed.costs import BudgetSpend  # noqa: PLC0415 - few budgets limit what is spent

    least, most = billed.projected(sums)
    why = billed.why
    if billed.least is not None and (billed.rest_most or billed.rest) and (sums.unpriced or sums.usage_open):
        most = None
        why = why or "part of the cost is not known, or depends on usage that is not given"
    limit = budget.limit(months_of(budget.period, now))
    if isinstance(limit, Unknown):
        why = why or limit.reason.removeprefix("not known: ")
        limit = None
    return BudgetSpend(
        budget.name,
        period_name(budget.period, now),
        limit,
        billed.through,
        billed.least,
        billed.most,
        least,
        most,
        why,
        forecast_of(billed.outlook, sums),
    )


def forecast_of(outlook: Outlook, sums: Spend) -> BudgetForecast:
    """Return what a report shows of a forecast."""
    from guardrail.model.billed.costs import BudgetForecast  # noqa: PLC0415 - few budgets limit what is spent

    return BudgetForecast(
        outlook.least,
        outlook.most,
        outlook.half,
        outlook.change(sums),
        outlook.others,
        outlook.added,
        outlook.if_all_merge(sums),
        outlook.why,
    )
