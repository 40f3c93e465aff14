"""Why a month costs another sum than the one before: parts come to the difference."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from guardrail.bills.metered import MeterMonth
from guardrail.finops.month_change import Cause, month_change


def row(month, cost, quantity="1", **more):
    contracted = more.get("contracted", cost)
    return MeterMonth(
        month,
        "USD",
        more.get("category", "Usage"),
        more.get("resource", "i-1"),
        "EC2",
        "m",
        "Hours",
        more.get("commitment"),
        more.get("of_commitment", False),
        Decimal(cost),
        None if contracted is None else Decimal(contracted),
        None if quantity is None else Decimal(quantity),
    )


def parts(*rows):
    found = month_change(rows, "2026-09", "2026-10", "USD")
    return {cause: amount for cause, amount in found.parts.items() if amount}


def test_more_hours_at_a_lower_price_are_both():
    assert parts(row("2026-09", "10", "100"), row("2026-10", "9", "150")) == {Cause.USAGE: 5, Cause.PRICE: -6}


def test_what_comes_and_what_goes():
    gone, new = row("2026-09", "7", resource="a"), row("2026-10", "3", resource="b")
    assert parts(gone, new) == {Cause.REMOVED: -7, Cause.NEW: 3}


def test_commitments_are_what_they_save_and_what_goes_unused():
    covered = {"commitment": "Used", "of_commitment": True}
    rows = (
        row("2026-09", "6", contracted="10", **covered),
        row("2026-10", "5", contracted="10", **covered),
        row("2026-10", "2", None, commitment="Unused", of_commitment=True, resource="plan"),
    )
    assert parts(*rows) == {Cause.COMMITMENTS: 1}


def test_taxes_credits_and_what_has_no_quantity_are_the_rest():
    rows = (row("2026-09", "1", category="Tax"), row("2026-10", "-4", category="Credit"), row("2026-09", "2", None))
    assert parts(*rows, row("2026-10", "5", None)) == {Cause.OTHER: -2}


def test_a_month_without_the_cost_is_not_told():
    found = month_change([row("2026-10", "5")], "2026-09", "2026-10", "USD")
    assert (found.before, found.difference, found.parts) == (None, None, {})
    assert found.notes


amounts = st.decimals(-(10**9), 10**9, places=18)
rows_made = st.builds(
    row,
    st.sampled_from(["2026-09", "2026-10"]),
    amounts,
    st.none() | amounts,
    category=st.sampled_from(["Usage", "Tax", "Credit"]),
    resource=st.sampled_from("abc"),
    commitment=st.sampled_from([None, "Used", "Unused"]),
    contracted=st.none() | amounts,
)


@given(st.lists(rows_made, max_size=8))
def test_parts_come_to_the_difference_to_the_last_digit(rows):
    both = [*rows, row("2026-09", "1", resource="x"), row("2026-10", "1", resource="x")]
    found = month_change(both, "2026-09", "2026-10", "USD")
    assert sum(found.parts.values()) == found.difference
