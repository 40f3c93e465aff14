"""What an expression may go through: the same with both engines, and an end in one line that says what it was."""

import json

import pytest

from guardrail.cel import OPEN, Environment
from guardrail.cel.engine import python
from guardrail.errors import LimitError
from guardrail.model.unknown import Unknown

ENGINES = ("cpp", "python")
NESTED = "r.{outer}(a, r.{inner}(b, a + b < 0.0))"


@pytest.fixture(params=ENGINES)
def environment(request):
    return Environment({"r": OPEN}, engine_name=request.param)


def test_long_lists_are_gone_through(environment):
    numbers = [float(number) for number in range(10_500)]  # more than Google's engine lets an expression go through
    scope = environment.bind({"r": numbers})
    assert environment.compile("r.all(a, a >= 0.0)").evaluate(scope) is True
    assert environment.compile("r.filter(a, a < 3.0)").evaluate(scope) == [0, 1, 2]


@pytest.mark.parametrize("last", [1.0, Unknown("list.1")], ids=["known", "unknown"])
@pytest.mark.parametrize("outer, inner", [("exists", "exists"), ("filter", "exists_one")])
def test_macros_that_multiply_end_in_one_line(environment, monkeypatch, outer, inner, last):
    monkeypatch.setattr(python, "MAX_STEPS", 10_500)
    program = environment.compile(NESTED.format(outer=outer, inner=inner))
    with pytest.raises(LimitError, match=r"^takes more than 10,500 steps: r\.") as raised:
        program.evaluate(environment.bind({"r": [*([1.0] * 150), last]}))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("place", ["expression", "message"])
def test_a_rule_that_multiplies_is_named(run, tmp_path, monkeypatch, engine, place):
    monkeypatch.setenv("GUARDRAIL_CEL_ENGINE", engine)
    monkeypatch.setattr(python, "MAX_STEPS", 10_500)
    bomb = f"{list(range(150))}"
    bomb = f"{bomb}.exists(a, {bomb}.exists(b, a + b < 0))"
    validation = (
        {"expression": bomb, "message": "no"}
        if place == "expression"
        else {"expression": "false", "message": f"{{{bomb}}}"}
    )
    rule = {"id": "bomb", "title": "Bomb", "severity": "low", "enforcement": "advisory", "match": {"types": ["*"]}}
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "bomb.yaml").write_text(json.dumps({**rule, "validations": [validation]}))
    (tmp_path / "guardrail.yaml").write_text("version: 1\nrules: {packs: [], paths: [rules]}\n")
    (tmp_path / "main.tf").write_text('resource "aws_ebs_volume" "data" {\n  size = 10\n}\n')
    ran = run("check", ".")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "rules/bomb.yaml:1: rule bomb takes more than 10,500 steps" in ran.stderr
    assert ran.stderr.count("\n") == 1
