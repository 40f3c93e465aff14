"""Expressions put together at random agree with real Terraform: equal or unknown, and most of what it knows is known."""

import random

import pytest

from tests.terraform.language.agreement import FAILED, Root, agrees, answers, known, told
from tests.terraform.language.preamble import PREAMBLE

STRINGS = [
    "local.s",
    '"lit"',
    "local.l[1]",
    'local.m["k"]',
    "local.o.name",
    "local.lo[0].b",
    "local.secret",
    "upper(local.s)",
    "local.u_string",
    "local.pl[0]",
]
NUMBERS = [
    "local.n",
    "3",
    "2.5",
    "local.o.size",
    "local.t[1]",
    "local.lo[1].a",
    '"12"',
    "local.u_number",
    "length(local.t)",
]
BOOLS = ["local.b", "true", "false", "local.t[2]", "local.u_bool", '"true"']
SEQUENCES = [
    "local.l",
    "local.t",
    "local.st",
    "local.pl",
    "[1, 2]",
    "[]",
    'tolist(["a", 1])',
    "local.lo[*].b",
    "local.u_list",
    "local.empty",
    "toset([3, 1, 3])",
]
MAPS = ["local.m", "local.o", "local.pm", "local.partly", '{ a = 1, b = "x" }', "{}", "local.u_map", "tomap({ a = 1 })"]
OTHERS = ["null", "local.nothing", "local.u_any", "local.lo"]


