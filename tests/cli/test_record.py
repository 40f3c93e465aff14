"""`guardrail rules record`: a test of a rule, made of a resource of a plan, with what the rule reads and no secret."""

import json
from typing import Any

import pytest
import yaml

from tests.cli.test_explain_rule import CONFIG, RULE, VOLUMES, explain, volume  # noqa: F401 - a fixture: rules, a plan

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
        (
            "small-volumes",
            "secret",
            "the rule's answer depends on sensitive values, which a recorded test leaves out: expected fail, got pass",
        ),
        ("small-volumes", "bigg", 'did you mean "aws_ebs_volume.big"?'),
        ("small-volume", "big", 'did you mean "small-volumes"?'),
        ("few-changes", "big", "judges the whole plan"),
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


CANARY = "canary-hunter2"
PLACES: dict[str, tuple[Any, Any]] = {
    "snapshot_id": (CANARY, True),
    "instance_type": (f"{CANARY}.large", True),
    "root_block_device": ([{"kms_key_id": CANARY, "volume_size": 8}], [{"kms_key_id": True}]),
    "metadata": ({"token": CANARY, "open": "x"}, {"token": True}),
    "security_groups": (["a", CANARY], True),
    "tags": ({"team": CANARY, "env": "dev"}, {"team": True}),
    "tags_all": ({"team": CANARY, "env": "dev"}, {"team": True}),
}
READING = {
    "everything": "size(resource.after) > 0 && (resource.before == null || size(resource.before) >= 0)",
    "attributes": 'resource.after.snapshot_id != "" && resource.before.snapshot_id != "" && resource.after.metadata.open == "x"',
    "a block": 'get(resource.after.root_block_device, "0.kms_key_id", "") != "" && size(resource.after.security_groups) > 0',
    "tags": 'resource.tags.env == "dev" && resource.tags.team != "" && size(resource.tags) > 0 && size(resource.tag_origins) > 0',
    "its machine": 'resource.instance.type != "" && size(resource.instance.types) > 0 && size(resource.instance.families) >= 0',
}


@pytest.mark.parametrize(
    "message", ["a text", "{resource.after} {resource.before} {resource.tags} {resource.instance.type}"]
)
@pytest.mark.parametrize("expected", ["true", "false"])
@pytest.mark.parametrize("reading", READING)
def test_no_secret_is_in_a_recorded_test_whatever_the_rule_reads(run, tmp_path, reading, expected, message):
    side = {name: value for name, (value, _) in PLACES.items()}
    marks = {name: mark for name, (_, mark) in PLACES.items()}
    change = volume("secret", type_="aws_instance")
    change["change"] |= {"actions": ["update"], "before": side, "after": side}
    change["change"] |= {"after_sensitive": marks, "before_sensitive": marks}
    plan = {"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [change]}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    (tmp_path / "rules").mkdir()
    own: dict[str, Any] = {"id": "reads-all", "title": "Reads all", "severity": "low", "enforcement": "advisory"}
    own |= {"match": {"types": ["aws_instance"], "types_extra": ["aws_instance"]}}
    own |= {"validations": [{"expression": f"({READING[reading]}) == {expected}", "message": message}]}
    (tmp_path / "rules/own.yaml").write_text(yaml.safe_dump(own))
    (tmp_path / "guardrail.yaml").write_text(CONFIG)
    ran = run("rules", "record", "reads-all", "aws_instance.secret", "plan.json", "--write")
    assert ran.exit_code == 0 or "depends on sensitive values, which a recorded test leaves out" in ran.stderr
    assert "canary" not in ran.stdout + ran.stderr
    assert "canary" not in (tmp_path / "rules/own.yaml").read_text()
