"""What a change loosens of the policy is said in the report, whichever policy judges it."""

import json

import pytest

from tests.approvals.conftest import repository  # noqa: F401 - a fixture
from tests.approvals.repository import CONFIG, EMPTY

RULE = """\
id: no-gpu
title: No GPU
severity: high
enforcement: mandatory
match: {types: [aws_instance]}
params: {limit: 2, kinds: [a]}
tighter: {limit: lower}
validations: [{expression: "params.limit > 0", message: no}]
"""
OURS = CONFIG.replace(
    "packs: [budget], set: {", "packs: [budget], paths: [policies], set: {unpriced-resource: {enforcement: mandatory}, "
)


@pytest.fixture
def said(repository):  # noqa: F811 - the fixture
    """Check a change of guardrail.yaml and of the rule, and return what is said of it."""
    repository.on_main({"guardrail.yaml": OURS, "policies/no-gpu.yaml": RULE})
    repository.git("merge", "-q", "main")

    def call(*args, config=OURS, rule=RULE):
        repository.write({"policies/no-gpu.yaml": rule})
        repository.change(EMPTY, guardrail__yaml=config)
        ran = repository.checked(*args)
        assert ran.exit_code == 0, ran.stderr
        result = json.loads((repository.top / "result.json").read_text())
        return [line for line in result["warnings"] if line.startswith(("this change", "what this change"))]

    return call


def test_what_is_as_before_or_stricter_is_not_said(said):
    assert said() == []
    stricter = OURS.replace("monthly: 150", "monthly: 90").replace("increase: 100", "increase: 90")
    assert said(config=stricter, rule=RULE.replace("limit: 2", "limit: 1")) == []


def test_a_looser_rule_budget_and_approver_are_said(said):
    config = (
        OURS.replace("monthly: 150", "monthly: 900")
        .replace("unpriced-resource: {enforcement: mandatory}", "unpriced-resource: {enforcement: advisory}")
        .replace("increase: 100", "increase: 500")
        .replace("{user: cfo}", "{user: cfo}, {user: mallory}")
    )
    assert said(config=config) == [
        "this change loosens expensive-resource: params.monthly: 150 -> 900",
        "this change loosens unpriced-resource: enforcement: mandatory -> advisory",
        "this change raises the budget all: increase: 100 -> 500",
        "this change adds an approver, once it is merged: user: mallory",
    ]
    assert said("--policy-ref", "base", config=config)[0].startswith("this change loosens expensive-resource")


def test_a_rule_that_is_written_anew_is_said(said):
    looser = RULE.replace("limit: 2", "limit: 3").replace("kinds: [a]", "kinds: [b]").replace("> 0", "> -1")
    assert said(rule=looser) == [
        "this change loosens no-gpu: params.limit: 2 -> 3",
        'this change changes no-gpu: params.kinds: ["a"] -> ["b"]',
        "this change rewrites no-gpu: validations",
    ]
    assert said(config=OURS.replace("set: {", "set: {no-gpu: {enabled: false}, ")) == [
        "this change switches off the rule no-gpu (mandatory)"
    ]


def test_a_budget_that_goes_is_said(said):
    assert said(config=OURS.replace("budgets: [{name: all, increase: 100}]", "budgets: []")) == [
        "this change removes the budget all"
    ]


def test_a_policy_that_cannot_be_read_is_said(said):
    (line,) = said("--policy-ref", "base", config=OURS.replace("version: 1", "version: 7"))
    assert line.startswith("what this change loosens of the policy is not known: ")
