"""`check --replay`: rules as they are now over the plans and results of earlier runs."""

import json
import subprocess
from decimal import Decimal

import pytest

from guardrail.model.approval import Approvable, Approval, ApprovalSource
from guardrail.model.finding import FindingStatus
from guardrail.replay.outcome import Standing, standings
from guardrail.replay.shape import ReplayDocument
from guardrail.report.json.read import read_result
from tests.report import samples
from tests.terraform import plans

CONFIG = """\
version: 1
rules: {packs: [], paths: [policies]}
waivers: waivers.yaml
projects: [{name: shop, plan: plan.json, env: prod}]
pricing: {max_age: 99999d}
"""
RULE = """\
id: tags
title: Tags
severity: high
enforcement: mandatory
match: {types: [aws_instance]}
params: {required: [team]}
validations: [{expression: "params.required.all(t, t in resource.tags)", message: "missing"}]
"""
TYPES = """\
id: no-large
title: No large machines
severity: high
enforcement: mandatory
match: {types: [aws_instance]}
validations: [{expression: 'resource.after.instance_type != "t3.large"', message: "too large"}]
"""
CHEAP = """\
id: cheap
title: Cheap
severity: low
enforcement: mandatory
scope: plan
validations: [{expression: "plan.known < 100000.0", message: "{plan.known}"}]
"""


def plan(*types, team="a", **sections):
    tags = {"team": team} if team else {}
    after = [{"instance_type": one, "tags": tags, "tags_all": tags} for one in types]
    names = [f"m{number}" for number in range(len(types))]
    changes = [
        plans.change(f"aws_instance.{name}", values, type="aws_instance", name=name, provider_name="aws")
        for name, values in zip(names, after, strict=True)
    ]
    return json.dumps(plans.document(*changes, **sections))


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "guardrail.yaml", CONFIG)
    write(tmp_path, "policies/tags.yaml", RULE)
    write(tmp_path, "policies/cheap.yaml", CHEAP)
    write(tmp_path, "waivers.yaml", "waivers: []\n")
    return tmp_path


def write(top, name, text):
    path = top / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def store(run, folder):
    """Check a plan as an earlier run did, and store its plan and its result in a folder of stored runs."""

    def call(name, text, *, now="2026-01-31", with_plan=True):
        write(folder, "plan.json", text)
        ran = run("check", "--format", "json", "--now", now)
        write(folder, f"stored/{name}/result.json", ran.stdout)
        if with_plan:
            write(folder, f"stored/{name}/plan.json", text)
        (folder / "plan.json").unlink()
        return json.loads(ran.stdout)

    return call


@pytest.fixture
def replay(run):
    def call(*args, stored="stored"):
        ran = run("check", "--replay", stored, "--format", "json", *args)
        if ran.stdout:
            ReplayDocument.model_validate_json(ran.stdout)
        return ran.exit_code, json.loads(ran.stdout or "null"), ran.stderr

    return call


def changed(document):
    return [
        (run["name"], one["rule"], one["subject"], one["before"], one["after"])
        for run in document["runs"]
        for one in run["changes"]
    ]


def test_the_same_rules_and_inputs_come_to_the_same_verdict(store, replay):
    """Row 23: what a result was made from is in it, as hashes, and a rerun comes to the same one."""
    first = store("a", plan("t3.large"))
    code, document, _ = replay()
    (run,) = document["runs"]
    assert code == 0
    assert (run["differs"], run["same_verdict"], run["changes"]) == ([], True, [])
    assert set(first["hashes"]["rules"]) == {"tags", "cheap"}
    assert first["hashes"]["plans"].keys() == {"shop"}


def test_a_changed_rule_newly_fails_by_rule_and_project(store, replay, folder):
    """Row 17."""
    store("a", plan("t3.large", "t3.small"))
    store("b", plan("t3.large", team=""))
    write(folder, "policies/tags.yaml", RULE.replace("[team]", "[team, owner]").replace("Tags", "More tags"))
    code, document, _ = replay()
    assert code == 1
    assert document["rules"] == [{"rule": "tags", "kind": "newly_fails", "findings": 2, "projects": {"shop": 2}}]
    assert document["counts"]["runs_newly_failing"] == 1
    assert {run["name"]: run["differs"] for run in document["runs"]}["stored/a/result.json"] == ["rule tags"]
    assert replay("--fail-on", "never")[0] == 0


def test_a_loosened_rule_newly_passes(store, replay, folder):
    store("a", plan("t3.large", team=""))
    write(folder, "policies/tags.yaml", RULE.replace("mandatory", "advisory"))
    code, document, _ = replay()
    assert code == 0
    assert changed(document) == [("stored/a/result.json", "tags", "aws_instance.m0", "fails", "warns")]
    assert document["counts"]["newly_passes"] == 1


@pytest.mark.parametrize("args, after", [((), "warns"), (("--now", "2026-06-01"), "fails")])
def test_effective_from_is_that_of_the_stored_day_or_of_now(store, replay, folder, args, after):
    store("a", plan("t3.large", team=""), now="2026-01-31")
    write(folder, "policies/tags.yaml", RULE + "effective_from: 2026-06-01\n")
    _, document, _ = replay(*args)
    expected = [] if after == "fails" else [("stored/a/result.json", "tags", "aws_instance.m0", "fails", "warns")]
    assert changed(document) == expected


