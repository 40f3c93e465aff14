"""Sums by service, module and team as Markdown tables, and a chart of them for platforms that draw Mermaid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from guardrail.model.money import plain, rounded
from guardrail.model.totals import Bound
from guardrail.report.markdown.text import code, details, prose
from guardrail.report.parts.amounts import total_amounts
from guardrail.report.parts.sums import Sum
from guardrail.report.view import View

_LISTED = 12
_BARS = 8
_LONGEST_LABEL = 28  # of a bar; more would leave no room for it
_NOT_IN_A_LABEL = re.compile(r"[^A-Za-z0-9 ._/()-]")
# The vendors' own colours of bars are hardly seen.
_LOOK = '%%%%{init: {"xyChart": {"height": %d}, "themeVariables": {"xyChart": {"plotColorPalette": "#0969da"}}}}%%%%'
_DRAWN_TO = Decimal(10) ** 12


def sums(view: View, *, chart: bool) -> str:
    """Return the sums of everything that is more than one, folded, and a chart of what changes most."""
    blocks = view.sums
    if not blocks:
        return ""
    tables = [_table(name, found, view.report.currency) for name, found in blocks]
    drawn = _chart(*blocks[0], view.report.currency) if chart else ""
    return details(
        " · ".join(f"By {prose(name.lower())}" for name, _ in blocks), "\n\n".join(filter(None, [drawn, *tables]))
    )


def _table(name: str, found: Sequence[Sum], currency: str) -> str:
    lines = [f"| {prose(name)} | Δ / month | Before | After |", "|:--|--:|--:|--:|"]
    for one in found[:_LISTED]:
        before, after, change = total_amounts(one.totals, currency)
        lines.append(f"| {code(one.name)} | **{change}** | {before} | {after} |")
    rest = len(found) - _LISTED
    return "\n".join(lines) + (f"\n\n{rest:,} more, with less effect." if rest > 0 else "")


def _chart(name: str, found: Sequence[Sum], currency: str) -> str:
    """Return bars of the greatest deltas that are known; a chart of a single one would say nothing."""
    known = [one for one in found if one.totals.monthly_delta and one.totals.delta_bound is not Bound.NOT_KNOWN]
    bars = [one for one in known if abs(one.totals.monthly_delta) < _DRAWN_TO][:_BARS]
    if len(bars) < 2:  # noqa: PLR2004
        return ""
    labels = ", ".join(f'"{_label(one.name)}"' for one in bars)
    values = ", ".join(str(plain(rounded(one.totals.monthly_delta, 2))) for one in bars)
    unit = _NOT_IN_A_LABEL.sub("", currency)
    return "\n".join(
        [
            "```mermaid",
            _LOOK % (90 + 34 * len(bars)),
            "xychart-beta horizontal",
            f'    title "Change of the monthly cost by {_NOT_IN_A_LABEL.sub("", name.lower())} ({unit})"',
            f"    x-axis [{labels}]",
            f"    bar [{values}]",
            "```",
        ]
    )


def _label(name: str) -> str:
    """Return a name as a label, which takes neither quotes nor markup."""
    text = _NOT_IN_A_LABEL.sub("_", name)
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 2]}.."
