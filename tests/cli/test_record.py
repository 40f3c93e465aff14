"""`guardrail rules record`: a test of a rule, made of a resource of a plan, with what the rule reads and no secret."""

import json
from typing import Any

import pytest
import yaml

from tests.cli.test_explain_rule import CONFIG, RULE, VOLUMES, explain  # noqa: F401 - a fixture: rules, a plan

SIZE = {"size": 100}
CASES: dict[str, dict[str, Any]] = {
    "big": {"expect": "fail", "message": "100 GiB", "resource": {"attributes": SIZE, "tags": {"team": "shop"}}},
    "theirs": {"expect": "skip", "resource": {"attributes": SIZE, "tags": {"team": "storage"}}},
    "later": {"expect": "unknown", "resource": {"unknown": ["size"]}},
}


@pytest.mark.usefixtures("explain")
@pytest.mark.parametrize("name", CASES)
def test_what_is_recorded_is_what_the_rule_reads_and_passes_as_a_test(run, tmp_path, name):
    ran = run("rules", "record", "small-volumes", f"aws_ebs_volume.{name}", "plan.json", "--write")
    assert ran.exit_code == 0, ran.stderr
    (told,) = yaml.safe_load(ran.stdout)
    expected = {**CASES[name], "resource": {"type": "aws_ebs_volume", **CASES[name]["resource"]}}
    assert told == expected
    assert yaml.safe_load((tmp_path / "rules/volumes.yaml").read_text())["tests"] == [told]
    again = run("rules", "record", "small-volumes", f"aws_ebs_volume.{name}", "plan.json", "--write")
    assert again.exit_code == 0, again.stderr
    assert "2 passed, 0 failed" in run("rules", "test", "rules/volumes.yaml").stdout


@pytest.mark.usefixtures("explain")
@pytest.mark.parametrize(
    "rule, name, message",
    [
        ("small-volumes", "secret", "a test without secrets does not come out as in the plan: expected fail, got pass"),
        ("small-volumes", "bigg", 'did you mean "aws_ebs_volume.big"?'),
        ("small-volume", "big", 'did you mean "small-volumes"?'),
        ("few-changes", "big", "is asked about the whole plan"),
    ],
)
def test_what_cannot_be_recorded_is_said_in_one_line(run, tmp_path, rule, name, message):
    before = (tmp_path / "rules/volumes.yaml").read_text()
    ran = run("rules", "record", rule, f"aws_ebs_volume.{name}", "plan.json", "--write")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert message in ran.stderr
    assert "hunter2" not in ran.stderr
    assert (tmp_path / "rules/volumes.yaml").read_text() == before


def test_a_whole_attribute_that_is_secret_is_named_without_its_value(run, tmp_path):
    (tmp_path / "rules").mkdir()
    text = RULE.replace("snap-hunter2", "x")
    (tmp_path / "rules/volumes.yaml").write_text(text)
    (tmp_path / "guardrail.yaml").write_text(CONFIG)
    (tmp_path / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": VOLUMES}))
    ran = run("rules", "record", "small-volumes", "aws_ebs_volume.secret", "plan.json")
    resource = {"type": "aws_ebs_volume", "attributes": {"size": 8}, "sensitive": ["snapshot_id"]}
    assert yaml.safe_load(ran.stdout) == [{"expect": "pass", "resource": resource}]
