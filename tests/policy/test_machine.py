import pytest

from guardrail.model.reason import Reason
from guardrail.model.unknown import Unknown
from guardrail.policy.variables.machine import facts, family, machine_types
from tests.policy.judging import specs

TYPES = [
    ("aws_instance", {"instance_type": "m5.large"}, ["m5.large"]),
    ("aws_instance", {}, []),
    ("aws_s3_bucket", {"instance_type": "m5.large"}, []),
    ("aws_eks_node_group", {"instance_types": ["m5.large", "c5.large", "m5.large"]}, ["m5.large", "c5.large"]),
    ("google_compute_instance", {"machine_type": "zones/a/machineTypes/n2-standard-4"}, ["n2-standard-4"]),
    ("google_sql_database_instance", {"settings": [{"tier": "db-n1-standard-1"}]}, ["db-n1-standard-1"]),
    ("azurerm_kubernetes_cluster", {"default_node_pool": [{"vm_size": Unknown("p")}]}, [Unknown("p")]),
    ("azurerm_kubernetes_cluster", {"default_node_pool": Unknown("p")}, [Unknown("p")]),
    ("azurerm_kubernetes_cluster", {"default_node_pool": "odd"}, []),
    (
        "aws_autoscaling_group",
        {
            "mixed_instances_policy": [
                {"launch_template": [{"override": [{"instance_type": "a.b"}, {"instance_type": None}]}]}
            ]
        },
        ["a.b"],
    ),
]


@pytest.mark.parametrize("type_, attributes, wanted", TYPES)
def test_machine_types(type_, attributes, wanted):
    assert machine_types(type_, attributes.get) == wanted


def test_no_machine_is_null():
    assert set(map(str, facts("aws", [], specs).values())) == {"None", "[]"}


def test_facts_of_a_database_are_those_of_its_machine():
    assert facts("aws", ["db.m5.large"], specs)["vcpu"] == 2


def test_facts_of_several_are_those_of_the_largest():
    found = facts("aws", ["m5.large", "c5.9xlarge"], specs)
    assert (found["type"], found["vcpu"], found["families"]) == ("c5.9xlarge", 36, ["m5", "c5"])


def test_a_machine_outside_the_catalog_may_be_the_largest():
    found = facts("aws", ["m5.large", "zz1.huge"], specs)
    assert found["type"] == "zz1.huge"
    assert isinstance(found["vcpu"], Unknown)
    assert found["family"] == "zz1"


def test_a_gap_of_the_catalog_is_unknown_and_not_null():
    gap = facts("aws", ["c5.9xlarge"], specs)["current_generation"]
    assert (gap.path, gap.kind) == ("resource.instance.current_generation", Reason.NO_MACHINE_FACT)
    assert gap.text == "the machine catalog lacks the generation of c5.9xlarge"
    assert "pricing/specs/aws.csv" in gap.remedy


def test_an_unknown_type_makes_all_unknown():
    waiting = Unknown("instance_type")
    assert facts("aws", ["m5.large", waiting], specs)["vcpu"] is waiting


@pytest.mark.parametrize(
    "vendor, name, wanted",
    [
        ("aws", "db.r6g.large", "r6g"),
        ("aws", "u-6tb1.metal", "u-6tb1"),
        ("gcp", "n2-standard-4", "n2"),
        ("azure", "Standard_D2s_v5", None),
        ("aws", "odd", None),
    ],
)
def test_family(vendor, name, wanted):
    assert family(vendor, name) == wanted
