"""Budgets and rules that are about nothing: why, and no word of those that are only quiet."""

import json

import pytest

from guardrail.files.model import validated
from guardrail.model.report import ProjectReport
from guardrail.policy import Budget, Project
from guardrail.policy.unmatched import unmatched_budgets, unmatched_rule, why_unmatched
from tests.policy.judging import resource, rule


def bill(*resources):
    return ProjectReport("", "", resources)


PAYMENTS, WEB = Project("payments", "infra/payments", "prod"), Project("web", "infra/web", "staging")


@pytest.mark.parametrize(
    "match, said",
    [
        ({}, ""),
        ({"project": "payments"}, ""),
        ({"project": "paymnts"}, 'no project of this run is called paymnts (did you mean "payments"?)'),
        ({"projects": ("shop", "blog")}, "no project of this run is called shop or blog (known here: payments, web)"),
        ({"projects": ("shop", "we*")}, "no resource of this run fits its whole match"),
        ({"env": "prd"}, 'no project of this run has the environment prd (did you mean "prod"?)'),
        (
            {"types": ("aws_nat_gateway",)},
            "no resource of this run is of the type aws_nat_gateway (known here: aws_instance)",
        ),
        ({"types": ("aws_*",)}, ""),
        ({"modules": ("module.net",)}, "no resource of this run is in the module module.net (there is none)"),
        ({"addresses": ("aws_instance.y",)}, "no resource of this run has the address aws_instance.y"),
        ({"tags": {"team": "core"}}, ""),
        ({"tags": {"team": "cor"}}, 'no resource of this run has the tag team = cor (did you mean "core"?)'),
        ({"tags": {"taem": "core"}}, 'no resource of this run has the tag taem (did you mean "team"?)'),
        ({"tags": {"team": "core"}, "project": "web"}, "no resource of this run fits its whole match"),
    ],
)
def test_a_budget_that_counts_nothing_says_why(match, said):
    projects = [(PAYMENTS, bill(resource(tags={"team": "core"}))), (WEB, bill())]
    one = validated(Budget, {"name": "b", "match": match})
    assert unmatched_budgets([one], projects) == ([0] if said else [])
    assert not said or why_unmatched(one, projects).startswith(said)


def test_a_run_without_resources_says_nothing_of_budgets():
    assert unmatched_budgets([validated(Budget, {"name": "b", "match": {"types": ["x"]}})], [(WEB, bill())]) == []


@pytest.mark.parametrize(
    "match, said",
    [
        ({}, ""),
        ({"types": ["aws_nat_gateway"]}, ""),
        ({"projects": ["pay*"]}, ""),
        ({"projects": ["shop"]}, "no project of this run is called shop (known here: payments, web)"),
        ({"environments": ["prod", "test"]}, ""),
        ({"environments": ["prd"]}, 'no project of this run has the environment prd (did you mean "prod"?)'),
    ],
)
def test_a_active_rule_in_no_project_says_why_and_one_for_other_types_does_not(match, said):
    where, found = unmatched_rule(rule("true", match=match), [PAYMENTS, WEB])
    assert (found, where) == (said, "test-rule.yaml:1" if said else "")


RULE = """\
id: big-prod
title: t
severity: low
enforcement: advisory
match: {environments: [prd]}
validations: [{expression: "true", message: never}]
"""
CONFIG = """\
version: 1
projects: [{name: pay, plan: pay.json, env: prod}, {name: web, plan: web.json}]
rules: {packs: [], paths: [policies]}
budgets:
  - {name: all, monthly: 100}
  - name: team
    monthly: 100
    match: {project: payments}
waivers: waivers.yaml
"""
WAIVERS = "waivers: [{rule: big-prod, address: '*', reason: r, expires: 2099-01-01}]"


@pytest.fixture
def repository(tmp_path):
    change = {"actions": ["create"], "before": None, "after": {"instance_type": "m5.large"}, "after_unknown": {}}
    machine = {"address": "aws_instance.x", "mode": "managed", "type": "aws_instance", "name": "x", "change": change}
    plan = json.dumps({"format_version": "1.2", "resource_changes": [machine]})
    (tmp_path / "policies").mkdir()
    for name, text in (
        ("policies/r.yaml", RULE),
        ("guardrail.yaml", CONFIG),
        ("waivers.yaml", WAIVERS),
        ("pay.json", plan),
        ("web.json", plan),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


IDLE = (
    "guardrail.yaml:6: budget team counts nothing: no project of this run is called payments",
    "policies/r.yaml:5: rule big-prod applies to nothing: no project of this run has the environment prd",
)


def said_of(text):
    return {line for line in IDLE if line in " ".join(text.split())}


@pytest.mark.usefixtures("repository")
def test_what_is_written_for_nothing_is_said_where_all_projects_are_in_the_run(run):
    for format_name in ("table", "markdown", "json"):
        assert said_of(run("check", "--format", format_name).stdout) == set(IDLE)
    assert "excuses nothing" in run("check").stdout
    assert said_of(run("check", "--project", "pay").stdout) == set()
    assert said_of(run("check", "pay.json").stdout) == set()


def test_of_results_together_it_is_said_for_all_of_them(repository, run):
    for name in ("pay", "web"):
        run("check", "--project", name, "--out", f"json={name}.out")
    assert said_of(run("report", "pay.out", "web.out").stdout) == {IDLE[0]}
    text = CONFIG.replace("payments", "pay")
    (repository / "guardrail.yaml").write_text(text, encoding="utf-8")
    assert said_of(run("report", "pay.out", "web.out").stdout) == set()


def test_many_budgets_for_nothing_are_folded(repository, run):
    more = "".join(f"  - {{name: b{number}, monthly: 1, match: {{env: dev}}}}\n" for number in range(9))
    (repository / "guardrail.yaml").write_text(CONFIG.replace("waivers:", f"{more}waivers:"), encoding="utf-8")
    warnings = json.loads(run("check", "--format", "json").stdout)["warnings"]
    assert sum("counts nothing: " in warning for warning in warnings) == 5
    assert "5 more budgets that count nothing" in warnings
