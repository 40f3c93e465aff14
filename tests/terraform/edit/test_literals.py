"""A value written as a literal is read back as itself, whatever it is, and an edit changes its own lines alone."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrail.terraform.blocks import read_blocks, value_of
from guardrail.terraform.edit.code import Kind, code_of
from guardrail.terraform.edit.layout import patched, replaced, with_attribute, with_entries
from guardrail.terraform.edit.literals import key, literal
from guardrail.terraform.expressions import constant

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


@settings(deadline=None, max_examples=40)
@given(VALUES)
def test_what_is_written_is_read_back(value):
    text = literal(value)
    assert "\n" not in text
    assert constant(value_of(text)) == value


@settings(deadline=None, max_examples=20)
@given(TEXTS)
def test_a_literal_ends_where_it_should(text):
    """No text closes its string, its block or the file, opens a comment, or interpolates."""
    file = f'resource "a" "b" {{\n  x = {literal(text)}\n  y = 1\n}}\nlocals {{\n}}\n'
    block, last = read_blocks(file, "main.tf").blocks
    code = code_of(block.text, at=block.start)
    assert [entry.key for entry in code.attributes] == ["x", "y"]
    assert (code.attributes[0].value.kind, code.attributes[0].value.value) == (Kind.LITERAL, text)
    assert last.kind == "locals"


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


def code_in(text):
    (block,) = read_blocks(text, "main.tf").blocks
    return code_of(block.text, at=block.start)


@settings(deadline=None, max_examples=30)
@given(layouts(), NAMES, VALUES)
def test_an_attribute_is_added_and_nothing_else_changes(layout, name, value):
    text, names, broken = layout
    if name in names:
        return
    new = patched(text, [with_attribute(text, code_in(text), name, value)])
    lines = iter(new.split(broken))
    assert all(line in lines for line in text.split(broken))  # all are there still, in their order
    assert [entry.key for entry in code_in(new).attributes if entry.key not in names] == [name]
    assert new.count("\n") == new.count(broken)


@settings(deadline=None, max_examples=20)
@given(layouts(), st.dictionaries(NAMES, TEXTS, min_size=1, max_size=3))
def test_a_literal_is_replaced_and_entries_are_added(layout, entries):
    text, _, broken = layout
    for at in range(len(code_in(text).attributes)):
        value = code_in(text).attributes[at].value
        if value.kind is Kind.LITERAL:
            text = patched(text, [replaced(value, "x")])
            assert code_in(text).attributes[at].value.value == "x"
        if value.kind is Kind.OBJECT:
            text = patched(text, [with_entries(text, value, entries)])
            found = {entry.key: entry.value.value for entry in code_in(text).attributes[at].value.entries}
            assert found == {"a": "b", **entries} if "a" not in entries else found
    assert text.count("\n") == text.count(broken)
