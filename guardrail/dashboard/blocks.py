"""Tables of pages, and what stands where a table ends before its rows do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from guardrail.report.html.element import Child, Html, element


class Row(Struct, frozen=True):
    """A row of a table: its first cell is its heading. `look` is a class of the style, like "total"."""

    cells: Sequence[Child]
    look: str = ""


def table(caption: str, heads: Sequence[str], rows: Iterable[Row], *, numbers: int = 0, look: str = "") -> Html:
    """Return a table whose last `numbers` columns are numbers. Where it is too wide it scrolls, also by keyboard."""
    text = len(heads) - numbers
    looks: list[str | bool] = ["n" if place >= text else False for place in range(len(heads))]
    top = [element("th", head, scope="col", class_=one) for head, one in zip(heads, looks, strict=True)]
    held = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", top)),
        element("tbody", [_row(row, looks) for row in rows]),
    )
    return element("div", held, class_=f"wide {look}".strip(), tabindex="0", role="region", aria_label=caption)


def _row(row: Row, looks: Sequence[str | bool]) -> Html:
    first, *others = zip(row.cells, looks, strict=True)
    head = element("th", first[0], scope="row", class_=first[1])
    return element("tr", head, [element("td", cell, class_=look) for cell, look in others], class_=row.look or False)


def part(key: str, title: Child, *children: Child) -> Html:
    """Return a part of a page with its heading; `key` is what links to it name."""
    return element("section", element("h2", title, id=key), *children, aria_labelledby=key)


def to(words: Child, path: str) -> Html:
    """Return a link to a file of the same folder."""
    return element("a", words, href=path)


def figures(pairs: Iterable[tuple[str, Child]]) -> Html:
    """Return a few figures with their names, side by side."""
    return element("dl", [element("div", element("dt", name), element("dd", shown)) for name, shown in pairs])


def paragraphs(texts: Iterable[Child]) -> list[Html]:
    """Return texts that are remarks."""
    return [element("p", text, class_="dim") for text in texts]
