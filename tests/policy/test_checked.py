"""Rules are checked against types once for what they say."""

import json
from typing import Any

import pytest

from guardrail.errors import RuleError
from guardrail.files.yaml_file import parse_yaml
from guardrail.policy import check_rule
from guardrail.policy.rules.checked import compile_checked
from guardrail.policy.rules.resource_types import ResourceTypes
from guardrail.terraform.schemas import resource_shape


def source(expression, message="m"):
    content: dict[str, Any] = {
        "id": "a-b",
        "title": "T",
        "severity": "low",
        "enforcement": "advisory",
        "match": {"types": ["aws_instance"]},
    }
    content["validations"] = [{"expression": expression, "message": message}]
    return check_rule(parse_yaml(json.dumps(content), RuleError, name="a.yaml"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GUARDRAIL_CACHE_DIR", str(tmp_path))


@pytest.fixture
def asked():
    return []


@pytest.fixture
def types(asked):
    def shape(name):
        asked.append(name)
        return resource_shape(name)

    return ResourceTypes(frozenset({"aws_instance"}), shape, version="1")


def test_the_same_rules_are_checked_once_and_other_ones_again(types, asked):
    good = source("resource.after.ami != ''")
    compile_checked([good], types)
    assert asked
    asked.clear()
    assert [one.rule.id for one in compile_checked([good], types)] == ["a-b"]
    assert not asked
    for wrong in (source("resource.after.amii != ''"), source("resource.after.ami != ''", "{resource.after.amii}")):
        for _ in range(2):  # what does not fit is not remembered
            with pytest.raises(RuleError, match="amii"):
                compile_checked([wrong], types)
    compile_checked([good], ResourceTypes(types.defined, types.shape, version="2"))
    assert asked
