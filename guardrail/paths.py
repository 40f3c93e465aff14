"""Paths as the system follows them."""

from __future__ import annotations

import os
from pathlib import Path


def followed(path: Path) -> Path:
    """Return a path with its links followed, absolute. A link that leads to itself ends there: before Python 3.13, `Path.resolve` raises for one."""
    return Path(os.path.realpath(path))
