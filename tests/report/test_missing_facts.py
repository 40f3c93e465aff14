"""A fact that is missing is told once in what people read, with the rules that wait for it; the JSON result has every answer."""

import json

import pytest

from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity
from guardrail.model.reason import Reason
from guardrail.model.report import Report
from guardrail.model.runs.missing_fact import missing_facts, named
from guardrail.model.unknown import Unknown
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


def test_the_row_of_a_project_counts_it_once(folder, run):
    folder()
    comment = run("check", ".", "--format", "markdown").stdout
    assert "1 unknown" in comment
    assert "| <code>.</code> | ⚠️\u00a01 |" in comment


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


VARIABLES = """
variable "size" {}
variable "tags" {}
provider "aws" { region = "eu-west-1" }
resource "aws_instance" "web" {
  count         = 3
  ami           = "ami-1"
  instance_type = var.size
  tags          = var.tags
}
resource "aws_instance" "db" {
  ami           = "ami-1"
  instance_type = random_pet.x.id
  tags          = { team = "a", env = "b" }
}
resource "random_pet" "x" {}
resource "aws_ebs_volume" "v" {
  availability_zone = "eu-west-1a"
  size              = 10
  type              = "gp3"
  tags              = var.tags
}
"""
WAITING = {
    "variable size has no value": (["gpu-instance", "metal-instance", "oversized-instance"], 3, 9),
    "variable tags has no value": (["mis-cased-tag-key", "required-tags"], 4, 8),
    "aws_instance.db: instance_type is known after apply": (
        ["gpu-instance", "metal-instance", "oversized-instance"],
        1,
        3,
    ),
}


