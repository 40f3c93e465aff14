"""The files that inputs are made of: which of them a saved or committed file belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guardrail.terraform.configuration.modules import FolderModules
from guardrail.terraform.configuration.roots import root_modules
from guardrail.terraform.configuration.variables import is_automatic, is_variables
from guardrail.terraform.inputs import plan_at
from guardrail.terraform.options import NO_CHOICES, Choices


@dataclass(frozen=True, slots=True)
class Footprint:
    """One root module, or one plan, of an input.

    path     where it is
    folders  those (resolved) whose files it is made of
    files    those of variables (resolved) that are named for it
    """

    path: Path
    folders: frozenset[Path]
    files: frozenset[Path] = frozenset()
    is_plan: bool = False

    def has(self, file: Path) -> bool:
        """Say whether a file, resolved, belongs to it. Of variables, it is those that are named, or read without that."""
        if is_variables(file.name) and not self.is_plan:
            return file in self.files or (is_automatic(file.name) and file.parent == self.path.resolve())
        return file == self.path.resolve() or file.parent in self.folders


def footprints(given: Path, choices: Choices = NO_CHOICES, *, proposed: bool = False) -> Iterator[Footprint]:
    """Give the plan at a path, or its root modules; nothing where there is neither."""
    path = plan_at(given, proposed=proposed)
    if path.is_file():
        yield Footprint(path, frozenset({path.resolve().parent}), is_plan=True)
    files = frozenset(file.resolve() for file in choices.files)
    for root in root_modules(path) if path.is_dir() else ():
        yield Footprint(
            root, frozenset(folder.resolve() for _, folder in FolderModules(root).folders() if folder), files
        )
