"""Shares of budgets that are passed, as what people are told once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from guardrail.finops.budgets.answer import Alert, BudgetAnswer, Budgets
from guardrail.finops.budgets.text import alert_text, between, certainty, forecast_text
from guardrail.model.billed.cost_alert import CostAlert
from guardrail.model.finding import fingerprint
from guardrail.model.money import money, plain


def alerts_of(found: Budgets, owners: Mapping[str, str]) -> list[CostAlert]:
    """Return an alert for each budget and thing (spent, forecast) of which a share is passed: the largest one tells of all.

    owners  name of a budget -> the team that it is of
    A share is told once in a period.
    """
    return [
        _alert(budget, alert, found.currency, owners.get(budget.name, ""))
        for budget in found.budgets
        for of in ("spent", "forecast")
        if (alert := max((a for a in budget.alerts if a.of == of and a.passed), key=lambda a: a.share, default=None))
    ]


def _alert(budget: BudgetAnswer, alert: Alert, currency: str, owner: str) -> CostAlert:
    amount = budget.spent if alert.of == "spent" else budget.forecast.amount if budget.forecast else None
    which = f"{budget.period} {alert.of} {plain(alert.share)}"
    return CostAlert(
        fingerprint("budget", budget.name, which),
        "budget",
        owner,
        f"budget {budget.name}, {budget.period}: {alert_text(alert, budget, currency).partition(': ')[2]}",
        amount,
        currency,
        facts=tuple(_facts(budget, currency)),
    )


def _facts(budget: BudgetAnswer, currency: str) -> Iterator[tuple[str, str]]:
    yield "amount", money(budget.amount, currency)
    until = f" by {budget.through:%Y-%m-%d}" if budget.through else ""
    yield "spent", f"{between(budget.spent, budget.spent_most, currency)}{until}"
    if budget.forecast:
        yield "forecast", forecast_text(budget.forecast, currency)
        yield "how sure", "; ".join(certainty(budget, budget.forecast, currency))
    for reason in budget.unknown:
        yield "not known", reason
