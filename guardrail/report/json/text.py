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
    """Return a value as JSON, in ASCII and without blanks."""
    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half a character
        return _in_ascii(value)
    # msgspec is many times faster, but writes what is not ASCII as it is.
    return text if text.isascii() and "\x7f" not in text else _in_ascii(value)


# Resources are written one by one: all of them as dictionaries at once would take several times the memory.
def joined(members: Mapping[str, str]) -> str:
    """Return an object of members that are written already."""
    return "{" + ",".join(f'"{name}":{text}' for name, text in members.items()) + "}"


def listed(items: Iterable[str]) -> str:
    """Return an array of items that are written already, one a line."""
    text = ",\n".join(items)
    return f"[\n{text}\n]" if text else "[]"


def finished(text: str) -> str:
    """Return a whole document, fit to be printed anywhere."""
    if "\\ud" in text:
        text = _LONE_SURROGATE.sub(lambda match: match[1] or "\\ufffd", text)
    # "##[" and "##vso[" are commands to build runners wherever they stand; a "#" only ever stands in a string.
    return text.replace("##", "#\\u0023") + "\n"
