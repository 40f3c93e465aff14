"""The schemas of resource types: what the shipped tables say, and that every line of them can be read."""

from pathlib import Path

import pytest

from guardrail.terraform import schemas
from guardrail.terraform.language.types import ANY, BOOL, NUMBER, STRING, ListType, MapType, SetType
from guardrail.terraform.schemas import Nesting, resource_schema

TABLES = sorted(Path(schemas.__file__).parent.glob("*.tsv"))


def names(table: Path) -> list[str]:
    lines = table.read_text(encoding="utf-8").splitlines()
    return [line.split("\t")[0] for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(
    "type_name, attribute, type_",
    [
        ("aws_instance", "instance_type", STRING),
        ("aws_instance", "monitoring", BOOL),
        ("aws_instance", "ipv6_addresses", ListType(STRING)),
        ("aws_instance", "vpc_security_group_ids", SetType(STRING)),
        ("aws_db_instance", "allocated_storage", NUMBER),
        ("aws_instance", "tags", MapType(STRING)),
        ("azurerm_linux_virtual_machine", "network_interface_ids", ListType(STRING)),
        ("google_container_node_pool", "node_locations", SetType(STRING)),
        ("google_container_node_pool", "node_count", NUMBER),
        ("aws_quicksight_analysis", "definition", ANY),
    ],
)
def test_types_of_attributes(type_name, attribute, type_):
    schema = resource_schema(type_name)
    assert schema is not None
    assert schema[attribute].type == type_
    assert not schema[attribute].is_block


@pytest.mark.parametrize(
    "type_name, block, nesting, once",
    [
        ("aws_instance", "root_block_device", Nesting.LIST, True),
        ("aws_instance", "ebs_block_device", Nesting.SET, False),
        ("aws_dynamodb_table", "replica", Nesting.SET, False),
        ("azurerm_kubernetes_cluster", "default_node_pool", Nesting.LIST, True),
        ("google_compute_instance", "attached_disk", Nesting.LIST, False),
        ("aws_instance", "timeouts", Nesting.SINGLE, False),
    ],
)
def test_blocks(type_name, block, nesting, once):
    schema = resource_schema(type_name)
    assert schema is not None
    found = schema[block]
    assert found.is_block
    assert (found.nesting, found.once) == (nesting, once)
    assert found.nested


def test_blocks_lie_in_blocks_at_any_depth():
    schema = resource_schema("google_container_cluster")
    assert schema is not None
    pool = schema["node_pool"].nested
    assert pool is not None
    config = pool["node_config"].nested
    assert config is not None
    assert config["disk_size_gb"].type == NUMBER


def test_attributes_that_are_lists_of_objects_can_be_written_as_blocks():
    schema = resource_schema("aws_security_group")
    assert schema is not None
    ingress = schema["ingress"]
    assert not ingress.is_block
    assert ingress.nesting is Nesting.SET
    assert ingress.nested
    assert ingress.nested["from_port"].type == NUMBER


def test_what_is_told_of_an_attribute():
    schema = resource_schema("aws_db_instance")
    assert schema is not None
    assert schema["instance_class"].required
    assert schema["endpoint"].computed
    assert schema["max_allocated_storage"].never_computed
    assert not schema["availability_zone"].never_computed
    assert schema["password"].sensitive
    assert schema["deletion_protection"].default is False
    assert schema["engine"].default is None


def test_types_without_a_schema():
    assert resource_schema("random_id") is None
    assert resource_schema("aws_nothing_of_the_sort") is None
    assert resource_schema("12") is None


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_every_line_can_be_read(table):
    types = [name for name in names(table) if not name.isdigit()]
    assert types == sorted(set(types))
    unread = [
        name for name in types if not (found := resource_schema(name)) or any(found[key] is None for key in found)
    ]
    assert not unread
    assert len(types) > 1000
