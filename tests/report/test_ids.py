"""What a bill calls a resource and its lines, and what the run was of, in the JSON contract."""

import json
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from guardrail.model.report import Event, PullRequest, Revision
from guardrail.model.resource import Action, Ids, Side, ids_of
from guardrail.report.json.read import parse_result
from guardrail.report.json.v1 import json_v1
from tests.report import samples
from tests.report.schemas import report_validator

ARN = "arn:aws:ec2:eu-west-1:111111111111:instance/i-0a1b"


@pytest.mark.parametrize(
    "given, ids",
    [
        ((Side({"id": "i-1", "arn": ARN}), Side({"id": "i-2"})), ("i-1", ARN)),
        ((None, Side({"id": "i-2"})), ("i-2", None)),
        ((Side({"id": ""}), Side({"id": "i-2"})), ("i-2", None)),
        ((None, Side({}, unknown={"id": True, "arn": True})), (None, None)),
        ((Side({"id": 7, "arn": None}), None), (None, None)),
        ((Side({"id": "i-1", "arn": ARN}, sensitive={"id": True}), None), (None, ARN)),
        ((Side({"id": "i-1", "arn": ARN}, sensitive=True), None), (None, None)),
        ((Side({"id": "i-1"}, sensitive={"id": True}), Side({"id": "i-1"}, sensitive=True)), (None, None)),
        ((Side({"id": "i-1"}, sensitive={"id": True}), Side({"id": "i-1"})), (None, None)),
    ],
)
def test_ids_are_told_as_far_as_they_are_known_and_never_if_sensitive(given, ids):
    before, after = given
    assert ids_of("aws", before, after) == Ids(*ids)


def test_the_id_of_a_value_that_no_bill_knows_is_not_told():
    assert ids_of("random", Side({"id": "hunter2"}), None) == Ids()


def shop(**more):
    line = samples.line("Data processed", unit="GB", usage_key="monthly_gb", meter="EU-NatGateway-Bytes")
    cost = samples.cost(line)
    here = samples.resource("aws_nat_gateway.n", Action.NO_OP, cost, cost, type="aws_nat_gateway")
    here = replace(here, change=replace(here.change, ids=Ids("nat-1", ARN)))
    return samples.report([here, samples.resource("aws_instance.new", after=cost)], **more)


def read(report):
    text = json_v1(report)
    report_validator().validate(json.loads(text))
    assert json_v1(parse_result(text.encode())) == text
    return json.loads(text)


def test_resources_carry_ids_and_lines_carry_meter_and_usage_key():
    here, new = read(shop())["projects"][0]["resources"]
    assert (here["id"], here["arn"]) == ("nat-1", ARN)
    assert not {"id", "arn"} & new.keys()
    (component,) = here["components"]
    assert (component["usage_key"], component["meter"]) == ("monthly_gb", "EU-NatGateway-Bytes")


def test_ids_can_be_left_out():
    assert not {"id", "arn"} & read(shop(with_ids=False))["projects"][0]["resources"][0].keys()


def test_results_without_meters_compare_equal_to_those_with_them():
    old = samples.line("Data processed", unit="GB")
    assert samples.cost(old) == samples.cost(replace(old, usage_key="monthly_gb", meter="NatGateway-Bytes"))


def test_a_result_tells_what_its_run_was_of():
    merged = datetime(2026, 8, 20, 9, 0, tzinfo=UTC)
    pull = PullRequest(7, "a" * 40, "ana", merged)
    document = read(shop(revision=Revision("a" * 40, "feature", Event.PULL_REQUEST), pull_request=pull))
    assert [document[key] for key in ("commit", "ref", "event")] == ["a" * 40, "feature", "pull_request"]
    assert document["pull_request"] == {
        "number": 7,
        "commit": "a" * 40,
        "author": "ana",
        "merged_at": "2026-08-20T09:00:00+00:00",
    }
    assert [read(shop())[key] for key in ("commit", "ref", "event", "pull_request")] == [None] * 4


def test_results_from_before_there_were_ids_are_read():
    document = read(shop(pull_request=PullRequest(7, "a" * 40)))
    del document["commit"], document["ref"], document["event"]
    del document["pull_request"]["author"], document["pull_request"]["merged_at"]
    report_validator().validate(document)
    again = parse_result(json.dumps(document).encode())
    assert (again.revision, again.pull_request) == (Revision(), PullRequest(7, "a" * 40))
