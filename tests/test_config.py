"""guardrail.yaml: found upwards, flags over it, and one line with file and line for what is wrong in it."""

import json
from pathlib import Path

import pytest

from guardrail.config import ConfigFile, Flags, settings
from guardrail.config_path import KEYS, find_config
from guardrail.errors import ConfigError
from guardrail.files.faults import PATTERNS

FULL = """\
version: 1
projects:
  - {name: payments, plan: build/payments.json, usage: usage.yml, env: prod}
  - {name: web, path: infra/web}
rules:
  packs: [tagging]
  paths: [policies]
  set:
    required-tags: {enforcement: advisory, params: {required: [team]}}
budgets:
  - {name: all, monthly: 1000}
waivers: waivers.yaml
pricing: {max_age: 30d, default_region: {aws: eu-west-1}}
"""


@pytest.fixture
def repo(tmp_path):
    for name in ("build/payments.json", "usage.yml", "infra/web/plan.json", "policies/r.yaml", "waivers.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text(FULL, encoding="utf-8")
    return tmp_path


def test_the_file_names_what_to_check_relative_to_itself(repo):
    found = settings(Flags(), repo / "infra" / "web")
    assert [(source.name, Path(source.plan), source.env) for source in found.sources] == [
        ("payments", repo / "build" / "payments.json", "prod"),
        ("web", repo / "infra" / "web", ""),
    ]
    assert found.sources[0].usage == repo / "usage.yml"
    assert found.waivers == repo / "waivers.yaml"
    assert found.max_age.days == 30
    assert found.complete


def test_a_plan_that_lies_elsewhere_is_of_the_project_that_is_named(repo):
    (repo / "plan.json").write_text("", encoding="utf-8")
    (named,) = settings(Flags(inputs=("plan.json",), project="payments"), repo).sources
    assert (named.name, named.env, named.usage) == ("payments", "prod", repo / "usage.yml")
    (other,) = settings(Flags(inputs=("plan.json",), project="shop"), repo).sources
    assert (other.name, other.env, other.usage) == ("shop", "", None)


def test_inputs_and_flags_win_over_the_file(repo):
    flags = Flags(inputs=("build/payments.json",), usage=repo / "other.yml", catalog=repo / "c.sqlite")
    found = settings(flags, repo)
    (source,) = found.sources
    assert (source.name, source.env, source.usage) == ("payments", "prod", repo / "other.yml")
    assert found.catalog == repo / "c.sqlite"
    assert not found.complete


def test_a_single_project_can_be_chosen(repo):
    assert [source.name for source in settings(Flags(project="web"), repo).sources] == ["web"]
    with pytest.raises(ConfigError, match="no project is called 'wbe'"):
        settings(Flags(project="wbe"), repo)


def test_the_search_ends_at_the_top_of_the_repository(repo):
    inner = repo / "inner"
    (inner / ".git").mkdir(parents=True)
    (inner / "deep").mkdir()
    assert find_config(inner / "deep") is None
    assert find_config(repo / "infra") == repo / "guardrail.yaml"


OTHERS = {
    "GitHub": "name: x\non: [push]\npermissions: {}\njobs: {}\n",
    "Kubernetes": "apiVersion: v1\nkind: ConfigMap\n",
    "GitLab": "stages: [test]\nguardrail:\n  script: guardrail check\n",
    "quoted": "'on': [push]\n\"jobs\": {}\n",
}
OURS = {
    "whole": FULL,
    "misspelled": "verison: 1\n",
    "one of several": "name: x\nproject: []\n",
    "empty": "",
    "on one line": "{name: x}\n",
    "broken": "\tname: x\n",
    "byte order mark": "\ufeffversion: 1\n",
}


@pytest.mark.parametrize("folder", [".github/workflows", "deploy", ""])
@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS.keys())
def test_a_file_of_that_name_that_is_something_else_is_not_the_configuration(tmp_path, folder, text):
    place = tmp_path / folder
    place.mkdir(parents=True, exist_ok=True)
    (place / "guardrail.yml").write_text(text, encoding="utf-8")
    (tmp_path / ".guardrail.yaml").write_text("version: 1\n", encoding="utf-8")
    assert find_config(place) == tmp_path / ".guardrail.yaml"


