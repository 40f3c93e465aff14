"""`resource.tags_of`: the tags of machines and volumes that a resource brings along (row 2 of the policy engine's list)."""

import json

import pytest
from msgspec.structs import replace

from guardrail.model.resource import Side
from guardrail.model.unknown import Unknown
from guardrail.policy.variables.around import Around, Surroundings
from guardrail.policy.variables.tags_of import TYPES
from guardrail.policy.variables.view import ResourceView
from guardrail.terraform.schemas import resource_schema
from tests.policy.judging import PROJECT, TOLD, resource, specs
from tests.terraform import plans

PROPAGATED = {"key": "team", "value": "a", "propagate_at_launch": True}
STAYS = {"key": "env", "value": "dev", "propagate_at_launch": False}
TEMPLATE = [{"id": "lt-1", "version": "$Latest"}]
SPECIFIED = [
    {"resource_type": "instance", "tags": {"env": "b"}},
    {"resource_type": "volume", "tags": {"team": "v"}},
    {"resource_type": "network-interface", "tags": {"x": "y"}},
]


def tags_of(kind, *resources, beside=TOLD):
    """(own, tags) of each source of tags of the first resource."""
    costs = list(resources)
    around = Around(PROJECT, costs, (), beside, specs, lambda _: {}, frozenset())
    found = ResourceView(costs[0], specs, around=around).read(("resource", "tags_of", kind))
    return found if isinstance(found, Unknown) else [(one["own"], one["tags"]) for one in found]


def group(**attributes):
    references = {"launch_template": ["aws_launch_template.a"]} if "launch_template" in attributes else {}
    return resource("aws_autoscaling_group", attributes=attributes, references=references)


def template(**attributes):
    return resource("aws_launch_template", name="a", attributes=attributes)


def test_tags_of_a_group_reach_its_machines_where_they_are_propagated():
    assert tags_of("instances", group(tag=[PROPAGATED, STAYS])) == [({"team": "a"}, {"team": "a"})]
    old = [{**PROPAGATED, "propagate_at_launch": "true"}, {**STAYS, "propagate_at_launch": "false"}]
    found = group()
    former = replace(found, change=replace(found.change, after=Side({"tags": old})))
    assert tags_of("instances", former) == [({"team": "a"}, {"team": "a"})]


def test_a_template_adds_what_it_specifies_for_the_kind():
    found = group(tag=[PROPAGATED, STAYS], launch_template=TEMPLATE)
    given = template(tag_specifications=SPECIFIED)
    assert tags_of("instances", found, given) == [({"team": "a"}, {"team": "a", "env": "b"})]
    assert tags_of("volumes", found, given) == [({}, {"team": "v"})]
    nodes = resource(
        "aws_eks_node_group",
        attributes={"launch_template": TEMPLATE},
        tags={"team": "group"},
        references={"launch_template": ["aws_launch_template.a"]},
    )
    assert tags_of("instances", nodes, given) == [({}, {"env": "b"})]


def test_a_template_that_is_not_in_the_plan_leaves_the_rest_open():
    ((own, tags),) = tags_of(
        "instances", resource("aws_autoscaling_group", attributes={"tag": [PROPAGATED], "launch_template": TEMPLATE})
    )
    assert own == {"team": "a"}
    assert isinstance(tags, Unknown)


@pytest.mark.parametrize(
    "attributes, expected",
    [
        ({}, [{}]),  # there always is a volume to boot from
        ({"volume_tags": {"team": "a"}}, [{"team": "a"}]),
        ({"root_block_device": [{"volume_size": 8}]}, [{}]),
        ({"root_block_device": [{"tags": {"team": "a"}}], "ebs_block_device": [{"tags": {}}]}, [{"team": "a"}, {}]),
        ({"root_block_device": [{"tags": {"x": "y"}, "tags_all": {"team": "a", "x": "y"}}]}, [{"team": "a", "x": "y"}]),
    ],
)
def test_volumes_of_a_machine(attributes, expected):
    found = tags_of("volumes", resource(attributes=attributes, tags={"team": "instance"}))
    assert [tags for _, tags in found] == expected


@pytest.mark.parametrize("name", ["volume_tags", "root_block_device"])
def test_what_is_known_after_apply_stays_unknown(name):
    assert isinstance(tags_of("volumes", resource(unknown=[name])), Unknown)


def test_labels_of_nodes_disks_and_managed_groups_of_google():
    labels = {"node_config": [{"resource_labels": {"team": "a"}}]}
    assert tags_of("instances", resource("google_container_node_pool", attributes=labels)) == [({"team": "a"},) * 2]
    assert tags_of("instances", resource("google_container_node_pool", tags={"team": "a"})) == [({}, {})]
    disk = {"boot_disk": [{"initialize_params": [{"labels": {"team": "d"}}]}]}
    assert tags_of("volumes", resource("google_compute_instance", attributes=disk)) == [({"team": "d"},) * 2]
    managed = resource(
        "google_compute_instance_group_manager", references={"version": ["google_compute_instance_template.a"]}
    )
    made_of = resource(
        "google_compute_instance_template",
        name="a",
        tags={"team": "t"},
        attributes={"disk": [{"labels": {"team": "d"}}, {"labels": None}]},
    )
    assert tags_of("instances", managed, made_of) == [({"team": "t"},) * 2]
    assert tags_of("volumes", managed, made_of) == [({"team": "d"},) * 2, ({}, {})]


