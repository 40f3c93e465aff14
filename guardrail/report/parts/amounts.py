"""Before, after and delta as the rows of reports print them: a gap is never a 0."""

from __future__ import annotations

from collections.abc import Iterable

from guardrail.model.cost import Cost, Line, ResourceCost
from guardrail.model.money import money
from guardrail.model.totals import Bound, Totals, bound_of_delta
from guardrail.report.format import NEEDS_USAGE, SHORT_STATUS, delta, with_bound

MISSING = "†"
"""Follows an amount of a resource that is a lower bound."""
LEGEND = f"{MISSING} at least: part of the cost has no price, or depends on usage that is not given"
ON_ASSUMED_USAGE = "‡"
"""Follows an amount of which a part stands on assumed usage."""

ASSUMED_LEGEND = f"{ON_ASSUMED_USAGE} all or part of it stands on assumed usage"


def legends(texts: Iterable[str]) -> list[str]:
    """Return what the marks in texts mean, those alone that are in them."""
    marks = {MISSING: LEGEND, ON_ASSUMED_USAGE: ASSUMED_LEGEND}
    texts = list(texts)
    return [meaning for mark, meaning in marks.items() if any(mark in text for text in texts)]


def total_amounts(totals: Totals, currency: str) -> tuple[str, str, str]:
    """Return before, after and delta of a sum for a row of totals, as bounds where something is missing."""
    before = with_bound(totals.monthly_before, totals.before_bound, currency)
    after = with_bound(totals.monthly_cost, totals.cost_bound, currency)
    return before, after, delta(totals, currency)


def change_amounts(resource: ResourceCost, currency: str, times: int = 1) -> tuple[str, str, str]:
    """Return before, after and delta of one resource, with a word where something of them is not known.

    `times`: of so many that cost the same, together.
    """
    gap_before, gap_after = resource.delta_gaps
    bound, amount = bound_of_delta(gap_before=gap_before, gap_after=gap_after), resource.total_delta * times
    shown = money(amount, currency, signed=True) + (ON_ASSUMED_USAGE if resource.delta_on_assumed_usage else "")
    if bound is Bound.NOT_KNOWN or (bound is not Bound.EXACT and not amount):
        shown = "not known" if resource.delta_unpriced else NEEDS_USAGE
    elif bound is not Bound.EXACT:
        shown = f"{shown}{MISSING}" if bound is Bound.AT_LEAST else f"at most {shown}"
    return side_amount(resource.before, currency, times), side_amount(resource.after, currency, times), shown


def line_amount(line: Line, currency: str) -> str:
    """Return what a line costs: a word where that is not known, a mark where it is a minimum."""
    if line.monthly_cost is None:
        return SHORT_STATUS[line.status]
    mark = ON_ASSUMED_USAGE if line.usage_profile else ""
    return money(line.monthly_cost, currency) + mark + (MISSING if line.at_least else "")


def side_amount(side: Cost | None, currency: str, times: int = 1) -> str:
    """Return what one side costs: "" where it does not exist, a word where nothing of it is known.

    A mark tells a lower bound.
    """
    if side is None:
        return ""
    if side.is_lower_bound and not side.total:
        return "not known" if side.unpriced else NEEDS_USAGE
    mark = ON_ASSUMED_USAGE if side.on_assumed_usage else ""
    return money(side.total * times, currency) + mark + (MISSING if side.is_lower_bound else "")
