"""Numbers: conversions, the library `math`, and functions of our own for amounts of money and counts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from guardrail.cel.expression.tree import UInt
from guardrail.cel.failures import DIVISION_BY_ZERO, FunctionError
from guardrail.cel.functions.function import fault, function
from guardrail.cel.functions.instants import Timestamp, as_timestamp
from guardrail.cel.functions.values import all_known, kind, shown
from guardrail.model.money import decimal
from guardrail.model.money import money as shown_money

MIN_INT, MAX_INT, MAX_UINT = -(2**63), 2**63 - 1, 2**64 - 1
_SECOND = 1_000_000_000
_DECIMAL = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
Number = int | float


def as_int(value: int) -> int:
    """Return an int. Raises FunctionError where it does not fit into 64 bits."""
    if not MIN_INT <= value <= MAX_INT:
        raise fault()
    return int(value)


def as_uint(value: int) -> UInt:
    """Return an unsigned int. Raises FunctionError where it does not fit into 64 bits."""
    if not 0 <= value <= MAX_UINT:
        raise fault()
    return UInt(value)


@function("int", params="siudtb", result="i", native=True)
def to_int(value: str | Number | Timestamp) -> int:
    """Return the int that a string spells, a number without its fraction, or the seconds of a timestamp since 1970."""
    if isinstance(value, Timestamp):
        return as_timestamp(value).ns // _SECOND
    return as_int(_integer(value))


@function("uint", params="siud", result="u", native=True)
def to_uint(value: str | Number) -> UInt:
    """Return the unsigned int that a string spells, or a number without its fraction."""
    if isinstance(value, float) and value < 0:  # -0.25, too, as Google's engine has it
        raise fault()
    return as_uint(_integer(value))


def _integer(value: str | Number) -> int:
    if isinstance(value, str):
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()):
            raise fault()
        return int(value)
    if isinstance(value, float) and not -(2.0**63) < value < 2.0**64:
        raise fault()
    return int(value)


@function("double", params="iud", result="d", native=True)
def to_double(value: Number) -> float:
    """Return the double nearest to a number."""
    return float(value)


@function("double", params="s", result="d")
def spelled_double(value: str) -> float:
    """Return the double nearest to what a string spells: decimal and finite, as comparisons with NaN are false whichever way they are written."""
    if not re.fullmatch(_DECIMAL, value) or not math.isfinite(found := float(value)):
        raise fault()
    return found


def _compared(better: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    def best(*values: Any) -> Any:
        if len(values) == 1 and isinstance(values[0], list):
            values = tuple(values[0])
        if not values or any(kind(value) not in "iud" for value in values):
            raise fault()
        found = values[0]
        for value in values[1:]:
            found = value if better(value, found) else found
        return found

    return best


_greatest, _least = _compared(lambda value, best: value > best), _compared(lambda value, best: value < best)
for _params in ("iud ?iud+", "l"):
    function("math.greatest", params=_params, result="=1")(_greatest)
    function("math.least", params=_params, result="=1")(_least)
function("math.ceil", params="d", result="d", native=True)(
    lambda value: math.copysign(math.ceil(value), value) if math.isfinite(value) else value
)
function("math.floor", params="d", result="d", native=True)(
    lambda value: math.copysign(math.floor(value), value) if math.isfinite(value) else value
)
function("math.trunc", params="d", result="d", native=True)(
    lambda value: math.copysign(math.trunc(value), value) if math.isfinite(value) else value
)
function("math.isNaN", params="d", result="b", native=True)(math.isnan)
function("math.isInf", params="d", result="b", native=True)(math.isinf)
function("math.isFinite", params="d", result="b", native=True)(math.isfinite)
function("math.sqrt", params="iud", result="d", native=True)(lambda value: math.sqrt(value) if value >= 0 else math.nan)


@function("math.round", params="d", result="d", native=True)
def away_from_zero(value: float) -> float:
    """Return the nearest whole number, half away from zero."""
    return math.copysign(math.floor(abs(value) + 0.5), value) if math.isfinite(value) else value


@function("math.abs", params="iud", result="=1", native=True)
def magnitude(value: Number) -> Number:
    """Return the number without its sign, of the same type."""
    return UInt(value) if isinstance(value, UInt) else abs(value) if isinstance(value, float) else as_int(abs(value))


@function("math.sign", params="iud", result="=1", native=True)
def sign(value: Number) -> Number:
    """Return -1, 0 or 1, of the same type."""
    found = (value > 0) - (value < 0)
    return type(value)(found) if not (isinstance(value, float) and math.isnan(value)) else value


def _bits() -> None:
    """Register the operations on the bits of ints and unsigned ints."""
    operations: dict[str, Callable[[int, int], int]] = {
        "bitAnd": lambda one, other: one & other,
        "bitOr": lambda one, other: one | other,
        "bitXor": lambda one, other: one ^ other,
    }
    for name, operation in operations.items():
        for letter, wrap in (("i", as_int), ("u", as_uint)):

            def both(one: int, other: int, operation: Any = operation, wrap: Any = wrap) -> Any:
                return wrap(operation(int(one), int(other)))

            function(f"math.{name}", params=f"{letter} {letter}", result=letter, native=True)(both)
    function("math.bitNot", params="i", result="i", native=True)(lambda value: ~value)
    function("math.bitNot", params="u", result="u", native=True)(lambda value: UInt(value ^ MAX_UINT))


_bits()


@function("math.bitShiftLeft", params="iu i", result="=1", native=True)
def shift_left(value: int, places: int) -> int:
    """Return the bits shifted to the left; what leaves the 64 is lost."""
    if places < 0:
        raise fault()
    bits = (int(value) << places) & MAX_UINT if places < 64 else 0  # noqa: PLR2004 - bits
    return UInt(bits) if isinstance(value, UInt) else bits - 2**64 if bits > MAX_INT else bits


@function("math.bitShiftRight", params="iu i", result="=1", native=True)
def shift_right(value: int, places: int) -> int:
    """Return the bits shifted to the right; zeros come in from the left, also for a negative int."""
    if places < 0:
        raise fault()
    bits = (int(value) & MAX_UINT) >> places if places < 64 else 0  # noqa: PLR2004 - bits
    return UInt(bits) if isinstance(value, UInt) else bits - 2**64 if bits > MAX_INT else bits


@function("number", params="siudb", result="d")
def number(value: str | Number) -> float:
    """Return the number that a value is or spells."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise FunctionError(f"not a number: {shown(value)}") from None
    if not math.isfinite(found):
        raise FunctionError(f"not a finite number: {shown(value)}")
    return found


