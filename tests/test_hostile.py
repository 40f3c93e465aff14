"""Plans by people who mean harm: no output changes its structure, and nothing that is sensitive appears in any."""

import csv
import io
import json

import pytest

from tests.report.schemas import report_validator

CANARY = "canary-7f3a9c"
HOSTILE = {
    "newlines": "x\n::set-output name=a::b\n::add-mask::e",
    "comment": "--> <!-- guardrail-report key=default -->",
    "markdown": "`code` | a | b | @org/team </details> [x](javascript:alert(1))",
    "terminal": "\x1b[31m\x1b]0;title\x07\r\x08\u202e\u0000",
    "formula": '=HYPERLINK("http://x")',
    "long": "A" * 1_000_000,
    "emoji": "\U0001f600\u200d\U0001f525",
    "azure": "##vso[task.setvariable variable=x]y",
}


def plan(text):
    resource = {
        "mode": "managed",
        "type": "aws_instance",
        "name": "x",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": ["create"],
            "before": None,
            "after": {
                "instance_type": "p4d.24xlarge",
                "availability_zone": "us-east-1a",
                "tags": {text: text, "team": text},
                "user_data": CANARY,
                "root_block_device": [{"volume_type": CANARY, "volume_size": 10}],
                "huge": 10**400,
            },
            "after_unknown": {},
            "after_sensitive": {"user_data": True, "root_block_device": [{"volume_type": True}]},
        },
    }
    named = {**resource, "address": f"aws_instance.x[{json.dumps(text)}]", "index": text}
    return json.dumps({"format_version": "1.2", "resource_changes": [named], "configuration": {"root_module": {}}})


RULE = f"""\
id: shows-everything
title: Shows what it can
severity: low
enforcement: mandatory
validations:
  - expression: resource.after.user_data != "{CANARY}"
    message: "{{resource.address}} {{resource.tags}} {{resource.after.user_data}} {{resource.after.root_block_device}}"
"""


FORMATS = ("json", "csv", "markdown", "table")


@pytest.fixture(scope="module")
def written():
    """Text -> what a check of its plan has written, by format: one check writes them all."""
    return {}


@pytest.fixture
def check(run, tmp_path, written):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "r.yaml").write_text(RULE, encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text(
        "version: 1\nrules: {packs: [tagging, instance-sizes, budget, waste], paths: [policies]}\n", encoding="utf-8"
    )

    def call(text, format_name):
        if text not in written:
            files = {name: tmp_path / f"report.{name}" for name in FORMATS}
            outs = (part for name, path in files.items() for part in ("--out", f"{name}={path}"))
            ran = run("check", "-", "--now", "2026-01-01", *outs, stdin=plan(text))
            assert ran.exit_code == 1, ran.stderr
            assert CANARY not in ran.stdout + ran.stderr
            written[text] = {name: path.read_bytes().decode() for name, path in files.items()}
        assert CANARY not in written[text][format_name]
        return written[text][format_name]

    return call


@pytest.fixture(params=HOSTILE, ids=list(HOSTILE))
def text(request):
    return HOSTILE[request.param]


def test_json_stays_json_of_our_schema(check, text):
    report = json.loads(check(text, "json"))
    report_validator().validate(report)
    assert len(report["projects"][0]["resources"]) == 1


def test_csv_keeps_its_columns_and_starts_no_formula(check, text):
    rows = list(csv.reader(io.StringIO(check(text, "csv"), newline="")))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "@"))]


def test_a_comment_keeps_its_blocks_and_its_size(check, text):
    comment = check(text, "markdown")
    calm = check("calm", "markdown")
    assert len(comment.encode()) <= 65_000
    assert comment.count("<details>") == comment.count("</details>") <= calm.count("<details>")
    for part in ("<!--", "-->", "\n### ", "@org"):
        assert comment.count(part) == calm.count(part), part
    assert not any(ord(char) < 32 and char != "\n" for char in comment)


def test_a_terminal_obeys_nothing_of_it(check, text):
    table = check(text, "table")
    assert not any(ord(char) < 32 and char != "\n" for char in table)
    assert "\u202e" not in table
    assert not [line for line in table.splitlines() if line.lstrip().startswith(("::", "##vso["))]
    assert max(map(len, table.splitlines())) < 400


@pytest.mark.parametrize(
    "content",
    [
        '{"format_version":"1.2","resource_changes":' + "[" * 100_000,
        '{"format_version":"1.2","x":' + '{"a":' * 5000 + "1" + "}" * 5000 + "}",
        '{"format_version":"1.2","resource_changes":{"a":1}}',
        '{"format_version":"1.2","resource_changes":[1, null, "x"]}',
        '{"format_version":"1.2","resource_changes":[{"address":5}]}',
        '{"format_version":"1.2","resource_changes":[{"address":"a.b","mode":"managed","change":[]}]}',
        '{"format_version":"1.2","resource_changes":[{"address":"a.b","mode":"managed","change":{"actions":"create"}}]}',
        '{"format_version":"99.0","resource_changes":[]}',
        '{"format_version":{},"resource_changes":[]}',
        '{"format_version":"1.2","configuration":[],"resource_changes":[]}',
        '{"format_version":"1.2","configuration":{"root_module":{"module_calls":[1]}},"resource_changes":[]}',
        '{"format_version":"1.2","resource_changes":[],"x":"\\ud800"}',
        "\x00" * 100,
        "[]",
        "{}",
        "null",
        "",
    ],
)
def test_what_is_no_plan_is_refused_in_one_line_or_read_as_an_empty_one(run, content):
    ran = run("check", "-", stdin=content)
    assert ran.exit_code in {0, 2}
    assert "Traceback" not in ran.stderr
    assert ran.exit_code == 0 or len(ran.stderr.strip().splitlines()) == 1


def test_the_last_of_duplicate_keys_counts_as_for_every_other_reader(run):
    duplicated = plan("calm").replace(
        '"instance_type": "p4d.24xlarge"', '"instance_type": "p4d.24xlarge", "instance_type": "t3.micro"'
    )
    ran = run("check", "-", "--format", "json", stdin=duplicated)
    (resource,) = json.loads(ran.stdout)["projects"][0]["resources"]
    assert "t3.micro" in resource["components"][0]["name"]


@pytest.mark.parametrize(
    "config",
    [
        "waivers: NAME",
        "rules: {paths: [NAME]}",
        "pricing: {definitions: [NAME]}",
        "projects: [{name: a, path: NAME}]",
        "projects: [{name: a, plan: NAME}]",
        "projects: [{name: a, path: ., usage: NAME}]",
    ],
)
@pytest.mark.parametrize("name", ["n" * 5_000, "d/" * 3_000, "a\\0b"], ids=["long", "deep", "null"])
def test_a_name_that_no_system_takes_is_refused_in_one_line(run, tmp_path, config, name):
    (tmp_path / "guardrail.yaml").write_text(f"version: 1\n{config}\n".replace("NAME", f'"{name}"'), encoding="utf-8")
    ran = run("check")
    assert ran.exit_code == 2
    assert ran.stderr.count("\n") == 1
    assert "bug" not in ran.stderr
