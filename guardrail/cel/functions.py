"""The functions that expressions may call beside CEL's own, and how a value known only after apply travels.

Neither engine knows of such values, so one is handed over as a marker string that nobody else can make, and the
emitted expression passes what it reads through `known`, which raises on a marker. CEL's `&&` and `||` absorb that
error where the answer does not depend on it. `trace` keeps which unknown values were met, as CEL puts what is not known
before any other error.
"""

from __future__ import annotations

import ipaddress
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import re2

from guardrail.cel.failures import OPERAND_FAULT, FunctionError
from guardrail.model.reason import Reason
from guardrail.model.unknown import Unknown

_MARKER = f"\ue0c1{secrets.token_hex(8)}:"
_WRITTEN = {None: "", True: "1", False: "0"}
_IS_WRITTEN = {text: value for value, text in _WRITTEN.items()}
_FIELD = f"\ue0c2{secrets.token_hex(4)}:"

_EXACT = 1e15
"""Below it, a double holds every whole number and the halves between."""

Value = Any
"""What an engine hands to a function: None, bool, float, str, list or dict."""

KINDS = "sdbnlm"
"""The kinds of values by their first letters: string, double, bool, null, list, map."""
_KIND = {str: "s", float: "d", int: "d", bool: "b", type(None): "n", list: "l", dict: "m"}
_TYPES = {"s": "string", "d": "double", "b": "bool", "n": "null_type", "l": "list", "m": "map"}


@dataclass
class Trace:
    """The unknown values that one evaluation met. There is one, as evaluation is not concurrent."""

    unknown: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Forget the last evaluation."""
        self.unknown.clear()


trace = Trace()


def kind(value: Value) -> str:
    """Return the letter of the value's kind."""
    return _KIND[type(value)]


def marker(value: Unknown) -> str:
    """Return the string that stands for an unknown value inside an engine."""
    return _MARKER + _FIELD.join((value.path, value.reason, value.kind or "", value.remedy, _WRITTEN[value.written]))


def unmarked(value: str) -> Unknown | None:
    """Return the unknown value that a marker stands for, None for any other string."""
    if not value.startswith(_MARKER):
        return None
    path, reason, kind, remedy, written = value[len(_MARKER) :].split(_FIELD)
    return Unknown(path, reason, Reason(kind) if kind else None, remedy, _IS_WRITTEN[written])


def known(value: Value) -> Value:
    """Return the value; raise if it is not known yet."""
    if isinstance(value, str) and value.startswith(_MARKER):
        trace.unknown.append(str(value))
        msg = "not known yet"
        raise ValueError(msg)
    return value


def all_known(value: Value) -> Value:
    """Return the value; raise if anything inside it is not known yet."""
    if isinstance(value, dict):
        for key in sorted(value):  # so that always the same one is named
            all_known(value[key])
    elif isinstance(value, list):
        for part in value:
            all_known(part)
    return known(value)


def same(left: Value, right: Value) -> bool:
    """CEL's equality across types: values of different types are different, not an error."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return kind(left) == kind(right) and bool(left == right)


def contained(item: Value, container: Value) -> bool:
    """CEL's `in`: an element of a list, a key of a map. Unknown elements leave it open unless another one matches."""
    if isinstance(container, dict):
        if kind(item) in "nlm":
            raise FunctionError(OPERAND_FAULT)
        return isinstance(item, str) and item in container
    if not isinstance(container, list):
        raise FunctionError(OPERAND_FAULT)
    if any(same(item, part) for part in container):
        return True
    for part in container:
        all_known(part)
    return False


def elements(value: Value) -> Value:
    """Return the elements of a list, or the keys of a map in order."""
    if isinstance(value, dict):
        return sorted(value)
    if isinstance(known(value), list):
        return value
    raise FunctionError(OPERAND_FAULT)


def type_of(value: Value) -> str:
    """Return the name of the value's type in CEL."""
    return _TYPES[kind(value)]


def map_key(value: Value) -> str:
    """Return the value; raise if it cannot be a map's key here."""
    if not isinstance(known(value), str):
        raise FunctionError("a map's key must be a string")
    return str(value)


def text(value: Value) -> str:
    """Return how a value reads: whole numbers without a decimal point, lists in brackets."""
    value = all_known(value)
    if value is None:
        return "null"
    match kind(value):
        case "b":
            return "true" if value else "false"
        case "d":
            return (
                format(int(value), "d")
                if float(value).is_integer() and abs(value) < _EXACT
                else format(float(value), ".15g")
            )
        case "l":
            return f"[{', '.join(map(text, value))}]"
        case "m":
            return f"{{{', '.join(f'{text(key)}: {text(value[key])}' for key in sorted(value))}}}"
        case _:
            return str(value)


