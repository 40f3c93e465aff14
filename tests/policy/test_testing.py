from typing import Any

import pytest

from guardrail.errors import RuleError
from guardrail.policy import run_tests
from tests.policy.judging import ENGINES, rule, specs

CASES = [
    ("resource.after.size < 5", {"expect": "pass", "resource": {"type": "a", "attributes": {"size": 1}}}, ""),
    ("resource.after.size < 5", {"expect": "pass", "resource": {"type": "a", "attributes": {"size": 9}}}, "expected pass, got fail: broken"),
    ("resource.after.size < 5", {"expect": "fail", "resource": {"type": "a", "unknown": ["size"]}}, "expected fail, got unknown: cannot be told yet: size is known after apply"),
    ("resource.after.size < 5", {"expect": "fail", "resource": {"type": "a", "attributes": {"size": "x"}}}, "expected fail, got error: the rule could not be evaluated"),
    ("resource.after.size < 5", {"expect": "error", "resource": {"type": "a", "attributes": {"size": "x"}}}, ""),
    ("resource.after.size < 5", {"expect": "fail", "message": "other", "resource": {"type": "a", "attributes": {"size": 9}}}, "expected the message 'other', got 'broken'"),
    ("resource.after.size < 5", {"expect": "pass", "resource": {"type": "a", "action": "delete"}}, "expected pass, got skip"),
    ("resource.after.size < params.limit", {"expect": "pass", "params": {"limit": 9}, "resource": {"type": "a", "attributes": {"size": 7}}}, ""),
    ("resource.after.size < params.limit", {"expect": "pass", "params": {"limt": 9}, "resource": {"type": "a"}}, "has no such parameter"),
    ("resource.instance.vcpu < params.limit", {"expect": "pass", "resource": {"type": "aws_instance", "instance": {"type": "m5.large"}}}, ""),
    ("true", {"expect": "pass"}, "a test of a resource rule needs `resource`"),
]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("expression, test, mismatch", CASES)
def test_a_mismatch_is_said_clearly(expression, test, mismatch, engine):
    compiled = rule(expression, params={"limit": 5}, tests=[test])
    (result,) = run_tests([compiled.source], specs=specs, engine=engine)
    assert mismatch in result.mismatch
    assert result.passed is (mismatch == "")
    assert result.where == "test-rule.yaml:1"


PLANS = [
    ({"monthly": 20, "before": 10}, "fail"),
    ({"monthly": 12, "before": 10}, "pass"),
    ({"monthly": None, "before": 10}, "unknown"),
    ({"resources": [{"type": "a", "cost": {"monthly": 6}}]}, "fail"),
]


@pytest.mark.parametrize("plan, wanted", PLANS)
def test_a_plan_can_be_given_as_totals_or_as_resources(plan, wanted):
    compiled = rule("plan.delta <= 5", scope="plan", tests=[{"expect": wanted, "plan": plan}])
    (result,) = run_tests([compiled.source], specs=specs)
    assert result.mismatch == ""


EDITED = {"edits": [{"set": "type", "value": "'gp3'"}, {"rename": "tags.Team", "to": "'team'"}]}
TOLD = [{"set": "type", "value": "gp3"}, {"rename": "tags.Team", "to": "team"}]
EDITS: dict[str, tuple[dict[str, Any], str]] = {
    "as expected": ({"edits": TOLD}, ""),
    "others": ({"edits": TOLD[:1]}, f"expected the edits {TOLD[:1]}, got {TOLD}"),
    "none expected": ({"no_edit": "x"}, f"expected no edit ('x'), got {TOLD}"),
    "not asked": ({}, ""),
}


@pytest.mark.parametrize("case", EDITS)
def test_what_a_rule_would_edit_is_tested(case):
    expected, mismatch = EDITS[case]
    test = {"expect": "fail", "resource": {"type": "aws_ebs_volume"}, **expected}
    source = rule("false", tests=[test], **EDITED).source
    (result,) = run_tests([source], specs=lambda _vendor, _name: None)
    assert result.mismatch == mismatch


def test_a_passing_test_has_nothing_to_edit():
    with pytest.raises(RuleError, match="a test that expects pass has nothing to edit"):
        rule("true", tests=[{"expect": "pass", "resource": {"type": "aws_ebs_volume"}, "edits": []}])
