"""Parts that sections are made of: folded blocks, tables, and lines that say what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from guardrail.report.html.element import Child, Html, element

Cells = Sequence[Child]


def section(key: str, title: str, *children: Child) -> Html:
    """Return a section with its heading; `key` is what links to it name."""
    return element("section", element("h2", title, id=key), *children, aria_labelledby=key)


def folded(summary: Child, *children: Child, is_open: bool = False) -> Html:
    """Return a block that opens."""
    return element("details", element("summary", summary), *children, open=is_open)


def rest(summary: str, *children: Child) -> Html:
    """Return the end of a long list, folded, and not printed."""
    return element("details", element("summary", summary), *children, class_="rest")


def table(heads: Sequence[str], rows: Iterable[Cells], *, caption: str = "", numbers: int = 0) -> Html:
    """Return a table, of which the first cell of a row is its heading and the last `numbers` columns are amounts."""
    text = len(heads) - numbers
    looks: list[str | bool] = ["n" if place >= text else False for place in range(len(heads))]
    top = [element("th", head, scope="col", class_=look) for head, look in zip(heads, looks, strict=True)]
    body = [_row(cells, looks) for cells in rows]
    title = element("caption", caption) if caption else None
    return element(
        "div", element("table", title, element("thead", element("tr", top)), element("tbody", body)), class_="wide"
    )


def _row(cells: Cells, looks: Sequence[str | bool]) -> Html:
    first, *rest = [
        element("td" if place else "th", cell, class_=look, scope=False if place else "row")
        for place, (cell, look) in enumerate(zip(cells, looks, strict=True))
    ]
    return element("tr", first, rest)


def listed(items: Sequence[Child], limit: int, noun: str) -> list[Html]:
    """Return a list of at most `limit` items, and what it leaves out."""
    shown = element("ul", [element("li", item) for item in items[:limit]])
    return [shown, *left_out(len(items) - limit, noun)]


def left_out(number: int, noun: str) -> list[Html]:
    """Say that so many are left out, and where they are; [] for none."""
    if number <= 0:
        return []
    where = "the JSON report has them (", element("code", "--out json=report.json"), ")."
    return [element("p", f"{number:,} more {noun} left out of this page: ", where, class_="dim")]
