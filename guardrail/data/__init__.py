"""Where the shipped rules/, kpis/, pricing/ and workflows lie: inside the wheel, or beside the package in a checkout."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from guardrail.errors import CatalogError

_PACKAGE = Path(__file__).parents[1]
CACHE_VARIABLE = "GUARDRAIL_CACHE_DIR"
"""Environment variable that names another folder for caches."""


def rules_dir() -> Path:
    """Return the folder of shipped rule packs."""
    return _data("rules")


def pricing_dir() -> Path:
    """Return the folder of shipped cost definitions, prices and machine specifications."""
    return _data("pricing")


def kpis_dir() -> Path:
    """Return the folder of shipped KPIs."""
    return _data("kpis")


def workflows_dir() -> Path:
    """Return the folder of example workflows."""
    return _data("workflows", "examples/workflows")


def release_commit() -> str:
    """Return the commit that this version was released from, "" for what no release has built: a checkout, most often."""
    path = _PACKAGE / "_data" / "commit"
    return path.read_text(encoding="ascii").strip() if path.is_file() else ""


def cache_dir() -> Path:
    """Return the folder for what can be made again: of the user, where nothing names another. It need not exist, and may not be writable."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    import platformdirs  # noqa: PLC0415 - where nothing names a folder

    return Path(platformdirs.user_cache_dir("guardrail", appauthor=False))


def states(folder: Path, suffix: str) -> list[tuple[str, int, int]]:
    """Return the files of a folder and those below it that end so: path from the folder, size, and time of change in nanoseconds."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            if name.endswith(suffix):
                path = os.path.join(where, name)  # noqa: PTH118 - a path object a file takes longer than all else
                stat = os.stat(path)  # noqa: PTH116
                found.append((path[len(str(folder)) + 1 :], stat.st_size, stat.st_mtime_ns))
    return sorted(found)


@cache
def _data(name: str, in_checkout: str = "") -> Path:
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / (in_checkout or name)):
        if folder.is_dir():
            return folder
    raise CatalogError(f"guardrail's own {name}/ folder is missing", where=str(_PACKAGE), fix="install guardrail again")
