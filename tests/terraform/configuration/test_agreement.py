"""Configuration folders against real Terraform: each value agrees with its plan, or is said to be unknown."""

import json
import random

import pytest

from guardrail.model.unknown import Unknown
from guardrail.terraform.configuration.folder import read_folder
from guardrail.terraform.options import Choices
from guardrail.terraform.plan.reader import read_plan
from tests.terraform.real_terraform import plan

VARIABLES = """\
variable "s" { default = "abc" }
variable "n" {
  type    = number
  default = "7"
}
variable "b" { default = true }
variable "id" { default = "mine" }
variable "nul" { default = null }
variable "l" { default = ["x", "y", "x"] }
variable "nums" { default = [3, 1, 2] }
variable "m" { default = { k = "v", j = "w" } }
variable "o" {
  type = map(object({ size = number, iops = optional(number), kind = optional(string, "gp3") }))
  default = {
    a = { size = "5" }
    b = { size = 6, iops = 3000 }
  }
}
locals {
  name  = "${var.s}-${var.n}"
  chain = upper(local.name)
  tags  = { team = "t", id = terraform_data.seed.id, name = local.name }
  seed  = terraform_data.seed.input
  big   = { for k, v in var.o : k => v if v.size > 5 }
}
resource "terraform_data" "seed" {
  input            = var.s
  triggers_replace = { deep = { n = var.n } }
}
resource "terraform_data" "many" {
  for_each = var.m
  input    = each.value
}
resource "terraform_data" "few" {
  count = 2
  input = "i${count.index}"
}
"""
STRINGS = [
    '"lit"',
    "var.s",
    "local.name",
    "local.chain",
    '"a-${var.s}"',
    'var.m["k"]',
    "var.l[1]",
    "var.m.j",
    '"x$${y}"',
    "upper(var.s)",
    'replace(var.s, "b", "-")',
    'format("%s-%03d", var.s, var.n)',
    'join(",", var.l)',
    'trimspace("  q ")',
    "substr(var.s, 0, 2)",
    "title(var.s)",
    "strrev(var.s)",
    "sha1(var.s)",
    "base64encode(var.s)",
    "terraform_data.seed.input",
    "terraform_data.seed.id",
    'terraform_data.many["k"].input',
    "terraform_data.few[1].input",
    "terraform_data.few[0].output",
    'var.o["a"].kind',
    "coalesce(var.nul, var.s)",
    "tostring(var.n)",
    "jsonencode(var.m)",
    '"%{ if var.b }yes%{ else }no%{ endif }"',
    'try(var.m.nope, "fallback")',
    'lookup(var.m, "k", "z")',
    'cidrsubnet("10.0.0.0/8", 8, var.n)',
    'regex("[a-b]+", var.s)',
    "terraform.workspace",
    "path.module",
    "timestamp()",
    "local.tags.team",
    "local.seed",
    "var.id",
    "local.tags.id",
    'local.tags["name"]',
    "<<-EOT\n    hey ${var.s}\n  EOT\n",
]
NUMBERS = [
    "3",
    "var.n",
    "-2.5",
    "var.n * 2 + 1",
    "length(var.l)",
    "max(var.n, 3)",
    "floor(7 / 2)",
    "7 % 4",
    "length(local.big)",
    'var.o["b"].size',
    'tonumber("12")',
    'parseint("ff", 16)',
    "sum(var.nums)",
    "abs(-4)",
    "length(terraform_data.seed.id)",
    "1e3",
    "0.1 + 0.2",
    "pow(2, 10)",
    "var.b ? var.n : 0",
    'index(var.l, "y")',
    "try(tonumber(var.s), 9)",
    "min(var.nums...)",
]
OTHERS = ["null", "var.nul", "true", "!var.b", "var.n > 3 && var.b", 'var.s == "abc"', 'contains(var.l, "y")', '[1, "a", null]',
          "[for x in var.l : upper(x)]", '[for i, x in var.l : i if x == "x"]', "{ for k, v in var.m : k => upper(v) }", "var.m",
          "merge(var.m, { z = var.s })", "merge(local.tags, { extra = var.s })", "merge({ a = terraform_data.seed.id }, { a = 1 })",
          "distinct(var.l)", "sort(var.l)", "reverse(var.nums)", "toset(var.l)", 'concat(var.l, ["q"])', "keys(var.m)", "values(var.m)",
          "zipmap(var.l, var.l)", "flatten([[1], [2, [3]]])", "slice(var.nums, 0, 2)", 'var.o["a"].iops', "var.o", "local.big",
          'var.o["a"]', "[for v in terraform_data.many : v.input]", "terraform_data.few[*].input", "terraform_data.few[*].id",
          'setunion(toset(["a"]), toset(["b"]))', 'compact(["a", ""])', "chunklist(var.nums, 2)", "element(var.l, 4)",
          'jsondecode("{\\"a\\":[1,2.5,null]}")', 'yamldecode("a: [1, b]")', 'split(",", "a,b")', "range(3)", "local.tags",
          '{ (var.s) = 1, "quoted" = 2 }', "one([])", "{ a = { b = [{ c = var.s }] } }", "var.b ? { a = 1 } : { a = 2 }",
          "coalescelist([], var.l)", "try(var.nul.x, null)", 'lookup(var.m, "none", null)', "anytrue([false, var.b])",
          "[for k, v in var.o : { name = k, iops = v.iops }]", "can(tonumber(var.s))", 'transpose({ a = ["x"] })',
          "{ for x in var.l : x => length(x)... }", 'setproduct(["a"], ["b", "c"])', "terraform_data.seed.triggers_replace.deep.n"]  # fmt: skip


