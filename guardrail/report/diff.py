"""Changed files as a unified diff that `git apply` and `patch -p1` take."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from itertools import chain

from guardrail.model.remedy import Replacement

_BOM = "\ufeff"
_NO_END = "\\ No newline at end of file\n"
_QUOTED = {'"': '\\"', "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


CONTEXT = 3
"""Lines that are shown before and after what differs."""


def unified_diff(files: Mapping[str, tuple[str, str]], context: Mapping[str, int] | None = None) -> str:
    """Return the diff of files, by name: what was, and what is to be. Line breaks stay what they are.

    `context`: the neighbouring lines to show, by name; CONTEXT where nothing else is said.
    """
    lines = (_file(name, old, new, (context or {}).get(name, CONTEXT)) for name, (old, new) in sorted(files.items()))
    return "".join(chain.from_iterable(lines))


def shown_lines(old: str, new: str, context: int) -> frozenset[int]:
    """Return the lines of the old text, from 1, that the diff shows with so many lines of context."""
    groups = difflib.SequenceMatcher(None, _lines(old), _lines(new)).get_grouped_opcodes(context)
    return frozenset(line for group in groups for line in range(group[0][1] + 1, group[-1][2] + 1))


def replacements(name: str, old: str, new: str) -> Iterator[Replacement]:
    """Give the lines of a file that differ. Carriage returns at the ends of lines do not count."""
    was, now = (text.removeprefix(_BOM).replace("\r\n", "\n").split("\n") for text in (old, new))
    for kind, *place in _compared(was, now):
        if kind == "equal":
            continue
        first, last, start, end = place
        if start == end and last < len(was):  # lines that only go take a neighbour along: no text is one empty line
            last, end = last + 1, end + 1
        elif start == end:
            first, start = first - 1, start - 1
        yield Replacement(name, first + 1, last, "\n".join(was[first:last]), "\n".join(now[start:end]))


def _compared(was: list[str], now: list[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """Compare lists of lines, of which mostly but a few in the middle differ: the search takes its time."""
    head = _same(was, now)
    tail = _same(was[head:][::-1], now[head:][::-1])
    inner = was[head : len(was) - tail], now[head : len(now) - tail]
    for kind, first, last, start, end in difflib.SequenceMatcher(None, *inner, autojunk=False).get_opcodes():
        yield kind, first + head, last + head, start + head, end + head


def _same(one: list[str], other: list[str]) -> int:
    """Return how many lines are the same at the beginning. Slices are compared, which takes less than line by line."""
    same, most = 0, min(len(one), len(other))
    while same < most:
        middle = (same + most + 1) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            most = middle - 1
    return same


def _file(name: str, old: str, new: str, context: int) -> Iterator[str]:
    old_name, new_name = _name(f"a/{name}"), _name(f"b/{name}")
    # Without this line, git guesses in folders below the top what the names mean.
    yield f"diff --git {old_name.rstrip()} {new_name.rstrip()}\n"
    for line in difflib.unified_diff(_lines(old), _lines(new), old_name, new_name, n=context):
        yield line if line.endswith("\n") else f"{line}\n{_NO_END}"


def _lines(text: str) -> list[str]:
    """Split at line feeds alone, as git does."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _name(path: str) -> str:
    """Spell a path as git does: in quotes where it has to be; a tab ends one with spaces."""
    if any(mark in _QUOTED or not mark.isprintable() for mark in path):
        inner = "".join(
            _QUOTED.get(mark) or (mark if mark.isprintable() else "".join(f"\\{byte:03o}" for byte in mark.encode()))
            for mark in path
        )
        return f'"{inner}"'
    return f"{path}\t" if " " in path else path
