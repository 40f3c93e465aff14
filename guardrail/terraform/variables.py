"""The variables of a root module: from files, flags and the environment, in Terraform's order of precedence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from guardrail.errors import InputError
from guardrail.model.unknown import Json
from guardrail.terraform.blocks import value_of
from guardrail.terraform.choices import VARIABLE, WORKSPACE, Choices
from guardrail.terraform.expressions import NotConstantError, constant
from guardrail.terraform.module_tree import Module

_PRIMITIVE = {"", "string", "number", "bool", "any"}


def given_variables(folder: Path, module: Module, choices: Choices) -> dict[str, Json]:
    """Return the variables of a root module that are given a value. Raises InputError for what cannot be read."""
    declared = {
        block.labels[0]: str(block.body().get("type", "")) for block in module.blocks("variable") if block.labels
    }
    found: dict[str, Json] = {}
    for name, text in choices.environ.items():
        if name.startswith(VARIABLE):
            found[name.removeprefix(VARIABLE)] = _spelled(name.removeprefix(VARIABLE), text, declared)
    is_secret = any("sensitive" in block.body() for block in module.blocks("variable"))
    for file in variable_files(folder, choices):
        found.update(_file(file, is_secret=is_secret))
    for assignment in choices.variables:
        name, equals, text = assignment.partition("=")
        if not equals or name not in declared:
            what = f"no variable {name!r} in {folder}" if equals else f"{assignment!r} is not NAME=VALUE"
            raise InputError(what, where="--var", fix="name a variable of the root module")
        found[name] = _spelled(name, text, declared)
    return {name: value for name, value in found.items() if name in declared}


def giver_of(name: str, folder: Path, choices: Choices) -> Path | str | None:
    """Return what gives a variable of a root module its value: a file, or in words; None for its default, if it has one.

    Raises InputError for a file that cannot be read.
    """
    if any(assignment.partition("=")[0] == name for assignment in choices.variables):
        return f"--var {name}"
    for file in reversed(variable_files(folder, choices)):
        if name in _file(file, is_secret=True):
            return file
    return f"{VARIABLE}{name} in the environment" if VARIABLE + name in choices.environ else None


def workspace_of(folder: Path, choices: Choices) -> str:
    """Return the workspace: the one chosen, else that of the environment, else the one that Terraform has selected."""
    chosen = choices.workspace or choices.environ.get(WORKSPACE, "")
    selected = folder / ".terraform" / "environment"
    return chosen or (selected.read_text(encoding="utf-8").strip() if selected.is_file() else "") or "default"


def variable_files(folder: Path, choices: Choices) -> list[Path]:
    """Return the files that give the variables of a root module their values, those that win last."""
    return [*_automatic(folder), *choices.files]


def _automatic(folder: Path) -> Iterator[Path]:
    for name in ("terraform.tfvars", "terraform.tfvars.json"):
        if (folder / name).is_file():
            yield folder / name
    yield from sorted(path for path in folder.iterdir() if path.name.endswith((".auto.tfvars", ".auto.tfvars.json")))


def _file(path: Path, *, is_secret: bool) -> dict[str, Json]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        is_json = path.suffix == ".json"
        found = json.loads(text) if is_json else constant(value_of(f"{{\n{text}\n}}", is_secret=is_secret))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), fix="is it there?") from None
    except (ValueError, InputError, NotConstantError):
        raise InputError("not as Terraform writes values", where=str(path), fix="NAME = VALUE, one a line") from None
    if not isinstance(found, dict):
        raise InputError("not a map of values", where=str(path), fix="NAME = VALUE, one a line")
    return found


def _spelled(name: str, text: str, declared: Mapping[str, str]) -> Json:
    """Read a value as a flag or the environment spells it: plain where the type is, else as an expression."""
    if declared.get(name, "").strip('"') in _PRIMITIVE:
        return text
    try:
        return constant(value_of(text, is_secret=True))
    except (InputError, NotConstantError):
        raise InputError(
            f"the value of variable {name} is not an expression", where=name, fix='like ["a", "b"]'
        ) from None
