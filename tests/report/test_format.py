"""Money, quantities and reasons as reports word them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.model import money as amounts
from guardrail.model.cost import FREE, Line, LineStatus
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.resource import Action
from guardrail.model.totals import totals
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
    assert amounts.money(Decimal(amount), currency, signed=signed) == text


def test_an_unknown_amount_is_never_a_number():
    assert amounts.money(None, "USD") == amounts.brief(None, "USD") == "not known"
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
    assert amounts.brief(Decimal(amount), "USD") == text


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
    assert amounts.unit_price(Decimal(price), "USD") == text


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


COMPUTE, UNPRICED = Line("Compute", "hours", LineStatus.PRICED), Line("Disk", "GB", LineStatus.NO_PRICE)
REQUESTS = Line("Requests", "1M", LineStatus.USAGE, unit_price=Decimal("0.2"))
CHEAPER = replace(REQUESTS, unit_price=Decimal("0.1"))


def side(amount, *more):
    """A side that costs so much in a month, and lines of which nobody knows what they cost."""
    return amount if amount is None else cost(replace(COMPUTE, monthly_cost=Decimal(amount)), *more)


BOTTOM_LINES = [
    # action, before, after: wording of a change
    ("update", side(800), side(1386), "monthly cost +$586 (+73%): $800 → $1,386"),
    ("create", None, side(50), "monthly cost +$50.00: $0 → $50.00"),
    ("no-op", side(800), side(800), "monthly cost unchanged: $800"),
    ("create", None, FREE, "monthly cost unchanged: $0"),
    ("delete", side(50), None, "monthly cost -$50.00 (-100%): $50.00 → $0"),
    # something is missing after
    ("create", None, side(50, UNPRICED), "monthly cost at least +$50.00: $0 → at least $50.00 (1 not priced)"),
    ("update", side(90), side(50, UNPRICED), "monthly cost at least -$40.00: $90.00 → at least $50.00 (1 not priced)"),
    ("update", side(50), side(50, UNPRICED), "monthly cost change not known: $50.00 → at least $50.00 (1 not priced)"),
    # something is missing before
    ("delete", side(50, UNPRICED), None, "monthly cost at most -$50.00: at least $50.00 → $0 (1 not priced)"),
    ("update", side(50, UNPRICED), side(90), "monthly cost at most +$40.00: at least $50.00 → $90.00 (1 not priced)"),
    # something is missing on both sides
    ("update", side(50, UNPRICED), side(90, UNPRICED), "monthly cost change not known: at least $50.00 → at least $90.00 (1 not priced)"),
    ("no-op", side(50, UNPRICED), side(50, UNPRICED), "monthly cost unchanged: at least $50.00 (1 not priced)"),
    # nothing is known
    ("create", None, cost(UNPRICED), "monthly cost not known (1 not priced)"),
    ("create", None, UNSUPPORTED, "monthly cost not known (1 not priced)"),
    ("delete", cost(UNPRICED), None, "monthly cost not known (1 not priced)"),
    ("no-op", UNSUPPORTED, UNSUPPORTED, "monthly cost not known (1 not priced)"),
    ("create", None, cost(REQUESTS), "monthly cost not known (1 depends on usage)"),
    # the same usage at the same price cancels out; at another price it does not
    ("update", side(50, REQUESTS), side(90, REQUESTS), "monthly cost +$40.00 (+80%): at least $50.00 → at least $90.00 (1 depends on usage)"),
    ("update", side(50, REQUESTS), side(90, CHEAPER), "monthly cost change not known: at least $50.00 → at least $90.00 (1 depends on usage)"),
    ("create", None, side(50, REQUESTS), "monthly cost at least +$50.00: $0 → at least $50.00 (1 depends on usage)"),
]  # fmt: skip


@pytest.mark.parametrize("action, before, after, text", BOTTOM_LINES)
def test_the_bottom_line_says_what_is_missing_and_on_which_side(action, before, after, text):
    sums = totals((resource(action=Action(action), before=before, after=after),))
    assert wording.bottom_line(sums, "USD") == text
    assert sums.lower_bound == ("not known" in text or "at least $" in text)


BLOCK = NotEvaluated("aws_nat_gateway.n", "count is known after apply")
MISSING_BLOCKS = [
    (BLOCK, side(50), "at-least", "monthly cost at least +$50.00: $0 → at least $50.00 (1 not evaluated)"),
    (BLOCK, None, "at-least", "monthly cost not known (1 not evaluated)"),
    (replace(BLOCK, before=True), side(50), "not-known", "monthly cost change not known: not known → at least $50.00 (1 not evaluated)"),
    (replace(BLOCK, before=True, after=False), side(50), "at-most", "monthly cost at most +$50.00: not known → $50.00 (1 not evaluated)"),
    (replace(BLOCK, before=True, later=True), side(50), "at-least", "monthly cost at least +$50.00: not known → at least $50.00 (1 not evaluated)"),
]  # fmt: skip


@pytest.mark.parametrize("block, after, bound, text", MISSING_BLOCKS)
def test_what_was_not_evaluated_is_missing_from_its_side(block, after, bound, text):
    sums = totals((resource(after=after),) if after else (), (block,))
    assert (sums.not_evaluated, sums.lower_bound, sums.delta_bound) == (1, True, bound)
    assert wording.bottom_line(sums, "USD") == text


@pytest.mark.parametrize(
    "after, text",
    [
        (side(50), "monthly cost +$50.00: $0 → $50.00"),
        (cost(UNPRICED), "monthly cost not known (1 not priced)"),
        (FREE, "monthly cost $0"),
    ],
)
def test_an_estimate_speaks_of_the_bill(after, text):
    sums = totals((resource(after=after),))
    assert wording.bottom_line(sums, "USD", judged=False) == text


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
    shown = amounts.money(amount, "USD", signed=True)
    assert (shown == "$0.00") == (amount == 0)
    assert shown.startswith("-") == (amount < 0)
    assert shown.startswith("+") == (amount > 0)
