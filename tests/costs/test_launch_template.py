"""A launch template changes, and what is pinned to a version of it does not."""

import pytest

from tests.costs.test_neighbours import GROUP, priced, stays, updated

__all__ = ["priced"]  # the fixture

SMALL = {"id": "lt-1", "instance_type": "m5.large", "latest_version": 3, "default_version": 3}
LARGE = {"instance_type": "m5.4xlarge"}
NODES = {"scaling_config": [{"desired_size": 2, "min_size": 1, "max_size": 4}]}
RISES, STAYS, NOT_KNOWN = "rises", "stays", "not known"


def group(version):
    return {**GROUP, "launch_template": [{"id": "lt-1", "version": version}]}


def spot(version):
    specification = [{"launch_template_id": "lt-1", "version": version}]
    mixed = [{"launch_template": [{"launch_template_specification": specification}]}]
    return {**GROUP, "launch_template": [], "mixed_instances_policy": mixed}


def nodes(version):
    return {**NODES, "launch_template": [{"id": "lt-1", "version": version}]}


def instance(version):
    return {"id": "i-1", "launch_template": [{"id": "lt-1", "version": version}]}


@pytest.mark.parametrize(
    "version, template, outcome",
    [
        ("$Latest", {}, RISES),
        ("4", {}, RISES),  # what the change makes
        ("3", {}, STAYS),
        ("2", {}, NOT_KNOWN),
        ("$Default", {}, STAYS),
        ("", {}, STAYS),
        ("$Default", {"default_version": 1}, NOT_KNOWN),
        ("$Default", {"update_default_version": True}, RISES),
    ],
)
@pytest.mark.parametrize(
    "address, values",
    [
        ("aws_autoscaling_group.x", group),
        ("aws_autoscaling_group.x", spot),
        ("aws_eks_node_group.x", nodes),
        ("aws_instance.x", instance),
    ],
    ids=["group", "mixed instances", "nodes", "instance"],
)
def test_a_pinned_version(priced, address, values, version, template, outcome):
    changes = [stays(address, values(version)), updated("aws_launch_template.t", {**SMALL, **template}, LARGE)]
    found = priced(*changes)[address]
    if outcome == NOT_KNOWN:
        assert found.after.unpriced or found.after.assumed
    else:
        assert not found.after.unpriced
        assert (found.total_delta > 0) is (outcome == RISES)
