"""Real costs beside estimates, in every format of the report."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.cells import cell_len

from guardrail.model.billed.costs import BudgetSpend, LedgerView, RealCost, TypeAccuracy
from guardrail.report import html_page, json_v1, markdown, table
from guardrail.report.json.read import parse_result
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
