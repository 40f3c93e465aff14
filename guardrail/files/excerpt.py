"""The line of a configuration that a finding is about, to be shown below it as compilers do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from msgspec import Struct

from guardrail.model.finding import Finding
from guardrail.paths import followed

_LARGEST = 2_000_000  # bytes of a file that is read for it
_LONGEST_BLOCK = 400  # lines
_HEADER = re.compile(r'^[ \t]*((?:resource|module)[ \t]+"[\w-]+"(?:[ \t]+"[\w-]+")?)[ \t]*\{[ \t]*$')
_SENSITIVE = "(sensitive)"
# What rules read of a machine, and of tags, and how resource types call it.
_CALLED = {
    "instance": ("instance_type", "instance_class", "machine_type", "vm_size", "node_type", "size", "sku_name", "tier"),
    "tags": ("tags", "labels"),
}

Excerpts = Callable[[Finding], "Excerpt | None"]


class Excerpt(Struct, frozen=True):
    """A line, counted from 1, its text without indentation, and the part of it that is meant: from where, and how long."""

    line: int
    text: str
    start: int
    length: int


def excerpts(top: Path) -> Excerpts:
    """Return what finds the line of a finding, in files below `top` alone. Files are named as seen from the current folder."""

    @cache
    def lines_of(file: str) -> list[str]:
        try:
            path = followed(Path(file))
            fits = file.isprintable() and path.is_relative_to(followed(top)) and path.is_file()
            return path.read_text(encoding="utf-8").splitlines() if fits and path.stat().st_size <= _LARGEST else []
        except (OSError, ValueError):
            return []

    def find(finding: Finding) -> Excerpt | None:
        lines = lines_of(finding.file) if finding.file else []
        return _excerpt(lines, finding.line, list(_attributes(finding))) if finding.line and lines else None

    return find


def _excerpt(lines: list[str], number: int, names: list[str]) -> Excerpt | None:
    """Return the line of the first of these attributes that the block has, else the line that opens the block.

    Nothing of a block that stands on one line: that may hold anything.
    """
    header = lines[number - 1] if number <= len(lines) else ""
    opened = _HEADER.match(header)
    if opened is None:
        return None
    end = f"{_indentation(header)}}}"
    inside: dict[str, Excerpt] = {}
    block = lines[number : number + _LONGEST_BLOCK]
    own = next((_indentation(line) for line in block if line.strip()), "")
    for place, line in enumerate(block, number + 1):
        if line.rstrip() == end:
            break
        text = line.strip()
        if _indentation(line) != own:  # of a nested block
            continue
        if found := re.match(r"([\w-]+)[ \t]*(?:=[ \t]*|(?=\{))(.+)", text):
            inside.setdefault(found[1], Excerpt(place, text, found.start(2), len(found[2])))
    text = header.strip()
    whole = Excerpt(number, text, 0, len(opened[1]))
    return next((inside[name] for name in names if name in inside), whole)


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _attributes(finding: Finding) -> Iterator[str]:
    """Give the names of the attributes that the verdict depends on, of which nothing is sensitive."""
    for key, value in finding.evidence.items():
        parts = key.split(".")
        if parts[0] != "resource" or len(parts) == 1 or value is None or _SENSITIVE in str(value):
            continue
        if parts[1] == "after" and parts[2:]:
            yield parts[2]
        else:
            yield from _CALLED.get(parts[1], ())
