"""The example policies: their tests come out on both engines, cover every verdict, and judge a plan and a folder alike."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

POLICIES = Path(__file__).parent.parent / "examples" / "policies"
SHOP = POLICIES.parent / "shop"
FILES = sorted((POLICIES / "rules").glob("*.yaml"))


def test_the_tests_of_all_example_policies_come_out(run):
    ran = run("rules", "test", "--config", str(POLICIES / "guardrail.yaml"), "--coverage")
    assert (ran.exit_code, "0 failed in 25 rules" in ran.stdout) == (0, True), ran.stdout + ran.stderr
    share = ran.stdout.rpartition("coverage: ")[2]
    assert int(share.partition("%")[0]) >= 90, ran.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_policy_shows_what_passes_fails_and_cannot_be_told(path):
    rule = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert rule["id"] == path.stem
    assert {"pass", "fail", "unknown"} <= {test["expect"] for test in rule["tests"]}


def test_a_plan_and_its_folder_are_judged_and_no_rule_ends_in_an_error(run, tmp_path):
    shutil.copytree(SHOP, tmp_path / "shop")
    (tmp_path / "shop" / "plan.json").unlink()
    verdicts = {}
    for place in (SHOP / "plan.json", tmp_path / "shop"):
        ran = run("check", "--config", str(POLICIES / "guardrail.yaml"), str(place), "--format", "json")
        (project,) = json.loads(ran.stdout)["projects"]
        verdicts[place.name] = {(one["rule"], one.get("address")): one["status"] for one in project["findings"]}
    assert "error" not in {*verdicts["plan.json"].values(), *verdicts["shop"].values()}
    for found in verdicts.values():
        assert found["bucket-without-lifecycle", "aws_s3_bucket.uploads_copy"] == "fail"
        assert found["cheaper-machine-exists", "aws_instance.importer"] == "unknown"
        assert not [key for key in found if key[0] == "unattached-address"]
