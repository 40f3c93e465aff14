"""What mending a finding saves, by the rule's own expression or by its edits."""

import json

import pytest

from guardrail.report.json.read import parse_result
from tests.terraform import plans

RULE = {
    "id": "r",
    "title": "R",
    "severity": "low",
    "enforcement": "advisory",
    "match": {"types": ["aws_ebs_volume"]},
    "validations": [{"expression": "resource.after.type != 'gp2'", "message": "m"}],
}
EDITED = {"edits": [{"set": "type", "value": '"gp3"'}]}
STATED = {"saving": 'resource.cost.monthly - price.of(resource, {"type": "gp3"})'}


@pytest.fixture
def saving(run, tmp_path):
    """What the finding of a rule says that it saves, in the report and in the ledger's record of it."""

    def call(fields, **attributes):
        change = plans.change(
            "aws_ebs_volume.a",
            {"type": "gp2", "size": 100, "availability_zone": "eu-west-1a", **attributes},
            type="aws_ebs_volume",
            name="a",
            provider_name="aws",
            unknown={"size": True} if attributes.get("size", 1) is None else {},
        )
        (tmp_path / "policies").mkdir(exist_ok=True)
        (tmp_path / "policies/r.yaml").write_text(json.dumps({**RULE, **fields}), encoding="utf-8")
        (tmp_path / "plan.json").write_text(json.dumps(plans.document(change)), encoding="utf-8")
        (tmp_path / "guardrail.yaml").write_text(
            "version: 1\nrules: {packs: [], paths: [policies]}\n", encoding="utf-8"
        )
        ran = run("check", "plan.json", "--format", "json")
        assert ran.stdout, ran.stderr
        (finding,) = parse_result(ran.stdout.encode()).projects[0].findings
        return finding.saving

    return call


@pytest.mark.parametrize("fields", [EDITED, STATED])
def test_a_finding_says_what_mending_it_saves(saving, fields):
    assert float(saving(fields)) == pytest.approx(100 * (0.11 - 0.088))  # gp2 and gp3 in eu-west-1


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"edits": [{"set": "tags.x", "value": '"y"'}]},
        {"edits": [{"set": "type", "value": '"gp3"', "when": "false"}]},
        {"edits": [{"set": "type", "value": "null"}]},
        {"saving": "1 / 0"},
        {"saving": "'a'"},
    ],
)
def test_where_nothing_tells_there_is_no_saving(saving, fields):
    assert saving(fields) is None


def test_what_is_not_known_is_no_saving(saving):
    assert saving(EDITED, size=None) is None
    assert saving(STATED, size=None) is None


def test_a_rule_about_a_plan_has_no_saving(run, tmp_path):
    (tmp_path / "policies").mkdir()
    content = {**RULE, "scope": "plan", "saving": "1.0", "validations": [{"expression": "true", "message": "m"}]}
    (tmp_path / "policies/r.yaml").write_text(json.dumps({**content, "match": {}}), encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text("version: 1\nrules: {packs: [], paths: [policies]}\n", encoding="utf-8")
    ran = run("rules", "lint")
    assert ran.exit_code == 2
    assert "a rule of scope plan cannot have a saving" in ran.stderr


def test_rules_are_listed_by_what_they_save(run, tmp_path, saving):
    assert saving(EDITED)
    listed = run("rules", "list", "plan.json").stdout.splitlines()
    assert listed[1].split() == ["$2.20", "1", "1", "r", "advisory", "own"]
    assert len(run("rules", "list", "plan.json", "--all", "--format", "json").stdout) > 1000
    assert run("rules", "list", "--format", "json").exit_code == 2
    assert tmp_path
