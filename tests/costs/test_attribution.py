"""Which attribute moves the cost of a resource, and by how much."""

import json
from decimal import Decimal

import pytest

from guardrail.costs import Engine, Library
from guardrail.terraform import read_plan
from tests.terraform.plans import block, change, document

LIBRARY = Library()


@pytest.fixture
def all_priced(catalog):
    """Price the resources of a plan."""

    def price(*changes, root=None):
        (plan,) = read_plan(json.dumps(document(*changes, root=root, providers=PROVIDERS)).encode(), "plan.json")
        return Engine(LIBRARY, catalog, default_regions=REGIONS).estimate(plan.changes, plan.data)

    return price


@pytest.fixture
def priced(all_priced):
    """Price the only resource of a plan, or the first of several."""
    return lambda *changes, root=None: all_priced(*changes, root=root)[0]


PROVIDERS = {
    "aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}},
    "azurerm": {"name": "azurerm"},
    "google": {"name": "google", "expressions": {"region": {"constant_value": "us-central1"}}},
}
REGIONS = {"aws": "us-east-1", "azure": "eastus", "gcp": "us-central1"}


def updated(address, before, after, **keys):
    return change(address, {**before, **after}, before=before, actions=("update",), **keys)


DISK = {"type": "gp3", "size": 100, "iops": 3000, "throughput": 125}
INSTANCE = {"instance_type": "m5.large", "root_block_device": [{"volume_type": "gp3", "volume_size": 20}]}
LARGER = {"instance_type": "m5.xlarge", "root_block_device": [{"volume_type": "gp3", "volume_size": 70}]}
AZURE = {"location": "eastus", "size": "Standard_D2s_v5", "name": "a"}
GOOGLE = {"machine_type": "n2-standard-2", "zone": "us-central1-a", "boot_disk": [], "labels": {"a": "b"}}
GROUP = {"min_size": 2, "max_size": 9, "desired_capacity": 2, "launch_template": [{"id": "lt-1", "version": "$Latest"}]}
TEMPLATE = {"id": "lt-1", "instance_type": "m5.large"}


@pytest.mark.parametrize(
    "address, before, after, paths",
    [
        ("aws_ebs_volume.a", DISK, {"size": 200, "tags": {"a": "b"}}, ["size"]),
        ("aws_instance.a", INSTANCE, LARGER, ["instance_type", "root_block_device[0].volume_size"]),
        ("azurerm_linux_virtual_machine.a", AZURE, {"size": "Standard_D4s_v5", "name": "b"}, ["size"]),
        ("google_compute_instance.a", GOOGLE, {"machine_type": "n2-standard-8", "labels": {}}, ["machine_type"]),
    ],
)
def test_attributes_that_move_the_cost_come_first(priced, address, before, after, paths):
    resource = priced(updated(address, before, after))
    moved = [one for one in resource.differences if one.effect]
    assert [one.path for one in moved] == paths
    assert list(resource.differences[: len(paths)]) == moved
    # These do not depend on each other: together they are the whole difference.
    assert sum(one.effect for one in moved) == resource.monthly_delta


def test_an_attribute_of_another_resource_is_told_with_its_address(priced):
    """A larger machine and more of them cost more together than each by itself."""
    group = updated("aws_autoscaling_group.g", GROUP, {"desired_capacity": 4})
    template = updated("aws_launch_template.t", TEMPLATE, {"instance_type": "m5.4xlarge"})
    refers = block("aws_autoscaling_group.g", launch_template=["aws_launch_template.t.id", "aws_launch_template.t"])
    resource = priced(group, template, root={"resources": [refers, block("aws_launch_template.t")]})
    moved = {(one.of, one.path): one.effect for one in resource.differences if one.effect}
    assert list(moved) == [("aws_launch_template.t", "instance_type"), ("", "desired_capacity")]
    assert sum(moved.values()) < resource.monthly_delta


def test_what_becomes_unknown_has_no_effect_that_is_told(priced):
    before = {"instance_type": "m5.large", "tags": {}}
    open_type = change("aws_instance.a", {}, before=before, actions=("update",), unknown={"instance_type": True})
    refers = block("aws_instance.a", instance_type=["aws_ssm_parameter.type.value", "aws_ssm_parameter.type"])
    resource = priced(open_type, root={"resources": [refers]})
    assert [(one.path, one.effect) for one in resource.differences] == [("instance_type", None)]


def test_a_price_that_a_secret_decides_tells_no_effect_and_no_value(priced):
    marks = {"before_sensitive": {"type": True}, "after_sensitive": {"type": True}}
    resource = priced(updated("aws_ebs_volume.a", DISK, {"type": "io2", "size": 50}, **marks))
    told = {one.path: (one.before, one.after) for one in resource.differences}
    assert told == {"type": ("(sensitive)", "(sensitive)"), "size": (100, 50)}
    assert resource.monthly_delta != Decimal(0)
    assert "io2" not in repr(resource.differences)


def test_what_a_secret_does_is_neither_nothing_nor_what_others_do(priced):
    resource = priced(updated("aws_ebs_volume.a", DISK, {"size": 1000, "iops": 6000}, **SECRET))
    open_ = priced(updated("aws_ebs_volume.a", DISK, {"size": 1000, "iops": 6000}))
    effects = {one.path: one.effect for one in resource.differences}
    assert effects == {"size": None, "iops": {one.path: one.effect for one in open_.differences}["iops"]}
    assert 0 < effects["iops"] < resource.monthly_delta == open_.monthly_delta


SECRET = {"before_sensitive": {"size": True}, "after_sensitive": {"size": True}}
CLUSTER = "azurerm_machine_learning_compute_cluster"
WAITS = {"actions": ("update",), "unknown": {"vm_priority": True}}
ALIKE = [
    change(f"{CLUSTER}.secret", {}, before={"tags": {}}, before_sensitive=True, **WAITS),
    change(f"{CLUSTER}.tagged", {"tags": {"a": "b"}}, before={"tags": {}}, **WAITS),
    change(f"{CLUSTER}.bare", {}, before={}, **WAITS),
    change(f"{CLUSTER}.stays", {}, before={}, actions=("no-op",), unknown={"vm_priority": True}),
]


@pytest.mark.parametrize("order", [1, -1])
def test_what_differs_of_one_resource_is_not_told_of_another_that_costs_the_same(all_priced, priced, order):
    several = ALIKE[::order]
    together = all_priced(*several)
    alone = [priced(one) for one in several]
    assert [one.differences for one in together] == [one.differences for one in alone]
    assert len({(id(one.before), id(one.after)) for one in together}) < len(
        several
    )  # which effects were remembered by alone
    assert len({repr(one.differences) for one in together}) > 2


def test_what_stays_has_no_differences(priced):
    assert priced(change("aws_ebs_volume.a", DISK, before=DISK, actions=("no-op",))).differences == ()


def test_half_of_either_side_may_be_what_no_definition_is_made_for(priced):
    """An attribute known after apply is assumed there, and what it was is nothing that the definition expects."""
    before = {"type": "gp3", "size": 8, "iops": "iops-1", "throughput": "throughput-1"}
    resource = priced(
        change(
            "aws_ebs_volume.a",
            {"type": "gp3", "size": 100},
            before=before,
            actions=("update",),
            unknown={"iops": True, "throughput": True},
        )
    )
    assert {one.path: one.effect for one in resource.differences}["size"] is None
