"""Files by which a step tells GitHub Actions things: the job's summary and the step's outputs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

SUMMARY_LIMIT = 1_000_000
"""Bytes of a step's summary: over 1 MiB GitHub shows nothing of it."""

_OUTPUT_LIMIT = 1_024  # bytes of a value: an output becomes a variable of every later step
_LEAST = 2_000  # bytes below which a summary says nothing


def write_summary(environ: Mapping[str, str], render: Callable[[int], str]) -> bool:
    """Append what `render` makes of the bytes that are left. Return whether there was a place and room for it.

    Raises OSError.
    """
    path = environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return False
    there = Path(path).stat().st_size if Path(path).is_file() else 0
    room = SUMMARY_LIMIT - there - 2  # the two line ends around the text
    if room < _LEAST:
        return False
    text = render(room)
    if len(text.encode()) > room:
        return False
    with Path(path).open("a", encoding="utf-8", newline="") as file:
        file.write(f"\n{text}\n" if there else f"{text}\n")
    return True


def write_outputs(environ: Mapping[str, str], values: Mapping[str, str]) -> bool:
    """Append outputs of the step, each between delimiters that no value can hold. Return whether there was a place.

    A value of more than 1 KB is left empty: it would be a variable of every later step. Raises OSError.
    """
    path = environ.get("GITHUB_OUTPUT")
    if not path:
        return False
    with Path(path).open("a", encoding="utf-8", newline="") as file:
        for name, value in values.items():
            delimiter = f"ghadelimiter_{uuid.uuid4()}"
            shown = value if len(value.encode()) <= _OUTPUT_LIMIT else ""
            file.write(f"{name}<<{delimiter}\n{shown}\n{delimiter}\n")
    return True
