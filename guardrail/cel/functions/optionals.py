"""Optional values: `optional.of(x)`, `m.?key.orValue(y)`."""

from __future__ import annotations

from typing import Any

from guardrail.cel.functions.function import fault, function
from guardrail.cel.functions.values import inside, optional

function("optional.of", params="*", result="o")(optional)
function("optional.none", params="", result="o")(optional)
function(".hasValue", params="o", result="b")(lambda value: bool(inside(value)))
function(".or", params="o o", result="o")(
    lambda value, other: value if inside(other) is not None and inside(value) else other
)
function(".orValue", params="o *", result="?")(lambda value, other: [*inside(value), other][0])
function(".first", params="l", result="o")(lambda values: optional(*values[:1]))
function(".last", params="l", result="o")(lambda values: optional(*values[-1:]))


@function("optional.ofNonZeroValue", params="*", result="o")
def of_non_zero(value: Any) -> Any:
    """Return an optional value, without a value for null, 0, false and what is empty."""
    is_zero = value in (0, None) if not isinstance(value, bool) else value is False
    return optional() if is_zero or (isinstance(value, str | bytes | list | dict) and not value) else optional(value)


@function("optional.unwrap", ".unwrapOpt", params="l", result="l")
def unwrapped(values: list[Any]) -> list[Any]:
    """Return the values of those optional values that have one."""
    return [one for value in values for one in inside(value)]


@function(".value", params="o", result="?")
def value_of(value: Any) -> Any:
    """Return the value. Raises FunctionError if there is none."""
    if not inside(value):
        raise fault()
    return inside(value)[0]
