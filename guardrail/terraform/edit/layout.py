"""Changes to the text of a file that leave all lines alone but those that they are about, laid out as `terraform fmt` would.

Places are bytes of a file, as the nodes of its syntax tell them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from guardrail.model.unknown import Json
from guardrail.terraform.edit.literals import key, literal
from guardrail.terraform.language.syntax.nodes import Attribute, Body, Call, Expression, ObjectExpression

_AFTER_SIGN = re.compile(rb'[ \t]*(?:[\w-]+|"[^"\n]*") ?[=:] ?')  # not aligned with others, which would have to move
_NAME = re.compile(rb"[^\s=/#]+")
_SIGN = re.compile(rb"(?:[\s)]|\#[^\n]*|//[^\n]*|/\*.*?\*/)*([=:])", re.DOTALL)
_CLOSING = re.compile(rb"(?:[ \t]*\))*")
_COMMA = re.compile(rb"[ \t]*,")

Item = tuple[Expression, Expression]
"""Key and value of an object that is written out."""


class Patch(Struct, frozen=True):
    """A piece of text to put in the place of what stands between two bytes of a file."""

    start: int
    end: int
    text: str


class _Entry(Struct, frozen=True):
    """An attribute or an item of an object: where its name begins and ends, where its = or : stands, where it ends."""

    start: int
    name_end: int
    sign: int
    end: int


def patched(text: bytes, patches: Iterable[Patch]) -> bytes:
    """Return a text with patches, which do not overlap, applied."""
    for patch in sorted(patches, key=lambda one: one.start, reverse=True):  # from the end, so that places stay right
        text = text[: patch.start] + patch.text.encode() + text[patch.end :]
    return text


def replaced(expression: Expression, value: Json) -> Patch:
    """Put a literal in the place of an expression."""
    return Patch(expression.start, expression.end, literal(value))


def renamed(value: ObjectExpression, item: Item, name: str) -> Patch:
    """Call an item of an object otherwise; its = stays below those of its neighbours if there is room."""
    entry, is_quoted = _item(item), item[0].text.startswith('"')
    new = key(name, is_quoted=is_quoted)
    if entry.sign == entry.name_end:
        return Patch(entry.start, entry.name_end, new)
    text = value.source.text
    neighbours = (text.count(b"\n", *sorted((entry.start, _item(one).start))) for one in value.items if one is not item)
    wide = entry.sign - entry.start - 1 if 1 in neighbours else 0
    return Patch(entry.start, entry.sign, f"{new.ljust(wide)} ")


def with_attribute(body: Body, name: str, value: Json) -> Patch:
    """Add an attribute to a block, after the others and before the blocks in it; maps stand on several lines."""
    inside = _child_indent(body)
    if isinstance(value, Mapping) and value and "\n" in body.text:
        lines = [f"{name} = {{", *(_unit(body.source.text) + line for line in _aligned(value)), "}"]
        return _added_lines(body, [inside + line for line in lines], name="")
    return _added_lines(body, [f"{inside}{name} = {literal(value)}"], name=name)


def with_block(body: Body, name: str, inner: Mapping[str, Json]) -> Patch:
    """Add a block within a block, at its end."""
    text, indent = body.source.text, _child_indent(body)
    lines = [f"{indent}{name} {{", *(indent + _unit(text) + line for line in _aligned(inner)), f"{indent}}}"]
    if "\n" not in body.text:
        return _opened(body, lines)
    begin = _line_start(text, body.end)
    return Patch(begin, begin, _joined(lines, line_break(text, body.start)))


def with_items(value: ObjectExpression, entries: Mapping[str, Json]) -> Patch:
    """Add items to an object."""
    text = value.source.text
    if value.items:
        return _after_items(value, entries)
    broken, outer = line_break(text, value.start), _indent(text, value.start)
    lines = _joined([outer + _unit(text) + line for line in _aligned(entries)], broken)
    if "\n" in value.text:
        at = text.index(b"\n", value.start) + 1
        return Patch(at, at, lines)
    if not _AFTER_SIGN.fullmatch(text, _line_start(text, value.start), value.start):
        return Patch(value.start, value.end, literal(dict(entries)))
    return Patch(value.start, value.end, f"{{{broken}{lines}{outer}}}")


def with_argument(call: Call, entries: Mapping[str, Json]) -> Patch:
    """Add an object to the arguments of a call, as the last one."""
    text, added = call.source.text, literal(dict(entries))
    if not call.arguments:
        return Patch(call.end - 1, call.end - 1, added)
    start, end = call.arguments[-1].start, call.arguments[-1].end
    line, comma = _before(text, start), _comma_after(text, end)
    before = f"{line_break(text, start)}{line}" if not line.strip() else " "
    if comma is not None:
        return Patch(comma, comma, f"{before}{added},")
    return Patch(end, end, f",{before}{added}")


def merged(value: Expression, entries: Mapping[str, Json]) -> Patch:
    """Put an expression into `merge(...)` together with an object."""
    return Patch(value.start, value.end, f"merge({value.text}, {literal(dict(entries))})")


def _after_items(value: ObjectExpression, entries: Mapping[str, Json]) -> Patch:
    text, above = value.source.text, [_item(item) for item in value.items]
    last, quoted = above[-1], all(item[0].text.startswith('"') for item in value.items)
    comma = _comma_after(text, last.end)
    sign = " : " if text[last.sign : last.sign + 1] == b":" else " = "
    if "\n" not in value.text:
        added = ", ".join(f"{key(name, is_quoted=quoted)}{sign}{literal(part)}" for name, part in entries.items())
        return Patch(comma, comma, f" {added},") if comma is not None else Patch(last.end, last.end, f", {added}")
    line = _before(text, last.start)
    indent = line if not line.strip() else _indent(text, value.end - 1) + _unit(text)
    width, gap = _room(text, above, [key(name, is_quoted=quoted) for name in entries])
    if sign == " : ":
        width, gap = 0, False
    end = "," if comma is not None else ""
    lines = [f"{indent}{line}{end}" for line in _aligned(entries, width=width, quoted=quoted, sign=sign)]
    broken = line_break(text, value.start)
    at = text.find(b"\n", last.end, value.end) + 1
    if not at:  # the brace stands behind the last item
        return Patch(last.end, last.end, broken + broken.join(lines))
    return Patch(at, at, _joined([""] * gap + lines, broken))


def _added_lines(body: Body, lines: list[str], *, name: str) -> Patch:
    """Add lines to a block. `name` is that of an attribute which stands on one line, and is aligned with those above."""
    if "\n" not in body.text:
        return _opened(body, lines)
    text, entries = body.source.text, [_attribute(one) for one in body.attributes.values()]
    first_block = min((block.start for block in body.blocks), default=body.end)
    above = [one for one in entries if one.start < first_block] or entries
    broken = line_break(text, body.start)
    if above and name:
        width, gap = _room(text, above, [name])
        lines = [*[""] * gap, lines[0].replace(name, name.ljust(width), 1)]
    at = text.find(b"\n", above[-1].end if above else body.start) + 1
    if not 0 < at <= body.end:  # the brace stands behind the last attribute
        return Patch(body.end, body.end, f"{broken}{_joined(lines, broken)}{_indent(text, body.start)}")
    return Patch(at, at, _joined(lines, broken))


def _opened(body: Body, lines: list[str]) -> Patch:
    """Spread a block that stands on one line over several."""
    text, inner = body.source.text, body.text.strip()
    broken, inside = line_break(text, body.start), [f"{_child_indent(body)}{inner}"] if inner else []
    return Patch(body.start, body.end, f"{broken}{_joined([*inside, *lines], broken)}{_indent(text, body.start)}")


def _aligned(entries: Mapping[str, Json], *, width: int = 0, quoted: bool = False, sign: str = " = ") -> list[str]:
    """Write entries one a line, their signs below each other if there is one width for all."""
    keys = [key(name, is_quoted=quoted) for name in entries]
    wide = max(width, *map(len, keys)) if sign == " = " else 0
    return [f"{name.ljust(wide)}{sign}{literal(value)}" for name, value in zip(keys, entries.values(), strict=True)]


def _room(text: bytes, above: Sequence[_Entry], names: Sequence[str]) -> tuple[int, bool]:
    """Return how wide names have to be to stand below those above, and whether an empty line has to part them.

    `terraform fmt` aligns neighbouring lines. Where a new name is longer than its neighbours, all of them would move.
    """
    # The neighbours that it aligns: entries of one line each, without an empty line or a comment between them.
    group: list[_Entry] = []
    for one in reversed(above):
        if b"\n" in text[one.start : one.end] or (group and text.count(b"\n", one.end, group[-1].start) != 1):
            break
        group.append(one)
    if not group:
        return 0, False
    wide = max(len(text[one.start : one.name_end].decode()) for one in group)
    # People who do not use `terraform fmt` get no alignment either.
    if any(len(text[one.start : one.sign].decode()) != wide + 1 for one in group):
        return 0, False
    return (0, True) if max(map(len, names)) > wide else (wide, False)


def _attribute(of: Attribute) -> _Entry:
    """Return where an attribute of a block stands."""
    name = _NAME.match(of.source.text, of.start)
    return _entry(of.source.text, of.start, name.end() if name else of.start, of.end)


def _item(of: Item) -> _Entry:
    """Return where an item of an object stands."""
    name, value = of
    closing = _CLOSING.match(name.source.text, value.end)  # the parentheses around a value are no part of it
    return _entry(name.source.text, name.start, name.end, closing.end() if closing else value.end)


def _entry(text: bytes, start: int, name_end: int, end: int) -> _Entry:
    sign = _SIGN.match(text, name_end)
    return _Entry(start, name_end, sign.start(1) if sign else name_end, end)


def _comma_after(text: bytes, at: int) -> int | None:
    """Return the place behind the comma that follows; None where none does."""
    found = _COMMA.match(text, at)
    return found.end() if found else None


def _joined(lines: Sequence[str], broken: str) -> str:
    return "".join(f"{line}{broken}" for line in lines)


def _child_indent(body: Body) -> str:
    """Return what the lines of a block begin with: what its first one does, else a step more than the block itself."""
    text = body.source.text
    for start in sorted(one.start for one in (*body.attributes.values(), *body.blocks)):
        line = _before(text, start)
        if not line.strip():
            return line
    return _indent(text, body.start) + _unit(text)


def _unit(text: bytes) -> str:
    """Return one step of indentation: two spaces as `terraform fmt` has it, a tab where the file's first one is."""
    found = re.search(rb"^([ \t]+)\S", text, re.MULTILINE)
    return "\t" if found and found[1].startswith(b"\t") else "  "


def _line_start(text: bytes, at: int) -> int:
    return text.rfind(b"\n", 0, at) + 1


def _before(text: bytes, at: int) -> str:
    """Return what stands before a place on its line."""
    return text[_line_start(text, at) : at].decode()


def _indent(text: bytes, at: int) -> str:
    line = text[_line_start(text, at) :]
    return line[: len(line) - len(line.lstrip(b" \t"))].decode()


def line_break(text: bytes, at: int) -> str:
    """Return how the line ends that a place is in, else how the file's lines do."""
    end = text.find(b"\n", at)
    end = end if end >= 0 else text.find(b"\n")
    return "\r\n" if end > 0 and text[end - 1 : end] == b"\r" else "\n"
