"""Commands as people type them: exit codes, what goes where, and one line for every mistake."""

import json
import tempfile
from typing import Any

import jsonschema
import pytest

import guardrail.check.run
from guardrail.cli.output import FORMAT_NAMES
from guardrail.report import FORMATS

PLAN: dict[str, Any] = {
    "format_version": "1.2",
    "terraform_version": "1.9.8",
    "resource_changes": [
        {
            "address": "aws_instance.big",
            "mode": "managed",
            "type": "aws_instance",
            "name": "big",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["create"],
                "before": None,
                "after": {
                    "instance_type": "p4d.24xlarge",
                    "availability_zone": "us-east-1a",
                    "tags": {},
                    "tags_all": {},
                },
                "after_unknown": {"id": True},
            },
        }
    ],
    "configuration": {"root_module": {}},
}
SMALL = json.loads(json.dumps(PLAN).replace("p4d.24xlarge", "t3.micro"))
UNKNOWN = json.loads(
    json.dumps(SMALL).replace('"instance_type": "t3.micro", ', "").replace('{"id": true}', '{"instance_type": true}')
)
EMPTY = {**PLAN, "resource_changes": []}
OLD = {**PLAN, "resource_changes": [PLAN["resource_changes"][0] | {"change": {
    "actions": ["no-op"], "before": PLAN["resource_changes"][0]["change"]["after"],
    "after": PLAN["resource_changes"][0]["change"]["after"], "after_unknown": {},
}}]}  # fmt: skip
BROKEN_RULE = """\
id: always-breaks
title: A rule that cannot be evaluated
severity: low
enforcement: advisory
validations: [{expression: resource.after.tags.nope.deeper == 1, message: never}]
"""


@pytest.fixture
def write(tmp_path):
    def put(name, content):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file

    return put


@pytest.mark.parametrize(
    "plan, options, code",
    [
        (SMALL, [], 0),
        (EMPTY, [], 0),
        (PLAN, [], 1),
        (PLAN, ["--fail-on", "never"], 0),
        (UNKNOWN, [], 0),
        (UNKNOWN, ["--fail-on", "warn"], 1),
        (OLD, [], 0),
        (OLD, ["--fail-on", "warn"], 0),
        ("not a plan", [], 2),
    ],
)
def test_exit_codes_are_one_table(run, write, plan, options, code):
    write("plan.json", plan)
    assert run("check", "plan.json", "--now", "2026-01-01", *options).exit_code == code


@pytest.mark.parametrize("format_name", FORMAT_NAMES)
@pytest.mark.parametrize("plan, options, code", [(SMALL, [], 0), (PLAN, [], 1), (UNKNOWN, ["--fail-on", "warn"], 1)])
def test_exit_codes_are_the_same_in_every_format(run, write, format_name, plan, options, code):
    write("plan.json", plan)
    assert run("check", "plan.json", "--format", format_name, "--now", "2026-01-01", *options).exit_code == code


def test_a_rule_that_cannot_be_evaluated_is_neither_pass_nor_fail(run, write):
    write("plan.json", SMALL)
    write("policies/always-breaks.yaml", BROKEN_RULE)
    write("guardrail.yaml", "version: 1\nrules: {packs: [], paths: [policies]}\n")
    ran = run("check", "plan.json", "--format", "json")
    assert ran.exit_code == 2
    (finding,) = json.loads(ran.stdout)["projects"][0]["findings"]
    assert finding["status"] == "error"
    assert 'there is no key "nope"' in finding["message"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["check", "nope.json"], "nope.json: no such file"),
        (["check", "*.nope"], "no plan matches *.nope"),
        (["check", "empty"], "empty: a folder without a plan.json or tfplan.json"),
        (["check", "--config", "nope.yaml"], "nope.yaml: no such configuration"),
        (["check", "plan.json", "--catalog", "nope.sqlite"], "nope.sqlite: no such catalog"),
        (["check", "plan.json", "--usage-file", "nope.yml"], "nope.yml: no such usage file"),
        (["check", "plan.json", "--now", "yesterday"], "'yesterday' is not a date or a time"),
        (["check", "plan.json", "--out", "pdf=x"], "'pdf=x' is not FORMAT=PATH with one of"),
        (["check", "plan.json", "--out", "json=plan.json/x.json"], "cannot be written"),
        (["check", "plan.json", "--format", "xml"], "'xml' is not one of"),
        (["explain", "aws_instance.bigg", "plan.json"], 'did you mean "aws_instance.big"?'),
        (["explain", "gpu-instnace"], 'did you mean "gpu-instance"?'),
        (["rules", "show", "gpu-instnace"], 'did you mean "gpu-instance"?'),
        (["chekc"], 'did you mean "check"?'),
    ],
)
def test_a_mistake_is_one_line_on_stderr_and_exit_code_2(run, write, arguments, message):
    write("plan.json", SMALL)
    write("empty/README.md", "no plan here")
    ran = run(*arguments)
    assert ran.exit_code == 2
    assert ran.stdout == ""
    last = ran.stderr.strip().splitlines()[-1]
    assert message in last
    assert "Traceback" not in ran.stderr


