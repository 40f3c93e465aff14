"""The views that KPIs read and no ledger has: what other commands tell of a month and the one before, as rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from guardrail.bills.booked import Place
    from guardrail.cli.commands.finops.kpi.answers import Opened
    from guardrail.finops.kpis.facts import Rows
    from guardrail.policy import Budget

_MIDST = 15  # day of a month on which forecasts are judged: half of it is known
_BY = ("month", "team", "origin", "category")


def _allocated(opened: Opened, months: tuple[str, str], currencies: Sequence[str]) -> Rows:
    from guardrail.cli.commands.finops.spend import question_of
    from guardrail.finops.kpis.facts import allocated
    from guardrail.ledger.queries.spending import bill_months

    _ = currencies
    there = {one.month for one in bill_months(opened.ledger)}
    if not there & {*months}:
        return []
    first, last = months if months[0] in there else (months[1], months[1])
    last = last if last in there else first
    options = opened.options(by=_BY, first=first, last=last, allocated=bool(opened.allocation.shared), as_billed=True)
    question = question_of(options, opened.chosen, opened.ledger)
    return allocated(question.answer())


def _compared(opened: Opened, months: tuple[str, str], currencies: Sequence[str]) -> Rows:
    from guardrail.cli.commands.finops.accuracy import compared_in
    from guardrail.finops.kpis.facts import compared

    if len(currencies) != 1:
        return []
    return [
        row
        for month in months
        for row in compared(
            month, compared_in(opened.ledger, month, "effective", currencies[0], opened.chosen.team_tag)
        )
    ]


def _units(opened: Opened, months: tuple[str, str], currencies: Sequence[str]) -> Rows:
    from guardrail.finops.kpis.facts import units

    _ = months, currencies
    return units(opened.chosen.base / opened.chosen.kpis.units) if opened.chosen.kpis.units else []


def _recommendations(opened: Opened, months: tuple[str, str], currencies: Sequence[str]) -> Rows:
    from guardrail.finops.kpis.facts import recommendations

    _ = months, currencies
    file = opened.chosen.kpis.recommendations
    files = opened.recommendations or ((opened.chosen.base / file,) if file else ())
    return [row for path in files for row in recommendations(path)]


def _savings(opened: Opened, months: tuple[str, str], currencies: Sequence[str]) -> Rows:
    from guardrail.cli.commands.finops.savings import savings_in
    from guardrail.finops.kpis.facts import savings
    from guardrail.ledger.queries.daily import bill_days

    _ = currencies
    return savings(savings_in(opened, *months, opened.now)) if bill_days(opened.ledger, opened.now) else []


def _budgets(opened: Opened, months: tuple[str, str], currencies: Sequence[str]) -> Rows:
    from guardrail.cli.commands.finops.budget import budgets_in
    from guardrail.finops.kpis.facts import budgets
    from guardrail.ledger.queries.spending import bill_months

    _ = currencies
    limits, bills = _limits(opened), bill_months(opened.ledger)
    there, open_months = {one.month for one in bills}, {one.month for one in bills if one.open}
    rows: Rows = []
    for month in months if limits else ():
        if month not in there:
            continue
        end, midst = _end_of(month), datetime.fromisoformat(f"{month}-{_MIDST}T00:00:00+00:00")
        told = [budgets_in(opened.ledger, opened.chosen, limits, min(opened.now, at)) for at in (end, midst)]
        rows += budgets(month, *told, is_open=month in open_months)
    return rows


def _budgeted(opened: Opened, months: tuple[str, str], currencies: Sequence[str]) -> Rows:
    """Return what of the bills some budget limits for sure, may limit, and does not."""
    from guardrail.finops.budgets.counting import counted
    from guardrail.finops.kpis.facts import budgeted
    from guardrail.ledger.queries.booking import Wanted, booked

    _ = currencies
    limits = _limits(opened)

    def in_any(places: Sequence[Place]) -> Iterator[tuple[int, int, bool]]:
        """Give each place once: as one of the budgets' (0), surely or not, or of none (1)."""
        found: defaultdict[int, list[bool]] = defaultdict(list)
        for place, _, is_sure in counted(limits, range(len(limits)), places, opened.chosen.environments):
            found[place].append(is_sure)
        for place in range(len(places)):
            yield place, int(place not in found), any(found.get(place, [True]))

    if not limits:
        return []
    keys = sorted({key for one in limits for key in one.match.tags})
    now = min(opened.now, _end_of(months[1])).astimezone(UTC)
    wanted = Wanted("effective", keys, types=True, addresses=True, first=months[0], now=now)
    return budgeted(months, booked(opened.ledger, wanted, in_any))


def _limits(opened: Opened) -> list[Budget]:
    return [one for one in opened.chosen.budgets if one.limits_spend]


def _end_of(month: str) -> datetime:
    """Return the last second of a month."""
    year, of = map(int, month.split("-"))
    return datetime(year + of // 12, of % 12 + 1, 1, tzinfo=UTC) - timedelta(seconds=1)


def _anomalies(opened: Opened, months: tuple[str, str], currencies: Sequence[str]) -> Rows:
    from guardrail.cli.commands.finops.anomalies import anomalies_in
    from guardrail.finops.kpis.facts import anomalies
    from guardrail.ledger.queries.daily import bill_days

    _ = currencies
    now = min(opened.now, _end_of(months[1]))
    since = date.fromisoformat(f"{months[0]}-01")
    days = [one.day for one in bill_days(opened.ledger, now)]
    if not days or max(days) < since:
        return []
    options = {"now": now, "cost": "effective", "projects": (), "allocation_file": opened.allocation_file}
    return anomalies(anomalies_in(opened.ledger, opened.chosen, options, since))


COMPUTED = {
    "allocated": _allocated,
    "compared": _compared,
    "savings": _savings,
    "budgets": _budgets,
    "budgeted": _budgeted,
    "anomalies": _anomalies,
    "units": _units,
    "recommendations": _recommendations,
}
