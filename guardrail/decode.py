"""JSON and MessagePack that others wrote, decoded without trust in how deeply it is nested."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Any, TypeVar, overload

import msgspec

_FRAMES = 1_000
"""Levels that a decoder may descend: Python's own default, which fits onto any stack."""

_Type = TypeVar("_Type")
_Text = TypeVar("_Text")


@overload
def decode_json(text: bytes | msgspec.Raw, kind: type[_Type]) -> _Type: ...
@overload
def decode_json(text: bytes | msgspec.Raw, kind: UnionType) -> Any: ...
def decode_json(text: bytes | msgspec.Raw, kind: Any) -> Any:
    """Return what a text of JSON holds, as a type says. Raises msgspec.DecodeError, for what is nested too deeply too."""
    return _shallow(_decoder(kind).decode, text)


@overload
def json_decoder(kind: type[_Type]) -> Callable[[bytes | msgspec.Raw], _Type]: ...
@overload
def json_decoder(kind: UnionType) -> Callable[[bytes | msgspec.Raw], Any]: ...
def json_decoder(kind: Any) -> Callable[[bytes | msgspec.Raw], Any]:
    """Return a function that does the same for many texts of one type."""

    @cache
    def decoder() -> msgspec.json.Decoder[_Type]:
        return msgspec.json.Decoder(kind)

    return lambda text: _shallow(decoder().decode, text)


@overload
def decode_msgpack(packed: bytes, kind: type[_Type]) -> _Type: ...
@overload
def decode_msgpack(packed: bytes, *, extension: Callable[[int, memoryview], Any]) -> Any: ...
def decode_msgpack(packed: bytes, kind: Any = Any, *, extension: Callable[[int, memoryview], Any] | None = None) -> Any:
    """Return what MessagePack holds, as a type says, its extensions as a function reads them. Raises msgspec.DecodeError."""
    return _shallow(msgspec.msgpack.Decoder(kind, ext_hook=extension).decode, packed)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return the decoder of a type: making one takes many times longer than to decode a short text."""
    return msgspec.json.Decoder(kind)


def _shallow(decode: Callable[[_Text], _Type], text: _Text) -> _Type:
    """Decode with a lowered bound of recursion.

    The evaluator of configurations raises it for the whole process, which costs Python's own functions no stack. A
    decoder in C needs some 400 bytes of the stack a level: with the raised bound it would end the process instead of
    failing.
    """
    frames = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(min(frames, _FRAMES))
        return decode(text)
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deeply") from None
    finally:
        sys.setrecursionlimit(frames)
