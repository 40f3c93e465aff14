"""What the command line and guardrail.yaml choose of a configuration folder: variables and workspace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from guardrail.model.unknown import Json

VARIABLE, WORKSPACE = "TF_VAR_", "TF_WORKSPACE"


class Vars(Struct, frozen=True):
    """Values of variables by name, as a project of guardrail.yaml lists them, and the file and line where it does."""

    values: Mapping[str, Json]
    where: str


class Choices(Struct, frozen=True):
    """What gives the variables of a root module their values, and which workspace it is evaluated in.

    given      files of variables, NAME=VALUE and `vars`, in the order in which later ones win
    workspace  "": the one that is selected there
    environ    what the environment says of these (`terraform_environment`)
    terragrunt whether the folder is read as Terragrunt's
    """

    given: tuple[Path | str | Vars, ...] = ()
    workspace: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    terragrunt: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of variables that are named."""
        return tuple(one for one in self.given if isinstance(one, Path))


NO_CHOICES = Choices()


def terraform_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of an environment that Terraform gives a meaning in configuration; nothing else is looked at."""
    return {name: environ[name] for name in environ if name.startswith(VARIABLE) or name == WORKSPACE}
