"""Both engines give the same answers: to a list of expressions, to random ones, and to what is known only after apply."""

import gc
import sys
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.cel import OPEN, Environment, EvaluationError
from guardrail.errors import ConfigError
from guardrail.model.reason import Reason
from guardrail.model.unknown import Unknown, not_evaluated

ENGINES = ("cpp", "python")
SCHEMA = {"r": OPEN, "params": OPEN, "region": OPEN}
VALUES: dict[str, Any] = {
    "r": {
        "tags": {"team": "a", "env": Unknown("tags.env")},
        "n": 3,
        "float": 0.25,
        "null": None,
        "s": "some text",
        "yes": True,
        "unknown": Unknown("size"),
        "unset": not_evaluated("size", "variable size has no value"),
        "list": ["a", Unknown("list.1")],
        "blocks": [{"x": 1, "y": [1]}, {"x": 2, "y": []}],
        "huge": 10**400,
        "package": "reserved word as a key",
    },
    "params": {"required": ["team", "env"], "limit": 1000},
    "region": "eu-west-1",
}
UNKNOWN = Unknown("tags.env")
ERROR = "error"

CASES = [
    # numbers of the text are ints or doubles as they are spelled, those of data are doubles, and beside data ints are, too
    ("7 / 2", 3),
    ("7.0 / 2", 3.5),
    ("r.n / 2", 1.5),
    ("r.n % 2", 1.0),
    ("-7 % 4", -3),
    ("size(r.tags) * r.n", 6.0),
    ("(r.n > 1 ? 1 : r.n) / 2", 0.5),
    ("[1, 2].map(x, x * r.n)", [3.0, 6.0]),
    ('get(r, "absent", 7) / 2', 3.5),
    ("dyn(1) + 1.5", 2.5),
    ('"abcdef".substring(0, r.n)', "abc"),
    ("type(1) == int && type(r.n) == double && type(1u) == uint", True),
    ("r.n * 2 + 0.5", 6.5),
    ("r.n == 3 && 3 == r.n && r.n == 3.0", True),
    ("size(r.blocks) * 1.5", 3.0),
    ("size(r.s) > 2", True),
    ("2.5 > 2 && 2 <= 2.0", True),
    ("-r.n", -3.0),
    ("1.0 / 0 > 5.0", "error"),
    ("0x10 + 1e2", 116.0),
    # equality across types is false, not an error
    ('r.n == "3"', False),
    ('r.s != null && r.null == null && r.s != "x"', True),
    ('[1, "a", null] == [1.0, "a", null]', True),
    ("r.n in [1, 2, 3]", True),
    ('"3" in [1, 2, 3]', False),
    ('{"a": r.n} == {"a": 3}', True),
    # absent and null
    ("has(r.null)", False),
    ("has(r.nope)", False),
    ("has(r.n)", True),
    ("r.nope", ERROR),
    ("r.null > 3", ERROR),
    ("r.null.x", ERROR),
    ("r.package", "reserved word as a key"),
    # macros
    ("r.blocks.map(b, b.x)", [1.0, 2.0]),
    ("r.blocks.map(b, b.x > 1, b.x)", [2.0]),
    ("r.blocks.filter(b, size(b.y) == 0).map(b, b.x)", [2.0]),
    ("r.blocks.all(b, b.x > 0)", True),
    ("r.blocks.exists(b, b.x == 2)", True),
    ("r.blocks.exists_one(b, b.x == 2)", True),
    ("r.tags.map(k, k)", ["env", "team"]),
    ('r.tags.filter(k, k.startsWith("t"))', ["team"]),
    ("r.blocks.all(b, b.zz == 1)", ERROR),
    ("r.blocks.filter(b, b.zz == 1)", ERROR),
    ("r.n.map(x, x)", ERROR),
    ("[1, 0].all(x, 1 / x < 0)", False),
    # functions
    ("min(1, r.n) + max(1, r.n)", 4.0),
    ("ceil(0.1 * 3 / 0.1)", 3.0),
    ("ceil(2.1) + floor(2.9) + round(2.5) + abs(0 - 1)", 9.0),
    ('number("2.5") + number(true)', 3.5),
    ('number("abc")', ERROR),
    ('lower("AbC") + upper("x")', "abcX"),
    ('replace("a-b-c", "-", "_")', "a_b_c"),
    ('split("a,b", ",")[1]', "b"),
    ('join(["a", 1, true], "-")', "a-1-true"),
    ("sum(r.blocks.map(b, b.x))", 3.0),
    ('extract("db.r5.large", r"^db\\.([a-z0-9]+)")', "r5"),
    ('extract("x", "y")', ""),
    ('get(r.blocks, "1.x", 9)', 2.0),
    ('get(r.blocks, "5.x", 9)', 9.0),
    ('get(r.blocks, "0.zz", "d")', "d"),
    ('get(r.null, "a.b", null)', None),
    ('get(r.blocks, "1.y.0", "none")', "none"),
    ('get(r.blocks, "0.y.00", "none")', 1.0),
    ('get(r.blocks, "99999999999999999999.y", "none")', "none"),
    ('get(r, "0.x", "none")', "none"),
    ('get(r, "s.x", "none")', "none"),
    ('get(r, "nowhere.x", r.n)', 3.0),
    # each of these once came out empty: a value that is bound in a macro that goes through what another has gone through
    (
        "params.required.filter(x, r.blocks.exists(b, true)).map(x, r.blocks.filter(b, cel.bind(v, b, v.x) == 1).size())",
        [1, 1],
    ),
    ('["A"].filter(x, ["a"].exists(y, y == lower(x))).map(x, ["a"].filter(y, cel.bind(v, x, lower(v)) == y))', [["a"]]),
    ('cidr_size("10.0.0.0/24")', 256.0),
    ('money(1234.5, "USD")', "$1,234.50"),
    ('money(-3, "EUR")', "-EUR 3.00"),
    ('money(0.001, "USD")', "<$0.01"),
    ("string(3) + string(2.50) + string(true)", "32.5true"),
    ('r.s.contains("text") && r.s.startsWith("some") && r.s.endsWith("t") && r.s.matches("^s.*t$")', True),
    ('"a".matches("(")', ERROR),
    ("r.blocks[0].y[0]", 1.0),
    ("r.blocks[7]", ERROR),
    ('("some" + " " + "text").contains("e t") && !("a" + "b").contains("c")', True),
    ('("some" + "text").startsWith("some") && ("some" + "text").endsWith("text")', True),
    ("r.n.contains('x')", ERROR),
    # what is not chosen, or makes no difference, may be an error of any kind
    ("r.null == null ? 1 : r.null.x", 1.0),
    ("r.null == null ? [] : r.null.map(x, x)", []),
    ("r.null == null || r.null.x.y == 1", True),
    ("r.null != null && number(r.s) > 1", False),
    ("r.null != null ? number(r.s) : 2", 2.0),
    # known only after apply
    ("r.unknown", Unknown("size")),
    ("r.unknown > 3 ? 1 : 2", Unknown("size")),
    ("true ? 1 : r.unknown", 1.0),
    ('r.tags.env == "prod"', UNKNOWN),
    ('"env" in r.tags', True),
    ("has(r.tags.env)", True),
    ("size(r.tags)", 2),
    ('r.tags.team == "a" || r.tags.env == "x"', True),
    ('r.tags.env == "x" || r.tags.team == "a"', True),
    ('r.tags.env == "x" && r.tags.team == "b"', False),
    ('r.tags.env == "x" || r.tags.team == "b"', UNKNOWN),
    ('params.required.filter(t, !(t in r.tags) || r.tags[t] == "")', UNKNOWN),
    ("params.required.filter(t, !(t in r.tags))", []),
    ('"a" in r.list', True),
    ('"z" in r.list', Unknown("list.1")),
    ("r.tags.map(t, t in r.tags)", [True, True]),
    ('params.required.filter(t, get(r.tags, "team", "") == "a" && r.tags[t] == "a")', UNKNOWN),
    ('get(r.unknown, "a.b", "none")', Unknown("size")),
    ('r.list.exists(x, x == "a")', True),
    ('r.list.exists(x, x == "z")', Unknown("list.1")),
    ('r.list.all(x, x == "z")', False),
    ('r.tags == {"team": "a"}', UNKNOWN),
    ("r.tags != null && null != r.list", True),
    ("r.unknown == null", Unknown("size")),
    ('get(r, "tags.env", "none")', UNKNOWN),
    ("[r.unknown]", Unknown("size")),
    ("join(r.list, ',')", Unknown("list.1")),
    ("r.unset > 1", not_evaluated("size", "variable size has no value")),
    ("r.huge > 1", Unknown("huge", "a number out of range", Reason.NOT_EVALUATED)),
    ("region == 'eu-west-1'", True),
]


