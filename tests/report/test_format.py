"""Money, quantities and reasons as reports word them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.model.cost import Line, LineStatus
from guardrail.model.report import Totals
from guardrail.report import format as wording
from tests.report.samples import UNSUPPORTED, cost, line, resource, usage_line


@pytest.mark.parametrize(
    "amount, currency, signed, text",
    [
        ("1234.56", "USD", False, "$1,234.56"),
        ("-12", "USD", False, "-$12.00"),
        ("586", "USD", True, "+$586.00"),
        ("12", "EUR", False, "EUR 12.00"),
        ("-3.1", "EUR", True, "-EUR 3.10"),
        ("0", "USD", True, "$0.00"),
        ("0.125", "USD", False, "$0.13"),
        ("0.004", "USD", False, "<$0.01"),
        ("-0.004", "USD", True, "-<$0.01"),
        ("0.005", "USD", False, "$0.01"),
        ("1e400", "USD", False, "$1.000E+400"),
    ],
)
def test_money(amount, currency, signed, text):
    assert wording.money(Decimal(amount), currency, signed=signed) == text


def test_an_unknown_amount_is_never_a_number():
    assert wording.money(None, "USD") == wording.brief(None, "USD") == "not known"
    assert wording.quantity(None) == ""


@pytest.mark.parametrize(
    "amount, text",
    [
        ("1386.4", "$1,386"),
        ("100", "$100"),
        ("99.999", "$100"),
        ("99.5", "$99.50"),
        ("0", "$0"),
        ("-2500.5", "-$2,501"),
    ],
)
def test_headlines_have_cents_below_a_hundred_only(amount, text):
    assert wording.brief(Decimal(amount), "USD") == text


@pytest.mark.parametrize(
    "price, text",
    [
        ("0.20", "$0.20"),
        ("0.0000002", "$0.0000002"),
        ("0.0000166667", "$0.0000166667"),
        ("5", "$5.00"),
        ("1e-20", "$1.000E-20"),
        ("1e300", "$1.000E+300"),
    ],
)
def test_unit_prices_keep_their_digits(price, text):
    assert wording.unit_price(Decimal(price), "USD") == text


@pytest.mark.parametrize(
    "amount, text",
    [("730", "730"), ("1000000", "1,000,000"), ("0.0416667", "0.0417"), ("0.0000001", "1.000E-7"), ("0", "0")],
)
def test_quantity(amount, text):
    assert wording.quantity(Decimal(amount)) == text


@pytest.mark.parametrize(
    "value, text",
    [
        ("73.2", "+73%"),
        ("-4.54", "-4.5%"),
        ("0.01", "+<0.1%"),
        ("9.96", "+10%"),
        ("1234567", "+1,234,567%"),
        ("1e50", "+1.0E+50%"),
    ],
)
def test_percent(value, text):
    assert wording.percent(Decimal(value)) == text


@pytest.mark.parametrize(
    "before, after, unpriced, usage, text",
    [
        ("800", "1386", 0, 0, "monthly cost +$586 (+73%): $800 → $1,386"),
        ("0", "50", 0, 0, "monthly cost +$50.00: $0 → $50.00"),
        ("800", "800", 0, 0, "monthly cost unchanged: $800"),
        ("800", "700", 2, 1, "monthly cost -$100 (-13%): $800 → $700 (2 not priced, 1 depends on usage)"),
        ("0", "0", 2, 2, "monthly cost not known (2 not priced, 2 depend on usage)"),
        ("0", "0", 0, 0, "monthly cost unchanged: $0"),
    ],
)
def test_bottom_line(before, after, unpriced, usage, text):
    low, high = Decimal(before), Decimal(after)
    assert wording.bottom_line(Totals(low, high, high - low, unpriced, usage), "USD") == text


@pytest.mark.parametrize(
    "part, text",
    [
        (usage_line(), "depends on usage: $0.20 per 1M requests"),
        (usage_line(price=None), "depends on usage"),
        (line(monthly=None), "known after apply: instance_type"),
        (line(monthly=None, note="known after apply: size"), "known after apply: size"),
        (Line("Transfer", "GB", LineStatus.NO_PRICE), "no price in the catalog for Transfer"),
        (
            Line("Transfer", "GB", LineStatus.AMBIGUOUS, note="2 rows"),
            "several prices in the catalog for Transfer: 2 rows",
        ),
        (line(status=LineStatus.ASSUMED, note="iops = 3000"), "assumed: iops = 3000"),
        (line(), ""),
    ],
)
def test_why_a_line_has_no_cost(part, text):
    assert wording.line_reason(part, "USD") == text


def test_each_reason_is_given_once():
    twice = resource(before=UNSUPPORTED, after=cost(line(monthly=None), line(monthly=None)))
    assert wording.reasons(twice, "USD") == ("known after apply: instance_type", "not covered")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20))
def test_money_says_zero_for_zero_alone(amount):
    shown = wording.money(amount, "USD", signed=True)
    assert (shown == "$0.00") == (amount == 0)
    assert shown.startswith("-") == (amount < 0)
    assert shown.startswith("+") == (amount > 0)
