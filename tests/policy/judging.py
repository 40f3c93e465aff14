"""The two verbs of the policy tests: write a `rule`, and `judge` a resource by it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from guardrail.errors import RuleError
from guardrail.files.model import validated
from guardrail.files.yaml_file import parse_yaml
from guardrail.model.plan.facts import PlanFacts
from guardrail.policy import CompiledRule, Judge, Project, Surroundings, compile_rule
from guardrail.policy.rules.rule import check_rule
from guardrail.policy.rules.testing.fixture import ResourceFixture

ENGINES = ("cpp", "python")
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PROJECT = Project("shop", "infra/shop", "prod", "acme/shop")
TOLD = Surroundings(PlanFacts(has_configuration=True, workspace="default"))
SPECS = {
    "m5.large": {
        "vcpu": 2.0,
        "memory_gib": 8.0,
        "family": "m5",
        "gpus": 0.0,
        "arch": "x86_64",
        "current_generation": True,
    },
    "c5.9xlarge": {"vcpu": 36.0, "memory_gib": 72.0, "family": "c5", "gpus": 0.0, "arch": "x86_64"},
}


def specs(_vendor, name):
    return SPECS.get(name)


def rule(*expressions, message="broken", engine=None, **fields) -> CompiledRule:
    """A rule that holds where all expressions do."""
    content = {
        "id": "test-rule",
        "title": "A rule of a test",
        "severity": "high",
        "enforcement": "mandatory",
        "validations": [{"expression": text, "message": message} for text in expressions],
        **fields,
    }
    file = parse_yaml(json.dumps(content), RuleError, name="test-rule.yaml")
    return compile_rule(check_rule(file), engine=engine)


def resource(type_="aws_instance", **fields):
    """A priced resource, in the words of a rule's tests."""
    return validated(ResourceFixture, {"type": type_, **fields}).priced()


def judge(rules, *resources, project=PROJECT, beside=TOLD, missing=(), **options):
    """What the rules find: (status, address, message) each."""
    rules = [rules] if isinstance(rules, CompiledRule) else rules
    judging = Judge(rules, specs, NOW, **options)
    return [
        (one.status.value, one.address, one.message) for one in judging.project(project, resources, missing, beside)
    ]


def verdict(one_rule, one_resource, **options) -> str:
    """What one rule says of one resource: "pass", or the status of its finding."""
    found = judge(one_rule, one_resource, **options)
    return found[0][0] if found else "pass"
