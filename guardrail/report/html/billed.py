"""What bills have come to beside the estimates, as a list and a table."""

from __future__ import annotations

from guardrail.report.html.blocks import left_out, rest, table
from guardrail.report.html.element import Child, Html, code, element
from guardrail.report.parts.amounts import legends
from guardrail.report.parts.billed import Billed
from guardrail.report.parts.rows import named

_OPEN = 12
_LISTED = 1_000


def billed_costs(found: Billed | None, currency: str) -> list[Html]:
    """Return what a snapshot of the ledger tells, [] where it tells nothing."""
    if not found:
        return []
    parts = [element("ul", [element("li", line) for line in found.lines()])]
    rows: list[list[Child]] = [[code(named(one.row)), *one.amounts(currency)] for one in found.rows[:_LISTED]]
    if rows:
        heads = found.heads
        parts.append(table(heads, rows[:_OPEN], numbers=3))
        if rows[_OPEN:]:
            parts.append(rest(f"{len(rows) - _OPEN:,} more resources", table(heads, rows[_OPEN:], numbers=3)))
        parts += left_out(len(found.rows) - _LISTED, "resources with what was billed for them are")
        parts += [element("p", text, class_="dim") for text in legends([part.markup for part in parts])]
    return parts
