"""Marks that fit what was evaluated: joined, and laid over values that tfparse could not tell."""

from __future__ import annotations

from typing import Any

from guardrail.model.unknown import Json

_HIDDEN = "(sensitive value)"  # what tfparse says instead
_LEFT_OUT = "${...}"  # what it says in texts of what it cannot evaluate
_BOUNDS = {2**63 - 1, -(2**63)}  # what it makes of numbers beyond them


def both(one: Any, other: Any) -> Any:
    """Return marks of what either marks."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: both(one.get(key, False), other.get(key, False)) for key in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        longer = max(len(one), len(other))
        padded = (marks + [False] * (longer - len(marks)) for marks in (one, other))
        return [both(mark, same) for mark, same in zip(*padded, strict=True)]
    whole = [mark for mark in (one, other) if mark is True or isinstance(mark, str)]
    return max(whole, key=lambda mark: isinstance(mark, str)) if whole else one or other


def fitted(value: Json, mark: Any) -> Any:
    """Return marks that fit what was evaluated: where only parts are marked, but there are none, nothing is known.

    What tfparse hides or cannot tell is not known either.
    """
    if isinstance(mark, str):
        return mark
    if mark is True or (mark and not isinstance(value, type(mark))) or _is_no_value(value):
        return True
    if isinstance(value, dict):
        marks = mark or {}
        found = {name: fitted(part, marks.get(name, False)) for name, part in value.items()}
        return {**marks, **{name: one for name, one in found.items() if one}}
    if isinstance(value, list):
        marks = (mark or []) + [False] * (len(value) - len(mark or []))
        parts = [fitted(part, one) for part, one in zip(value, marks, strict=False)] + marks[len(value) :]
        return parts if any(parts) else False
    return False


def _is_no_value(value: Json) -> bool:
    if isinstance(value, str):
        return value == _HIDDEN or _LEFT_OUT in value
    return type(value) is int and value in _BOUNDS
