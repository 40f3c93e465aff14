"""Values as functions see them: their kinds, equality and text, and how one that is known only after apply travels.

Neither engine knows of such values, so one is handed over as a marker string that nobody else can make, and the
emitted expression passes what it reads through `known`, which raises on a marker. CEL's `&&` and `||` absorb that
error where the answer does not depend on it. `trace` keeps which unknown values were met, as CEL puts what is not known
before any other error.
"""

from __future__ import annotations

import base64
import os
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from guardrail.cel.expression.tree import UInt
from guardrail.cel.functions.function import NAMES, fault
from guardrail.cel.functions.instants import Duration, Timestamp, duration_text, timestamp_text
from guardrail.model.reason import Reason
from guardrail.model.unknown import Unknown

MARKER = f"\ue0c1{os.urandom(8).hex()}:"
"""How the string begins that stands for an unknown value inside an engine."""
_WRITTEN = {None: "", True: "1", False: "0"}
_IS_WRITTEN = {text: value for value, text in _WRITTEN.items()}
_FIELD = f"\ue0c2{os.urandom(4).hex()}:"

_EXACT = 1e15
"""Below it, a double holds every whole number and the halves between."""

Value = Any
"""What an engine hands to a function: None, bool, float, str, list or dict."""

_KINDS = {
    str: "s",
    bool: "b",
    int: "i",
    UInt: "u",
    float: "d",
    type(None): "n",
    list: "l",
    dict: "m",
    bytes: "y",
    bytearray: "y",
    Timestamp: "t",
    datetime: "t",
    Duration: "r",
    timedelta: "r",
}
_TAG = f"\ue0c4{os.urandom(4).hex()}:"
"""Goes before the type's name and the text of what is no value of CEL's own: an address, a quantity."""


_OPTIONAL = f"\ue0c5{os.urandom(4).hex()}"
"""The only key of the map that stands for an optional value: Google's engine cannot hand its own ones to a function."""

PROCESS_TEXTS = (MARKER, _FIELD, _TAG, _OPTIONAL)
"""What is another text in each process, so that no input can hold it."""


def optional(*value: Any) -> Value:
    """Return an optional value, with a value or without one."""
    return {_OPTIONAL: list(value)}


def is_optional(value: Value) -> bool:
    """Say whether a value is an optional one."""
    return isinstance(value, dict) and _OPTIONAL in value


def inside(value: Value) -> list[Value]:
    """Return the value of an optional one as the only element of a list, or an empty list."""
    found: list[Value] = value[_OPTIONAL]
    return found


class Trace(Struct):
    """The unknown values that one evaluation met. There is one, as evaluation is not concurrent."""

    unknown: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Forget the last evaluation."""
        self.unknown.clear()


trace = Trace()


def kind(value: Value) -> str:
    """Return the letter of the value's kind."""
    return "o" if is_optional(value) else _KINDS[type(value)]


def marker(value: Unknown) -> str:
    """Return the string that stands for an unknown value inside an engine."""
    written = _WRITTEN[value.written]
    return MARKER + _FIELD.join((value.path, value.reason, value.kind or "", value.remedy, written, value.machine_type))


def unmarked(value: str) -> Unknown | None:
    """Return the unknown value that a marker stands for, None for any other string."""
    if not value.startswith(MARKER):
        return None
    path, reason, kind, remedy, written, machine_type = value[len(MARKER) :].split(_FIELD)
    return Unknown(path, reason, Reason(kind) if kind else None, remedy, _IS_WRITTEN[written], machine_type)


def known(value: Value) -> Value:
    """Return the value; raise if it is not known yet."""
    if isinstance(value, str) and value.startswith(MARKER):
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
    """CEL's equality across types: numbers by their value, else values of different types are different, not an error."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(key in right and same(left[key], right[key]) for key in left)
    kinds = kind(left), kind(right)
    return (kinds[0] == kinds[1] or (kinds[0] in "iud" and kinds[1] in "iud")) and bool(left == right)


def contained(item: Value, container: Value) -> bool:
    """CEL's `in`: an element of a list, a key of a map. Unknown elements leave it open unless another one matches."""
    if isinstance(container, dict):
        if kind(item) not in "siudb":
            raise fault()
        return any(same(item, key) for key in container) if kind(item) != "s" else item in container
    if not isinstance(container, list):
        raise fault()
    if any(same(item, part) for part in container):
        return True
    for part in container:
        all_known(part)
    return False


def elements(value: Value) -> Value:
    """Return the elements of a list, or the keys of a map in order."""
    if isinstance(value, dict):
        return sorted(value, key=lambda key: (kind(key) not in "iud", kind(key), key))
    if isinstance(known(value), list):
        return value
    raise fault()


def type_of(value: Value) -> str:
    """Return the value's type, as a value."""
    if isinstance(known(value), str) and value.startswith(_TAG):
        return tagged("type", value[len(_TAG) :].partition(":")[0])
    return tagged("type", NAMES[kind(value)])


def tagged(type_name: str, text: str) -> str:
    """Return the value of a type that is none of CEL's own. Two of them are equal if their texts are."""
    return f"{_TAG}{type_name}:{text}"


def untagged(value: Value, type_name: str) -> str:
    """Return the text of such a value. Raises FunctionError for a value of another type."""
    head = f"{_TAG}{type_name}:"
    if not isinstance(value, str) or not value.startswith(head):
        raise fault()
    return value[len(head) :]


def plain_text(value: str) -> str:
    """Return a string as people read it, without what tells its type."""
    return value[len(_TAG) :].partition(":")[2] if value.startswith(_TAG) else value


def text(value: Value) -> str:  # noqa: C901 - one case a kind
    """Return how a value reads: whole numbers without a decimal point, lists in brackets."""
    value = all_known(value)
    if value is None:
        return "null"
    match kind(value):
        case "b":
            return "true" if value else "false"
        case "i" | "u":
            return format(value, "d")
        case "y":
            return base64.b64encode(value).decode()
        case "t":
            return timestamp_text(value)
        case "r":
            return duration_text(value)
        case "o":
            return f"optional.of({text(inside(value)[0])})" if inside(value) else "optional.none()"
        case "d":
            return (
                format(int(value), "d")
                if float(value).is_integer() and abs(value) < _EXACT
                else format(float(value), ".15g")
            )
        case "l":
            return f"[{', '.join(map(text, value))}]"
        case "m":
            return f"{{{', '.join(f'{text(key)}: {text(value[key])}' for key in elements(value))}}}"
        case _:
            return plain_text(value)


def shown(value: Value) -> str:
    """Return a value as messages quote it."""
    return (repr(value) if isinstance(value, str) else text(value))[:60]
