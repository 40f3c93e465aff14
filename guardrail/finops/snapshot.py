"""The snapshot of a ledger, from what its views tell: how far bills go, what resources and budgets came to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import localcontext
from fractions import Fraction
from typing import Literal

from msgspec import Struct, field, to_builtins

from guardrail import __version__
from guardrail.bills.booked import Booked
from guardrail.bills.parts import ResourceMonth, SourceMonth
from guardrail.finops.accuracy import Compared
from guardrail.finops.accuracy import Part as Cause
from guardrail.finops.bill_months import Convert, billed_months, whole_month
from guardrail.finops.budgets.answer import BudgetAnswer
from guardrail.finops.exact import Amount, apportioned, decimal_of
from guardrail.model.billed.snapshot import (
    BilledBudget,
    BilledResource,
    BilledType,
    BudgetMonth,
    ForecastOfBudget,
    OpenPullRequest,
    Snapshot,
    digest_of,
    money_text,
)
from guardrail.policy.budgets import Budget


class _Sum(Struct):
    """What of a month is a budget's for sure, and what may be."""

    amount: Amount = 0
    more: Amount = 0
    less: Amount = 0
    gaps: int = 0


class Facts(Struct, frozen=True):
    """All that a snapshot is made of.

    booked     charges of budgets, by the numbers of those
    resources  what resources came to in the month that `whole_month` names
    types      how estimates have come out by type, where that was asked for
    forecasts  what `guardrail budget` tells of budgets, by name
    """

    bills: Sequence[SourceMonth]
    booked: Sequence[Booked]
    resources: Sequence[ResourceMonth]
    types: Sequence[BilledType] = ()
    forecasts: Mapping[str, BudgetAnswer] = field(default_factory=dict)


def snapshot(
    facts: Facts,
    budgets: Sequence[Budget],
    convert: Convert,
    *,
    now: datetime,
    currency: str,
    cost: Literal["effective", "billed"],
) -> Snapshot:
    """Return the snapshot. Only budgets that limit what is billed are in it."""
    months = billed_months(facts.bills, now)
    month = whole_month(months)
    # The longest period is a year: no budget looks farther back.
    of_year = [one.month for one in months if one.month >= f"{now.astimezone(UTC).year:04}-01"]
    booked: defaultdict[int, list[Booked]] = defaultdict(list)
    for one in facts.booked:
        booked[one.budget].append(one)
    return Snapshot(
        tool=__version__,
        generated_at=now.astimezone(UTC),
        currency=currency,
        cost=cost,
        month=month,
        months=tuple(months),
        resources=tuple(_resources(facts.resources, month or "", convert)),
        budgets=tuple(
            _budget(one, booked[number], facts.forecasts.get(one.name), of_year, convert, cost)
            for number, one in enumerate(budgets)
            if one.limits_spend
        ),
        types=tuple(sorted(facts.types, key=lambda one: one.type)),
    )


def types_of(compared: Iterable[Compared], months: int = 1) -> list[BilledType]:
    """Return how estimates of each type have come out, of resources that there is an estimate of.

    What is estimated is for the hours of the month and for the time that a resource was there. Amounts are of one currency.
    """
    by_address: defaultdict[tuple[str | None, str], list[Compared]] = defaultdict(list)
    for one in compared:
        if one.address and one.type:
            by_address[one.project, one.address].append(one)
    by_type: defaultdict[str, list[list[Compared]]] = defaultdict(list)
    for items in by_address.values():
        if any(one.estimate or one.partial for one in items) and any(one.bill for one in items):
            by_type[items[0].type or ""].append(items)
    return [
        BilledType(
            type=name,
            resources=len(group),
            months=months,
            estimated=_text(sum((_estimated(one) for items in group for one in items), Fraction(0))),
            billed=_text(sum((one.bill for items in group for one in items), Fraction(0))),
        )
        for name, group in sorted(by_type.items())
    ]


def _estimated(one: Compared) -> Amount:
    return one.estimate + one.parts.get(Cause.TIME, 0) + one.parts.get(Cause.EXISTENCE, 0)


def _resources(found: Iterable[ResourceMonth], month: str, convert: Convert) -> list[BilledResource]:
    alike: defaultdict[tuple[str, str], list[ResourceMonth]] = defaultdict(list)
    for one in found:
        alike[one.project, one.address].append(one)
    return [
        BilledResource(
            project=project,
            address=address,
            type=group[0].type or "",
            ids=group[0].ids,
            amount=None
            if any(one.gaps for one in group)
            else _text(sum((convert(one.amount, one.currency, month) for one in group), 0)),
        )
        for (project, address), group in sorted(alike.items())
    ]


def _budget(
    budget: Budget,
    booked: Iterable[Booked],
    answer: BudgetAnswer | None,
    months: Iterable[str],
    convert: Convert,
    cost: str,
) -> BilledBudget:
    sums = {month: _Sum() for month in months}
    for one in booked:
        if one.month not in sums:
            continue
        held = sums[one.month]
        more, less = convert(one.more, one.currency, one.month), convert(one.less, one.currency, one.month)
        held.gaps += one.gaps
        if one.certain:
            held.amount += more + less
        else:
            held.more, held.less = held.more + more, held.less + less
    return BilledBudget(
        name=budget.name,
        match=digest_of(to_builtins(budget.match)),
        months=tuple(
            BudgetMonth(
                month=month, amount=_text(one.amount), more=_text(one.more), less=_text(one.less), gaps=one.gaps
            )
            for month, one in sorted(sums.items())
        ),
        cost=None if budget.cost in {None, cost} else budget.cost,
        forecast=_forecast(answer) if answer else None,
        forecast_why="; ".join(answer.unknown) if answer and not answer.forecast else "",
        open=tuple(
            OpenPullRequest(
                project=one.project, number=one.number, monthly=money_text(one.monthly), unpriced=one.unpriced
            )
            for one in (answer.proposals if answer else ())
        ),
    )


def _forecast(answer: BudgetAnswer) -> ForecastOfBudget | None:
    found = answer.forecast
    if found is None:
        return None
    return ForecastOfBudget(
        period=answer.period,
        amount=money_text(found.amount),
        at_least=found.at_least,
        half=None if found.half_width is None else money_text(found.half_width),
        shared=None if found.shared is None else money_text(found.shared),
    )


def _text(amount: Amount) -> str:
    with localcontext(prec=60):
        return money_text(decimal_of(apportioned([amount])[0]))
