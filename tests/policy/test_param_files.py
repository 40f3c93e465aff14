"""Parameters whose values lie in files: what each kind of file comes to, and which files are refused."""

import pytest

from guardrail.data import rules_dir
from guardrail.errors import ConfigError
from guardrail.files.model import validated
from guardrail.policy import RuleSelection, load_rules
from guardrail.policy.rules.packs.param_files import read_param

RULE = """\
id: own-rule
title: Own
severity: low
enforcement: advisory
params: {limit: 5, names: [], teams: null}
validations: [{expression: params.limit > 1, message: small}]
"""
FILES = {
    "names.csv": ('\ufeffcode\n4711\n"a,b"\n\n', ["4711", "a,b"]),
    "teams.csv": ("code,team\n4711,shop\n4712,pay\n", [{"code": "4711", "team": "shop"}, {"code": "4712", "team": "pay"}]),
    "names.yaml": ("[a, b]\n", ["a", "b"]),
    "teams.yml": ("shop: {code: 4711}\n", {"shop": {"code": 4711}}),
    "empty.csv": ("code\n", []),
}  # fmt: skip
BAD: dict[str, tuple[bytes, str]] = {
    "x.json": (b"[]", "cannot contain parameters"),
    "x.csv": (b"a,b\n1\n", "x.csv:2: has 1 values for 2 columns"),
    "nothing.csv": (b"", "the first line has to name each column"),
    "twice.csv": (b"a,a\n", "the first line has to name each column"),
    "quote.csv": (b'a\n"x\n', "not valid CSV"),
    "long.csv": (b"a\n" + b"x\n" * 5001, "holds more than 5,000 values"),
    "latin.csv": (b"a\n\xff\n", "is not UTF-8 text"),
    "bad.yaml": (b"[", "not valid YAML"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_the_value_of_a_parameter(tmp_path, name):
    text, value = FILES[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_param(tmp_path / name) == value


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_holds_no_value_is_refused_with_its_line(tmp_path, name):
    text, what = BAD[name]
    (tmp_path / name).write_bytes(text)
    with pytest.raises(ConfigError) as refused:
        read_param(tmp_path / name)
    assert what in str(refused.value)


def load(base, **setting):
    (base / "r").mkdir()
    (base / "r" / "own.yaml").write_text(RULE, encoding="utf-8")
    selection = validated(RuleSelection, {"paths": ["r"], "set": {"own-rule": setting}})
    return load_rules(selection, rules_dir(), base=base, where=lambda _: "guardrail.yaml:3").rules


def test_a_rule_gets_its_parameters_from_files(tmp_path):
    for name, (text, _) in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (rule,) = load(tmp_path, params={"limit": 7}, params_from={"names": "names.csv", "teams": "teams.yml"})
    assert rule.rule.params == {"limit": 7, "names": ["4711", "a,b"], "teams": {"shop": {"code": 4711}}}


WRONG = [
    ({"params_from": {"names": "teams.yml"}}, "expected a list, not a map"),
    ({"params_from": {"nam": "names.csv"}}, "the rule has no such parameter"),
    ({"params": {"names": ["x"]}, "params_from": {"names": "names.csv"}}, "has a value in params and another"),
]


@pytest.mark.parametrize("setting, what", WRONG)
def test_a_file_has_to_fit_the_parameter(tmp_path, setting, what):
    for name, (text, _) in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, **setting)
    assert what in str(refused.value)
