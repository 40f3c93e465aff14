"""SHA-256 of files, each taken once while a file stays as it is: a plan is large."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from guardrail.data.cache import CacheFolder

State = tuple[int, int, int, int]
_MOST = 4096
_known: dict[tuple[Path, State], str] = {}
_FOLDER = CacheFolder("digests")
_SETTLED = 2_000_000_000  # nanoseconds; a file that has just been written to may change again and keep its times


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file; "" where it cannot be read."""
    try:
        state = state_of(path)
        return _known.get((path, state)) or _remember(path, state, _hashed(path))
    except OSError:
        return ""


def lasting_digest_of(path: Path) -> str:
    """Return the SHA-256 of a file that stays the same for many runs and is large, a catalog: the first of them hashes it."""
    try:
        state, now = state_of(path), time.time_ns()
    except OSError:
        return ""
    key = hashlib.sha256(repr((str(path.resolve()), state)).encode("utf-8", "surrogateescape")).hexdigest()
    if kept := _FOLDER.read(key):
        return kept.decode()
    digest = digest_of(path)
    if digest and now - max(state[2:]) > _SETTLED:
        _FOLDER.write(key, digest.encode())
    return digest


def read_with_digest(path: Path) -> tuple[bytes, str]:
    """Return what a file holds and the SHA-256 of just that. Raises OSError."""
    state = state_of(path)
    data = path.read_bytes()
    return data, _remember(path, state, hashlib.sha256(data).hexdigest())


def _hashed(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def state_of(path: Path) -> State:
    """Return what is another whenever a file is: its number, size, and times of change in nanoseconds. Raises OSError."""
    seen = path.stat()
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def _remember(path: Path, state: State, digest: str) -> str:
    if len(_known) >= _MOST:
        _known.clear()
    _known[path, state] = digest
    return digest
