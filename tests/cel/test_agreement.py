"""The two engines agree: with anything at any place of any operator, function and macro, and on generated expressions."""

import re

import pytest

from guardrail.cel import OPEN, CelError, Environment, EvaluationError
from guardrail.cel.engine.operators import OPERATORS, UNARY
from guardrail.cel.expression.syntax import MACROS
from guardrail.cel.functions import FUNCTIONS
from guardrail.cel.program import Program
from guardrail.model.unknown import Unknown
from tests.cel.expressions import ENGINES, ERRORS, OPERANDS, UNKNOWN, VALUES, Engines, differences, forms

FORMS = {text: kinds for text, kinds, _ in forms()}
ANYTHING = [UNKNOWN, *ERRORS, *(operands[0] for operands in OPERANDS.values()), "r.secret", "r.list", "r.tags"]
FEW = [UNKNOWN, "r.null", "r.list"]
UNNEEDED = {("({} || {})", 0), ("({} || {})", 1), ("({} ? {} : {})", 2)}
"""Places whose operand does not matter, as the others are what OPERANDS begin with."""


@pytest.fixture(scope="module")
def engines():
    return Engines()


def placed(text, kinds):
    """Yield (place, what stands there, expression): each place in turn holds each sort of operand, of a function's the few."""
    usual = [OPERANDS[kind][0] for kind in kinds]
    is_function = re.fullmatch(r"(?:\(\{\}\)\.)?[\w.]+\([^is]*\)", text)
    for place in range(len(kinds)):
        for operand in FEW if is_function else ANYTHING:
            yield place, operand, text.format(*usual[:place], operand, *usual[place + 1 :])


def test_every_operator_function_and_macro_is_among_the_forms():
    written = " ".join(FORMS)
    assert [name for name in OPERATORS if name != "[]" and f" {name} " not in written] == []
    assert [name for name in UNARY if f"({name}{{}})" not in FORMS] == []
    assert [name for name in MACROS if f").{name}(" not in written] == []
    missing = [
        name
        for name, is_method in FUNCTIONS
        if name[0] != "_" and (f").{name}(" if is_method else f"{name}(") not in written
    ]
    assert missing == []


@pytest.mark.parametrize("text", FORMS)
def test_with_anything_at_any_place_the_engines_agree_and_no_unknown_or_error_passes_for_a_value(engines, text):
    wrong = {}
    for place, operand, expression in placed(text, FORMS[text]):
        answers = engines.answers(expression)
        if answers is None:
            continue
        wanted = "Unknown(path='unknown'" if operand == UNKNOWN else "error: " if operand in ERRORS else ""
        if answers[0] != answers[1] or not ((text, place) in UNNEEDED or answers[0].startswith(wanted)):
            wrong[expression] = answers
    assert wrong == {}


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    "expression, answer",
    [
        ("r.no && {}", False),
        ("{} && r.no", False),
        ("r.yes || {}", True),
        ("{} || r.yes", True),
        ("r.yes ? 1 : {}", 1),
        ("r.no ? {} : 1", 1),
        ("r.flags.exists(f, f || {})", True),
        ("r.flags.all(f, f && {})", False),
        ("r.flags.map(f, f || r.yes ? 1 : {})", [1.0, 1.0]),
        ("(r.yes || {}) == r.yes", True),
        ("[r.no && {}]", [False]),
    ],
)
@pytest.mark.parametrize("operand", [UNKNOWN, *ERRORS, "r.n", "r.null"])
def test_what_does_not_matter_is_absorbed_whatever_it_is(name, expression, answer, operand):
    environment = Environment({"r": OPEN}, engine_name=name)
    program = environment.compile(expression.format(operand))
    assert program.evaluate(environment.bind(VALUES)) == answer


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    "expression, reason",
    [
        ("r.nope == 1", 'there is no key "nope"'),
        ("[r.map['it\\'s \"é\"']]", """there is no key "it's "é"\""""),
        ("r.words[7]", "a list is shorter than the index that is read"),
        ('number("x") in r.words', "not a number: 'x'"),
        ('(number("x") > 1 || true) && r.nope', 'there is no key "nope"'),
        ('"a".matches("(")', "invalid regular expression"),
        ('{r.s: 1, "some text": 2}', "a map has the same key twice"),
        ("{r.float: 1}", "a map's key must be a string, a whole number or a bool"),
        ("1 / int(r.zero)", "division by zero"),
        ("1.0 / 0.0", "division by zero"),
        ("r.n / 0", "division by zero"),
        ("!(0.0 / sum([]) > 0.8)", "division by zero"),
        ("ceil(1.5) / -0.0 < 5.0", "division by zero"),
        ("!(double('nan') > 5.0)", "an operand is null or of the wrong type"),
        ("double('1e999') > 5.0", "an operand is null or of the wrong type"),
        ("double(' 5')", "an operand is null or of the wrong type"),
        ("int(r.n) * 9223372036854775807", "a whole number out of range"),
        ("optional.of(r.n)", "the result is an optional value: use .orValue(...) or .hasValue()"),
        ('r.map.all(k, number(k) > 1 || k == "z")', "not a number: 'is'"),
    ],
)
def test_an_error_reads_the_same_from_either_engine(name, expression, reason):
    environment = Environment({"r": OPEN}, engine_name=name)
    with pytest.raises(EvaluationError) as raised:
        environment.compile(expression).evaluate(environment.bind(VALUES))
    assert str(raised.value) == reason


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    "expression, message, column",
    [
        ('1 + "a"', "+ is not for an int and a string", 3),
        ("true || 1", "|| takes a bool, not an int", 9),
        ("r.s.startsWith(1)", "startsWith is not for anything and an int", 5),
        ("lower(size(r.s))", "lower is not for an int", 1),
        ("r.words.filter(w, size(w))", "the condition of filter takes a bool, not an int", 19),
        ("[1][true]", "[] is not for a list and a bool", 4),
        ("{1.5: 2}", "a map's key takes a string or an int or a uint or a bool, not a number", 2),
        ("ip(r.s).startsWith(r.s)", "startsWith is not for a value of Kubernetes' library and anything", 9),
        ("1 in 2", "in is not for an int and an int", 3),
        ("1e999", "a number out of range", 1),
    ],
)
def test_what_no_value_can_make_work_is_refused_when_it_is_loaded(name, expression, message, column):
    with pytest.raises(CelError) as raised:
        Environment({"r": OPEN}, engine_name=name).compile(expression)
    assert (raised.value.message, raised.value.column) == (message, column)