def test_machine_formats_stand_alone_on_stdout(run, write):
    write("plan.json", b"\xef\xbb\xbf".decode("utf-8-sig") + json.dumps(PLAN))
    ran = run("check", "plan.json", "--format", "json")
    assert json.loads(ran.stdout)["schema"] == "guardrail.report/v1"
    assert ran.stderr == ""


def test_a_blocked_check_has_written_its_files_before_it_exits(run, write, tmp_path):
    write("plan.json", PLAN)
    ran = run(
        "check",
        "plan.json",
        "--out",
        "json=out/report.json",
        "--out",
        "markdown=out/comment.md",
        "--out",
        "csv=costs.csv",
    )
    assert ran.exit_code == 1
    assert json.loads((tmp_path / "out" / "report.json").read_text())["verdict"] == "fail"
    assert (tmp_path / "out" / "comment.md").read_text().startswith("### ")
    assert (tmp_path / "costs.csv").read_text().startswith("project,")
    assert not [path.name for path in tmp_path.rglob(".*")]


def test_standard_input_globs_and_several_plans(run, write):
    write("a/one.json", SMALL)
    write("a/two.json", PLAN)
    assert run("check", "-", stdin=json.dumps(SMALL)).exit_code == 0
    report = json.loads(run("check", "a/*.json", "--format", "json").stdout)
    assert [project["name"] for project in report["projects"]] == ["a/one.json", "a/two.json"]
    total = sum(float(project["totals"]["monthly_cost"]) for project in report["projects"])
    assert float(report["totals"]["monthly_cost"]) == pytest.approx(total)
    both = json.loads(run("estimate", "-", "--format", "json", stdin=json.dumps([SMALL, PLAN])).stdout)
    assert [project["name"] for project in both["projects"]] == ["stdin[0]", "stdin[1]"]


def test_no_plans_are_fine_if_that_is_said(run):
    ran = run("check", "plans/*.json", "--allow-no-plans", "--format", "json")
    assert (ran.exit_code, json.loads(ran.stdout)["projects"]) == (0, [])


def test_the_same_input_gives_the_same_bytes(run, write):
    write("plan.json", PLAN)
    first, second = (run("check", "plan.json", "--format", "json", "--now", "2026-01-01").stdout for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "choice, environment, colored",
    [
        ("auto", {}, False),
        ("always", {}, True),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "0"}, False),
        ("auto", {"FORCE_COLOR": ""}, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_follow_the_flag_then_no_color_then_force_color(run, write, monkeypatch, choice, environment, colored):
    write("plan.json", PLAN)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in run("check", "plan.json", "--color", choice).stdout) is colored


def test_explain_names_every_price_row(run, write):
    write("plan.json", SMALL)
    ran = run("explain", "aws_instance.big", "plan.json")
    assert ran.exit_code == 0
    assert "t3.micro" in ran.stdout
    assert "0.0104 per Hrs" in ran.stdout
    assert "730 hours x $0.0104 = $7.592" in ran.stdout


@pytest.mark.parametrize(
    "address, amount",
    [
        ("aws_sqs_queue.jobs", "not known (depends on usage that is not given)"),
        ("aws_kms_key.key", "at least $1.00 a month (depends on usage that is not given)"),
        ("aws_instance.sized", "at least $0.80 a month (only partly priced)"),
        ("aws_ebs_volume.disk", "not known (not priced)"),
    ],
)
def test_explain_says_what_of_an_amount_is_missing(run, write, address, amount):
    write(
        "main.tf",
        'provider "aws" {\n  region = "us-east-1"\n}\nvariable "x" {}\nresource "aws_sqs_queue" "jobs" {}\n'
        'resource "aws_kms_key" "key" {}\nresource "aws_instance" "sized" {\n  instance_type = var.x\n}\n'
        'resource "aws_ebs_volume" "disk" {\n  availability_zone = "us-east-1a"\n  size = var.x\n}\n',
    )
    ran = run("explain", address)
    assert ran.exit_code == 0
    assert f"after:\n  {amount}\n" in ran.stdout


def test_explain_shows_a_rule_as_it_is_set_here(run, write):
    write(
        "guardrail.yaml", "version: 1\nrules: {packs: [budget], set: {expensive-resource: {params: {monthly: 42}}}}\n"
    )
    ran = run("explain", "expensive-resource")
    assert ran.exit_code == 0
    assert "monthly = 42" in ran.stdout


