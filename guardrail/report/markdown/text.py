"""Makes strings of a plan or a rule fit for Markdown: they cannot end a tag, a table or a fence, nor call anybody."""

from __future__ import annotations

import re
from functools import lru_cache

from guardrail.report.text import is_web_page, safe

_ADDRESS_LIMIT = 200
_PROSE_LIMIT = 600
_JOINER = "\u2060"  # not seen, but a mention, a reference or a link is none with it inside

_ENTITIES = str.maketrans(
    {char: f"&#{ord(char)};" for char in "\\`*[]~#!|@$\"'"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_CALL = re.compile(r"@|#|[!~](?=\w)|\bgh-", re.IGNORECASE)


def code(text: str, limit: int = _ADDRESS_LIMIT) -> str:
    """Return text as inline code, in a form that also holds in a table cell; nothing for nothing."""
    return f"<code>{_escaped(safe(text, limit))}</code>" if text else ""


def breakable(text: str, limit: int = _ADDRESS_LIMIT) -> str:
    """Return text as inline code that may be broken after dots and slashes: a table would be wider than a phone."""
    return re.sub(r"(?<=[a-z0-9_;])([./])(?=[a-z])", r"\1<wbr>", code(text, limit)) if text else ""


@lru_cache(maxsize=1024)  # a rule says the same of many resources, and a body is made at several sizes
def prose(text: str, limit: int = _PROSE_LIMIT) -> str:
    """Return text as text: no markup, no mention, no link."""
    return _escaped(_CALL.sub(lambda match: match[0] + _JOINER, safe(text, limit)))


def link(words: str, url: str) -> str:
    """Return a link to a web page, or nothing where `url` is not plainly one."""
    return f"[{words}]({url})" if is_web_page(url) else ""


def details(summary: str, body: str) -> str:
    """Return a folded block."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _escaped(text: str) -> str:
    shown = _EMPHASIS.sub("&#95;", text.translate(_ENTITIES))
    return shown.replace("://", "&#58;//").replace("www.", "www&#46;")
