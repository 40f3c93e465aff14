"""Functions that only the emitted text calls: what passes on unknown values, and what stands for syntax that an engine lacks."""

from __future__ import annotations

from typing import Any

from guardrail.cel.failures import SAME_KEY, FunctionError
from guardrail.cel.functions.collections import sorted_by
from guardrail.cel.functions.function import fault, function, whole
from guardrail.cel.functions.values import (
    all_known,
    contained,
    elements,
    inside,
    is_optional,
    kind,
    known,
    optional,
    same,
    type_of,
)

ANY = "siudbnlmytr"
"""The kinds that Google's engine knows."""
_HANDED_BACK = "siudbnlmyo"
"""What a function of ours can hand back to Google's engine: no timestamps and durations."""

function("_known", params=_HANDED_BACK, result="?")(known)
function("_all_known", params=_HANDED_BACK, result="?")(all_known)
function("_contained", params="* *", result="b")(contained)
function("_elements", params="lms", result="l")(elements)
function("_type_of", params="*", result="s")(type_of)
function("_whole", params="siudbnlmytr", result="i")(lambda value: whole(value) if kind(value) in "iud" else value)


@function("_map_key", params="*", result="?")
def map_key(value: Any) -> Any:
    """Return the value; raise if it cannot be a map's key."""
    if kind(known(value)) not in "siub" and not (kind(value) == "d" and value.is_integer()):
        raise FunctionError("a map's key must be a string, a whole number or a bool")
    return int(value) if kind(value) == "d" else value


@function("_pairs", params="lms", result="ll")
def pairs(value: Any) -> list[list[Any]]:
    """Return key and value of each entry of a map in order, or place and element of a list."""
    if isinstance(known(value), dict):
        return [[key, value[key]] for key in elements(value)]
    if isinstance(value, list):
        return [[place, element] for place, element in enumerate(value)]
    raise fault()


@function("_map_of", params="l", result="m")
def map_of(entries: list[list[Any]]) -> dict[Any, Any]:
    """Return the map of pairs of key and value."""
    return dict(entries)


@function("_merged", params="l", result="m")
def merged(maps: list[dict[Any, Any]]) -> dict[Any, Any]:
    """Return the entries of several maps as one. Raises FunctionError for a key that two of them have."""
    found: dict[Any, Any] = {}
    for one in maps:
        if not isinstance(one, dict):
            raise fault()
        for key, value in one.items():
            if key in found:
                raise FunctionError(SAME_KEY)
            found[key] = value
    return found


@function("_sorted_pairs", params="l", result="l")
def sorted_pairs(values: list[list[Any]]) -> list[Any]:
    """Return the first of each pair, in the order of the second."""
    return sorted_by([value for value, _ in values], [all_known(key) for _, key in values])


@function("_optional_entry", params="lmo *", result="o")
def optional_entry(value: Any, key: Any) -> Any:
    """Return what a map has at a key, or a list at a place, as an optional value; also of an optional one."""
    if is_optional(value):
        return optional_entry(inside(value)[0], key) if inside(value) else optional()
    if isinstance(value, dict):
        return optional(*(value[other] for other in value if same(other, key)))
    if not isinstance(value, list) or kind(key) not in "iud":
        raise fault()
    return optional(*value[whole(key) :][:1] if whole(key) >= 0 else ())


@function("_entry_or_null", params="ms siudb", result="?")
def entry_or_null(values: Any, key: Any) -> Any:
    """Return what a map has at a key, None if it has none."""
    if not isinstance(known(values), dict):
        raise fault()
    return values.get(key)


function("_optional_list", params="o", result="l")(inside)
function("_optional_of_list", params="l", result="o")(lambda values: optional(*values[:1]))


@function("_first_flat", params="l", result="o")
def first_flat(values: list[Any]) -> Any:
    """Return the optional value in a list of at most one."""
    if values and not is_optional(values[0]):
        raise fault()
    return values[0] if values else optional()
