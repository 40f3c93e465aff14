"""What all pages share: head, navigation, footer, and the style."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from msgspec import Struct

from guardrail.report.html.element import Child, Html, element

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a page may do: nothing but have a style."""

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACES = re.compile(r"\s+")


class Entry(Struct, frozen=True):
    """An entry of the navigation."""

    path: str
    title: str


class Page(Struct, frozen=True):
    """A page.

    path   name of its file; all lie in one folder
    title  its heading
    parts  what it holds, from level 2 of headings on
    under  path of the entry of the navigation that it belongs to; "" for its own
    lead   what stands below the heading
    look   a class of the style for the whole page, like "portrait" for one that is printed upright
    """

    path: str
    title: str
    parts: Sequence[Html]
    under: str = ""
    lead: Child = None
    look: str = ""


class Frame(Struct, frozen=True):
    """What stands around each page.

    entries  the navigation
    fresh    how new the figures are, in one line at the top
    made     by what and when the page was made, in one line at its end
    """

    entries: Sequence[Entry]
    fresh: str
    made: str


def document(page: Page, frame: Frame) -> str:
    """Return a page as a file. Equal pages give equal bytes."""
    current = page.under or page.path
    links = [
        element("li", element("a", one.title, href=one.path, aria_current="page" if one.path == current else False))
        for one in frame.entries
    ]
    header = element(
        "header",
        element("p", element("a", "guardrail", href="index.html"), " ", element("span", frame.fresh, class_="dim")),
        element("nav", element("ul", links), aria_label="Pages"),
        class_="site",
    )
    lead = element("p", page.lead, class_="lead") if page.lead else None
    main = element("main", element("h1", page.title), lead, page.parts, id="main", tabindex="-1")
    skip = element("a", "Skip to the content", href="#main", class_="skip")
    footer = element("footer", element("p", frame.made))
    body = element("body", skip, header, main, footer, class_=f"dashboard {page.look}".strip())
    return f"<!doctype html>{element('html', _head(page), body, lang='en').markup}\n"


def _head(page: Page) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{page.title} - guardrail"),
        element("style", Html(style())),
    )


@cache
def style() -> str:
    """Return the style of reports, and what pages add to it, without comments."""
    found = [files("guardrail.report.html"), files("guardrail.dashboard")]
    text = "".join(one.joinpath("style.css").read_text(encoding="utf-8") for one in found)
    return _SPACES.sub(" ", _COMMENT.sub("", text))
