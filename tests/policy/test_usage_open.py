"""Rules pass on the known part of a cost: that is told where usage is missing, and a rule can ask for all of it."""

import json
from decimal import Decimal

import pytest
from msgspec.structs import replace

from guardrail.model.report import ProjectReport
from guardrail.policy import Budget, Judge
from tests.policy.judging import ENGINES, NOW, PROJECT, resource, rule, specs

pytestmark = pytest.mark.parametrize("engine", ENGINES)

OPEN = {"monthly": 10, "usage": "open"}
LIMIT = "resource.cost.monthly <= 100.0 && resource.cost.known <= 100.0"


def passed(rules, *resources):
    """How many have passed by the known part of their cost, by rule, and what was found."""
    judge = Judge(rules, specs, NOW)
    found = judge.project(PROJECT, resources)
    return {name: number for name, number in judge.passed_known_cost.items() if number}, [one.message for one in found]


def test_what_passes_by_the_known_part_is_counted(engine):
    limit = rule(LIMIT, id="limit", engine=engine)
    given = [resource(name=f"r{number}", cost=OPEN) for number in range(3)]
    assert passed([limit], *given, resource(name="sure", cost={"monthly": 10})) == ({"limit": 3}, [])


@pytest.mark.parametrize(
    "expression, fields",
    [
        ("resource.cost.priced", {}),
        (f"resource.type == 'aws_instance' || ({LIMIT})", {}),
        (LIMIT, {"when": "resource.type == 'aws_eip'"}),
        (LIMIT, {"match": {"types": ["aws_eip"]}}),
    ],
)
def test_what_passes_for_other_reasons_is_not(engine, expression, fields):
    asked = rule(expression, engine=engine, **fields)
    assert passed([asked], resource(cost=OPEN)) == ({}, [])


def test_nor_what_fails_what_is_open_or_what_does_not_change(engine):
    limit = rule(LIMIT, engine=engine)
    unchanged = resource(cost=OPEN, before={}, action="no-op")
    unchanged = replace(unchanged, before=unchanged.after)
    counted, found = passed([limit], resource(cost={**OPEN, "monthly": 1000}), resource(cost={"usage": "open"}))
    assert (counted, len(found)) == ({}, 2)
    assert passed([limit], unchanged) == ({}, [])


def test_a_rule_can_ask_for_the_whole_cost(engine):
    strict = rule("resource.cost.known <= 100.0 && resource.cost.with_usage <= 100.0", engine=engine)
    assert passed([strict], resource(cost={"monthly": 10})) == ({}, [])
    assert passed([strict], resource(cost={**OPEN, "monthly": 1000})) == ({}, ["broken"])
    said = "could not be judged: resource.cost.with_usage is incomplete: usage of usage is not given"
    assert passed([strict], resource(cost=OPEN)) == ({}, [said])


def test_plans_and_budgets_are_told_as_well(engine):
    by_plan = rule("plan.known <= 100.0", id="by-plan", scope="plan", engine=engine)
    strict = rule("plan.with_usage <= 100.0", id="strict", scope="plan", engine=engine)
    counted, found = passed([by_plan, strict], resource(cost=OPEN), resource(name="b", cost=OPEN))
    assert counted == {"by-plan": 1}
    assert found == ["could not be judged: plan.with_usage is incomplete: usage of 2 resources is not given"]
    rules = [
        rule("budget.cost.known <= 100.0", id="known", scope="budget", engine=engine),
        rule(
            "budget.increase == null || budget.cost.delta <= budget.increase", id="idle", scope="budget", engine=engine
        ),
        rule("budget.cost.with_usage <= 100.0", id="all", scope="budget", engine=engine),
    ]
    judge = Judge(rules, specs, NOW)
    found = judge.budgets(
        [Budget(name="web", monthly=Decimal(100))], [(PROJECT, ProjectReport("shop", ".", (resource(cost=OPEN),)))]
    )
    assert {name for name, number in judge.passed_known_cost.items() if number} == {"known"}
    assert [one.rule for one in found] == ["all"]


CONFIGURATION = """
provider "aws" { region = "eu-west-1" }
resource "aws_s3_bucket" "logs" { count = 3 }
"""
PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "configuration": {"provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-1"}}}}},
    "resource_changes": [
        {
            "address": f"aws_s3_bucket.logs[{number}]",
            "mode": "managed",
            "type": "aws_s3_bucket",
            "name": "logs",
            "index": number,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": None, "after": {}, "after_unknown": {}},
        }
        for number in range(3)
    ],
}  # fmt: skip


@pytest.mark.parametrize("given", ["plan.json", "."])
def test_a_run_says_it_in_one_note(engine, given, run, tmp_path, monkeypatch):
    monkeypatch.setenv("GUARDRAIL_CEL_ENGINE", engine)
    (tmp_path / "main.tf").write_text(CONFIGURATION, encoding="utf-8")
    (tmp_path / "plan.json").write_text(json.dumps(PLAN), encoding="utf-8")
    config = "version: 1\nrules: {packs: [budget]}\nbudgets: [{name: all, monthly: 100}]\n"
    (tmp_path / "guardrail.yaml").write_text(config, encoding="utf-8")
    ran = run("check", given, "--format", "json")
    notes = [note for note in json.loads(ran.stdout)["warnings"] if "usage" in note]
    passed = "passed by the known part of the cost, as usage is not given: budget-exceeded (1 budget), expensive-resource (3 resources)"
    assert notes == [f"{passed}; write down the usage: `guardrail usage init` prints a file to fill in"]
    told = " ".join(run("explain", "expensive-resource", "aws_s3_bucket.logs[0]", given).stdout.split())
    assert "pass: every validation is true; usage that is not given is left out of the cost" in told
