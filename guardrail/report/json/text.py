"""JSON as reports write it: ASCII, one item of a long list a line, and nothing in it that a build runner obeys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

import msgspec

from guardrail.model.unknown import Json

# An escaped backslash and a surrogate pair are stepped over; what is left is half a character, which JSON cannot hold.
_LONE_SURROGATE = re.compile(r"(\\\\|\\ud[89ab]..\\ud[c-f]..)|\\ud[89a-f]..")

_in_ascii = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def encode(value: Json) -> str:
    """Return a value as JSON, in ASCII and without blanks, fit to be printed anywhere."""
    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half a character
        text = ""
    # msgspec is many times faster, but writes what is not ASCII as it is.
    if not text or not text.isascii() or "\x7f" in text:
        text = _LONE_SURROGATE.sub(lambda match: match[1] or "\\ufffd", _in_ascii(value))
    # "##[" and "##vso[" are commands to build runners wherever they stand; a "#" only ever stands in a string.
    return text.replace("##", "#\\u0023")


Written = str | list[str]
"""Text that is written already, in one piece or in several. A long document is put together once, at its end."""


# Resources are written one by one: all of them as dictionaries at once would take several times the memory.
def joined(members: Mapping[str, Written]) -> list[str]:
    """Return an object of members that are written already."""
    pieces: list[str] = []
    for name, text in members.items():
        pieces.append(f'{"," if pieces else "{"}"{name}":')
        _add(pieces, text)
    return [*pieces, "}"] if pieces else ["{}"]


def listed(items: Iterable[Written]) -> list[str]:
    """Return an array of items that are written already, one a line."""
    pieces: list[str] = []
    for item in items:
        pieces.append(",\n" if pieces else "[\n")
        _add(pieces, item)
    return [*pieces, "\n]"] if pieces else ["[]"]


def _add(pieces: list[str], text: Written) -> None:
    if isinstance(text, str):
        pieces.append(text)
    else:
        pieces += text


def finished(pieces: list[str]) -> str:
    """Return a whole document."""
    return "".join([*pieces, "\n"])
