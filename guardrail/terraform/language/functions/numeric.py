"""Functions over numbers."""

from __future__ import annotations

import math

from guardrail.terraform.language.functions.signature import (
    Function,
    FunctionError,
    NotEvaluated,
    Parameter,
    whole,
)
from guardrail.terraform.language.numbers import Number, from_float
from guardrail.terraform.language.types import ANY, NUMBER, STRING
from guardrail.terraform.language.values import Value, number

_NUMBER = Parameter(NUMBER)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LARGEST_CASE_BLIND_BASE = 36
_EXACT = 2**53  # up to here, a float holds every whole number
_MOST_DIGITS = 4096  # reading them takes quadratic time


def absolute(value: Value) -> Value:
    """Return a number without its sign."""
    return number(abs(value.raw))


def ceil(value: Value) -> Value:
    """Return the next whole number up."""
    return number(math.ceil(value.raw))


def floor(value: Value) -> Value:
    """Return the next whole number down."""
    return number(math.floor(value.raw))


def signum(value: Value) -> Value:
    """Return -1, 0 or 1."""
    found = whole(value)
    return number((found > 0) - (found < 0))


def minimum(*values: Value) -> Value:
    """Return the smallest."""
    return number(min(_some(values)))


def maximum(*values: Value) -> Value:
    """Return the largest."""
    return number(max(_some(values)))


def _some(values: tuple[Value, ...]) -> list[Number]:
    if not values:
        raise FunctionError("must pass at least one number")
    return [value.raw for value in values]


def log(value: Value, base: Value) -> Value:
    """Return the logarithm, calculated in floats as Go does, so that `ceil(log(...))` falls on the same side."""
    try:
        return _from_float(_logarithm(float(value.raw)) / _logarithm(float(base.raw)))
    except (ZeroDivisionError, OverflowError):
        raise NotEvaluated("an infinite logarithm") from None


def _logarithm(value: float) -> float:
    """Return the natural logarithm by FreeBSD's e_log.c, which Go's math.Log follows; C libraries round better."""
    if value <= 0:
        if value == 0:
            return -math.inf
        raise FunctionError("result is not a number")
    # A logarithm that is a bit off matters: ceil(log(8, 2)) is 3, and 4 with the next float.
    fraction, exponent = math.frexp(value)
    if fraction < math.sqrt(2) / 2:
        fraction *= 2
        exponent -= 1
    f = fraction - 1
    s = f / (2 + f)
    s2 = s * s
    s4 = s2 * s2
    odd = s2 * (
        6.666666666666735130e-01
        + s4 * (2.857142874366239149e-01 + s4 * (1.818357216161805012e-01 + s4 * 1.479819860511658591e-01))
    )
    even = s4 * (3.999999999940941908e-01 + s4 * (2.222219843214978396e-01 + s4 * 1.531383769920937332e-01))
    half = 0.5 * f * f
    high, low = 6.93147180369123816490e-01, 1.90821492927058770002e-10
    return exponent * high - ((half - (s * (half + odd + even) + exponent * low)) - f)


def power(value: Value, exponent: Value) -> Value:
    """Return a power, calculated in floats."""
    try:
        result = math.pow(float(value.raw), float(exponent.raw))
    except OverflowError:
        raise NotEvaluated("an infinite power") from None
    except ValueError:
        raise FunctionError("result is not a number") from None
    return _from_float(result)


def _from_float(value: float) -> Value:
    if math.isinf(value):
        raise NotEvaluated("an infinite number")
    if math.isnan(value):
        raise FunctionError("result is not a number")
    if abs(value) >= _EXACT:
        raise NotEvaluated(f"a number beyond {_EXACT:,}, which floats hold roughly")
    return number(int(value)) if value.is_integer() else number(from_float(value))


def parseint(text: Value, base: Value) -> Value:
    """Read a whole number of base 2 to 62; letters of both cases are the same digit up to base 36."""
    if text.type != STRING:
        raise FunctionError("first argument must be a string")
    radix = whole(base)
    if radix not in range(2, len(_DIGITS) + 1):
        raise FunctionError("base must be a whole number between 2 and 62 inclusive")
    digits = text.raw.removeprefix("-") if text.raw[:1] == "-" else text.raw.removeprefix("+")
    if radix <= _LARGEST_CASE_BLIND_BASE:
        digits = digits.lower()
    values = [_DIGITS.find(digit) for digit in digits]
    if not values or min(values) < 0 or max(values) >= radix or not digits.isascii():
        raise FunctionError(f'cannot parse "{text.raw}" as a base {radix} integer')
    if len(digits) > _MOST_DIGITS:
        raise NotEvaluated("a number of thousands of digits")
    result = 0
    for value in values:
        result = result * radix + value
    return number(-result if text.raw[0] == "-" else result)


FUNCTIONS = {
    "abs": Function((_NUMBER,), NUMBER, absolute),
    "ceil": Function((_NUMBER,), NUMBER, ceil),
    "floor": Function((_NUMBER,), NUMBER, floor),
    "log": Function((_NUMBER, _NUMBER), NUMBER, log),
    "max": Function((), NUMBER, maximum, variadic=_NUMBER),
    "min": Function((), NUMBER, minimum, variadic=_NUMBER),
    "parseint": Function((Parameter(ANY), _NUMBER), NUMBER, parseint),
    "pow": Function((_NUMBER, _NUMBER), NUMBER, power),
    "signum": Function((_NUMBER,), NUMBER, signum),
}
