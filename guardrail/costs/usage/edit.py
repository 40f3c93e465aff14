"""Lines added to a usage file that people write: theirs stay as they are, byte for byte."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from msgspec import Struct

from guardrail.costs.usage.file import is_meant, merged, value_at
from guardrail.errors import InputError
from guardrail.files.yaml_file import Place, YamlFile, parse_yaml

_SECTION = "resource_usage"
_NEW = "version: 0.1\n"
_BY_HAND = "write it as a block, with a line for each key, or put the lines into it by hand"
_PLAIN = re.compile(r"[A-Za-z_][\w.-]*")


class UsageLine(Struct, frozen=True):
    """A key of a resource, `standard.storage_gb` for one that lies deeper, and its value as YAML spells it."""

    address: str
    key: str
    value: str
    comment: str


class Edited(Struct, frozen=True):
    """The text of a file with lines added; `kept` are those that people have written themselves, so that they stay."""

    text: str
    kept: tuple[UsageLine, ...]


def with_lines(text: str, lines: Sequence[UsageLine], mark: str, *, name: str) -> Edited:
    """Add lines to a usage file, and write those anew whose comment begins with the mark of an earlier addition.

    A key that people have given, for the address or for a wildcard that means it, stays as it is.
    Raises InputError for a file that cannot be read, or not be edited line by line.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    before = text.replace("\r\n", "\n") or _NEW
    file = parse_yaml(before, InputError, name=name)
    rows = before.removesuffix("\n").split("\n")
    section = _mapping(file.data, name).get(_SECTION) or {}
    added: list[UsageLine] = []
    kept: list[UsageLine] = []
    for line in lines:
        (kept if _is_by_hand(file, section, rows, line, mark) else added).append(line)
    after = "\n".join(_edited(file, rows, added)) + "\n"
    if added and parse_yaml(after, InputError, name=name).data != _expected(_mapping(file.data, name), added):
        raise InputError("cannot be edited line by line", where=name, fix=_BY_HAND)
    return Edited((after if added else before).replace("\n", newline), tuple(kept))


def _mapping(data: Any, name: str) -> Mapping[str, Any]:
    if data is None or isinstance(data, dict):
        return data or {}
    raise InputError("is no usage file", where=name)


def _expected(data: Mapping[str, Any], lines: Sequence[UsageLine]) -> Mapping[str, Any]:
    section = dict(data.get(_SECTION) or {})
    for line in lines:
        section[line.address] = _laid_over(section.get(line.address) or {}, line.key.split("."), json.loads(line.value))
    return {**data, _SECTION: section} if lines else data


def _laid_over(given: Mapping[str, Any], steps: Sequence[str], value: Any) -> dict[str, Any]:
    if len(steps) == 1:
        return {**given, steps[0]: value}
    return {**given, steps[0]: _laid_over(given.get(steps[0]) or {}, steps[1:], value)}


def _is_by_hand(file: YamlFile, section: Mapping[str, Any], rows: Sequence[str], line: UsageLine, mark: str) -> bool:
    steps = line.key.split(".")
    node = file.keys.get((_SECTION, line.address, *steps))
    if node is not None:
        return f"# {mark}" not in rows[node.start_mark.line]
    return any(
        value_at(merged({}, given), line.key) is not None
        for pattern, given in section.items()
        if isinstance(given, Mapping) and is_meant(pattern, line.address)
    )


def _edited(file: YamlFile, rows: Sequence[str], lines: Sequence[UsageLine]) -> list[str]:
    """Return the rows with lines in place of earlier ones, or behind the last row of the block that they belong to."""
    edited = list(rows)
    behind: defaultdict[Place, dict[str, Any]] = defaultdict(dict)
    for line in lines:
        path = (_SECTION, line.address, *line.key.split("."))
        node = file.keys.get(path)
        if node is not None:
            row = node.start_mark.line
            edited[row] = f"{edited[row][: node.start_mark.column]}{_row(path[-1], line)}"
            continue
        place = next(path[:end] for end in range(len(path) - 1, -1, -1) if end == 0 or path[:end] in file.keys)
        level = behind[place]
        for step in path[len(place) : -1]:
            level = level.setdefault(step, {})
        level[path[-1]] = line
    inserted = [(*_end_of(file, rows, place), block) for place, block in behind.items()]
    # Of blocks that end in the same row, the inner one goes first.
    for row, indent, block in sorted(inserted, key=lambda one: (one[0], -one[1]), reverse=True):
        edited[row + 1 : row + 1] = _block(block, indent)
    return edited


def _end_of(file: YamlFile, rows: Sequence[str], place: Place) -> tuple[int, int]:
    """Return the last row of a block and the indentation of its keys."""
    node = file.nodes.get(place)
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return _last_row(node), node.value[0][0].start_mark.column
    key = file.keys.get(place)
    if isinstance(node, yaml.ScalarNode) and not node.value and key is not None:
        return key.end_mark.line, key.start_mark.column + 2
    if not place and file.data is None:
        return len(rows) - 1, 0
    raise InputError(
        f"{'.'.join(map(str, place)) or 'the file'} cannot be edited line by line",
        where=file.where(place),
        fix=_BY_HAND,
    )


def _last_row(node: yaml.Node) -> int:
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        key, value = node.value[-1]
        is_empty = isinstance(value, yaml.ScalarNode) and not value.value and not value.style
        return key.end_mark.line if is_empty else _last_row(value)
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return _last_row(node.value[-1])
    end = node.end_mark
    return end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line


def _block(block: Mapping[str, Any], indent: int) -> Iterator[str]:
    for name, content in block.items():
        if isinstance(content, UsageLine):
            yield " " * indent + _row(name, content)
        else:
            yield f"{' ' * indent}{_key(name)}:"
            yield from _block(content, indent + 2)


def _row(name: object, line: UsageLine) -> str:
    return f"{_key(str(name))}: {line.value}  # {line.comment}"


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)