def test_most_resources_bring_nothing_along():
    assert tags_of("instances", resource("aws_s3_bucket")) == []
    assert tags_of("volumes", resource("azurerm_linux_virtual_machine")) == []
    assert [one for one in TYPES if resource_schema(one) is None] == []


CONFIG = """\
version: 1
rules: {packs: [tagging], set: {required-tags: {params: {required: [team], brought_along: [instances, volumes]}}}}
"""
DEFAULTS = {"region": {"constant_value": "eu-west-1"}, "default_tags": [{"tags": {"constant_value": {"team": "a"}}}]}


def machine(name, *, tags_all=True, **tags):
    after = {"instance_type": "t3.large", "tags": tags, "root_block_device": [{"volume_size": 8, "tags": {}}]}
    inside = [{"tags_all": True}] if tags_all else [{}]
    return plans.change(
        f"aws_instance.{name}",
        after,
        type="aws_instance",
        name=name,
        provider_name="registry.terraform.io/hashicorp/aws",
        unknown={"tags_all": True, "root_block_device": inside},
    )


def test_row_2_default_tags_reach_only_what_inherits_from_their_alias_and_volumes_where_the_provider_adds_them(
    run, tmp_path
):
    blocks = [
        {
            **plans.block(f"aws_instance.{name}", key, root_block_device=[{"tags": {}}]),
            "type": "aws_instance",
            "name": name,
        }
        for name, key in (("here", "aws"), ("old", "aws"), ("other", "aws.other"))
    ]
    document = plans.document(
        machine("here", Name="x"),
        machine("old", tags_all=False),
        machine("other", team="b"),
        root={"resources": [{**one, "mode": "managed"} for one in blocks]},
        providers={
            "aws": {"name": "aws", "expressions": DEFAULTS},
            "aws.other": {"name": "aws", "alias": "other", "expressions": {"region": DEFAULTS["region"]}},
        },
    )
    (tmp_path / "plan.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text(CONFIG, encoding="utf-8")
    report = json.loads(run("check", "plan.json", "--format", "json").stdout)
    found = {one["address"]: one["message"] for one in report["projects"][0]["findings"]}
    lacking = "its volumes do not get the tags: [team]"
    assert found == {"aws_instance.old": lacking, "aws_instance.other": lacking}


FOLDER = """\
provider "google" {
  region         = "europe-west1"
  default_labels = { team = "a" }
}
resource "google_storage_bucket" "a" {
  name     = "x"
  location = "EU"
}
provider "aws" {
  region = "eu-west-1"
  default_tags {
    tags = { team = "a" }
  }
}
resource "aws_instance" "a" {
  ami           = "ami-1"
  instance_type = "t3.large"
  root_block_device {
    volume_size = 8
  }
}
"""
LOCK = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.30.0"\n}\n'


@pytest.mark.parametrize("lock, expected", [("", {}), (LOCK, {"aws_instance.a"})])
def test_in_a_folder_the_lock_file_tells_whether_blocks_get_default_tags(run, tmp_path, lock, expected):
    for name, text in (("main.tf", FOLDER), ("guardrail.yaml", CONFIG), (".terraform.lock.hcl", lock)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    report = json.loads(run("check", ".", "--format", "json").stdout)
    findings = report["projects"][0]["findings"]
    assert {one["address"] for one in findings if one["rule"] == "required-tags"} == set(expected)


def test_a_plan_without_its_configuration_tells_no_template():
    beside = Surroundings()
    ((_, tags),) = tags_of("instances", group(launch_template=TEMPLATE), template(), beside=beside)
    assert isinstance(tags, Unknown)


@pytest.mark.parametrize(
    "odd", [None, 3, "x", [None], ["x"], {}, {"tags": 3}, [[{}]], [{"tags": ["a"], "key": 3}], [3.5]]
)
def test_odd_json_of_somebody_else_is_no_bug(odd):
    names = ("volume_tags", "root_block_device", "ebs_block_device", "launch_template", "compute_resources", "version")
    others = ("tag", "boot_disk", "node_config", "disk", "tag_specifications", "mixed_instances_policy")
    for type_name in (*TYPES, "aws_launch_template"):
        for name in (*names, *others):
            about = resource(
                type_name,
                attributes={name: odd, "launch_template": TEMPLATE},
                references={"launch_template": ["aws_launch_template.a"]},
            )
            for kind in ("instances", "volumes"):
                found = tags_of(kind, about, template(tag_specifications=odd))
                assert isinstance(found, Unknown) or all(
                    {type(own), type(tags)} <= {bool, dict, Unknown, str, type(None)} for own, tags in found
                )
