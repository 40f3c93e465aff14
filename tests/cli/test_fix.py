"""`guardrail check --fix`, `--fix-diff` and `--suggest` as people type them."""

from __future__ import annotations

import json

import jsonschema
import pytest

import guardrail.cli.check.fix
from guardrail.report.json.document import report_schema
from tests.report.schemas import sarif_faults

LOGS = 'resource "aws_cloudwatch_log_group" "a" {\n  name = "a"\n}\n'
FIXED = 'resource "aws_cloudwatch_log_group" "a" {\n  name = "a"\n\n  retention_in_days = 90\n}\n'
CONFIG = "version: 1\nrules: {packs: [waste], set: {log-group-without-retention: {enforcement: mandatory}}}\n"
PLAN = {
    "format_version": "1.2",
    "resource_changes": [
        {
            "address": "aws_cloudwatch_log_group.a",
            "mode": "managed",
            "type": "aws_cloudwatch_log_group",
            "name": "a",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": None, "after": {"name": "a"}, "after_unknown": {}},
        }
    ],
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "main.tf").write_text(LOGS, encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def main(folder):
    return (folder / "main.tf").read_text(encoding="utf-8")


def test_a_fix_decides_the_exit_code_and_keeps_the_file_s_permissions(run, folder):
    (folder / "main.tf").chmod(0o640)
    ran = run("check", "--fix", "--format", "json")
    assert ran.exit_code == 0
    assert json.loads(ran.stdout)["verdict"] == "pass"
    assert "1 of 1 finding fixed; monthly cost $0.00: $0.00 -> $0.00" in ran.stderr
    assert main(folder) == FIXED
    assert (folder / "main.tf").stat().st_mode & 0o777 == 0o640
    again = run("check", "--fix")
    assert (again.exit_code, again.stderr) == (0, "0 of 0 findings fixed\n")


def test_what_could_not_be_judged_is_no_finding_that_an_edit_has_missed(run, folder):
    unknown = 'variable "days" {}\nresource "aws_cloudwatch_log_group" "open" {\n  retention_in_days = var.days\n}\n'
    (folder / "main.tf").write_text(LOGS + unknown, encoding="utf-8")
    ran = run("check", "--fix-diff")
    assert "1 of 1 finding fixed, 1 could not be judged; " in ran.stderr


def test_a_diff_takes_the_place_of_the_report_and_not_of_files(run, folder):
    ran = run("check", "--fix-diff", "--format", "json", "--out", "json=result.json")
    assert ran.exit_code == 1
    assert ran.stdout.splitlines()[1:3] == ["--- a/main.tf", "+++ b/main.tf"]
    assert json.loads((folder / "result.json").read_text(encoding="utf-8"))["verdict"] == "fail"
    assert main(folder) == LOGS


@pytest.mark.parametrize("option", ["--fix", "--fix-diff"])
def test_a_plan_has_to_be_made_anew_to_see_what_it_saves(run, folder, option):
    (folder / "plan.json").write_text(json.dumps(PLAN), encoding="utf-8")
    ran = run("check", "plan.json", option, "--format", "json")
    assert ran.exit_code == 1
    assert ran.stderr.endswith("1 of 1 finding fixed; plan again to see what it saves\n")
    assert main(folder) == (FIXED if option == "--fix" else LOGS)


def test_a_plan_from_standard_input_is_read_once(run, folder):
    ran = run("check", "-", "--source", ".", "--fix", "--format", "json", stdin=json.dumps(PLAN))
    assert (ran.exit_code, main(folder)) == (1, FIXED)
    assert json.loads(ran.stdout)["verdict"] == "fail"


def test_a_plan_without_its_configuration_says_so(run, folder):
    (folder / "plan.json").write_text(json.dumps(PLAN), encoding="utf-8")
    (folder / "main.tf").unlink()
    ran = run("check", "plan.json", "--fix-diff")
    assert ran.stdout == ""
    assert "the configuration of the plan was not found: name its folder with --source" in ran.stderr


@pytest.mark.parametrize("options", [("--fix", "--fix-diff"), ("--fix", "--suggest")])
def test_one_of_them_at_a_time(run, folder, options):
    ran = run("check", *options)
    assert ran.exit_code == 2
    assert "give only one of --fix, --fix-diff and --suggest" in ran.stderr
    assert main(folder) == LOGS


def test_a_file_that_may_not_be_written_is_said_before_any_is(run, folder, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    ran = run("check", "--fix", cwd=folder)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr == "guardrail: main.tf: may not be written; nothing was changed\n"


def test_a_file_that_changed_meanwhile_is_not_written(run, folder, monkeypatch):
    real = guardrail.cli.check.fix._write

    def later(files):
        (folder / "main.tf").write_text("# mine\n", encoding="utf-8")
        real(files)

    monkeypatch.setattr(guardrail.cli.check.fix, "_write", later)
    ran = run("check", "--fix")
    assert ran.exit_code == 2
    assert ran.stderr == "guardrail: main.tf: has changed while it was checked (run it again)\n"
    assert main(folder) == "# mine\n"


def test_suggestions_are_in_every_format_that_has_a_place_for_them_and_survive_a_merge(run, folder):
    outs = [f"{name}={name}.out" for name in ("sarif", "markdown")]
    ran = run("check", "--suggest", "--format", "json", *(part for out in outs for part in ("--out", out)))
    (finding,) = json.loads(ran.stdout)["projects"][0]["findings"]
    lines = {"file": "main.tf", "first_line": 3, "last_line": 2, "was": "", "text": "\n  retention_in_days = 90"}
    assert finding["edit"] == {"description": "set retention_in_days = 90", "replacements": [lines]}
    jsonschema.validate(json.loads(ran.stdout), report_schema())
    sarif = json.loads((folder / "sarif.out").read_text(encoding="utf-8"))
    (result,) = sarif["runs"][0]["results"]
    place = {"startLine": 3, "startColumn": 1, "endLine": 3, "endColumn": 1}
    inserted = {"text": "\n  retention_in_days = 90\n"}
    change = {
        "artifactLocation": {"uri": "main.tf"},
        "replacements": [{"deletedRegion": place, "insertedContent": inserted}],
    }
    assert result["fixes"] == [{"description": {"text": "set retention_in_days = 90"}, "artifactChanges": [change]}]
    assert sarif_faults(json.dumps(sarif)) == []
    assert "+  retention_in_days = 90\n" in (folder / "markdown.out").read_text(encoding="utf-8")
    (folder / "result.json").write_text(ran.stdout, encoding="utf-8")
    again = run("report", "result.json", "--format", "json", "--comment", "never")
    assert json.loads(again.stdout) == json.loads(ran.stdout)
    assert main(folder) == LOGS
