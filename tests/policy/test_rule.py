import re
from datetime import date

import pytest

from guardrail.errors import RuleError
from guardrail.files.yaml_file import parse_yaml
from guardrail.policy import NO_TYPES, ResourceTypes, compile_rule, read_rule
from guardrail.policy.rules.rule import check_rule
from tests.policy.judging import ENGINES

GOOD = """\
id: a-rule
title: A title
severity: high
enforcement: mandatory
params: {limit: 5}
variables:
  big: resource.after.size > params.limit
validations:
  - expression: "!variables.big"
    message: "{resource.address} is too big"
"""

BARE = GOOD.partition("validations:")[0]


def error(text, types=NO_TYPES):
    with pytest.raises(RuleError) as caught:
        compile_rule(check_rule(parse_yaml(text, RuleError, name="r.yaml"), types=types))
    assert "\n" not in str(caught.value)
    return str(caught.value)


CASES = [
    ("severity: high", "sverity: high", "r.yaml:3: unknown key 'sverity' (did you mean \"severity\"?)"),
    ("severity: high\n", "", "r.yaml:1: 'severity' is missing"),
    (
        "severity: high",
        "severity: hihg",
        "r.yaml:3: severity: 'hihg' is not one of info, low, medium, high, critical (did you mean \"high\"?)",
    ),
    ("title: A title", "title: 3", "r.yaml:2: title: should be a valid string, not 3"),
    ("id: a-rule", "id: A_rule", "r.yaml:1: id 'A_rule' is not kebab-case (like missing-owner-tag)"),
    ("id: a-rule", "id: waiver-unused", "r.yaml:1: id 'waiver-unused' is guardrail's own (choose another id)"),
    ("{limit: 5}", "{limit: 5, limit: 6}", "r.yaml:5: 'limit' is there twice"),
    ("{limit: 5}", "{a-b: 5}", "r.yaml:5: params 'a-b' is not a name (letters, digits and _ only)"),
    ("{limit: 5}", "{limit: 1e999}", "r.yaml:5: params.limit: not a finite number"),
    (
        "resource.after.size",
        "resource.instaneec.vcpu",
        'r.yaml:7: no such name: resource.instaneec, column 8 (did you mean "instance"?)',
    ),
    ("params.limit", "params.limits", 'r.yaml:7: no such name: params.limits, column 30 (did you mean "limit"?)'),
    ('"!variables.big"', '"!variables.bog"', 'r.yaml:9: no such name: variables.bog, column 20 (did you mean "big"?)'),
    (
        "{resource.address}",
        "{resource.adress}",
        'r.yaml:10: no such name: resource.adress, column 16 (did you mean "address"?)',
    ),
]


@pytest.mark.parametrize("old, new, message", CASES)
def test_what_is_wrong_is_said_with_its_place(old, new, message):
    assert old in GOOD
    found = error(GOOD.replace(old, new))
    # The column of a name is where the engine's grammar sees it; what counts is that it points into the expression.
    assert _without_column(found) == _without_column(message)


def _without_column(text):
    return re.sub(r"column \d+", "column", text)


def test_the_column_is_that_of_the_file():
    text = GOOD.replace("resource.after.size", "resourse.after.size")
    line, column = 7, text.split("\n")[6].index("resourse") + 1
    assert f"r.yaml:{line}: no such name: resourse, column {column}" in error(text)


def test_a_column_in_a_block_is_told_by_its_line():
    text = GOOD.replace("resource.after.size > params.limit", "|\n    1 < 2 &&\n    nope > 1")
    assert error(text).startswith("r.yaml:9: no such name: nope")


@pytest.mark.parametrize(
    "text, message",
    [
        (BARE, "'validations' is missing"),
        (BARE + "validations: []\n", "validations: should have at least 1 item, not []"),
        (BARE + "validations: [{expression: true, message: m}]\n", "validations.0.expression: should be a valid string"),
        (BARE + "validations: [{expresion: a, message: m}]\n", 'did you mean "expression"?'),
        ("- a\n", "must hold keys and values"),
        ("", "must hold keys and values"),
        ("a: [", "not valid YAML"),
        (GOOD + "scope: plan\n", "a rule of scope plan is not evaluated for single resources"),
        (GOOD + "scope: budget\nmatch: {projects: [a]}\n", "a rule of scope budget cannot match by projects"),
        (GOOD + "match: {actions: [creat]}\n", 'did you mean "create"?'),
        (GOOD + "match: {types: []}\n", "match.types"),
        (GOOD + "tests: [{expect: pas}]\n", 'did you mean "pass"?'),
        (GOOD + "tests: [{expect: pass, resource: {type: a, tag: {}}}]\n", 'did you mean "tags"?'),
        (GOOD + "tests: [{expect: pass, message: hm, resource: {type: a}}]\n", "a test that expects pass cannot have a message"),
        (GOOD + "when: 1 +\n", "r.yaml:11: expected a value"),
        (GOOD + "match: !!python/object:os.system {}\n", "r.yaml:11: the tag"),
    ],
)  # fmt: skip
def test_more_that_is_wrong(text, message):
    assert message in error(text)


