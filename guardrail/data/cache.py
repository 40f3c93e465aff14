"""What runs leave in the cache folder for later ones: a file for each key, whole or not there.

A key names all that the content was made of. The content lies behind a digest: what is damaged is not found, and made again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from guardrail import __version__, data

_KEPT = 5_000
"""How many files of a folder are kept: of what is beyond, the oldest half goes."""
_DIGEST = 32
_PARTS = ("cel", "config", "costs", "files", "model", "policy")


class CacheFolder(Struct, frozen=True):
    """A folder of the cache. One that cannot be written is none."""

    name: str

    def read(self, key: str) -> bytes | None:
        """Return what an earlier run has left, None for nothing that is whole."""
        try:
            content = (self._path / key).read_bytes()
        except OSError:
            return None
        digest, kept = content[:_DIGEST], content[_DIGEST:]
        return kept if digest == _digest(key, kept) else None

    def write(self, key: str, content: bytes) -> bool:
        """Write as a whole, so that a run beside it reads all or nothing; say whether that was possible."""
        import tempfile  # noqa: PLC0415 - most runs have nothing new to leave

        with suppress(OSError):
            self._path.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._path, prefix=".")
            try:
                with os.fdopen(descriptor, "wb") as written:
                    written.write(_digest(key, content) + content)
                Path(name).replace(self._path / key)
            except OSError:  # as for a full disk, of which nothing is to be left
                Path(name).unlink(missing_ok=True)
                raise
            return True
        return False

    def prune(self) -> None:
        """Remove the oldest files where there are too many."""
        with suppress(OSError):
            files = list(os.scandir(self._path))
            if len(files) > _KEPT:
                for entry in sorted(files, key=lambda one: one.stat().st_mtime_ns)[: len(files) - _KEPT // 2]:
                    Path(entry).unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return data.cache_dir() / self.name


def _digest(key: str, content: bytes) -> bytes:
    return sha256(key.encode() + content).digest()


def made_by(part: str = "") -> str:
    """Return what tells this guardrail from others: a checkout is told by the state of its files, those of a further part included."""
    return _made_by(frozenset({*_PARTS, *filter(None, [part])}))


@cache
def _made_by(parts: frozenset[str]) -> str:
    root, commit = Path(__file__).parents[1], data.release_commit()
    states = [] if commit else [(str(root / one), data.states(root / one, ".py")) for one in sorted(parts)]
    return sha256(repr((__version__, commit, states)).encode()).hexdigest()
