"""Where a rule applies: repository, workspace, module, provider alias, tags (row 22); and rules that guard nothing (row 13)."""

import json

import pytest

from guardrail.policy.rules.dead import why_dead
from tests.policy.judging import ENGINES, PROJECT, TOLD, judge, resource, rule
from tests.terraform import plans

FITTING = {
    "repositories": ["acme/*", "other/x"],
    "workspaces": ["def?ult"],
    "modules": ["module.web*"],
    "provider_aliases": ["eu"],
    "tags": {"team": ["shop", "b*"]},
}
OTHERS = {
    "repositories": ["acme"],
    "workspaces": ["prod"],
    "modules": [""],
    "provider_aliases": [""],
    "tags": {"team": ["shop.*"]},
}


def subject(**fields):
    return resource(**{"module": 'module.web["a"]', "provider_alias": "eu", "tags": {"team": "bill"}, **fields})


def found(match, *resources, engine=None, **options):
    return [status for status, _, _ in judge(rule("false", match=match, engine=engine), *resources, **options)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", FITTING)
def test_row_22_a_rule_applies_where_its_selectors_fit(name, engine):
    assert found({name: FITTING[name]}, subject(), engine=engine) == ["fail"]
    assert found({name: OTHERS[name]}, subject(), engine=engine) == []
    assert found({**FITTING, name: OTHERS[name]}, subject(), engine=engine) == []


def test_a_pattern_is_the_whole_text_and_takes_characters_of_regular_expressions_as_they_are():
    odd = subject(tags={"team": "a.b(c)|d[1]"})
    assert found({"tags": {"team": ["a.b(c)|d[1]"]}}, odd) == ["fail"]
    assert found({"tags": {"team": ["a.b"]}}, odd) == []
    assert found({"tags": {"team": ["axb*"]}}, odd) == []
    assert found({"tags": {"missing": ["*"]}}, odd) == []


def test_what_is_not_known_leaves_the_answer_open():
    assert found({"tags": {"team": ["shop"]}}, resource(unknown=["tags.team"])) == ["unknown"]
    from msgspec.structs import replace  # noqa: PLC0415

    from guardrail.policy import NO_REPOSITORY  # noqa: PLC0415

    nowhere = replace(PROJECT, repository=NO_REPOSITORY)
    assert found({"repositories": ["acme/*"]}, subject(), project=nowhere) == ["unknown"]
    passing = rule("true", match={"repositories": ["acme/*"]})
    assert judge(passing, subject(), project=nowhere) == []


def test_a_rule_s_own_when_comes_beside_them():
    asked = rule("false", match={"workspaces": ["default"]}, when='resource.name == "a"')
    assert [address for _, address, _ in judge(asked, resource(name="a"), resource(name="b"))] == ["aws_instance.a"]


def test_the_source_of_a_module_is_what_its_call_says(run, tmp_path):
    files = {
        "main.tf": 'module "a" {\n  source = "./modules/net"\n}\nmodule "b" {\n  source = "./modules/web"\n}\n',
        "modules/net/main.tf": 'resource "aws_s3_bucket" "b" {}\n',
        "modules/web/main.tf": 'resource "aws_s3_bucket" "b" {}\n',
        "policies/r.yaml": json.dumps(
            {
                "id": "r",
                "title": "R",
                "severity": "low",
                "enforcement": "mandatory",
                "match": {"module_sources": ["./modules/n*"]},
                "validations": [{"expression": "resource.type == ''", "message": "m"}],
            }
        ),
        "guardrail.yaml": "version: 1\nrules: {packs: [], paths: [policies]}\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    report = json.loads(run("check", ".", "--format", "json").stdout)
    assert [one["address"] for one in report["projects"][0]["findings"]] == ["module.a.aws_s3_bucket.b"]


@pytest.mark.parametrize(
    "fields, why",
    [
        ({"when": "false"}, "never applies"),
        ({"when": "params.on", "params": {"on": False}}, "never applies"),
        ({"when": "resource.type == 'x'"}, ""),
        ({"when": "1 / 0 == 1"}, ""),
    ],
)
def test_row_13_a_rule_that_can_never_apply_is_told(fields, why):
    where, said = why_dead(rule("resource.type == 'x'", **fields))
    assert why in said
    assert bool(where) is bool(why)


def test_row_13_a_rule_that_can_never_fail_is_told():
    assert "can never fail" in why_dead(rule("1 == 1", "true"))[1]
    assert why_dead(rule("1 == 1", "resource.type != 'x'")) == ("", "")


CONFIG = "version: 1\nrules: {packs: [], paths: [policies]}\nprojects: [{name: shop, plan: plan.json}]\n"
RULES: dict[str, dict[str, object]] = {
    "idle": {"match": {"types": ["aws_sqs_queue"]}},
    "skipped": {"when": "resource.name == 'x'"},
    "never": {"when": "false"},
    "useful": {},
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "policies").mkdir()
    for name, fields in RULES.items():
        content: dict[str, object] = {"id": name, "title": "T", "severity": "low", "enforcement": "mandatory", **fields}
        content["validations"] = [{"expression": "resource.type == 'x'", "message": "m"}]
        (tmp_path / "policies" / f"{name}.yaml").write_text(json.dumps(content), encoding="utf-8")
    change = plans.change(
        "aws_instance.a", {"instance_type": "t3.large"}, type="aws_instance", name="a", provider_name="aws"
    )
    (tmp_path / "plan.json").write_text(json.dumps(plans.document(change)), encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def test_row_13_what_matched_nothing_is_in_the_report_and_in_its_details(run, folder):
    assert (folder / "plan.json").is_file()
    report = json.loads(run("check", "--format", "json").stdout)
    assert report["rule_use"] == {
        "idle": {"matched": 0, "applied": False},
        "never": {"matched": 1, "applied": False},
        "skipped": {"matched": 1, "applied": False},
        "useful": {"matched": 1, "applied": True},
    }
    assert "never.yaml:1: rule never never applies: its `when` is always false" in " ".join(report["warnings"])
    details = " ".join(run("check", "--details").stdout.split())
    assert "3 of 4 match something here match nothing here: idle" in details
    assert "match, and their `when` is false everywhere: never, skipped" in details
    linted = run("rules", "lint")
    assert (linted.exit_code, linted.stdout) == (0, "4 rules, no errors\n")
    assert "rule never never applies" in linted.stderr


@pytest.mark.parametrize(
    "typo, known",
    [("aws_instnace", 'did you mean "aws_instance"'), ("aws_foobarqux_zap", "no resource type is called")],
)
def test_row_13_a_type_that_no_provider_has_is_an_error(run, folder, typo, known):
    path = folder / "policies/idle.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("aws_sqs_queue", typo), encoding="utf-8")
    ran = run("check")
    assert ran.exit_code == 2
    assert known in ran.stderr


def test_row_22_the_computed_set_of_an_input_is_listed(run, folder):
    assert (folder / "plan.json").is_file()
    listed = json.loads(run("rules", "list", "plan.json", "--format", "json").stdout)
    assert {one["rule"]: (one["matched"], one["applied"], one["findings"]) for one in listed["rules"]} == {
        "useful": (1, True, 1),
        "skipped": (1, False, 0),
        "never": (1, False, 0),
        "idle": (0, False, 0),
    }
    text = run("rules", "list", "plan.json").stdout
    assert "1 rule matches nothing here: idle" in text
    assert TOLD.facts.has_configuration
