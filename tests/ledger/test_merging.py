"""What merged changes have made of resources, and which pull request had proposed it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from guardrail.ledger.queries.merging import merged_changes
from guardrail.ledger.views import open_ledger
from guardrail.model.report import Event, PullRequest, Revision
from guardrail.model.resource import Action
from guardrail.report.json.v1 import json_v1
from tests.ledger.conftest import NOW
from tests.report import samples

SINCE = NOW - timedelta(days=60)


def run_of(days, resources, number=None):
    """Return the JSON of a run of the main branch, or of a pull request."""
    event = Event.PULL_REQUEST if number else Event.PUSH
    return json_v1(
        samples.report(
            resources,
            name="shop",
            generated_at=NOW + timedelta(days=days),
            revision=Revision(f"{days % 16:x}" * 40, "main", event),
            pull_request=PullRequest(number, "a" * 40, "ana") if number else None,
        )
    ).encode()


def machine(monthly, before=None):
    old, new = (None if one is None else samples.cost(samples.line("Instance", one)) for one in (before, monthly))
    action = Action.CREATE if old is None else Action.UPDATE
    return samples.resource("aws_instance.a", action, old, new, type="aws_instance")


def bucket():
    return samples.resource(
        "aws_s3_bucket.b",
        Action.CREATE,
        None,
        samples.cost(samples.usage_line("Storage", unit="GB")),
        type="aws_s3_bucket",
    )


@pytest.fixture
def changes(add, store):
    def call(*runs):
        add(*runs)
        return [
            (one.address, (one.at - NOW).days, one.monthly, one.pull_request, one.unpriced)
            for one in merged_changes(open_ledger(store), SINCE, NOW + timedelta(days=30))
        ]

    return call


def test_a_change_is_of_the_pull_request_that_had_proposed_as_much(changes):
    proposals = [run_of(-3, [machine("73")], 11), run_of(-2, [machine("140.16")], 12)]
    found = changes(run_of(-9, []), *proposals, run_of(0, [machine("140.16")]))
    assert found == [("aws_instance.a", 0, Decimal("140.16"), 12, 0)]


def test_without_a_proposal_of_its_size_nobody_is_named(changes):
    found = changes(run_of(-9, []), run_of(-3, [machine("73")], 11), run_of(0, [machine("140.16")]))
    assert found == [("aws_instance.a", 0, Decimal("140.16"), None, 0)]


def test_what_depends_on_usage_is_a_change_of_no_known_size(changes):
    found = changes(run_of(-9, []), run_of(-1, [bucket()], 7), run_of(0, [bucket()]), run_of(1, [bucket()]))
    assert found == [("aws_s3_bucket.b", 0, Decimal(0), 7, 1)]
