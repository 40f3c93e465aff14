"""What budgets come to: one pure function, whose answer all reports show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

from msgspec import Struct, field

from guardrail.bills.booked import Booked, ChangedResource, Place, ProposedResource
from guardrail.bills.parts import SourceMonth
from guardrail.errors import ConfigError
from guardrail.finops.bill_months import Convert, months_text
from guardrail.finops.budgets.answer import Alert, BudgetAnswer, Budgets, Forecast, KnownChange, Proposal
from guardrail.finops.budgets.counting import counted
from guardrail.finops.budgets.forecast import Series, Step, ahead, backtest, half_width, misses, origins
from guardrail.finops.budgets.history import WINDOW, Told, series, sources_of
from guardrail.finops.budgets.regular import expected
from guardrail.finops.exact import Amount, apportioned, decimal_of
from guardrail.model.money import HOURS_PER_MONTH
from guardrail.model.unknown import Unknown
from guardrail.policy.budget_spend import end_of, months_of, period_name
from guardrail.policy.budgets import Budget

HOURS = Fraction(HOURS_PER_MONTH)
LAG = timedelta(days=45)
"""Bills that end longer ago forecast nothing: that is a month whose bill is late by two weeks."""


class Facts(Struct, frozen=True):
    """All that the answer is made of.

    bills      that there are, of all sources
    booked     charges, by the numbers of the budgets that they count for
    changes    what merged changes have made of resources
    proposals  what open pull requests would make of them
    """

    bills: Sequence[SourceMonth]
    booked: Sequence[Booked] = ()
    changes: Sequence[ChangedResource] = ()
    proposals: Sequence[ProposedResource] = ()


class _Run(Struct, frozen=True):
    """What all budgets of a run share."""

    told: Told
    now: datetime
    currency: str
    convert: Convert


class _Of(Struct):
    """What concerns one budget. What counts only maybe stands apart: nothing tells of it whose it is."""

    own: list[Booked] = field(default_factory=list)
    shared: list[Booked] = field(default_factory=list)
    changes: list[ChangedResource] = field(default_factory=list)
    proposals: list[ProposedResource] = field(default_factory=list)
    maybe: int = 0


def outlook(
    facts: Facts,
    budgets: Sequence[Budget],
    environments: Mapping[str, str],
    convert: Convert,
    *,
    now: datetime,
    currency: str,
    cost: str = "effective",
) -> Budgets:
    """Return what each budget that limits what is billed has spent, and what its period will come to.

    environments  of the configuration's projects
    convert       makes amounts those of `currency`; it raises ConfigError for a rate that is not there
    cost          which cost is counted where a budget does not say it
    """
    run = _Run(Told(facts.bills, now), now, currency, convert)
    asked = [number for number, one in enumerate(budgets) if one.limits_spend]
    of = _sorted(facts, budgets, asked, environments)
    with localcontext(prec=60):  # amounts of 18 decimals are summed, and nothing of them is rounded
        answers = [_answer(budgets[number], of[number], run, budgets[number].cost or cost) for number in asked]
    return Budgets(
        now.astimezone(UTC), currency, tuple(answers), tuple(one.name for one in budgets if not one.limits_spend)
    )


def _sorted(
    facts: Facts, budgets: Sequence[Budget], asked: Sequence[int], environments: Mapping[str, str]
) -> defaultdict[int, _Of]:
    """Return what concerns each budget."""
    found: defaultdict[int, _Of] = defaultdict(_Of)
    for one in facts.booked:
        (found[one.budget].own if one.certain else found[one.budget].shared).append(one)

    def counting(places: Sequence[Place]) -> Iterator[tuple[int, int, bool]]:
        yield from counted(budgets, asked, places, environments)

    for number, budget, is_sure in counting([one.place for one in facts.changes]):
        if is_sure:
            found[budget].changes.append(facts.changes[number])
        found[budget].maybe += not is_sure
    for number, budget, is_sure in counting([one.place for one in facts.proposals]):
        if is_sure:
            found[budget].proposals.append(facts.proposals[number])
        found[budget].maybe += not is_sure
    return found


_NOTHING = "the ledger has no charge and no change that is known to be this budget's: what its match names may be misspelt, or not be billed yet"


def _answer(budget: Budget, of: _Of, run: _Run, cost: str) -> BudgetAnswer:
    months = months_of(budget.period, run.now)
    limit = budget.limit(months)
    unknown = [limit.reason.removeprefix("not known: ")] if isinstance(limit, Unknown) else []
    amount = None if isinstance(limit, Unknown) else limit
    spent = most = forecast = None
    proposals: tuple[Proposal, ...] = ()
    try:
        spent, most, gaps = _spent(of, run, months)
        proposals, unpriced = _proposals(of, run, end_of(months[-1]))
        forecast, why = _forecast(of, run, months)
        if not (of.own or of.changes):
            # Of what nothing was ever billed, days to come tell nothing: a project may be misspelt, or not be there yet.
            forecast, why = None, [_NOTHING, *why]
        unknown += [*gaps, *why, *unpriced]
    except ConfigError as error:
        unknown.append(error.what)
    together = None if forecast is None else forecast.amount + sum((one.amount for one in proposals), Decimal(0))
    return BudgetAnswer(
        budget.name,
        period_name(budget.period, run.now),
        date.fromisoformat(f"{months[0]}-01"),
        end_of(months[-1]).date(),
        cost,
        amount,
        run.told.through if spent is not None else None,
        spent,
        most,
        forecast,
        proposals,
        together,
        tuple(_alerts(budget, amount, spent, most, forecast)),
        tuple(dict.fromkeys(unknown)),
    )


def _spent(of: _Of, run: _Run, months: Sequence[str]) -> tuple[Decimal | None, Decimal | None, list[str]]:
    """Return what bills say of months, at least and at most, and what they do not tell."""
    told = {month for found in run.told.months.values() for month in found}
    there = [month for month in months if month in told]
    if not there:
        return None, None, [f"there is no bill of {months_text(months)} yet"]
    missing = _missing_bills(run.told, months, there[-1])
    own, less, more, without = 0, 0, 0, 0
    for one in (*of.own, *of.shared):
        if one.month in there:
            above, below = (int(run.convert(amount, one.currency, one.month)) for amount in (one.more, one.less))
            without += one.gaps
            if one.certain:
                own += above + below
            else:
                more, less = more + above, less + below
    gaps = list(missing)
    if without:
        gaps.append(f"{without:,} charges have no amount")
    if more or less:
        nobodys = f"of {_money(more + less)} {run.currency} that bills charge"
        gaps.append(f"{nobodys}, nothing tells whether it is this budget's")
    return _decimal(own + less), None if missing or without else _decimal(own + more), gaps


def _missing_bills(told: Told, months: Sequence[str], newest: str) -> list[str]:
    """Say which bills of a period are not there, and which may still change."""
    found = []
    of_all = {month for there in told.months.values() for month in there}
    absent = [month for month in months if month <= newest and month not in of_all]
    if absent:
        found.append(f"there is no bill of {months_text(absent)}")
    for source, there in told.months.items():
        lacking = [m for m in months if min(there) < m <= newest and m not in there and m not in absent]
        if lacking:
            found.append(f"there is no bill of {source} for {months_text(lacking)}")
    return found


def _forecast(of: _Of, run: _Run, months: Sequence[str]) -> tuple[Forecast | None, list[str]]:
    """Return what months will come to, and what keeps that from being known, or known exactly."""
    told, begin, end = run.told, date.fromisoformat(f"{months[0]}-01"), end_of(months[-1]).date()
    if not told.spans:
        return None, []
    sources = sources_of(told, of.own)
    history = series(of.own, told, sources, run.convert)
    start, (steps, why) = history.end, _steps(of, run)
    if run.now.date() - start > LAG:
        return None, [*why, f"no forecast: the bills end on {start}, {(run.now.date() - start).days:,} days ago"]
    rest = _within(history, begin, end, steps)
    if rest is None:
        lacking = f"no forecast: in the four weeks before {start}, bills tell no day of some weekday"
        return None, [*why, lacking]
    days = [one for one in history.between(begin, min(start, end)) if start > begin]
    untold = days.count(None)
    if untold:
        why.append(f"the forecast is at least that: {untold:,} days of the period have no bill")
    regular = [one for one in of.own if one.regular and one.month in months]
    if any(one.is_usage for one in regular):
        why.append("some usage is billed for longer than a day, and counts as booked: the days left may add to it")
    booked = sum(one for one in days if one is not None) + _total(regular, run)
    there = frozenset(month for found in told.months.values() for month in found)
    again = expected(of.own, months, f"{start:%Y-%m}", there, run.convert)
    to_come = sum((one.amount for one in again), Decimal(0))
    ahead_days = max((end - start).days, 0)
    errors = (
        misses(history, ahead_days, origins(history, ahead_days), before=max((start - begin).days, 0), steps=steps)
        if ahead_days
        else []
    )
    width = half_width(errors, abs(sum(rest))) if ahead_days else Decimal(0)
    amount = _decimal(booked + sum(rest)) + to_come
    half = None if width is None else _decimal(int(width))
    return Forecast(
        amount=amount,
        at_least=bool(untold),
        low=None if half is None else amount - half,
        high=None if half is None else amount + half,
        booked=_decimal(booked),
        regular=to_come,
        rate=_decimal(rest[0]),
        changes=_decimal(rest[1]),
        told_until=start,
        begin=max(start, begin),
        days=max((end - max(start, begin)).days, 0),
        shared=_shared(of, run, sources, months),
        backtest=backtest(errors),
        interval_why="" if half is not None else f"no interval, too little history (n = {len(errors)})",
        known=_shown(of, start),
        expected=again,
    ), why


def _within(history: Series, begin: date, end: date, steps: Sequence[Step]) -> tuple[int, int] | None:
    """Return what the days of a period that are not told will cost, at the rate and by known changes."""
    start = history.end
    whole = ahead(history, start, end, steps)
    before = ahead(history, start, max(begin, start), steps)
    return None if whole is None or before is None else (whole.rate - before.rate, whole.changes - before.changes)


def _steps(of: _Of, run: _Run) -> tuple[list[Step], list[str]]:
    """Return merged changes as what they add to an hour. What was merged and is not there yet is so from now on, at the earliest."""
    steps, why = [], []
    month = f"{run.now:%Y-%m}"
    for one in of.changes:
        try:
            monthly = run.convert(one.monthly, one.currency, month)
        except ConfigError:
            why.append(
                f"changes whose estimate is in {one.currency} are not in the forecast: there is no rate of {month}"
            )
            continue
        steps.append(Step((one.at or run.now).astimezone(UTC), int(monthly / HOURS)))
    unpriced = sum(one.unpriced for one in of.changes)
    if unpriced:
        why.append(f"{unpriced:,} components of merged changes have no price, and are not in the forecast")
    if of.maybe:
        why.append(f"of {of.maybe:,} changed resources, nothing tells whether they are this budget's")
    return steps, why


def _shown(of: _Of, start: date) -> tuple[KnownChange, ...]:
    """Return the changes that not all days of the rate show."""
    return tuple(
        KnownChange(one.place.project or "", one.place.address or "", one.at, one.monthly)
        for one in of.changes
        if one.monthly and (one.at is None or one.at.astimezone(UTC).date() > start - WINDOW)
    )


def _shared(of: _Of, run: _Run, sources: frozenset[str], months: Sequence[str]) -> Decimal | None:
    """Return what the charges will come to of which nothing tells whose they are; None where that cannot be told."""
    if not of.shared:
        return Decimal(0)
    begin, end = date.fromisoformat(f"{months[0]}-01"), end_of(months[-1]).date()
    history = series(of.shared, run.told, sources, run.convert)
    rest = _within(history, begin, end, ())
    if rest is None:
        return None
    days = (
        (one for one in history.between(begin, min(history.end, end)) if one is not None) if history.end > begin else ()
    )
    booked = sum(days) + _total([one for one in of.shared if one.regular and one.month in months], run)
    there = frozenset(month for found in run.told.months.values() for month in found)
    again = expected(of.shared, months, f"{history.end:%Y-%m}", there, run.convert)
    return _decimal(booked + sum(rest)) + sum((one.amount for one in again), Decimal(0))


def _total(charges: Iterable[Booked], run: _Run) -> int:
    return sum(int(run.convert(one.more + one.less, one.currency, one.month)) for one in charges)


def _proposals(of: _Of, run: _Run, end: datetime) -> tuple[tuple[Proposal, ...], list[str]]:
    """Return what open pull requests add if they are merged now, and what is not known of it."""
    alike: defaultdict[tuple[str, int], list[ProposedResource]] = defaultdict(list)
    for one in of.proposals:
        alike[one.place.project or "", one.number].append(one)
    left = Fraction(int((end - run.now).total_seconds()), 3600) / HOURS
    found = []
    for (project, number), resources in sorted(alike.items()):
        monthly = sum((run.convert(one.monthly, one.currency, f"{run.now:%Y-%m}") for one in resources), Fraction(0))
        unpriced = sum(one.unpriced for one in resources)
        found.append(Proposal(project, number, _decimal(monthly), _decimal(monthly * left), unpriced))
    lacking = [f"#{one.number} of {one.project}" for one in found if one.unpriced]
    return tuple(found), [f"part of what {', '.join(lacking)} would add has no price"] if lacking else []


def _alerts(
    budget: Budget, amount: Decimal | None, spent: Decimal | None, most: Decimal | None, forecast: Forecast | None
) -> Iterator[Alert]:
    """Give the alerts of a budget: passed for sure, certainly not, or None where it depends on what is not known."""
    low = high = None
    if forecast:
        shared = forecast.shared or Decimal(0)
        low = forecast.amount + min(shared, Decimal(0))
        high = None if forecast.at_least or forecast.shared is None else forecast.amount + max(shared, Decimal(0))
    for one in budget.alerts:
        of, least, top = ("spent", spent, most) if one.spent is not None else ("forecast", low, high)
        threshold = None if amount is None else amount * one.share / 100
        passed = None
        if threshold is not None and least is not None and least > threshold:
            passed = True
        elif threshold is not None and top is not None and top <= threshold:
            passed = False
        yield Alert(of, one.share, one.block, threshold, passed)


def _decimal(amount: Amount) -> Decimal:
    return decimal_of(apportioned([amount])[0])


def _money(amount: Amount) -> str:
    return f"{_decimal(amount):.2f}"
