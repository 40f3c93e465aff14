"""What the command line chooses of a configuration folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Choices:
    """Variables (NAME=VALUE), files of variables, the workspace ("": the one selected there), and the environment."""

    variables: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    workspace: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)


NO_CHOICES = Choices()
