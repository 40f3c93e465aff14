"""What a rule says is to be done: steps for one resource, or why there are none. Mistakes are found when it is loaded."""

from __future__ import annotations

from typing import Any

import pytest

from guardrail.errors import RuleError
from guardrail.model.remedy import Assignment, Remedy, Renaming
from guardrail.policy import Judge
from tests.policy.judging import ENGINES, NOW, PROJECT, resource, rule, specs

BROKEN = "resource.type == ''"


def remedy(*edits, engine=None, params=None, **fields):
    """What the edits of a rule come to for a resource that breaks it."""
    judge = Judge([rule(BROKEN, engine=engine, edits=edits, params=params or {})], specs, NOW, with_remedies=True)
    (finding,) = judge.project(PROJECT, [resource(**fields)])
    return finding.remedy


STEPS: dict[str, tuple[list[Any], list[Any]]] = {
    "a constant": ([{"set": "type", "value": '"gp3"'}], [Assignment(("type",), "gp3")]),
    "whole numbers": ([{"set": "days", "value": "params.days"}], [Assignment(("days",), 90)]),
    "a step with dots of its own": (
        [{"for_each": "params.tags", "set": "tags.{each.key}-x", "value": "each.value"}],
        [Assignment(("tags", "a.b-x"), "1"), Assignment(("tags", "c-x"), "2")],
    ),
    "a whole path": ([{"set": "{params.path}", "value": "true"}], [Assignment(("disk", "0", "type"), True)]),
    "of a list": (
        [{"for_each": '["x", "y"]', "rename": "tags.{each.value}", "to": "each.value + each.key"}],
        [Renaming(("tags", "x"), "xx"), Renaming(("tags", "y"), "yy")],
    ),
    "only where it is true": (
        [
            {"set": "a", "value": "1", "when": "false"},
            {"set": "b", "value": "[1, {}]", "when": 'project.env == "prod"'},
        ],
        [Assignment(("b",), [1, {}])],
    ),
}
PARAMS = {"days": 90, "tags": {"a.b": "1", "c": "2"}, "path": "disk.0.type"}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", STEPS)
def test_steps(case, engine):
    edits, steps = STEPS[case]
    assert remedy(*edits, engine=engine, params=PARAMS) == Remedy(tuple(steps))


NONE = {
    "no edits": ([], "its rule has no edit for it"),
    "none that applies": ([{"set": "a", "value": "1", "when": "false"}], "its rule has no edit for it"),
    "no value": ([{"set": "tags.{'a.b'}", "value": "null"}], "the rule gives no value for tags.a.b"),
    "no value, in the rule's words": (
        [{"set": "a", "value": "null", "otherwise": "set {params.path}"}],
        "set disk.0.type",
    ),
    "one of several without a value": (
        [{"set": "a", "value": "1"}, {"set": "b", "value": "null"}],
        "the rule gives no value for b",
    ),
    "a value known after apply": (
        [{"set": "a", "value": "resource.after.size"}],
        "no edit, because size is known after apply",
    ),
    "an error": (
        [{"set": "a", "value": "params.tags.nothing"}],
        "its edit could not be evaluated: ",
    ),
    "no list": (
        [{"for_each": "1", "set": "a", "value": "1"}],
        "its edit could not be evaluated: 1 is not a list or a map",
    ),
    "a name that is none": (
        [{"rename": "tags.a", "to": "1"}],
        "its edit could not be evaluated: the name of an attribute or key is not a text",
    ),
}


@pytest.mark.parametrize("case", NONE)
def test_why_nothing_is_to_be_done(case):
    edits, reason = NONE[case]
    found = remedy(*edits, params=PARAMS, unknown=["size"])
    assert found.steps == ()
    assert found.obstacle.startswith(reason)


def test_what_is_sensitive_is_set_nowhere():
    judge = Judge(
        [rule(BROKEN, edits=[{"set": "a", "value": "[resource.after.password]"}])], specs, NOW, with_remedies=True
    )
    one = resource(attributes={"password": "hunter2"})
    one.change.after.sensitive["password"] = True
    (finding,) = judge.project(PROJECT, [one])
    assert finding.remedy == Remedy(obstacle="its value is sensitive")


def test_nobody_is_asked_unless_somebody_wants_to_know():
    judge = Judge([rule(BROKEN, edits=[{"set": "a", "value": "1"}])], specs, NOW)
    assert [finding.remedy for finding in judge.project(PROJECT, [resource()])] == [None]


MISTAKES = {
    "an edit has `set` and `value`, or `rename` and `to`": {"set": "a"},
    "no such name: each.valu": {"set": "tags.{each.valu}", "value": "1"},
    "no such name: resource.aftr": {"set": "a", "value": "resource.aftr.x"},
    "no such name: params.x": {"set": "a", "value": "1", "when": "params.x"},
    "an opening brace is not closed": {"set": "tags.{each.value", "value": "1"},
}


@pytest.mark.parametrize("said", MISTAKES)
def test_mistakes_are_told_with_their_place(said):
    with pytest.raises(RuleError) as caught:
        rule(BROKEN, edits=[MISTAKES[said]])
    assert said in str(caught.value)
    assert str(caught.value).startswith("test-rule.yaml:1: ")


def test_only_rules_about_resources_have_edits():
    with pytest.raises(RuleError, match="a rule of scope plan cannot have edits"):
        rule("plan.monthly == 0", scope="plan", edits=[{"set": "a", "value": "1"}])
