"""`guardrail explain RULE ADDRESS`: what of a rule meets a resource, and every part of it with its value."""

import json
from typing import Any

import pytest

RULE = """
id: small-volumes
title: Volumes are small
severity: medium
enforcement: mandatory
match: {types: [aws_ebs_volume]}
params: {limit: 50}
variables:
  team: 'get(resource.tags, "team", "nobody")'
when: variables.team != "storage"
validations:
  - expression: resource.after.size <= params.limit || variables.team in ['data', "ml"]
    message: "{resource.after.size} GiB"
  - expression: resource.after.snapshot_id != "snap-hunter2" && resource.after.iops == null
    message: not so
on_unknown: pass
"""
WHOLE = """
id: few-changes
title: Few changes
severity: low
enforcement: advisory
scope: plan
validations: [{expression: size(plan.resources) < params.most, message: "{size(plan.resources)} changes"}]
params: {most: 2}
"""
CONFIG = "version: 1\nrules: {packs: [], paths: [rules]}\n"


def volume(name, unknown=(), sensitive=(), type_="aws_ebs_volume", **after):
    change = {
        "actions": ["create"],
        "before": None,
        "after": after,
        "after_unknown": dict.fromkeys(unknown, True),
        "after_sensitive": dict.fromkeys(sensitive, True),
    }
    address = f"{type_}.{name}"
    provider = "registry.terraform.io/hashicorp/aws"
    return {
        "address": address,
        "mode": "managed",
        "type": type_,
        "name": name,
        "provider_name": provider,
        "change": change,
    }


VOLUMES = [
    volume("ok", size=8),
    volume("big", size=100, tags={"team": "shop"}),
    volume("theirs", size=100, tags={"team": "storage"}),
    volume("later", unknown=["size"]),
    volume("secret", sensitive=["snapshot_id"], size=8, snapshot_id="snap-hunter2"),
    volume("other", type_="aws_sqs_queue"),
]


