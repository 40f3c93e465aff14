"""Charts: what is drawn stands where its amount is, and what is not known is not drawn."""

import re
from decimal import Decimal

import pytest

from guardrail.dashboard.charts.band import Limit, Point, months_with_band
from guardrail.dashboard.charts.columns import Column, Part, stacked_months
from guardrail.dashboard.charts.meter import Meter, meter
from guardrail.dashboard.charts.scale import HEIGHT, Scale
from tests.report.html_page import parsed


@pytest.mark.parametrize(
    "values, ticks",
    [
        ([], [0, 1]),
        ([0], [0, 1]),
        ([501], [0, 200, 400, 600]),
        ([-30, 10], [-30, -20, -10, 0, 10]),
        ([Decimal("0.0004")], [0, Decimal("0.0001"), Decimal("0.0002"), Decimal("0.0003"), Decimal("0.0004")]),
        ([Decimal("9e30")], [0, Decimal("5e30"), Decimal("10e30")]),
    ],
)
def test_a_scale_has_round_amounts_and_room_for_all(values, ticks):
    assert list(Scale.of(map(Decimal, values)).ticks) == ticks


def test_parts_of_a_column_stand_upon_each_other_and_credits_hang_below():
    columns = [Column("2026-10", [Decimal(30), Decimal(10), Decimal(-20)])]
    series = [Part("a", 1), Part("b", 2), Part("c", 8)]
    page = parsed(stacked_months("k", "t", series, columns, "USD").markup)
    boxes = {one.attributes["class"]: one.attributes for one in page.all("rect")}
    scale = Scale.of([Decimal(40), Decimal(-20)])
    assert float(boxes["s1"]["y"]) == pytest.approx(scale.y(Decimal(30)), abs=0.1)
    assert float(boxes["s2"]["y"]) == pytest.approx(scale.y(Decimal(40)), abs=0.1)
    assert float(boxes["s8"]["y"]) == pytest.approx(scale.y(Decimal(0)), abs=0.1)
    assert sum(float(one["height"]) for one in boxes.values()) == pytest.approx(HEIGHT, abs=0.3)


def test_a_month_of_which_nothing_is_known_draws_nothing_but_words():
    columns = [Column("2026-09", [Decimal(5)], missing="no bill"), Column("2026-10", [None])]
    page = parsed(stacked_months("k", "t", [Part("a", 1)], columns, "USD").markup)
    assert [one.attributes["class"] for one in page.all("rect")] == ["gap"]
    assert "No bill: 2026-09." in page.all("figure")[0].text
    assert page.all("desc")[0].text == "No month has an amount."


def test_a_line_breaks_where_a_month_is_not_known_and_dashes_what_is_forecast():
    points = [
        *(Point("2026-05", Decimal(10)), Point("2026-06", Decimal(20)), Point("2026-07", None)),
        *(Point("2026-08", Decimal(30)), Point("2026-09", Decimal(40), Decimal(35), Decimal(45), is_forecast=True)),
    ]
    markup = months_with_band("k", "t", points, "USD", [Limit("budget", Decimal(50))]).markup
    paths = re.findall(r'<path d="([^"]*)" class="([a-z ]*)"/>', markup)
    scale = Scale.of(map(Decimal, (50, 10)))
    y = {amount: f"{scale.y(Decimal(amount)):.1f}" for amount in (10, 20, 30, 35, 40, 45)}
    assert paths == [
        (f"M70.00,{y[30]} 90.00,{y[45]} 90.00,{y[35]} 70.00,{y[30]}Z", "band"),
        (f"M10.00,{y[10]} 30.00,{y[20]}", "line"),
        (f"M70.00,{y[30]} 90.00,{y[40]}", "line forecast"),
    ]
    text = parsed(markup).all("figure")[0].text
    assert "Dashed: forecast. Shaded: its interval. Not known: 2026-07." in text
    assert "budget $50" in text


def test_a_bar_of_a_budget_shows_what_is_known():
    found = meter(Meter(Decimal(100), Decimal(50), Decimal(150), Decimal(140), Decimal(200)))
    assert found is not None
    page = parsed(found.markup)
    assert [(one.attributes["class"], one.attributes["width"]) for one in page.all("rect")] == [
        ("ahead", "300.0"),
        ("spent", "100.0"),
    ]
    assert [one.attributes["d"] for one in page.all("path")] == ["M280.0 7H400.0", "M200.0 0v14"]
    assert meter(Meter(None, None)) is None
    assert meter(Meter(Decimal(0), Decimal(-5))) is None
