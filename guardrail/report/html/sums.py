"""What services, modules, teams and projects cost, as tables with bars."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from guardrail.model.money import ZERO
from guardrail.model.totals import Bound
from guardrail.report.format import gaps
from guardrail.report.html.blocks import left_out, rest, table
from guardrail.report.html.element import Child, Html, code, element
from guardrail.report.parts.amounts import total_amounts
from guardrail.report.parts.sums import Sum

_OPEN = 12
_LISTED = 300
_WIDTH = 400
PALE = "bound"
"""The look of a bar of a sum from which something is missing."""


def sum_table(name: str, found: Sequence[Sum], currency: str, *, of_change: bool) -> list[Html]:
    """Return the sums of one kind, the greatest first; the bars are those of the change, or else of the cost."""
    if not of_change:
        found = sorted(found, key=lambda one: -one.totals.monthly_cost)
    values = [_drawn(one, of_change=of_change) for one in found[:_LISTED]]
    low, high = min([ZERO, *values]), max([ZERO, *values])
    rows = []
    for one, value in zip(found[:_LISTED], values, strict=True):
        look = ("more" if value > 0 else "less") if of_change else "cost"
        drawn = bar(value, low, high, f"{look} {PALE}" if _bound(one, of_change=of_change) else look)
        rows.append(_row(one, drawn, currency, of_change=of_change))
    heads = [name, "Before", "After", "Change"] if of_change else [name, "Monthly cost"]
    numbers = len(heads) - 1
    parts = [table(heads, rows[:_OPEN], caption=f"By {name.lower()}", numbers=numbers)]
    if further := rows[_OPEN:]:
        parts.append(rest(f"{len(further):,} more", table(heads, further, numbers=numbers)))
    return [*parts, *left_out(len(found) - _LISTED, "sums are")]


def _row(one: Sum, drawn: Html | None, currency: str, *, of_change: bool) -> list[Child]:
    before, after, change = total_amounts(one.totals, currency)
    missing = gaps(one.totals, currency)
    name: list[Child] = [code(one.name, 80), element("span", f" ({missing})", class_="dim") if missing else None, drawn]
    return [name, before, after, element("b", change)] if of_change else [name, after]


def _drawn(one: Sum, *, of_change: bool) -> Decimal:
    """Return what a bar shows: 0, and thus no bar, where nothing is known."""
    if not of_change:
        return one.totals.monthly_cost
    return ZERO if one.totals.delta_bound is Bound.NOT_KNOWN else one.totals.monthly_delta


def _bound(one: Sum, *, of_change: bool) -> bool:
    return (one.totals.delta_bound if of_change else one.totals.cost_bound) is not Bound.EXACT


def bar(value: Decimal, low: Decimal, high: Decimal, look: str) -> Html | None:
    """Return a bar from the line that stands for 0; the amounts beside it say the same in words."""
    if not value:
        return None
    scale = _WIDTH / (high - low)
    zero, end = -low * scale, (value - low) * scale
    left, width = min(zero, end), max(abs(end - zero), Decimal(2))
    left = min(left, _WIDTH - width)
    return element(
        "svg",
        element("rect", x=f"{left:.1f}", y="1", width=f"{width:.1f}", height="8", class_=look),
        element("path", d=f"M{min(max(zero, Decimal(1)), Decimal(_WIDTH - 1)):.1f} 0v10"),
        class_="bar",
        viewBox=f"0 0 {_WIDTH} 10",
        preserveAspectRatio="none",
        aria_hidden="true",
        focusable="false",
    )
