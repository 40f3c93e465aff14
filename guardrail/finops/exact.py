"""Exact sums, and shares of them: amounts in units of 10^-18, which is the last decimal that the ledger keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

PLACES = 18
CENT = 10 ** (PLACES - 2)

Amount = int | Fraction
"""Units: whole ones for what stands on a bill, a fraction for what is a share of it. Decimals would round at 28 digits."""


def units(amount: Decimal | None) -> int | None:
    """Return a decimal of up to 18 decimals in units; None stays None. Raises ValueError for one of more."""
    if amount is None:
        return None
    sign, digits, exponent = amount.as_tuple()
    places = PLACES + int(exponent)
    written = "".join(map(str, digits)) + "0" * places
    found, rest = divmod(int(written), int(10 ** max(-places, 0)))
    if rest:
        msg = f"{amount} has more than {PLACES} decimals"
        raise ValueError(msg)
    return -found if sign else found


def decimal_of(whole: int) -> Decimal:
    """Return units as a decimal, whatever precision is set for arithmetic."""
    return Decimal((int(whole < 0), tuple(map(int, str(abs(whole)))), -PLACES))


def text_of(whole: int) -> str:
    """Return units as `plain` writes their decimal: without an exponent or zeros at the end. For rows by the million."""
    digits = f"{abs(whole):0{PLACES + 1}}"
    text = f"{digits[:-PLACES]}.{digits[-PLACES:]}".rstrip("0").rstrip(".")
    return f"-{text}" if whole < 0 else text


def total(amounts: Iterable[Amount | None]) -> Amount | None:
    """Return the sum of what is known, None where nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def apportioned(amounts: Sequence[Amount], unit: int = 1, to: int | None = None) -> list[int]:
    """Round amounts to multiples of `unit` that come to their rounded sum: each down, then those that lost most up by one.

    An amount that is a multiple already stays as it is; among equal losses the first goes up.
    `to` is what they have to come to where their sum has been rounded with others already.
    """
    down = [amount // unit * unit for amount in amounts]
    lost = [amount - whole for amount, whole in zip(amounts, down, strict=True)]
    raised = (2 * sum(lost) + unit) // (2 * unit) if to is None else (to - sum(down)) // unit
    up = set(sorted(range(len(amounts)), key=lambda number: (-lost[number], number))[:raised]) if raised else ()
    return [whole + unit * (number in up) for number, whole in enumerate(down)]
