"""The files that inputs are made of: which of them a saved or committed file belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guardrail.terraform.configuration.modules import FolderModules
from guardrail.terraform.configuration.roots import root_modules
from guardrail.terraform.inputs import plan_at


@dataclass(frozen=True, slots=True)
class Footprint:
    """One root module, or one plan, of an input: where it is, and the folders (resolved) whose files it is made of."""

    path: Path
    folders: frozenset[Path]
    is_plan: bool = False

    def has(self, file: Path) -> bool:
        """Say whether a file, resolved, belongs to it."""
        return file == self.path.resolve() or file.parent in self.folders


def footprints(given: Path, *, proposed: bool = False) -> Iterator[Footprint]:
    """Give the plan at a path, or its root modules; nothing where there is neither."""
    path = plan_at(given, proposed=proposed)
    if path.is_file():
        yield Footprint(path, frozenset({path.resolve().parent}), is_plan=True)
    for root in root_modules(path) if path.is_dir() else ():
        yield Footprint(root, frozenset(folder.resolve() for _, folder in FolderModules(root).folders() if folder))
