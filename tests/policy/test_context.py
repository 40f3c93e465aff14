import json

import pytest
from msgspec.structs import replace

from guardrail.policy import VARIABLES
from guardrail.policy.rules.rule import RuleScope
from guardrail.policy.variables.context import needed
from tests.policy.judging import ENGINES, PROJECT, judge, resource, rule, verdict

FULL = {
    "attributes": {"instance_type": "m5.large", "size": 3},
    "tags": {"team": "a"},
    "region": "eu-west-1",
    "before": {"instance_type": "c5.9xlarge"},
    "cost": {"before": 10, "monthly": 15},
    "file": "main.tf",
    "line": 3,
}
TYPES = {
    "string": "{0} == string({0})",
    "number": "{0} + 0 == {0}",
    "bool": "{0} || !{0}",
    "list": "size({0}) >= 0",
    "map": "size({0}) >= 0",
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("variable", [v for v in VARIABLES if not v.name.startswith("budget")], ids=lambda v: v.name)
def test_a_variable_has_the_type_that_its_documentation_says(variable, engine):
    scope = "resource" if variable.name.startswith("resource") else "plan"
    text = TYPES[variable.type].format(variable.name)
    assert verdict(rule(text, scope=scope, engine=engine), resource(**FULL)) == "pass"


@pytest.mark.parametrize("scope", RuleScope)
def test_every_variable_belongs_to_a_scope(scope):
    own = {"resource": {"resource", "plan", "project"}, "plan": {"plan", "project"}, "budget": {"budget"}}[scope.value]
    names = [v.name for v in VARIABLES if v.name.partition(".")[0] in own | {"pr", "now", "today"}]
    program = rule(" && ".join(f"[{name}] != null" for name in names[:30]), scope=scope.value)
    assert program.reads == needed(tuple(name.split(".")) for name in names[:30])


VALUES = [
    ("resource.cost.monthly", 15),
    ("resource.cost.before", 10),
    ("resource.cost.delta", 5),
    ("resource.cost.known", 15),
    ("resource.cost.status", "priced"),
    ("resource.action", "update"),
    ("resource.before.instance_type", "c5.9xlarge"),
    ("resource.tags.team", "a"),
    ("resource.tag_origins.team", "resource"),
    ("resource.instance.vcpu", 2),
    ("resource.instance.family", "m5"),
    ("resource.provider", "aws"),
    ("resource.region", "eu-west-1"),
    ("plan.delta_percent", 50),
    ("plan.counts.update", 1),
    ("plan.counts.no_op", 0),
]


@pytest.mark.parametrize("name, value", VALUES)
def test_values(name, value):
    assert judge(rule("false", message=f"{{{name}}}"), resource(**FULL))[0][2] == str(value)


UNKNOWN = [
    ({"unknown": ["root_block_device.0.iops", "instance_type"]}, "[instance_type, root_block_device.0.iops]"),
    ({"unknown": ["tags"]}, "[tags]"),
    ({"unknown": ["tags.env"]}, "[tags.env]"),
    ({}, "[]"),
]


@pytest.mark.parametrize("fields, wanted", UNKNOWN)
def test_unknown_paths(fields, wanted):
    assert judge(rule("false", message="{resource.unknown}"), resource(**fields))[0][2] == wanted


def test_what_is_read_whole_and_what_in_parts():
    assert needed([("resource", "after", "size", "x")]) == {("resource", "after", "size")}
    assert needed([("resource", "tags", "team")]) == {("resource", "tags")}
    assert {path[1] for path in needed([("resource", "cost")])} == {"cost"}
    assert needed([("resource", "after")]) == {("resource", "after")}


ENVIRONMENTS = [
    ("of the project", "prod", {"env": "dev"}, "prod"),
    ("a tag", "", {"env": "dev"}, "dev"),
    ("another tag", "", {"Environment": "dev"}, "dev"),
    ("both tags", "", {"environment": "qa", "ENV": "dev"}, "dev"),
    ("an empty tag", "", {"env": "", "environment": "qa"}, "qa"),
    ("neither", "", {"team": "shop"}, None),
]


@pytest.mark.parametrize(
    "env, tags, wanted", [case[1:] for case in ENVIRONMENTS], ids=[case[0] for case in ENVIRONMENTS]
)
def test_the_environment_is_the_projects_or_a_tags(env, tags, wanted):
    asks = rule(f"resource.environment == {json.dumps(wanted)}")
    assert judge(asks, resource(tags=tags), project=replace(PROJECT, env=env)) == []


def test_an_environment_by_tags_that_are_not_known_is_not_known():
    asks = rule('resource.environment == "dev"')
    ((status, _, _),) = judge(asks, resource(unknown=["tags"]), project=replace(PROJECT, env=""))
    assert status == "unknown"
    ((status, _, _),) = judge(asks, resource(unknown=["tags.env"]), project=replace(PROJECT, env=""))
    assert status == "unknown"
    assert judge(asks, resource(unknown=["tags"]), project=replace(PROJECT, env="dev")) == []
