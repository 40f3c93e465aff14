"""Changes to the text of a file that leave all lines alone but those that they are about, laid out as `terraform fmt` would."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from guardrail.model.unknown import Json
from guardrail.terraform.edit.code import Code, Entry, Expression
from guardrail.terraform.edit.literals import key, literal

_AFTER_SIGN = re.compile(r'[ \t]*(?:[\w-]+|"[^"\n]*") ?[=:] ?')  # not aligned with others, which would have to move


@dataclass(frozen=True, slots=True)
class Patch:
    """A piece of text to put in the place of what stands between two places of a file."""

    start: int
    end: int
    text: str


def patched(text: str, patches: Iterable[Patch]) -> str:
    """Return a text with patches, which do not overlap, applied."""
    for patch in sorted(patches, key=lambda one: one.start, reverse=True):
        text = text[: patch.start] + patch.text + text[patch.end :]
    return text


def replaced(expression: Expression, value: Json) -> Patch:
    """Put a literal in the place of an expression."""
    return Patch(expression.start, expression.end, literal(value))


def renamed(text: str, entry: Entry, name: str) -> Patch:
    """Call an entry otherwise; its = stays where it is if there is room."""
    new = key(name, is_quoted=text[entry.start] == '"')
    if entry.sign == entry.key_end:
        return Patch(entry.start, entry.key_end, new)
    return Patch(entry.start, entry.sign, f"{new.ljust(entry.sign - entry.start - 1)} ")


def with_attribute(text: str, code: Code, name: str, value: Json) -> Patch:
    """Add an attribute to a block, after the others and before the blocks in it; maps stand on several lines."""
    if isinstance(value, Mapping) and value and _is_tall(text, code):
        inside = _child_indent(text, code)
        lines = [f"{name} = {{", *(_unit(text) + line for line in _aligned(value)), "}"]
        return _added_lines(text, code, [inside + line for line in lines], name="")
    return _added_lines(text, code, [f"{_child_indent(text, code)}{name} = {literal(value)}"], name=name)


def with_block(text: str, code: Code, name: str, inner: Mapping[str, Json]) -> Patch:
    """Add a block within a block, at its end."""
    indent = _child_indent(text, code)
    lines = [f"{indent}{name} {{", *(indent + _unit(text) + line for line in _aligned(inner)), f"{indent}}}"]
    if not _is_tall(text, code):
        return _opened(text, code, lines)
    begin = _line_start(text, code.end)
    return Patch(begin, begin, _joined(lines, _line_break(text, code.start)))


def with_entries(text: str, value: Expression, entries: Mapping[str, Json]) -> Patch:
    """Add entries to an object."""
    inner = text[value.start : value.end]
    if value.entries:
        return _after_entries(text, value, entries)
    if "\n" in inner:
        at = text.index("\n", value.start) + 1
        indent = _indent(text, value.start) + _unit(text)
        return Patch(at, at, _joined([indent + line for line in _aligned(entries)], _line_break(text, value.start)))
    line = text[_line_start(text, value.start) : value.start]
    if not _AFTER_SIGN.fullmatch(line):
        return Patch(value.start, value.end, literal(dict(entries)))
    outer, broken = _indent(text, value.start), _line_break(text, value.start)
    lines = _joined([outer + _unit(text) + one for one in _aligned(entries)], broken)
    return Patch(value.start, value.end, f"{{{broken}{lines}{outer}}}")


def with_argument(text: str, call: Expression, entries: Mapping[str, Json]) -> Patch:
    """Add an object to the arguments of a call, as the last one."""
    added = literal(dict(entries))
    if not call.parts:
        return Patch(call.end - 1, call.end - 1, added)
    last = call.parts[-1]
    line, comma = text[_line_start(text, last.start) : last.start], _comma_after(text, last.end)
    before = f"{_line_break(text, last.start)}{line}" if not line.strip() else " "
    if comma is not None:
        return Patch(comma, comma, f"{before}{added},")
    return Patch(last.end, last.end, f",{before}{added}")


def merged(text: str, value: Expression, entries: Mapping[str, Json]) -> Patch:
    """Put an expression into `merge(...)` together with an object."""
    return Patch(value.start, value.end, f"merge({text[value.start : value.end]}, {literal(dict(entries))})")


def _after_entries(text: str, value: Expression, entries: Mapping[str, Json]) -> Patch:
    last = value.entries[-1]
    comma = _comma_after(text, last.end)
    quoted = all(text[one.start] == '"' for one in value.entries)
    sign = " : " if text[last.sign] == ":" else " = "
    if "\n" not in text[value.start : value.end]:
        added = ", ".join(f"{key(name, is_quoted=quoted)}{sign}{literal(part)}" for name, part in entries.items())
        return Patch(comma, comma, f" {added},") if comma is not None else Patch(last.end, last.end, f", {added}")
    line = text[_line_start(text, last.start) : last.start]
    indent = line if not line.strip() else _indent(text, value.end - 1) + _unit(text)
    width, gap = _room(text, value.entries, [key(name, is_quoted=quoted) for name in entries])
    if sign == " : ":
        width, gap = 0, False
    end = "," if comma is not None else ""
    lines = [f"{indent}{line}{end}" for line in _aligned(entries, width=width, quoted=quoted, sign=sign)]
    broken = _line_break(text, value.start)
    at = text.find("\n", last.end, value.end) + 1
    if not at:  # the brace stands behind the last entry
        return Patch(last.end, last.end, broken + broken.join(lines))
    return Patch(at, at, _joined([""] * gap + lines, broken))


def _added_lines(text: str, code: Code, lines: list[str], *, name: str) -> Patch:
    """Add lines to a block. `name` is that of an attribute which stands on one line, and is aligned with those above."""
    if not _is_tall(text, code):
        return _opened(text, code, lines)
    first_block = min((block.start for block in code.blocks), default=code.end)
    above = [one for one in code.attributes if one.start < first_block] or list(code.attributes)
    broken = _line_break(text, code.start)
    if above and name:
        width, gap = _room(text, above, [name])
        lines = [*[""] * gap, lines[0].replace(name, name.ljust(width), 1)]
    end = above[-1].end if above else code.start
    at = end if above and text[end - 1] == "\n" else text.find("\n", end) + 1  # a heredoc ends with its line
    if not 0 < at <= code.end:  # the brace stands behind the last attribute
        return Patch(code.end, code.end, f"{broken}{_joined(lines, broken)}{_indent(text, code.start)}")
    return Patch(at, at, _joined(lines, broken))


def _opened(text: str, code: Code, lines: list[str]) -> Patch:
    """Spread a block that stands on one line over several."""
    outer, inner, broken = _indent(text, code.start), text[code.start : code.end].strip(), _line_break(text, code.start)
    inside = [f"{_child_indent(text, code)}{inner}"] if inner else []
    return Patch(code.start, code.end, f"{broken}{_joined([*inside, *lines], broken)}{outer}")


def _aligned(entries: Mapping[str, Json], *, width: int = 0, quoted: bool = False, sign: str = " = ") -> list[str]:
    """Write entries one a line, their signs below each other if there is one width for all."""
    keys = [key(name, is_quoted=quoted) for name in entries]
    wide = max(width, *map(len, keys)) if sign == " = " else 0
    return [f"{name.ljust(wide)}{sign}{literal(value)}" for name, value in zip(keys, entries.values(), strict=True)]


def _room(text: str, above: Sequence[Entry], names: Sequence[str]) -> tuple[int, bool]:
    """Return how wide names have to be to stand below those above, and whether an empty line has to part them.

    `terraform fmt` aligns neighbouring lines. Where a new name is longer than its neighbours, all of them would move.
    """
    group: list[Entry] = []
    for one in reversed(above):
        if "\n" in text[one.start : one.end] or (group and text.count("\n", one.end, group[-1].start) != 1):
            break
        group.append(one)
    if not group:
        return 0, False
    wide = max(one.key_end - one.start for one in group)
    if any(one.sign - one.start != wide + 1 for one in group):
        return 0, False
    return (0, True) if max(map(len, names)) > wide else (wide, False)


def _comma_after(text: str, at: int) -> int | None:
    """Return the place behind the comma that follows; None where none does."""
    found = re.compile(r"[ \t]*,").match(text, at)
    return found.end() if found else None


def _joined(lines: Sequence[str], broken: str) -> str:
    return "".join(f"{line}{broken}" for line in lines)


def _is_tall(text: str, code: Code) -> bool:
    return "\n" in text[code.start : code.end]


def _child_indent(text: str, code: Code) -> str:
    """Return what the lines of a block begin with: what its first one does, else a step more than the block itself."""
    children = sorted([one.start for one in code.attributes] + [one.start for one in code.blocks])
    for start in children:
        line = text[_line_start(text, start) : start]
        if not line.strip():
            return line
    return _indent(text, code.start) + _unit(text)


def _unit(text: str) -> str:
    """Return one step of indentation."""
    found = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
    return "\t" if found and found[1].startswith("\t") else "  "


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _indent(text: str, at: int) -> str:
    start = _line_start(text, at)
    return text[start : len(text) - len(text[start:].lstrip(" \t"))]


def _line_break(text: str, at: int) -> str:
    """Return how the line ends that a place is in, else how the file's lines do."""
    end = text.find("\n", at)
    end = end if end >= 0 else text.find("\n")
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"
