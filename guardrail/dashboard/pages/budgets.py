"""What is spent of budgets, and what their periods will come to."""

from __future__ import annotations

from collections.abc import Iterator
from re import fullmatch

from guardrail.dashboard.amounts import amount
from guardrail.dashboard.blocks import Row, paragraphs, part, table
from guardrail.dashboard.charts.band import Limit, Point, months_with_band
from guardrail.dashboard.charts.meter import Meter, meter
from guardrail.dashboard.facts import Facts
from guardrail.dashboard.page import Page
from guardrail.finops.budgets.answer import BudgetAnswer, Budgets, Forecast
from guardrail.finops.budgets.text import lines_about, share_text
from guardrail.model.money import money
from guardrail.report.html.blocks import folded
from guardrail.report.html.element import Child, Html, element

PATH = "budgets.html"
_LISTED = 200
_KEY = (
    "Full: spent. Faint: forecast, with the interval in which it lies in four cases of five. Upright line: the budget."
)


def budgets(found: Budgets, facts: Facts) -> Page:
    """Return the page: a row for each budget, and below what is to be said of each."""
    rows = [_row(one, found.currency) for one in found.budgets[:_LISTED]]
    heads = ["Budget", "Period", "Spent", "Budget", "Used", "Forecast"]
    told = table(f"Budgets, {found.currency}", heads, rows, numbers=4)
    lead = f"As known at {found.now:%Y-%m-%d %H:%M} UTC"
    return Page(
        PATH,
        "Budgets",
        [part("all", "All budgets", told, paragraphs([_KEY])), *_each(found, facts), *_rest(found)],
        lead=lead,
    )


def _row(one: BudgetAnswer, currency: str) -> Row:
    found = one.forecast
    held = Meter(one.amount, one.spent, *((found.amount, found.low, found.high) if found else (None, None, None)))
    name: Child = [element("span", one.name, class_="name"), *_badges(one), meter(held)]
    spent: Child = amount(one.spent, currency, unknown="not known")
    if one.spent is not None and one.spent_most != one.spent:
        top = "or more" if one.spent_most is None else f"to {money(one.spent_most, currency)}"
        spent = [spent, element("div", top, class_="dim below")]
    used = _together(share_text(one.spent, one.amount) or "not known")
    return Row(
        [
            name,
            _together(one.period),
            spent,
            amount(one.amount, currency, unknown="not known"),
            used,
            _forecast(found, currency),
        ]
    )


def _together(text: str) -> Html:
    return element("span", text, class_="together")


def _forecast(found: Forecast | None, currency: str) -> Child:
    if found is None:
        return element("span", "not known", class_="dim")
    least = element("span", "at least ", class_="dim") if found.at_least else None
    width = f"± {money(found.half_width, currency)}" if found.half_width else found.interval_why
    below = element("div", width, class_="dim below") if width else None
    return [least, amount(found.amount, currency), below]


def _badges(one: BudgetAnswer) -> Iterator[Child]:
    """Give the alerts of a budget that are passed, or of which nobody can tell."""
    for alert in one.alerts:
        if alert.passed:
            what = "spent" if alert.of == "spent" else "forecast"
            yield [" ", element("span", f"{what} over {alert.share.normalize():f}%", class_="badge bad")]
        elif alert.passed is None:
            yield [
                " ",
                element("span", f"{alert.of} over {alert.share.normalize():f}%: not known", class_="badge warn"),
            ]


def _each(found: Budgets, facts: Facts) -> Iterator[Html]:
    for number, one in enumerate(found.budgets[:_LISTED]):
        lines = [element("li", line) for line in lines_about(one, found.currency, forecast=True, proposals=True)]
        if lines:
            chart = _months(f"months-{number}", one, facts, found.currency) if one.name in facts.whole_budgets else None
            yield part(f"budget-{number}", f"{one.name}, {one.period}", chart, element("ul", lines))


def _months(key: str, one: BudgetAnswer, facts: Facts, currency: str) -> Html | None:
    """Return the months that bills tell and the one that is forecast, of a budget that counts all charges of a month."""
    billed = {
        line.keys[0]: line.amount
        for line in facts.by_cost.get(one.cost, ())
        if line.currency == currency and not line.partial and line.keys[0] not in {one.period, *facts.open_months}
    }
    if one.forecast is None or not billed or not fullmatch(r"\d{4}-\d{2}", one.period):
        return None
    before = [month for month in facts.months if month < one.period]
    points = [Point(month, billed.get(month)) for month in before]
    found = one.forecast
    points.append(Point(one.period, found.amount, found.low, found.high, is_forecast=True))
    limits = [Limit("budget", one.amount)] if one.amount is not None else []
    title = f"Months by bill and the forecast of {one.period}, {currency}"
    rows = [Row([point.month, amount(point.value, currency, unknown="not known")]) for point in points]
    told = table(title, ["Month", one.cost.capitalize()], rows, numbers=1)
    return element("div", months_with_band(key, title, points, currency, limits), folded("As a table", told))


def _rest(found: Budgets) -> list[Html]:
    texts = (
        [f"{len(found.budgets) - _LISTED:,} more budgets: guardrail budget has all"] if found.budgets[_LISTED:] else []
    )
    texts += [
        f"{name}: says nothing of what may be billed, and limits changes alone" for name in found.without[:_LISTED]
    ]
    return paragraphs(texts)