TYPES = ResourceTypes(frozenset({"aws_instance", "aws_s3_bucket", "google_compute_instance"}))
DECLARE = "name a type that guardrail does not know in match.types_extra, too"


@pytest.mark.parametrize(
    "pattern, message",
    [
        ("aws_instnace", f'no resource type is called aws_instnace (did you mean "aws_instance"? Else {DECLARE})'),
        ("aws_instnace*", f'no resource type matches aws_instnace* (did you mean "aws_instance"? Else {DECLARE})'),
        ("aws_zzz*", f"no resource type matches aws_zzz* ({DECLARE})"),
        ("aws_quite_new_service", f"no resource type is called aws_quite_new_service ({DECLARE})"),
        ("acme_monitor*", f"no resource type matches acme_monitor* ({DECLARE})"),
    ],
)
def test_a_type_that_is_misspelt_is_an_error(pattern, message):
    assert message in error(GOOD + f"match: {{types: [{pattern}]}}\n", TYPES)


@pytest.mark.parametrize(
    "pattern, extra",
    [
        ("aws_*", ""),
        ("*", ""),
        ("aws_instance", ""),
        ("acme_monitor*", "acme_*"),
        ("aws_quite_new_service", "aws_quite_new_service"),
    ],
)
def test_a_type_may_be_a_pattern_or_declared(pattern, extra):
    file = parse_yaml(GOOD + f"match: {{types: ['{pattern}'], types_extra: ['{extra}']}}\n", RuleError, name="r.yaml")
    assert check_rule(file, types=TYPES).rule.match.types == (pattern,)


def test_without_known_types_nothing_is_checked():
    file = parse_yaml(GOOD + "match: {types: [aws_instnace]}\n", RuleError, name="r.yaml")
    assert check_rule(file).rule.match.types == ("aws_instnace",)


def test_yaml_1_1_words_are_text():
    file = parse_yaml(GOOD + "description: no\ndocs: 2026-01-31\nfix: 1:30\n", RuleError, name="r.yaml")
    rule = check_rule(file).rule
    assert (rule.description, rule.docs, rule.fix) == ("no", "2026-01-31", "1:30")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: \xc3\x28"])
def test_a_file_of_another_encoding_is_an_error(tmp_path, content):
    path = tmp_path / "r.yaml"
    path.write_bytes(content)
    with pytest.raises(RuleError, match="is not UTF-8 text"):
        read_rule(path)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(RuleError, match="cannot be read: No such file"):
        read_rule(tmp_path / "nope.yaml")


def test_aliases_that_explode_are_an_error():
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefgh", "abcdefg", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    assert "nested too deeply" in error(bomb)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_good_rule_reads_what_it_says(engine):
    rule = compile_rule(check_rule(parse_yaml(GOOD, RuleError, name="r.yaml")), engine=engine)
    assert rule.reads == {("resource", "after", "size")}
    assert rule.shown == {("resource", "after", "size"), ("resource", "address")}


BEGINS = [
    (date(2026, 12, 31), "mandatory", "advisory", date(2027, 1, 1)),
    (date(2027, 1, 1), "mandatory", "mandatory", None),
    (date(2026, 12, 31), "advisory", "advisory", None),
]


@pytest.mark.parametrize("today, enforcement, enforced, blocks_from", BEGINS)
def test_a_rule_is_advisory_until_the_day_from_which_it_is_enforced(today, enforcement, enforced, blocks_from):
    text = f"""\
id: a-rule
title: A rule
severity: low
enforcement: {enforcement}
effective_from: 2027-01-01
validations: [{{expression: "false", message: never}}]
"""
    source = check_rule(parse_yaml(text, RuleError, name="a.yaml")).on(today)
    assert (source.rule.enforcement, source.blocks_from) == (enforced, blocks_from)


def test_a_day_that_is_none_is_named_with_its_line():
    text = "id: a-rule\ntitle: A\nseverity: low\nenforcement: mandatory\neffective_from: soon\nvalidations: [{expression: 'true', message: a}]\n"
    with pytest.raises(RuleError, match=r"a.yaml:5: effective_from"):
        check_rule(parse_yaml(text, RuleError, name="a.yaml"))
