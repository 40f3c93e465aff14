"""Before, after and delta as the rows of reports print them: a gap is never a 0."""

from __future__ import annotations

from collections.abc import Iterable

from guardrail.model.cost import Cost, ResourceCost
from guardrail.model.report import Totals
from guardrail.report.format import brief, delta, money

MISSING = "†"
"""Follows an amount from which something is missing that has no price or depends on usage."""


def total_amounts(totals: Totals, resources: Iterable[ResourceCost], currency: str) -> tuple[str, str, str]:
    """Return before, after and delta of a sum for a row of totals: "not known" for a 0 that only stands for gaps."""
    resources = tuple(resources)
    gap_before = any(r.before and (r.before.unpriced or r.before.usage_based) for r in resources)
    gap_after = any(r.after and (r.after.unpriced or r.after.usage_based) for r in resources)
    gap_delta = any(r.delta_unpriced for r in resources)
    before = "not known" if gap_before and not totals.monthly_before else brief(totals.monthly_before, currency)
    after = "not known" if gap_after and not totals.monthly_cost else brief(totals.monthly_cost, currency)
    return before, after, "not known" if gap_delta and not totals.monthly_delta else delta(totals, currency)


def change_amounts(resource: ResourceCost, currency: str) -> tuple[str, str, str]:
    """Return before, after and delta of one resource, with a word where something of them is not known."""
    before = side_amount(resource.before, currency)
    after = side_amount(resource.after, currency)
    change = resource.monthly_delta
    if resource.delta_unpriced and not change:
        return before, after, "not known"
    usage = any(side.usage_based for side in (resource.before, resource.after) if side)
    if usage and not change:
        return before, after, "usage"
    return before, after, money(change, currency, signed=True) + (MISSING if resource.delta_unpriced or usage else "")


def side_amount(side: Cost | None, currency: str) -> str:
    """Return what one side costs: "" where it does not exist, a word where nothing of it is known.

    A mark tells a sum from which something is missing.
    """
    if side is None:
        return ""
    missing = side.unpriced or side.usage_based
    if missing and not side.known:
        return "not known" if side.unpriced else "usage"
    return money(side.known, currency) + (MISSING if missing else "")
