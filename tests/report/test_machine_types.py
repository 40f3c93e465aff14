"""A machine type whose facts are not known is named once in what people read; the JSON result has every answer."""

import json

import pytest

from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity
from guardrail.model.report import Report
from guardrail.report.view import View
from tests.policy.judging import ENGINES, NOW

CONFIGURATION = """
provider "aws" { region = "eu-west-1" }
resource "aws_instance" "web" {
  count         = 3
  ami           = "ami-1"
  instance_type = "m99.large"
}
"""
RULES = "version: 1\nrules:\n  packs: [instance-sizes]\n  set: {gpu-instance: {on_unknown: ON_UNKNOWN}}\n"
ONCE = "facts of m99.large are not known (3 resources, rules gpu-instance, oversized-instance)"
REMEDY = "have it added to pricing/specs/aws.csv"


@pytest.fixture
def folder(tmp_path):
    def write(on_unknown="warn"):
        (tmp_path / "main.tf").write_text(CONFIGURATION, encoding="utf-8")
        (tmp_path / "guardrail.yaml").write_text(RULES.replace("ON_UNKNOWN", on_unknown), encoding="utf-8")

    return write


@pytest.mark.parametrize("format_", ["table", "markdown", "html"])
def test_a_missing_fact_is_named_once(folder, run, format_):
    folder()
    said = " ".join(run("check", ".", "--format", format_).stdout.split())
    assert said.count("m99.large are not known") == said.count(REMEDY) == 1
    assert ONCE in said


@pytest.mark.parametrize("engine", ENGINES)
def test_the_result_has_the_answer_for_every_resource(folder, run, monkeypatch, engine):
    monkeypatch.setenv("GUARDRAIL_CEL_ENGINE", engine)
    folder("deny")
    ran = run("check", ".", "--format", "json")
    (project,) = json.loads(ran.stdout)["projects"]
    found = {(one["rule"], one["address"], one["blocking"], one["machine_type"]) for one in project["findings"]}
    assert found == {
        (rule, f"aws_instance.web[{number}]", rule == "gpu-instance", "m99.large")
        for rule in ("gpu-instance", "oversized-instance")
        for number in range(3)
    }
    assert ran.exit_code == 1


def finding(rule, address, *, blocking=False, machine_type="m99.large", status=FindingStatus.UNKNOWN, **fields):
    return Finding(
        rule, "T", fields.pop("severity", Severity.LOW), Enforcement.MANDATORY, status, "m", blocking, address,
        machine_type=machine_type, **fields,
    )  # fmt: skip


def listed(*findings):
    view = View(Report((), "USD", NOW, "0", findings=findings, judged=True))
    return [
        [(one.rule, one.address, one.severity.value, one.message) for one in view.listed(part)]
        for part in (view.blocking, view.warnings, view.accepted)
    ]


def test_among_what_blocks_if_any_answer_does():
    blocking, warnings, _ = listed(
        finding("a", "r1", blocking=True), finding("b", "r2", severity=Severity.HIGH), finding("c", "r2")
    )
    said = "facts of m99.large are not known (2 resources, rules a, b, c)"
    assert (blocking, warnings) == ([("unknown machine type", "", "high", said)], [])


def test_of_one_resource_the_place_is_named_and_of_many_rules_the_number():
    _, warnings, _ = listed(*(finding(f"rule-{number}", "r1") for number in range(7)))
    names = ", ".join(f"rule-{number}" for number in range(5))
    said = f"facts of m99.large are not known (rules {names} and 2 more)"
    assert warnings == [("unknown machine type", "r1", "low", said)]


def test_a_single_answer_other_gaps_and_waived_ones_stay_as_they_are():
    findings = (
        finding("a", "r1"),
        finding("b", "r2", machine_type="m98.large"),
        finding("b", "r3", machine_type=""),
        finding("a", "r4", status=FindingStatus.WAIVED),
    )
    _, warnings, accepted = listed(*findings)
    assert [entry[:2] for entry in warnings] == [("a", "r1"), ("b", "r2"), ("b", "r3")]
    assert [entry[:2] for entry in accepted] == [("a", "r4")]
