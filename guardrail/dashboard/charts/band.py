"""A line from point to point, with the interval in which a forecast lies, and limits to compare it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from msgspec import Struct

from guardrail.dashboard.amounts import compact
from guardrail.dashboard.charts.scale import Scale, drawing, month_names
from guardrail.finops.spend_text import spans
from guardrail.report.html.element import Html, element


class Point(Struct, frozen=True):
    """A month of a line.

    value        None where nothing is known: the line has a gap
    low, high    the interval, where there is one
    is_forecast  it is computed and not billed: drawn in dashes
    """

    month: str
    value: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    is_forecast: bool = False


class Limit(Struct, frozen=True):
    """A line across, for a budget."""

    name: str
    value: Decimal


Placed = tuple[float, Point]
"""A month with its place, in percent of the width."""


def months_with_band(
    key: str, title: str, points: Sequence[Point], currency: str, limits: Sequence[Limit] = ()
) -> Html:
    """Return the chart, with words for what is dashed and shaded."""
    known = [value for one in points for value in (one.value, one.low, one.high) if value is not None]
    scale = Scale.of([*known, *(one.value for one in limits)])
    width = 100 / max(len(points), 1)
    middles = [(place + 0.5) * width for place in range(len(points))]
    placed = list(zip(middles, points, strict=True))
    shapes = element(
        "svg",
        [*_band(placed, scale), *_lines(placed, scale)],
        viewBox="0 0 100 210",
        preserveAspectRatio="none",
        width="100%",
        height="210",
    )
    dots = [
        element(
            "circle",
            cx=f"{x:.3f}%",
            cy=f"{scale.y(one.value):.1f}",
            r="4",
            class_="dot forecast" if one.is_forecast else "dot",
        )
        for x, one in placed
        if one.value is not None
    ]
    across = [part for one in limits for part in _limit(one, scale, currency)]
    names = month_names([one.month for one in points])
    drawn = drawing(key, title, _description(points, currency), scale, currency, [shapes, *across, *dots, *names])
    return element("figure", element("figcaption", title), drawn, _remarks(points))


def _band(placed: Sequence[Placed], scale: Scale) -> Iterator[Html]:
    """Give what an interval covers: a shape over months that follow each other, or a bar over one alone."""
    for alike in _runs(placed, lambda one: one.low is not None and one.high is not None):
        # The interval opens from the last amount that is known for certain.
        before = [(x, one) for x, one in placed if x < alike[0][0] and one.value is not None and one.high is None][-1:]
        upper = [(x, one.high if one.high is not None else one.value) for x, one in (*before, *alike)]
        lower = [(x, one.low if one.low is not None else one.value) for x, one in (*before, *alike)]
        if len(upper) == 1:
            x = upper[0][0]
            upper, lower = [(x - 1, upper[0][1]), (x + 1, upper[0][1])], [(x - 1, lower[0][1]), (x + 1, lower[0][1])]
        yield _path([*upper, *reversed(lower)], scale, "band", closed=True)


def _lines(placed: Sequence[Placed], scale: Scale) -> Iterator[Html]:
    for alike in _runs(placed, lambda one: one.value is not None):
        billed = [(x, one.value) for x, one in alike if not one.is_forecast]
        later = [(x, one.value) for x, one in alike if one.is_forecast]
        if len(billed) > 1:
            yield _path(billed, scale, "line")
        if later and len(billed[-1:] + later) > 1:
            yield _path(billed[-1:] + later, scale, "line forecast")


def _runs(placed: Sequence[Placed], fits: Callable[[Point], bool]) -> Iterator[list[Placed]]:
    """Give the months that fit and follow each other, together."""
    for is_fit, alike in groupby(placed, lambda one: fits(one[1])):
        if is_fit:
            yield list(alike)


def _path(points: Sequence[tuple[float, Decimal | None]], scale: Scale, look: str, *, closed: bool = False) -> Html:
    steps = " ".join(f"{x:.2f},{scale.y(value):.1f}" for x, value in points if value is not None)
    # Made by hand: it holds numbers alone, and may be longer than what an attribute of others' texts is cut to.
    return Html(f'<path d="M{steps}{"Z" if closed else ""}" class="{look}"/>')


def _limit(one: Limit, scale: Scale, currency: str) -> Iterator[Html]:
    y = f"{scale.y(one.value):.1f}"
    yield element("line", x1="0", x2="100%", y1=y, y2=y, class_="limit")
    yield element(
        "text",
        f"{one.name} {compact(one.value, currency)}",
        x="100%",
        y=f"{scale.y(one.value) - 5:.1f}",
        class_="limit-name",
    )


def _remarks(points: Sequence[Point]) -> Html | None:
    texts = []
    if any(one.is_forecast for one in points):
        texts.append("Dashed: forecast.")
    if any(one.low is not None for one in points):
        texts.append("Shaded: its interval.")
    if gaps := [one.month for one in points if one.value is None]:
        texts.append(f"Not known: {spans(gaps)}.")
    return element("p", " ".join(texts), class_="dim") if texts else None


def _description(points: Sequence[Point], currency: str) -> str:
    known = [one for one in points if one.value is not None]
    if not known:
        return "No month has an amount."
    last = known[-1]
    kind = "forecast" if last.is_forecast else "amount"
    return (
        f"{len(known)} months from {known[0].month} to {last.month}; the last {kind} is "
        f"{compact(round(last.value or Decimal(0), 2), currency)}. The table has all amounts."
    )