@pytest.fixture(params=ENGINES)
def environment(request):
    return Environment(SCHEMA, engine_name=request.param)


def answer(environment, expression):
    try:
        return environment.compile(expression).evaluate(environment.bind(VALUES))
    except EvaluationError:
        return ERROR


@pytest.mark.parametrize("expression, expected", CASES, ids=[case[0] for case in CASES])
def test_an_expression_has_one_answer_on_either_engine(environment, expression, expected):
    found = answer(environment, expression)
    assert found == expected
    assert type(found) is type(expected)


_numbers = st.sampled_from(["0", "1", "2.5", "r.n", "r.float", "r.unknown", "size(r.list)"])
_sums = st.recursive(
    _numbers,
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({' '.join(t)})"),
    max_leaves=6,
)
_tests = st.tuples(_sums, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _sums).map(" ".join)
_conditions = st.recursive(
    _tests | st.sampled_from(["true", "false", "r.yes", '"env" in r.tags', 'r.tags.env == "x"', "has(r.null)"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda t: f"({' '.join(t)})"),
        inner.map(lambda text: f"!({text})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
    ),
    max_leaves=8,
)


@given(expression=_conditions)
def test_random_conditions_agree_between_engines(expression):
    answers = [answer(Environment(SCHEMA, engine_name=name), expression) for name in ENGINES]
    kinds = ["unknown" if isinstance(found, Unknown) else found for found in answers]
    assert kinds[0] == kinds[1]


@given(expression=_conditions)
def test_an_answer_that_is_given_despite_an_unknown_does_not_depend_on_it(expression):
    """What three-valued logic means: whatever the unknown turns out to be, a definite answer stands."""
    environment = Environment(SCHEMA, engine_name="cpp")
    program = environment.compile(expression)
    now = program.evaluate(environment.bind(VALUES))
    for size in (-1, 0, 3, 1000):
        later = {**VALUES["r"], "unknown": size, "tags": {"team": "a", "env": "x"}}
        if not isinstance(now, Unknown):
            assert program.evaluate(environment.bind({**VALUES, "r": later})) == now


def test_the_engine_can_be_chosen_by_the_environment_but_only_among_those_there_are(monkeypatch):
    monkeypatch.setenv("GUARDRAIL_CEL_ENGINE", "pythn")
    with pytest.raises(ConfigError, match=r'GUARDRAIL_CEL_ENGINE: no such CEL engine: pythn .*did you mean "python"'):
        Environment(SCHEMA)
    monkeypatch.setenv("GUARDRAIL_CEL_ENGINE", "python")
    assert Environment(SCHEMA).compile("1 + 1").evaluate(Environment(SCHEMA).bind({})) == 2.0


def test_what_is_looked_up_does_not_stay_in_memory():
    """Google's engine never frees what it hands to a function, so that places in data are not handed to one."""
    environment = Environment(SCHEMA, engine_name="cpp", nullable=frozenset({("r", "tags")}))
    many = {f"key-{number}": "a value" for number in range(500)}
    scope = environment.bind({"r": {"tags": many, "size": Unknown("size")}})
    texts = (
        'r.tags["key-1"]',
        "r.tags.absent",
        '"key-1" in r.tags',
        'get(r, "tags.key-1", "")',
        "has(r.tags.x) || r.size > 1",
    )
    programs = [environment.compile(text) for text in texts]

    def evaluate() -> None:
        for program in programs:
            program.evaluate(scope)

    evaluate()
    tracemalloc.start()
    try:
        for _ in range(20):
            evaluate()
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", ["r.null", "[r.null, {'a': r.null}]", 'get(r, "nope", null)', "r.blocks.map(b, null)"])
def test_null_is_counted_as_python_does(text):
    """Google's engine forgets to: Python ends the process where no reference to None seems to be left."""
    environment = Environment(SCHEMA, engine_name="cpp")
    program, scope = environment.compile(text), environment.bind(VALUES)
    program.evaluate(scope)
    gc.disable()
    try:
        before = sys.getrefcount(None)
        for _ in range(500):
            program.evaluate(scope)
        assert sys.getrefcount(None) > before - 100
    finally:
        gc.enable()
