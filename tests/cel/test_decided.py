"""What constants of an expression leave no say is neither looked at nor compared."""

from typing import Any

import pytest

from guardrail.cel import Environment, EvaluationError
from tests.cel.expressions import ENGINES, ERRORS, UNKNOWN, VALUES

SCHEMA: dict[str, Any] = {"r": {}}
DEPENDS = [
    ("true || r.x", ""),
    ("false || r.x", "x"),
    ("r.x || true", "x"),
    ("false && r.x", ""),
    ("true && r.x", "x"),
    ("r.x && false", "x"),
    ("!(!false) && r.x", ""),
    ("true ? r.x : r.y", "x"),
    ("false ? r.x : r.y", "y"),
    ("r.x ? r.y : r.z", "x y z"),
    ('!("a" in ["b", "a"]) || r.x', "x"),
    ('"a" in ["b"] && r.x', ""),
    ('"a" in ["b", r.y] && r.x', "x y"),
    ('"a" in [?r.?y] && r.x', "x y"),
    ('"a" in {"a": 1} || r.x', "x"),
    ('"a" == "a" || r.x', ""),
    ('"a" != "a" || r.x', "x"),
    ('"a" == 1 || r.x', "x"),
    ("null == null || r.x", "x"),
    ("r.list.all(e, true || e == r.x)", "list"),
    ("r.x == (true ? 1.0 : r.y)", "x"),
    ("(true || r.x) && (r.y || false)", "y"),
]


@pytest.mark.parametrize("text, wanted", DEPENDS)
def test_what_a_value_depends_on(text, wanted):
    program = Environment(SCHEMA).compile(text)
    assert program.depends_on == {("r", name) for name in wanted.split()}
    assert program.depends_on <= program.reads


def test_defined_names_are_looked_through():
    environment = Environment(SCHEMA)
    environment.define("params", {"kinds": '["a"]'})
    assert environment.compile('!("b" in params.kinds) || r.x == 1').depends_on == frozenset()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("left_out", ["r.yes", "r.s", "r.null", "r.n", UNKNOWN, "r.tags.env", "r.list[1]", *ERRORS])
@pytest.mark.parametrize(
    "text, value",
    [
        ("true || {}", True),
        ("false && {}", False),
        ("!true && {} == 1", False),
        ('"a" in ["a"] || {}', True),
        ('"a" == "b" && {}', False),
        ("true ? r.n : {}", 3.0),
        ("false ? {} : r.n", 3.0),
        ("(true ? r.yes : {}) && r.no", False),
        ("r.list.exists(e, true || e == {})", True),
    ],
)
def test_what_it_does_not_depend_on_has_no_say(engine, text, value, left_out):
    environment = Environment(SCHEMA, engine_name=engine)
    program = environment.compile(text.format(left_out))
    assert program.evaluate(environment.bind(VALUES)) == value


@pytest.mark.parametrize("engine", ENGINES)
def test_an_error_does_not_name_what_has_no_say(engine):
    environment = Environment(SCHEMA, engine_name=engine)
    program = environment.compile("(false && r.null == 1) || lower(r.n) == ''")
    with pytest.raises(EvaluationError, match=r"^r\.n is a number, which is not what is expected there$"):
        program.evaluate(environment.bind(VALUES))
