"""Values on their way into an engine and out of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from guardrail.cel.analysis.names import Path
from guardrail.cel.failures import NO_PLAIN_VALUE, EvaluationError
from guardrail.cel.functions.instants import Duration, Timestamp, duration_text, timestamp_text
from guardrail.cel.functions.prices import Handle
from guardrail.cel.functions.values import elements, is_optional, marker, plain_text, unmarked
from guardrail.model.reason import Reason
from guardrail.model.unknown import Unknown

_AS_IT_IS = frozenset({str, bool, type(None)})
_EXACT = 2**53
Value = Any
"""None, bool, float, str, list, dict or Unknown."""


def plain_value(value: Value, path: Path, unknown: list[Path]) -> Any:
    """Convert to what engines take: numbers as doubles, unknown values as markers (their paths are collected)."""
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is int and abs(value) < _EXACT:
        return float(value)
    if kind is dict:
        return {
            str(key): part if type(part) in _AS_IT_IS else plain_value(part, (*path, str(key)), unknown)
            for key, part in value.items()
        }
    if kind is list:
        # An element's place is computed more often than not, so its path ends at the list.
        return [plain_value(part, path, unknown) for part in value]
    return _plain_value(value, path, unknown)


def _plain_value(value: Value, path: Path, unknown: list[Path]) -> Any:
    """Convert what is rarer than what JSON has."""
    if isinstance(value, str):
        return value
    if isinstance(value, Handle):
        return value.token
    if isinstance(value, int | float | Decimal):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
        value = Unknown(".".join(path[1:]), "a number out of range", Reason.NOT_EVALUATED)
    if isinstance(value, Unknown):
        unknown.append(path)
        return marker(value)
    if isinstance(value, Mapping):
        return {str(key): plain_value(part, (*path, str(key)), unknown) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_value(part, path, unknown) for part in value]
    return value.isoformat() if isinstance(value, date) else str(value)


def result_of(value: Any) -> Value:
    """Return what an engine gives as a plain value: points and spans of time as text, what is not known as such."""
    if isinstance(value, str):
        return unmarked(value) or plain_text(value)
    if is_optional(value):
        raise EvaluationError(NO_PLAIN_VALUE)
    if isinstance(value, Timestamp | datetime):
        return timestamp_text(value)
    if isinstance(value, Duration | timedelta):
        return duration_text(value)
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, list):
        return [result_of(part) for part in value]
    if isinstance(value, dict):
        return {key: result_of(value[key]) for key in elements(value)}
    return value
