"""Patterns for addresses, types and names: `*` is any text, `?` any character, all else (also `[`) itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache


def matches(pattern: str, text: str) -> bool:
    """Say whether the whole text fits the pattern."""
    return pattern == text or _compiled(pattern)(text)


def matches_any(patterns: Iterable[str], text: str) -> bool:
    """Say whether the text fits one of the patterns."""
    return any(matches(pattern, text) for pattern in patterns)


def is_pattern(text: str) -> bool:
    """Say whether the text holds anything special."""
    return "*" in text or "?" in text


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Callable[[str], bool]:
    """Return a test that takes the pieces between stars one after the other: it cannot backtrack without end."""
    first, *others = [_piece(piece) for piece in re.split(r"\*+", pattern)]
    if not others:
        return lambda text: first.fullmatch(text) is not None
    *middle, last = others
    end = len(re.split(r"\*+", pattern)[-1])

    def fits(text: str) -> bool:
        found = first.match(text)
        for piece in middle:
            found = found and piece.search(text, found.end())
        return found is not None and last.fullmatch(text, max(found.end(), len(text) - end)) is not None

    return fits


def _piece(piece: str) -> re.Pattern[str]:
    return re.compile("".join("." if character == "?" else re.escape(character) for character in piece), re.DOTALL)