class Maker:
    """Makes expressions of a kind, seldom of another one, so that Terraform's errors are met too."""

    def __init__(self, seed):
        self.random = random.Random(seed)  # noqa: S311 - no secret

    def any(self, depth):
        return self.random.choice([self.string, self.number, self.bool, self.sequence, self.map, self.other])(depth)

    def some(self, right, depth):
        return self.any(depth) if self.random.random() < 0.06 else right(depth)

    def one_of(self, plain, depth, makers):
        if depth <= 0 or self.random.random() < 0.25:
            return self.random.choice(plain)
        return self.random.choice(makers)()

    def choice(self, right, depth):
        return f"({self.some(self.bool, depth - 1)} ? {self.some(right, depth - 1)} : {self.some(right, depth - 1)})"

    def attempt(self, right, depth):
        return f"try({self.any(depth - 1)}.nope, {self.some(right, depth - 1)})"

    def string(self, depth=2):
        inner = depth - 1
        return self.one_of(STRINGS, depth, [
            lambda: f'"a-${{{self.some(self.string, inner)}}}-${{{self.some(self.number, inner)}}}"',
            lambda: f'"%{{ if {self.some(self.bool, inner)} }}${{{self.string(inner)}}}%{{ else }}no%{{ endif }}"',
            lambda: f'"%{{ for i, x in {self.some(self.sequence, inner)} }}${{i}}:${{x}},%{{ endfor }}"',
            lambda: f"tostring({self.number(inner)})",
            lambda: self.choice(self.string, depth),
            lambda: self.attempt(self.string, depth),
            lambda: f'{self.map(inner)}["a"]',
            lambda: f"upper({self.some(self.string, inner)})",
            lambda: f'join(",", {self.some(self.sequence, inner)})',
            lambda: f'format("%s-%v", {self.string(inner)}, {self.any(inner)})',
            lambda: f"jsonencode({self.any(inner)})",
            lambda: f'replace({self.string(inner)}, "a", {self.string(inner)})',
            lambda: f"coalesce({self.string(inner)}, {self.any(inner)})",
            lambda: f'lookup({self.some(self.map, inner)}, "a", {self.any(inner)})',
            lambda: f"element({self.some(self.sequence, inner)}, {self.number(inner)})",
        ])  # fmt: skip

    def number(self, depth=2):
        inner = depth - 1
        return self.one_of(NUMBERS, depth, [
            lambda: f"({self.some(self.number, inner)} {self.random.choice('+-*/%')} {self.some(self.number, inner)})",
            lambda: f"-{self.number(inner)}",
            lambda: self.choice(self.number, depth),
            lambda: f"length({self.some(self.random.choice([self.sequence, self.map, self.string]), inner)})",
            lambda: f"max({self.number(inner)}, {self.some(self.number, inner)})",
            lambda: f"floor({self.number(inner)})",
            lambda: f"sum({self.sequence(inner)})",
            lambda: f"tonumber({self.string(inner)})",
        ])  # fmt: skip

    def bool(self, depth=2):
        inner = depth - 1
        return self.one_of(BOOLS, depth, [
            lambda: f"({self.any(inner)} {self.random.choice(['==', '!='])} {self.any(inner)})",
            lambda: f"({self.number(inner)} {self.random.choice(['<', '>', '<=', '>='])} {self.number(inner)})",
            lambda: f"({self.some(self.bool, inner)} {self.random.choice(['&&', '||'])} {self.some(self.bool, inner)})",
            lambda: f"!{self.some(self.bool, inner)}",
            lambda: f"can({self.any(inner)}.name)",
            lambda: f"contains({self.some(self.sequence, inner)}, {self.any(inner)})",
            lambda: f'startswith({self.string(inner)}, "a")',
            lambda: f"alltrue([{self.bool(inner)}, {self.bool(inner)}])",
            lambda: f"issensitive({self.any(inner)})",
        ])  # fmt: skip

    def sequence(self, depth=2):
        inner = depth - 1
        return self.one_of(SEQUENCES, depth, [
            lambda: f"[{self.any(inner)}, {self.any(inner)}]",
            lambda: f"[for x in {self.some(self.sequence, inner)} : x]",
            lambda: f"[for i, x in {self.sequence(inner)} : [i, x] if {self.random.choice(['true', 'x != null', 'i != 0', self.bool(inner)])}]",
            lambda: f"[for k, v in {self.some(self.map, inner)} : {self.random.choice(['k', 'v', '[v, k]'])}]",
            lambda: f"{self.any(inner)}[*]",
            lambda: f"{self.random.choice(['tolist', 'toset'])}({self.sequence(inner)})",
            lambda: self.choice(self.sequence, depth),
            lambda: f"concat({self.some(self.sequence, inner)}, {self.sequence(inner)})",
            lambda: f"{self.random.choice(['distinct', 'flatten', 'reverse', 'sort', 'compact'])}({self.some(self.sequence, inner)})",
            lambda: f"{self.random.choice(['keys', 'values'])}({self.some(self.map, inner)})",
            lambda: f"slice({self.sequence(inner)}, 0, 1)",
            lambda: f"range({self.number(inner)})",
            lambda: f"setunion({self.sequence(inner)}, {self.sequence(inner)})",
            lambda: f"coalescelist({self.sequence(inner)}, {self.sequence(inner)})",
        ])  # fmt: skip

    def map(self, depth=2):
        inner = depth - 1
        return self.one_of(MAPS, depth, [
            lambda: f"{{ a = {self.any(inner)}, b = {self.any(inner)} }}",
            lambda: f"{{ ({self.some(self.string, inner)}) = {self.any(inner)} }}",
            lambda: f"{{ for k, v in {self.some(self.map, inner)} : k => {self.random.choice(['v', 'k', '[v]'])} }}",
            lambda: f'{{ for x in {self.sequence(inner)} : "${{x}}" => x... }}',
            lambda: f"tomap({self.map(inner)})",
            lambda: f"merge({self.map(inner)}, {self.some(self.map, inner)})",
            lambda: f"zipmap({self.sequence(inner)}, {self.sequence(inner)})",
            lambda: f"jsondecode(jsonencode({self.map(inner)}))",
            lambda: self.choice(self.map, depth),
        ])  # fmt: skip

    def other(self, depth=2):
        return self.one_of(
            OTHERS, depth, [lambda: f"[{self.any(depth - 1)}][0]", lambda: f"{{ a = {self.any(depth - 1)} }}.a"]
        )


@pytest.mark.parametrize("seed", [1])
def test_values_are_those_of_terraform(tmp_path, seed):
    maker = Maker(seed)
    theirs = answers(tmp_path, PREAMBLE, [maker.any(3) for _ in range(1000)])
    scope = Root(tmp_path, PREAMBLE)
    ours = {text: told(text, scope) for text in theirs}
    possible = {text for text, (answer, _) in theirs.items() if answer != FAILED}
    assert {text: (ours[text], theirs[text]) for text in possible if not agrees(ours[text][0], theirs[text][0])} == {}
    there = sum(known(theirs[text][0]) for text in possible)
    assert sum(known(ours[text][0]) for text in possible) > 0.98 * there
