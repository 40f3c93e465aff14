"""Files as bodies, blocks and expressions: positions, faults and what stays usable of a file that has some."""

from pathlib import Path

import hcl2
import pytest

from guardrail.terraform.language.references import references, static_path
from guardrail.terraform.language.syntax import parse_expression, parse_file
from guardrail.terraform.language.syntax.nodes import Invalid, Literal

FILE = b"""\
# comment
resource "aws_instance" "a" {
  ami = "x" // why
  tags = {
    Name = "n"
    (var.k)
      = 1
  }

  root_block_device { size = 1 }
  dynamic "ebs" {
    for_each = var.l
    content {
      size = ebs.value
    }
  }
}

locals { a-b = 1 }
"""


def shape(body):
    """A body's attributes with their lines, and its blocks with their first and last ones."""
    blocks = [((block.type, *block.labels), block.line, block.end_line, shape(block.body)) for block in body.blocks]
    return {name: attribute.line for name, attribute in body.attributes.items()}, blocks


def test_attributes_and_blocks_have_their_lines():
    file = parse_file("main.tf", FILE)
    assert file.faults == ()
    assert shape(file.body) == (
        {},
        [
            (
                ("resource", "aws_instance", "a"),
                2,
                17,
                (
                    {"ami": 3, "tags": 4},
                    [
                        (("root_block_device",), 10, 10, ({"size": 10}, [])),
                        (("dynamic", "ebs"), 11, 16, ({"for_each": 12}, [(("content",), 13, 15, ({"size": 14}, []))])),
                    ],
                ),
            ),
            (("locals",), 19, 19, ({"a-b": 19}, [])),
        ],
    )
    (block, _) = file.body.blocks
    ami = block.body.attributes["ami"]
    assert (ami.text, ami.expression.text, ami.expression.where) == ('ami = "x"', '"x"', "main.tf:3")
    assert (file.source.line(ami.expression.start), file.source.column(ami.expression.start)) == (3, 9)


# A file, its faults as lines and texts, and the types of the blocks that stay usable.
FAULTY = {
    "a value is missing": (b"a {\n x = \n}\nb {\n}\n", [2], ["b"]),
    "a list does not end in its block": (b"a {\n}\nb {\n x = [1,\n}\nc {\n}\n", [4], ["a", "c"]),
    "a block does not end": (b"a {\n}\nb {\n x = 1\nc {\n}\n", [3, 5], ["a"]),
    "a heredoc does not end": (b"a {\n}\nb {\n x = <<EOT\nc {\n}\n", [3, 5], ["a"]),
    "a comment does not end": (b"a {\n}\nb {\n x = /* \n}\nc {\n}\n", [4, 6], ["a"]),
    "a string does not end": (b'a {\n x = "y\n}\nb {\n}\n', [1], ["b"]),
    "one bracket too many": (b"a {\n}\n}\nb {\n}\n", [3], ["b"]),
    "something else before the first block": (b"= 1\na {\n}\n", [1], []),
    "set twice": (b"a {\n x = 1\n x = 2\n}\n", [3], ["a"]),
    "no text": (b"a \0 {\n}\n", [1], []),
    "nothing of Terraform": (b"\xff\xfe", [1], []),
}


@pytest.mark.parametrize("case", FAULTY)
def test_a_fault_costs_its_block_and_what_may_hang_on_it(case):
    text, lines, usable = FAULTY[case]
    file = parse_file("main.tf", text)
    assert [fault.where for fault in file.faults] == [f"main.tf:{line}" for line in lines]
    assert [block.type for block in file.body.blocks] == usable


