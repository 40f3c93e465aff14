"""What merged changes have made of resources, and what open pull requests would make of them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from guardrail.ledger.queries.changing import changed_resources, proposed_resources
from guardrail.ledger.views import open_ledger
from guardrail.model.report import Event, PullRequest, Revision
from guardrail.model.resource import Action
from guardrail.report.json.v1 import json_v1
from tests.ledger.conftest import state
from tests.report import samples

T0 = datetime(2026, 10, 1, tzinfo=UTC)
NOW = T0 + timedelta(days=30)


def machine(monthly="73", name="m5.large", **more):
    return samples.cost(samples.line(f"Instance usage ({name})", monthly, **more))


def run(*resources, day=0, event=Event.PUSH, number=None, merged=None, name="shop", commit="a"):
    """Return the JSON of a run: each resource is an address, with its cost before and after."""
    there = [
        samples.resource(
            address,
            Action.NO_OP
            if before == after
            else Action.UPDATE
            if before and after
            else Action.DELETE
            if before
            else Action.CREATE,
            before,
            after,
        )
        for address, before, after in resources
    ]
    report = samples.report(
        there,
        name=name,
        generated_at=T0 + timedelta(days=day),
        revision=Revision(commit * 40, "main", event),
        pull_request=PullRequest(number, commit * 40, "ana", merged) if number else None,
    )
    return json_v1(report).encode()


def push(day, **costs):
    return run(*((f"aws_instance.{name}", cost, cost) for name, cost in costs.items()), day=day)


@pytest.fixture
def changed(store):
    def call(now=NOW, since=T0 - timedelta(days=9)):
        found = changed_resources(open_ledger(store), ["team"], since, now)
        return [(one.place.address, one.monthly, one.at and (one.at - T0).days) for one in found]

    return call


@pytest.fixture
def proposed(store):
    def call(now=NOW, since=T0 - timedelta(days=9)):
        found = proposed_resources(open_ledger(store), [], since, now)
        return [(one.number, one.place.address, one.monthly, one.unpriced) for one in found]

    return call


def test_what_a_run_has_that_the_one_before_had_not_is_added_and_what_it_lacks_is_removed(add, changed):
    add(push(0, a=machine(), b=machine()), push(5, a=machine(), c=machine("146", "m5.xlarge")))
    assert changed() == [("aws_instance.b", -73, 5), ("aws_instance.c", 146, 5)]
    assert changed(now=T0 + timedelta(days=4)) == []


def test_another_machine_type_is_the_difference(add, changed):
    add(push(0, a=machine()), push(5, a=machine("146", "m5.xlarge")))
    assert changed() == [("aws_instance.a", 73, 5)]


def test_a_list_price_that_changes_is_no_change_and_more_of_the_same_is(add, changed):
    add(push(0, a=machine()), push(5, a=machine("80")))
    assert changed() == []
    add(push(6, a=machine("160", monthly_quantity=Decimal(1460), unit_price=Decimal(80) / 730)))
    assert [(address, round(monthly, 6)) for address, monthly, _ in changed()] == [("aws_instance.a", 80)]


def test_usage_that_is_estimated_anew_is_no_change_and_that_of_something_new_is(add, changed):
    def bucket(monthly):
        return samples.cost(
            samples.line("Requests", monthly, usage_key="monthly_requests", monthly_quantity=Decimal(monthly))
        )

    add(push(0, a=bucket("10")), push(5, a=bucket("20"), b=bucket("7")))
    assert changed() == [("aws_instance.b", 7, 5)]


def test_the_first_run_of_a_project_has_changed_nothing(add, changed):
    add(push(0, a=machine()))
    assert changed() == []


def test_states_say_when_something_new_was_there_and_that_it_is_not_yet(add, changed):
    add(push(0, a=machine()), push(5, a=machine(), b=machine()))
    add(state(("aws_instance.a", {"id": "i-1"}, {})), project="shop", now=T0 + timedelta(days=6))
    assert changed() == [("aws_instance.b", 73, None)]
    add(
        state(("aws_instance.a", {"id": "i-1"}, {}), ("aws_instance.b", {"id": "i-2"}, {})),
        project="shop",
        now=T0 + timedelta(days=8),
    )
    assert changed() == [("aws_instance.b", 73, 8)]


def test_a_component_without_a_price_is_counted(add, changed, store):
    add(push(0, a=machine()), push(5, a=machine(), b=samples.cost(samples.line("Instance usage", None))))
    assert changed() == [("aws_instance.b", 0, 5)]
    (one,) = changed_resources(open_ledger(store), [], T0, NOW)
    assert one.unpriced == 1


OLD, NEW = machine(), machine("146", "m5.xlarge")
PROPOSAL = ("aws_instance.a", OLD, NEW)


def test_a_pull_request_is_open_until_a_run_says_that_it_was_merged(add, proposed, changed):
    add(push(0, a=OLD), run(PROPOSAL, day=3, event=Event.PULL_REQUEST, number=7))
    assert proposed() == [(7, "aws_instance.a", 73, 0)]
    assert changed() == []
    add(run(PROPOSAL, day=6, event=Event.PULL_REQUEST, number=7, merged=T0 + timedelta(days=6)))
    assert proposed() == []
    assert changed() == [("aws_instance.a", 73, 6)]
    add(push(7, a=NEW))  # what it has changed counts once
    assert changed() == [("aws_instance.a", 73, 7)]


def test_a_pull_request_is_merged_where_a_later_run_has_all_that_it_changes(add, proposed):
    add(push(0, a=OLD), run(PROPOSAL, day=3, event=Event.PULL_REQUEST, number=7), push(4, a=OLD))
    assert proposed() == [(7, "aws_instance.a", 73, 0)]
    add(push(5, a=NEW))
    assert proposed() == []


def test_the_newest_run_of_a_pull_request_counts_and_an_old_one_is_taken_for_closed(add, proposed):
    bigger = ("aws_instance.a", OLD, machine("292", "m5.2xlarge"))
    add(
        run(PROPOSAL, day=3, event=Event.PULL_REQUEST, number=7),
        run(bigger, day=4, event=Event.PULL_REQUEST, number=7, commit="b"),
    )
    add(run(("aws_instance.z", OLD, None), day=1, event=Event.PULL_REQUEST, number=8))
    assert proposed() == [(7, "aws_instance.a", 219, 0), (8, "aws_instance.z", -73, 0)]
    assert proposed(since=T0 + timedelta(days=2)) == [(7, "aws_instance.a", 219, 0)]
    assert proposed(now=T0 + timedelta(days=3)) == [(7, "aws_instance.a", 73, 0), (8, "aws_instance.z", -73, 0)]


def test_a_new_resource_without_a_price_is_counted_and_one_that_changes_nothing_is_not_there(add, proposed):
    new = ("aws_instance.n", None, samples.cost(samples.line("Instance usage", None)))
    add(run(new, ("aws_instance.a", OLD, OLD), day=3, event=Event.PULL_REQUEST, number=7))
    assert proposed() == [(7, "aws_instance.n", 0, 1)]
