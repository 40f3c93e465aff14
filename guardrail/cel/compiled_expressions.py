"""The compiled expressions of rules and cost definitions, kept in the cache by content: what has not changed is not compiled again.

A file holds the expressions of one rule or definition, in MessagePack behind a digest. What is damaged, of another version or
another engine is not found, and made again.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import msgspec

from guardrail import __version__, data
from guardrail.cel import Form, Forms, engine_package
from guardrail.decode import decode_msgpack

_KEPT = 5_000
"""How many rules and definitions are kept: of what is beyond, the oldest half goes."""
_DIGEST = 32


class CompiledExpressions:
    """The expressions of one rule or definition, by what identifies it: all that it says and all that its checks depend on."""

    def __init__(self, *identity: bytes, engine: str | None = None) -> None:
        """Read what an earlier run has left, if anything. Raises ConfigError for an engine that is not there."""
        content = sha256(_made_by(engine_package(engine)))
        for part in identity:
            content.update(sha256(part).digest())
        self._key = content.hexdigest()
        self.forms = Forms(_read(self._path, self._key))

    @property
    def _path(self) -> Path:
        return _folder() / self._key

    def keep(self) -> None:
        """Write what this run has added, as a whole, so that a run beside it reads all or nothing.

        A cache that cannot be written is none.
        """
        if not self.forms.has_grown:
            return
        packed = msgspec.msgpack.encode(self.forms.by_text)
        with suppress(OSError):
            folder = _folder()
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=folder, prefix=".")
            with os.fdopen(descriptor, "wb") as written:
                written.write(_digest(self._key, packed) + packed)
            Path(name).replace(self._path)
            self.forms.has_grown = False


def prune() -> None:
    """Remove the oldest files where there are too many."""
    with suppress(OSError):
        files = list(os.scandir(_folder()))
        if len(files) > _KEPT:
            for entry in sorted(files, key=lambda one: one.stat().st_mtime_ns)[: len(files) - _KEPT // 2]:
                Path(entry).unlink(missing_ok=True)


def _folder() -> Path:
    return data.cache_dir() / "expressions"


def _read(path: Path, key: str) -> dict[str, Form] | None:
    try:
        content = path.read_bytes()
        digest, packed = content[:_DIGEST], content[_DIGEST:]
        return decode_msgpack(packed, dict[str, Form]) if digest == _digest(key, packed) else None
    except (OSError, msgspec.DecodeError):
        return None


def _digest(key: str, packed: bytes) -> bytes:
    return sha256(key.encode() + packed).digest()


@cache
def _made_by(package: str) -> bytes:
    """Return what tells this guardrail and this engine from others: a checkout is told by the state of its files."""
    root = Path(__file__).parent
    parts = () if data.release_commit() else ("cel", "policy", "costs/definitions")
    states = [(str(root / part), data.states(root / part, ".py")) for part in parts]
    return repr((__version__, data.release_commit(), package, version(package), states)).encode()
