"""Changed files as a unified diff that `git apply` and `patch -p1` take."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

_NO_END = "\\ No newline at end of file\n"
_QUOTED = {'"': '\\"', "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def unified_diff(files: Mapping[str, tuple[str, str]]) -> str:
    """Return the diff of files, by name: what was, and what is to be. Line breaks stay what they are."""
    return "".join(line for name, (old, new) in sorted(files.items()) for line in _file(name, old, new))


def changed_lines(old: str, new: str) -> Iterator[tuple[int, int, str]]:
    """Give the lines that differ: the first and the last one that is replaced, counted from 1, and what takes their place.

    Where lines are only added, the one before them (or, at the top, the one after) is replaced by itself and them.
    """
    was, now = _lines(old), _lines(new)
    for kind, first, last, start, end in difflib.SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        if first < last:
            yield first + 1, last, "".join(now[start:end])
        elif first:
            yield first, first, "".join([was[first - 1], *now[start:end]])
        else:
            yield 1, 1, "".join([*now[start:end], *was[:1]])


def _file(name: str, old: str, new: str) -> Iterator[str]:
    names = (_name(f"a/{name}"), _name(f"b/{name}"))
    for line in difflib.unified_diff(_lines(old), _lines(new), *names):
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
