"""Rules about waste: nothing is wasted where nothing is paid, and none where mending it saves nothing."""

import json
from decimal import Decimal

import pytest

from guardrail import data
from guardrail.catalog import open_catalog
from guardrail.costs import Engine, Library
from guardrail.model.cost import FREE, Cost, Line, LineStatus, ResourceCost, ResourceStatus
from guardrail.policy import Judge
from guardrail.policy.judging.savings import difference
from guardrail.policy.rules.packs.packs import packs, read_pack
from guardrail.policy.rules.rule import RuleScope
from guardrail.policy.rules.testing.fixture import Expected, declared_tests
from tests.policy.judging import NOW, PROJECT, resource, rule, specs
from tests.terraform import plans


def line(amount, status=LineStatus.PRICED, name="hours", **more):
    return Line(name, "hours", status, monthly_cost=None if amount is None else Decimal(amount), **more)


def cost(*lines):
    return Cost(lines, ResourceStatus.PRICED)


USAGE = line(None, LineStatus.USAGE, "requests")
COSTS = {
    "a free type": (FREE, False),
    "amounts that come to nothing": (cost(line("0"), line("0.00")), False),
    "lines that do not apply": (cost(), False),
    "something": (cost(line("0.01")), True),
    "usage that is not given": (cost(line("0"), USAGE), True),
    "a minimum": (cost(line("0", at_least=True)), True),
    "no price": (cost(line("0"), line(None, LineStatus.NO_PRICE)), True),
    "known after apply": (cost(line(None, LineStatus.UNKNOWN)), True),
    "a type without a definition": (Cost((), ResourceStatus.UNSUPPORTED), True),
    "usage that a profile assumes": (
        Cost((line("3", usage_profile="medium", assumed_usage=Decimal(3)),), ResourceStatus.PRICED, given=cost(USAGE)),
        True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("paid, is_found", COSTS.values(), ids=COSTS.keys())
def test_what_costs_nothing_is_no_waste_and_what_has_no_price_may_be(paid, is_found):
    change = resource().change
    for fields, expected in (({"waste": True}, is_found), ({}, True)):
        found = Judge([rule("false", **fields)], specs, NOW).project(PROJECT, [ResourceCost(change, None, paid)])
        assert bool(found) is expected


MINIMUM = line("1", at_least=True)
DIFFERENCES = {
    "less": (cost(line("5")), cost(line("3")), 2),
    "the same, by another line": (cost(line("5")), cost(line("5", name="other")), 0),
    "more": (cost(line("5")), cost(line("7")), -2),
    "the same usage on both sides": (cost(line("5"), USAGE), cost(line("3"), USAGE), 2),
    "usage that goes away": (cost(line("5"), USAGE), cost(line("3")), 2),
    "usage that goes away may save, where the rest does not": (cost(line("5"), USAGE), cost(line("7")), None),
    "usage that is added": (cost(line("5")), cost(USAGE), None),
    "another price of usage": (cost(USAGE), cost(line(None, LineStatus.USAGE, "requests", unit_price=Decimal(1))), None),
    "an estimate that does not read what is edited": (cost(line("5"), USAGE), cost(line("5"), USAGE), None),
    "something free": (FREE, FREE, None),
    "no price": (cost(line(None, LineStatus.NO_PRICE)), cost(line("1")), None),
    "no price then": (cost(line("1")), cost(line(None, LineStatus.NO_PRICE)), None),
}  # fmt: skip


@pytest.mark.parametrize("now, then, saved", DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_a_saving_is_what_is_known_to_be_saved(now, then, saved):
    assert difference(now, then) == saved


@pytest.fixture
def checked(run, tmp_path):
    """The rules that find something in one resource, and the run."""

    def call(type_, attributes, **fields):
        change = plans.change(f"{type_}.a", attributes, type=type_, name="a", provider_name=type_.split("_")[0])
        (tmp_path / "plan.json").write_text(json.dumps(plans.document(change)), encoding="utf-8")
        own = {
            "id": "r", "title": "R", "severity": "low", "enforcement": "advisory",
            "validations": [{"expression": "false", "message": "m"}],
        }  # fmt: skip
        (tmp_path / "policies").mkdir(exist_ok=True)
        (tmp_path / "policies/r.yaml").write_text(json.dumps({**own, **fields}), encoding="utf-8")
        (tmp_path / "guardrail.yaml").write_text(
            "version: 1\nrules: {packs: [serverless, kubernetes, storage, waste], paths: [policies]}\n",
            encoding="utf-8",
        )
        ran = run("check", "plan.json", "--format", "json")
        assert ran.exit_code == 0, ran.stderr
        return {one["rule"]: one for one in json.loads(ran.stdout)["projects"][0]["findings"]}

    return call


VOLUME = {"type": "gp2", "size": 100, "availability_zone": "eu-west-1a"}
TO = [{"set": "type", "value": '"io1"'}]


def test_what_would_save_nothing_is_no_waste(run, checked):
    assert checked("aws_ebs_volume", VOLUME, edits=TO)["r"]["saving"].startswith("-")
    assert "r" not in checked("aws_ebs_volume", VOLUME, edits=TO, waste=True)
    assert "mending what it is about would save nothing" in run("explain", "r", "aws_ebs_volume.a", "plan.json").stdout


@pytest.mark.parametrize(
    "type_, attributes, silent",
    [
        ("azurerm_service_plan", {"sku_name": "F1", "os_type": "Linux", "location": "westeurope"}, "azure-app-plan-empty"),
        ("aws_eks_node_group", {"instance_types": ["t3.large"], "scaling_config": [{"desired_size": 0, "max_size": 9, "min_size": 0}], "disk_size": 20, "tags": {"env": "dev"}}, "eks-nodes-on-demand-outside-production"),
    ],
)  # fmt: skip
def test_resources_that_come_to_nothing(run, checked, type_, attributes, silent):
    found = checked(type_, attributes)
    assert "r" in found
    assert silent not in found
    assert "the resource costs nothing" in run("explain", silent, f"{type_}.a", "plan.json").stdout


def test_logs_save_an_amount_that_the_estimate_does_not_tell(checked):
    found = checked("aws_cloudwatch_log_group", {"name": "a", "retention_in_days": 0})
    assert "saving" not in found["log-group-without-retention"]


def test_only_rules_about_resources_are_about_waste(checked):
    with pytest.raises(AssertionError, match="a rule of scope plan cannot have waste"):
        checked("aws_ebs_volume", VOLUME, scope="plan", waste=True)


WASTE = (
    "analytics",
    "commitments",
    "compute",
    "databases",
    "kubernetes",
    "network",
    "observability",
    "serverless",
    "storage",
    "waste",
)
# What a launch template or configuration costs, its group does; replicas in many places, purchases and capacity are no waste by themselves.
_OTHERS = {"burstable-unlimited", "superseded-volume-type", "commitment-purchase", "capacity-commitment"}


def test_shipped_rules_about_what_costs_something_are_about_waste():
    """What a rule without `waste` finds is free by itself, and makes something else cost more."""
    engine = Engine(Library(()), open_catalog())

    def finds_what_is_free(declared):
        failing = [one for one in declared_tests(declared) if one.expect is Expected.FAIL]
        built = [
            [made.priced().change for made in (one.resource, *one.siblings)]
            for one in failing
            if one.resource is not None
        ]
        costs = [engine.estimate(changes)[0].after for changes in built]
        return any(cost and cost.is_nothing for cost in costs)

    rules = [one.rule for pack in packs(data.rules_dir()) if pack in WASTE for one in read_pack(pack, data.rules_dir())]
    of_resources = [one for one in rules if one.scope is RuleScope.RESOURCE and one.id not in _OTHERS]
    assert {one.id for one in of_resources if one.waste is finds_what_is_free(one)} == set()
    assert sum(one.waste for one in of_resources) > 150