PATHS = [
    "r",
    *(f"r.{name}" for name in VALUES["r"]),
    *(f"r.{name}.x" for name in VALUES["r"]),
    "r.nope",
    "r.nope.x",
    "nope",
]


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("path", [*PATHS, "r.map.is", "r.tags.env", "r.tags.env.x", "r.tags.owner"])
def test_what_only_names_a_place_is_what_an_engine_finds_there(name, path):
    environment = Environment({"r": OPEN, "nope": OPEN}, engine_name=name)
    scope = environment.bind(VALUES)

    def answer(text):
        try:
            return repr(environment.compile(text).evaluate(scope))
        except EvaluationError as error:
            return f"error: {error}"

    assert answer(path) == answer(f"({path})")
    for steps in ("x", "0", "1.x", "is.0", "env", "x.y", "7.x"):
        for default in ("null", "true", "[]", "''", "'a b'"):
            get = f"get({path}, '{steps}', {default})"
            assert answer(get) == answer(f"({get})")


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("word", ["class", "lambda", "get", "functions", "in_", "r_", "__class__"])
def test_a_variable_of_a_macro_may_be_called_anything(name, word):
    environment = Environment({"r": OPEN}, engine_name=name)
    assert (
        environment.compile(f"r.words.map({word}, {word})").evaluate(environment.bind(VALUES)) == VALUES["r"]["words"]
    )


@pytest.mark.parametrize("seed", range(4))
def test_generated_expressions_agree(seed):
    """More of them: `python -m tests.cel.expressions 10000 1`."""
    lines, sorts = differences(150, seed)
    assert lines == []
    assert all(sorts[sort] > 15 for sort in ("value", "unknown", "error"))


def test_an_unknown_value_is_named_in_the_same_way(engines):
    assert engines.answers("r.list.map(x, x)[1]") == [repr(Unknown("list.1"))] * 2


@pytest.mark.parametrize(
    "expression",
    [
        "cel.bind(is, sum(r.words), [is, json.parse(r.unset)])",
        'optional.of(timestamp("2026-03-29T01:30:00Z")).value().startsWith(r.unknown)',
        '[?optional.of(duration("-1.5s")), math.greatest(r.unknown)]',
        "r.list.replace('a', r.words[1], r.n) + r.unset",
    ],
)
def test_what_is_not_known_goes_before_the_error_of_another_operand(engines, expression):
    answers = engines.answers(expression)
    assert answers[0] == answers[1]
    assert answers[0].startswith("Unknown(")


@pytest.mark.parametrize("named", ["lower(r.n)", "r.nope", UNKNOWN, "1 / 0"])
@pytest.mark.parametrize(
    "rest", ["r.yes", "r.yes || is == ''", "!(r.no && is == 1)", "[1].exists(e, cel.bind(it, is, true))"]
)
def test_what_is_named_counts_where_it_is_used_alone(engines, named, rest):
    assert engines.answers(f"cel.bind(is, {named}, {rest})") == ["True"] * 2


@pytest.mark.parametrize(
    "expression",
    [
        "r.text > r.n || (false && r.unset == '')",
        "(true ? r.n : r.unset) < r.text",
        "r.n + r.text + size([r.n, true || r.unknown])",
    ],
)
def test_an_error_where_nothing_unknown_is_met_starts_no_other_engine(monkeypatch, expression):
    environment = Environment({"r": OPEN}, engine_name="cpp")
    scope = environment.bind({"r": {"n": 1, "text": "x", "unset": Unknown("unset"), "unknown": Unknown("unknown")}})
    program = environment.compile(expression)
    monkeypatch.setattr(Program, "_evaluate_on_python", None)
    with pytest.raises(EvaluationError):
        program.evaluate(scope)


@pytest.mark.parametrize("expression", ["uint(r.float)", 'optional.ofNonZeroValue(b"").value()'])
def test_both_refuse(engines, expression):
    answers = engines.answers(expression)
    assert answers[0] == answers[1]
    assert answers[0].startswith("error: ")
