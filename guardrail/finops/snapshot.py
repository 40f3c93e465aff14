"""The snapshot of a ledger, from what its views tell: how far bills go, what resources and budgets came to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Literal

from guardrail import __version__
from guardrail.bills.parts import Part, ResourceMonth, SourceMonth
from guardrail.errors import ConfigError
from guardrail.finops.accuracy import Compared
from guardrail.finops.accuracy import Part as Cause
from guardrail.finops.exact import Amount, apportioned, decimal_of, units
from guardrail.model.billed.snapshot import (
    BilledBudget,
    BilledMonth,
    BilledResource,
    BilledType,
    BudgetMonth,
    Snapshot,
    digest_of,
    money_text,
)
from guardrail.policy.budget_spend import end_of
from guardrail.policy.budgets import Budget, BudgetMatch
from guardrail.policy.glob import matches_any
from guardrail.terraform.address import parse

ENDED = 3
"""A source without a bill for so many months is no source any more."""
Convert = Callable[[Decimal, str, str], Amount]
"""Makes an amount of a month and a currency one in the snapshot's currency, exactly."""


@dataclass
class _Sum:
    """What of a month is a budget's for sure, and what may be."""

    amount: Amount = 0
    more: Amount = 0
    less: Amount = 0
    gaps: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a snapshot is made of.

    resources  what resources came to in the month that `whole_month` names
    types      how estimates have come out by type, where that was asked for
    """

    bills: Sequence[SourceMonth]
    charges: Sequence[Part]
    resources: Sequence[ResourceMonth]
    types: Sequence[BilledType] = field(default=())


def snapshot(
    facts: Facts,
    budgets: Sequence[Budget],
    environments: Mapping[str, str],
    convert: Convert,
    *,
    now: datetime,
    currency: str,
    cost: Literal["effective", "billed"],
) -> Snapshot:
    """Return the snapshot. Only budgets that limit what is billed are in it.

    environments  of the configuration's projects
    """
    months = billed_months(facts.bills)
    month = whole_month(months)
    return Snapshot(
        tool=__version__,
        generated_at=now.astimezone(UTC),
        currency=currency,
        cost=cost,
        month=month,
        months=tuple(months),
        resources=tuple(_resources(facts.resources, month or "", convert)),
        budgets=tuple(
            _budget(one, months, facts.charges, environments, convert) for one in budgets if one.spend is not None
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


def billed_months(bills: Iterable[SourceMonth]) -> list[BilledMonth]:
    """Return the months that there are bills of. A month goes as far as the shortest of its bills."""
    by_month: defaultdict[str, list[SourceMonth]] = defaultdict(list)
    sources: defaultdict[str, set[str]] = defaultdict(set)
    for one in bills:
        by_month[one.month].append(one)
        sources[one.source].add(one.month)
    found = []
    for month, alike in sorted(by_month.items()):
        there = {one.source for one in alike}
        expected = {name for name, told in sources.items() if any(_before(month, ENDED) <= one < month for one in told)}
        found.append(
            BilledMonth(
                month=month,
                through=min(_through(one) for one in alike),
                open=any(one.open for one in alike),
                without=tuple(sorted(expected - there)),
                latest=latest if (latest := max(map(_through, alike))) > min(map(_through, alike)) else None,
            )
        )
    return found


def whole_month(months: Sequence[BilledMonth]) -> str | None:
    """Return the newest month that bills tell to its end, all sources included; None where there is none."""
    whole = [one.month for one in months if not one.without and one.through >= end_of(one.month)]
    return whole[-1] if whole else None


def _through(bill: SourceMonth) -> datetime:
    """Return until when a bill tells what was used: a final one to the end of its month, whatever was used last."""
    end, begin = end_of(bill.month), datetime.fromisoformat(f"{bill.month}-01T00:00:00+00:00")
    if not bill.open and bill.imported_at >= end:
        return end
    # Charges by the month end with it, though the bill was imported in its midst.
    return max(min(bill.through or begin, bill.imported_at, end), begin).astimezone(UTC)


def _before(month: str, number: int) -> str:
    year, of = map(int, month.split("-"))
    count = year * 12 + of - 1 - number
    return f"{count // 12:04}-{count % 12 + 1:02}"


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
    months: Sequence[BilledMonth],
    charges: Iterable[Part],
    environments: Mapping[str, str],
    convert: Convert,
) -> BilledBudget:
    sums = {one.month: _Sum() for one in months}
    for one in charges:
        if one.month not in sums or (counts := of_budget(budget.match, one, environments)) is False:
            continue
        held = sums[one.month]
        more, less = convert(one.more, one.currency, one.month), convert(one.less, one.currency, one.month)
        held.gaps += one.gaps
        if counts:
            held.amount += more + less
        else:
            held.more, held.less = held.more + more, held.less + less
    return BilledBudget(
        name=budget.name,
        match=digest_of(budget.match.model_dump(mode="json")),
        months=tuple(
            BudgetMonth(
                month=month, amount=_text(one.amount), more=_text(one.more), less=_text(one.less), gaps=one.gaps
            )
            for month, one in sorted(sums.items())
        ),
    )


def of_budget(match: BudgetMatch, charge: Part, environments: Mapping[str, str]) -> bool | None:
    """Say whether charges are a budget's; None where nothing tells it.

    A charge of no known project may be of any, and one of no known address of any resource in its project. Tags are those
    of the resource, and of a charge without one those of the bill, where it has all that are asked for.
    """
    answers: list[bool | None] = []
    names = (*match.projects, *([match.project] if match.project is not None else []))
    if names or match.env is not None:
        answers.append(None if charge.project is None else _of_project(match, names, charge.project, environments))
    for globs, value in (
        (match.types, charge.type),
        (match.modules, None if charge.address is None else _module_of(charge.address)),
        (match.addresses, charge.address),
    ):
        if globs:
            answers.append(None if value is None else matches_any(globs, value))
    if match.tags:
        answers.append(_of_tags(match.tags, charge))
    if False in answers:
        return False
    return None if None in answers else True


def _of_project(match: BudgetMatch, names: Sequence[str], project: str, environments: Mapping[str, str]) -> bool | None:
    if names and not matches_any(names, project):
        return False
    if match.env is None:
        return True
    env = environments.get(project)
    return None if env is None else matches_any([match.env], env)


def _of_tags(wanted: Mapping[str, str | tuple[str, ...]], charge: Part) -> bool | None:
    told = charge.tags if charge.tags is not None else charge.bill_tags
    answers = [None if (value := told.get(key)) is None else matches_any(globs, value) for key, globs in wanted.items()]
    if False in answers:
        return False
    if None in answers:
        return False if charge.tags is not None else None  # a resource that lacks the tag is none of the budget's
    return True


def _module_of(address: str) -> str:
    found = parse(address)
    return found.module if found else ""


def _text(amount: Amount) -> str:
    with localcontext(prec=60):
        return money_text(decimal_of(apportioned([amount])[0]))


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
