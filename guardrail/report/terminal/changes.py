"""Changed resources for a terminal: amounts in columns, and below each what moves them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from guardrail.model.resource import Action
from guardrail.report.format import count
from guardrail.report.parts.amounts import change_amounts
from guardrail.report.parts.changes import difference_text, effect_amount
from guardrail.report.parts.rows import Alike, named

_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.REPLACE: "-/+", Action.DELETE: "-"}
_HEADS = ("Before", "After", "Delta")
_MARGIN = 4  # columns before a name
_GAP = 2  # columns between columns
_ATTRIBUTES, _COMPONENTS = 4, 4  # of one resource


def group_amounts(group: Alike, currency: str) -> tuple[str, str, str]:
    """Return before, after and delta of all of a group."""
    return change_amounts(group.first.resource, currency, len(group.rows))


def change_lines(groups: Sequence[Alike], currency: str, width: int, *, opened: int) -> Iterator[RenderableType]:
    """Give a heading, and each group with its amounts; the first `opened` with their reasons."""
    rows = [group_amounts(group, currency) for group in groups]
    columns = [max(map(len, column)) for column in zip(_HEADS, *rows, strict=True)]
    room = max(width - _MARGIN - sum(columns) - _GAP * len(columns), 20)
    yield Text("Resource".ljust(_MARGIN + room) + _aligned(_HEADS, columns), "dim")
    for number, (group, amounts) in enumerate(zip(groups, rows, strict=True)):
        first, *rest = folded(_name(group), room)
        line = Text.assemble((_SIGNS.get(group.first.resource.change.action, "").ljust(_MARGIN), "dim"), first)
        line.append(" " * (room - cell_len(first)) + _aligned(amounts[:2], columns) + " " * _GAP)
        yield line.append(amounts[2].rjust(columns[2]), "bold")
        yield from (Text(f"{'':{_MARGIN}}{part}") for part in rest)
        if number < opened:
            yield from _reasons(group, currency)


def _name(group: Alike) -> str:
    others = len(group.rows) - 1
    why = f" ({group.first.why})" if group.first.why else ""
    return named(group.first) + (f" and {others:,} more alike" if others else "") + why


def _aligned(texts: Sequence[str], columns: Sequence[int]) -> str:
    return "".join(" " * _GAP + text.rjust(size) for text, size in zip(texts, columns, strict=False))


def _reasons(group: Alike, currency: str) -> Iterator[RenderableType]:
    """Give a line for each attribute and each component that differs, what moves the cost most first."""
    row = group.first
    moved = [one for one in row.differences if one.effect]
    shown = (moved or row.differences)[:_ATTRIBUTES]
    texts = ["each:"] if group.rows[1:] else []
    for one in shown:
        amount = effect_amount(one, currency)
        texts.append(" ".join(difference_text(one)) + (f" (alone {amount})" if amount else ""))
    for part in row.components[:_COMPONENTS]:
        amount = part.amount(currency)
        texts.append(part.text(currency) + (f" ({amount})" if amount else ""))
    hidden = len(row.differences) - len(shown) + row.resource.omitted, len(row.components) - _COMPONENTS
    more = [
        count(number, f"other {noun}")
        for number, noun in zip(hidden, ("attribute", "component"), strict=True)
        if number > 0
    ]
    texts += [f"{' and '.join(more)} changed"] if more else []
    for text in texts:
        yield Padding(Text(text, "dim", overflow="fold"), (0, 0, 0, _MARGIN + 2))


def folded(text: str, width: int) -> list[str]:
    """Break an address after its dots; a name that is wider than a line after its underscores, or where it has to be."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and cell_len(line) + cell_len(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = "  "
        line += piece
        while cell_len(line.rstrip()) > width:
            most = next(size for size in range(len(line), 0, -1) if cell_len(line[:size]) <= width)
            cut = line.rfind("_", most // 2, most) + 1 or most
            lines.append(line[:cut])
            line = "  " + line[cut:]
    return [*lines, line.rstrip()]


def _pieces(text: str) -> Iterator[str]:
    start = 0
    for place, char in enumerate(text, 1):
        if char in ". ":
            yield text[start:place]
            start = place
    yield text[start:]
