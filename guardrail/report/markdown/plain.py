"""Turns the report's Markdown into one without HTML, for places that show tags and entities as they are written."""

from __future__ import annotations

import html
import re

# All that the report takes from a plan has its special characters spelled as entities, so that every tag is our own.
_HTML = re.compile(
    r"<code>(?P<code>.*?)</code>|<details><summary>|</summary>|\n\n</details>|</?sub>|<br>|&(?:#\d+|amp|lt|gt);"
)
_TAGS = {"<details><summary>": "**", "</summary>": "**", "\n\n</details>": "", "<sub>": "", "<br>": "; ", "</sub>": ""}

# What would end inline code or a table's cell, and what stands for it.
_IN_CODE = str.maketrans({"`": "\u02cb", "|": "\u2223"})
_ESCAPED = frozenset("\\`*[]~#!$_")
_JOINER = "\u2060"  # not seen, but an address is no link with it inside
_INSTEAD = {"|": "\u2223", "<": "\u2039", ">": "\u203a", "&": "&amp;", ":": f":{_JOINER}", ".": f".{_JOINER}"}


def without_html(text: str) -> str:
    """Return the text with folded parts under bold headings, and escapes in place of entities. It only gets shorter."""
    return _HTML.sub(_plain, text)


def _plain(match: re.Match[str]) -> str:
    if match["code"] is not None:
        return f"`{html.unescape(match['code'].replace('<wbr>', '')).translate(_IN_CODE)}`"
    if match[0] in _TAGS:
        return _TAGS[match[0]]
    char = html.unescape(match[0])
    return f"\\{char}" if char in _ESCAPED else _INSTEAD.get(char, char)
