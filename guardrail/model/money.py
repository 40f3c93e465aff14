"""Money and quantities: `Decimal` through one door, rounded only when shown."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

HOURS_PER_MONTH = Decimal(730)
"""Hours in a month: 365 days of 24 hours over 12 months, the convention of the clouds' own calculators."""

ZERO = Decimal(0)
_HOUR = 3600  # seconds

# CEL computes in doubles; 15 digits is what a double holds, and what was written as 0.1 comes back as 0.1.
_DOUBLE_DIGITS = Context(prec=15)
# A plan may hold any double, up to 1.8e308: to round its price must not fail.
_ANY_AMOUNT = Context(prec=400)

SCIENTIFIC_FROM = Decimal(10) ** 12
"""From here on numbers are shown as 1.234E+12: longer ones would burst any column, and nobody is billed them."""
_PRICE_PLACES = 12

_PLURALS = {"ies": "y", "sses": "ss", "/s": "/s", "s": ""}
_NO_PLURALS = {"ms", "MBps", "time-series"}


def months_between(begin: datetime, end: datetime) -> Decimal:
    """Return how many months of 730 hours lie between two times, 0 where the first is the later."""
    return Decimal(max(int((end - begin).total_seconds()), 0)) / _HOUR / HOURS_PER_MONTH


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


def money(amount: Decimal | None, currency: str, *, signed: bool = False) -> str:
    """Return an amount with cents, "not known" for None: $1,234.56, -$12.00, EUR 3.10, +$586.00."""
    if amount is None:
        return "not known"
    return _money(amount, currency, _digits(amount, places=2), signed=signed)


def brief(amount: Decimal | None, currency: str, *, signed: bool = False) -> str:
    """Return an amount for a headline: whole units from 100 on, cents below: $1,386, $99.50, $0."""
    if amount is None:
        return "not known"
    whole = not amount or abs(amount) >= SCIENTIFIC_FROM or abs(rounded(amount, 2)) >= 100  # noqa: PLR2004
    return _money(amount, currency, _digits(amount, places=0 if whole else 2), signed=signed)


def unit_price(price: Decimal, currency: str) -> str:
    """Return a price by the unit with all the digits that it has, and at least cents: $0.0000002."""
    if price and not Decimal(1).scaleb(-_PRICE_PLACES) <= abs(price) < SCIENTIFIC_FROM:
        return _money(price, currency, f"{abs(price):.3E}")
    exact = plain(rounded(abs(price), _PRICE_PLACES)) or "0"
    places = max(2, len(exact.partition(".")[2]))
    return _money(price, currency, f"{Decimal(exact):,.{places}f}")


def singular(unit: str) -> str:
    """Return the unit of one: "hour" of "hours", "query" of "queries"; "GB", "IOPS" and "1M requests" stay as they are."""
    if unit[:1].isdigit() or unit in _NO_PLURALS:
        return unit
    for plural, one in _PLURALS.items():
        if unit.endswith(plural):
            return unit.removesuffix(plural) + one
    return unit


def _digits(amount: Decimal, places: int) -> str:
    size = abs(amount)
    if size >= SCIENTIFIC_FROM:
        return f"{size:.3E}"
    shown = rounded(size, places)
    return "<0.01" if size and not shown else f"{shown:,f}"


def _money(amount: Decimal, currency: str, digits: str, *, signed: bool = False) -> str:
    symbol = "$" if currency == "USD" else f"{currency} "
    less = "<" if digits.startswith("<") else ""
    return f"{sign_of(amount, signed=signed)}{less}{symbol}{digits.removeprefix('<')}"


def sign_of(amount: Decimal, *, signed: bool) -> str:
    """Return the sign before an amount; "+" only with `signed`."""
    return "-" if amount < 0 else "+" if signed and amount > 0 else ""
