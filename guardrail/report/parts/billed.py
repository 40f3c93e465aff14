"""Real costs beside estimates, in the words that all reports for people share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from decimal import Decimal

from msgspec import Struct

from guardrail.model.billed.costs import BudgetForecast, BudgetSpend, LedgerView, RealCost, TypeAccuracy
from guardrail.model.money import ZERO, brief, money, rounded
from guardrail.model.totals import Bound
from guardrail.report.format import count, quantity, with_bound
from guardrail.report.parts.amounts import side_amount
from guardrail.report.parts.rows import Row, has_effect
from guardrail.report.text import safe

_LIMIT = 200
_SHORT = 40


class BilledRow(Struct, frozen=True):
    """A resource whose real cost is known, or of which an export does not tell all."""

    row: Row
    cost: RealCost

    def amounts(self, currency: str) -> tuple[str, str, str]:
        """Return the estimate before and after the change, and what was billed."""
        one = self.row.resource
        before, after = side_amount(one.before, currency), side_amount(one.after, currency)
        return before, after, "not known" if self.cost.amount is None else money(self.cost.amount, currency)


class Billed(Struct, frozen=True):
    """What a report tells of a ledger's snapshot; falsy where there is nothing to tell."""

    view: LedgerView
    rows: Sequence[BilledRow]
    resources: int
    currency: str

    def __bool__(self) -> bool:
        return bool(not self.view.why and (self.view.month or self.view.budgets)) or bool(self.view.budgets)

    @property
    def title(self) -> str:
        """The heading."""
        return "Estimate and bill"

    @property
    def heads(self) -> tuple[str, ...]:
        """The headings of the columns."""
        return (
            "Resource",
            "Estimate before",
            "After",
            f"Billed {safe(self.view.month or '', _SHORT)}{', open' if self.view.open else ''}",
        )

    def lines(self) -> Iterator[str]:
        """Give what is told in sentences: the month, the types at hand, the budgets."""
        if not self.view.why:
            yield self._month()
            yield from (_accuracy(one, self.currency) for one in self.view.accuracy)
        for one in self.view.budgets:
            yield _budget(one, self.currency)
            if one.forecast and (one.forecast.known is not None or one.forecast.why != one.why):
                yield _forecast(one, one.forecast, self.currency)

    def _month(self) -> str:
        view = self.view
        made = f"{view.generated_at.astimezone(UTC):%Y-%m-%d}" if view.generated_at else "no known day"
        source = f"{safe(view.file, _LIMIT)} of {made}"
        if view.month is None:
            return f"no bill of a whole month is in {source}"
        month = safe(view.month, _SHORT)
        known = [one for one in self.rows if one.cost.amount is not None]
        if not known:
            return f"bills of {month} have none of the {count(self.resources, 'resource')} here ({source})"
        billed = sum((one.cost.amount or ZERO for one in known), ZERO)
        sides = [one.row.resource.before or one.row.resource.after for one in known]
        gap = any(side is None or side.is_lower_bound for side in sides)
        estimate = sum((side.known for side in sides if side), ZERO)
        of = f"{len(known):,} of {count(self.resources, 'resource')}"
        state = ", which may still change" if view.open else ""
        told = with_bound(estimate, Bound.AT_LEAST if gap else Bound.EXACT, self.currency)
        cost = safe(view.cost, _SHORT)
        return (
            f"{month}: {brief(billed, self.currency)} billed ({cost} cost{state}) for {of}; "
            f"their estimate is {told} a month of 730 hours ({source})"
        )


def billed(view: LedgerView | None, rows: Sequence[Row], currency: str) -> Billed | None:
    """Return what to tell of a snapshot; None where there is nothing. What changes comes first, then what costs most."""
    if view is None:
        return None
    found = [BilledRow(row, cost) for row in rows if (cost := view.real.get((row.owner, row.resource.change.address)))]
    found.sort(key=lambda one: (not has_effect(one.row), -abs(one.cost.amount or ZERO)))
    made = Billed(view, found, len(rows), currency)
    return made or None


def _accuracy(one: TypeAccuracy, currency: str) -> str:
    name, of = safe(one.type, _LIMIT), f"{count(one.resources, 'resource')}, {count(one.months, 'month')}"
    if one.estimated <= 0:
        return f"{name}: bills came to {money(one.billed, currency)}, where estimates had no amount ({of})"
    part = one.billed / one.estimated * 100
    return f"{name}: bills came to {quantity(rounded(part, 1))}% of estimates ({of})"


def _budget(one: BudgetSpend, currency: str) -> str:
    name, period, why = safe(one.name, _LIMIT), safe(one.period, _SHORT), safe(one.why, _LIMIT)
    head = f"budget {name}, {_limit(one, currency)} for {period}"
    if one.spent is None:
        return f"{head}: what is spent is not known: {why}"
    until = f" by {one.through.astimezone(UTC):%Y-%m-%d}" if one.through else ""
    spent = f"{_between(one.spent, one.spent_most, currency)} spent{until}"
    rest = f"{_between(one.projected, one.projected_most, currency)} with the rest of it at the estimate"
    return f"{head}: {spent}, {rest}" + (f" ({why})" if why else "")


def _limit(one: BudgetSpend, currency: str) -> str:
    return "whose amount is not known" if one.limit is None else money(one.limit, currency)


def _forecast(one: BudgetSpend, found: BudgetForecast, currency: str) -> str:
    """Return the forecast of a budget, what this change and open ones add to it, and what comes of it if all merge."""
    head = f"budget {safe(one.name, _LIMIT)}, {_limit(one, currency)}"
    if found.known is None:
        return f"{head}: no forecast: {safe(found.why, _LIMIT)}"
    width = f" ± {money(found.half, currency)}" if found.half else ""
    parts = [f"forecast {_between(found.known, found.most, currency)}{width}"]
    change = "not known" if found.change is None else money(found.change, currency, signed=True)
    parts.append(f"this change {change}")
    if found.others:
        others = f"{found.others:,} other open pull request{'s' if found.others > 1 else ''}"
        parts.append(f"{others} {'not known' if found.added is None else money(found.added, currency, signed=True)}")
    whole = "not known" if found.if_all_merge is None else money(found.if_all_merge, currency)
    least = "at least " if found.if_all_merge is not None and found.most != found.known else ""
    return f"{head}: {', '.join(parts)}: {least}{whole} if {'all merge' if found.others else 'it merges'}"


def _between(least: Decimal | None, most: Decimal | None, currency: str) -> str:
    if least is None:
        return "not known"
    if most is None:
        return f"at least {money(least, currency)}"
    return money(least, currency) if least == most else f"{money(least, currency)} to {money(most, currency)}"
