"""The example does what its README and ours say, whatever the day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from guardrail.cli.output import FORMAT_NAMES

SHOP = Path(__file__).parent.parent / "examples" / "shop"


@pytest.fixture(scope="module")
def plan():
    return json.loads((SHOP / "plan.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def outputs(command, tmp_path_factory):
    """What a check writes in each format."""
    folder = tmp_path_factory.mktemp("outputs")
    outs = (part for name in FORMAT_NAMES for part in ("--out", f"{name}={name}"))
    ran = command("check", "--config", SHOP / "guardrail.yaml", "--now", "2026-11-23", *outs, cwd=folder)
    assert (ran.exit_code, ran.stderr) == (1, "")
    return {name: (folder / name).read_text(encoding="utf-8") for name in FORMAT_NAMES}


@pytest.fixture(scope="module")
def report(outputs):
    return json.loads(outputs["json"])


def test_the_change_is_blocked_by_its_budget_and_by_the_shop_s_own_rule(report):
    findings = [*report.get("findings", []), *(f for project in report["projects"] for f in project["findings"])]
    blocking = {f["rule"] for f in findings if f["status"] == "fail" and f["enforcement"] != "advisory"}
    budgets = {"budget-increase-exceeded", "budget-increase-percent-exceeded"}
    assert blocking == {*budgets, "log-retention-too-long"}
    assert [f["address"] for f in findings if f["status"] == "waived"] == ["aws_s3_bucket.uploads_copy"]


def test_every_managed_resource_is_reported_once(report, plan):
    (project,) = report["projects"]
    addresses = sorted(resource["address"] for resource in project["resources"])
    assert addresses == sorted(change["address"] for change in plan["resource_changes"])


def test_the_resize_shows_both_sides(report):
    (project,) = report["projects"]
    (database,) = [r for r in project["resources"] if r["address"] == "aws_db_instance.orders"]
    assert database["action"] == "update"
    assert 0 < float(database["monthly_before"]) < float(database["monthly_cost"])


def test_the_copy_lies_in_the_region_of_its_provider(report):
    (project,) = report["projects"]
    (copy,) = [r for r in project["resources"] if r["address"] == "aws_s3_bucket.uploads_copy"]
    assert copy["region"] == "eu-central-1"
    assert "cost-center" not in copy["tags"]


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_the_secret_of_the_sessions_is_in_no_output(outputs, plan, name):
    secret = plan["variables"]["session_token"]["value"]
    assert "aws_cloudwatch_log_group" in outputs[name]
    assert secret not in outputs[name]


def test_the_plan_stands_for_the_configuration(plan):
    written = "\n".join(path.read_text(encoding="utf-8") for path in SHOP.rglob("*.tf"))
    planned = {(c["type"], c["name"]) for c in plan["resource_changes"] if c["change"]["after"] is not None}
    assert planned
    assert {(kind, name) for kind, name in planned if f'resource "{kind}" "{name}"' not in written} == set()
    assert written.count('\nresource "') + written.startswith('resource "') == len(planned)
