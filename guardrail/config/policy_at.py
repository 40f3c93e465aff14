"""The policy of another commit: where guardrail.yaml and the files that it names are read from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from guardrail import git


class PolicyAt(Struct, frozen=True):
    """Where the policy is read from, if not from the working tree: the file (None: there is none), the folder that its
    commit was written to, and the folder of the working tree that stands for the file's own: plans are read there.
    """

    file: Path | None
    scratch: Path
    folder: Path
    top: Path
    """of the working tree"""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Submodules whose commit is not here: folder to commit."""

    def located(self, name: str) -> Path:
        """Return where the file lies that guardrail.yaml calls `name`: what is in the repository, as it was in the commit."""
        inside = git.name_of(self.folder / name, self.top)
        return self.scratch / inside if inside else self.folder / name

    def why_missing(self, name: str) -> str:
        """Say why a file is not there, "" where nothing tells."""
        path = PurePosixPath(git.name_of(self.folder / name, self.top))
        for folder, commit in self.missing.items():
            if path.is_relative_to(folder):
                return f"is in the submodule {folder}, whose commit {commit[:12]} is not here"
        return ""
