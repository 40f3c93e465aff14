"""The edits of a run as one diff, which shows no line on which something sensitive is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from guardrail.report.diff import CONTEXT, shown_lines, unified_diff
from guardrail.terraform.edit.sensitive_lines import SensitiveLines

_BARE = "shown without context lines, as they hold sensitive values: apply it with `git apply --unidiff-zero`"
_LEFT_OUT = "not in the diff, as the edited lines hold sensitive values"


class Diff(Struct, frozen=True):
    """A diff, and what is to be said of it: the name of a file, and what is not as usual there."""

    text: str
    notes: tuple[tuple[str, str], ...]


def diff_of(
    edited: Mapping[Path, tuple[str, str]], hidden: SensitiveLines, name_of: Callable[[Path], str], *, by: str = "--fix"
) -> Diff:
    """Return the diff of all edits: what was, and what is to be, in every file.

    hidden   finds the lines that are shown to nobody
    name_of  how a file is called in it
    by       the option that makes the edits that are not shown; "" where there is none
    """
    context, notes = {}, []
    for file, (old, new) in edited.items():
        name = name_of(file)
        # A diff quotes three lines around each edit, which nobody chose to show.
        sensitive = hidden.of(file, old)
        if not sensitive & shown_lines(old, new, CONTEXT):
            context[name] = CONTEXT
        elif not sensitive & shown_lines(old, new, 0):
            context[name] = 0
            notes.append((name, _BARE))
        else:
            notes.append((name, _LEFT_OUT + (f": {by} makes these edits" if by else "")))
    files = {name_of(file): pair for file, pair in edited.items()}
    return Diff(unified_diff({name: files[name] for name in context}, context), tuple(notes))