@pytest.fixture
def explain(run, tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/volumes.yaml").write_text(RULE)
    (tmp_path / "rules/whole.yaml").write_text(WHOLE)
    (tmp_path / "guardrail.yaml").write_text(CONFIG)
    plan = {"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": VOLUMES}
    for name in ("plan.json", "other.json"):
        (tmp_path / name).write_text(json.dumps(plan))
    return lambda *arguments: run("explain", *arguments)


def rows(parts):
    """Every part of what JSON explains: text -> what it is."""
    found = {}
    for part in parts:
        found[part["expression"]] = part.get("error", part.get("unknown", part.get("value")))
        found |= rows(part.get("parts", []))
    return found


@pytest.mark.parametrize("engine", ["cpp", "python"])
@pytest.mark.parametrize(
    "name, verdict, why, some",
    [
        ("ok", "pass", "every validation is true", {"resource.after.size <= params.limit": True, "params.limit": 50}),
        (
            "big",
            "fail",
            "100 GiB",
            {"resource.after.size": 100, "variables.team": "shop", 'variables.team in ["data", "ml"]': False},
        ),
        ("theirs", "skip", '`when` is false: variables.team != "storage"', {"resource.after.size": 100}),
        (
            "later",
            "unknown",
            "could not be judged: size is known after apply",
            {"resource.after.size <= params.limit": "size is known after apply", "resource.after.iops == null": True},
        ),
        (
            "secret",
            "fail",
            "not so",
            {
                "resource.after.snapshot_id": "snapshot_id: sensitive",
                'resource.after.snapshot_id != "snap-hunter2"': "snapshot_id: sensitive",
                "resource.after.size": 8,
            },
        ),
    ],
)
def test_each_part_has_its_value(explain, monkeypatch, name, verdict, why, some, engine):
    monkeypatch.setenv("GUARDRAIL_CEL_ENGINE", engine)
    told = json.loads(explain("small-volumes", f"aws_ebs_volume.{name}", "plan.json", "--format", "json").stdout)
    assert (told["verdict"], told["why"]) == (verdict, why)
    found = rows(told["validations"])
    assert {text: found[text] for text in some} == some


def test_the_criterion_that_does_not_hold_is_named(explain):
    ran = explain("small-volumes", "aws_sqs_queue.other", "plan.json")
    assert ran.exit_code == 0
    assert "skip: the rule's match does not fit: types" in ran.stdout
    assert "NO   types: aws_sqs_queue (the rule takes: aws_ebs_volume)" in ran.stdout
    assert "validation" not in ran.stdout


def test_text_fits_a_terminal_and_keeps_secrets(explain):
    for name in ("big", "later", "secret"):
        text = explain("small-volumes", f"aws_ebs_volume.{name}", "plan.json").stdout
        assert max(map(len, text.splitlines())) <= 80
    assert "resource.after.snapshot_id  ->  (sensitive)" in text


def test_a_rule_about_the_plan_is_explained_without_an_address(explain):
    text = explain("few-changes", "plan.json").stdout
    assert "fail: 6 changes" in text
    assert "size(plan.resources)  ->  6" in text


BUDGETS = """version: 1
rules: {packs: [budget], paths: [rules]}
projects: [{name: a, path: plan.json}, {name: b, path: other.json}]
budgets:
  - {name: disks, match: {types: [aws_ebs_volume]}, monthly: 20}
  - {name: queues, match: {types: [aws_sqs_queue]}, monthly: 1}
"""


@pytest.fixture
def budgets(explain, tmp_path):
    volumes = [volume("ok", size=8, type="gp3"), volume("big", size=200, type="gp3")]
    for change in volumes:
        change["provider_config_key"] = "aws"
    plan: dict[str, Any] = {"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": volumes}
    plan["configuration"] = {
        "provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}}}
    }
    for name in ("plan.json", "other.json"):
        (tmp_path / name).write_text(json.dumps(plan))
    (tmp_path / "guardrail.yaml").write_text(BUDGETS)
    return explain


@pytest.mark.parametrize("engine", ["cpp", "python"])
def test_a_rule_about_budgets_is_explained_by_the_name_of_one_over_all_projects(budgets, monkeypatch, engine):
    monkeypatch.setenv("GUARDRAIL_CEL_ENGINE", engine)
    told = json.loads(budgets("budget-exceeded", "disks", "--format", "json").stdout)
    assert (told["budget"], told["address"], told["project"], told["verdict"]) == ("disks", "", "", "fail")
    found = rows(told["validations"])
    assert found["budget.cost.known"] == pytest.approx(2 * 208 * 0.08)
    text = budgets("budget-exceeded", "queues").stdout
    assert "the budget queues, all projects" in text
    assert "pass: every validation is true" in text


def test_the_only_budget_need_not_be_named(budgets, tmp_path):
    ran = budgets("budget-exceeded")
    assert "must hold:" in ran.stdout  # what the rule says, as of any other
    (tmp_path / "guardrail.yaml").write_text(BUDGETS.replace("  - {name: queues", "  # - {name: queues"))
    assert "the budget disks, all projects" in budgets("budget-exceeded", "plan.json").stdout


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["budget-exceeded", "disk"], 'no budget is called disk (did you mean "disks"?)'),
        (["budget-exceeded", "plan.json"], "judges budgets, one by one (known: disks, queues)"),
    ],
)
def test_a_budget_that_is_not_there_is_said_in_one_line(budgets, arguments, message):
    ran = budgets(*arguments)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert message in ran.stderr


@pytest.mark.usefixtures("budgets")
def test_a_rule_about_budgets_cannot_be_recorded(run):
    ran = run("rules", "record", "budget-exceeded", "disks")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "judges budgets, and cannot be recorded" in ran.stderr


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["small-volume", "aws_ebs_volume.ok", "plan.json"], 'did you mean "small-volumes"?'),
        (["small-volumes", "aws_ebs_volume.okk", "plan.json"], 'did you mean "aws_ebs_volume.ok"?'),
        (["small-volumes", "aws_ebs_volume.ok", "plan.json", "other.json"], "is in several projects"),
        (["small-volumes", "plan.json"], "judges single resources (guardrail explain small-volumes ADDRESS)"),
        (["few-changes", "aws_ebs_volume.ok", "plan.json"], "judges the whole plan (leave the address out"),
        (["aws_ebs_volume.ok", "plan.json", "--format", "json"], "--format json is for RULE ADDRESS"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(explain, arguments, message):
    ran = explain(*arguments)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert message in ran.stderr
