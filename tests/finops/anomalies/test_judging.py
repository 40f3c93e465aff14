"""What a day should have cost, and whether it is far from that: on made series, and on one whose odd days are known."""

import os
from pathlib import Path

import pytest

from benchmarks.anomalies import taxi
from guardrail.finops.anomalies.judging import UNIT, Baseline

NAB = os.environ.get("NAB_FOLDER", "")
"""Where the data of the Numenta Anomaly Benchmark lie; they are not part of this repository."""


def baseline(*amounts):
    return Baseline([None if one is None else int(one * UNIT) for one in amounts])


def test_the_expected_amount_is_the_median_of_six_same_weekdays():
    judged = baseline(*(week for week in range(1, 9) for _ in range(7)), 100).off(56, 0)
    assert judged is not None
    assert (judged.expected, judged.weeks) == (int(5.5 * UNIT), 6)


@pytest.mark.parametrize("days, can", [(41, False), (42, True)])
def test_a_day_is_judged_from_four_same_weekdays_and_two_weeks_of_residuals_on(days, can):
    assert baseline(*[1] * 200).can_judge(days) is can


def test_days_that_no_bill_tells_are_no_history_and_are_not_judged():
    assert not baseline(*[1] * 69, None).can_judge(69)
    gap = baseline(*[None] * 40, *[1] * 30)
    assert not any(gap.can_judge(number) for number in range(70))


@pytest.mark.parametrize("amount, is_off", [(1.049, False), (0.951, False), (1.11, True), (0.89, True)])
def test_a_day_may_always_be_five_times_two_percent_off(amount, is_off):
    assert (baseline(*[1] * 70, amount).off(70, 0) is not None) is is_off


@pytest.mark.parametrize("amount, is_off", [(0.05, False), (0.0501, True)])
def test_or_five_hundredths(amount, is_off):
    assert (baseline(*[0] * 70, amount).off(70, 0) is not None) is is_off


def test_one_outlier_is_not_taken_for_usual():
    amounts = [10] * 70
    amounts[63] = 500
    assert baseline(*amounts, 500).off(70, 0) is not None


def test_credits_can_make_a_day_less_than_nothing():
    judged = baseline(*[-5] * 70, 20).off(70, 0)
    assert judged is not None
    assert judged.difference == 25 * UNIT


@pytest.mark.skipif(not NAB, reason="NAB_FOLDER names no folder with nyc_taxi.csv and nab_combined_windows.json")
def test_nyc_taxi_4_of_5_labelled_windows_and_2_of_172_judged_days_outside_them():
    judged, hit, windows, outside = taxi(Path(NAB))
    assert (judged, hit, windows, len(outside)) == (172, 4, 5, 2)
