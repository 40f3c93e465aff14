"""The answer of `guardrail budget`: what of each budget is spent, what its period will come to, and what is not known."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from guardrail.finops.budgets.forecast import Backtest


class KnownChange(Struct, frozen=True):
    """A merged change that the days of the rate do not show, or not all of them.

    since    from when on it is there; None where it was merged, and the newest state does not show it yet
    monthly  what it adds to a month of 730 hours, by the estimate
    """

    project: str
    address: str
    since: datetime | None
    monthly: Decimal


class Expected(Struct, frozen=True):
    """A charge that is booked once a month, and will be again: what it is, the day, and what it came to last time."""

    name: str
    day: date
    amount: Decimal


class Forecast(Struct, frozen=True):
    """What a period will come to, in the currency of the answer; each amount is of the whole period.

    amount      booked, regular, rate and changes together
    at_least    days of the period have no bill, and are in no amount
    low, high   between which it will be in four cases of five; None where there is too little history
    booked      what bills have booked of days that they tell whole, and of what is charged once a month
    regular     what is charged once a month and still to come
    rate        the days left, at the medians of their weekdays in the four weeks before
    changes     what known changes add to those days
    told_until  the day after the last one that bills tell whole: the rate is of the four weeks before it
    begin       the first day of the period that is forecast
    days        so many days are forecast
    shared      what charges will come to of which nothing tells whose they are; in no other amount. None where it cannot be told
    backtest    how far such forecasts have been off, None where none can be held to a bill
    interval_why   why there is no interval, "" where there is one
    """

    amount: Decimal
    at_least: bool
    low: Decimal | None
    high: Decimal | None
    booked: Decimal
    regular: Decimal
    rate: Decimal
    changes: Decimal
    told_until: date
    begin: date
    days: int
    shared: Decimal | None
    backtest: Backtest | None
    interval_why: str
    known: tuple[KnownChange, ...] = ()
    expected: tuple[Expected, ...] = ()

    @property
    def half_width(self) -> Decimal | None:
        """How far from the amount the ends of the interval are."""
        return None if self.high is None else self.high - self.amount


class Proposal(Struct, frozen=True):
    """What an open pull request would add: to a month of 730 hours, and to the period if it were merged now.

    unpriced  components of it without a price: then it adds at least that
    """

    project: str
    number: int
    monthly: Decimal
    amount: Decimal
    unpriced: int


class Alert(Struct, frozen=True):
    """A share of a budget's amount that somebody wants to hear of.

    of         spent or forecast
    share      in percent
    block      whether passing it makes the exit code 1
    threshold  the share as an amount, None where the budget has none for the period
    passed     None where it is not known
    """

    of: str
    share: Decimal
    block: bool
    threshold: Decimal | None
    passed: bool | None


class BudgetAnswer(Struct, frozen=True):
    """A budget in the period that the answer is of.

    period        2026-10, 2026-Q4 or 2026
    begin, end    its first day, and the day after its last
    cost          which cost is counted: effective or billed
    amount        what may be spent, None where the configuration does not say it for the period
    through       until when bills tell what is spent, None where none does
    spent         what bills say, at least; None where no bill tells it
    spent_most    the same at most, with charges of which nothing tells whose they are; None where it is not known
    forecast      None where there is none; `unknown` says why
    proposals     open pull requests that would change what it comes to
    if_all_merge  the forecast and all of them, None without a forecast
    unknown       what is not known, in sentences
    """

    name: str
    period: str
    begin: date
    end: date
    cost: str
    amount: Decimal | None
    through: datetime | None
    spent: Decimal | None
    spent_most: Decimal | None
    forecast: Forecast | None
    proposals: tuple[Proposal, ...]
    if_all_merge: Decimal | None
    alerts: tuple[Alert, ...]
    unknown: tuple[str, ...]


class Budgets(Struct, frozen=True):
    """An answer: budgets in the order of the configuration, as known at a time.

    without  names of budgets that do not say what may be billed, and are not in it
    """

    now: datetime
    currency: str
    budgets: tuple[BudgetAnswer, ...]
    without: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether a share that is to block is passed."""
        return any(alert.block and alert.passed for one in self.budgets for alert in one.alerts)

    @property
    def cannot_tell(self) -> bool:
        """Whether nothing tells if a share that is to block is passed."""
        return any(alert.block and alert.passed is None for one in self.budgets for alert in one.alerts)
