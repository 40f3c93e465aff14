"""Terragrunt's own functions, as https://terragrunt.gruntwork.io/docs/reference/hcl/functions/ has them (2026-11)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from guardrail.terraform.configuration.code.files import shown
from guardrail.terraform.configuration.variables import values_of
from guardrail.terraform.language.scope import EvaluationError, LimitError
from guardrail.terraform.language.types import ANY
from guardrail.terraform.language.values import Cause, Unknown, Value, object_, string, tuple_, unknown
from guardrail.terraform.options import VARIABLE, WORKSPACE
from guardrail.terraform.terragrunt.reading import relative

if TYPE_CHECKING:
    from guardrail.terraform.terragrunt.file import TerragruntFile

_COMMANDS = ("apply", "console", "destroy", "import", "plan", "push", "refresh")
"""Commands that take variables, a lock, input or parallelism; whether `plan` is one of them is all that is asked."""

_NOT_EVALUATED = {
    "run_cmd": "runs a program",
    "sops_decrypt_file": "decrypts a secret",
    "get_aws_account_id": "asks AWS",
    "get_aws_account_alias": "asks AWS",
    "get_aws_caller_identity_arn": "asks AWS",
    "get_aws_caller_identity_user_id": "asks AWS",
    "get_terraform_cli_args": "depends on how Terragrunt is called",
    "get_platform": "depends on where it runs",
    "get_working_dir": "depends on where it runs",
    "get_default_retryable_errors": "is Terragrunt's own list",
}


def call(name: str, arguments: list[Value], file: TerragruntFile, where: str) -> Value | None:
    """Call a function of Terragrunt's; None for a name that is none. Raises EvaluationError as Terragrunt would."""
    if name in _NOT_EVALUATED:
        return unknown(ANY, Unknown(Cause.NOT_EVALUATED, f"{name}(), which {_NOT_EVALUATED[name]}", where))
    function = _FUNCTIONS.get(name)
    if function is None:
        return None
    # All take texts first; what follows (a default) may be anything, and may be unknown.
    texts = []
    for argument in arguments[: _TEXTS.get(name, len(arguments))]:
        if (why := argument.first_unknown()) is not None:
            return unknown(ANY, why, argument.all_marks())
        if not isinstance(argument.raw, str):
            raise EvaluationError(f"{name} takes texts", where)
        texts.append(argument.raw)
    return function(file, texts, arguments, where)


def _find_in_parent_folders(file: TerragruntFile, texts: list[str], arguments: list[Value], where: str) -> Value:
    name = texts[0] if texts else "terragrunt.hcl"
    for folder in file.folder.parents:
        if not folder.is_relative_to(file.reading.top):
            break
        file.reading.looked.add(folder / name)  # were it there, it would be read: the hook has to know
        if (folder / name).exists():
            return string((folder / name).as_posix())
    if len(arguments) > 1:
        return arguments[1]
    raise EvaluationError(f"no {name} in a folder above {shown(file.folder)}", where)


def _path_relative_to_include(file: TerragruntFile, texts: list[str], _: list[Value], where: str) -> Value:
    return string(relative(file.folder, file.parent_folder(texts, where)))


def _path_relative_from_include(file: TerragruntFile, texts: list[str], _: list[Value], where: str) -> Value:
    return string(relative(file.parent_folder(texts, where), file.folder))


def _get_parent_terragrunt_dir(file: TerragruntFile, texts: list[str], _: list[Value], where: str) -> Value:
    return string(file.parent_folder(texts, where).as_posix())


def _get_env(file: TerragruntFile, texts: list[str], arguments: list[Value], where: str) -> Value:
    if not texts:
        raise EvaluationError("get_env takes the name of a variable", where)
    name = texts[0]
    # Anything else of the environment may be a secret, and differs between machines.
    if not (name.startswith(VARIABLE) or name == WORKSPACE):
        why = f"get_env({name!r}): of the environment, only {VARIABLE}* and {WORKSPACE} are read"
        return unknown(ANY, Unknown(Cause.NOT_EVALUATED, why.replace("'", '"'), where))
    if name in file.reading.environ:
        return string(file.reading.environ[name])
    if len(arguments) > 1:
        return arguments[1]
    raise EvaluationError(f"the environment has no {name}", where)


def _read_terragrunt_config(file: TerragruntFile, texts: list[str], arguments: list[Value], where: str) -> Value:
    path = _inside(file, texts, where)
    if not path.is_file() and len(arguments) > 1:
        file.reading.looked.add(path)
        return arguments[1]
    return file.other(path, where).as_value()


def _read_tfvars_file(file: TerragruntFile, texts: list[str], _: list[Value], where: str) -> Value:
    path = _inside(file, texts, where)
    file.reading.looked.add(path)
    # Terragrunt's returns JSON, which configuration puts into jsondecode().
    return file.call("jsonencode", [object_(values_of(path))], where)


def _inside(file: TerragruntFile, texts: list[str], where: str) -> Path:
    """Return the path that is named. Raises LimitError for one outside of what may be read, which Terragrunt would read."""
    if not texts:
        raise EvaluationError("the function takes a path", where)
    path = file.at(texts[0])
    if not file.reading.holds(path):
        raise LimitError(f"the file {texts[0]}, which is outside of the checkout", where)
    return path


_Function = Callable[["TerragruntFile", list[str], list[Value], str], Value]

_FUNCTIONS: dict[str, _Function] = {
    "find_in_parent_folders": _find_in_parent_folders,
    "path_relative_to_include": _path_relative_to_include,
    "path_relative_from_include": _path_relative_from_include,
    "get_parent_terragrunt_dir": _get_parent_terragrunt_dir,
    "get_terragrunt_dir": lambda file, *_: string(file.folder.as_posix()),
    "get_original_terragrunt_dir": lambda file, *_: string(file.reading.unit.as_posix()),
    "get_repo_root": lambda file, *_: string(file.reading.top.as_posix()),
    "get_path_from_repo_root": lambda file, *_: string(relative(file.folder, file.reading.top)),
    "get_path_to_repo_root": lambda file, *_: string(relative(file.reading.top, file.folder)),
    "get_env": _get_env,
    "get_terraform_command": lambda *_: string("plan"),
    "get_terragrunt_source_cli_flag": lambda *_: string(""),
    "read_terragrunt_config": _read_terragrunt_config,
    "read_tfvars_file": _read_tfvars_file,
    "mark_as_read": lambda _, texts, *__: string(texts[0] if texts else ""),
    **dict.fromkeys(
        (f"get_terraform_commands_that_need_{what}" for what in ("vars", "locking", "input", "parallelism")),
        lambda *_: tuple_(map(string, _COMMANDS)),
    ),
}

_TEXTS = {"read_terragrunt_config": 1, "find_in_parent_folders": 2, "get_env": 1}
"""How many of the arguments have to be texts; all, where it is not said."""
