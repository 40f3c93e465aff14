"""`diff`, and `--base` with a result: plans, folders and results against each other, in any mix."""

import json
import shutil

import pytest

PROVIDER = 'provider "aws" { region = "us-east-1" }\n'
SMALL = PROVIDER + 'resource "aws_instance" "i" { instance_type = "t3.micro" }\n'
LARGE = SMALL.replace("t3.micro", "m5.large")
GPU = SMALL.replace("t3.micro", "p4d.24xlarge")
CONFIG = "version: 1\nrules: {packs: [instance-sizes, budget]}\nbudgets: [{name: all, increase: 50}]\n"


def planned(instance_type):
    return {
        "format_version": "1.2",
        "resource_changes": [
            {
                "address": "aws_instance.i",
                "mode": "managed",
                "type": "aws_instance",
                "name": "i",
                "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": {
                    "actions": ["create"],
                    "before": None,
                    "after": {"instance_type": instance_type},
                    "after_unknown": {},
                },
            }
        ],
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}}}
        },
    }


@pytest.fixture(scope="module")
def made(command, tmp_path_factory):
    """Two folders, their plans and their results, and a folder that no rule likes."""
    folder = tmp_path_factory.mktemp("sides")
    for name, text in (("small", SMALL), ("large", LARGE), ("gpu", GPU)):
        (folder / name).mkdir()
        (folder / name / "main.tf").write_text(text, encoding="utf-8")
        assert command("estimate", name, "--out", f"json={name}.result.json", cwd=folder).exit_code == 0
    for name, kind in (("small", "t3.micro"), ("large", "m5.large")):
        (folder / f"{name}.plan.json").write_text(json.dumps(planned(kind)), encoding="utf-8")
    return folder


@pytest.fixture
def sides(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.usefixtures("sides")
@pytest.mark.parametrize("base", ["small", "small.plan.json", "small.result.json"])
@pytest.mark.parametrize("head", ["large", "large.plan.json", "large.result.json"])
def test_any_two_states_differ_by_the_same(run, base, head):
    ran = run("diff", base, head, "--format", "json")
    assert (ran.exit_code, ran.stderr) == (0, "")
    report = json.loads(ran.stdout)
    (resource,) = report["projects"][0]["resources"]
    assert (resource["action"], report["judged"]) == ("update", False)
    assert (resource["monthly_before"], resource["monthly_cost"], resource["monthly_delta"]) == (
        "8.392",
        "70.88",
        "62.488",
    )
    assert run("diff", base, head).stdout.startswith("Difference  monthly cost +$62.49 (+745%): $8.39 → $70.88\n")
    assert run("diff", head, head).stdout.startswith("Difference  monthly cost unchanged: $70.88\n")


@pytest.mark.parametrize(
    "args, said",
    [
        (("gone", "large"), "gone"),
        (("small", "gone"), "gone"),
        (("small.result.json", "euro.json"), "small.result.json: is in USD, and the other side in EUR"),
        (("broken.json", "large"), "broken.json: not a result of guardrail.report/v1"),
        (("small", "--base", "large"), "give the base as BASE"),
        (("HEAD", "large"), "not in a git checkout"),
    ],
)
def test_what_cannot_be_compared_is_one_line(sides, run, args, said):
    text = (sides / "large.result.json").read_text(encoding="utf-8")
    (sides / "euro.json").write_text(text.replace('"USD"', '"EUR"'), encoding="utf-8")
    (sides / "broken.json").write_text(text[:150], encoding="utf-8")
    ran = run("diff", *args)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert ran.stderr.strip().count("\n") == (3 if "--base" in args else 0)


def checked(run, *args):
    ran = run("check", *args, "--format", "json")
    return ran.exit_code, json.loads(ran.stdout)


def test_an_earlier_result_is_a_base(sides, run):
    (sides / "guardrail.yaml").write_text(CONFIG, encoding="utf-8")
    code, report = checked(run, "large", "--base", "small.result.json")
    (resource,) = report["projects"][0]["resources"]
    assert (resource["action"], resource["monthly_delta"]) == ("update", "62.488")
    assert {f["rule"] for f in report["findings"] if f["blocking"]} == {"budget-increase-exceeded"}
    assert code == 1
    assert checked(run, "small", "--base", "small.result.json")[0] == 0


def test_what_the_earlier_result_has_found_does_not_block(sides, run):
    (sides / "guardrail.yaml").write_text(CONFIG, encoding="utf-8")
    code, report = checked(run, "gpu", "--out", "json=judged.json")
    rules = {f["rule"] for f in report["projects"][0]["findings"] if f["blocking"]}
    assert (code, rules) == (1, {"gpu-instance", "oversized-instance", "expensive-resource"})
    code, report = checked(run, "gpu", "--base", "judged.json")
    assert code == 0
    assert {f["status"] for f in report["projects"][0]["findings"] if f["rule"] in rules} == {"pre-existing"}
    code, report = checked(run, "gpu", "--base", "gpu.result.json")  # an estimate has found nothing
    assert code == 1


def test_a_rule_on_what_was_before_is_unknown_against_a_result(sides, run):
    (sides / "rules").mkdir()
    (sides / "rules" / "no-resize.yaml").write_text(
        "id: no-resize\ntitle: t\nseverity: low\nenforcement: mandatory\nmatch: {actions: [update]}\n"
        "validations: [{expression: resource.before.instance_type == resource.after.instance_type, message: resized}]\n",
        encoding="utf-8",
    )
    (sides / "guardrail.yaml").write_text("version: 1\nrules: {packs: [], paths: [rules]}\n", encoding="utf-8")
    _, report = checked(run, "large", "--base", "small.result.json")
    assert [(f["rule"], f["status"]) for f in report["projects"][0]["findings"]] == [("no-resize", "unknown")]
    code, _ = checked(run, "large", "--base", "small")
    assert code == 1


@pytest.mark.usefixtures("sides")
def test_a_plan_takes_no_base(run):
    ran = run("check", "large.plan.json", "--base", "small.result.json")
    assert ran.exit_code == 2
    assert "a plan already holds the state before the change" in ran.stderr
    assert "guardrail diff" in ran.stderr


def test_the_prices_of_both_sides_are_named_and_no_command_brings_those_of_one_alone(sides, run):
    google = 'provider "google" { region = "europe-west1" }\nresource "google_compute_address" "a" {\n  name = "a"\n}\n'
    database = 'resource "google_sql_database_instance" "db" {\n  settings { tier = "db-custom-4-15360" }\n}\n'
    (sides / "google").mkdir()
    (sides / "google/main.tf").write_text(google + database, encoding="utf-8")
    ran = run("diff", "google", "small")
    assert ran.exit_code == 0
    text = " ".join(ran.stdout.split())
    assert "list prices: aws " in text
    assert ", gcp " in text.partition("list prices: ")[2]
    assert "--for small" not in text
    assert "guardrail pricing sync --vendor gcp" in text
