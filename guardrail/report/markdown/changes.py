"""Cost changes by resource, as Markdown: each changed resource with the attributes and the components that differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from guardrail.model.difference import Difference
from guardrail.report.format import count, reasons
from guardrail.report.markdown.text import breakable, code, prose
from guardrail.report.parts.amounts import change_amounts, legends
from guardrail.report.parts.changes import ALONE, ComponentChange, difference_text, effect_amount
from guardrail.report.parts.rows import Alike, Row

BREAK = "<br>"

_ATTRIBUTES = 4  # of one resource
_COMPONENTS = 5
_OPEN_COMPONENTS = 2  # whose effect is not known
# A phone shows two columns.
_HEAD = ["| Δ / month | What changes |", "|--:|:--|"]


def changes_table(groups: Sequence[Alike], currency: str, place: Callable[[Row], str]) -> str:
    """Return resources with the change of their cost, and why; `place` gives the place of one, "" for none."""
    text = "\n".join([*_HEAD, *(_row(group, currency, place) for group in groups)])
    several = any(len([one for one in group.first.differences if one.effect]) > 1 for group in groups)
    return "\n\n".join([text, *legends([text]), *([ALONE] if several else [])])


def _row(group: Alike, currency: str, place: Callable[[Row], str]) -> str:
    row, number = group.first, len(group.rows)
    resource = row.resource
    before, after, change = change_amounts(resource, currency, number)
    action = row.why or resource.change.action.value
    name = " ".join(filter(None, [f"**{action}**", code(row.project), breakable(resource.change.address)]))
    name += f" and {number - 1:,} more alike" if number > 1 else ""
    sides = f"{before} → {after}" if before and after else ""
    head = " · ".join(filter(None, [place(row), sides]))
    return f"| **{change}** | {BREAK.join(filter(None, [name, head, *_why(row, number, currency)]))} |"


def _why(row: Row, number: int, currency: str) -> list[str]:
    """Return a line for each attribute and each component that differs, what moves the cost most first."""
    moved = [one for one in row.differences if one.effect]
    shown = (moved or row.differences)[:_ATTRIBUTES]
    components = row.components
    known = [one for one in components if one.delta is not None][:_COMPONENTS]
    # What has no amount cannot be sorted by it, and would else be cut off behind many small ones.
    listed = known + [one for one in components if one.delta is None][:_OPEN_COMPONENTS]
    each = ["Each:"] if number > 1 else []
    lines = each + [_attribute(one, currency) for one in shown] + [_component(one, currency) for one in listed]
    lines += [prose(reason) for reason in reasons(row.resource, currency) if not components]
    hidden = len(row.differences) - len(shown) + row.resource.omitted, len(components) - len(listed)
    more = [
        count(number, f"other {noun}")
        for number, noun in zip(hidden, ("attribute", "component"), strict=True)
        if number
    ]
    return [*lines, f"{' and '.join(more)} changed"] if more else lines


def _attribute(one: Difference, currency: str) -> str:
    path, values = difference_text(one)
    amount = effect_amount(one, currency)
    return f"{breakable(path)} {prose(values)}" + (f" (**{amount}**)" if amount else "")


def _component(one: ComponentChange, currency: str) -> str:
    amount = one.amount(currency)
    return f"{prose(one.text(currency))} ({amount})" if amount else prose(one.text(currency))
