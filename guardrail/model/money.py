"""Money and quantities: `Decimal` through one door, rounded only when shown."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

HOURS_PER_MONTH = Decimal(730)
"""Hours in a month: 365 days of 24 hours over 12 months, the convention of the clouds' own calculators."""

ZERO = Decimal(0)

# CEL computes in doubles; 15 digits is what a double holds, and what was written as 0.1 comes back as 0.1.
_DOUBLE_DIGITS = Context(prec=15)
# A plan may hold any double, up to 1.8e308: to round its price must not fail.
_ANY_AMOUNT = Context(prec=400)


def decimal(value: str | int | float | Decimal) -> Decimal:
    """Return the amount that `value` spells, without binary noise.

    Raises ValueError for NaN, infinities and anything that is not a number.
    """
    try:
        number = _DOUBLE_DIGITS.create_decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except (InvalidOperation, TypeError) as error:
        msg = f"not a number: {value!r:.40}"
        raise ValueError(msg) from error
    if not number.is_finite():
        msg = f"not a finite number: {value!r:.40}"
        raise ValueError(msg)
    return number


def plain(amount: Decimal | None) -> str | None:
    """Return an exact decimal string without exponent or trailing zeros ("0.0416", "1200"), None for None."""
    if amount is None:
        return None
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text


def rounded(amount: Decimal, places: int) -> Decimal:
    """Round half up, as invoices do. For display only."""
    return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=_ANY_AMOUNT)