def test_a_usage_file_to_fill_in_is_one_that_can_be_read_back(run, write):
    lambda_plan = json.loads(json.dumps(SMALL).replace("aws_instance", "aws_lambda_function"))
    write("plan.json", lambda_plan)
    for options in ([], ["--by", "address"]):
        template = run("usage", "init", "plan.json", *options).stdout
        assert "# monthly_requests: 0" in template
        write("usage.yml", template.replace("# monthly_requests", "monthly_requests"))
        assert run("estimate", "plan.json", "--usage-file", "usage.yml").exit_code == 0


LAMBDA = """
provider "aws" { region = "us-east-1" }
resource "aws_lambda_function" "fn" {
  function_name = "fn"
  role          = "r"
  memory_size   = 512
}
"""


def test_assumed_usage_is_marked_in_totals_lines_and_notes(run, write):
    write("app/main.tf", LAMBDA)
    write("guardrail.yaml", "version: 1\npricing: {assume_usage: small}\nbudgets: [{name: all, monthly: 50}]\n")
    small, none = (run("estimate", "app", *options).stdout for options in ([], ["--assume-usage", "none"]))
    assert "of which $1.87 on assumed usage (profile small)" in " ".join(small.split())
    assert "assumed usage (profile small): monthly_requests 1,000,000" in " ".join(small.split())
    assert "`guardrail usage assumptions` prints what it assumes" in " ".join(small.split())
    assert "assumed usage" not in none
    result = json.loads(run("check", "app", "--assume-usage", "medium", "--format", "json").stdout)
    assert (result["usage_profile"], result["totals"]["assumed_usage_cost"]) == ("medium", "56.0001")
    assert result["totals"]["monthly_cost_bound"] == "about"
    # What is assumed exceeds the budget: a warning, and no more.
    assert [(one["rule"], one["blocking"]) for one in result["findings"]] == [
        ("budget-exceeded-on-assumed-usage", False)
    ]


def test_runs_of_different_profiles_are_not_compared(run, write):
    write("app/main.tf", LAMBDA)
    run("estimate", "app", "--assume-usage", "small", "--out", "json=small.json")
    for command in (["check", "app", "--base", "small.json"], ["diff", "small.json", "app"]):
        ran = run(*command, "--assume-usage", "large")
        assert ran.exit_code == 2
        assert (
            "made with assumed usage (profile small), and the other side with assumed usage (profile large)"
            in ran.stderr
        )
    assert run("diff", "small.json", "app", "--assume-usage", "small").exit_code == 0


TRANSFER = """
resource_usage:
  aws_data_transfer.east: {region: us-east-1, monthly_outbound_internet_gb: 20480}
"""


def test_data_transfer_of_the_usage_file_is_priced_once_and_adds_nothing_to_a_change(run, write):
    for name in ("one", "two"):
        write(f"{name}/main.tf", LAMBDA)
    write("usage.yml", TRANSFER)
    projects = ", ".join(f"{{name: {name}, path: {name}, usage: usage.yml}}" for name in ("one", "two"))
    write("guardrail.yaml", f"version: 1\nprojects: [{projects}]\nbudgets: [{{name: all, monthly: 1000}}]\n")
    result = json.loads(run("check", "--format", "json").stdout)
    # 10 TB at $0.09 and 10 TB at $0.085, in the first of the two projects that share the file.
    assert [one["totals"]["monthly_cost"] for one in result["projects"]] == ["1792", "0"]
    assert result["totals"]["monthly_delta"] == "0"
    assert not [text for text in result["warnings"] if "aws_data_transfer" in text]
    # What a budget counts of it was there before: nothing blocks.
    assert [(one["rule"], one["status"]) for one in result["findings"]] == [("budget-exceeded", "pre-existing")]


def test_what_a_profile_assumes_can_be_printed(run, write):
    text = run("usage", "assumptions", "aws_nat_gateway").stdout
    assert text.startswith("aws_nat_gateway\n  availability_zones: small 1  medium 2  large 3\n    a regional gateway")
    assert "  monthly_data_processed_gb: small 2  medium 60  large 1,000\n    a tenth of the traffic" in text
    listed = json.loads(run("usage", "assumptions", "--format", "json").stdout)
    assert {"type": "aws_instance", "key": "monthly_cpu_credit_hrs", "small": 0}.items() <= next(
        one for one in listed if one["type"] == "aws_instance"
    ).items()
    ran = run("usage", "assumptions", "aws_nat_gatway")
    assert (ran.exit_code, ran.stderr.strip()) == (
        2,
        'guardrail: no profile assumes usage of aws_nat_gatway (did you mean "aws_nat_gateway"?)',
    )
    write("app/main.tf", LAMBDA)
    assert (
        "# monthly_requests: 30000000  # medium profile: the requests"
        in run("usage", "init", "app", "--assume-usage", "medium").stdout
    )


