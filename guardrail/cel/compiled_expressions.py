"""The compiled expressions of rules and cost definitions, kept in the cache by content: what has not changed is not compiled again.

A file holds the expressions of one rule or definition, in MessagePack. What is of another version or another engine is not
found, and made again.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from guardrail.cel import Form, Forms, engine_version
from guardrail.data.cache import CacheFolder, made_by
from guardrail.decode import decode_msgpack

_FOLDER = CacheFolder("expressions")


class CompiledExpressions:
    """The expressions of one rule or definition, by what identifies it: all that it says and all that its checks depend on."""

    def __init__(self, *identity: bytes, engine: str | None = None) -> None:
        """Read what an earlier run has left, if anything. Raises ConfigError for an engine that is not there."""
        content = sha256(f"{made_by()} {engine_version(engine)}".encode())
        for part in identity:
            content.update(sha256(part).digest())
        self._key = content.hexdigest()
        self.forms = Forms(_read(self._key))

    def keep(self) -> None:
        """Write what this run has added."""
        if self.forms.has_grown and _FOLDER.write(self._key, msgspec.msgpack.encode(self.forms.by_text)):
            self.forms.has_grown = False


def prune() -> None:
    """Remove the oldest files where there are too many."""
    _FOLDER.prune()


def _read(key: str) -> dict[str, Form] | None:
    kept = _FOLDER.read(key)
    try:
        return None if kept is None else decode_msgpack(kept, dict[str, Form])
    except msgspec.DecodeError:
        return None
