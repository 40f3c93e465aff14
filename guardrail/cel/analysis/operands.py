"""Which of the values that an expression reads it is not made for, in words for people who do not know the expression."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from guardrail.cel.analysis.names import Path

_KINDS = {bool: "true or false", float: "a number", str: "a text", list: "a list", dict: "a block or a map"}
_ATTRIBUTES = (("resource", "after"), ("attr",))
_BEFORE = ("resource", "before")


def operands(reads: Iterable[Path], values: Mapping[str, Any]) -> str:
    """Say which of what is read is not set; if all of it is, of what kind it is. "" where nothing is read."""
    found = {_name(path): _at(values, path) for path in sorted(reads)}
    absent = [name for name, value in found.items() if value is None]
    if absent:
        return f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} not set"
    kinds = [f"{name} is {kind}" for name, value in found.items() if (kind := _KINDS.get(type(value)))]
    return f"{', '.join(kinds)}, which is not what is expected there" if kinds else ""


def _name(path: Path) -> str:
    """Return a path as the configuration spells it: an attribute without the variable that it is read from."""
    if path[:2] == _BEFORE and path[2:]:
        return f"{'.'.join(path[2:])} before the change"
    root = next((root for root in _ATTRIBUTES if path[: len(root)] == root and path[len(root) :]), ())
    return ".".join(path[len(root) :])


def _at(values: Mapping[str, Any], path: Path) -> Any:
    level: Any = values
    for step in path:
        if not isinstance(level, Mapping):
            return level  # a list, whose elements are read one by one
        level = level.get(step)
    return level
