"""Functions against real Terraform: every expression has Terraform's value, or is unknown; its errors are errors."""

from pathlib import Path

import pytest

from guardrail.terraform.language.functions.registry import FUNCTIONS, REMOVED, UNKNOWABLE
from guardrail.terraform.language.values import Cause
from tests.terraform.language.agreement import FAILED, UNKNOWN, Root, agrees, answers, told, wholly_known

# One a line under each function's name: the examples of its documentation, and what is easily got wrong.
LINES = Path(__file__).with_name("functions.txt").read_text(encoding="utf-8").splitlines()
EXPRESSIONS = [line for line in LINES if not line.startswith("#")]
PREAMBLE = """\
resource "terraform_data" "seed" {
  input = "seed"
}
locals {
  u      = terraform_data.seed.id
  any    = jsondecode(terraform_data.seed.id)
  part   = ["a", terraform_data.seed.id, "c"]
  listed = tolist(["a", terraform_data.seed.id, "c"])
  mapped = { a = 1, b = terraform_data.seed.id, c = [terraform_data.seed.id] }
  map    = tomap({ a = "x", b = terraform_data.seed.id })
  set    = toset(["a", terraform_data.seed.id])
  ids    = split(",", terraform_data.seed.id)
  secret = sensitive("hush")
  object = { name = "web", size = 3, tags = { a = "b" }, list = [1, 2] }
}
"""

BOMB = r"a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    rf"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("terraform")
    theirs = answers(folder, PREAMBLE, EXPRESSIONS)
    scope = Root(folder, PREAMBLE)
    return {text: (told(text, scope), answer) for text, answer in theirs.items()}


# Terraform finds these out only because it cannot tell the type of null, or knows all names of encodings.
BEYOND = {'contains(["a", null], null)', 'textdecodebase64("AA==", "nope")', 'textencodebase64("a", "nope")'}


def test_no_expression_has_another_value(asked):
    wrong = {
        text: (ours, theirs)
        for text, ((ours, _), (theirs, _)) in asked.items()
        if (ours == FAILED) != (theirs == FAILED) or not agrees(ours, theirs)
    }
    assert {text: found for text, found in wrong.items() if text not in BEYOND} == {}
    assert all(wrong[text][0] == UNKNOWN for text in BEYOND)


def test_sensitive_is_what_terraform_says(asked):
    assert {
        text: (sensitive, theirs)
        for text, ((_, sensitive), (_, theirs)) in asked.items()
        if theirs not in (UNKNOWN, sensitive)
    } == {}


UNKNOWN_HERE = {
    'abspath("x")', 'base64gzip("hello")', 'matchkeys(["a"], ["b"], [local.u])', 'pathexpand("~/.ssh/id_rsa")', "pow(2, 64)", "pow(10, 20)", "pow(2, 62)",
    'textdecodebase64("gA==", "windows-1252")', 'timeadd("0001-01-01T00:00:00Z", "-1h")', 'timeadd(plantimestamp(), "1h")',
}  # fmt: skip


def test_what_terraform_knows_is_known_but_for_what_depends_on_the_machine(asked):
    less = {
        text
        for text, ((ours, _), (theirs, _)) in asked.items()
        if ours != FAILED and wholly_known(theirs) and not wholly_known(ours)
    }
    assert less - BEYOND == UNKNOWN_HERE


def test_every_function_has_expressions():
    named = {line.removeprefix("# ") for line in LINES if line.startswith("#")}
    of_files_and_of_opentofu = {name for name in FUNCTIONS if name.startswith("file")} | {
        "base64gunzip", "cidrcontains", "templatefile", "urldecode",
    }  # fmt: skip
    assert set(FUNCTIONS) - of_files_and_of_opentofu <= named
    assert named <= set(FUNCTIONS) | set(UNKNOWABLE) | set(REMOVED) | {"can", "convert", "try"}


@pytest.mark.parametrize(
    "expression, value",
    [
        ('cidrcontains("192.168.2.0/20", "192.168.2.1")', True),
        ('cidrcontains("192.168.2.0/20", "192.168.2.0/22")', True),
        ('cidrcontains("192.168.2.0/20", "192.126.2.1")', False),
        ('cidrcontains("192.168.2.0/20", "192.126.2.0/18")', False),
        ('cidrcontains("fe80::/48", "fe80::1")', True),
        ('cidrcontains("fe80::/48", "fe81::1")', False),
        ('cidrcontains("fe80::/48", "10.0.0.1")', FAILED),
        ('cidrcontains("10.0.0.0/8", "host")', FAILED),
        ('urldecode("Hello+World%21")', "Hello World!"),
        ('urldecode("%E2%98%83")', "\u2603"),
        ('urldecode("foo%3Abar%40localhost%3Ffoo%3Dbar%26bar%3Dbaz")', "foo:bar@localhost?foo=bar&bar=baz"),
        ('urldecode("%zz")', FAILED),
        ('base64gunzip("H4sIAAAAAAAA/ytJLS4BAAx+f9gEAAAA")', "test"),
        ('base64gunzip("dGVzdA==")', FAILED),
        ('core::upper("a")', "A"),
    ],
)
def test_functions_of_opentofu_alone(tmp_path, expression, value):
    assert told(expression, Root(tmp_path, PREAMBLE))[0] == value


@pytest.mark.parametrize(
    "expression, cause",
    [
        ("timestamp()", Cause.APPLY),
        ("uuid()", Cause.APPLY),
        ('bcrypt("x")', Cause.APPLY),
        ("plantimestamp()", Cause.NOT_EVALUATED),
        ('rsadecrypt("x", "y")', Cause.NOT_EVALUATED),
        ('provider::aws::arn_parse("arn")', Cause.NOT_EVALUATED),
        ('no_such_function("x")', Cause.NOT_EVALUATED),
        ("log(0, 10)", Cause.NOT_EVALUATED),
        ("log(10, 1)", Cause.NOT_EVALUATED),
        ("pow(2, 1024)", Cause.NOT_EVALUATED),
        ('yamldecode("a: .inf")', Cause.NOT_EVALUATED),
        ('jsondecode("1e99999")', Cause.NOT_EVALUATED),
        # What would fill the memory, or take for ever.
        ('format("%999999999d", 1)', Cause.NOT_EVALUATED),
        ('indent(999999999, "a\nb")', Cause.NOT_EVALUATED),
        ("setproduct(range(1000), range(1000), range(1000))", Cause.NOT_EVALUATED),
        ('replace(join("", [for x in range(1000) : "0123456789"]), "", join("", [for x in range(1000) : "x"]))', Cause.NOT_EVALUATED),
        (f'jsondecode("{"[" * 5000}{"]" * 5000}")', Cause.NOT_EVALUATED),
        (f'yamldecode("{"[" * 200}{"]" * 200}")', Cause.NOT_EVALUATED),
        (f'yamldecode("{BOMB}")', Cause.NOT_EVALUATED),
    ],
)  # fmt: skip
def test_what_nobody_can_say_is_unknown_with_its_cause(tmp_path, expression, cause):
    value = Root(tmp_path, PREAMBLE).value(expression)
    assert value.is_unknown
    assert value.raw.cause == cause
    assert value.raw.why


def test_marks_of_arguments_are_on_what_is_unknown(tmp_path):
    scope = Root(tmp_path, PREAMBLE)
    for expression in (
        "bcrypt(local.secret)",
        "provider::a::b(local.secret)",
        "base64gzip(local.secret)",
        'lookup(local.any, local.secret, "")',
    ):
        assert scope.value(expression).is_sensitive
