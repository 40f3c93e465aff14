"""Writes an item into a list of a YAML file; what stands around it stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from guardrail.errors import ConfigError
from guardrail.files.yaml_file import YamlFile


def with_item(text: str, file: YamlFile, key: str, item: Sequence[str], *, at: int | None = None) -> str:
    """Return the text of a file with one more item in the list below `key`, in the place of the item number `at` if there is one.

    `file` is what the text was parsed to, `item` the lines of the item ("rule: a"), without indentation. Raises ConfigError where the list is
    written in one line.
    """
    items = file.nodes.get((key,))
    lines = text.splitlines()
    if not isinstance(items, yaml.SequenceNode) or not items.value:
        return _with_first(lines, file, key, items, item)
    if items.flow_style:
        fix = "write each on lines of its own, beginning with `- rule:`"
        what = f"its {key} stand in one line, which cannot be added to"
        raise ConfigError(what, where=file.where((key,)), fix=fix)
    last = items.value[-1 if at is None else at]
    start = _end(last) if at is None else last.start_mark.line
    return _joined([*lines[:start], *_indented(item, items.start_mark.column), *lines[_end(last) :]])


def written(values: Mapping[str, Any]) -> list[str]:
    """Return the lines of an item, a line for each value that is not empty. Texts are without line breaks."""
    return [
        yaml.safe_dump({key: value}, allow_unicode=True, width=float("inf")).rstrip("\n")
        for key, value in values.items()
        if value
    ]


def _with_first(lines: list[str], file: YamlFile, key: str, items: yaml.Node | None, item: Sequence[str]) -> str:
    """Return the text with the first item: in the place of an empty list, or below all that is there."""
    entry = _indented(item, 2)
    node = file.keys.get((key,))
    if node is None:
        return _joined([*lines, f"{key}:", *entry])
    end = items.end_mark.line if items and items.start_mark.line > node.start_mark.line else node.start_mark.line
    return _joined([*lines[: node.start_mark.line], f"{key}:", *entry, *lines[end + 1 :]])


def _end(node: yaml.Node) -> int:
    """Return the number of the line after a node. The parser counts comments and empty lines behind a block to it."""
    while isinstance(node, (yaml.MappingNode, yaml.SequenceNode)) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return int(node.end_mark.line) + (1 if node.end_mark.column else 0)


def _indented(item: Sequence[str], column: int) -> list[str]:
    return [f"{' ' * column}{'  ' if number else '- '}{line}" for number, line in enumerate(item)]


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
