"""What the policy engine is to be able to do, one test a row, by its number. Rows about commands are in `test_section_6_commands.py`.

Row 2 is in `test_tags_of.py`, 11 in `test_cost_groups.py`, 13 and 22 in `test_selectors.py`.
"""

import json
from decimal import Decimal

import pytest
from msgspec.structs import replace

from guardrail.errors import RuleError
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.policy import Judge
from guardrail.policy.budgets import Budget
from guardrail.policy.rules.compiled import compile_rule
from guardrail.policy.rules.rule import Validation
from tests.policy.judging import ENGINES, NOW, PROJECT, judge, resource, rule, specs


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "fields, expected",
    [
        ({"tags": {"env": "dev"}}, []),
        ({"tags": {}}, ["fail"]),
        ({"unknown": ["tags"]}, ["unknown"]),
        ({"unknown": ["tags.env"]}, ["unknown"]),
        ({"tags": {"env": "dev"}, "unknown": ["instance_type"]}, []),
    ],
)
def test_row_1_pass_fail_and_unknown_are_three_answers_on_both_engines(engine, fields, expected):
    asked = rule('resource.tags.env == "dev"', engine=engine)
    assert [status for status, _, _ in judge(asked, resource(**fields))] == expected


@pytest.mark.parametrize("on_unknown, blocks", [("warn", [False]), ("deny", [True]), ("pass", [])])
def test_row_1_a_rule_says_what_an_unknown_answer_does(on_unknown, blocks):
    asked = rule('resource.tags.env == "dev"', on_unknown=on_unknown)
    found = Judge([asked], specs, NOW).project(PROJECT, [resource(unknown=["tags"])])
    assert [one.blocking for one in found] == blocks


def test_row_3_what_can_carry_no_tags_is_not_asked_for_them():
    asked = rule('"env" in resource.tags', match={"taggable": True})
    assert judge(asked, resource("aws_volume_attachment", taggable=False)) == []


def test_row_10_what_was_broken_before_does_not_block():
    asked = rule('resource.tags.env == "dev"')
    found = Judge([asked], specs, NOW).project(PROJECT, [resource(tags={"env": "x"}, before={"tags": {"env": "x"}})])
    assert [(one.status.value, one.blocking) for one in found] == [("pre-existing", False)]


@pytest.mark.parametrize("before, after, expected", [(9500, 10500, "fail"), (10600, 10700, "pre-existing")])
def test_row_12_only_crossing_a_budget_fails(before, after, expected):
    from guardrail.model.report import ProjectReport  # noqa: PLC0415

    asked = rule("budget.monthly == null || budget.cost.known <= budget.monthly", scope="budget")
    change = resource(cost={"monthly": after, "before": before}, action="update", before={})
    (found,) = Judge([asked], specs, NOW).budgets(
        [Budget(name="b", monthly=Decimal(10000))], [(PROJECT, ProjectReport("shop", ".", (change,)))]
    )
    assert found.status.value == expected


def test_row_12_what_has_no_price_leaves_a_budget_open():
    asked = rule("plan.monthly <= 100.0", scope="plan")
    block = NotEvaluated("aws_instance.x", "count is not known", type="aws_instance")
    assert [status for status, _, _ in judge(asked, resource(), missing=[block])] == ["unknown"]


def test_row_14_an_attribute_that_no_schema_has_is_an_error_with_its_place():
    from guardrail.costs import Library  # noqa: PLC0415
    from guardrail.load import resource_types  # noqa: PLC0415

    source = rule("true", match={"types": ["aws_instance"]}).source
    broken = replace(source.rule.validations[0], expression='resource.after.instance_typ == "x"')
    with pytest.raises(
        RuleError, match=r'instance_typ of aws_instance, column \d+ \(did you mean "instance_type"'
    ) as error:
        compile_rule(source.changed(validations=(broken,)), types=resource_types(Library()))
    assert error.value.place[1]


def test_row_15_every_condition_that_is_false_is_told():
    texts = ["resource.name == 'this'", "resource.type == 'x'", "resource.region == 'y'"]
    content = tuple(Validation(expression=text, message=f"condition {number}") for number, text in enumerate(texts))
    asked = compile_rule(rule("true").source.changed(validations=content))
    assert [said for _, _, said in judge(asked, resource(region="z"))] == ["condition 1; condition 2"]


RULE = """\
id: named
title: Machines have a name
severity: low
enforcement: advisory
match: {types: [aws_instance]}
validations: [{expression: '"Name" in resource.tags', message: "no name"}]
fix: Give it one.
tests:
  - {expect: pass, resource: {type: aws_instance, tags: {Name: a}}}
  - {expect: fail, resource: {type: aws_instance}, message: no name}
"""


def test_row_26_pages_of_rules_have_examples_that_are_tests(run, tmp_path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/named.yaml").write_text(RULE, encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text("version: 1\nrules: {packs: [], paths: [policies]}\n", encoding="utf-8")
    page = run("rules", "docs", "policies").stdout
    assert 'An example that passes:\n\n```yaml\nresource: {"type": "aws_instance", "tags": {"Name": "a"}}\n```' in page
    assert 'An example that fails:\n\n```yaml\nresource: {"type": "aws_instance"}\nmessage: "no name"\n```' in page
    shown = run("rules", "show", "named").stdout
    assert "an example that passes:\n  resource: " in shown
    (tmp_path / "policies/named.yaml").write_text(RULE.replace('"Name" in', '"name" in'), encoding="utf-8")
    broken = run("rules", "docs", "policies")
    assert (broken.exit_code, broken.stdout) == (1, "")
    assert "expected pass, got fail" in broken.stderr


def test_row_27_without_a_plan_what_a_variable_decides_is_open_and_does_not_block(run, tmp_path):
    (tmp_path / "main.tf").write_text(
        'variable "tags" {}\nresource "aws_s3_bucket" "a" {\n  tags = var.tags\n}\n', encoding="utf-8"
    )
    (tmp_path / "guardrail.yaml").write_text("version: 1\nrules: {packs: [tagging]}\n", encoding="utf-8")
    ran = run("check", ".", "--format", "json")
    findings = json.loads(ran.stdout)["projects"][0]["findings"]
    assert ran.exit_code == 0
    assert {one["status"] for one in findings if one["rule"] == "required-tags"} == {"unknown"}
