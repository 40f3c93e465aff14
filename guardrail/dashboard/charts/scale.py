"""What charts share: the scale of amounts, its lines, and the element that all is drawn in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from guardrail.dashboard.amounts import compact
from guardrail.model.money import ZERO
from guardrail.report.html.element import Html, element

HEIGHT = 190
"""Pixels that amounts have, from the least to the greatest."""
_BELOW = 42  # pixels for the names of months
_TOP = 10
_LINES = 4
_STEPS = (1, 2, 5, 10)


class Scale(Struct, frozen=True):
    """Amounts as places from top to bottom, with round amounts to draw lines at."""

    low: Decimal
    high: Decimal
    ticks: tuple[Decimal, ...]

    @classmethod
    def of(cls, values: Iterable[Decimal]) -> Scale:
        """Return a scale that has room for all these amounts, and for 0."""
        found = [ZERO, *values]
        low, high = min(found), max(found)
        step = _step((high - low) / _LINES)
        first, last = math.floor(low / step), math.ceil(high / step)
        ticks = tuple(number * step for number in range(first, max(last, first + 1) + 1))
        return cls(ticks[0], ticks[-1], ticks)

    def y(self, value: Decimal) -> float:
        """Return the place of an amount, in pixels from the top."""
        return _TOP + float((self.high - value) / (self.high - self.low)) * HEIGHT

    def height(self, value: Decimal) -> float:
        """Return how many pixels an amount takes."""
        return float(abs(value) / (self.high - self.low)) * HEIGHT


def _step(least: Decimal) -> Decimal:
    """Return the least round amount that is not below: 1, 2 or 5 times a power of ten."""
    if least <= 0:
        return Decimal(1)
    power = Decimal(10) ** least.adjusted()
    return next(factor * power for factor in _STEPS if factor * power >= least)


def drawing(key: str, title: str, description: str, scale: Scale, currency: str, parts: Sequence[Html]) -> Html:
    """Return a chart: the lines of its scale, and `parts` upon them. `key` is what its ids begin with on the page."""
    lines = [
        part
        for tick in scale.ticks
        for part in (
            element(
                "line", x1="0", x2="100%", y1=f"{scale.y(tick):.1f}", y2=f"{scale.y(tick):.1f}", class_=_look(tick)
            ),
            element("text", compact(tick, currency), x="-6", y=f"{scale.y(tick) + 4:.1f}", class_="tick"),
        )
    ]
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", description, id=f"{key}-desc"),
        _patterns(key),
        lines,
        parts,
        class_="chart",
        height=str(_TOP + HEIGHT + _BELOW),
        role="img",
        aria_labelledby=f"{key}-title",
        aria_describedby=f"{key}-desc",
        focusable="false",
    )


def _look(tick: Decimal) -> str:
    return "grid" if tick else "zero"


def _patterns(key: str) -> Html:
    """Return the hatching of what may still change."""
    stripe = element("path", d="M-2 2l4 -4M0 8l8 -8M6 10l4 -4", class_="hatch")
    return element(
        "defs", element("pattern", stripe, id=f"{key}-open", width="8", height="8", patternUnits="userSpaceOnUse")
    )


def month_names(months: Sequence[str]) -> list[Html]:
    """Return the names of months below a chart, in as many equal places; the year below the first and each January."""
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    width = 100 / max(len(months), 1)
    found: list[Html] = []
    for place, month in enumerate(months):
        x, year, number = f"{(place + 0.5) * width:.3f}%", month[:4], int(month[5:7])
        found.append(element("text", names[number - 1], x=x, y=str(_TOP + HEIGHT + 16), class_="month"))
        if place == 0 or number == 1:
            found.append(element("text", year, x=x, y=str(_TOP + HEIGHT + 32), class_="month"))
    return found
