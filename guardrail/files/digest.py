"""SHA-256 of files, each taken once while a file stays as it is: a plan is large."""

from __future__ import annotations

import hashlib
from pathlib import Path

_MOST = 4096
_known: dict[tuple[Path, int, int], str] = {}
"""by path, time of the last change, and size"""


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file; "" where it cannot be read."""
    try:
        state = _state(path)
        return _known.get(state) or _remember(state, _hashed(path))
    except OSError:
        return ""


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
