"""A file that guardrail would write, and how one is kept from doing harm."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

from msgspec import Struct

from guardrail.terraform.configuration.code.files import shown

Kind = Literal["config", "rule", "hook", "workflow"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Proposal(Struct, frozen=True):
    """One file: what it is to say, or why it is left alone.

    before   its text as it is now, None if there is no such file
    after    its text to be, None if it is kept or cannot be written
    reason   why it is as it is, or why it is left alone
    by_hand  what the reader can add, where guardrail would not touch the file
    """

    kind: Kind
    path: Path
    before: str | None = None
    after: str | None = None
    reason: str = ""
    by_hand: str = ""

    def diff(self) -> Iterator[str]:
        """Yield the lines of a unified diff; none where nothing would be written."""
        if self.after is None:
            return
        name = shown(self.path)
        before, after = ((text or "").splitlines(keepends=True) for text in (self.before, self.after))
        for line in difflib.unified_diff(before, after, "/dev/null" if self.before is None else name, name):
            yield line.rstrip("\r\n")


def kept(kind: Kind, path: Path, reason: str = "") -> Proposal:
    """Return the proposal to leave a file alone."""
    return Proposal(kind, path, reason=reason)


def leads_out(path: Path, top: Path) -> bool:
    """Return whether writing a path would write through a link, or outside of a folder."""
    if path.is_symlink():
        return True
    try:
        return not path.resolve().is_relative_to(top.resolve())
    except OSError:
        return True