def expression(rng, depth=0):
    """A random expression of everything above."""
    if depth > 1 or rng.random() < 0.5:
        return rng.choice(rng.choice([STRINGS, NUMBERS, OTHERS]))
    string, number, other = (rng.choice(some) for some in (STRINGS[:-1], NUMBERS, OTHERS))
    inner = expression(rng, depth + 1)
    return rng.choice(
        [
            f'"${{{string}}}/${{{number}}}"',
            f"[{string}, {number}, {other}]",
            f"{{ a = {inner if not inner.startswith('<<') else string}, b = {number} }}",
            f"({number}) > 2 ? {string} : {rng.choice(STRINGS[:-1])}",
            f'{{ for i in [1, 2] : "k${{i}}" => {string} }}',
            f"merge({{ x = {number} }}, {{ y = {string} }})",
            f"jsonencode({{ s = {string}, n = {number} }})",
            f"length({string}) + ({number})",
        ]
    )


def resources(seed, count):
    rng = random.Random(seed)  # noqa: S311 - no secret
    found = []
    for number in range(count):
        repeat = rng.choice(["", "", "", "count = var.n - 5", "count = 0", "for_each = var.m", "for_each = toset(var.l)", "for_each = local.big",
                             "for_each = { for k, v in var.o : k => v.size }", "for_each = { a = terraform_data.seed.id, b = var.s }"])  # fmt: skip
        use = {
            "c": ["count.index", '"c${count.index}"'],
            "f": ["each.key", "each.value", "[each.key, each.value]"],
        }.get(repeat[:1], [])
        value = rng.choice(use) if use and rng.random() < 0.6 else expression(rng)
        found.append(f'resource "terraform_data" "r{number}" {{\n  {repeat}\n  input = {value}\n}}\n')
    return found


def same(told, real):
    """Say whether a value agrees: it is what is planned, or unknown."""
    if isinstance(told, Unknown):
        return True
    if isinstance(real, Unknown):
        return False
    if isinstance(told, dict) and isinstance(real, dict):
        return told.keys() == real.keys() and all(same(told[key], real[key]) for key in told)
    if isinstance(told, list) and isinstance(real, list):
        return len(told) == len(real) and all(map(same, told, real))
    if isinstance(told, float) or isinstance(real, float):
        return told == pytest.approx(real)
    return told == real and isinstance(told, bool) == isinstance(real, bool)


def compared(folder, text, **variables):
    """Plan a configuration and evaluate it: the addresses of both, what disagrees, and how much is known."""
    (folder / "main.tf").write_text(text, encoding="utf-8")
    (real,) = read_plan(json.dumps(plan(folder, **variables)).encode(), "plan.json")
    found = read_folder(folder, Choices(tuple(f"{k}={v}" for k, v in variables.items())))
    told = {change.address: change for change in found.changes}
    planned = {change.address: change for change in real.changes}
    wrong, known = [], 0
    for address in told.keys() & planned.keys():
        mine, theirs = told[address].after, planned[address].after
        assert mine is not None
        assert theirs is not None
        for name in mine.names():
            known += not isinstance(mine.get(name), Unknown)
            if not same(mine.get(name), theirs.get(name)):
                wrong.append((address, name, mine.get(name), theirs.get(name)))
    return told.keys(), planned.keys(), wrong, known, found


@pytest.mark.parametrize("seed", [1, 2])
def test_generated_resources_agree(tmp_path, seed):
    made = resources(seed, 150)
    told, planned, wrong, known, found = compared(tmp_path, VARIABLES + "".join(made))
    assert [
        (*one, next(text for text in made if one[0].split("[")[0].endswith(text.split('"')[3]))) for one in wrong
    ] == []
    assert told == planned
    assert found.not_evaluated == ()
    assert known > len(planned) * 0.7


