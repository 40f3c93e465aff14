"""What guardrail says does not depend on the engine: prices of every definition, and reports of a plan, byte for byte."""

from pathlib import Path

import pytest

from guardrail.cel.engine.engines import ENGINE_VARIABLE
from guardrail.costs import Library
from guardrail.data import rules_dir
from guardrail.policy import packs
from tests.cel.expressions import ENGINES
from tests.costs.test_bills import cases, priced

PLAN = Path(__file__).parents[2] / "examples" / "shop" / "plan.json"
CONFIGURATION = f"""
version: 1
rules:
  packs: [{", ".join(packs(rules_dir()))}]
  pre_existing: block
  set:
    required-tags: {{params: {{required: [team, env, cost-center], values: {{env: "^prod"}}}}}}
    mis-cased-tag-key: {{params: {{keys: [Team, Env]}}}}
    tag-value-not-allowed: {{params: {{allowed: {{team: [a], env: [prod]}}}}}}
    forbidden-instance-type: {{params: {{types: ["t*", "*large"]}}}}
    instance-family-not-allowed: {{params: {{allowed: [m7g]}}}}
    oversized-instance: {{params: {{limits: {{default: {{vcpu: 1, memory_gib: 1}}}}}}}}
    expensive-resource: {{params: {{monthly: 1}}}}
budgets:
  - {{name: all, match: {{project: "*"}}, monthly: 10, increase: 1, increase_percent: 5}}
"""


def test_bills_are_the_same(monkeypatch, catalog):
    """Every twelfth, as cel-python takes milliseconds to read an expression."""
    sample = cases()[::12]
    found = []
    for name in ENGINES:
        monkeypatch.setenv(ENGINE_VARIABLE, name)
        library = Library()
        found.append([priced(type_name, bill, catalog, library) for type_name, bill in sample])
    different = [
        (type_name, bill["name"])
        for (type_name, bill), cpp, python in zip(sample, *found, strict=True)
        if cpp != python
    ]
    assert different == []


@pytest.mark.parametrize("command_line", [["check", "--out", "markdown=report.md"], ["estimate"]], ids=" ".join)
def test_a_plan_reads_the_same(monkeypatch, run, tmp_path, command_line):
    (tmp_path / "guardrail.yaml").write_text(CONFIGURATION, encoding="utf-8")
    texts = []
    for name in ENGINES:
        monkeypatch.setenv(ENGINE_VARIABLE, name)
        ran = run(*command_line, "--format", "json", PLAN, "--now", "2026-11-28T00:00:00Z")
        reports = [path.read_text(encoding="utf-8") for path in tmp_path.glob("*.md")]
        texts.append([ran.stdout, *reports])
    assert texts[0] == texts[1]
    assert min(map(len, texts[0])) > 1000
