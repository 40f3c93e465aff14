"""What an earlier run has found right is read as it was, and nothing else is."""

import errno
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import to_builtins

from guardrail.config import ConfigFile
from guardrail.costs.definitions.definition import _Read, read_definition
from guardrail.data import cache_dir, pricing_dir, rules_dir
from guardrail.errors import ConfigError
from guardrail.files import YamlFile, checked, model, parse_yaml, yaml_parser
from guardrail.files.remembered import remembered
from guardrail.policy import Rule, WaiverList

CONFIG = """\
version: 1
rules: {packs: [tagging], set: {required-tags: {enforcement: mandatory, waivers: {max_days: 30}, params: {required: [team, 1, 2.5, null]}}}}
budgets: [{name: all, monthly: 1200.50, match: {tags: {team: core}}, alerts: [80, {forecast: 100}], spend: 1e3}]
approvers: [{user: eva, up_to: "100"}]
report: {ids: no}
projects: [{name: shop, path: ., vars: {size: 3, tags: {a: [b]}}}]
"""
WAIVERS = 'waivers: [{rule: " big ", address: aws_instance.a, reason: agreed, expires: 2027-01-31, up_to: 10}]'


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GUARDRAIL_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def no_checking(monkeypatch):
    def refuse(*_):
        raise AssertionError("it is checked again")

    return lambda: monkeypatch.setattr(model, "validated", refuse)


def spelled(section):
    """Return a section in one text for equal ones: its sets in order, and 1 apart from true, which Python calls equal."""
    return repr(to_builtins(section, order="sorted"))


def read(section, text):
    return checked(section, parse_yaml(text, ConfigError, name="file.yaml"), ConfigError)


@pytest.mark.parametrize("section, text", [(ConfigFile, CONFIG), (WaiverList, WAIVERS)])
def test_what_was_found_right_is_not_checked_again_and_is_the_same(section, text, no_checking):
    first = read(section, text)
    no_checking()
    assert read(section, text) == first
    assert spelled(read(section, text)) == spelled(first)


def test_what_the_check_makes_of_values_is_kept(no_checking):
    for _ in range(2):
        config = read(ConfigFile, CONFIG)
        assert config.report.ids is False
        assert config.approvers[0].up_to == Decimal(100)
        assert config.budgets[0].match.tags == {"team": ("core",)}
        assert config.rules.set["required-tags"].waivers == {"max_days": 30}
        assert read(WaiverList, WAIVERS).waivers[0].rule == "big"
        no_checking()


def test_what_is_wrong_is_found_each_time():
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"file.yaml:2: unknown key 'pakcs'"):
            read(ConfigFile, "version: 1\npakcs: []\n")


def test_where_something_stands_is_told_without_parsing_again(monkeypatch):
    text = "waivers:\n  - rule: a\n    until: 1\n  - &b {rule: b}\n"
    places = [(), ("waivers",), ("waivers", 0, "until"), ("waivers", 1, "rule"), ("waivers", 2, "rule"), ("no", "such")]
    first = [YamlFile("file.yaml", text).line(place) for place in places]
    assert first == [1, 1, 3, 4, 1, 1]
    monkeypatch.setattr(yaml_parser, "parsed", None)
    assert [YamlFile("file.yaml", text).line(place) for place in places] == first


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "null\n"])
def test_an_empty_file_may_hold_defaults_alone(text):
    file = YamlFile("file.yaml", text, ConfigError)
    assert checked(WaiverList, file, ConfigError, may_be_empty=True) == WaiverList()
    with pytest.raises(ConfigError, match="must hold keys and values"):
        checked(WaiverList, file, ConfigError)


@pytest.mark.parametrize("damage", [b"", b"x", None])
def test_what_is_damaged_or_of_another_text_is_checked_again(damage):
    first = read(ConfigFile, CONFIG)
    (file,) = (cache_dir() / "checked").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"\x00" if damage is None else damage)
    assert remembered(ConfigFile, CONFIG) is None
    assert read(ConfigFile, CONFIG) == first
    assert remembered(ConfigFile, CONFIG) == first
    assert remembered(ConfigFile, f"{CONFIG} ") is None
    assert remembered(WaiverList, CONFIG) is None


def test_what_would_be_read_as_something_else_is_not_kept():
    config = read(ConfigFile, "version: 1\nprojects: [{name: a, path: ., vars: {n: 123456789012345678901234567890}}]\n")
    assert config.projects[0].vars == {"n": 123456789012345678901234567890}
    assert not list(cache_dir().rglob("*"))


def test_a_definition_is_made_again_when_what_it_is_like_changes(tmp_path):
    folder = tmp_path / "aws"
    folder.mkdir()
    own, base = folder / "aws_own.toml", folder / "_base.toml"
    own.write_text('schema = 1\nlike = "_base"\n')
    notes = []
    for note in ("one", "one", "two"):
        base.write_text(f'schema = 1\nnote = "{note}"\n')
        definition, texts = read_definition(own)
        notes.append(definition.note)
        assert texts == (own.read_text(), base.read_text())
    assert notes == ["one", "one", "two"]


def test_every_shipped_rule_and_definition_can_be_kept():
    """One that cannot costs each run the time that pydantic takes to load."""
    rules = sorted(rules_dir().rglob("*.yaml"))
    definitions = [path for path in sorted((pricing_dir() / "definitions").glob("*/*.toml")) if path.stem[0] != "_"]
    for path in rules[::10]:
        text = path.read_text(encoding="utf-8")
        assert remembered(Rule, text) is None
        found = read(Rule, text)
        kept = remembered(Rule, text)
        assert kept == found, path
        assert spelled(kept) == spelled(found), path
    for path in definitions[::20]:
        definition, _ = read_definition(path)
        again = remembered(_Read, path.read_text(encoding="utf-8"))
        assert again is not None, path
        assert again.definition == definition, path
        assert spelled(again.definition) == spelled(definition), path


def test_a_cache_that_cannot_be_written_is_none(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GUARDRAIL_CACHE_DIR", str(tmp_path / "file"))
    assert read(ConfigFile, CONFIG) == read(ConfigFile, CONFIG)


def test_of_what_a_full_disk_ends_nothing_is_left(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert read(ConfigFile, CONFIG) == read(ConfigFile, CONFIG)
    assert list((cache_dir() / "checked").iterdir()) == []
