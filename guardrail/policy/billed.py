"""What bills say of a budget's period, and what it comes to with the rest of it at the estimate: amounts that rules read."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from guardrail.model.unknown import Json, Unknown
from guardrail.policy.budget_forecast import NO_OUTLOOK, Outlook
from guardrail.policy.spend import Spend


class Billed(Struct, frozen=True):
    """What is spent of a period, at least and at most, and how much of it is left.

    least, most   None where not known
    rest          in months of 730 hours, as estimates have them, from when the last of the bills ends
    rest_most     the same from when the first of them ends; None where it is the same
    through       until when bills tell what is spent
    why, remedy   what keeps an amount from being known, and what makes it known
    outlook       what the period will come to by the forecast
    """

    least: Decimal | None = None
    most: Decimal | None = None
    rest: Decimal = Decimal(0)
    rest_most: Decimal | None = None
    through: datetime | None = None
    why: str = ""
    remedy: str = ""
    outlook: Outlook = NO_OUTLOOK

    def values(self, sums: Spend, limit: Decimal | Unknown | None) -> dict[str, Json]:
        """Return what a rule reads below `budget.spent`, `budget.projected`, `budget.forecast` and `budget.open`; `sums` is what the resources cost."""
        least, most = self.projected(sums)
        gap = _PART if sums.unpriced else ""
        projected = self._amounts("budget.projected", least, most, gap)
        return {
            "spent": self._amounts("budget.spent", self.least, self.most, ""),
            "projected": {**projected, "within": self._within(least, most, limit, gap)},
            **self.outlook.values(sums, limit),
        }

    def projected(self, sums: Spend) -> tuple[Decimal | None, Decimal | None]:
        """Return what the period comes to, at least and at most; None for what is not known."""
        least = None if self.least is None else self.least + sums.known * self.rest
        rest = self.rest if self.rest_most is None else self.rest_most
        most = None if self.most is None or (sums.unpriced and rest) else self.most + sums.known * rest
        return least, most

    def _within(
        self, least: Decimal | None, most: Decimal | None, limit: Decimal | Unknown | None, gap: str
    ) -> bool | Unknown | None:
        """Say whether the period stays within a limit: for sure, or certainly not; unknown where it depends."""
        if limit is None or isinstance(limit, Unknown):
            return limit
        if least is not None and least > limit:
            return False
        return True if most is not None and most <= limit else self._unknown("budget.projected.within", gap)

    def _amounts(
        self, name: str, least: Decimal | None, most: Decimal | None, gap: str
    ) -> dict[str, Decimal | Unknown]:
        told = {"known": least, "most": most}
        return {
            part: self._unknown(f"{name}.{part}", gap) if amount is None else amount for part, amount in told.items()
        }

    def _unknown(self, name: str, gap: str) -> Unknown:
        return Unknown(name, f"not known: {self.why or gap or _SHARED}", None, self.remedy)


_PART = "part of the cost of its resources is not known"
_SHARED = "the bills have charges of which nothing tells whose they are"
NOT_BILLED = Billed(why="no snapshot of a ledger is there")