PITFALLS = {
    # expression: what is known of it
    'merge({ x = var.o["b"].size, z = 1 }, { y = terraform_data.few[0].output })': {"x": 6, "y": Unknown("input.y"), "z": 1},
    'jsonencode({ a = templatefile("t", {}) })': '{"a":"text"}',
    'try(templatefile("t", {}), "else")': "text",
    "12345678901234567890": 12345678901234567890,
    'sensitive("sec")': "sec",
    "module.named.name": "A",
    "module.named.same": "b",
    "[for m in [module.named] : m.name]": ["A"],
    "length([for x in var.l : 1])": 3,
    "var.b ? setproduct(toset(var.l), [1]) : null": [["x", 1], ["y", 1]],
}  # fmt: skip
NAMED = """\
module "named" {
  source = "./named"
  name   = "a"
  same   = "b"
}
resource "terraform_data" "parts" {
  for_each = { a = { x = terraform_data.seed.id, y = 1 } }
  input    = each.value
}
"""


def test_what_is_easily_got_wrong_is_known(tmp_path):
    (tmp_path / "named").mkdir()
    (tmp_path / "named/main.tf").write_text(
        'variable "name" {}\nvariable "same" { type = string }\noutput "name" { value = upper(var.name) }\noutput "same" { value = var.same }\n',
        encoding="utf-8",
    )
    (tmp_path / "t").write_text("text", encoding="utf-8")
    made = [f'resource "terraform_data" "p{i}" {{ input = {text} }}\n' for i, text in enumerate(PITFALLS)]
    told, planned, wrong, _, found = compared(tmp_path, VARIABLES + NAMED + "".join(made))
    assert wrong == []
    assert (told, found.not_evaluated) == (planned, ())
    values = {change.name: change.after and change.after.get("input") for change in found.changes}
    assert {text: values[f"p{i}"] for i, text in enumerate(PITFALLS)} == PITFALLS


MODULES = """\
variable "names" { default = { "a.b" = "x", c = "y" } }
variable "top" { default = "top" }
module "each" {
  source   = "./child"
  for_each = var.names
  name     = each.value
  size     = length(each.key)
  none     = null
}
module "twice" {
  source = "./child"
  count  = 2
  name   = "${var.top}-${count.index}"
  id     = terraform_data.seed.id
}
resource "terraform_data" "seed" {}
resource "terraform_data" "root" {
  input            = module.each["c"].name
  triggers_replace = [module.twice[0].id, module.each["a.b"].deep, module.twice[1].made]
}
"""
CHILD = """\
variable "name" {}
variable "size" {
  type    = number
  default = "4"
}
variable "none" { default = "default" }
variable "id" { default = "known" }
locals { full = "${var.name}/${var.id}" }
resource "terraform_data" "this" {
  count            = var.size > 2 ? 1 : 2
  input            = { name = var.name, size = var.size, none = var.none, id = var.id, full = local.full, i = count.index }
  triggers_replace = path.module
}
module "deeper" {
  source = "./deeper"
  given  = { name = var.name, id = var.id }
}
output "name" { value = var.name }
output "id" { value = var.id }
output "deep" { value = module.deeper.both }
output "made" { value = terraform_data.this[0].id }
"""
DEEPER = """\
variable "given" { type = object({ name = string, id = string, more = optional(string, "more") }) }
resource "terraform_data" "deep" { input = var.given }
output "both" { value = "${var.given.name}+${var.given.more}" }
"""


def test_modules_agree(tmp_path):
    (tmp_path / "child/deeper").mkdir(parents=True)
    (tmp_path / "child/main.tf").write_text(CHILD, encoding="utf-8")
    (tmp_path / "child/deeper/main.tf").write_text(DEEPER, encoding="utf-8")
    told, planned, wrong, known, found = compared(tmp_path, MODULES, top="given")
    assert wrong == []
    assert (told, found.not_evaluated) == (planned, ())
    assert known > len(planned)


def test_forty_module_calls_are_forty(tmp_path):
    calls = "".join(f'module "m{i}" {{\n  source = "./child"\n  x = {i}\n}}\n' for i in range(40))
    (tmp_path / "child").mkdir()
    (tmp_path / "child/main.tf").write_text(
        'variable "x" {}\nvariable "y" { default = "z" }\n'
        'resource "terraform_data" "t" { input = "${var.x}${var.y}" }\noutput "o" { value = var.x }\n',
        encoding="utf-8",
    )
    use = 'resource "terraform_data" "sum" { input = [module.m0.o, module.m39.o] }\n'
    told, planned, wrong, known, found = compared(tmp_path, calls + use)
    assert wrong == []
    assert (told, found.not_evaluated) == (planned, ())
    assert len(told) == 41
    assert known >= 40


def test_instances_of_one_module_call_beyond_the_limit_are_evaluated(tmp_path):
    (tmp_path / "child").mkdir()
    (tmp_path / "child/main.tf").write_text(
        'variable "x" {}\nresource "terraform_data" "t" { input = var.x }\n', encoding="utf-8"
    )
    text = 'module "m" {\n  source   = "./child"\n  for_each = toset([for i in range(40) : "k${i}"])\n  x        = each.key\n}\n'
    told, planned, wrong, known, found = compared(tmp_path, text)
    assert wrong == []
    assert (told, found.not_evaluated) == (planned, ())
    assert known == 40
