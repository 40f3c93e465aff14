"""What is far from what it used to cost, and what accounts for it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from guardrail.finops.anomalies import Reason, State
from guardrail.finops.anomalies.describing import alerts_of, facts_of, not_judged_text, title_of
from guardrail.finops.exact import decimal_of
from tests.finops.anomalies.made import bill_days, changed, charges, day, found

WEEK = [10, 10, 10, 10, 10, 4, 4]
STEADY = WEEK * 9  # 63 days


def events(answer):
    return [(one.first, one.days, f"{decimal_of(one.difference):.2f}", one.state) for one in answer.events]


def test_a_weekly_pattern_is_no_anomaly_and_a_day_far_off_is():
    assert found(charges(STEADY)).events == ()
    assert events(found(charges([*STEADY, 10, 40, 10]))) == [(day(64), 1, "30.00", State.UNEXPLAINED)]


def test_a_busy_day_on_a_quiet_weekday_is_found():
    answer = found(charges([*STEADY, *WEEK[:5], 10]))
    assert events(answer) == [(day(68), 1, "6.00", State.UNEXPLAINED)]
    assert dict(facts_of(answer.events[0]))["evidence"] == "6 Saturdays, median $4.00"


def test_days_in_a_row_are_one_event_also_with_two_between_and_a_turn_makes_two():
    answer = found(charges([*STEADY, 40, 40, 10, 10, 40, 4, 4, 0]))
    assert [(one.first, one.last, one.days, one.is_fall) for one in answer.events] == [
        (day(63), day(67), 3, False),
        (day(70), day(70), 1, True),
    ]


def test_an_event_that_began_before_the_first_day_is_told_whole():
    answer = found(charges([*STEADY, *[40] * 10]), since=70)
    assert [(one.first, one.last) for one in answer.events] == [(day(63), day(72))]


def test_what_is_below_a_hundredth_of_the_owner_s_month_is_not_told():
    large = charges([1000] * 70, "aws_instance.large")  # 30,000 in 30 days: 300 and more
    small = charges([*STEADY, *WEEK[:6], 100], "aws_instance.small")
    assert found(large, small).events == ()
    assert len(found(large, small, floor_percent=0.1).events) == 1
    assert len(found(large, charges([*STEADY, *WEEK[:6], 100], "aws_instance.b", owner="other")).events) == 1


def test_how_many_spreads_is_configured():
    noisy = [10, 11, 9, 10, 12, 8, 10] * 4 + [11, 9, 10, 12, 8, 10, 9] * 5
    assert found(charges([*noisy, 17])).events == ()
    assert len(found(charges([*noisy, 17]), spreads=2).events) == 1


class TestExplained:
    """By merged changes and expected dates."""

    step = charges([*[0] * 63, *[4.608] * 7])

    def test_by_a_merged_change_of_the_address_that_is_as_large(self):
        answer = found(self.step, changes=[changed(63, "140.16")])
        (one,) = answer.events
        assert one.state is State.EXPLAINED
        assert dict(facts_of(one))["explained"] == "by #7, merged by 2026-09-07, +$4.61 a day"
        assert alerts_of(answer) == []

    @pytest.mark.parametrize(
        "monthly, state",
        [(120, State.EXPLAINED), (70, State.PARTIAL), (300, State.PARTIAL), (-140.16, State.UNEXPLAINED)],
    )
    def test_only_as_far_as_its_size(self, monthly, state):
        assert found(self.step, changes=[changed(63, monthly)]).events[0].state is state

    def test_the_rest_is_what_is_alarmed(self):
        answer = found(self.step, changes=[changed(63, 73)])
        assert dict(facts_of(answer.events[0]))["the rest"] == "+$15.46 is not explained"
        (alert,) = alerts_of(answer)
        assert f"{alert.amount:.3f}" == "15.456"
        assert alert.title.endswith("2026-09-07 to 2026-09-13 (7 days), +$15.46 of it not explained")

    def test_the_day_of_the_change_may_be_anything_between(self):
        step = charges([*[0] * 63, 1, *[4.608] * 6])
        assert found(step, changes=[changed(63, "140.16", hour=18)]).events[0].state is State.EXPLAINED

    @pytest.mark.parametrize(
        "change",
        [
            changed(63, 140.16, "aws_instance.other"),
            changed(50, 140.16),
            changed(75, 140.16),
            changed(63, 0, unpriced=1),
            changed(63, 140.16, currency="EUR"),
        ],
    )
    def test_not_by_what_is_of_another_address_time_or_of_no_known_size(self, change):
        (one,) = found(self.step, changes=[change]).events
        assert one.state is State.UNEXPLAINED

    def test_a_change_of_no_known_size_is_named(self):
        (one,) = found(self.step, changes=[changed(63, 0, unpriced=1)]).events
        assert (
            dict(facts_of(one))["not explained"]
            == "may have to do with #7, merged by 2026-09-07, of a size that is not known"
        )

    def test_a_change_that_depends_on_usage_explains_at_least_its_estimate(self):
        (one,) = found(self.step, changes=[changed(63, 73, unpriced=1)]).events
        assert one.state is State.PARTIAL
        assert dict(facts_of(one))["explained"].endswith("+$2.40 a day and what depends on usage or has no price")

    @pytest.mark.parametrize("merged, state", [(66, State.EXPLAINED), (67, State.PARTIAL)])
    def test_a_change_that_is_merged_up_to_three_days_later_may_have_been_applied_before(self, merged, state):
        assert found(self.step, changes=[changed(merged, "140.16")]).events[0].state is state

    def test_a_fee_on_the_same_day_of_each_month_explains_itself_from_the_second_month_on(self):
        fees = [10] * 100
        fees[57], fees[87] = 40, 41  # the first of September and of October
        first, second = sorted(found(charges(fees)).events, key=lambda one: one.first)
        assert (first.state, second.state) == (State.UNEXPLAINED, State.EXPLAINED)
        assert dict(facts_of(second))["explained"] == "by the same day of the month before: 2026-09-01, +$30.00"
        fees[87] = 80
        assert {one.state for one in found(charges(fees)).events} == {State.UNEXPLAINED}

    def test_a_removal_explains_that_nothing_is_charged(self):
        gone = charges([*[4.8] * 63, *[""] * 7])
        (one,) = found(gone, days=bill_days(70), changes=[changed(63, -146)]).events
        assert (one.state, one.is_gone) == (State.EXPLAINED, True)

    def test_by_an_expected_date(self):
        spike = charges([*STEADY, 510, 520])
        date = {"name": "sale", "date": day(63), "until": day(64), "amount": 500, "addresses": ["aws_instance.*"]}
        (one,) = found(spike, expected=[date]).events
        assert (one.state, dict(facts_of(one))["explained"]) == (
            State.EXPLAINED,
            "by sale, 2026-09-07 to 2026-09-08, +$500.00 a day",
        )
        assert found(spike, expected=[{**date, "amount": 100}]).events[0].state is State.PARTIAL
        assert found(spike, expected=[{**date, "amount": None}]).events[0].state is State.EXPLAINED
        assert found(spike, expected=[{**date, "until": None}]).events[0].state is State.PARTIAL
        assert found(spike, expected=[{**date, "owners": ["other"]}]).events[0].state is State.UNEXPLAINED


class TestMoves:
    """Costs that go by another owner or service."""

    def test_a_tag_that_is_added_alarms_neither_owner(self):
        before, after = charges([*[10] * 63, *[""] * 7], owner=""), charges([10] * 7, begin=63, owner="shop")
        rise, fall = sorted(found(before, after, days=bill_days(70)).events, key=lambda one: one.is_fall)
        assert (rise.state, fall.state) == (State.EXPLAINED, State.EXPLAINED)
        assert (
            dict(facts_of(rise))["explained"]
            == "by a move from the owner nobody, where the same amount went on 2026-09-07"
        )
        assert (
            dict(facts_of(fall))["explained"] == "by a move to the owner shop, where the same amount came on 2026-09-07"
        )

    def test_so_does_a_service_that_is_called_otherwise(self):
        before, after = charges([*[10] * 63, *[""] * 7]), charges([10.3] * 7, begin=63, service="EC2 (new)")
        events = found(before, after, days=bill_days(70)).events
        assert [one.state for one in events] == [State.EXPLAINED] * 2
        assert any(one.new == ("service EC2 (new)",) for one in events)

    @pytest.mark.parametrize("more", [{"address": "aws_instance.b"}, {"owner": "b", "service": "S3"}])
    def test_another_address_or_two_differences_are_no_move(self, more):
        before, after = charges([*[10] * 63, *[""] * 7]), charges([10] * 7, begin=63, **more)
        assert {one.state for one in found(before, after, days=bill_days(70)).events} == {State.UNEXPLAINED}

    def test_nor_is_another_amount(self):
        before, after = charges([*[10] * 63, *[""] * 7]), charges([11] * 7, begin=63, owner="b")
        assert {one.state for one in found(before, after, days=bill_days(70)).events} == {State.UNEXPLAINED}


def test_a_fall_is_told_as_such_and_never_as_a_saving():
    answer = found(charges([*STEADY, "", 10], "aws_instance.gone"), days=bill_days(65))
    (one,) = answer.events
    assert (title_of(one), one.is_gone) == ("-$10.00 aws_instance.gone, 2026-09-07", True)
    assert (
        dict(facts_of(one))["no charge"] == "it is gone, or rows of the bill are missing: no saving until that is known"
    )
    (alert,) = alerts_of(answer)
    assert alert.amount == -10


def test_days_of_an_open_bill_are_provisional_for_three_days_and_a_fall_on_them_alarms_nobody():
    days = bill_days(66, is_open=True, imported_at=datetime(2026, 9, 10, 6, tzinfo=UTC))
    fall = found(charges([*STEADY, 10, 1, 1]), days=days)
    assert (fall.events, fall.provisional) == ((), day(63))
    (waiting,) = [one for one in fall.not_judged if one.reason is Reason.PROVISIONAL]
    assert (waiting.number, waiting.names) == (1, ("aws_instance.a",))
    assert "1 series, -$18.00 from what is expected, on days to which" in not_judged_text(waiting)
    rise = found(charges([*STEADY, 10, 10, 90]), days=days)
    assert dict(facts_of(rise.events[0]))["provisional"] == "charges may still be added to it"
    assert len(alerts_of(rise)) == 1
    old = bill_days(66, is_open=True, imported_at=datetime(2026, 9, 20, tzinfo=UTC))
    assert len(alerts_of(found(charges([*STEADY, 10, 1, 1]), days=old))) == 1


def test_a_day_that_the_whole_bill_lacks_is_no_fall_but_named():
    lines = [*STEADY, "", 10]
    answer = found(charges(lines), charges(lines, "aws_instance.b"), days=bill_days(65, without={63}))
    assert answer.events == ()
    assert [(one.reason, one.number, one.names) for one in answer.not_judged if one.reason is Reason.MISSING_DAY] == [
        (Reason.MISSING_DAY, 1, ("aws", "2026-09-07"))
    ]


def test_a_source_that_takes_the_place_of_another_is_no_anomaly():
    before, after = charges(STEADY), charges(WEEK * 3, begin=63, source="aws-new")
    days = [*bill_days(63), *bill_days(21, "aws-new", 63)]
    assert found(before, after, days=days).events == ()


def test_what_has_too_short_a_history_is_counted_and_named():
    answer = found(charges([10] * 30), charges([1] * 30, "aws_instance.b"))
    (one,) = answer.not_judged
    assert (one.reason, one.number, one.names) == (Reason.HISTORY, 2, ("aws_instance.a", "aws_instance.b"))
    assert (answer.series, answer.days, answer.events) == (0, 0, ())


def test_rows_without_the_amount_taxes_and_what_is_charged_by_the_month_are_counted_and_named():
    answer = found(
        charges([*STEADY, None, 10]),
        charges([29, *[""] * 61, 31], "", kind="long", service="Support"),
        charges([9.5], "", begin=60, kind="other", service="Tax"),
        days=bill_days(65),
        since=58,
    )
    assert answer.events == ()
    assert [(one.reason, one.number, one.names) for one in answer.not_judged] == [
        (Reason.WITHOUT_AMOUNT, 1, ("EC2",)),
        (Reason.LONG, 1, ("Support",)),
        (Reason.OTHER, 1, ("Tax",)),
    ]


def test_amounts_of_two_currencies_are_never_summed():
    euros = charges([*STEADY, 10, 100], "aws_instance.b", currency="EUR")
    answer = found(charges([*STEADY, 10, 100]), euros)
    assert {one.key.currency for one in answer.events} == {"USD", "EUR"}


def test_one_project_alone():
    other = charges([*STEADY, 10, 100], "aws_instance.b", project="data")
    answer = found(charges([*STEADY, 10, 100]), other, projects=("data",))
    assert [one.key.project for one in answer.events] == ["data"]


class TestFirstSpend:
    """Of an account, a service or a region."""

    usual = charges(STEADY)

    def test_in_a_region_is_told_however_small(self):
        answer = found(self.usual, charges([0.002] * 3, "", begin=60, region="ap-east-1"))
        (one,) = answer.events
        assert (one.new, one.days, decimal_of(one.was)) == (("region ap-east-1",), 3, Decimal("0.006"))
        assert title_of(one).startswith("+$0.01 EC2, 2026-09-04 to ")
        assert "region ap-east-1 was never paid for before" in dict(facts_of(one))["first spend"]
        assert len(alerts_of(answer)) == 1

    def test_that_is_an_anomaly_of_its_resource_is_one_event(self):
        answer = found(self.usual, charges([50] * 3, "aws_db_instance.b", begin=60, service="RDS"))
        (one,) = answer.events
        assert (one.key.address, one.new) == ("aws_db_instance.b", ("service RDS",))

    def test_by_a_merged_change_is_explained(self):
        new = charges([0.01] * 3, "aws_db_instance.b", begin=60, service="RDS")
        (one,) = found(self.usual, new, changes=[changed(60, 0.3, "aws_db_instance.b")]).events
        assert one.state is State.EXPLAINED

    def test_of_an_account_is_one_matter_whatever_is_in_it(self):
        new = [charges([0.01] * 3, "", begin=60, account="2", service=name, region=name) for name in ("RDS", "S3")]
        (one,) = found(self.usual, *new).events
        assert (one.new, decimal_of(one.was)) == (("account 2",), Decimal("0.06"))

    def test_is_not_known_of_the_first_four_weeks_and_named(self):
        answer = found(self.usual, charges([1] * 36, "", begin=27, region="ap-east-1"))
        assert answer.events == ()
        assert [one.names for one in answer.not_judged if one.reason is Reason.FIRST_SPEND] == [("region ap-east-1",)]
        assert found(self.usual, charges([1] * 35, "", begin=28, region="ap-east-1")).events[0].new == (
            "region ap-east-1",
        )

    def test_before_the_first_day_is_not_told(self):
        assert found(self.usual, charges([1] * 33, "", begin=30, region="ap-east-1"), since=50).events == ()

    def test_charged_by_the_month_is_told(self):
        new = charges([100], "", begin=57, kind="long", service="Support")
        (one,) = found(self.usual, new).events
        assert (one.new, decimal_of(one.was)) == (("service Support",), Decimal(100))


def test_the_same_event_has_the_same_fingerprint_when_it_goes_on():
    lines = [*STEADY, 40, 40, 40, 40]
    prints = {alerts_of(found(charges(lines[:end]), since=end - 30))[0].fingerprint for end in (64, 65, 66, 67)}
    assert len(prints) == 1


def test_equal_facts_give_equal_answers_in_any_order():
    given = [charges([*STEADY, 10, 100], f"aws_instance.i{number}", owner=f"team{number % 2}") for number in range(4)]
    assert found(*given).events == found(*reversed(given)).events