@pytest.mark.parametrize("text", OURS.values(), ids=OURS.keys())
def test_what_may_be_meant_as_the_configuration_is_never_passed_over(tmp_path, text):
    (tmp_path / "guardrail.yaml").write_text(text, encoding="utf-8")
    assert find_config(tmp_path) == tmp_path / "guardrail.yaml"


def test_the_keys_that_tell_the_configuration_are_its_own():
    assert set(KEYS) == set(ConfigFile.__struct_fields__)


def test_without_a_file_the_folder_itself_is_checked(tmp_path):
    (tmp_path / ".git").mkdir()
    found = settings(Flags(), tmp_path)
    assert [(source.plan, source.name) for source in found.sources] == [(".", ".")]
    assert "tagging" not in found.rules.packs


@pytest.mark.parametrize(
    "text, line, message",
    [
        ("version: 2\n", 1, "version: should be 1, not 2"),
        ("projects: []\n", 1, "'version' is missing"),
        ("version: 1\nbudgts: []\n", 2, "unknown key 'budgts' (did you mean \"budgets\"?)"),
        ("version: 1\nrules:\n  pack: [x]\n", 3, "unknown key 'rules.pack' (did you mean \"packs\"?)"),
        ("version: 1\nprojects:\n  - {name: a}\n", 3, "project 'a' needs either a path or a plan"),
        ("version: 1\nprojects:\n  - {name: a, path: .}\n  - {name: a, path: .}\n", 4, "two projects are called 'a'"),
        ("version: 1\nbudgets:\n  - {name: a}\n  - {name: a, spend: 5}\n", 4, "two budgets are called 'a'"),
        (
            "version: 1\nbudgets: [{name: a, amounts: {2026-13: 5}}]\n",
            2,
            "amounts.2026-13: is not a month like 2026-10",
        ),
        ("version: 1\nbudgets: [{name: a, amounts: [5]}]\n", 2, "amounts: should be keys with values, not [5]"),
        ("version: 1\nrules:\n  set:\n", 3, "rules.set: should be keys with values, not empty"),
        ("version: 1\nprojects:\n  - {name: a, plan: x.json, usage: nope.yml}\n", 3, "no such file: nope.yml"),
        ("version: 1\nwaivers: nope.yaml\n", 2, "waivers: no such file: nope.yaml"),
        ("version: 1\npricing: {currency: eur}\n", 2, "currency: should be three capital letters, like EUR, not 'eur'"),
        ("version: 1\nrules: {paths: [nope]}\n", 2, "rules.paths.0: no such file: nope"),
        ("version: 1\npricing: {max_age: soon}\n", 2, "pricing.max_age: must be a number of days, like 90d"),
        ("version: 1\npricing: {currency: euro}\n", 2, "pricing.currency: "),
        ("version: 1\nbudgets:\n  - {name: a, monthly: lots}\n", 3, "budgets.0.monthly: should be a valid decimal"),
        ("version: 1\nversion: 1\n", 2, "'version' is there twice"),
        ("version: [1\n", 2, "not valid YAML"),
        ("- 1\n", None, "must hold keys and values"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_place(tmp_path, text, line, message):
    file = tmp_path / "guardrail.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        settings(Flags(), tmp_path)
    assert message in str(caught.value)
    assert caught.value.where == (f"{file}:{line}" if line else str(file))
    assert "\n" not in str(caught.value)


def test_on_unpriced_sets_the_rule_that_reports_it(tmp_path):
    (tmp_path / "guardrail.yaml").write_text("version: 1\npricing: {on_unpriced: deny}\n", encoding="utf-8")
    assert settings(Flags(), tmp_path).on_unpriced["unpriced-resource"].enforcement == "mandatory"


SCHEMA = Path(__file__).parents[1] / "docs/schemas/config.json"


def test_every_pattern_of_a_text_is_told_in_words():
    def texts(part):
        if isinstance(part, dict):
            yield from [part["pattern"]] if isinstance(part.get("pattern"), str) else []
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else []:
            yield from texts(inner)

    found = {*texts(json.loads(SCHEMA.read_text(encoding="utf-8")))}
    assert r"^[A-Z]{3}$" in found
    assert found <= PATTERNS.keys()
