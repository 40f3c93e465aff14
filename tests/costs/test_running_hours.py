"""Hours of a month in which something runs, by the schedules that start and stop it every week."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.costs.running_hours import Switch, hours_of, minutes_of, scheduled

DAY, WEEK = 24 * 60, 7 * 24 * 60
WORKING_DAYS = tuple(day * DAY for day in range(5))


def by_hand(switches):
    """Walk two weeks minute by minute, and count those of the second in which it runs."""
    turns = {minute: one.is_on for one in switches for minute in one.minutes}
    is_on, minutes = False, 0
    for minute in range(2 * WEEK):
        is_on = turns.get(minute % WEEK, is_on)
        minutes += is_on and minute >= WEEK
    return float(Fraction(730) * minutes / WEEK)


@given(st.dictionaries(st.integers(0, WEEK - 1), st.booleans(), min_size=2, max_size=12))
def test_hours_are_those_of_a_walk_through_the_week(turns):
    switches = [Switch((minute,), is_on, "UTC") for minute, is_on in turns.items()]
    both = set(turns.values()) == {True, False}
    assert hours_of(switches) == (by_hand(switches) if both else None)


@given(st.integers(0, DAY - 1), st.integers(1, DAY - 1), st.sets(st.integers(0, 6), min_size=1))
def test_a_window_of_a_day_counts_on_each_of_its_days_also_over_midnight(begin, length, days):
    start = Switch(tuple(sorted(day * DAY + begin for day in days)), True, "UTC")
    stop = Switch(tuple(sorted((day * DAY + begin + length) % WEEK for day in days)), False, "UTC")
    assert hours_of([start, stop]) == float(Fraction(730) * len(days) * length / WEEK)


def test_twelve_hours_on_five_days_are_260_71_of_730_hours():
    start, stop = (tuple(day + hour * 60 for day in WORKING_DAYS) for hour in (7, 19))
    assert hours_of([Switch(start, True, "UTC"), Switch(stop, False, "UTC")]) == float(Fraction(730) * 60 / 168)


@pytest.mark.parametrize(
    "cron, is_aws, days, at",
    [
        ("0 7 * * 1-5", False, range(5), 7 * 60),
        ("30 19 * * MON-FRI", False, range(5), 19 * 60 + 30),
        ("0 7 * * 0,6", False, (5, 6), 7 * 60),
        ("0 7 * * 7", False, (6,), 7 * 60),
        ("0 7 * * fri-mon", False, (0, 4, 5, 6), 7 * 60),
        ("0 0 * * *", False, range(7), 0),
        ("0 7 ? * MON-FRI *", True, range(5), 7 * 60),
        ("0 7 ? * 2-6 *", True, range(5), 7 * 60),
        ("15 23 * * ? *", True, range(7), 23 * 60 + 15),
    ],
)
def test_cron_expressions_that_are_the_same_every_week(cron, is_aws, days, at):
    assert minutes_of(cron, is_aws=is_aws) == tuple(day * DAY + at for day in days)


@pytest.mark.parametrize(
    "cron, is_aws",
    [
        *(("0 7 1 * *", False), ("*/5 7 * * *", False), ("0 7-9 * * *", False), ("0 7 * 6 *", False)),
        *(("60 7 * * *", False), ("0 24 * * *", False), ("0 7 * * 8", False), ("0 7 * * MON#1", False), ("@daily", False)),
        *(("0 7 ? * MON-FRI 2027", True), ("0 7 ? * 0 *", True), ("0 7 * * 1-5", True), (None, False), ("", True)),
    ],
)  # fmt: skip
def test_other_cron_expressions_are_not_read(cron, is_aws):
    assert minutes_of(cron, is_aws=is_aws) is None


def call(verb, cron, **more):
    target = [{"arn": f"arn:aws:scheduler:::aws-sdk:ec2:{verb}Instances"}]
    return {"schedule_expression": f"cron({cron})", "target": target, **more}


START, STOP = call("start", "0 7 ? * MON-FRI *"), call("stop", "0 19 ? * MON-FRI *")


def hours(schedules, usage=None, type_="aws_scheduler_schedule", owner=None):
    """What usage says of the hours, once the schedules are read."""
    found = scheduled(usage or {}, "monthly_hrs", type_, schedules, (owner or {}).get)
    return found.get("monthly_hrs")


def test_a_pair_of_schedules_says_the_hours():
    assert hours([START, STOP]) == pytest.approx(730 * 60 / 168)


@pytest.mark.parametrize(
    "schedules",
    [
        *([], None, [START], [STOP]),
        [START, {**STOP, "state": "DISABLED"}],
        [START, {**STOP, "end_date": "2027-01-01T00:00:00Z"}],
        [START, {**STOP, "schedule_expression_timezone": "Europe/Berlin"}],
        [START, STOP, {**STOP, "schedule_expression": "rate(1 day)"}],
        [START, {**STOP, "target": [{"arn": "arn:aws:scheduler:::aws-sdk:ec2:rebootInstances"}]}],
        [START, call("stop", "0 7 ? * MON *")],
    ],
    ids=["none", "not known", "start alone", "stop alone", "disabled", "ends", "two zones", "a rate", "a reboot", "both at once"],
)  # fmt: skip
def test_what_does_not_stop_and_start_every_week_runs_all_month(schedules):
    assert hours(schedules) is None


def test_what_usage_says_comes_first_and_a_reservation_is_paid_for_all_month():
    assert hours([START, STOP], {"monthly_hrs": 100}) == 100
    assert hours([START, STOP], {"reserved_instance_term": "1_year"}) is None


def test_a_group_that_comes_back_with_another_size_is_not_read():
    stop = {"recurrence": "0 19 * * 1-5", "min_size": 0, "max_size": 0, "desired_capacity": 0}
    start = {"recurrence": "0 7 * * 1-5", "min_size": 1, "max_size": 4, "desired_capacity": 2}
    group = {"desired_capacity": 2}
    assert hours([start, stop], type_="aws_autoscaling_schedule", owner=group) == pytest.approx(730 * 60 / 168)
    bigger = {**start, "desired_capacity": 4}
    assert hours([bigger, stop], type_="aws_autoscaling_schedule", owner=group) is None


INSTANCE = """
provider "aws" {
  region = "us-east-1"
}

resource "aws_instance" "web" {
  ami           = "ami-1"
  instance_type = "m5.large"
}
"""
SCHEDULE = """
resource "aws_scheduler_schedule" "%(verb)s" {
  schedule_expression = "cron(0 %(hour)s ? * MON-FRI *)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "arn:aws:scheduler:::aws-sdk:ec2:%(verb)sInstances"
    role_arn = "arn:aws:iam::111111111111:role/x"
    input    = jsonencode({ InstanceIds = [aws_instance.web.id] })
  }
}
"""


def test_an_estimate_knows_of_schedules_and_a_difference_names_the_hours(run, tmp_path):
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    (before / "main.tf").write_text(INSTANCE)
    pair = "".join(SCHEDULE % {"verb": verb, "hour": hour} for verb, hour in (("start", 7), ("stop", 19)))
    (after / "main.tf").write_text(INSTANCE + pair)
    assert "25.83" in run("estimate", "after").stdout, "8 GB of storage, and 260.71 hours"
    said = run("check", "after", "--base", "before", "--format", "json")
    (web,) = (
        one for one in json.loads(said.stdout)["projects"][0]["resources"] if one["address"] == "aws_instance.web"
    )
    (hours_of_it,) = (one for one in web["differences"] if one["path"] == "monthly_hrs")
    assert hours_of_it["effect"] == web["monthly_delta"]
