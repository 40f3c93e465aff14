from pathlib import Path
from typing import Any

import pytest

from guardrail.errors import RuleError
from guardrail.policy import compile_rule
from guardrail.policy.rules.testing import Coverage, PricedPlan, run_tests, testing
from tests.policy.judging import ENGINES, resource, rule, specs

CASES = [
    ("resource.after.size < 5", {"expect": "pass", "resource": {"type": "a", "attributes": {"size": 1}}}, ""),
    ("resource.after.size < 5", {"expect": "pass", "resource": {"type": "a", "attributes": {"size": 9}}}, "expected pass, got fail: broken"),
    ("resource.after.size < 5", {"expect": "fail", "resource": {"type": "a", "unknown": ["size"]}}, "expected fail, got unknown: could not be judged: size is known after apply"),
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
    with pytest.raises(RuleError, match="a test that expects pass cannot have edits"):
        rule("true", tests=[{"expect": "pass", "resource": {"type": "aws_ebs_volume"}, "edits": []}])


GIVEN = [
    # addresses and index
    ("resource.address == 'module.a.x.this[1]'", {"type": "x", "module": "module.a", "index": 1}, {}),
    ("resource.address == 'x.that[\"k\"]'", {"type": "x", "name": "that", "index": "k"}, {}),
    ("resource.address == 'module.b[\"c.d\"].x.y'", {"type": "x", "address": 'module.b["c.d"].x.y'}, {}),
    # what is sensitive has its value, or a text in its place
    ("resource.after.password == 'p'", {"type": "x", "sensitive": ["password"], "attributes": {"password": "p"}}, {}),
    ("resource.after.password != null && resource.after.block[0].key != null", {"type": "x", "sensitive": ["password", "block.0.key"]}, {}),
    ("resource.tags.owner == '(sensitive)' && resource.tags.team == 't'", {"type": "x", "sensitive": ["tags.owner"], "tags": {"team": "t"}}, {}),
    # the rest of the run
    ("pr.labels == ['x'] && pr.number == 7", {"type": "x"}, {"pr": {"labels": ["x"], "number": 7}}),
    ("timestamp(now).getHours() == 9 && today == '2026-02-01'", {"type": "x"}, {"now": "2026-02-01T09:00:00Z"}),
    ("today == '2026-01-31'", {"type": "x"}, {}),
    ("size(plan.resources) == 3 && plan.delta == 7", {"type": "x"}, {"siblings": [{"type": "y", "cost": {"monthly": 7}}, {"type": "z"}]}),
]  # fmt: skip


@pytest.mark.parametrize("expression, given, more", GIVEN)
def test_what_a_test_can_give(expression, given, more):
    source = rule(expression, tests=[{"expect": "pass", "resource": given, **more}]).source
    (result,) = run_tests([source], specs=specs)
    assert result.mismatch == ""


def test_a_secret_of_a_test_is_in_no_message():
    tests = [{"expect": "fail", "resource": {"type": "x", "sensitive": ["key"], "attributes": {"key": "hunter2"}}}]
    compiled = rule("resource.after.key == 'x'", message="{resource.after.key}", tests=[{**tests[0], "message": "-"}])
    (result,) = run_tests([compiled.source], specs=specs)
    assert result.mismatch == "expected the message '-', got '(sensitive)'"


def test_what_siblings_skip_does_not_hide_a_pass():
    asked, sibling = {"type": "x", "attributes": {"size": 1}}, {"type": "x", "name": "other"}
    for one, other, expected in ((asked, sibling, "pass"), (sibling, asked, "skip")):
        test = {"expect": expected, "resource": one, "siblings": [other]}
        source = rule("true", when="resource.after.size != null", tests=[test]).source
        (result,) = run_tests([source], specs=specs)
        assert result.mismatch == ""


PLAN_FILE = {
    "file of a plan": ({"plan": "x.json", "address": "x.big"}, ""),
    "of another address": ({"plan": "x.json", "address": "x.bigg"}, 'no resource of x.json has the address \'x.bigg\' (did you mean "x.big"?)'),
    "no address": ({"plan": "x.json"}, "no resource of x.json has the address ''"),
}  # fmt: skip


@pytest.mark.parametrize("case", PLAN_FILE)
def test_a_test_can_be_of_a_plan_in_a_file(case):
    given, mismatch = PLAN_FILE[case]
    read = {
        Path("x.json"): PricedPlan([resource("x", name="big", attributes={"size": 9}), resource("x", name="small")])
    }
    source = rule("resource.after.size < 5", tests=[{"expect": "fail", **given}]).source
    (result,) = run_tests([source], specs=specs, read_plan=read.__getitem__)
    assert mismatch in result.mismatch
    assert result.passed is (mismatch == "")


def test_a_plan_rule_can_be_tested_by_a_file():
    read = {Path("x.json"): PricedPlan([resource("x"), resource("y")])}
    source = rule("size(plan.resources) == 2", scope="plan", tests=[{"expect": "pass", "plan": "x.json"}]).source
    (result,) = run_tests([source], specs=specs, read_plan=read.__getitem__)
    assert result.mismatch == ""


def test_an_address_without_a_file_is_refused():
    with pytest.raises(RuleError, match="`address` needs a plan file"):
        rule("true", tests=[{"expect": "pass", "address": "x.this", "resource": {"type": "x"}}])


def test_engines_that_differ_fail_a_test(monkeypatch):
    source = rule(
        "resource.after.size < 5", tests=[{"expect": "pass", "resource": {"type": "x", "attributes": {"size": 1}}}]
    ).source
    monkeypatch.setattr(testing, "installed_engines", lambda: ENGINES)
    assert [one.mismatch for one in run_tests([source], specs=specs)] == [""]
    wrong = rule("resource.after.size > 5").source
    monkeypatch.setattr(
        testing,
        "compile_rule",
        lambda one, engine, types: compile_rule(wrong if engine == "python" else one, engine=engine, types=types),
    )
    (result,) = run_tests([source], specs=specs)
    assert result.mismatch == "the engines do not agree: cpp gives pass, python gives fail: broken"


COVERED = {
    "all": (["pass", "fail", "unknown"], []),
    "no fail": (["pass", "unknown"], ["verdict fail", "validation 1 is never false: resource.after.size < 5"]),
    "none": ([], [
        "verdict pass", "verdict fail", "verdict unknown",
        "validation 1 is never true: resource.after.size < 5", "validation 1 is never false: resource.after.size < 5",
    ]),
}  # fmt: skip
EXAMPLES = {
    "pass": {"expect": "pass", "resource": {"type": "x", "attributes": {"size": 1}}},
    "fail": {"expect": "fail", "resource": {"type": "x", "attributes": {"size": 9}}},
    "unknown": {"expect": "unknown", "resource": {"type": "x", "unknown": ["size"]}},
}


@pytest.mark.parametrize("case", COVERED)
def test_coverage_says_what_no_test_reaches(case):
    names, missed = COVERED[case]
    source = rule("resource.after.size < 5", tests=[EXAMPLES[name] for name in names]).source
    coverage = Coverage()
    assert all(one.passed for one in run_tests([source], specs=specs, coverage=coverage))
    found = coverage.of(source)
    assert list(found.missed) == missed
    assert found.total == 5


BRANCHES = [
    # each side is asked only where the one before it does not decide
    ("resource.after.a == 1.0 || resource.after.b == 1.0", {"a": 1}, {"resource.after.b == 1": "TF", "resource.after.a == 1": "F"}),
    ("resource.after.a == 1.0 && resource.after.b == 1.0", {"a": 2, "b": 1}, {"resource.after.a == 1": "T", "resource.after.b == 1": "TF"}),
    ("resource.after.a == 1.0 ? resource.after.b == 1.0 || resource.after.c == 1.0 : true", {"a": 1, "b": 2, "c": 1}, {"resource.after.a == 1": "F", "resource.after.b == 1": "T", "resource.after.c == 1": "F"}),
    # what is not known does not decide
    ("resource.cost.monthly <= 5.0 && resource.after.a == 1.0", {"a": 2}, {"resource.cost.monthly <= 5": "TF", "resource.after.a == 1": "T"}),
    ("resource.cost.monthly <= 5.0 || resource.after.a == 1.0", {"a": 1}, {"resource.cost.monthly <= 5": "TF", "resource.after.a == 1": "F"}),
    ("resource.after.l.all(x, x < 3.0 || x == 9.0)", {"l": [1, 9]}, {"x == 9": "F"}),
    ("resource.after.l.all(x, resource.after.m.exists(y, y == x && x > 1.0))", {"l": [1, 2], "m": [1, 2]}, {}),
    ("resource.after.l.all(i, x, i == 0.0 || x > 1.0)", {"l": [0, 2]}, {"x > 1": "F"}),
]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("expression, attributes, open_sides", BRANCHES)
def test_branches_are_those_that_are_come_to(expression, attributes, open_sides, engine):
    test = {"expect": "pass", "resource": {"type": "x", "attributes": attributes, "cost": {"monthly": None}}}
    source = rule(expression, tests=[test]).source
    coverage = Coverage()
    list(run_tests([source], specs=specs, engine=engine, coverage=coverage))
    missed: dict[str, str] = {}
    for one in coverage.of(source).missed:
        way, _, text = one.partition(": ")
        if text and text.replace(".0", "") != expression.replace(".0", ""):
            text = text.replace(".0", "")
            missed[text] = missed.get(text, "") + ("T" if way.endswith("true") else "F")
    assert missed == open_sides
