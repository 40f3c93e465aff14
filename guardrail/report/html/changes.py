"""Changed resources, each of which opens to what changed: attributes, components, and what is not known."""

from __future__ import annotations

from guardrail.model.resource import Action
from guardrail.report.format import SHORT_STATUS, count, reasons
from guardrail.report.html.blocks import folded, left_out, rest, table
from guardrail.report.html.element import Child, Html, code, element
from guardrail.report.html.places import Places
from guardrail.report.parts.amounts import change_amounts, legends
from guardrail.report.parts.changes import ALONE, ComponentChange, difference_text, effect_amount
from guardrail.report.parts.rows import Alike, Row

_UNFOLDED = 3  # whose reasons stand open
_SHOWN = 50
_OPENABLE = 1_000
_LISTED = 5_000  # those beyond are told by their amounts alone
_ALIKE = 50
_PARTS = 12  # attributes, and components, of one resource
_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.REPLACE: "±", Action.DELETE: "\N{MINUS SIGN}"}


def changed_resources(places: Places) -> list[Html]:
    """Return the resources whose cost changes, the greatest effect first; what is alike stands together."""
    groups, currency = places.view.changed_alike, places.view.report.currency
    items = [
        element("li", _opened(group, places, is_open=number < _UNFOLDED))
        for number, group in enumerate(groups[:_OPENABLE])
    ]
    parts = [element("ul", items[:_SHOWN], class_="changes")]
    if following := groups[_SHOWN:_OPENABLE]:
        number = sum(len(group.rows) for group in following)
        parts.append(rest(f"The next {count(number, 'resource')}", element("ul", items[_SHOWN:], class_="changes")))
    if further := groups[_OPENABLE:_LISTED]:
        rows: list[list[Child]] = [[_name(group), *_amounts(group, currency)] for group in further]
        heads = ["Resource", "Before", "After", "Change"]
        number = sum(len(group.rows) for group in further)
        parts.append(rest(f"{count(number, 'more resource')}, with less effect", table(heads, rows, numbers=3)))
    hidden = sum(len(group.rows) for group in groups[_LISTED:])
    parts += left_out(hidden, "resources whose cost changes are")
    several = any(len([one for one in group.first.differences if one.effect]) > 1 for group in groups[:_OPENABLE])
    notes = [*legends(part.markup for part in parts), *([ALONE] if several else [])]
    return [*parts, *(element("p", note, class_="dim") for note in notes)]


def _opened(group: Alike, places: Places, *, is_open: bool) -> Html:
    row, currency = group.first, places.view.report.currency
    before, after, change = _amounts(group, currency)
    sides = f"{before} → {after}" if before and after else ""
    summary: list[Child] = [
        element("span", _name(group), class_="what"),
        " ",
        element("span", element("b", change), " ", element("span", sides, class_="dim") if sides else None, class_="n"),
    ]
    return folded(
        summary,
        _where(group, places),
        element("p", "Of each:") if group.rows[1:] else None,
        _attributes(row, currency),
        _components(row, currency) or [element("p", reason) for reason in reasons(row.resource, currency)],
        is_open=is_open,
    )


def _name(group: Alike) -> list[Child]:
    row, action = group.first, group.first.resource.change.action
    label = row.why or f"{_SIGNS.get(action, '')} {action.value}".strip()
    project: list[Child] = [element("span", row.project, class_="dim"), " "] if row.project else []
    others = f" and {len(group.rows) - 1:,} more alike" if group.rows[1:] else None
    return [element("span", label, class_="action"), " ", *project, code(row.resource.change.address), others]


def _amounts(group: Alike, currency: str) -> tuple[str, str, str]:
    return change_amounts(group.first.resource, currency, len(group.rows))


def _where(group: Alike, places: Places) -> Child:
    """Return the place of a resource; of several, each with its own, folded."""
    if not group.rows[1:]:
        place = places.of_row(group.first)
        return element("p", place) if place else None
    items: list[Child] = [[code(row.resource.change.address), " ", places.of_row(row)] for row in group.rows[:_ALIKE]]
    hidden = len(group.rows) - len(items)
    listed = element("ul", [element("li", item) for item in items])
    return rest(f"All {len(group.rows):,} of them", listed, left_out(hidden, "resources are"))


def _attributes(row: Row, currency: str) -> Child:
    """Return the attributes that differ, what moves the cost most first."""
    rows: list[list[Child]] = [
        [code(path), values, effect_amount(one, currency)]
        for one in row.differences[:_PARTS]
        for path, values in [difference_text(one)]
    ]
    if not rows:
        return None
    hidden = len(row.differences) - len(rows) + row.resource.omitted
    found = table(["Attribute", "Before → after", "Change by itself"], rows, numbers=1)
    return [found, left_out(hidden, "attributes are")]


def _components(row: Row, currency: str) -> Child:
    """Return the cost components that differ, the greatest effect first."""
    parts = row.components
    if not parts:
        return None
    rows: list[list[Child]] = [[one.name, one.what(currency), _amount(one, currency)] for one in parts[:_PARTS]]
    hidden = len(parts) - len(rows)
    return [
        table(["Cost component", "Before → after", "Change"], rows, numbers=1),
        left_out(hidden, "components are"),
    ]


def _amount(one: ComponentChange, currency: str) -> str:
    """Return what a component adds, or in a word why that is not known."""
    missing = [line for line in (one.after, one.before) if line and line.monthly_cost is None]
    return SHORT_STATUS[missing[0].status] if missing else one.amount(currency)