def test_an_entry_of_the_usage_file_that_fits_nothing_is_told(run, write):
    write("plan.json", SMALL)
    write("usage.yml", "resource_usage:\n  aws_instance.bgi: {monthly_hrs: 100}\n")
    ran = run("estimate", "plan.json", "--usage-file", "usage.yml", "--format", "json")
    assert (
        'usage.yml:2: no resource has the address aws_instance.bgi (did you mean "aws_instance.big"?)'
        in (json.loads(ran.stdout)["warnings"])
    )


@pytest.mark.parametrize("name", ["config", "rule", "usage", "waivers", "definition", "report"])
def test_schemas_are_json_schemas(run, name):

    ran = run("schema", name)
    jsonschema.Draft202012Validator.check_schema(json.loads(ran.stdout))
    assert ran.exit_code == 0


def test_rules_can_be_listed_linted_and_tested(run):
    listed = run("rules", "list", "--all")
    assert {"required-tags", "gpu-instance", "budget-exceeded"} <= set(listed.stdout.split())
    assert run("rules", "lint").exit_code == 0
    tested = run("rules", "test")
    assert tested.exit_code == 0
    assert " 0 failed" in tested.stdout


def test_a_rule_test_that_does_not_come_out_is_exit_code_1(run, write):
    write("policies/r.yaml", BROKEN_RULE + "tests: [{expect: pass, resource: {type: aws_instance}}]\n")
    ran = run("rules", "test", "policies")
    assert ran.exit_code == 1
    assert "policies/r.yaml:6: always-breaks" in ran.stdout


def test_every_command_says_what_it_is_for(run):
    for command in (
        [],
        ["check"],
        ["estimate"],
        ["explain"],
        ["rules"],
        ["rules", "test"],
        ["usage", "init"],
        ["schema"],
    ):
        ran = run(*command, "--help")
        assert ran.exit_code == 0
        assert ran.stdout.startswith("Usage: guardrail")
        assert max(map(len, ran.stdout.splitlines())) <= 100


def test_a_bug_of_ours_is_exit_code_3_and_a_file_without_values_of_the_plan(run, write, monkeypatch, tmp_path):

    def explode(_settings, **_more):
        raise RuntimeError("hunter" + str(2))

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(guardrail.check.run, "check", explode)
    write("plan.json", PLAN)
    ran = run("check", "plan.json")
    assert ran.exit_code == 3
    (file,) = tmp_path.glob("guardrail-bug-*.txt")
    assert str(file) in ran.stderr
    assert "RuntimeError" in file.read_text()
    assert "hunter2" not in file.read_text() + ran.stderr + ran.stdout


def test_the_formats_offered_are_those_there_are():
    assert set(FORMAT_NAMES) == set(FORMATS)


NAT: dict[str, Any] = {
    **PLAN,
    "resource_changes": [
        {
            "address": "aws_nat_gateway.n",
            "mode": "managed",
            "type": "aws_nat_gateway",
            "name": "n",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["no-op"],
                "before": {"id": "nat-0a1b", "region": "us-east-1"},
                "after": {"id": "nat-0a1b", "region": "us-east-1"},
                "after_unknown": {},
            },
        }
    ],
}


def test_a_result_carries_what_a_bill_calls_things(run, write):
    ran = run("check", write("plan.json", NAT), "--config", write("g.yaml", "version: 1\n"), "--format", "json")
    (resource,) = json.loads(ran.stdout)["projects"][0]["resources"]
    assert resource["id"] == "nat-0a1b"
    hours, data = resource["components"]
    assert hours["meter"].endswith("NatGateway-Hours")
    assert "usage_key" not in hours
    assert data["meter"].endswith("NatGateway-Bytes")
    assert data["usage_key"] == "monthly_data_processed_gb"


@pytest.mark.parametrize("name", ["check", "estimate"])
def test_ids_and_authors_can_be_left_out_of_results(run, write, monkeypatch, name):
    event = {"pull_request": {"number": 7, "user": {"login": "ana"}}}
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(write("event.json", event)))
    plan = write("plan.json", NAT)

    def result(report):
        config = write("g.yaml", f"version: 1\nreport: {report}\n")
        return json.loads(run(name, plan, "--config", config, "--format", "json").stdout)

    told, not_told = result("{}"), result("{ids: false, author: false}")
    assert (told["pull_request"]["author"], told["event"]) == ("ana", "pull_request")
    assert told["projects"][0]["resources"][0]["id"] == "nat-0a1b"
    assert not_told["pull_request"] == {"number": 7, "commit": "", "author": None, "merged_at": None}
    assert "id" not in not_told["projects"][0]["resources"][0]
