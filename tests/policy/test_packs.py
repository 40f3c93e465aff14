from pathlib import Path

import pytest

from guardrail.data import rules_dir
from guardrail.errors import ConfigError, RuleError
from guardrail.files.model import validated
from guardrail.model.finding import Enforcement, OnUnknown, Severity
from guardrail.policy import RuleSelection, load_rules, packs, read_pack

OWN = """\
id: own-rule
title: Own
severity: low
enforcement: advisory
params: {limit: 5, names: [a], nothing: null}
validations: [{expression: params.limit > 1, message: small}]
"""


def load(base=None, **selection):
    return load_rules(
        validated(RuleSelection, selection), rules_dir(), base=base or rules_dir(), where=lambda _: "guardrail.yaml"
    ).rules


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / "policies" / "deep"
    folder.mkdir(parents=True)
    (folder / "own-rule.yaml").write_text(OWN, encoding="utf-8")
    return tmp_path


def test_shipped_packs():
    assert packs(rules_dir()) == (
        "analytics",
        "budget",
        "commitments",
        "compute",
        "cost-allocation",
        "data-protection",
        "databases",
        "instance-sizes",
        "kubernetes",
        "money",
        "network",
        "observability",
        "regions",
        "serverless",
        "storage",
        "tagging",
        "waste",
    )


def test_the_readme_counts_the_rules_that_ship():
    there = packs(rules_dir())
    rules = [rule for pack in there for rule in read_pack(pack, rules_dir())]
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"the {len(rules)} rules that ship in {len(there)} packs" in readme


def test_rules_of_packs_and_folders_stand_in_the_order_of_their_ids(own):
    rules = load(own, packs=["tagging"], paths=["policies"])
    assert [(rule.rule.id, rule.source.pack) for rule in rules] == [
        ("mis-cased-tag-key", "tagging"),
        ("own-rule", ""),
        ("required-tags", "tagging"),
        ("tag-value-not-allowed", "tagging"),
    ]


def test_a_rule_can_be_set_anew(own):
    setting = {"enforcement": "mandatory", "severity": "critical", "on_unknown": "deny", "params": {"limit": 1}}
    (rule,) = load(own, paths=["policies"], set={"own-rule": setting})
    said = rule.rule
    assert (said.enforcement, said.severity, said.on_unknown) == (
        Enforcement.MANDATORY,
        Severity.CRITICAL,
        OnUnknown.DENY,
    )
    assert said.params == {"limit": 1, "names": ["a"], "nothing": None}


def test_a_rule_can_be_switched_off(own):
    assert load(own, paths=["policies"], set={"own-rule": {"enabled": False}}) == ()


WRONG = [
    ({"packs": ["taging"]}, 'rules.packs: no pack is called taging (did you mean "tagging"?)'),
    ({"packs": ["zzz"]}, "no pack is called zzz (there are analytics, budget, commitments, compute, cost-allocation, data-protection, databases, instance-sizes, kubernetes, money, network, observability, regions, serverless, storage, tagging, waste)"),
    ({"paths": ["nope"]}, "nope does not exist (paths are relative to guardrail.yaml)"),
    ({"set": {"own-rul": {}}}, 'rules.set: no rule is called own-rul (did you mean "own-rule"?)'),
    ({"set": {"required-tags": {}}}, "no rule is called required-tags (it is in the pack tagging: add that to rules.packs)"),
    ({"set": {"own-rule": {"params": {"limt": 1}}}}, 'own-rule.params.limt: the rule has no such parameter (did you mean "limit"?)'),
    ({"set": {"own-rule": {"params": {"limit": "5"}}}}, "params.limit: expected a number, not a text (the default is 5)"),
    ({"set": {"own-rule": {"params": {"limit": True}}}}, "expected a number, not true or false"),
    ({"set": {"own-rule": {"params": {"names": "a"}}}}, "expected a list, not a text"),
    ({"set": {"own-rule": {"params": {"names": [1]}}}}, "expected a list of a text each, not a number"),
]  # fmt: skip


@pytest.mark.parametrize("selection, message", WRONG)
def test_what_does_not_fit_is_an_error(own, selection, message):
    with pytest.raises(ConfigError) as caught:
        load(own, **{"paths": ["policies"], **selection})
    assert str(caught.value).startswith("guardrail.yaml: ")
    assert message in str(caught.value)


@pytest.mark.parametrize("value", [3, "x", [1], {"a": 1}, True])
def test_a_parameter_without_a_default_takes_anything(own, value):
    (rule,) = load(own, paths=["policies"], set={"own-rule": {"params": {"nothing": value}}})
    assert rule.rule.params["nothing"] == value


def test_two_rules_of_one_id_are_an_error(own):
    (own / "policies" / "again.yaml").write_text(OWN, encoding="utf-8")
    with pytest.raises(RuleError, match=r"own-rule.yaml:1: id 'own-rule' is taken by .*again.yaml"):
        load(own, paths=["policies"])


def test_a_folder_without_rules_is_an_error(own):
    (own / "empty").mkdir()
    with pytest.raises(ConfigError, match="holds no rules"):
        load(own, paths=["empty"])


def test_one_folder_twice_is_one_folder(own):
    assert len(load(own, paths=["policies", "policies"])) == 1
