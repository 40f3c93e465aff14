"""The JSON of `guardrail budget`: guardrail.budget/v1. Amounts are exact decimals as texts; null is what is not known."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from guardrail.files.document import Document
from guardrail.finops.budgets.answer import BudgetAnswer, Budgets, Forecast
from guardrail.model.money import plain

FORMAT: Literal["guardrail.budget/v1"] = "guardrail.budget/v1"


class BacktestDocument(Document):
    """How far earlier forecasts of as many days were off, in parts of what the period came to."""

    n: int
    mean: float
    worst: float


class ChangeDocument(Document):
    """A merged change that the days of the rate do not show, or not all of them."""

    project: str
    address: str
    since: datetime | None
    """null for what was merged and is in no state yet"""
    monthly: str
    """what it adds to a month of 730 hours, by the estimate"""


class ExpectedDocument(Document):
    """A charge that is booked once a month and is still to come, as it was the last time."""

    name: str
    day: date
    amount: str


class ForecastDocument(Document):
    """What the period will come to: booked, regular, rate and changes together."""

    amount: str
    at_least: bool
    """days of the period have no bill, and are in no amount"""
    low: str | None
    """between low and high it will be in four cases of five; null where there is too little history"""
    high: str | None
    booked: str
    regular: str
    """what is booked once a month and still to come"""
    rate: str
    """the days left at the medians of their weekdays"""
    changes: str
    told_until: date
    """the day after the last one that bills tell whole"""
    begin: date
    """the first day of the period that is forecast"""
    days: int
    shared: str | None
    """what charges will come to of which nothing tells whose they are; in no other amount"""
    backtest: BacktestDocument | None
    interval_why: str | None
    known_changes: tuple[ChangeDocument, ...]
    expected: tuple[ExpectedDocument, ...]


class PullRequestDocument(Document):
    """What an open pull request would add: to a month of 730 hours, and to the period if it were merged now."""

    project: str
    number: int
    monthly: str
    amount: str
    unpriced: int
    """components of it that have no price"""


class AlertDocument(Document):
    """A share of the amount that somebody wants to hear of."""

    of: Literal["spent", "forecast"]
    percent: str
    block: bool
    threshold: str | None
    passed: bool | None


class BudgetDocument(Document):
    """A budget in the period of the answer."""

    name: str
    period: str
    """2026-10, 2026-Q4 or 2026"""
    begin: date
    end: date
    """the day after its last"""
    cost: Literal["effective", "billed"]
    amount: str | None
    through: datetime | None
    """until when bills tell what is spent"""
    spent: str | None
    """at least"""
    spent_most: str | None
    forecast: ForecastDocument | None
    open_pull_requests: tuple[PullRequestDocument, ...]
    if_all_merge: str | None
    alerts: tuple[AlertDocument, ...]
    unknown: tuple[str, ...]


class BudgetsDocument(Document):
    """What `guardrail budget --format json` prints."""

    format: Literal["guardrail.budget/v1"] = Field(default=FORMAT, alias="schema")
    now: datetime
    currency: str
    budgets: tuple[BudgetDocument, ...]
    without_amount: tuple[str, ...]
    """names of budgets that do not say what may be billed"""


def document(found: Budgets) -> BudgetsDocument:
    """Return an answer as JSON describes it."""
    return BudgetsDocument(
        now=found.now,
        currency=found.currency,
        budgets=tuple(map(_budget, found.budgets)),
        without_amount=found.without,
    )


def _budget(one: BudgetAnswer) -> BudgetDocument:
    return BudgetDocument.model_validate(
        {
            **{name: getattr(one, name) for name in ("name", "period", "begin", "end", "cost", "through", "unknown")},
            **{name: plain(getattr(one, name)) for name in ("amount", "spent", "spent_most", "if_all_merge")},
            "forecast": _forecast(one.forecast) if one.forecast else None,
            "open_pull_requests": [
                PullRequestDocument(
                    project=proposal.project,
                    number=proposal.number,
                    monthly=_text(proposal.monthly),
                    amount=_text(proposal.amount),
                    unpriced=proposal.unpriced,
                )
                for proposal in one.proposals
            ],
            "alerts": [
                {
                    "of": alert.of,
                    "percent": _text(alert.share),
                    "block": alert.block,
                    "threshold": plain(alert.threshold),
                    "passed": alert.passed,
                }
                for alert in one.alerts
            ],
        }
    )


def _forecast(one: Forecast) -> ForecastDocument:
    told = one.backtest
    return ForecastDocument.model_validate(
        {
            **{name: getattr(one, name) for name in ("at_least", "told_until", "begin", "days")},
            **{
                name: plain(getattr(one, name))
                for name in ("amount", "low", "high", "booked", "regular", "rate", "changes", "shared")
            },
            "backtest": told and BacktestDocument(n=told.n, mean=round(told.mean, 6), worst=round(told.worst, 6)),
            "interval_why": one.interval_why or None,
            "known_changes": [
                ChangeDocument(
                    project=change.project, address=change.address, since=change.since, monthly=_text(change.monthly)
                )
                for change in one.known
            ],
            "expected": [
                ExpectedDocument(name=charge.name, day=charge.day, amount=_text(charge.amount))
                for charge in one.expected
            ],
        }
    )


def _text(amount: Decimal) -> str:
    return plain(amount) or "0"
