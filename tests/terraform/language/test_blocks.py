"""Bodies with nested and dynamic blocks, and types of variables with their defaults, as real Terraform reads them."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from guardrail.terraform.language.blocks import body_values
from guardrail.terraform.language.conversion import ConversionError
from guardrail.terraform.language.evaluation import EvaluationError, LimitError, evaluate
from guardrail.terraform.language.scope import Budget
from guardrail.terraform.language.syntax import parse_expression, parse_file
from guardrail.terraform.language.type_expressions import constrained, type_constraint
from guardrail.terraform.language.types import ANY, NUMBER, STRING, ListType, ObjectType, SetType, type_string
from guardrail.terraform.language.values import Cause, Origin, Unknown, string, unknown
from tests.terraform.language.agreement import UNKNOWN, plain
from tests.terraform.real_terraform import plan

NAMES = {
    "two": parse_expression('["a", "b"]'),
    "named": parse_expression("{ x = 1, y = 2 }"),
    "none": parse_expression("[]"),
    "nothing": parse_expression("null"),
}


class Here:
    """A scope with a few names and no functions."""

    def __init__(self):
        self.budget = Budget()

    def resolve(self, root, _, where):
        if root == "later":
            return unknown(ANY, Unknown(Cause.APPLY), frozenset({Origin("aws_x.y", "id")})), 0
        if root not in NAMES:
            raise EvaluationError(f"there is no {root}", where)
        return evaluate(NAMES[root], self), 0

    def call(self, name, _, where):
        raise EvaluationError(f"there is no function {name}", where)


@dataclass
class Said:
    """What a provider says of an attribute."""

    type: Any
    is_block: bool = False
    nested: Any = None


def values(text, schema=None, name="main.tf"):
    """The values of a body."""
    return body_values(parse_file(name, text.encode()).body.blocks[0].body, Here(), schema)


BODIES = {
    "static blocks": ("b {\n n = 1\n }\n b {\n n = 2\n }", {"b": [{"n": 1}, {"n": 2}]}),
    "a dynamic block before a static one": (
        'dynamic "b" {\n for_each = two\n content {\n n = b.value\n k = b.key\n }\n }\n b {\n n = "c"\n }',
        {"b": [{"n": "a", "k": 0}, {"n": "b", "k": 1}, {"n": "c"}]},
    ),
    "an iterator": (
        'dynamic "b" {\n for_each = named\n iterator = it\n content {\n n = "${it.key}${it.value}"\n }\n }',
        {"b": [{"n": "x1"}, {"n": "y2"}]},
    ),
    "dynamic within static": (
        'o {\n dynamic "b" {\n for_each = two\n content {\n n = b.value\n }\n }\n }',
        {"o": [{"b": [{"n": "a"}, {"n": "b"}]}]},
    ),
    "dynamic within dynamic": (
        'dynamic "o" {\n for_each = two\n content {\n dynamic "i" {\n for_each = named\n content {\n n = "${o.value}${i.key}"\n }\n }\n }\n }',
        {"o": [{"i": [{"n": "ax"}, {"n": "ay"}]}, {"i": [{"n": "bx"}, {"n": "by"}]}]},
    ),
    "none": ('dynamic "b" {\n for_each = none\n content {}\n }', {"b": []}),
    "unknown": ('dynamic "b" {\n for_each = later\n content {\n n = b.value\n }\n }\n b {\n }', {"b": UNKNOWN}),
    "unknown within": ("b {\n n = later\n }", {"b": [{"n": UNKNOWN}]}),
    "null": ('dynamic "b" {\n for_each = nothing\n content {}\n }', {"b": UNKNOWN}),
    "no content": ('dynamic "b" {\n for_each = two\n }', {"b": UNKNOWN}),
    "a failing attribute": ("a = two.x\n c = 1", {"a": UNKNOWN, "c": 1}),
}


@pytest.mark.parametrize("case", BODIES)
def test_bodies_without_a_schema(case):
    text, found = BODIES[case]
    assert {name: plain(value) for name, value in values(f"r {{\n {text}\n}}\n").items()} == found


def test_blocks_of_an_unknown_dynamic_block_say_what_is_known():
    text, _ = BODIES["unknown"]
    value = values(f"r {{\n {text}\n}}\n")["b"]
    assert (value.raw.cause, value.raw.least, value.raw.not_null) == (Cause.APPLY, 1, True)
    assert value.marks == {Origin("aws_x.y", "id")}


def test_what_cannot_be_evaluated_says_why_and_where():
    value = values("r {\n\n a = two.x\n}\n")["a"]
    assert value.raw == Unknown(
        Cause.NOT_EVALUATED, 'it is a tuple, whose elements have to be chosen before ".x"', "main.tf:3"
    )


NESTED = {"n": Said(NUMBER), "s": Said(STRING)}
OBJECT = ObjectType({"n": NUMBER, "s": STRING})
SCHEMA = {
    "count": Said(NUMBER),
    "tags": Said(SetType(STRING)),
    "list": Said(ListType(OBJECT), is_block=True, nested=NESTED),
    "set": Said(SetType(OBJECT), is_block=True, nested=NESTED),
    "one": Said(OBJECT, is_block=True, nested=NESTED),
}
CONVERTED = [
    ('r {\n count = "14"\n tags = ["b", "a", "b"]\n}', {"count": 14, "tags": ["a", "b"]}),
    ('r {\n count = "x"\n}', {"count": UNKNOWN}),
    ('r {\n list {\n n = "1"\n }\n}', {"list": [{"n": 1, "s": None}]}),
    ("r {\n set {\n n = 2\n }\n set {\n n = 1\n }\n set {\n n = 2\n }\n}", {"set": [{"n": 1, "s": None}, {"n": 2, "s": None}]}),
    ("r {\n one {\n n = 2\n }\n}", {"one": {"n": 2, "s": None}}),
    ('r {\n list = [{ n = "1" }]\n}', {"list": [{"n": 1, "s": None}]}),
    ("r {\n list = []\n}", {"list": []}),
]  # fmt: skip


@pytest.mark.parametrize("text, found", CONVERTED)
def test_bodies_with_a_schema(text, found):
    assert {name: plain(value) for name, value in values(text, SCHEMA).items()} == found


def test_blocks_in_json_are_those_of_the_schema():
    text = '{"resource": {"a": {"b": {"list": [{"n": "1"}, {"n": 2, "//": "c"}], "one": {"s": "${two[0]}"}, "count": "3"}}}}'
    found = {name: plain(value) for name, value in values(text, SCHEMA, "main.tf.json").items()}
    assert found == {
        "list": [{"n": 1, "s": None}, {"n": 2, "s": None}],
        "one": {"n": None, "s": "a"},
        "count": 3,
    }


# The type of a variable, a value for it, and what Terraform makes of them.
VARIABLES = [
    ("string", "1"),
    ("number", '"1.5"'),
    ("bool", '"true"'),
    ("any", "[1, { a = 2 }]"),
    ("list(string)", "[1, true]"),
    ("list", '["a", 1]'),
    ("map", "{ a = 1 }"),
    ("set(number)", '["2", 1, 2]'),
    ("map(any)", '{ a = 1, b = "x" }'),
    ("list(any)", '[{ a = 1 }, { a = "x" }]'),
    ("tuple([string, number])", '[1, "2"]'),
    ("object({ a = string })", "{ a = 1, b = 2 }"),
    ("object({ a = string, b = optional(number) })", '{ a = "x" }'),
    ('object({ a = optional(string, "d"), b = optional(number, 3) })', "{ a = null }"),
    ('object({ a = optional(object({ b = optional(string, "deep") }), {}) })', "{}"),
    ('object({ a = optional(object({ b = optional(string, "deep") })) })', "{}"),
    ("map(object({ size = number, iops = optional(number, 100) }))", '{ a = { size = "5" }, b = { size = 6, iops = 7 } }'),
    ("list(object({ a = optional(string, 1), l = optional(list(string), [2]) }))", "[{}, { a = true }]"),
    ("set(object({ a = optional(string, 1) }))", "[{}, { a = 1 }]"),
    ("tuple([object({ a = optional(string, 1) })])", "[{}]"),
    ("map(object({ a = optional(any) }))", "{ x = { a = 1 }, y = {} }"),
    ("object({ a = optional(map(object({ b = optional(bool, true) })), { k = {} }) })", "{}"),
    ("object({ a = any })", "{ a = [1] }"),
    ("list(list(string))", "[[1], []]"),
    ("string", "null"),
]  # fmt: skip
REFUSED = [
    ("number", '"x"'),
    ("list(string)", '"a"'),
    ("object({ a = string })", "{}"),
    ("map(string)", "{ a = [] }"),
    ("list(any)", "[1, []]"),
    ("map(any)", "{ a = 1, b = true }"),
]


def test_variables_are_converted_as_terraform_does(tmp_path):
    modules, outputs = [], []
    for place, (type_, value) in enumerate(VARIABLES):
        (tmp_path / f"m{place}").mkdir()
        (tmp_path / f"m{place}/main.tf").write_text(
            f'variable "v" {{ type = {type_} }}\noutput "v" {{ value = var.v }}\n'
        )
        modules.append(f'module "m{place}" {{\n  source = "./m{place}"\n  v = {value}\n}}\n')
        outputs.append(f'output "v{place}" {{ value = jsonencode(module.m{place}.v) }}\n')
    (tmp_path / "main.tf").write_text("".join(modules + outputs))
    changes = plan(tmp_path)["output_changes"]
    for place, (type_, value) in enumerate(VARIABLES):
        wanted, defaults = type_constraint(parse_expression(type_), Here())
        found = constrained(evaluate(parse_expression(value), Here()), wanted, defaults)
        assert (type_, value, plain(found)) == (type_, value, json.loads(changes[f"v{place}"]["after"]))


@pytest.mark.parametrize("type_, value", REFUSED)
def test_what_does_not_fit_a_type_is_refused(type_, value):
    wanted, defaults = type_constraint(parse_expression(type_), Here())
    with pytest.raises(ConversionError):
        constrained(evaluate(parse_expression(value), Here()), wanted, defaults)


@pytest.mark.parametrize("text", ["text", "list(1)", "object([])", "object({ (a) = string })", "1", "optional(string)"])
def test_what_is_no_type_is_refused(text):
    with pytest.raises(EvaluationError):
        type_constraint(parse_expression(text), Here())


def test_a_type_in_a_string_is_a_type():
    assert type_string(type_constraint(parse_expression('"list(string)"'), Here())[0]) == "list(string)"


def test_unknown_values_keep_what_is_known_of_them():
    wanted, defaults = type_constraint(parse_expression("object({ a = optional(string, 1), b = any })"), Here())
    given = evaluate(parse_expression("{ b = later }"), Here())
    assert plain(constrained(given, wanted, defaults)) == {"a": "1", "b": UNKNOWN}
    assert constrained(unknown(ANY), wanted, defaults).is_unknown


def test_steps_and_levels_are_bounded():
    scope = Here()
    scope.budget.steps = 100
    with pytest.raises(EvaluationError, match="more steps"):
        evaluate(
            parse_expression("[for a in [1, 2, 3, 4, 5] : [for b in [1, 2, 3, 4, 5] : [for c in two : a + b]]]"), scope
        )
    assert scope.budget.depth == 0
    with pytest.raises(LimitError, match="deeper than 500 levels"):
        evaluate(parse_expression("try(" + "-" * 600 + "1, 2)"), Here())


def test_origins_travel_through_expressions():
    scope = Here()
    origin = Origin("aws_x.y", "id")
    for text in ["later", '"a-${later}"', "[later][0]", "{ a = later }.a", "true ? later : null", "later == 1", "later.x[0]", "[for x in [later] : x][0]"]:  # fmt: skip
        assert origin in evaluate(parse_expression(text), scope).marks, text
    assert origin in evaluate(parse_expression("[later]"), scope).all_marks()
    assert string("a").marks == frozenset()
