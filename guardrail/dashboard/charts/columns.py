"""Months as columns, each of parts that stand upon each other."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from guardrail.dashboard.amounts import compact
from guardrail.dashboard.charts.scale import HEIGHT, Scale, drawing, month_names
from guardrail.finops.spend_text import spans
from guardrail.model.money import ZERO
from guardrail.report.html.element import Child, Html, element
from guardrail.report.text import cut

SERIES = 8
"""How many parts a column may have: as many as the style has colours."""
_WIDTH = 0.72  # of the place of a month
_WIDEST = 12  # percent of the chart
_ROOM_FOR_A_NUMBER = 14  # pixels
_TOP = 10
_NAME = 50  # characters of a name beside a chart


class Part(Struct, frozen=True):
    """A series: what its parts of columns are called, and which colour they have, from 1 to SERIES."""

    name: str
    colour: int


class Column(Struct, frozen=True):
    """A month.

    parts    an amount for each series, None where there is none; negative ones hang below the line of 0
    is_open  it may still change, and is hatched
    is_partial  something is missing from it: the words below the chart say so
    missing  why there is nothing to draw ("no bill"); "" where there is
    """

    month: str
    parts: Sequence[Decimal | None]
    is_open: bool = False
    is_partial: bool = False
    missing: str = ""

    @property
    def known(self) -> list[Decimal]:
        """The amounts that are drawn."""
        return [part for part in self.parts if part is not None and not self.missing]


def stacked_months(key: str, title: str, series: Sequence[Part], columns: Sequence[Column], currency: str) -> Html:
    """Return the chart and what its numbers mean: parts are told apart by their numbers, their order and their colours.

    A month without a bill is a gap, and says so; a credit hangs below the line of 0.
    """
    scale = Scale.of(
        value
        for column in columns
        for value in (
            sum((one for one in column.known if one > 0), ZERO),
            sum((one for one in column.known if one < 0), ZERO),
        )
    )
    place = 100 / max(len(columns), 1)
    width = min(_WIDTH * place, _WIDEST)
    parts = [
        part
        for number, column in enumerate(columns)
        for part in _column(key, series, column, (number + 0.5) * place - width / 2, width, scale)
    ]
    drawn = drawing(
        key,
        title,
        _description(columns, currency),
        scale,
        currency,
        [*parts, *month_names([one.month for one in columns])],
    )
    return element("figure", element("figcaption", title), drawn, _legend(series), _remarks(columns))


def _column(key: str, series: Sequence[Part], column: Column, left: float, width: float, scale: Scale) -> list[Html]:
    x, middle = f"{left:.3f}%", f"{left + width / 2:.3f}%"
    if column.missing:
        frame = element("rect", x=x, y=str(_TOP), width=f"{width:.3f}%", height=str(HEIGHT), class_="gap")
        words = element("text", column.missing, transform="rotate(-90)", class_="why")
        return [frame, element("svg", words, x=middle, y=str(_TOP + HEIGHT - 8), overflow="visible")]
    found: list[Html] = []
    up = down = ZERO
    for number, part in enumerate(column.parts, 1):
        if not part:
            continue
        top = up + part if part > 0 else down
        up, down = (up + part, down) if part > 0 else (up, down + part)
        y, height = scale.y(top), scale.height(part)
        box = {"x": x, "y": f"{y:.1f}", "width": f"{width:.3f}%", "height": f"{height:.1f}"}
        found.append(element("rect", **box, class_=f"s{series[number - 1].colour}"))
        if column.is_open:
            found.append(element("rect", **box, fill=f"url(#{key}-open)"))
        if len(column.parts) > 1 and height >= _ROOM_FOR_A_NUMBER:
            found.append(element("text", str(number), x=middle, y=f"{y + height / 2 + 4:.1f}", class_="number"))
    return found


def _legend(series: Sequence[Part]) -> Html | None:
    if len(series) < 2:  # noqa: PLR2004 - one needs no telling apart
        return None
    items = [
        element("li", element("span", str(number), class_=f"key s{one.colour}"), " ", cut(one.name, _NAME))
        for number, one in enumerate(series, 1)
    ]
    return element("ul", items, class_="legend")


def _remarks(columns: Sequence[Column]) -> Child:
    """Say in words what hatching and gaps mean."""
    is_open = [one.month for one in columns if one.is_open and not one.missing]
    texts = [f"Hatched: {spans(is_open)} may still change."] if is_open else []
    partial = [one.month for one in columns if one.is_partial]
    texts += [f"Partial, as something is missing: {spans(partial)}."] if partial else []
    texts += [
        f"{why[0].upper()}{why[1:]}: {spans([one.month for one in columns if one.missing == why])}."
        for why in dict.fromkeys(one.missing for one in columns if one.missing)
    ]
    return element("p", " ".join(texts), class_="dim") if texts else None


def _description(columns: Sequence[Column], currency: str) -> str:
    told = [one for one in columns if one.known]
    if not told:
        return "No month has an amount."
    sums = [sum(one.known, ZERO) for one in told]
    least, most = min(sums), max(sums)
    return (
        f"{len(told)} months from {told[0].month} to {told[-1].month}, between {compact(round(least, 2), currency)} and "
        f"{compact(round(most, 2), currency)}; the last is {compact(round(sums[-1], 2), currency)}. The table has all amounts."
    )
