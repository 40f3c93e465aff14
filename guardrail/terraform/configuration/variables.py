"""Variables: those of a root module from files, flags and the environment, in Terraform's order; and the value of each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from guardrail.errors import InputError, did_you_mean
from guardrail.terraform.configuration.code.files import leads_out, shown
from guardrail.terraform.configuration.code.modules import ModuleCode, literal
from guardrail.terraform.configuration.variable_files import automatic_files
from guardrail.terraform.language.conversion import ConversionError
from guardrail.terraform.language.evaluation import evaluate, evaluate_or_unknown
from guardrail.terraform.language.numbers import parse as parse_number
from guardrail.terraform.language.scope import Budget, EvaluationError, ResolvedStep, Scope
from guardrail.terraform.language.syntax import parse_expression, parse_file
from guardrail.terraform.language.syntax.nodes import Block, Literal
from guardrail.terraform.language.type_expressions import Defaults, constrained, type_constraint
from guardrail.terraform.language.types import ANY, STRING, AnyType, Primitive, Type, without_optional
from guardrail.terraform.language.values import (
    NULL,
    Cause,
    Flag,
    Unknown,
    Value,
    boolean,
    number,
    object_,
    string,
    tuple_,
    unknown,
)
from guardrail.terraform.options import VARIABLE, WORKSPACE, Choices, Vars

_ONE_A_LINE = "NAME = VALUE, one a line"

Constraint = tuple[Type, Defaults]


class _NoNames:
    """The scope of values in files and flags, which Terraform evaluates without any names or functions."""

    def __init__(self) -> None:
        self.budget = Budget()

    def resolve(self, root: str, steps: Sequence[ResolvedStep], where: str) -> tuple[Value, int]:
        """Refuse every name."""
        del steps
        raise EvaluationError(f"{root} may not be referred to here", where)

    def call(self, name: str, arguments: list[Value], where: str) -> Value:
        """Refuse every function."""
        del arguments
        raise EvaluationError(f"{name} may not be called here", where)


def given_variables(folder: Path, code: ModuleCode, choices: Choices) -> dict[str, Value]:
    """Return the variables of a root module that are given a value. Raises InputError for what cannot be read.

    A name that nothing declares is refused where somebody typed it, and left out where a file or the environment has it:
    both are often shared between root modules, and Terraform goes on, too.
    """
    declared = {name: block for (name,), block in code.labelled("variable").items()}
    # What comes later wins, in Terraform's order: environment, terraform.tfvars, *.auto.tfvars, then as given.
    found: dict[str, Value] = {}
    for name, text in choices.environ.items():
        if name.startswith(VARIABLE):
            found[name.removeprefix(VARIABLE)] = _value_of_text(name.removeprefix(VARIABLE), text, declared)
    for file in automatic_files(folder):
        found.update(values_of(file))
    for given in choices.given:
        match given:
            case Path():
                found.update(values_of(given))
            case str():
                name, equals, text = given.partition("=")
                if not equals:
                    fix = "name a variable of the root module"
                    raise InputError(f"{given!r} is not NAME=VALUE", where="--var", fix=fix)
                _refuse_undeclared(name, declared, folder, "--var")
                found[name] = _value_of_text(name, text, declared)
            case Vars():
                for name, value in given.values.items():
                    _refuse_undeclared(name, declared, folder, given.where)
                    found[name] = _value_of_json(value)
    return {name: value for name, value in found.items() if name in declared}


def _refuse_undeclared(name: str, declared: Mapping[str, Block], folder: Path, where: str) -> None:
    if name not in declared:
        fix = did_you_mean(name, declared) or "name a variable of the root module"
        raise InputError(f"no variable {name!r} in {shown(folder)}", where=where, fix=fix)


def value_source(name: str, folder: Path, choices: Choices) -> Path | str | None:
    """Return what gives a variable of a root module its value: a file, or in words; None for its default, if it has one.

    Raises InputError for a file that cannot be read.
    """
    for given in reversed((*automatic_files(folder), *choices.given)):
        if isinstance(given, Path) and name in values_of(given):
            return given
        if isinstance(given, str) and given.partition("=")[0] == name:
            return f"--var {name}"
        if isinstance(given, Vars) and name in given.values:
            return f"vars in {given.where}"
    return f"{VARIABLE}{name} in the environment" if VARIABLE + name in choices.environ else None


def workspace_of(folder: Path, code: ModuleCode, choices: Choices) -> Value:
    """Return the workspace: that of --workspace, else of TF_WORKSPACE, else the one that `terraform workspace` selected.

    Else it is the one that a `cloud` block names. Where a `cloud` block leaves the name open (`tags`) it is unknown, and
    never taken for "default".
    """
    chosen = choices.workspace or choices.environ.get(WORKSPACE, "")
    selected = selected_workspace(folder)
    if not chosen and selected.is_file() and not leads_out(selected):
        chosen = selected.read_text(encoding="utf-8").strip()
    remote = remote_workspace(code)
    if chosen or remote is None:
        return string(chosen or "default")
    names = [literal(block, "name") for block in remote.body.blocks_of("workspaces")]
    why = "terraform.workspace is the HCP workspace, whose name nothing says: give --workspace, or `workspace` of the project"
    return string(names[0]) if any(names) else unknown(STRING, Unknown(Cause.NOT_EVALUATED, why, remote.where))


def selected_workspace(folder: Path) -> Path:
    """Return the file that `terraform workspace select` writes the name to."""
    return folder / ".terraform" / "environment"


def remote_workspace(code: ModuleCode) -> Block | None:
    """Return the block that says that a root module is planned in a workspace of HCP Terraform, which can hold variables."""
    for block in code.of("terraform"):
        remote = [one for one in block.body.blocks_of("backend") if one.labels == ("remote",)]
        if found := [*block.body.blocks_of("cloud"), *remote]:
            return found[0]
    return None


def values_of(path: Path) -> dict[str, Value]:
    """Return what a file of variables says. Raises InputError."""
    try:
        data = path.read_bytes()
        if path.suffix == ".json":
            document = json.loads(data.decode("utf-8-sig"), parse_float=_Float, parse_constant=_refuse_constant)
            if not isinstance(document, dict):
                raise InputError("not a map of values", where=str(path), fix=_ONE_A_LINE)
            return {name: _value_of_json(part) for name, part in document.items()}
        # A `.tfvars` file is the body of a block: attributes, and nothing else.
        parsed = parse_file(str(path), data)
        if parsed.faults or parsed.body.blocks:
            raise _unreadable(path)
        return {name: evaluate(part.expression, _NoNames()) for name, part in parsed.body.attributes.items()}
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), fix="is it there?") from None
    except (ValueError, EvaluationError, RecursionError):
        raise _unreadable(path) from None


class _Float(str):
    """A number with a fraction, as it is written: numbers of Terraform are decimal, a double would round them."""

    __slots__ = ()


def _refuse_constant(text: str) -> Any:
    """Refuse NaN and Infinity, which Python's JSON reads and Terraform's does not."""
    raise ValueError(text)


def _unreadable(path: Path) -> InputError:
    return InputError("not as Terraform writes values", where=str(path), fix=_ONE_A_LINE)


def _value_of_json(value: Any) -> Value:
    match value:
        case None:
            return NULL
        case bool():  # before int, which it is in Python
            return boolean(value)
        case int():
            return number(value)
        case _Float() | float():
            return number(parse_number(str(value)))
        case str():
            return string(value)
        case list():
            return tuple_(map(_value_of_json, value))
        case _:
            return object_({key: _value_of_json(part) for key, part in value.items()})


def _value_of_text(name: str, text: str, declared: Mapping[str, Block]) -> Value:
    """Return the value that a flag or the environment gives a variable, as Terraform reads it.

    The text itself for a variable of a primitive type, and for one that declares none; else it is an expression.
    """
    block = declared.get(name)
    type_ = constraint_of(block, _NoNames())[0] if block and "type" in block.body.attributes else None
    if type_ is None or isinstance(type_, Primitive):
        return string(text)
    try:
        return evaluate(parse_expression(text), _NoNames())
    except EvaluationError:
        if isinstance(type_, AnyType):
            return string(text)  # Terraform takes a text that is no expression as it is, for type = any
        raise InputError(
            f"the value of variable {name} is not an expression", where=name, fix='like ["a", "b"]'
        ) from None


def is_true(block: Block, name: str) -> bool:
    """Return whether a block sets an attribute to true, which Terraform also takes from the string "true"."""
    attribute = block.body.attributes.get(name)
    value = attribute.expression.value.raw if attribute and isinstance(attribute.expression, Literal) else None
    return value is True or value == "true"


def constraint_of(block: Block, scope: Scope) -> Constraint:
    """Return the type of a variable and its defaults; anything where it has no type, or none that can be read."""
    attribute = block.body.attributes.get("type")
    try:
        return type_constraint(attribute.expression, scope) if attribute else (ANY, Defaults(ANY))
    except EvaluationError:
        return ANY, Defaults(ANY)


def variable_value(
    block: Block, given: Value | None, constraint: Constraint, scope: Scope, of: str = "", lack: str = ""
) -> Value:
    """Return the value of a variable: the given one or its default, converted to its type, with its marks.

    `of` says whose variable it is, `lack` where its value may be, for the reason why it is unknown.
    """
    (name,) = block.labels
    default = block.body.attributes.get("default")
    nullable = block.body.attributes.get("nullable")
    not_null = nullable is not None and evaluate_or_unknown(nullable.expression, scope).raw is False
    # With nullable = false, null means "the default"; without it, null is the value although there is a default.
    value = None if given is not None and given.is_null and not_null else given
    if value is None and default is not None:
        value = evaluate_or_unknown(default.expression, scope)
    if value is None:
        value = unknown(ANY, Unknown(Cause.NOT_EVALUATED, f"variable {name}{of} has no value{lack}"))
    try:
        value = constrained(value, *constraint)
    except ConversionError as error:
        why = Unknown(Cause.NOT_EVALUATED, f"variable {name}{of}: {error}", block.where)
        value = unknown(without_optional(constraint[0]), why, value.all_marks())
    return value.marked({flag for flag in Flag if is_true(block, flag.value)})
