"""What the configuration leaves out reads as the provider's default, and a rule can ask whether it says it: in plans and folders."""

import json
from typing import Any

import pytest

from guardrail.costs import Library
from guardrail.load import provider_defaults
from guardrail.policy.rules.resource_types import ResourceTypes
from guardrail.policy.variables.defaults import by_attribute
from guardrail.terraform.inputs import read_plans
from guardrail.terraform.schemas import Schema, resource_schema, resource_shape
from tests.policy.judging import ENGINES, NOW, PROJECT, resource, rule, specs

from guardrail.costs import Engine  # isort: skip
from guardrail.errors import RuleError
from guardrail.files.yaml_file import parse_yaml
from guardrail.policy import Judge, check_rule, compile_rule

FOLDER = """
provider "aws" { region = "us-east-1" }
resource "aws_ebs_volume" "left" {
  availability_zone = "us-east-1a"
  size              = 10
}
resource "aws_ebs_volume" "said" {
  availability_zone = "us-east-1a"
  size              = 10
  type              = "gp2"
}
resource "aws_ebs_volume" "null" {
  availability_zone = "us-east-1a"
  size              = 10
  type              = null
}
resource "aws_instance" "web" {
  ami = "ami-1"
  root_block_device { volume_size = 20 }
}
resource "google_container_node_pool" "pool" {
  cluster = "c"
  node_config { preemptible = true }
}
"""


def planned(type_, name, expressions, unknown=(), **after):
    address = f"{type_}.{name}"
    provider = type_.partition("_")[0]
    change = {"actions": ["create"], "before": None, "after": after, "after_unknown": dict.fromkeys(unknown, True)}
    entry = {"address": address, "mode": "managed", "type": type_, "name": name, "change": change}
    entry |= {"provider_name": f"registry.terraform.io/hashicorp/{provider}"}
    block = {"address": address, "mode": "managed", "type": type_, "name": name, "expressions": expressions}
    return entry, {**block, "provider_config_key": provider}


PLANNED = [
    planned("aws_ebs_volume", "left", {"size": {"constant_value": 10}}, ["type"], size=10),
    planned(
        "aws_ebs_volume",
        "said",
        {"size": {"constant_value": 10}, "type": {"constant_value": "gp2"}},
        size=10,
        type="gp2",
    ),
    planned(
        "aws_ebs_volume", "null", {"size": {"constant_value": 10}, "type": {"constant_value": None}}, ["type"], size=10
    ),
    planned(
        "aws_instance",
        "web",
        {"root_block_device": [{"volume_size": {"constant_value": 20}}]},
        root_block_device=[{"volume_size": 20, "volume_type": "gp3"}],
    ),
]


@pytest.fixture(params=["folder", "plan"])
def changes(request, tmp_path):
    if request.param == "folder":
        (tmp_path / "main.tf").write_text(FOLDER)
        (plan,) = read_plans(str(tmp_path))
    else:
        entries, blocks = zip(*PLANNED, strict=True)
        document: dict[str, Any] = {"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": entries}
        document["configuration"] = {"root_module": {"resources": blocks}}
        (tmp_path / "plan.json").write_text(json.dumps(document))
        (plan,) = read_plans(str(tmp_path / "plan.json"))
    return plan.changes


