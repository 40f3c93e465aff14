"""CEL's own operators: for which kinds of operands, and what they do.

Google's engine has them built in. The tables tell the check at load what they take, and are what the Python engine runs.
The kinds are those of `guardrail.cel.functions.function`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

from guardrail.cel.expression.tree import UInt
from guardrail.cel.failures import DIVISION_BY_ZERO, NO_ELEMENT, OUT_OF_RANGE, FunctionError, no_key
from guardrail.cel.functions import KINDS, whole
from guardrail.cel.functions.function import fault, function
from guardrail.cel.functions.instants import Duration, Timestamp
from guardrail.cel.functions.numbers import MAX_INT, MAX_UINT, MIN_INT
from guardrail.cel.functions.values import kind, same

Overloads = Mapping[str, Callable[..., Any]]
"""Kinds of the operands -> what computes the result."""


def _int(value: int) -> int:
    if not MIN_INT <= value <= MAX_INT:
        raise FunctionError(OUT_OF_RANGE)
    return value


def _uint(value: int) -> UInt:
    if not 0 <= value <= MAX_UINT:
        raise FunctionError(OUT_OF_RANGE)
    return UInt(value)


def _exact(operation: Callable[[int, int], int], bound: Callable[[int], int]) -> Callable[[int, int], int]:
    return lambda left, right: bound(operation(int(left), int(right)))


def _whole_quotient(left: int, right: int) -> int:
    if not right:
        raise FunctionError(DIVISION_BY_ZERO)
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _rest(left: int, right: int) -> int:
    if not right:
        raise FunctionError(DIVISION_BY_ZERO)
    return int(math.copysign(1, left)) * (abs(left) % abs(right))


def _divided(left: float, right: float) -> float:
    # No share of anything can be told by 0: doubles of CEL would give infinity or NaN.
    if not right:
        raise FunctionError(DIVISION_BY_ZERO)
    return left / right


def _element(values: list[Any], index: float) -> Any:
    place = whole(index)
    if not 0 <= place < len(values):
        raise FunctionError(NO_ELEMENT if abs(place) <= MAX_INT else fault().message)
    return values[place]


def _entry(values: dict[Any, Any], key: Any) -> Any:
    if isinstance(key, str):
        if key not in values:
            raise FunctionError(no_key(key))
        return values[key]
    for other, value in values.items():
        if same(key, other):
            return value
    raise fault()


def _among(item: Any, values: list[Any]) -> bool:
    return any(same(item, value) for value in values)


def _is_key(key: Any, values: dict[Any, Any]) -> bool:
    return key in values if isinstance(key, str) else any(same(key, other) for other in values)


def _differ(left: Any, right: Any) -> bool:
    return not same(left, right)


def _pairs(function: Callable[..., Any], *kinds: str) -> Overloads:
    return {"".join(pair): function for pair in product(*kinds)}


def _alike(function: Callable[..., Any], kinds: str) -> Overloads:
    return {kind * 2: function for kind in kinds}


def _numeric(operation: Callable[[Any, Any], Any]) -> Overloads:
    return {"ii": _exact(operation, _int), "uu": _exact(operation, _uint), "dd": operation}


def _compared(comparison: Callable[[Any, Any], bool]) -> Overloads:
    def as_doubles(one: float, other: float) -> bool:
        return comparison(float(one), float(other))

    mixed = {**_pairs(as_doubles, "iu", "d"), **_pairs(as_doubles, "d", "iu")}
    return {**_pairs(comparison, "iud", "iud"), **mixed, **_alike(comparison, "sbytr")}


def _span(ns: int) -> Duration:
    if not MIN_INT <= ns <= MAX_INT:  # of nanoseconds: 292 years
        raise fault()
    return Duration(ns)


OPERATORS: dict[str, Overloads] = {
    "+": {
        **_numeric(operator.add),
        **_alike(operator.add, "sly"),
        "tr": lambda time, span: Timestamp(time.ns + span.ns),
        "rt": lambda span, time: Timestamp(time.ns + span.ns),
        "rr": lambda one, other: Duration(one.ns + other.ns),
    },
    "-": {
        **_numeric(operator.sub),
        "tt": lambda one, other: _span(one.ns - other.ns),
        "tr": lambda time, span: Timestamp(time.ns - span.ns),
        "rr": lambda one, other: Duration(one.ns - other.ns),
    },
    "*": _numeric(operator.mul),
    "/": {**_numeric(_whole_quotient), "dd": _divided},
    "%": {"ii": _exact(_rest, _int), "uu": _exact(_rest, _uint)},
    "<": _compared(operator.lt),
    "<=": _compared(operator.le),
    ">": _compared(operator.gt),
    ">=": _compared(operator.ge),
    "==": _pairs(same, KINDS, KINDS),
    "!=": _pairs(_differ, KINDS, KINDS),
    "in": {**_pairs(_among, KINDS, "l"), **_pairs(_is_key, "siudb", "m")},
    "[]": {
        **_pairs(_element, "l", "iud"),
        **_pairs(_entry, "mo", "siudb"),
    },
}
UNARY: dict[str, Overloads] = {
    "!": {"b": operator.not_},
    "-": {"i": lambda value: _int(-value), "d": operator.neg},
}
RESULTS = {
    **{sign: {kinds: kinds[0] for kinds in OPERATORS[sign]} for sign in "+-*/%"},
    **{sign: dict.fromkeys(OPERATORS[sign], "b") for sign in ("<", "<=", ">", ">=", "==", "!=", "in")},
}
"""Operator -> kinds of its operands -> the kind of its result."""
RESULTS["+"]["rt"] = "t"
RESULTS["-"]["tt"] = "r"


def _mixed(sign: str) -> Callable[[Any, Any], Any]:
    """Return an operator for operands of which the text does not tell the types: of an int and a double, both are doubles."""
    overloads = OPERATORS[sign]

    def call(left: Any, right: Any) -> Any:
        kinds = kind(left) + kind(right)
        if kinds in {"id", "di"}:
            left, right, kinds = float(left), float(right), "dd"
        operation = overloads.get(kinds)
        if operation is None:
            raise fault()
        return operation(left, right)

    return call


for _sign, _name in {"+": "added", "-": "subtracted", "*": "multiplied", "/": "divided"}.items():
    function(f"_{_name}", params="siudbnlmy siudbnlmy", result="?")(_mixed(_sign))
