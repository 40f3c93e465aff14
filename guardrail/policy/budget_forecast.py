"""What a budget's period will come to by the forecast of a ledger's snapshot, with this change and with all that is proposed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from guardrail.model.money import ZERO, months_between
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.spend import Spend

if TYPE_CHECKING:
    from datetime import datetime

    from guardrail.model.billed.snapshot import BilledBudget


class Outlook(Struct, frozen=True):
    """What a snapshot says a period will come to.

    least, most  of the forecast, without and with charges of which nothing tells whose they are; None where not known
    half         how far it may be off in four cases of five; None where there is too little history
    rest         what is left of the period from the run on, in months of 730 hours, as estimates have them
    others       how many open pull requests beside this one add something
    added        what they add to the period; None where one of them has a part without a price
    why, remedy  what keeps the forecast from being known, and what makes it known
    no_change    why nothing tells what this change adds, "" where the run tells it
    """

    least: Decimal | None = None
    most: Decimal | None = None
    half: Decimal | None = None
    rest: Decimal = ZERO
    others: int | None = None
    added: Decimal | None = None
    why: str = ""
    remedy: str = ""
    no_change: str = ""

    def change(self, sums: Spend) -> Decimal | None:
        """Return what this change adds to the period if it is merged now, None where that is not known."""
        return None if sums.delta_unpriced or self.no_change else sums.delta * self.rest

    def if_all_merge(self, sums: Spend) -> Decimal | None:
        """Return the forecast with this change and all other open pull requests, at least; None where that is not known."""
        change = self.change(sums)
        if self.least is None or change is None or self.added is None:
            return None
        return self.least + change + self.added

    def values(self, sums: Spend, limit: Decimal | Unknown | None) -> dict[str, Json]:
        """Return what a rule reads below `budget.forecast` and `budget.open`; `sums` is what the resources cost."""
        change = self.change(sums)
        least = None if self.least is None or change is None else self.least + change
        most = None if self.most is None or change is None else self.most + change
        low = None if self.half is None or self.least is None else self.least - self.half
        high = None if self.half is None or self.most is None else self.most + self.half
        told = {"known": self.least, "most": self.most, "low": low, "high": high, "with_change": least}
        within: Json = limit
        if isinstance(limit, Decimal):
            within = self._within(least, most, limit)
        return {
            "forecast": {
                **{name: self._or_unknown(f"forecast.{name}", amount) for name, amount in told.items()},
                "within": within,
            },
            "open": {
                "pull_requests": self._or_unknown("open.pull_requests", self.others),
                "added": self._or_unknown("open.added", self.added),
                "if_all_merge": self._or_unknown("open.if_all_merge", self.if_all_merge(sums)),
            },
        }

    def _within(self, least: Decimal | None, most: Decimal | None, limit: Decimal) -> bool | Unknown:
        if least is not None and least > limit:
            return False
        if most is not None and most <= limit:
            return True
        return self._unknown("forecast.within")

    def _or_unknown(self, name: str, value: Decimal | int | None) -> Decimal | int | Unknown:
        return self._unknown(name) if value is None else value

    def _unknown(self, name: str) -> Unknown:
        if self.least is None:
            return Unknown(f"budget.{name}", f"not known: {self.why}", None, self.remedy)
        if name.endswith((".low", ".high")):
            why, remedy = (
                "there is too little history for an interval",
                "it takes six past forecasts: import older bills",
            )
        elif name.startswith("open") and self.added is None:
            why, remedy = "part of what open pull requests add has no price", "their own reports list what has none"
        elif self.no_change:
            why, remedy = self.no_change, "check the JSON of a plan, or give --base or --compare-with"
        else:
            why, remedy = (
                self.why or "part of what the change adds has no price, or the bills have charges of nobody",
                self.remedy,
            )
        return Unknown(f"budget.{name}", f"not known: {why}", None, remedy)


NO_OUTLOOK = Outlook(why="no snapshot of a ledger is there")
NO_COMPARISON = "nothing tells what the configuration is compared with, so that all of it looks like a change"


class ThisChange(Struct, frozen=True):
    """What a run says of the change that it judges.

    number     of its pull request, None outside of one
    projects   that it is of
    no_change  why nothing tells what it adds
    """

    number: int | None = None
    projects: frozenset[str] = frozenset()
    no_change: str = ""


NO_PULL_REQUEST = ThisChange()


def outlook_of(found: BilledBudget, where: str, period: str, now: datetime, end: datetime, this: ThisChange) -> Outlook:
    """Return what a snapshot's budget says of a period that ends at a time. What it does not tell is not known, and never 0."""
    anew = "make it anew: `guardrail ledger snapshot --out FILE`"
    forecast, rest = found.forecast, months_between(now, end)
    if forecast is None:
        why = found.forecast_why or f"{where} has no forecast of this budget"
        return Outlook(why=why, remedy=anew, rest=rest, no_change=this.no_change)
    if forecast.period != period:
        why = f"{where} forecasts {forecast.period}, and this run is in {period}"
        return Outlook(why=why, remedy=anew, rest=rest, no_change=this.no_change)
    amount, shared = Decimal(forecast.amount), Decimal(forecast.shared or 0)
    others = [one for one in found.open if not (one.number == this.number and one.project in this.projects)]
    why = ""
    if forecast.at_least:
        why = "some days of the period have no bill"
    elif forecast.shared is None or shared:
        why = "the bills have charges of which nothing tells whose they are"
    return Outlook(
        amount + min(shared, ZERO),
        None if forecast.at_least or forecast.shared is None else amount + max(shared, ZERO),
        None if forecast.half is None else Decimal(forecast.half),
        rest,
        len({(one.project, one.number) for one in others}),
        None if any(one.unpriced for one in others) else sum((Decimal(one.monthly) for one in others), ZERO) * rest,
        why,
        "",
        this.no_change,
    )
