"""What merged changes have saved, by the bill: credits, and the savings that they come from."""

from __future__ import annotations

from collections.abc import Iterator

from guardrail.dashboard.amounts import amount
from guardrail.dashboard.blocks import Row, part, table
from guardrail.dashboard.figures import NAMELESS
from guardrail.finops.savings.answer import Saving, Savings
from guardrail.finops.savings.text import how_text, when_text
from guardrail.report.html.element import Child, Html, code, element

_LISTED = 100


def realised(found: Savings) -> Iterator[Html]:
    """Give the parts of a page: by whom, then each saving with how it is known."""
    text = f"Of changes that were merged from {found.first} to {found.last}, a month, by the bill ({found.cost} cost)."
    if not found.all:
        nothing = element("p", "No merged change was to save anything.")
        yield part("realised", "Realised", element("p", text), nothing)
        return
    name = found.by.capitalize()
    credits_ = [
        Row(
            [
                NAMELESS["team"] if one.name is None else one.name,
                f"{one.savings:,}",
                f"{one.waiting:,}",
                amount(one.amount, one.currency),
            ]
        )
        for one in found.credits
    ]
    by_whom = table(
        f"Realised savings by {found.by}", [name, "Savings", "Not known yet", "A month"], credits_, numbers=3
    )
    rows = [_row(one) for one in found.all[:_LISTED]]
    each = table("Realised savings by change", ["Change", "Estimated", "A month"], rows, numbers=2)
    hidden = len(found.all) - _LISTED
    more = element("p", f"{hidden:,} more: guardrail savings has all.", class_="dim") if hidden > 0 else None
    yield part("realised", "Realised", element("p", text), by_whom, each, more)


def _row(one: Saving) -> Row:
    what: Child = [
        code(one.address, 120),
        " ",
        one.project,
        element("div", f"{when_text(one)}; {how_text(one)}", class_="dim below"),
    ]
    at_most = element("span", "at most ", class_="dim") if one.low is None else None
    waiting = str(one.status).replace("_", " ")
    return Row([what, [at_most, amount(one.high, one.currency)], amount(one.credit, one.currency, unknown=waiting)])
