"""Which files give variables their values: those that Terraform reads by itself, and those that a user names."""

from __future__ import annotations

from pathlib import Path

from guardrail.errors import InputError
from guardrail.terraform.configuration.code.files import LEADS_OUT, leads_out
from guardrail.terraform.options import Choices

_DEFAULT_FILES = ("terraform.tfvars", "terraform.tfvars.json")


def variable_files(folder: Path, choices: Choices) -> list[Path]:
    """Return the files that give the variables of a root module their values, those that win last."""
    return [*automatic_files(folder), *choices.files]


def is_variables(name: str) -> bool:
    """Return whether a file is one of variables, by its name."""
    return name.endswith((".tfvars", ".tfvars.json"))


def is_automatic(name: str) -> bool:
    """Return whether Terraform reads a file of variables in a root module's folder without being told."""
    return name in _DEFAULT_FILES or name.endswith((".auto.tfvars", ".auto.tfvars.json"))


def automatic_files(folder: Path) -> list[Path]:
    """Return the files that Terraform reads without being told, in its order.

    Raises InputError for a link that leads out of the checkout: a pull request may not make a check show other files.
    """
    found = [folder / name for name in _DEFAULT_FILES if (folder / name).is_file()]
    found += sorted(path for path in folder.iterdir() if is_automatic(path.name) and path not in found)
    for file in filter(leads_out, found):
        raise InputError(LEADS_OUT, where=str(file), fix="put a file in its place, or name one with --var-file")
    return found
