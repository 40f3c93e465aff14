"""Where a ledger is kept: a folder, or an object store."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from guardrail.errors import ConfigError, InputError

_LEFT_BEHIND = ".writing-"
_FORGOTTEN = 86_400  # seconds after which what a writer has left half written is nobody's


class Store(Protocol):
    """Files by path. A fact, once written under its path, never changes."""

    where: str

    def put(self, path: str, data: bytes, *, replace: bool = False) -> bool:
        """Write a file whole, or not at all; False where it is there already, unless it may be replaced. Raises ConfigError."""

    def read(self, path: str) -> bytes:
        """Return a file. Raises InputError."""

    def paths(self, prefix: str = "") -> list[str]:
        """Return the paths of the files below a folder, sorted. Raises InputError."""

    def remove(self, path: str) -> None:
        """Remove a file. Raises ConfigError."""

    def folder(self, paths: list[str]) -> Path:
        """Return a folder on this machine with these files in it. Raises InputError."""


class Folder:
    """A ledger in a folder, which may be a working tree of git's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.where = str(root)

    def put(self, path: str, data: bytes, *, replace: bool = False) -> bool:
        """Write a file beside its place, then put it there. Two writers of a fact write the same bytes: either may win."""
        place = self.root / path
        if place.exists() and not replace:
            return False
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=_LEFT_BEHIND, dir=place.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).chmod(0o644)  # mkstemp's own are for one user; CI jobs are many
                Path(name).replace(place)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise
        except OSError as error:
            raise ConfigError(f"cannot be written: {error.strerror}", where=str(place)) from None
        return True

    def read(self, path: str) -> bytes:
        """Return a file. Raises InputError."""
        try:
            return (self.root / path).read_bytes()
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=str(self.root / path)) from None

    def paths(self, prefix: str = "") -> list[str]:
        """Return the paths of the files below a folder, sorted; without what writers are about to write."""
        return sorted(self._files(prefix))

    def _files(self, prefix: str) -> Iterator[str]:
        def refuse(error: OSError) -> None:
            raise InputError(f"cannot be read: {error.strerror}", where=str(error.filename)) from None

        top = self.root / prefix
        if not top.exists():
            return
        for folder, folders, names in os.walk(top, onerror=refuse):
            folders[:] = [name for name in folders if not name.startswith(".")]
            below = Path(folder).relative_to(self.root).as_posix()
            yield from (name if below == "." else f"{below}/{name}" for name in names if not name.startswith("."))

    def remove(self, path: str) -> None:
        """Remove a file. One that is gone already is no fault: another `compact` may be at work."""
        try:
            (self.root / path).unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot be removed: {error.strerror}", where=str(self.root / path)) from None

    def folder(self, paths: list[str]) -> Path:
        """Return the folder itself."""
        _ = paths
        return self.root

    def tidy(self) -> int:
        """Remove what writers that were killed have left half written; return how many."""
        before = time.time() - _FORGOTTEN
        left = [path for path in self.root.rglob(f"{_LEFT_BEHIND}*") if path.stat().st_mtime < before]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)


def open_store(where: str) -> Store:
    """Return the ledger at a path or an address (s3://, gs://, az://). Raises ConfigError."""
    if "://" in where:
        from guardrail.ledger.storage.remote import ObjectStore  # noqa: PLC0415 - needs an extra

        return ObjectStore(where)
    path = Path(where)
    if path.exists() and not path.is_dir():
        raise ConfigError("is a file, and has to be a folder", where=where)
    return Folder(path)
