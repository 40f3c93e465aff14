"""Blocks in text: where they begin and end, whatever stands in strings, heredocs and comments."""

import pytest

from guardrail.terraform.language.syntax import comments, parse_file


def blocks(text, name="main.tf"):
    parsed = parse_file(name, text.encode())
    assert parsed.faults == ()
    return parsed.body.blocks


def comments_of(text):
    return [(one.line, one.text) for one in comments(parse_file("main.tf", text.encode()).source)]


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
    found = blocks(text)
    assert [(block.type, *block.labels) for block in found] == [("resource", "a", "first"), ("resource", "a", "second")]
    assert [block.line for block in found] == [1, text[: text.rindex("resource")].count("\n") + 1]
    assert found[0].end_line == inside.count("\n") + 3


def test_labels_without_quotes_byte_order_mark_and_line_ends_of_windows():
    text = "\ufeff# x\r\nresource aws_instance web {\r\n}\r\n"
    assert [(block.labels, block.line) for block in blocks(text)] == [(("aws_instance", "web"), 2)]
    assert [(line, said.strip()) for line, said in comments_of(text)] == [(1, "# x")]


def test_comments_inside_blocks_have_their_lines():
    text = 'resource "a" "b" {\n  x = "# no"\n  # yes\n  y = 1 // too\n}\n# end\n'
    assert comments_of(text) == [(3, "# yes"), (4, "// too"), (6, "# end")]


def test_blocks_in_json_syntax_have_the_lines_of_their_names():
    text = '{\n "resource": {\n  "aws_s3_bucket": {\n   "a": {"bucket": "x-${var.y}"},\n   "b": {"bucket": "${var.y}"}\n  }\n }\n}'
    found = blocks(text, "main.tf.json")
    assert [(block.labels[1], block.line) for block in found] == [("a", 4), ("b", 5)]
    assert [block.body.attributes["bucket"].expression.text for block in found] == ["x-${var.y}", "${var.y}"]


def test_keys_in_json_that_look_like_others_mislead_no_line():
    text = """{
 "//": "\\"resource\\": {",
 "output": {"resource": {"value": 1}, "aws_s3_bucket": {"value": {"a": 1}}},
 "locals": [{"resource": {"aws_s3_bucket": {"a": 1}}}, {"x": 1}],
 "resource": [
  {"aws_other": {
    "a": {"aws_s3_bucket": {"a": 1}}}},
  {"aws_s3_bucket": {"b": {"a": 1},
    "a": {}}},
  {"aws_s3_bucket": {
    "d": {}}}
 ],
 "provider": {"aws": [{"region": "x"},
   {"alias": "y"}]}
}"""
    found = {".".join((block.type, *block.labels)): block.line for block in blocks(text, "main.tf.json")}
    assert found == {
        "output.resource": 3,
        "output.aws_s3_bucket": 3,
        "locals": 4,
        "resource.aws_other.a": 7,
        "resource.aws_s3_bucket.b": 8,
        "resource.aws_s3_bucket.a": 9,
        "resource.aws_s3_bucket.d": 11,
        "provider.aws": 14,  # the second of two
    }
