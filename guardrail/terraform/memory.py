"""What reading a configuration came to, kept between runs by content: in the user's cache, outside of any repository.

Keys are hashes of all that the answer depends on, this code included, so that nothing kept is ever out of date. Callers
keep nothing that is marked as sensitive.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from guardrail.data import cache_dir

_FILE = "configuration-v1.sqlite"
_MAX_BYTES = 64 * 1024**2
_MAX_ENTRY = 8 * 1024**2
_PATIENCE = 1.0  # seconds to wait for another run that is writing; then nothing is kept
_LIBRARIES = ("hcl2", "tree_sitter_hcl")


class Memory:
    """Values of JSON by key. Where the file cannot be read or written, nothing is remembered, and nobody is told."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new: dict[str, bytes] = {}
        self._store: sqlite3.Connection | None = None

    def recall(self, key: str) -> Any:
        """Return what is kept under a key; None for nothing."""
        with contextlib.suppress(sqlite3.Error, OSError, zlib.error, ValueError):
            found = self._new.get(key) or self._read(key)
            return json.loads(zlib.decompress(found)) if found else None
        return None

    def keep(self, key: str, value: Any) -> None:
        """Keep a value; it is written by `save`."""
        packed = zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1)
        if len(packed) <= _MAX_ENTRY:
            self._new[key] = packed

    def save(self) -> None:
        """Write what is new, in one transaction; the oldest goes where there is too much."""
        if not self._new:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            with contextlib.closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as store, store:
                store.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, packed BLOB NOT NULL)")
                store.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", self._new.items())
                _prune(store)
        except (OSError, sqlite3.OperationalError):  # read-only, full, or busy
            pass
        except sqlite3.DatabaseError:  # no database, whatever has happened to it
            with contextlib.suppress(OSError):
                self._path.unlink()
        self._new.clear()

    def _read(self, key: str) -> bytes | None:
        if self._store is None and self._path.is_file():
            self._store = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)
        row = self._store.execute("SELECT packed FROM kept WHERE key = ?", (key,)).fetchone() if self._store else None
        return row[0] if row else None


def memory() -> Memory:
    """Return the memory of this user."""
    return _memory(cache_dir() / _FILE)


def key_of(*parts: bytes | str) -> str:
    """Return a key for what depends on these parts, and on this code."""
    digest = hashlib.sha256(_code())
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


@cache
def _memory(path: Path) -> Memory:
    return Memory(path)


@cache
def _code() -> bytes:
    """Return what changes with this code and the libraries that it reads configurations with: sizes and times of files."""
    digest = hashlib.sha256()
    for file in sorted(_code_files()):
        with contextlib.suppress(OSError):
            found = file.stat()
            digest.update(f"{file}:{found.st_size}:{found.st_mtime_ns};".encode())
    return digest.digest()


def _code_files() -> Iterable[Path]:
    yield from (file for file in Path(__file__).parent.iterdir() if file.suffix in {".py", ".csv"})
    for name in _LIBRARIES:
        if (spec := find_spec(name)) and spec.origin:
            yield from (Path(spec.origin), Path(spec.origin).parent)


def _prune(store: sqlite3.Connection) -> None:
    """Delete the oldest until what is left is within bounds."""
    sizes: Iterator[tuple[int, int]] = store.execute("SELECT rowid, length(packed) FROM kept ORDER BY rowid DESC")
    total = 0
    for row, size in sizes:
        total += size
        if total > _MAX_BYTES:
            store.execute("DELETE FROM kept WHERE rowid <= ?", (row,))
            return