WHOLE = {
    "empty": b"",
    "comments only": b"# a\n// b\n/* c */\n",
    "byte order mark": b"\xef\xbb\xbfa {\n}\n",
    "lines of Windows": b"a {\r\n x = <<-E\r\n  y\r\n  E\r\n}\r\n",
    "a key in parentheses after a name": b"a {\n x = {\n  y = z\n  (k) = 1\n }\n}\n",
    "a newline before a dot": b"a {\n x = (y\n  .z)\n}\n",
    "a newline before an operator in parentheses": b"a {\n x = (y\n  && z)\n}\n",
    "trailing commas": b"a {\n x = [1, 2,]\n y = f(1, 2,)\n}\n",
    "powers of ten": b"a {\n x = [1e3, 1e-7, 1.5E+2]\n}\n",
}


@pytest.mark.parametrize("case", WHOLE)
def test_what_terraform_reads_has_no_fault(case):
    assert parse_file("main.tf", WHOLE[case]).faults == ()


DEEP = {
    "parentheses": "(" * 10_000 + "1" + ")" * 10_000,
    "operators": "-" * 10_000 + "1",
    "sums": "1+" * 10_000 + "1",
    "conditions": "true ? 1 : " * 10_000 + "1",
    "tuples": "[" * 10_000 + "]" * 10_000,
    "calls": "f(" * 2_000 + ")" * 2_000,
    "directives": '"' + "%{if true}" * 2_000 + "%{endif}" * 2_000 + '"',
}


@pytest.mark.parametrize("case", DEEP)
def test_what_is_nested_too_deeply_is_invalid_and_does_not_fill_the_stack(case):
    file = parse_file("main.tf", f"locals {{\n  a = {DEEP[case]}\n}}\n".encode())
    (block,) = file.body.blocks
    pending, found = [block.body.attributes["a"].expression], []
    while pending:
        node = pending.pop()
        found += [node.message] if isinstance(node, Invalid) else []
        for name in getattr(node, "__struct_fields__", ()):
            part = getattr(node, name)
            pending += part if isinstance(part, tuple) else [part] if hasattr(part, "where") else []
    assert found == ["expressions are nested deeper than 500 levels"]
    assert list(references(block.body)) is not None


JSON = b"""\
{
  "//": "a comment",
  "resource": {
    "aws_instance": {
      "a": {
        "ami": "x-${var.y}",
        "count": 2,
        "tags": {"k-${var.z}": null},
        "lifecycle": {"ignore_changes": ["ami"]},
        "dynamic": {"ebs": {"for_each": "${var.l}", "content": {"size": "${ebs.value}"}}},
        "provisioner": [{"local-exec": {"command": "c"}}]
      },
      "b": [{"ami": "1"}, {"ami": "2"}]
    }
  },
  "locals": [{"a": 1.5e3}, {"b": [true, "\\u00e9", "$${x}"]}]
}
"""


def test_json_gives_the_same_nodes():
    file = parse_file("main.tf.json", JSON)
    assert file.faults == ()
    assert shape(file.body) == (
        {},
        [
            (
                ("resource", "aws_instance", "a"),
                5,
                12,
                (
                    {"ami": 6, "count": 7, "tags": 8},
                    [
                        (("lifecycle",), 9, 9, ({"ignore_changes": 9}, [])),
                        (("dynamic", "ebs"), 10, 10, ({"for_each": 10}, [(("content",), 10, 10, ({"size": 10}, []))])),
                        (("provisioner", "local-exec"), 11, 11, ({"command": 11}, [])),
                    ],
                ),
            ),
            (("resource", "aws_instance", "b"), 13, 13, ({"ami": 13}, [])),
            (("resource", "aws_instance", "b"), 13, 13, ({"ami": 13}, [])),
            (("locals",), 16, 16, ({"a": 16}, [])),
            (("locals",), 16, 16, ({"b": 16}, [])),
        ],
    )
    assert list(references(file.body)) == [("var", "y"), ("var", "z"), ("var", "l"), ("ebs", "value")]
    assert file.body.blocks[0].body.attributes["ami"].expression.where == "main.tf.json:6"


