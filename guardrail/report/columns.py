"""Lines of text for a terminal of so many columns: wrapped, or as columns below each other."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

_COMMAND = re.compile("`[^`]*`")
_BLANK = "\ue000"  # in no text that is fit to be shown
NARROWEST = 40
"""Columns that text is never made narrower than."""


def wrapped(line: str, width: int, indent: str | None = None) -> Iterator[str]:
    """Give the parts of a line. Words stay whole, and so do commands in backquotes: both are copied.

    indent   what the second part and those after it begin with; what the line begins with and two blanks more, by itself
    """
    begin = line[: len(line) - len(line.lstrip())] if indent is None else line[: len(indent)]
    parts = textwrap.wrap(
        _COMMAND.sub(lambda found: found[0].replace(" ", _BLANK), line[len(begin) :]),
        max(width, NARROWEST),
        initial_indent=begin,
        subsequent_indent=f"{begin}  " if indent is None else indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from (part.replace(_BLANK, " ") for part in parts or [begin.rstrip()])


def aligned(rows: Sequence[Sequence[str]], names: int) -> Iterator[str]:
    """Give rows as lines: the first `names` columns begin below each other, those after them, amounts, end so."""
    widths = [max(map(len, texts)) for texts in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            text.ljust(width) if column < names else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
