"""Writes the pages as a folder: the former one stays whole until the new one is."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from guardrail.errors import ConfigError

MARKER = "guardrail-dashboard.json"
"""The file that says that a folder is ours, and which files of it are."""
SCHEMA = "guardrail.dashboard/v1"
_FORMER = ".former"


def write_site(folder: Path, files: Iterable[tuple[str, str]]) -> int:
    """Write files, by name and text, as the whole content of a folder; return how many pages there are.

    They are written one by one into a new folder beside, which then takes the other's place. Where that fails, the former
    folder is as it was; what an interrupted run has left between its two renames is put back by the next one.
    Pages of what is gone go with the former folder. Raises ConfigError for a folder that holds files of others, and for one
    that cannot be written.
    """
    folder = Path(os.path.realpath(folder))
    former = folder.with_name(f".{folder.name}{_FORMER}")
    try:
        if former.is_dir() and not folder.exists():
            former.rename(folder)
        refuse_others_files(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            names = _written(scratch, files)
            scratch.chmod(folder.stat().st_mode & 0o7777 if folder.exists() else 0o777 & ~_umask())
            _swap(folder, scratch, former)
        # An interrupt, too, must leave nothing half-written beside.
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", where=str(folder)) from None
    return sum(name.endswith(".html") for name in names)


def refuse_others_files(folder: Path) -> None:
    """Raise ConfigError for a folder that holds what an earlier run has not written."""
    if not folder.exists():
        return
    if Path.cwd().is_relative_to(os.path.realpath(folder)):
        raise ConfigError(
            "is the folder that you are in, or above it", where=str(folder), fix="--out site makes one in it"
        )
    if not folder.is_dir():
        raise ConfigError("is no folder", where=str(folder), fix="name a folder for the pages, which may be new")
    there = sorted(path.name for path in folder.iterdir())
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        ours = {MARKER, *marker["files"]} if marker["schema"] == SCHEMA else set()
    except (OSError, ValueError, KeyError, TypeError):
        ours = set()
    if others := [name for name in there if name not in ours]:
        more = f" and {len(others) - 1:,} more" if others[1:] else ""
        raise ConfigError(
            f"holds {others[0]}{more}, which is not of these pages and would be lost",
            where=str(folder),
            fix="name a folder of its own for the pages, for example one in it",
        )


def _written(scratch: Path, files: Iterable[tuple[str, str]]) -> list[str]:
    names: list[str] = []
    for name, text in files:
        # Each once: two pages of one name would be one page that lies about the other. "x" refuses it.
        with (scratch / name).open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        names.append(name)
    marker = {"schema": SCHEMA, "files": sorted(names)}
    (scratch / MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")
    return names


def _swap(folder: Path, scratch: Path, former: Path) -> None:
    """Put a folder in the place of another. A folder cannot be renamed onto one that holds files, so there are two steps."""
    if former.exists():
        refuse_others_files(former)
        shutil.rmtree(former)
    had = folder.exists()
    if had:
        folder.rename(former)
    try:
        scratch.rename(folder)
    except OSError:
        if had:
            former.rename(folder)
        raise
    with contextlib.suppress(OSError):
        shutil.rmtree(former)


def _umask() -> int:
    # It can be read only by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
