"""Blocks in text: where they begin and end, whatever stands in strings, heredocs and comments."""

import pytest

from guardrail.errors import InputError
from guardrail.terraform.blocks import read_blocks, value_of

TRICKY = {
    "brace in a string": 'a = "}"',
    "quote in a template": 'a = "${lookup(var.x, "}")}"',
    "brace in a string in a template": 'a = "${f("{")}"',
    "escaped quote": r'a = "\"}"',
    "escaped template": 'a = "$${"',
    "heredoc": 'a = <<EOT\n  }\n  resource "x" "y" {\nEOT',
    "indented heredoc": 'a = <<-EOT\n    } "\n    EOT',
    "comment": "# }\n// }\n/* }\n } */",
    "nested blocks": "b {\n c {\n }\n}",
    "object": "a = {\n b = [{}]\n}",
    "division": "a = 4 / 2",
    "directive": 'a = "%{ if true }}%{ endif }"',
}


@pytest.mark.parametrize("inside", TRICKY.values(), ids=TRICKY)
def test_what_stands_in_a_block_does_not_end_it(inside):
    text = f'resource "a" "first" {{\n{inside}\n}}\n\nresource "a" "second" {{}}\n'
    found = read_blocks(text, "main.tf").blocks
    assert [(block.kind, *block.labels) for block in found] == [("resource", "a", "first"), ("resource", "a", "second")]
    assert [block.line for block in found] == [1, text[: text.rindex("resource")].count("\n") + 1]
    assert found[0].end_line == inside.count("\n") + 3


def test_labels_without_quotes_byte_order_mark_and_line_ends_of_windows():
    found = read_blocks("\ufeff# x\r\nresource aws_instance web {\r\n}\r\n", "main.tf")
    assert [(block.labels, block.line) for block in found.blocks] == [(("aws_instance", "web"), 2)]
    assert [(comment.line, comment.text.strip()) for comment in found.comments] == [(1, "# x")]


def test_comments_inside_blocks_have_their_lines():
    text = 'resource "a" "b" {\n  x = "# no"\n  # yes\n  y = 1 // too\n}\n# end\n'
    assert [(c.line, c.text) for c in read_blocks(text, "a.tf").comments] == [(3, "# yes"), (4, "// too"), (6, "# end")]


def test_blocks_in_json_syntax_have_the_lines_of_their_names():
    text = '{\n "resource": {\n  "aws_s3_bucket": {\n   "a": {"bucket": "x-${var.y}"},\n   "b": {"bucket": "${var.y}"}\n  }\n }\n}'
    found = read_blocks(text, "main.tf.json").blocks
    assert [(block.labels[1], block.line) for block in found] == [("a", 4), ("b", 5)]
    assert found[0].body() == {"bucket": '"x-${var.y}"'}
    assert found[1].body() == {"bucket": "${var.y}"}


def test_keys_in_json_that_look_like_others_mislead_no_line():
    text = """{
 "//": "\\"resource\\": {",
 "output": {"resource": {"value": 1}, "aws_s3_bucket": {"value": {"a": 1}}},
 "locals": [{"resource": {"aws_s3_bucket": {"a": 1}}}, {"x": 1}],
 "resource": [
  {"aws_other": {
    "a": {"aws_s3_bucket": {"a": 1}}}},
  {"aws_s3_bucket": {"b": {"a": 1}, "c": 1,
    "a": {}}},
  {"aws_s3_bucket": {
    "d": {}}}
 ],
 "provider": {"aws": [{"region": "x"},
   {"alias": "y"}]}
}"""
    found = {".".join((block.kind, *block.labels)): block.line for block in read_blocks(text, "main.tf.json").blocks}
    assert found == {
        "output.resource": 3,
        "output.aws_s3_bucket": 3,
        "locals": 4,
        "resource.aws_other.a": 7,
        "resource.aws_s3_bucket.b": 8,
        "resource.aws_s3_bucket.a": 9,
        "resource.aws_s3_bucket.d": 11,
        "provider.aws": 13,
    }


@pytest.mark.parametrize(
    "text",
    [
        "[for q in l : 1]",
        "{ for q in l : q => 1.5... }",
        "{ for q in l : q => -1 if q > 2 }",
        'length([\n  for q in { a = ":1]" } :\n  10\n])',
    ],
)
def test_numbers_that_a_for_gives_are_read(text):
    assert value_of(text).startswith("${")


@pytest.mark.parametrize("text", ['resource "a" "b" {', 'resource "a" "b" { x = "', "{}}}{{", "}", '"', "<<EOT\n"])
def test_what_is_broken_is_no_block(text):
    assert read_blocks(text, "main.tf").blocks == ()


def test_a_block_that_cannot_be_read_is_named():
    (block,) = read_blocks('\nresource "a" "b" {\n  = 3\n}\n', "main.tf").blocks
    with pytest.raises(InputError, match=r"^main.tf:2: the resource block cannot be read"):
        block.body()
