"""Real costs beside estimates, in every format of the report."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from guardrail.model.billed.costs import BudgetForecast, BudgetSpend, LedgerView, RealCost, TypeAccuracy
from guardrail.report import html_page
from guardrail.report.json.read import parse_result
from guardrail.report.json.v1 import json_v1
from guardrail.report.markdown.document import markdown
from guardrail.report.terminal.table import table
from tests.report import samples
from tests.report.schemas import exact_report_validator

MADE = datetime(2026, 8, 19, tzinfo=UTC)
SPEND = BudgetSpend("shop", "2026-08", Decimal(1000), MADE, Decimal(400), Decimal(420), Decimal(800), Decimal(820))
VIEW = LedgerView(
    "ledger.snapshot.json",
    MADE,
    "effective",
    "2026-07",
    open=True,
    real={("shop", "aws_db_instance.main"): RealCost("2026-07", Decimal("123.456"), True)},
    accuracy=(TypeAccuracy("aws_instance", 3, 2, Decimal(200), Decimal(198)),),
    budgets=(SPEND,),
)


def shop(view):
    return replace(samples.shop(), ledger=view)


def texts(report):
    return {
        "table": " ".join(table(report, width=80).split()),
        "markdown": markdown(report, limit_bytes=60_000).replace("&#36;", "$"),
        "html": html_page(report),
    }


def test_each_format_tells_the_same():
    for text in texts(shop(VIEW)).values():
        assert "2026-07: $123 billed (effective cost, which may still change) for 1 of" in text
        assert "aws_instance: bills came to 99% of estimates (3 resources, 2 months)" in text
        assert "budget shop, $1,000.00 for 2026-08: $400.00 to $420.00 spent by 2026-08-19, $800.00 to $820.00" in text
        assert "Billed 2026-07, open" in text
        assert "$123.46" in text


FORECAST = BudgetForecast(Decimal(11400), Decimal(11400), Decimal(600), Decimal(528), 3, Decimal(310), Decimal(12238))
BUDGET = replace(SPEND, limit=Decimal(12000), forecast=FORECAST)


def test_budget_12_000_forecast_11_400_and_12_238_if_all_merge():
    for text in texts(shop(replace(VIEW, budgets=(BUDGET,)))).values():
        assert (
            "budget shop, $12,000.00: forecast $11,400.00 ± $600.00, this change +$528.00, 3 other open pull requests +$310.00: "
            "$12,238.00 if all merge"
        ) in text


@pytest.mark.parametrize(
    "forecast, said",
    [
        (replace(FORECAST, half=None, others=0, added=Decimal(0), if_all_merge=Decimal(11928)),
         "forecast $11,400.00, this change +$528.00: $11,928.00 if it merges"),
        (replace(FORECAST, most=Decimal(11500)), "forecast $11,400.00 to $11,500.00 ± $600.00"),
        (replace(FORECAST, most=None), "forecast at least $11,400.00 ± $600.00"),
        (replace(FORECAST, change=None, if_all_merge=None), "this change not known, 3 other open pull requests +$310.00: not known if all merge"),
        (replace(FORECAST, others=1, added=None, if_all_merge=None), "1 other open pull request not known"),
        (BudgetForecast(why="ledger.snapshot.json has no forecast of this budget"), "no forecast: ledger.snapshot.json has no forecast"),
    ],
)  # fmt: skip
def test_what_is_not_known_of_a_forecast_is_said(forecast, said):
    for text in texts(shop(replace(VIEW, budgets=(replace(BUDGET, forecast=forecast),)))).values():
        assert said in text


def test_a_forecast_is_read_back_as_it_was_written():
    report = shop(replace(VIEW, budgets=(BUDGET, replace(SPEND, name="x", limit=None))))
    text = json_v1(report)
    exact_report_validator().validate(json.loads(text))
    read = parse_result(text.encode(), where="x").ledger
    assert read is not None
    assert report.ledger is not None
    assert read.budgets == report.ledger.budgets
    assert "whose amount is not known" in texts(report)["table"]


@pytest.mark.parametrize(
    "view, said",
    [
        (replace(VIEW, month=None, real={}), "no bill of a whole month is in ledger.snapshot.json of 2026-08-19"),
        (replace(VIEW, real={}), "bills of 2026-07 have none of the"),
        (replace(VIEW, real={("shop", "aws_db_instance.main"): RealCost("2026-07", None)}), "not known"),
        (
            LedgerView("x.json", budgets=(replace(SPEND, through=None, spent=None, spent_most=None, why="x.json is not there"),), why="gone"),
            "budget shop, $1,000.00 for 2026-08: what is spent is not known: x.json is not there",
        ),
        (
            replace(VIEW, budgets=(replace(SPEND, spent_most=None, projected_most=None, why="a gap"),)),
            "at least $400.00 spent by 2026-08-19, at least $800.00 with the rest of it at the estimate (a gap)",
        ),
        (
            replace(VIEW, accuracy=(TypeAccuracy("aws_x", 1, 1, Decimal(0), Decimal(5)),)),
            "aws_x: bills came to $5.00, where estimates had no amount (1 resource, 1 month)",
        ),
    ],
)  # fmt: skip
def test_what_is_not_known_is_said(view, said):
    for text in texts(shop(view)).values():
        assert said in text
        assert "$0.00 spent" not in text


def test_without_a_snapshot_nothing_is_said():
    for text in texts(samples.shop()).values():
        assert "Estimate and bill" not in text
    assert '"ledger"' not in json_v1(samples.shop())
    for text in texts(shop(LedgerView("x.json", why="x.json is not there"))).values():
        assert "Estimate and bill" not in text


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("details", [False, True])
def test_no_line_is_wider_than_asked(width, details):
    long = "ledger-" + "x" * 300
    view = replace(VIEW, file=long, budgets=(replace(SPEND, name=long, why=long),))
    text = table(shop(view), width=width, details=details)
    assert max(map(cell_len, text.splitlines())) <= width


def test_a_result_has_it_and_is_read_back():
    report = shop(VIEW)
    text = json_v1(report)
    exact_report_validator().validate(json.loads(text))
    assert parse_result(text.encode()).ledger == VIEW
    unread = LedgerView("x.json", why="x.json is not there")
    assert parse_result(json_v1(shop(unread)).encode()).ledger == unread


def test_texts_of_strangers_are_shown_and_do_nothing():
    evil = "<script>\x1b[31m|`\n::error::x"
    view = LedgerView(
        evil, MADE, evil, evil, accuracy=(TypeAccuracy(evil, 1, 1, Decimal("1E+900"), Decimal(1)),),
        real={("shop", "aws_db_instance.main"): RealCost(evil, Decimal("1E+900"))},
        budgets=(BudgetSpend(evil, evil, Decimal(1), why=evil),),
    )  # fmt: skip
    for name, text in texts(shop(view)).items():
        assert name == "table" or "<script>" not in text
        assert "\x1b" not in text
        assert "\n::error" not in text
