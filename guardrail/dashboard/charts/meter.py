"""A bar of what is spent of an amount, with what is forecast and between which it will be."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from guardrail.model.money import ZERO
from guardrail.report.html.element import Html, element

_WIDTH = 400


class Meter(Struct, frozen=True):
    """Amounts of a bar; None for what is not known, and is not drawn."""

    limit: Decimal | None
    spent: Decimal | None
    forecast: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None


def meter(one: Meter) -> Html | None:
    """Return the bar. The amounts beside it say the same in words; without any there is none."""
    known = [amount for amount in (one.limit, one.spent, one.forecast, one.high) if amount is not None]
    most = max(known, default=ZERO)
    if most <= 0:
        return None

    def x(amount: Decimal) -> Decimal:
        return max(min(amount / most, Decimal(1)), ZERO) * _WIDTH

    def bar(begin: Decimal, end: Decimal, top: str, height: str, look: str) -> Html:
        return element("rect", x=f"{begin:.1f}", y=top, width=f"{end - begin:.1f}", height=height, class_=look)

    parts: list[Html] = []
    if one.forecast is not None:
        parts.append(bar(ZERO, x(one.forecast), "2", "10", "ahead"))
    if one.spent is not None:
        parts.append(bar(ZERO, x(one.spent), "2", "10", "spent"))
    if one.low is not None and one.high is not None:
        parts.append(element("path", d=f"M{x(one.low):.1f} 7H{x(one.high):.1f}", class_="range"))
    if one.limit is not None:
        place = min(x(one.limit), Decimal(_WIDTH - 1))
        parts.append(element("path", d=f"M{place:.1f} 0v14", class_="limit"))
    return element(
        "svg",
        parts,
        class_="meter",
        viewBox=f"0 0 {_WIDTH} 14",
        preserveAspectRatio="none",
        aria_hidden="true",
        focusable="false",
    )
