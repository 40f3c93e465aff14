"""A value written as a literal is read back as itself, whatever it is, and an edit changes its own lines alone."""

from __future__ import annotations

import json
import string
import unicodedata
from pathlib import Path

import hcl2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrail.terraform.edit.layout import patched, replaced, with_attribute, with_items
from guardrail.terraform.edit.literals import key, literal
from guardrail.terraform.language.syntax import parse_expression, parse_file
from guardrail.terraform.language.syntax.nodes import Literal, ObjectExpression, TupleExpression, Unary

# The parser raises the limit, hypothesis lowers it while it runs.
pytestmark = pytest.mark.filterwarnings("ignore:The recursion limit will not be reset")

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "${var.x}",
        "$${x}",
        "$$${x}",
        "%{if true}",
        '"',
        "\\",
        "\\n",
        "a\nb",
        "\r\n",
        "<<EOT",
        "#",
        "//",
        "/*",
        "}",
        "$",
        "%",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
NAMES = st.text(string.ascii_lowercase + "_", min_size=1, max_size=8).filter(
    lambda name: name not in {"for", "tags", "if", "in"}
)


def said(node):
    """What an expression of literals says, as Python has it."""
    match node:
        case Literal():
            return node.value.raw
        case Unary():
            return -said(node.operand)
        case TupleExpression():
            return [said(part) for part in node.items]
    return {said(key): said(part) for key, part in node.items}


def said_by_hcl2(value):
    """Likewise, of what python-hcl2 makes of it: `"..."` in quotes for strings, `${...}` for what is computed."""
    if isinstance(value, dict):
        return {
            said_by_hcl2(name) if name.startswith('"') else name: said_by_hcl2(part) for name, part in value.items()
        }
    if isinstance(value, list):
        return [said_by_hcl2(part) for part in value]
    if not isinstance(value, str):
        return value
    if value in {"null", "true", "false"} or value.startswith("${"):
        return json.loads(value.removeprefix("${").removesuffix("}"))
    return json.loads(value.replace("$${", "${").replace("%%{", "%{"), strict=False)


def normal(value):
    """Terraform keeps texts in Unicode's normal form C."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [normal(part) for part in value]
    return {normal(name): normal(part) for name, part in value.items()} if isinstance(value, dict) else value


@settings(deadline=None, max_examples=40)
@given(VALUES)
def test_what_is_written_is_read_back_by_both_readers(value):
    text = literal(value)
    assert "\n" not in text
    assert said(parse_expression(text)) == normal(value)
    options = hcl2.SerializationOptions(with_comments=False, preserve_heredocs=False)
    assert said_by_hcl2(hcl2.loads(f"x = {text}\n", serialization_options=options)["x"]) == value


@settings(deadline=None, max_examples=20)
@given(TEXTS)
def test_a_literal_ends_where_it_should(text):
    """No text closes its string, its block or the file, opens a comment, or interpolates."""
    file = f'resource "a" "b" {{\n  x = {literal(text)}\n  y = 1\n}}\nlocals {{\n}}\n'
    block, last = parse_file("main.tf", file.encode()).body.blocks
    assert list(block.body.attributes) == ["x", "y"]
    assert said(block.body.attributes["x"].expression) == normal(text)
    assert last.type == "locals"


@pytest.mark.parametrize(
    "name, written",
    [("team", "team"), ("cost-center", "cost-center"), ("for", '"for"'), ("a b", '"a b"'), ("1", '"1"'), ("", '""')],
)
def test_keys_are_plain_where_they_can_be(name, written):
    assert key(name) == written


def test_what_has_no_literal_is_refused():
    with pytest.raises(ValueError, match="no literal for"):
        literal(Path())


@st.composite
def layouts(draw):
    """A block of attributes, laid out in some way: the text of a file, and the names."""
    names = draw(st.lists(NAMES, unique=True, max_size=4))
    indent, broken = draw(st.sampled_from(["  ", "    ", "\t", ""])), draw(st.sampled_from(["\n", "\r\n"]))
    width = max(map(len, names), default=0) if draw(st.booleans()) else 0
    comments = draw(st.lists(st.sampled_from(["", " # c }", " // {", ' /* " */']), min_size=5, max_size=5))
    lines = [
        f"{indent}{name.ljust(width)} = {draw(st.sampled_from(VALUES_WRITTEN))}{end}"
        for name, end in zip(names, comments, strict=False)
    ]
    for at in sorted(draw(st.sets(st.integers(0, len(lines)), max_size=2)), reverse=True):
        lines.insert(
            at,
            draw(
                st.sampled_from(["", f"{indent}# note", f"{indent}other {{{broken}{indent}  z = 1{broken}{indent}}}"])
            ),
        )
    head, tail = draw(st.sampled_from(["", f"# top{broken}"])), draw(st.sampled_from(["", broken, f"{broken}# end"]))
    block = broken.join(['resource "a" "b" {', *lines, "}"])
    return f"{head}{block}{tail}", names, broken


VALUES_WRITTEN = ['"gp2"', "10", "[1, 2]", "var.x ? 1 : 2", '{ a = "b" }', '"${var.x}"']


def body_in(text):
    parsed = parse_file("main.tf", text.encode())
    assert not parsed.faults
    return parsed.body.blocks[0].body


def with_patch(text, patch):
    return patched(text.encode(), [patch]).decode()


@settings(deadline=None, max_examples=30)
@given(layouts(), NAMES, VALUES)
def test_an_attribute_is_added_and_nothing_else_changes(layout, name, value):
    text, names, broken = layout
    if name in names:
        return
    new = with_patch(text, with_attribute(body_in(text), name, value))
    lines = iter(new.split(broken))
    assert all(line in lines for line in text.split(broken))  # all are there still, in their order
    assert [one for one in body_in(new).attributes if one not in names] == [name]
    assert new.count("\n") == new.count(broken)


@settings(deadline=None, max_examples=20)
@given(layouts(), st.dictionaries(NAMES, TEXTS, min_size=1, max_size=3))
def test_a_literal_is_replaced_and_items_are_added(layout, items):
    text, names, broken = layout
    for name in names:
        value = body_in(text).attributes[name].expression
        if isinstance(value, Literal):
            text = with_patch(text, replaced(value, "x"))
            assert said(body_in(text).attributes[name].expression) == "x"
        if isinstance(value, ObjectExpression) and "a" not in items:
            text = with_patch(text, with_items(value, items))
            assert said(body_in(text).attributes[name].expression) == {"a": "b", **normal(items)}
    assert text.count("\n") == text.count(broken)
