"""JSON and MessagePack that others wrote, decoded without trust in how deeply it is nested."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import UnionType
from typing import Any, TypeVar, overload

import msgspec

_FRAMES = 1_000
"""Levels that a decoder may descend: Python's own default, which fits onto any stack."""

_Type = TypeVar("_Type")


@overload
def decode_json(text: bytes | msgspec.Raw, kind: type[_Type]) -> _Type: ...
@overload
def decode_json(text: bytes | msgspec.Raw, kind: UnionType) -> Any: ...
def decode_json(text: bytes | msgspec.Raw, kind: Any) -> Any:
    """Return what a text of JSON holds, as a type says. Raises msgspec.DecodeError, for what is nested too deeply too."""
    with _shallow():
        return msgspec.json.decode(text, type=kind)


def json_decoder(kind: type[_Type]) -> Callable[[bytes], _Type]:
    """Return a function that does the same for many texts of one type."""
    decoder = msgspec.json.Decoder(kind)

    def decode(text: bytes) -> _Type:
        with _shallow():
            return decoder.decode(text)

    return decode


@overload
def decode_msgpack(packed: bytes, kind: type[_Type]) -> _Type: ...
@overload
def decode_msgpack(packed: bytes, *, extension: Callable[[int, memoryview], Any]) -> Any: ...
def decode_msgpack(packed: bytes, kind: Any = Any, *, extension: Callable[[int, memoryview], Any] | None = None) -> Any:
    """Return what MessagePack holds, as a type says, its extensions as a function reads them. Raises msgspec.DecodeError."""
    with _shallow():
        return msgspec.msgpack.decode(packed, type=kind, ext_hook=extension)


@contextmanager
def _shallow() -> Iterator[None]:
    """Lower the bound of recursion while a decoder runs.

    The evaluator of configurations raises it for the whole process, which costs Python's own functions no stack. A
    decoder in C needs some 400 bytes of the stack a level: with the raised bound it would end the process instead of
    failing.
    """
    frames = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(min(frames, _FRAMES))
        yield
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deeply") from None
    finally:
        sys.setrecursionlimit(frames)