def number(value: Value) -> float:
    """Return the number that a value is or spells."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise FunctionError(f"not a number: {_shown(value)}") from None
    if not math.isfinite(found):
        raise FunctionError(f"not a finite number: {_shown(value)}")
    return found


def minimum(left: float, right: float) -> float:
    """Return the smaller number."""
    return float(min(left, right))


def maximum(left: float, right: float) -> float:
    """Return the larger number."""
    return float(max(left, right))


def ceil(value: float) -> float:
    """Return the next whole number up."""
    # 0.1 * 3 / 0.1 is 3.0000000000000004 in doubles, and 4 would be wrong.
    return float(math.ceil(_finite(value) - 1e-9))


def floor(value: float) -> float:
    """Return the next whole number down."""
    return float(math.floor(_finite(value) + 1e-9))


def nearest(value: float) -> float:
    """Return the nearest whole number, half away from zero."""
    return math.copysign(math.floor(abs(_finite(value)) + 0.5), value)


def absolute(value: float) -> float:
    """Return the number without its sign."""
    return float(abs(value))


def lower(value: str) -> str:
    """Return the string in lower case."""
    return value.lower()


def upper(value: str) -> str:
    """Return the string in upper case."""
    return value.upper()


def replace(value: str, old: str, new: str) -> str:
    """Return the string with every `old` replaced by `new`."""
    return str(value).replace(old, new)


def split(value: str, separator: str) -> list[str]:
    """Return the parts of a string."""
    if not separator:
        raise FunctionError("split needs a separator")
    return str(value).split(separator)


def join(parts: list[Value], separator: str) -> str:
    """Return the list's values as one string."""
    return separator.join(text(part) for part in parts)


def total(parts: list[Value]) -> float:
    """Return the sum of a list of numbers."""
    return float(sum(number(all_known(part)) for part in parts))


@cache
def regex(pattern: str) -> Any:
    """Compile a regular expression, in RE2's dialect. Raises FunctionError if it is none."""
    try:
        return re2.compile(pattern, _quiet())
    except re2.error as error:
        raise FunctionError(f"invalid regular expression {pattern!r}: {error}") from None


@cache
def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


def extract(value: str, pattern: str) -> str:
    """Return the first group (else the whole) of the first match, "" if there is none."""
    match = regex(str(pattern)).search(str(value))
    if not match:
        return ""
    return (match.group(1) if match.re.groups else match.group()) or ""


def get(value: Value, path: str, default: Value) -> Value:
    """Return what stands at a dotted path of keys and indices, or the default where a step is absent or null."""
    for step in str(path).split("."):
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


def cidr_size(value: str) -> float:
    """Return the number of addresses in a CIDR block."""
    try:
        return float(ipaddress.ip_network(str(value), strict=False).num_addresses)
    except ValueError:
        raise FunctionError(f"not a CIDR block: {_shown(value)}") from None


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise FunctionError(f"not a finite number: {value}")
    return value


def _shown(value: Value) -> str:
    return (repr(value) if isinstance(value, str) else text(value))[:60]


FUNCTIONS: dict[str, tuple[Callable[..., Value], tuple[str, ...]]] = {
    "min": (minimum, ("d", "d")),
    "max": (maximum, ("d", "d")),
    "ceil": (ceil, ("d",)),
    "floor": (floor, ("d",)),
    "round": (nearest, ("d",)),
    "abs": (absolute, ("d",)),
    "number": (number, ("sdb",)),
    "lower": (lower, ("s",)),
    "upper": (upper, ("s",)),
    "replace": (replace, ("s", "s", "s")),
    "split": (split, ("s", "s")),
    "extract": (extract, ("s", "s")),
    "join": (join, ("l", "s")),
    "sum": (total, ("l",)),
    "get": (get, (KINDS, "s", KINDS)),
    "cidr_size": (cidr_size, ("s",)),
}
"""Name -> implementation and the kinds that each parameter takes, by their first letters."""

PLUMBING: dict[str, tuple[Callable[..., Value], tuple[str, ...]]] = {
    "known": (known, (KINDS,)),
    "all_known": (all_known, (KINDS,)),
    "same": (same, (KINDS, KINDS)),
    "contained": (contained, (KINDS, KINDS)),
    "text": (text, (KINDS,)),
    "elements": (elements, (KINDS,)),
    "type_of": (type_of, (KINDS,)),
    "map_key": (map_key, (KINDS,)),
}
"""Functions that only the emitted text calls."""
