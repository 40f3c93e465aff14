import pytest
from msgspec.structs import replace

from guardrail.model.cost import ResourceCost
from guardrail.model.reason import Reason
from guardrail.model.resource import Side
from guardrail.model.unknown import Unknown
from guardrail.policy.variables.machine import attached_gpus, facts, family, machine_types
from guardrail.policy.variables.machine_attributes import GPUS, MACHINE_TYPES
from guardrail.policy.variables.view import ResourceView
from guardrail.terraform.schemas import resource_schema
from tests.policy.judging import resource, specs

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
    ("aws_rds_cluster_instance", {"instance_class": "db.serverless"}, []),
    ("aws_sagemaker_app", {"resource_spec": [{"instance_type": "system"}]}, []),
    (
        "aws_batch_compute_environment",
        {"compute_resources": [{"instance_type": ["m5.large", "c5"]}]},
        ["m5.large", "c5"],
    ),
    ("google_container_cluster", {"node_pool": [{"node_config": [{"machine_type": "e2-medium"}]}]}, ["e2-medium"]),
    ("azurerm_virtual_machine_scale_set", {"sku": [{"name": "Standard_B1s"}]}, ["Standard_B1s"]),
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


def test_facts_of_several_are_the_largest_of_any():
    found = facts("aws", ["m5.large", "c5.9xlarge"], specs)
    assert (found["type"], found["vcpu"], found["families"]) == ("c5.9xlarge", 36, ["m5", "c5"])


def test_of_several_each_fact_is_the_largest_and_one_of_an_older_generation_is_enough(catalog):
    found = facts("aws", ["m5.24xlarge", "g5.xlarge", "m4.large"], catalog.spec)
    assert (found["type"], found["gpus"], found["current_generation"]) == ("m5.24xlarge", 1, False)
    assert facts("aws", ["c5.9xlarge", "r5.8xlarge"], catalog.spec)["memory_gib"] == 256


@pytest.mark.parametrize(
    "vendor, name, vcpu, memory",
    [
        ("google", "db-custom-2-7680", 2, 7.5),
        ("google", "n2-custom-4-8192", 4, 8),
        ("google", "custom-6-20480-ext", 6, 20),
        ("google", "db-f1-micro", None, 0.6),
        ("azurerm", "GP_Standard_D2ds_v4", 2, 8),
        ("azurerm", "standard_d4s_v3", 4, 16),
        ("aws", "cache.m6g.large", 2, 6.38),
        ("aws", "or1.large.search", 2, 16),
        ("aws", "ml.m5.xlarge", 4, 16),
        ("aws", "dms.r5.large", 2, 16),
        ("aws", "express.m7g.large", 2, 8),
    ],
)
def test_facts_of_each_kind_of_service(catalog, vendor, name, vcpu, memory):
    found = facts(vendor, [name], catalog.spec)
    assert found["memory_gib"] == memory
    assert vcpu is None or found["vcpu"] == vcpu
    gaps = {fact for fact, value in found.items() if isinstance(value, Unknown)}
    assert gaps <= {"arch"}


@pytest.mark.parametrize(
    "vendor, name, current",
    [
        ("google", "db-f1-micro", True),
        ("google", "f1-micro", False),
        ("google", "db-n1-standard-2", False),
        ("azurerm", "B_Standard_B1ms", True),
        ("azurerm", "Standard_B1ms", False),
        ("azurerm", "GP_Standard_D2s_v3", False),
    ],
)
def test_what_a_service_sells_of_one_generation_alone_is_current(catalog, vendor, name, current):
    assert facts(vendor, [name], catalog.spec)["current_generation"] is current


def test_a_type_that_names_no_size_is_unknown_for_that_reason():
    found = facts("aws", ["c5"], specs)
    assert found["families"] == ["c5"]
    assert found["vcpu"].text == "c5 names no size: the service chooses the machine type"
    assert isinstance(facts("aws", ["optimal"], specs)["families"][0], Unknown)


ACCELERATED = [
    ("google_compute_instance", {"guest_accelerator": [{"type": "nvidia-l4", "count": 2}, {"count": 1}]}, 3),
    ("google_container_node_pool", {"node_config": [{"guest_accelerator": [{"count": 4}]}]}, 4),
    ("google_compute_instance", {}, 0),
    ("aws_instance", {"guest_accelerator": [{"count": 2}]}, 0),
    ("google_compute_instance", {"guest_accelerator": Unknown("g")}, Unknown("g")),
]


@pytest.mark.parametrize("type_, attributes, wanted", ACCELERATED)
def test_attached_gpus_count(type_, attributes, wanted, catalog):
    found = attached_gpus(type_, attributes.get)
    assert found == wanted
    assert facts("google", ["n1-standard-4"], catalog.spec, attached=found)["gpus"] == wanted


@pytest.mark.parametrize(
    "type_, written, is_known",
    [
        ("google_compute_instance", frozenset(), True),
        ("google_compute_instance", frozenset({"guest_accelerator"}), False),
        ("google_compute_instance", None, False),
        ("google_compute_instance_from_template", frozenset(), False),
    ],
)
def test_nobody_gets_gpus_that_were_not_asked_for(type_, written, is_known):
    side = Side({"machine_type": "n1-standard-4"}, {"guest_accelerator": True}, written=written)
    made = resource(type_).change
    view = ResourceView(ResourceCost(replace(made, after=side), None, None), specs)
    assert (view.gpus() == 0) is is_known
    assert isinstance(view.gpus(), Unknown) is not is_known


@pytest.mark.parametrize(
    "flags, written, wanted",
    [
        ({"remove_default_node_pool": True}, frozenset(), []),
        ({"enable_autopilot": True}, frozenset(), []),
        ({"remove_default_node_pool": True}, frozenset({"node_config"}), ["node_config"]),
        ({"remove_default_node_pool": True}, None, ["node_config"]),
        ({"remove_default_node_pool": False}, frozenset(), ["node_config"]),
        ({}, frozenset(), ["node_config"]),
    ],
)
def test_a_pool_that_there_is_not_has_no_unknown_machine(flags, written, wanted):
    side = Side(flags, {"node_config": True}, written=written)
    made = resource("google_container_cluster").change
    view = ResourceView(ResourceCost(replace(made, after=side), None, None), specs)
    assert [getattr(one, "path", one) for one in view.machines()] == wanted


def test_gpus_that_come_with_the_machine_are_not_counted_twice(catalog):
    assert facts("google", ["g2-standard-24"], catalog.spec, attached=2)["gpus"] == 2


@pytest.mark.parametrize("table", [MACHINE_TYPES, GPUS])
def test_every_path_is_one_of_the_type(table):
    for type_, paths in table.items():
        for path in paths:
            level = resource_schema(type_)
            for step in path.replace(".*", "").split("."):
                attribute = (level or {}).get(step)
                assert attribute is not None, f"{type_}.{path}"
                level = attribute.nested


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
