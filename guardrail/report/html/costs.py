"""Cost lines of an estimate, and what is not known, assumed or left to do about costs."""

from __future__ import annotations

from collections.abc import Sequence

from guardrail.model.money import unit_price
from guardrail.report.format import amount_of, count, line_reason
from guardrail.report.html.blocks import folded, left_out, listed, rest, table
from guardrail.report.html.element import Child, Html, code, element, prose
from guardrail.report.parts.amounts import legends, line_amount, side_amount
from guardrail.report.parts.gaps import Gap
from guardrail.report.parts.rows import Row
from guardrail.report.text import safe
from guardrail.report.view import View

_UNFOLDED = 3  # resources whose lines stand open
_SHOWN = 50
_OPENABLE = 1_000
_LISTED = 5_000
_LINES = 50  # of one resource
_ENTRIES = 200  # of a list


def bill(view: View) -> list[Html]:
    """Return each resource with its cost lines, the dearest first."""
    rows, currency = view.bill, view.report.currency
    items = [
        element("li", _resource(row, currency, is_open=number < _UNFOLDED))
        for number, row in enumerate(rows[:_OPENABLE])
    ]
    parts = [element("ul", items[:_SHOWN], class_="changes")] if items else []
    if following := items[_SHOWN:]:
        parts.append(rest(f"The next {count(len(following), 'resource')}", element("ul", following, class_="changes")))
    if further := rows[_OPENABLE:_LISTED]:
        cells: list[list[Child]] = [[_name(row), side_amount(row.side, currency)] for row in further]
        parts.append(
            rest(f"{count(len(further), 'cheaper resource')}", table(["Resource", "Monthly cost"], cells, numbers=1))
        )
    parts += left_out(len(rows) - _LISTED, "resources are")
    notes = legends(part.markup for part in parts)
    parts += [element("p", note, class_="dim") for note in notes]
    return [*parts, *([element("p", f"{count(len(view.free), 'resource')} free of charge.")] if view.free else [])]


def _resource(row: Row, currency: str, *, is_open: bool) -> Html:
    summary: list[Child] = [
        element("span", _name(row), class_="what"),
        " ",
        element("span", element("b", side_amount(row.side, currency)), class_="n"),
    ]
    lines = row.side.lines if row.side else ()
    cells: list[list[Child]] = []
    for line in lines[:_LINES]:
        why = line_reason(line, currency)
        name = f"{line.group} / {line.name}" if line.group else line.name
        price = unit_price(line.unit_price, currency) if line.unit_price is not None else ""
        label: list[Child] = [name, element("span", f" ({why})", class_="dim") if why else None]
        quantity = amount_of(line.monthly_quantity, safe(line.unit, 40))
        cells.append([label, quantity, price, line_amount(line, currency)])
    heads = ["Cost component", "Quantity", "Unit price", "Monthly cost"]
    hidden = left_out(len(lines) - _LINES, "components are")
    return folded(summary, table(heads, cells, numbers=3), hidden, is_open=is_open)


def _name(row: Row) -> list[Child]:
    project: list[Child] = [element("span", row.project, class_="dim"), " "] if row.project else []
    gone = " (until it is removed)" if row.resource.after is None else None
    return [*project, code(row.resource.change.address), gone]


def not_known(view: View) -> list[Html]:
    """Return what is missing from the sums and why, what was assumed, and what to do about it."""
    parts: list[Html] = []
    for title, gaps in (
        ("Not evaluated", view.not_evaluated),
        ("Not priced", view.unpriced),
        ("Depends on usage that is not given", view.usage_based),
        ("Assumed", view.assumed),
    ):
        if gaps:
            parts += [element("h3", title), *_gaps(gaps)]
    if view.remedies:
        parts += [element("h3", "To do"), *listed([prose(remedy) for remedy in view.remedies], _ENTRIES, "steps are")]
    return parts


def _gaps(gaps: Sequence[Gap]) -> list[Html]:
    items: list[Child] = [
        [code(gap.subject), f" ({gap.count:,})" if gap.count > 1 else None, ": ", prose(gap.reason)]
        for gap in gaps[:_ENTRIES]
    ]
    return [element("ul", [element("li", item) for item in items]), *left_out(len(gaps) - _ENTRIES, "entries are")]
