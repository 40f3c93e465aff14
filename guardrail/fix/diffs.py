"""The edits of a run as one diff, which shows no line on which something sensitive is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from guardrail.fix.fixes import Fixes
from guardrail.report.diff import CONTEXT, shown_lines, unified_diff

_BARE = "shown without context lines, as they hold sensitive values: apply it with `git apply --unidiff-zero`"
_LEFT_OUT = "not in the diff, as the edited lines hold sensitive values: --fix makes these edits"


@dataclass(frozen=True, slots=True)
class Diff:
    """A diff, and what is to be said of it: the name of a file, and what is not as usual there."""

    text: str
    notes: tuple[tuple[str, str], ...]


def diff_of(found: Fixes, name_of: Callable[[Path], str]) -> Diff:
    """Return the diff of all edits. `name_of`: how a file is called in it."""
    context, notes = {}, []
    for file, (old, new) in found.files.items():
        name = name_of(file)
        # A diff quotes three lines around each edit, which nobody chose to show.
        sensitive = found.sensitive.of(file, old)
        if not sensitive & shown_lines(old, new, CONTEXT):
            context[name] = CONTEXT
        elif not sensitive & shown_lines(old, new, 0):
            context[name] = 0
            notes.append((name, _BARE))
        else:
            notes.append((name, _LEFT_OUT))
    files = {name_of(file): pair for file, pair in found.files.items()}
    return Diff(unified_diff({name: files[name] for name in context}, context), tuple(notes))
