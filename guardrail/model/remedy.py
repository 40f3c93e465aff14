"""What would make a finding go: which attribute to set to what, and the lines of the configuration that say so."""

from __future__ import annotations

from msgspec import Struct

from guardrail.model.unknown import Json

Path = tuple[str, ...]
"""Steps to an attribute: names of attributes and blocks, indexes of blocks, keys of maps."""


class Assignment(Struct, frozen=True):
    """An attribute (or an entry of a map) to set to a value, whether it is there or not."""

    path: Path
    value: Json

    def __str__(self) -> str:
        return f"set {'.'.join(self.path)}"


class Renaming(Struct, frozen=True):
    """An entry of a map to be called otherwise, with its value kept."""

    path: Path
    name: str

    def __str__(self) -> str:
        return f"rename {'.'.join(self.path)} to {self.name}"


class Remedy(Struct, frozen=True):
    """What a rule says is to be done about a finding: steps, all of them; or why it cannot be said."""

    steps: tuple[Assignment | Renaming, ...] = ()
    obstacle: str = ""


class Replacement(Struct, frozen=True):
    """Lines of a file and what takes their place, both without the last line break.

    Lines are counted from 1. Where `last_line` is the one before `first_line`, nothing goes: `text` comes in between.
    """

    file: str
    first_line: int
    last_line: int
    was: str
    text: str


class Suggestion(Struct, frozen=True):
    """Lines to be replaced where a change is reviewed: what tells it from others, and what is said above it (Markdown)."""

    id: str
    lines: Replacement
    said: str


class Edit(Struct, frozen=True):
    """The change to the configuration that makes a finding go: what it does in words, and the lines that it replaces."""

    description: str
    replacements: tuple[Replacement, ...]
