"""Makes strings of a plan fit to be shown: one line, bounded, without anything that a terminal or a runner obeys."""

from __future__ import annotations

import re

# "##[...]" and "##vso[...]" are commands to build runners wherever they stand in a line.
_RUNNER_COMMAND = re.compile(r"##(?=\[|vso\[)")
# "::name" is one at the start of a line, which is where wrapping may put it.
_LINE_COMMAND = re.compile(r"^((?:\x1b\[[0-9;]*m|[ ])*)::", re.MULTILINE)
_URL = re.compile(r"https?://[A-Za-z0-9./_~%?=&#+,:-]{1,500}")
_PLAIN_YAML = re.compile(r"[A-Za-z0-9 ._:/\[\]\"*?()-]+")


def cut(text: str, limit: int) -> str:
    """Cut what is longer than `limit` characters in its middle, and say how much is left out."""
    if len(text) <= limit:
        return text
    mark = f"…[{len(text) - limit:,} more]…"
    room = max(limit - len(mark), 2)
    return text[: room - room // 2] + mark + text[-(room // 2) :]


def safe(text: str, limit: int | None = None) -> str:
    """Spell out all that is not printable (controls, line ends, bidirectional overrides, invisible marks).

    `limit` bounds the length of the result, in characters.
    """
    if limit is not None:
        text = cut(text, limit)
    if not text.isprintable():
        text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    text = _RUNNER_COMMAND.sub("# #", text)
    return text if limit is None else cut(text, limit)


def is_web_page(url: str) -> bool:
    """Say whether a text is plainly the address of a web page."""
    return bool(_URL.fullmatch(url))


def yaml_text(text: str) -> str:
    """Return text as a YAML scalar that neither ends a code fence nor looks like an HTML comment."""
    if _PLAIN_YAML.fullmatch(text):
        return f"'{text}'"
    return '"' + "".join(char if char.isalnum() or char in " ._-" else f"\\U{ord(char):08x}" for char in text) + '"'


def no_line_commands(text: str) -> str:
    """Take the meaning from a "::" that stands first in a line, without changing the line's width."""
    return _LINE_COMMAND.sub("\\1\u2236\u2236", text) if "::" in text else text
