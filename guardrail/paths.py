"""Paths as the system follows them."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath


def followed(path: Path) -> Path:
    """Return a path with its links followed, absolute. A link that leads to itself ends there: before Python 3.13, `Path.resolve` raises for one."""
    return Path(os.path.realpath(path))


def is_named_file(path: Path) -> bool:
    """Say whether a file is there, or a link that leads to none: who passes over that would never know what is missing."""
    leads_nowhere = path.is_symlink() and not path.exists()
    return path.is_file() or (leads_nowhere and not path.name.startswith(".#"))  # which editors lock a file by


def matching(folder: Path, pattern: str) -> list[Path]:
    """Return what fits a glob below a folder, sorted. A link that leads to nothing fits as well."""
    found = set(folder.glob(pattern))
    *above, last = PurePath(pattern).parts
    if above and not re.search(r"[*?\[]", last):  # `Path.glob` passes over one whose name has no wildcard
        found |= {place / last for place in folder.glob(str(PurePath(*above))) if (place / last).is_symlink()}
    return sorted(found)
