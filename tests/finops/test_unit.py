"""Units as estimates and bills write them."""

from fractions import Fraction

import pytest

from guardrail.finops.unit import factor_between, unit_of


@pytest.mark.parametrize(
    "text, factor, base, per_month",
    [
        ("hours", 1, "hour", False),
        ("Hrs", 1, "hour", False),
        ("1 Hour", 1, "hour", False),
        ("100 Hours", 100, "hour", False),
        ("1/Hour", 1, "hour", False),
        ("vCPU-hours", 1, "vcpu-hour", False),
        ("1k requests", 1000, "request", False),
        ("1M requests", 10**6, "request", False),
        ("Requests", 1, "request", False),
        ("10K", 10**4, "", False),
        ("10,000", 10**4, "", False),
        ("GB-Mo", 1, "gb", True),
        ("1 GB/Month", 1, "gb", True),
        ("gibibyte month", 1, "gb", True),
        ("GB", 1, "gb", False),
        ("months", 1, "", True),
        ("1/Month", 1, "", True),
        ("MB", 1, "mb", False),
        ("0.5 GB", Fraction(1, 2), "gb", False),
        ("0", 1, "", False),
        (None, 1, "", False),
    ],
)
def test_a_unit_is_taken_apart(text, factor, base, per_month):
    found = unit_of(text)
    assert (found.factor, found.base, found.per_month) == (factor, base, per_month)


@pytest.mark.parametrize(
    "billed, estimated, factor",
    [
        ("Requests", "1k requests", Fraction(1, 1000)),
        ("100 Hours", "hours", 100),
        ("GB-Mo", "GB", 1),
        ("10K", "1M queries", Fraction(1, 100)),
        ("Hrs", "GB", None),
    ],
)
def test_one_unit_is_so_many_of_another(billed, estimated, factor):
    assert factor_between(unit_of(billed), unit_of(estimated)) == factor
