"""SHA-256 of files, each taken once while a file stays as it is: a plan is large."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from guardrail.data.cache import CacheFolder

_MOST = 4096
_known: dict[tuple[Path, int, int], str] = {}
"""by path, time of the last change, and size"""
_FOLDER = CacheFolder("digests")
_SETTLED = 2_000_000_000  # nanoseconds; a file that has just been written to may change again and keep its times


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file; "" where it cannot be read."""
    try:
        state = _state(path)
        return _known.get(state) or _remember(state, _hashed(path))
    except OSError:
        return ""


def lasting_digest_of(path: Path) -> str:
    """Return the SHA-256 of a file that stays the same for many runs and is large, a catalog: the first of them hashes it."""
    try:
        seen, now = path.stat(), time.time_ns()
    except OSError:
        return ""
    state = (str(path.resolve()), seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
    key = hashlib.sha256(repr(state).encode("utf-8", "surrogateescape")).hexdigest()
    if kept := _FOLDER.read(key):
        return kept.decode()
    digest = digest_of(path)
    if digest and now - max(seen.st_mtime_ns, seen.st_ctime_ns) > _SETTLED:
        _FOLDER.write(key, digest.encode())
    return digest


def read_with_digest(path: Path) -> tuple[bytes, str]:
    """Return what a file holds and the SHA-256 of just that. Raises OSError."""
    state = _state(path)
    data = path.read_bytes()
    return data, _remember(state, hashlib.sha256(data).hexdigest())


def _hashed(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _state(path: Path) -> tuple[Path, int, int]:
    seen = path.stat()
    return path, seen.st_mtime_ns, seen.st_size


def _remember(state: tuple[Path, int, int], digest: str) -> str:
    if len(_known) >= _MOST:
        _known.clear()
    _known[state] = digest
    return digest
