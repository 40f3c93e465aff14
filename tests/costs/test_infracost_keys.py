"""What becomes of the keys of Infracost's usage file: read, by another name, or answered."""

from typing import Any

import pytest

from guardrail.costs import Usage
from guardrail.costs.definitions.definition import UsageKey
from guardrail.costs.usage.alone import alone
from guardrail.costs.usage.infracost_keys import answer, known_keys
from guardrail.costs.usage.keys import keys_of, unread_keys
from guardrail.model.resource import Action
from tests.costs.test_bills import LIBRARY


def test_every_key_is_read_or_answered():
    for one in known_keys():
        assert bool(one.ours) != bool(one.why), one
        given = {one.key: None}
        unread = list(unread_keys(Usage({one.type: given}), {one.type: one.type}, LIBRARY))
        assert bool(unread) is not one.is_read, one
        assert bool(answer(one.type, one.key)) is not one.is_read


def test_what_a_key_is_read_by_instead_is_there():
    for one in known_keys():
        if one.ours and not one.is_read:
            name, _, key = one.ours.partition(" (")[0].rpartition(": ")
            entry: Any = keys_of(name or one.type, LIBRARY)
            for step in key.split("."):
                entry = entry[step]
            assert isinstance(entry, UsageKey), one


@pytest.mark.parametrize(
    "type_name, given, said",
    [
        ("azurerm_application_gateway", {"monthly_v2_capacity_units": 5}, "guardrail reads capacity_units"),
        ("aws_rds_cluster_instance", {"vcpu_count": 2}, "taken from the instance class"),
        (
            "azurerm_frontdoor",
            {"monthly_outbound_data_transfer_gb": {"us_gov": 1}},
            "prices of government clouds are not shipped",
        ),
        (
            "aws_dx_connection",
            {"monthly_outbound_from_region_to_dx_connection_location": {"eu_west_2": 1}},
            "no public source has prices of other regions than us_east_1, eu_west_1 and ap_east_1",
        ),
        ("aws_sqs_queue", {"monthly_request": 1}, 'did you mean "monthly_requests"?'),
    ],
)
def test_a_key_that_is_not_read_has_one_line_that_says_what_is(type_name, given, said):
    ((_, text),) = unread_keys(Usage({type_name: given}), {type_name: type_name}, LIBRARY)
    key = next(iter(given))
    inner = next(iter(given[key])) if isinstance(given[key], dict) else key
    assert text == f"{type_name} has no usage key {inner} ({said})"


def test_an_entry_for_what_no_plan_has_stands_alone():
    east = {"region": "us-east-1", "monthly_outbound_internet_gb": 100}
    usage = Usage(by_address={"aws_data_transfer.east": east, "aws_data_transfer.here": {}, "aws_sqs_queue.q": {}})
    found = alone(usage, LIBRARY)
    assert [(one.address, one.region, one.action) for one in found] == [
        ("aws_data_transfer.east", "us-east-1", Action.NO_OP),
        ("aws_data_transfer.here", None, Action.NO_OP),
    ]
