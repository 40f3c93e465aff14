"""Patterns for addresses, types and names: `*` is any text, `?` any character, all else (also `[`) itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache


def matches(pattern: str, text: str) -> bool:
    """Say whether the whole text fits the pattern."""
    return pattern == text or _compiled(pattern)(text) is not None


def matches_any(patterns: Iterable[str], text: str) -> bool:
    """Say whether the text fits one of the patterns."""
    return any(matches(pattern, text) for pattern in patterns)


def is_pattern(text: str) -> bool:
    """Say whether the text holds anything special."""
    return "*" in text or "?" in text


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Callable[[str], object]:
    # A run of stars means one; left alone it would make the regular expression backtrack without end.
    parts = re.split(r"(\*+|\?)", pattern)
    special = {"*": ".*", "?": "."}
    return re.compile("".join(special.get(part[:1], re.escape(part)) for part in parts), re.DOTALL).fullmatch