def test_a_plan_alone_is_dated_by_terraform_and_compared_with_the_rules_of_a_revision(run, replay, folder):
    write(folder, "stored/shop/plan.json", plan("t3.large", team="", timestamp="2026-03-01T10:00:00Z"))
    for args in (("init", "-q"), ("add", "-A"), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")):
        subprocess.run(["git", "-C", folder, *args], check=True, capture_output=True)  # noqa: S607
    write(folder, "policies/large.yaml", TYPES)
    code, document, _ = replay("--policy-ref", "HEAD")
    assert code == 1
    assert changed(document) == [("stored/shop/plan.json", "no-large", "aws_instance.m0", "passes", "fails")]
    assert (document["runs"][0]["now"][:10], document["runs"][0]["dated_by"]) == ("2026-03-01", "plan")
    code, document, _ = replay()
    assert (code, document["counts"]["compared"], document["runs"][0]["verdict_before"]) == (0, 0, None)
    assert "nothing to compare stored/shop/plan.json with" in run("check", "--replay", "stored").stdout


def test_a_result_alone_is_judged_by_the_rules_that_it_holds_enough_for(store, replay, folder):
    store("a", plan("t3.large"), with_plan=False)
    write(folder, "policies/tags.yaml", RULE.replace("[team]", "[team, owner]"))
    write(folder, "policies/large.yaml", TYPES)
    code, document, _ = replay()
    assert code == 1
    assert changed(document) == [("stored/a/result.json", "tags", "aws_instance.m0", "passes", "fails")]
    assert document["not_replayed"] == {"no-large": 1}


def test_one_bad_file_is_named_and_stops_nothing(store, replay, folder):
    store("a", plan("t3.large"))
    write(folder, "stored/bad.json", "{")
    write(folder, "stored/none.json", '{"format_version": "9.9"}')
    write(folder, "stored/r.json", '{"schema": "guardrail.report/v1"}')
    write(folder, "stored/.hidden/x.json", "{")
    code, document, _ = replay()
    assert code == 2
    assert [one["file"] for one in document["unreadable"]] == ["stored/bad.json", "stored/none.json", "stored/r.json"]
    assert len(document["runs"]) == 1


def test_a_waiver_in_a_comment_of_then_still_counts(store, replay, folder):
    store("a", plan("t3.large"))
    path = folder / "stored/a/result.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    waiver = {"rule": "no-large", "address": "aws_instance.m0", "reason": "r", "expires": "2026-12-31", "owner": ""}
    finding = {
        **dict.fromkeys(("title", "message", "fix", "docs"), ""),
        "rule": "no-large",
        "severity": "high",
        "enforcement": "mandatory",
        "status": "waived",
        "blocking": False,
        "project": "shop",
        "address": "aws_instance.m0",
        "file": None,
        "line": None,
        "evidence": {},
        "waiver": {**waiver, "where": "", "up_to": None, "in_comment": True},
    }
    result["projects"][0]["findings"].append(finding)
    path.write_text(json.dumps(result), encoding="utf-8")
    write(folder, "policies/large.yaml", TYPES)
    code, document, _ = replay()
    assert (code, changed(document)) == (0, [])
    code, document, _ = replay("--now", "2027-01-01")
    assert changed(document) == [("stored/a/result.json", "no-large", "aws_instance.m0", "waived", "fails")]


def test_a_rule_that_asks_for_the_pull_request_is_unknown_of_a_plan_alone(replay, folder):
    write(folder, "stored/plan.json", plan("t3.large"))
    write(folder, "policies/pr.yaml", CHEAP.replace("cheap", "pr").replace("plan.known < 100000.0", "pr.number > 0.0"))
    _, document, _ = replay()
    assert document["runs"][0]["verdict"] == "warn"


def test_names_and_messages_of_a_result_cannot_fake_a_line(run, store, folder):
    store("a", plan("t3.large"))
    path = folder / "stored/a/result.json"
    text = path.read_text(encoding="utf-8").replace('"shop"', '"sh\\u001b[31mop\\n## x"')
    path.write_text(text, encoding="utf-8")
    write(folder, "policies/tags.yaml", RULE.replace("[team]", "[owner]"))
    for name in ("table", "markdown"):
        out = run("check", "--replay", "stored", "--format", name).stdout
        assert "\x1b" not in out
        assert not [line for line in out.splitlines() if line.startswith("##")]


@pytest.mark.parametrize(
    "args, said",
    [
        (("plan.json",), "give no INPUT"),
        (("--fix",), "cannot be combined with --fix"),
        (("--format", "sarif"), "not as sarif"),
    ],
)
def test_what_does_not_go_with_it_is_refused(run, folder, args, said):
    write(folder, "stored/plan.json", plan("t3.large"))
    ran = run("check", "--replay", "stored", *args)
    assert ran.exit_code == 2
    assert said in ran.stderr


@pytest.mark.parametrize("there", [True, False])
def test_an_empty_folder_is_an_error(run, folder, there):
    if there:
        (folder / "stored").mkdir()
    ran = run("check", "--replay", "stored")
    assert ran.exit_code == 2
    assert "stored: no " in ran.stderr


def test_hashes_are_read_back(store, folder):
    written = store("a", plan("t3.large"))["hashes"]
    hashes = read_result(folder / "stored/a/result.json").hashes
    assert hashes
    assert (hashes.rule_set, hashes.verdict) == (written["rule_set"], written["verdict"])
    assert hashes.files.keys() >= {"settings", "waivers"}


def test_what_is_approved_stands_as_that():
    given = Approval("cfo", ApprovalSource.REVIEW, Decimal(200), Decimal(210))
    finding = samples.finding(status=FindingStatus.APPROVED, blocking=False, approval=Approvable(given=given))
    assert [one for one, _ in standings([finding]).values()] == [Standing.APPROVED]
    assert {one.value for one in Standing} >= {one.value for one in FindingStatus} - {"fail"}
