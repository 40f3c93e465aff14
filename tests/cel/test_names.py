"""What an expression reads, and what is wrong with one before it is ever evaluated."""

import pytest

from guardrail.cel import OPEN, CelError, Environment
from guardrail.model.unknown import Unknown

SCHEMA = {
    "resource": {"tags": OPEN, "after": OPEN, "cost": {"monthly": OPEN, "delta": OPEN}},
    "params": {"limit": OPEN},
}


@pytest.fixture
def environment():
    return Environment(SCHEMA)


@pytest.mark.parametrize(
    "expression, reads",
    [
        ("1 + 1", set()),
        ("resource.after.size > 3", {("resource", "after", "size")}),
        ('resource.after["size"] > 3', {("resource", "after", "size")}),
        ("resource.after.block[0].size", {("resource", "after", "block")}),
        ("resource.tags[params.limit]", {("resource", "tags"), ("params", "limit")}),
        (
            "resource.after.list.exists(x, x.y == resource.cost.delta)",
            {("resource", "after", "list"), ("resource", "cost", "delta")},
        ),
        ("size(resource.after)", {("resource", "after")}),
        ("has(resource.after.x) ? 1 : 2", {("resource", "after", "x")}),
    ],
)
def test_reads_are_the_context_paths_that_an_answer_can_depend_on(environment, expression, reads):
    assert environment.compile(expression).reads == reads


@pytest.mark.parametrize(
    "expression, column, message, hint",
    [
        ("resurce.tags", 1, "no such name: resurce", 'did you mean "resource"?'),
        ("1 + resource.tagz", 14, "no such name: resource.tagz", 'did you mean "tags"?'),
        ("resource.cost.montly", 15, "no such name: resource.cost.montly", 'did you mean "monthly"?'),
        ("sise(resource.tags)", 1, "no such function: sise", 'did you mean "size"?'),
        ("resource.after.l.exist(x, x)", 18, "no such function: exist", 'did you mean "exists"?'),
        ("resource.after.n.lower()", 18, "no such function: lower", "write lower(x) instead of x.lower()"),
        ("lower()", 1, "lower takes 1 arguments, not 0", ""),
        ("has(1)", 1, "has needs a field, like has(x.field)", ""),
        (
            "resource.tags.map(params, 1)",
            15,
            "the macro's variable 'params' has the name of another variable",
            "choose another name",
        ),
        ("resource.tags.map(1, 1)", 19, "the first argument of map must be a name for the element", "write a name: x"),
        ("greatest(1, 2)", 1, "no such function: greatest", "write math.greatest(...)"),
        ("count([1])", 1, "no such function: count", "write size(x)"),
        ('1 = "a"', 3, "unexpected '='", "write =="),
        ('"abc', 1, "unexpected '\"'", "close the string"),
        ("a b", 3, "unexpected 'b'", ""),
        ("", 1, "expected a value, found the end", ""),
        ("(1", 3, "expected ')' before the end", ""),
        ("resource.", 10, "expected a name after '.'", ""),
        (r'"\d"', 1, r"no such escape: \d", 'write regular expressions as raw strings: r"\\d+"'),
        ("for", 1, "'for' is a reserved word of CEL", ""),
        ("(" * 100 + "1" + ")" * 100, None, "nested too deeply", ""),
        ("!" * 100 + "true", None, "nested too deeply", ""),
    ],
)
def test_a_mistake_is_named_with_its_column_and_the_remedy(environment, expression, column, message, hint):
    with pytest.raises(CelError) as caught:
        environment.compile(expression)
    assert caught.value.message == message
    assert caught.value.hint == hint
    assert column is None or caught.value.column == column


def test_defined_names_are_expanded_and_count_as_what_they_stand_for(environment):
    environment.define("variables", {"cost": "resource.cost.monthly", "double": "variables.cost * 2"})
    program = environment.compile("variables.double > params.limit")
    assert program.reads == {("resource", "cost", "monthly"), ("params", "limit")}
    assert program.evaluate(environment.bind({"resource": {"cost": {"monthly": 30}}, "params": {"limit": 59}})) is True


def test_a_defined_name_that_is_at_fault_is_named(environment):
    with pytest.raises(CelError) as caught:
        environment.define("variables", {"good": "1", "bad": "variables.goood"})
    assert caught.value.name == "bad"
    assert caught.value.hint == 'did you mean "good"?'


@pytest.mark.parametrize(
    "pattern, text",
    [
        ("plain", "plain"),
        ("missing: {resource.tags.map(k, k)}", "missing: [env, team]"),
        ("{{braces}} {1 + 1}", "{braces} 2"),
        ('{"a}b"} and {{{"x"}}}', "a}b and {x}"),
        ("{resource.after.size} GB", "(known after apply) GB"),
        ("{2.50} {true} {null}", "2.5 true null"),
    ],
)
def test_a_template_shows_values_as_people_write_them(environment, pattern, text):
    values = {"resource": {"tags": {"team": "a", "env": "b"}, "after": {"size": Unknown("size")}}}
    assert environment.template(pattern).evaluate(environment.bind(values)) == text


@pytest.mark.parametrize("pattern", ["{resource.tags", "{", "x {1 +}"])
def test_a_template_that_is_not_closed_is_refused(environment, pattern):
    with pytest.raises(CelError):
        environment.template(pattern)
