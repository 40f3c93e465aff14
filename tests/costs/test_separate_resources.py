"""Blocks that a provider fills in from resources of their own are counted once."""

import json

import pytest

from guardrail.costs import Engine, Library
from guardrail.terraform import read_plan
from tests.terraform.plans import block, by_address, change, document

LIBRARY = Library()


@pytest.fixture
def priced(catalog):
    """Price the resources of a plan: address -> its costs."""

    def price(source):
        (plan,) = read_plan(json.dumps(source).encode(), "plan.json")
        return {one.change.address: one for one in Engine(LIBRARY, catalog).estimate(plan.changes)}

    return price


def stays(address, values):
    return change(address, values, before=values, actions=("no-op",))


POOL = {"name": "p1", "initial_node_count": 3, "node_config": [{"machine_type": "e2-standard-4"}]}
OTHER_POOL = {**POOL, "name": "inline"}
CLUSTER = {"id": "c1", "name": "c", "location": "us-central1-a", "remove_default_node_pool": True}
VOLUME = {"device_name": "/dev/sdf", "volume_type": "gp3", "volume_size": 100, "volume_id": "vol-1"}
OTHER_VOLUME = {**VOLUME, "device_name": "/dev/sdg", "volume_id": "vol-2"}
INSTANCE = {"id": "i-1", "instance_type": "m5.large", "root_block_device": [{"volume_type": "gp3", "volume_size": 8}]}

SEPARATE = {
    "node pools of a GKE cluster": (
        stays("google_container_cluster.c", {**CLUSTER, "node_pool": [POOL, OTHER_POOL]}),
        stays("google_container_node_pool.p", {**POOL, "cluster": "c", "location": "us-central1-a"}),
        stays("google_container_cluster.c", {**CLUSTER, "node_pool": [OTHER_POOL]}),
    ),
    "volumes attached to an instance": (
        stays("aws_instance.i", {**INSTANCE, "ebs_block_device": [VOLUME, OTHER_VOLUME]}),
        stays("aws_volume_attachment.a", {"instance_id": "i-1", "device_name": "/dev/sdf", "volume_id": "vol-1"}),
        stays("aws_instance.i", {**INSTANCE, "ebs_block_device": [OTHER_VOLUME]}),
    ),
    "replicas of a table": (
        stays(
            "aws_dynamodb_table.t",
            {"id": "t", "arn": "arn:t", "name": "t", "replica": [{"region_name": "us-east-1"}], "read_capacity": 9, "write_capacity": 9},
        ),
        stays("aws_dynamodb_table_replica.r", {"global_table_arn": "arn:t"}),
        stays("aws_dynamodb_table.t", {"id": "t", "arn": "arn:t", "name": "t", "replica": [], "read_capacity": 9, "write_capacity": 9}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("whole, separate, rest", SEPARATE.values(), ids=SEPARATE)
def test_what_is_a_resource_of_its_own_is_not_counted_in_its_owner(priced, whole, separate, rest):
    address = whole["address"]
    assert priced(document(whole, separate))[address].after == priced(document(rest))[address].after
    alone = priced(document(whole))[address]
    assert alone.after.known > priced(document(rest))[address].after.known


def test_a_block_that_the_configuration_sets_stays(priced):
    whole, separate, _ = SEPARATE["volumes attached to an instance"]
    root = {"resources": [block("aws_instance.i", ebs_block_device=[{"device_name": "/dev/sdf"}])]}
    set_there = priced(document(whole, separate, root=root))["aws_instance.i"]
    assert set_there.after == priced(document(whole))["aws_instance.i"].after


def test_a_pool_that_is_deleted_is_not_left_in_its_cluster(priced):
    """Nobody plans anything of the cluster, so that its block still has the pool."""
    whole, separate, rest = SEPARATE["node pools of a GKE cluster"]
    gone = {**separate, "change": {**separate["change"], "actions": ["delete"], "after": None}}
    found = priced(document(whole, gone))
    assert found["google_container_cluster.c"].after == priced(document(rest))["google_container_cluster.c"].after
    assert found["google_container_node_pool.p"].monthly_delta < 0


def rule(address, **values):
    return stays(address, {"security_group_id": "sg-1", "from_port": 22, "to_port": 22, **values})


SSH = {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"]}
INSIDE = rule("aws_vpc_security_group_ingress_rule.a", ip_protocol="tcp", cidr_ipv4="10.0.0.0/8")
WORLD = rule("aws_security_group_rule.b", type="ingress", protocol="tcp", cidr_blocks=["0.0.0.0/0"])
OUT = rule("aws_security_group_rule.c", type="egress", protocol="tcp", cidr_blocks=["10.0.0.0/8"])
OPEN = {**SSH, "cidr_blocks": ["10.0.0.0/8", "0.0.0.0/0"]}


@pytest.mark.parametrize(
    "ingress, rules, left",
    [
        ([SSH], [INSIDE], []),
        ([SSH], [], [SSH]),
        ([SSH], [OUT], [SSH]),
        ([OPEN], [INSIDE], [OPEN]),
        ([OPEN], [INSIDE, WORLD], []),
        ([SSH, {**SSH, "from_port": 80, "to_port": 80}], [INSIDE], [{**SSH, "from_port": 80, "to_port": 80}]),
        ([{**SSH, "self": True}], [INSIDE], [{**SSH, "self": True}]),
    ],
)
def test_rules_that_a_security_group_has_beside_separate_ones_are_judged(ingress, rules, left):
    group = stays("aws_security_group.g", {"id": "sg-1", "ingress": ingress})
    found = by_address(document(group, *rules))["aws_security_group.g"]
    assert [side.get("ingress") for side in (found.before, found.after) if side] == [left, left]
