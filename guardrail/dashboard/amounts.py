"""Amounts as pages show them: cents for people, and the exact amount of the JSON beside it for programs."""

from __future__ import annotations

from decimal import Decimal

from guardrail.model.money import ZERO, money, plain
from guardrail.report.html.element import Html, element

NOT_HERE = "not in this export"
_CENT = Decimal("0.005")
_LETTERS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))


def amount(value: Decimal | None, currency: str, *, signed: bool = False, unknown: str = NOT_HERE) -> Html:
    """Return an amount with cents, whose exact value programs can read; in words where there is none, never 0."""
    if value is None:
        return element("span", unknown, class_="dim")
    # "+<$0.01" is no amount that anybody reads.
    signed = signed and abs(value) >= _CENT
    return element("data", money(value, currency, signed=signed), value=plain(value) or "0")


def share(part: Decimal | None, whole: Decimal | None) -> str:
    """Return a part of a whole in percent; "" where credits or gaps make it meaningless."""
    if part is None or not whole or whole < 0 or not ZERO <= part <= whole:
        return ""
    return f"{part / whole:.1%}"


def compact(value: Decimal, currency: str) -> str:
    """Return a round amount for the axis of a chart: $500, $1.5k, -$2M."""
    size = abs(value)
    factor, letter = next(((factor, letter) for factor, letter in _LETTERS if size >= factor), (1, ""))
    digits = plain(round(size / factor, 2)) or "0"
    symbol = "$" if currency == "USD" else f"{currency} "
    return f"{'-' if value < 0 else ''}{symbol}{digits}{letter}"
