"""CEL's own operators and functions as far as expressions may use them: for which kinds of operands, and what they do.

Google's engine has them built in. The tables tell the check at load what they take, and are what the Python engine runs.
A kind is written as one letter: string, double, bool, null, list, map.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any

from guardrail.cel.failures import BAD_PATTERN, NO_ELEMENT, OPERAND_FAULT, FunctionError, no_key
from guardrail.cel.functions import FUNCTIONS, KINDS, PLUMBING, regex, same

Overloads = Mapping[str, Callable[..., Any]]
"""Kinds of the operands -> what computes the result."""

_TRUE, _FALSE = {"true", "TRUE", "True", "t", "1"}, {"false", "FALSE", "False", "f", "0"}


def _divided(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1.0, right)


def _element(values: list[Any], index: float) -> Any:
    if not float(index).is_integer():
        raise FunctionError(OPERAND_FAULT)
    if not 0 <= index < len(values):
        raise FunctionError(NO_ELEMENT if abs(index) < 2**63 else OPERAND_FAULT)
    return values[int(index)]


def _entry(values: dict[str, Any], key: str) -> Any:
    if key not in values:
        raise FunctionError(no_key(key))
    return values[key]


def _among(item: Any, values: list[Any]) -> bool:
    return any(same(item, value) for value in values)


def _is_key(key: str | float, values: dict[str, Any]) -> bool:
    return key in values


def _matches(text: str, pattern: str) -> bool:
    try:
        return regex(pattern).search(text) is not None
    except FunctionError:
        raise FunctionError(BAD_PATTERN) from None


def _truth(text: str) -> bool:
    if text not in _TRUE | _FALSE:
        raise FunctionError(OPERAND_FAULT)
    return text in _TRUE


def _differ(left: Any, right: Any) -> bool:
    return not same(left, right)


def _pairs(function: Callable[..., Any], *kinds: str) -> Overloads:
    return {"".join(pair): function for pair in product(*kinds)}


def _alike(function: Callable[..., Any], kinds: str) -> Overloads:
    return {kind * 2: function for kind in kinds}


OPERATORS: dict[str, Overloads] = {
    "+": _alike(operator.add, "dsl"),
    "-": _alike(operator.sub, "d"),
    "*": _alike(operator.mul, "d"),
    "/": _alike(_divided, "d"),
    "<": _alike(operator.lt, "dsb"),
    "<=": _alike(operator.le, "dsb"),
    ">": _alike(operator.gt, "dsb"),
    ">=": _alike(operator.ge, "dsb"),
    "==": _pairs(same, KINDS, KINDS),
    "!=": _pairs(_differ, KINDS, KINDS),
    "in": {**_pairs(_among, KINDS, "l"), **_pairs(_is_key, "sdb", "m")},
    "[]": {"ld": _element, "ms": _entry},
}
UNARY: dict[str, Overloads] = {"!": {"b": operator.not_}, "-": {"d": operator.neg}}
METHODS: dict[str, Overloads] = {
    "startsWith": {"ss": str.startswith},
    "endsWith": {"ss": str.endswith},
    "contains": {"ss": operator.contains},
    "matches": {"ss": _matches},
    "size": dict.fromkeys("slm", len),
}
CONVERSIONS: dict[str, Overloads] = {"bool": {"b": bool, "s": _truth}}
CALLS: dict[str, Iterable[str]] = {
    "size": METHODS["size"],
    "matches": METHODS["matches"],
    "string": KINDS,
    "double": "sdb",
    "type": KINDS,
    **CONVERSIONS,
    **{name: list(map("".join, product(*parameters))) for name, (_, parameters) in FUNCTIONS.items()},
}
"""What may be written as `name(x)` -> the kinds of operands that it takes. `has` takes a field, which is no operand."""
_ANNOTATED = {"float": "d", "str": "s", "bool": "b", "list[str]": "l"}
RESULTS: dict[str, str] = {
    **dict.fromkeys(METHODS, "b"),
    "size": "d",
    "string": "s",
    "double": "d",
    "type": "s",
    "bool": "b",
    **{name: _ANNOTATED.get(function.__annotations__["return"], "?") for name, (function, _) in FUNCTIONS.items()},
}
"""Function or method -> the kind that it gives, "?" if that depends on its operands."""
OURS: dict[str, Overloads] = {
    name: _pairs(function, *parameters) for name, (function, parameters) in (FUNCTIONS | PLUMBING).items()
}
"""What is registered with both engines."""
