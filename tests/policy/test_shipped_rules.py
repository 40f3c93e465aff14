import re

import pytest
import yaml
from msgspec.structs import replace

from guardrail.costs import Library
from guardrail.data import rules_dir
from guardrail.files.model import validated
from guardrail.load import provider_defaults, resource_types
from guardrail.policy import compile_faults, packs, read_pack
from guardrail.policy.rules.explain import explained
from guardrail.policy.rules.packs.packs import read_folder
from guardrail.policy.rules.testing import Coverage, run_tests
from guardrail.policy.rules.testing.fixture import Expected, RuleTest, declared_tests
from tests.policy.judging import ENGINES

RULES = [rule for pack in packs(rules_dir()) for rule in read_pack(pack, rules_dir())]
DEFAULTS = provider_defaults(Library())
IDS = [rule.rule.id for rule in RULES]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_a_rule_does_what_its_tests_say(rule, engine, catalog):
    # What is reached is the same on both engines, and takes much longer to find out on one of them.
    coverage = Coverage() if engine == ENGINES[0] else None
    results = list(run_tests([rule], specs=catalog.spec, engine=engine, coverage=coverage, defaults=DEFAULTS))
    assert [result.mismatch for result in results] == [""] * len(rule.rule.tests)
    assert coverage is None or coverage.of(rule).missed == ()


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_a_rule_shows_what_it_passes_and_fails(rule):
    # What it cannot tell, where there is such a thing, is a part of its coverage.
    assert {Expected.PASS, Expected.FAIL} <= {test["expect"] for test in rule.rule.tests}
    assert any(test.get("message") for test in rule.rule.tests)


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_a_rule_says_what_it_is_for_and_how_to_comply(rule):
    assert rule.rule.description
    assert rule.rule.fix
    assert rule.file.name.endswith(f"/{rule.pack}/{rule.rule.id}.yaml")
    text = explained(rule)
    assert text.startswith(f"{rule.rule.id}: {rule.rule.title}\n")
    assert all(validation.expression in text for validation in rule.rule.validations)


def test_the_page_of_rules_has_an_example_of_each_that_passes_and_one_that_fails():
    """They are tests of the rule, which have been run above."""
    page = (rules_dir().parent / "docs/rules-reference.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## )", page, re.MULTILINE | re.DOTALL))
    for rule in RULES:
        tests = [replace(test, name="") for test in declared_tests(rule.rule)]
        told = re.findall(r"An example that (pass|fail)es:|An example that (fail)s:", sections[rule.rule.id])
        blocks = re.findall(r"^```yaml\n(.*?)^```", sections[rule.rule.id], re.MULTILINE | re.DOTALL)
        examples = [
            validated(RuleTest, {"expect": one, **yaml.safe_load(block)})
            for one, block in zip((Expected.PASS, Expected.FAIL), blocks, strict=True)
        ]
        assert ["".join(words) for words in told] == ["pass", "fail"]
        assert all(one in tests for one in examples)


def test_ids_are_unique():
    assert len(set(IDS)) == len(IDS)


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_a_test_that_expects_otherwise_does_not_pass(rule):
    wrong = {Expected.PASS: Expected.FAIL}
    turned = [
        {key: value for key, value in test.items() if key not in {"message", "edits", "no_edit"}}
        | {"expect": wrong.get(test["expect"], Expected.PASS)}
        for test in rule.rule.tests
    ]
    results = list(run_tests([rule.changed(tests=tuple(turned))], specs=lambda _vendor, _name: None, defaults=DEFAULTS))
    assert all(result.mismatch.startswith("expected ") for result in results)


def test_no_rule_names_a_type_that_there_is_not():
    library = Library()
    sources = read_folder(rules_dir(), types=resource_types(library))
    assert len(sources) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule.id)
def test_shipped_rules_read_attributes_that_there_are_and_every_engine_takes_them(rule):
    assert compile_faults(rule, resource_types(Library())) == []
