"""Patterns for addresses, types and names: `*` is any text, `?` any character, all else (also `[`) itself."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import chain
from typing import Generic, TypeAlias, TypeVar

Entry = TypeVar("Entry")
_Tried: TypeAlias = tuple[Callable[[str], bool], Entry]


def matches(pattern: str, text: str) -> bool:
    """Say whether the whole text fits the pattern."""
    return pattern == text or _compiled(pattern)(text)


def matches_any(patterns: Iterable[str], text: str) -> bool:
    """Say whether the text fits one of the patterns."""
    return any(matches(pattern, text) for pattern in patterns)


def may_begin(pattern: str, beginning: str) -> bool:
    """Say whether some text that begins so may fit the pattern, as far as the pattern's first special character tells."""
    plain = re.split(r"[*?]", pattern, maxsplit=1)[0]
    if plain == pattern:
        return pattern.startswith(beginning)
    return plain.startswith(beginning) or beginning.startswith(plain)


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
    # `?` and every other character stand for exactly one, so the last piece is as long as its pattern.
    end = len(re.split(r"\*+", pattern)[-1])

    def fits(text: str) -> bool:
        found = first.match(text)
        for piece in middle:
            found = found and piece.search(text, found.end())
        return found is not None and last.fullmatch(text, max(found.end(), len(text) - end)) is not None

    return fits


def _piece(piece: str) -> re.Pattern[str]:
    return re.compile("".join("." if character == "?" else re.escape(character) for character in piece), re.DOTALL)


class Globs(Generic[Entry]):
    """Patterns, each with something: finds those that a text fits without trying every one.

    They are looked up by the literal text that they begin with, or end with if that is longer, so that thousands of
    waivers or budgets, most of which name one address or one module, cost a resource a few look-ups.
    """

    def __init__(self) -> None:
        self._exact: defaultdict[str, list[Entry]] = defaultdict(list)
        self._beginning: defaultdict[int, defaultdict[str, list[_Tried[Entry]]]] = defaultdict(
            partial(defaultdict, list)
        )
        self._ending: defaultdict[int, defaultdict[str, list[_Tried[Entry]]]] = defaultdict(partial(defaultdict, list))

    def add(self, pattern: str, entry: Entry) -> None:
        """Add a pattern and what it stands for."""
        self._exact[pattern].append(entry)  # every pattern fits its own text
        if not is_pattern(pattern):
            return
        pieces = re.split(r"[*?]", pattern)
        beginning, ending = pieces[0], pieces[-1]
        by, literal = (self._ending, ending) if len(ending) > len(beginning) else (self._beginning, beginning)
        by[len(literal)][literal].append((_compiled(pattern), entry))

    def find(self, text: str) -> Iterator[Entry]:
        """Yield what stands at the patterns that the text fits; what is special in one may be itself in the text."""
        exact = self._exact.get(text, [])
        yield from exact
        tried = [by_text.get(text[:length], ()) for length, by_text in self._beginning.items()]
        tried += [by_text.get(text[-length:], ()) for length, by_text in self._ending.items()]
        for fits, entry in chain.from_iterable(tried):
            if fits(text) and entry not in exact:
                yield entry
