"""allocation.yaml: what is wrong in it is said in one line, with where and what to do."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from guardrail.cli.commands.schema import schema_text
from guardrail.errors import ConfigError
from guardrail.finops.allocation.file import Allocation, Match, read_allocation
from guardrail.ledger.queries.spending import PLAIN
from tests.finops.conftest import SHOP

SHARED = "version: 1\nshared:\n- {{name: x, match: {{team: p}}, {rest}}}\n"


@pytest.mark.parametrize(
    "text, said",
    [
        ("rules: []", "allocation.yaml:1: 'version' is missing"),
        ("version: 1\nrule: []", "allocation.yaml:2: unknown key 'rule' (did you mean \"rules\"?)"),
        ("version: 1\nrules:\n- {tags: team}", "allocation.yaml:3: unknown key 'rules.0.tags' (did you mean \"tag\"?)"),
        (
            "version: 1\nrules:\n- {match: {servce: S3}, to: a}",
            "unknown key 'rules.0.match.servce' (did you mean \"service\"?)",
        ),
        (
            "version: 1\nrules:\n- {match: {service: S3}}",
            "allocation.yaml:3: rules.0: a rule has one of tag, tag_of_address and to",
        ),
        ("version: 1\nrules:\n- {tag: a, to: b}", "a rule has one of tag, tag_of_address and to"),
        ("version: 1\nrules:\n- {match: {category: Taxes}, to: a}", 'did you mean "Tax"?'),
        (SHARED.format(rest="split: evenly"), 'did you mean "even"?'),
        (
            SHARED.format(rest="split: fixed"),
            "allocation.yaml:3: shared.0: shares belong to split: fixed, and it needs them",
        ),
        (SHARED.format(rest="split: even, shares: {a: 100}"), "shares belong to split: fixed"),
        (SHARED.format(rest="split: fixed, shares: {a: 60, b: 30}"), "shares come to 90, and not to 100"),
        (SHARED.format(rest="split: fixed, shares: {a: 100}, among: [a]"), "among means nothing to split: fixed"),
        (SHARED.format(rest="split: measure"), "measure belongs to split: measure, and it needs one"),
        (SHARED.format(rest="split: measure, measure: {}"), "a measure has one of match and file"),
        (SHARED.format(rest="split: measure, measure: {file: absent.csv}"), "absent.csv: cannot be read"),
        ("version: 1\nshared: [{name: direct, match: {team: p}, split: even}]", "costs that nobody shares"),
        ("version: 1\nshared: [{name: x, match: {}, split: even}]", "match has to say which charges are shared"),
        (
            "version: 1\nshared: [{name: x, match: {team: a}, split: even}, {name: x, match: {team: b}, split: even}]",
            "the name 'x' is there twice",
        ),
        ("[]", "must hold keys and values"),
        ("a: [", "not valid YAML"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path, text, said):
    path = tmp_path / "allocation.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_allocation(path)
    assert said in str(error.value)


@pytest.mark.parametrize(
    "rows, said",
    [
        ("2026-10,a,-1", "orders.csv:2: '-1' is no number from 0 on"),
        ("2026-10,a,many", "orders.csv:2: 'many' is no number from 0 on"),
        ("2026-10,a,1\n2026-10,a,2", "orders.csv:3: 2026-10 a is there twice"),
        ("2026-10,,1", "orders.csv:2: a row has month, team, value"),
    ],
)
def test_mistakes_in_measured_values_are_named_with_their_place(tmp_path, rows, said):
    path = tmp_path / "allocation.yaml"
    path.write_text(SHARED.format(rest="split: measure, measure: {file: orders.csv}"))
    (tmp_path / "orders.csv").write_text(f"month,team,value\n{rows}\n")
    with pytest.raises(ConfigError) as error:
        read_allocation(path)
    assert said in str(error.value)


@pytest.mark.parametrize("args", [(), ("allocation.yaml",), ("payers.yaml",)])
def test_validate_names_every_mistake(run, tmp_path, args):
    (tmp_path / "guardrail.yaml").write_text("version: 1\n")
    text = "version: 1\nrules:\n- {tag: team, to: shop}\nshared:\n- {name: x, match: {tem: a}, split: evenly}\n"
    for name in ("allocation.yaml", "payers.yaml"):
        (tmp_path / name).write_text(text)
    ran = run("validate", *args)
    name = args[0] if args else "allocation.yaml"
    assert ran.exit_code == 2
    lines = [line for line in ran.stdout.splitlines() if line.startswith(name)]
    assert lines == [
        f"{name}:3: rules.0: a rule has one of tag, tag_of_address and to",
        f"{name}:5: unknown key 'shared.0.match.tem' (did you mean \"team\"?)",
        f"{name}:5: shared.0.split: 'evenly' is not one of proportional, even, fixed, measure, none (did you mean \"even\"?)",
    ]


def test_validate_finds_nothing_wrong_with_the_example_and_names_a_file_that_is_not_there(run, tmp_path):
    (tmp_path / "guardrail.yaml").write_text("version: 1\n")
    (tmp_path / "allocation.yaml").write_text((SHOP / "allocation.yaml").read_text())
    assert run("validate").stdout == "no problems\n"
    (tmp_path / "allocation.yaml").write_text(SHARED.format(rest="split: measure, measure: {file: absent.csv}"))
    assert "absent.csv: cannot be read: No such file" in run("validate").stdout


def test_a_role_of_kubernetes_is_not_taken_for_an_allocation(run, tmp_path):
    (tmp_path / "role.yaml").write_text("kind: Role\nrules: [{verbs: [get]}]\n")
    assert run("validate", "role.yaml").exit_code == 0


def test_the_schema_takes_the_example_and_refuses_what_is_misspelt():
    schema = json.loads(schema_text("allocation"))
    example = yaml.safe_load((SHOP / "allocation.yaml").read_text())
    jsonschema.validate(example, schema)
    example["shared"][0]["split"] = "evenly"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(example, schema)


def test_the_ledger_can_sum_by_all_that_rules_match():
    assert {name for name in Match.__struct_fields__ if name != "tags"} <= set(PLAIN)


def test_a_file_that_says_nothing_leaves_all_to_nobody(tmp_path):
    path = tmp_path / "allocation.yaml"
    path.write_text("version: 1\n")
    assert read_allocation(path) == (Allocation(version=1), {})


def test_a_check_imports_nothing_of_it():
    script = "import guardrail.cli.check.judging, guardrail.check.run, guardrail.deliver, sys; print([n for n in sys.modules if 'finops' in n])"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert ran.stdout == "[]\n"
