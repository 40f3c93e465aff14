"""What the command line chooses of a configuration folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE, WORKSPACE = "TF_VAR_", "TF_WORKSPACE"


@dataclass(frozen=True, slots=True)
class Choices:
    """Variables (NAME=VALUE), files of variables, the workspace ("": the one selected there), and what the environment
    says of these (`terraform_environment`).
    """

    variables: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    workspace: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)


NO_CHOICES = Choices()


def terraform_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of an environment that Terraform gives a meaning in configuration; nothing else is looked at."""
    return {name: environ[name] for name in environ if name.startswith(VARIABLE) or name == WORKSPACE}
