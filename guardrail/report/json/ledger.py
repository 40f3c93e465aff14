"""Real costs in the JSON of a report, written and read back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from guardrail.model.billed.costs import BudgetForecast, BudgetSpend, LedgerView, RealCost, TypeAccuracy
from guardrail.model.money import plain
from guardrail.report.json import document


def ledger_document(view: LedgerView) -> dict[str, Any]:
    """Return what a report shows of a ledger, without what is told of single resources."""
    return {
        "file": view.file,
        "generated_at": view.generated_at.isoformat() if view.generated_at else None,
        "why": view.why,
        "cost": view.cost,
        "month": view.month,
        "open": view.open,
        "accuracy": [
            {
                "type": one.type,
                "resources": one.resources,
                "months": one.months,
                "estimated": plain(one.estimated),
                "billed": plain(one.billed),
            }
            for one in view.accuracy
        ],
        "budgets": [
            {
                "name": one.name,
                "period": one.period,
                "limit": plain(one.limit),
                "through": one.through.isoformat() if one.through else None,
                "spent": plain(one.spent),
                "spent_most": plain(one.spent_most),
                "projected": plain(one.projected),
                "projected_most": plain(one.projected_most),
                "why": one.why,
                "forecast": _forecast(one.forecast) if one.forecast else None,
            }
            for one in view.budgets
        ],
    }


def ledger_of(data: document.Result) -> LedgerView | None:
    """Return what a result shows of a ledger, None where it shows nothing."""
    view = data.ledger
    if view is None:
        return None
    return LedgerView(
        view.file,
        view.generated_at,
        view.cost,
        view.month,
        view.open,
        {
            (project.name, one.address): RealCost(one.billed.month, _amount(one.billed.amount), one.billed.open)
            for project in data.projects
            for one in project.resources
            if one.billed
        },
        tuple(
            TypeAccuracy(one.type, one.resources, one.months, Decimal(one.estimated), Decimal(one.billed))
            for one in view.accuracy
        ),
        tuple(
            BudgetSpend(
                one.name,
                one.period,
                _amount(one.limit),
                one.through,
                _amount(one.spent),
                _amount(one.spent_most),
                _amount(one.projected),
                _amount(one.projected_most),
                one.why,
                _forecast_of(one.forecast) if one.forecast else None,
            )
            for one in view.budgets
        ),
        view.why,
    )


def _forecast(one: BudgetForecast) -> dict[str, Any]:
    return {
        "known": plain(one.known),
        "most": plain(one.most),
        "half": plain(one.half),
        "change": plain(one.change),
        "others": one.others,
        "added": plain(one.added),
        "if_all_merge": plain(one.if_all_merge),
        "why": one.why,
    }


def _forecast_of(one: document.BudgetForecast) -> BudgetForecast:
    return BudgetForecast(
        *(_amount(one.known), _amount(one.most), _amount(one.half), _amount(one.change)),
        *(one.others, _amount(one.added), _amount(one.if_all_merge), one.why),
    )


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
