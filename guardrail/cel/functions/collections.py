"""Lists, sets and maps: CEL's extensions `lists` and `sets`, and `get`, the short way to what lies deep."""

from __future__ import annotations

from functools import cmp_to_key
from itertools import pairwise
from typing import Any

from guardrail.cel.failures import FunctionError
from guardrail.cel.functions.function import fault, function
from guardrail.cel.functions.values import all_known, kind, known, same

_MOST = 100_000
"""Elements of a list that an expression makes."""


@function("lists.range", params="#", result="li")
def numbers_to(end: int) -> list[int]:
    """Return the whole numbers from 0 to before `end`."""
    if end > _MOST:
        raise FunctionError(f"a list of more than {_MOST:,} elements")
    return list(range(end))


@function(".slice", params="l # #", result="=1")
def sliced(values: list[Any], start: int, end: int) -> list[Any]:
    """Return the elements from `start` to before `end`."""
    if not 0 <= start <= end <= len(values):
        raise fault()
    return values[start:end]


@function(".flatten", params="l ?#", result="l")
def flattened(values: list[Any], depth: int = 1) -> list[Any]:
    """Return the elements, and of lists among them theirs, down to a depth."""
    if depth < 0:
        raise fault()
    found: list[Any] = []
    for value in values:
        found += flattened(value, depth - 1) if isinstance(value, list) and depth else [value]
    return found


@function(".distinct", params="l", result="=1")
def distinct(values: list[Any]) -> list[Any]:
    """Return each value once, in the order of its first place."""
    found: list[Any] = []
    for value in map(all_known, values):
        if not any(same(value, other) for other in found):
            found.append(value)
    return found


@function(".reverse", params="sl", result="=1")
def reversed_(values: Any) -> Any:
    """Return the elements or characters from the last to the first."""
    return values[::-1]


def _ordered(one: Any, other: Any) -> int:
    kinds = kind(one), kind(other)
    if kinds[0] not in "siudbytr" or (kinds[0] != kinds[1] and not (kinds[0] in "iud" and kinds[1] in "iud")):
        raise fault()
    return int(one > other) - int(one < other)


@function(".sort", params="l", result="=1")
def sorted_(values: list[Any]) -> list[Any]:
    """Return the values in order; they must be of one type."""
    return sorted(map(all_known, values), key=cmp_to_key(_ordered))


def sorted_by(values: list[Any], keys: list[Any]) -> list[Any]:
    """Return the values in the order of their keys."""
    ordered = cmp_to_key(_ordered)
    return [value for _, value in sorted(zip(keys, values, strict=True), key=lambda pair: ordered(pair[0]))]


@function(".isSorted", params="l", result="b")
def is_sorted(values: list[Any]) -> bool:
    """Say whether the values are in order."""
    return all(_ordered(one, other) <= 0 for one, other in pairwise(map(all_known, values)))


def _extreme(values: list[Any], wanted: int) -> Any:
    if not values:
        raise FunctionError("an empty list has no smallest or largest element")
    found = all_known(values[0])
    for value in map(all_known, values[1:]):
        found = value if _ordered(value, found) == wanted else found
    return found


function(".min", params="l", result="?")(lambda values: _extreme(values, -1))
function(".max", params="l", result="?")(lambda values: _extreme(values, 1))


@function(".indexOf", params="l *", result="i")
def index_of(values: list[Any], value: Any) -> int:
    """Return the place of the first element that is equal, -1 if there is none."""
    return next((place for place, other in enumerate(values) if same(other, value)), -1)


@function(".lastIndexOf", params="l *", result="i")
def last_index_of(values: list[Any], value: Any) -> int:
    """Return the place of the last element that is equal, -1 if there is none."""
    return next((place for place in range(len(values) - 1, -1, -1) if same(values[place], value)), -1)


@function("sets.contains", params="l l", result="b")
def set_contains(values: list[Any], parts: list[Any]) -> bool:
    """Say whether each part is among the values."""
    return all(any(same(part, value) for value in all_known(values)) for part in all_known(parts))


@function("sets.intersects", params="l l", result="b")
def set_intersects(values: list[Any], others: list[Any]) -> bool:
    """Say whether the lists have a value in common."""
    return any(same(value, other) for value in all_known(values) for other in all_known(others))


@function("sets.equivalent", params="l l", result="b")
def set_equivalent(values: list[Any], others: list[Any]) -> bool:
    """Say whether each value of either list is in the other."""
    return bool(set_contains(values, others) and set_contains(others, values))


@function("get", params="* s *", result="?")
def get(value: Any, path: str, default: Any) -> Any:
    """Return what stands at a dotted path of keys and places, or the default where a step is absent or null."""
    for step in path.split("."):
        known(value)
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = None
        if value is None:
            return default
    return known(value)
