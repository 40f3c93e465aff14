"""What the files of a unit share while they are read: where they may lie, the environment, and what was looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from guardrail.errors import InputError
from guardrail.paths import followed
from guardrail.terraform.configuration.code.files import reach_of, shown
from guardrail.terraform.language.scope import Budget
from guardrail.terraform.language.syntax import ParsedFile, parse_file

FILE_NAMES = ("terragrunt.hcl", "terragrunt.hcl.json")

_MOST_BYTES = 4_000_000  # of one file, which may be a stranger's


@dataclass
class Reading:
    """One reading of a unit.

    unit     its folder
    top      nothing outside of it is read: the checkout; without one, the current folder if the unit lies in it, else the unit
    environ  what of the environment may be asked for (`terraform_environment`)
    looked   the files that were read or looked for
    mocked   the dependencies whose mock outputs stand for their outputs
    """

    unit: Path
    environ: Mapping[str, str]
    top: Path = field(init=False)
    looked: set[Path] = field(default_factory=set)
    mocked: dict[str, None] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        self.unit = followed(self.unit)
        self.top = reach_of(self.unit)

    def holds(self, path: Path) -> bool:
        """Return whether a path, links followed, is one that may be read."""
        return followed(path).is_relative_to(self.top)

    def parsed(self, path: Path) -> ParsedFile:
        """Parse a file. Raises InputError."""
        self.looked.add(path)
        where = shown(path)
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise InputError(f"is larger than {_MOST_BYTES // 10**6} MB", where=where)
            found = _parsed(where, path.read_bytes())
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=where, fix="is it there?") from None
        if found.faults:
            fault = found.faults[0]
            raise InputError(fault.message, where=fault.where, fix="correct the configuration")
        return found


def configuration_of(folder: Path) -> Path | None:
    """Return Terragrunt's file in a folder."""
    return next((folder / name for name in FILE_NAMES if (folder / name).is_file()), None)


def relative(path: Path, start: Path) -> str:
    """Return a path from a folder, with slashes."""
    return Path(os.path.relpath(path, start)).as_posix()


# A root.hcl is included by every unit below it.
@lru_cache(maxsize=4096)
def _parsed(name: str, text: bytes) -> ParsedFile:
    return parse_file(name, text)