@function("min", params="N N", result="d")
def minimum(left: float, right: float) -> float:
    """Return the smaller number."""
    return min(left, right)


@function("max", params="N N", result="d")
def maximum(left: float, right: float) -> float:
    """Return the larger number."""
    return max(left, right)


@function("ceil", params="N", result="d")
def ceil(value: float) -> float:
    """Return the next whole number up."""
    # 0.1 * 3 / 0.1 is 3.0000000000000004 in doubles, and 4 would be wrong.
    return float(math.ceil(_finite(value) - 1e-9))


@function("floor", params="N", result="d")
def floor(value: float) -> float:
    """Return the next whole number down."""
    return float(math.floor(_finite(value) + 1e-9))


@function("round", params="N", result="d")
def nearest(value: float) -> float:
    """Return the nearest whole number, half away from zero."""
    return math.copysign(math.floor(abs(_finite(value)) + 0.5), value)


@function("money", params="N s", result="s")
def money(value: float, currency: str) -> str:
    """Return an amount as reports write it: "$1,234.50", "EUR 3.10"."""
    return shown_money(decimal(_finite(value)), currency)


@function("abs", params="N", result="d")
def absolute(value: float) -> float:
    """Return the number without its sign."""
    return abs(value)


@function("sum", ".sum", params="l", result="d")
def total(parts: list[Any]) -> float:
    """Return the sum of a list of numbers."""
    return float(sum(number(all_known(part)) for part in parts))


@function("_remainder", params="# #", result="d")
def remainder(value: int, divisor: int) -> float:
    """Return what is left of a whole number after division, with the sign of the number as CEL's `%` has it."""
    if not divisor:
        raise FunctionError(DIVISION_BY_ZERO)
    return math.copysign(abs(value) % abs(divisor), value)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise FunctionError(f"not a finite number: {value}")
    return value
