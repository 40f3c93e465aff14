"""Texts that an earlier run has read and found right, as what they hold: neither parsed nor checked again."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import TypeVar

import msgspec
from msgspec import Struct

from guardrail.data.cache import CacheFolder, made_by
from guardrail.decode import decode_msgpack

One = TypeVar("One", bound=Struct)

_FOLDER = CacheFolder("checked")


def remembered(kind: type[One], text: str) -> One | None:
    """Return what a text holds; None where no run has found it right, or what it left is of another guardrail."""
    kept = _FOLDER.read(_key(kind, text))
    try:
        return None if kept is None else decode_msgpack(kept, kind)
    except (msgspec.DecodeError, TypeError):
        return None


def remember(found: Struct, text: str) -> None:
    """Keep what a text was found to hold, unless it would be read as anything else."""
    try:
        kept = msgspec.msgpack.encode(found)
        if decode_msgpack(kept, type(found)) == found and _FOLDER.write(_key(type(found), text), kept):
            _prune_once()
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError):
        return


@cache
def _prune_once() -> None:
    _FOLDER.prune()


def _key(kind: type[Struct], text: str) -> str:
    return sha256(f"{_identity(kind)} {text}".encode()).hexdigest()


@cache
def _identity(kind: type[Struct]) -> str:
    part = kind.__module__.split(".")[1]
    return f"{made_by(part)} {kind.__module__} {kind.__qualname__}"
