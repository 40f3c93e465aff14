"""Attributes that data cannot derive."""

import pytest

from guardrail.costs.definitions.derive import mixed_instances
from guardrail.model.unknown import Unknown

LATER = Unknown("mixed_instances_policy.0.instances_distribution.0.on_demand_base_capacity")


def policy(spread, *overrides):
    return [{"instances_distribution": [spread], "launch_template": [{"override": list(overrides)}]}]


@pytest.mark.parametrize(
    "blocks, expected",
    [
        (None, (0, 100, "", 1)),
        ([], (0, 100, "", 1)),
        ([{"instances_distribution": []}], (0, 100, "", 1)),
        (policy({"on_demand_base_capacity": 2, "on_demand_percentage_above_base_capacity": 0}), (2, 0, "", 1)),
        (policy({"on_demand_base_capacity": LATER}), (LATER, 100, "", 1)),
        ([{"instances_distribution": LATER}], (LATER, LATER, "", 1)),
        (
            policy({}, {"instance_type": "c5.large", "weighted_capacity": "2"}, {"instance_type": "m5.large"}),
            (0, 100, "c5.large", 2),
        ),
    ],
)
def test_mixed_instances(blocks, expected):
    derived = mixed_instances({"mixed_instances_policy": blocks}.get)
    names = ("on_demand_base", "on_demand_percentage", "instance_override", "instance_weight")
    assert tuple(derived[name] for name in names) == expected


def test_a_type_or_weight_known_after_apply_stays_unknown():
    later = {"instance_type": Unknown("type"), "weighted_capacity": Unknown("weight")}
    derived = mixed_instances({"mixed_instances_policy": policy({}, later)}.get)
    assert (derived["instance_override"], derived["instance_weight"]) == (Unknown("type"), Unknown("weight"))