FAULTY_JSON = {
    b"{": "it is not JSON: a string is missing, or does not end",
    b"": "it is not JSON: a value is missing",
    b"{} x": "it is not JSON: there is more after its end",
    b'{"locals": {"a": 1,}}': "it is not JSON: a string is missing, or does not end",
    b'{"locals": 1}': '"locals" needs an object',
    b'{"nope": {}}': '"nope" is not a block of Terraform',
    b'{"locals": {"a": 1, "a": 2}}': 'attribute "a" is set twice',
    b'{"locals": {"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}}": "it is not JSON: it is nested deeper than 500 levels",
    b"\xff": "it is not a text in UTF-8",
}


@pytest.mark.parametrize("text", FAULTY_JSON, ids=range(len(FAULTY_JSON)))
def test_faults_of_json_are_told(text):
    assert [fault.message for fault in parse_file("main.tf.json", text).faults] == [FAULTY_JSON[text]]


@pytest.mark.parametrize(
    "text, found",
    [
        ("var.a.b[0].c", [("var", "a", "b", 0, "c")]),
        ('a.b["k"].c[var.i].d', [("a", "b", "k", "c"), ("var", "i")]),
        ("a.b[*].c", [("a", "b")]),
        ("[for k, v in a.b : v.x + c.d if k]", [("a", "b"), ("c", "d")]),
        ('"${a.b}-%{ if c.d }${e.f}%{ endif }"', [("a", "b"), ("c", "d"), ("e", "f")]),
        ("f(a.b, { (c.d) = e.f }...)", [("a", "b"), ("c", "d"), ("e", "f")]),
        ("1 + 2", []),
    ],
)
def test_references_are_what_is_written_out(text, found):
    assert list(references(parse_expression(text))) == found


@pytest.mark.parametrize(
    "text, path",
    [
        ("aws.west", ("aws", "west")),
        ("aws", ("aws",)),
        ('"aws.west"', ("aws", "west")),
        ('module.a["k"].b[0]', ("module", "a", "k", "b", 0)),
        ("a.b[var.c]", None),
        ("f(a)", None),
        ("1", None),
        ('"not a path"', None),
    ],
)
def test_static_paths(text, path):
    assert static_path(parse_expression(text)) == path


@pytest.mark.parametrize("text", ["", "1 2", "a = 1", "a }", "\n", '"'])
def test_what_is_no_expression_is_invalid(text):
    assert isinstance(parse_expression(text), Invalid)


def test_text_is_in_normal_form():
    expression = parse_expression('"e\u0301"')
    assert isinstance(expression, Literal)
    assert expression.value.raw == "é"


ROOT = Path(__file__).parents[3]
FILES = sorted(file.relative_to(ROOT) for folder in ("examples", "tests") for file in (ROOT / folder).rglob("*.tf"))


def names(body):
    """A body as python-hcl2 has it, without any value."""
    found: dict = dict.fromkeys(body.attributes, 1)
    for block in body.blocks:
        found.setdefault((block.type, *block.labels), []).append(names(block.body))
    return found


def names_of_hcl2(content):
    """What python-hcl2 reads, in the same shape."""
    found: dict = {}
    for name, value in content.items():
        if (
            isinstance(value, list)
            and value
            and all(isinstance(part, dict) and "__is_block__" in str(part) for part in value)
        ):
            for part in value:
                add_block(found, (name,), part)
        elif not name.startswith("__"):
            found[name] = 1
    return found


def add_block(found, path, part):
    if "__is_block__" in part:
        found.setdefault(path, []).append(names_of_hcl2(part))
        return
    for label, inner in part.items():
        if not label.startswith("__"):
            add_block(found, (*path, label.strip('"')), inner)


def test_files_of_this_repository_are_read_as_python_hcl2_reads_them():
    different = []
    for file in FILES:
        text = (ROOT / file).read_bytes()
        parsed = parse_file(str(file), text)
        if parsed.faults or names(parsed.body) != names_of_hcl2(hcl2.loads(text.decode())):
            different.append(str(file))
    assert FILES
    assert different == []
