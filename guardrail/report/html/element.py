"""Builds HTML in which every text is escaped: what is not `Html` is text, and text cannot become markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec import Struct

from guardrail.report.text import is_web_page, safe

_TEXT_LIMIT = 600
_ADDRESS_LIMIT = 200
_VOID = frozenset({"br", "meta", "wbr"})
# Each on a line of its own: no line begins with text of a plan, which a build runner could take for a command.
_ON_ITS_OWN_LINE = frozenset(
    {"html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "footer", "figure"}
    | {"h1", "h2", "h3", "p", "pre", "ul", "li", "dl", "details", "table", "thead", "tbody", "tr", "svg"}
)
_CODE = re.compile(r"`([^`]+)`")
_BREAKS = re.compile(r"(?<=[\w\])][./])(?=\w)")


class Html(Struct, frozen=True):
    """Markup. It is made by `element`, and by hand only of words that are our own."""

    markup: str


Child: TypeAlias = "str | Html | Iterable[Child] | None"
"""What an element may hold. A str is text."""


def element(tag: str, /, *children: Child, **attributes: str | bool) -> Html:
    """Return an element. Attributes are named as in HTML, with _ for -; one that is a word of Python ends with _.

    A true attribute stands without a value, a false one is left out.
    """
    marks = "".join(_attribute(key, value) for key, value in attributes.items() if value is not False)
    start = f"\n<{tag}{marks}>" if tag in _ON_ITS_OWN_LINE else f"<{tag}{marks}>"
    return Html(start if tag in _VOID else f"{start}{''.join(map(_markup, children))}</{tag}>")


def code(text: str, limit: int = _ADDRESS_LIMIT) -> Html:
    """Return a name, address or path, which may be broken after its dots and slashes."""
    pieces = _BREAKS.split(safe(text, limit))
    return Html(f"<code>{'<wbr>'.join(map(html.escape, pieces))}</code>")


def link(words: str | Html, url: str) -> Html | None:
    """Return a link to a page, None where `url` is not plainly the https address of one."""
    if not url.startswith("https://") or not is_web_page(url):
        return None
    return element("a", words, href=url, rel="noopener noreferrer")


def prose(text: str) -> Child:
    """Return a sentence, what stands between backticks in it as code."""
    parts = _CODE.split(safe(text, _TEXT_LIMIT))
    return [element("code", part) if place % 2 else part for place, part in enumerate(parts)]


def lines(texts: Iterable[str | Html]) -> Html:
    """Return text with line breaks that count: code."""
    return element("pre", element("code", [(element("span", text), Html("\n")) for text in texts]))


def _markup(child: Child) -> str:
    if isinstance(child, Html):
        return child.markup
    if isinstance(child, str):
        return html.escape(safe(child, _TEXT_LIMIT))
    return "" if child is None else "".join(map(_markup, child))


def _attribute(key: str, value: str | Literal[True]) -> str:
    name = key.removesuffix("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(safe(str(value), _TEXT_LIMIT))}"'