def verdicts(expression, changes, engine, catalog):
    library = Library()
    judge = Judge([rule(expression, engine=engine)], specs, NOW, defaults=provider_defaults(library))
    found = {
        one.address: one.status.value for one in judge.project(PROJECT, Engine(library, catalog).estimate(changes))
    }
    return {change.name: found.get(change.address, "pass") for change in changes}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("expression, wanted", [
    ('resource.type != "aws_ebs_volume" || resource.after.type == "gp2"', {"left": "pass", "said": "pass", "null": "pass"}),
    ('resource.type != "aws_ebs_volume" || resource.set.type', {"left": "fail", "said": "pass", "null": "fail"}),
    ('resource.type != "aws_ebs_volume" || !("type" in resource.unknown)', {"left": "pass", "said": "pass"}),
    ('resource.type != "aws_instance" || resource.set["root_block_device.0.volume_size"]', {"web": "pass"}),
    ('resource.type != "aws_instance" || resource.set["root_block_device.0.volume_type"]', {"web": "fail"}),
    ('resource.type != "aws_instance" || size(resource.set) > 0', {"web": "pass"}),
    ('resource.type != "aws_instance" || resource.set["root_block_device.7.volume_type"]', {"web": "fail"}),
])  # fmt: skip
def test_what_is_left_out_is_the_default_and_not_set(expression, wanted, changes, engine, catalog):
    found = verdicts(expression, changes, engine, catalog)
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("expression, wanted", [
    ('resource.after.root_block_device[0].volume_type != "gp2"', "unknown"),
    ('resource.after.root_block_device[0].volume_type == "gp3"', "fail"),  # null fails, and nothing can be chosen that passes
    ("resource.after.root_block_device[0].volume_size == 20", "pass"),
    ('get(resource.after.root_block_device, "0.volume_type", "gp3") == "gp3"', "unknown"),
])  # fmt: skip
def test_what_a_block_in_a_folder_leaves_out_is_not_null(tmp_path, expression, wanted, engine, catalog):
    (tmp_path / "main.tf").write_text(FOLDER)
    (plan,) = read_plans(str(tmp_path))
    found = verdicts(f'resource.type != "aws_instance" || ({expression})', plan.changes, engine, catalog)
    assert found["web"] == wanted


@pytest.mark.parametrize("engine", ENGINES)
def test_a_default_inside_of_a_block(tmp_path, engine, catalog):
    (tmp_path / "main.tf").write_text(FOLDER)
    (plan,) = read_plans(str(tmp_path))
    asked = 'resource.type != "google_container_node_pool" || resource.after.node_config[0].machine_type == "e2-medium"'
    assert verdicts(asked, plan.changes, engine, catalog)["pool"] == "pass"


def test_without_a_configuration_nobody_tells_what_it_sets(tmp_path, catalog):
    (entry, _), *_ = PLANNED
    (tmp_path / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [entry]}))
    (plan,) = read_plans(str(tmp_path / "plan.json"))
    assert verdicts("resource.set.size", plan.changes, None, catalog) == {"left": "unknown"}
    assert verdicts("resource.after.type == 'gp2'", plan.changes, None, catalog) == {"left": "unknown"}


def test_what_a_launch_template_may_say_has_no_default():
    judge = Judge([rule("resource.after.monitoring == false")], specs, NOW, defaults=provider_defaults(Library()))
    bare = resource("aws_instance", attributes={"instance_type": "m5.large"})
    templated = resource("aws_instance", attributes={"launch_template": [{"id": "lt-1"}]})
    assert [one.status.value for one in judge.project(PROJECT, [bare])] == []
    assert [one.status.value for one in judge.project(PROJECT, [templated])] == ["fail"]


def test_an_attribute_that_there_is_not_is_refused_of_set_as_of_after():
    content = {
        "id": "a-b",
        "title": "T",
        "severity": "low",
        "enforcement": "advisory",
        "match": {"types": ["aws_ebs_volume"]},
    }
    types = ResourceTypes(frozenset(), resource_shape)
    for expression, message in (
        ("resource.set.tpye", 'no such attribute: tpye of aws_ebs_volume, column 160 (did you mean "type"?)'),
        ("resource.set.type == 3", "== compares a bool with a number"),
    ):
        given = {**content, "validations": [{"expression": expression, "message": "m"}]}
        source = check_rule(parse_yaml(json.dumps(given), RuleError, name="a.yaml"))
        with pytest.raises(RuleError, match=r".") as error:
            compile_rule(source, types=types)
        assert message in str(error.value)


def test_stated_defaults_are_of_attributes_that_there_are_and_those_that_are_priced():
    library = Library()
    for name in library.priced_types():
        tariff = library.find(name)
        assert tariff
        for path, value in tariff.definition.provider_defaults.items():
            level: Schema | None = resource_schema(name)
            for step in path.split("."):
                attribute = level.get(step) if level else None
                assert attribute is not None, f"{name}.{path}"
                level = attribute.nested
            assert tariff.definition.defaults.get(path, value) == value


def test_defaults_by_attribute():
    assert by_attribute({"type": "gp2", "a.b": 1, "a.c": 2}) == {"type": {"": "gp2"}, "a": {"b": 1, "c": 2}}
