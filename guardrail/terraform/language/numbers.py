"""Numbers of Terraform's language: binary floating point of 512 bits, as Go's big.Float that cty uses.

A number is an int where it is whole, and a Fraction (of 512 significant bits) where it is not. Both are exact, so that
every operation is done exactly and rounded once, to nearest, ties to even.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from fractions import Fraction

Number = int | Fraction

_BITS = 512
_DIGITS = 156  # enough decimal digits to tell any two neighbours of 512 bits apart
_EXACT = 154  # decimal digits of a whole number that 512 bits always hold
_MAX_EXPONENT = 4096  # of ten: beyond it Terraform itself has no use for a number, and a text of it fills memory
_SPELLING = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def rounded(value: Number) -> Number:
    """Round to 512 significant bits; whole numbers become int."""
    if isinstance(value, int):
        excess = value.bit_length() - _BITS
        # Python's round() of a Fraction is to the nearest, ties to even, as big.Float's default is.
        return value if excess <= 0 else round(Fraction(value, 1 << excess)) << excess
    # The exponent of the leading bit, off by one at most, which the mantissa's length then tells.
    shift = _BITS - (abs(value.numerator).bit_length() - value.denominator.bit_length())
    mantissa = round(value * Fraction(2) ** shift)
    if mantissa.bit_length() > _BITS:
        shift -= 1
        mantissa = round(value * Fraction(2) ** shift)
    result = mantissa * Fraction(2) ** -shift
    return result.numerator if result.denominator == 1 else result


class _NegativeZero(int):
    """Equal to 0 in everything but its text: big.Float has a zero with a sign, and Terraform writes -0 for it."""


_NEGATIVE_ZERO = _NegativeZero(0)


def is_negative(value: Number) -> bool:
    """Return whether a number has a sign, which zero may have too, as in Go."""
    return value < 0 or isinstance(value, _NegativeZero)


def signed(value: Number, *, negative: bool) -> Number:
    """Return a result of which the sign is known, where it is zero."""
    return _NEGATIVE_ZERO if negative and value == 0 else value


def parse(text: str) -> Number:
    """Read a number as it is written. Raises ValueError for what is none."""
    if len(text) <= _EXACT and text.isascii() and text.isdigit():
        return int(text)
    if not _SPELLING.fullmatch(text):
        raise ValueError(text)
    exponent = text.lower().partition("e")[2]
    if exponent and abs(int(exponent[:9])) > _MAX_EXPONENT:
        raise ValueError(text)
    return signed(rounded(Fraction(text)), negative=text.startswith("-"))


def from_float(value: float) -> Number:
    """Return a float by its shortest spelling, as JSON writes it. Raises ValueError for infinities and NaN."""
    return parse(repr(value))


def to_text(value: Number) -> str:
    """Return the shortest decimal text that reads back as the same number, never with an exponent."""
    if isinstance(value, _NegativeZero):
        return "-0"
    if isinstance(value, int):
        return str(value) if value.bit_length() < _BITS else _shortest(Fraction(value))
    return _shortest(value)


def _shortest(value: Fraction) -> str:
    """Return the decimal text of fewest digits that rounds to a number: more digits never do worse, so halving finds it."""
    few, many = 1, _DIGITS
    while few < many:
        middle = (few + many) // 2
        if rounded(Fraction(_decimal(value, middle))) == value:
            many = middle
        else:
            few = middle + 1
    return f"{_decimal(value, many):f}"


def _decimal(value: Fraction, digits: int) -> Decimal:
    context = Context(prec=digits)
    return context.divide(Decimal(value.numerator), Decimal(value.denominator))


def plain(value: Number) -> int | float:
    """Return the number as JSON has it in Python: an int, or the nearest float."""
    return value if isinstance(value, int) else float(value)