@pytest.fixture
def open_folder(tmp_path):
    (tmp_path / "main.tf").write_text(VARIABLES, encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text(
        "version: 1\nrules: {packs: [instance-sizes, tagging]}\n", encoding="utf-8"
    )


@pytest.mark.usefixtures("open_folder")
def test_the_result_has_each_missing_fact_with_rules_and_resources_and_every_answer(run):
    result = json.loads(run("check", ".", "--format", "json").stdout)
    facts = {one["name"]: (one["rules"], len(one["subjects"]), one["findings"]) for one in result["missing_facts"]}
    assert facts == WAITING
    answers = [one for one in result["projects"][0]["findings"] if one["status"] == "unknown"]
    for name, (rules, subjects, number) in WAITING.items():
        waiting = [one for one in answers if one["waits_for"] == name]
        assert (sorted({one["rule"] for one in waiting}), len({one["address"] for one in waiting}), len(waiting)) == (
            rules, subjects, number,
        )  # fmt: skip
    assert result["counts"]["warnings"] == len(WAITING)


@pytest.mark.usefixtures("open_folder")
@pytest.mark.parametrize("format_", ["table", "markdown", "html"])
def test_variables_and_attributes_that_many_rules_wait_for_are_named_once(run, tmp_path, format_):
    (tmp_path / "result.json").write_text(run("check", ".", "--format", "json").stdout, encoding="utf-8")
    for command in (["check", "."], ["report", "result.json"]):
        said = " ".join(run(*command, "--format", format_).stdout.split())
        assert "3 warnings" in said
        assert "could not be judged" not in said
        for name, (rules, subjects, _) in WAITING.items():
            resources = f"{subjects} resources, " if subjects > 1 else ""
            assert said.count(f"{name} ({resources}rules {', '.join(rules)})") == 1


@pytest.mark.usefixtures("open_folder")
def test_annotations_tell_it_at_the_first_place_and_machines_get_every_answer(run):
    said = run("check", ".", "--format", "github").stdout
    assert said.count("::warning") == said.count("::warning file=main.tf,line=") == len(WAITING)
    assert {name: said.count(f"::{name}") for name in WAITING} == dict.fromkeys(WAITING, 1)
    results = json.loads(run("check", ".", "--format", "sarif").stdout)["runs"][0]["results"]
    assert len(results) >= len({(rule, name) for name, (rules, _, _) in WAITING.items() for rule in rules})


LATE, HERE = Reason.KNOWN_AFTER_APPLY, Reason.NOT_EVALUATED
NAMES = [
    (Unknown("size", "not evaluated: variable size has no value", HERE), "variable size has no value"),
    (Unknown("resource.cost.delta", "incomplete: size: not evaluated: variable size has no value", HERE), "variable size has no value"),
    (Unknown("resource.referrers(x)", "not known: the plan has no configuration section", HERE), "the plan has no configuration section"),
    (Unknown("size", "not evaluated", HERE), "module.m.a.b: size is not evaluated"),
    (Unknown("iops"), "module.m.a.b: iops is known after apply"),
    (Unknown("resource.cost.monthly", "incomplete: known after apply: iops", LATE), "module.m.a.b: iops is known after apply"),
    (Unknown("resource.cost.monthly", "incomplete: no price shipped for x", Reason.NO_PRICE), "no price shipped for x"),
    (Unknown("resource.cost.monthly", "not covered by a cost definition", Reason.NOT_COVERED), "module.m.a.b: what it costs is not covered by a cost definition"),
    (Unknown("x", "the catalog lacks it", Reason.NO_MACHINE_FACT, machine_type="m9.large"), "facts of m9.large are not known"),
    (Unknown("password", "sensitive", None), "module.m.a.b: password: sensitive"),
]  # fmt: skip


@pytest.mark.parametrize("unknown, name", NAMES, ids=[name for _, name in NAMES])
def test_a_fact_has_one_name_for_all_that_wait_for_it(unknown, name):
    """What is a resource's own is that of its block: instances share their expressions."""
    assert {named(unknown, f'module.m["{key}"].a.b[{number}]') for number, key in enumerate("x]y")} == {name}


def test_budgets_lack_what_is_their_own():
    lacks = Unknown("budget.cost.monthly", "incomplete: 1 not priced", None)
    assert named(lacks, "budget a") != named(lacks, "budget b")


def finding(rule, address, *, blocking=False, machine_type="m99.large", status=FindingStatus.UNKNOWN, **fields):
    return Finding(
        rule, "T", fields.pop("severity", Severity.LOW), Enforcement.MANDATORY, status, "m", blocking, address,
        machine_type=machine_type,
        waits_for=fields.pop("waits_for", f"facts of {machine_type} are not known" * bool(machine_type)), **fields,
    )  # fmt: skip


def listed(*findings):
    view = View(Report((), "USD", NOW, "0", findings=findings, judged=True))
    return [
        [(one.rule, one.address, one.severity.value, one.message) for one in view.report.as_told(part)]
        for part in (view.blocking, view.warnings, view.accepted)
    ]


def test_among_what_blocks_if_any_answer_does():
    blocking, warnings, _ = listed(
        finding("a", "r1", blocking=True), finding("b", "r2", severity=Severity.HIGH), finding("c", "r2")
    )
    said = "facts of m99.large are not known (2 resources, rules a, b, c)"
    assert (blocking, warnings) == ([("missing fact", "", "high", said)], [])


def test_of_one_resource_the_place_is_named_and_of_many_rules_the_number():
    _, warnings, _ = listed(*(finding(f"rule-{number}", "r1") for number in range(7)))
    names = ", ".join(f"rule-{number}" for number in range(5))
    said = f"facts of m99.large are not known (rules {names} and 2 more)"
    assert warnings == [("missing fact", "r1", "low", said)]


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


def test_variables_of_two_projects_are_two_facts_and_machine_types_are_of_all():
    findings = [
        finding("a", "r", machine_type="", project=project, waits_for="variable size has no value") for project in "pq"
    ]
    assert missing_facts(findings) == ()
    (fact,) = missing_facts([finding("a", "r", project=project) for project in "pq"])
    assert fact.subjects == ["r"]
    assert fact.as_finding.message == "facts of m99.large are not known (2 resources, rule a)"
