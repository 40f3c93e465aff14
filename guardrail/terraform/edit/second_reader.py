"""python-hcl2 as a second reader of what an edit has written: two parsers that share nothing do not misread the same way.

What it reads slowly (large files), or not at all (Terraform's grammar has corners that it lacks), is left to the first.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

_MOST_BYTES = 64 * 1024  # a second of its time


def still_reads(before: bytes, after: bytes) -> bool:
    """Return whether a file that python-hcl2 could read is one still, with as many blocks of each type."""
    if max(len(before), len(after)) > _MOST_BYTES:
        return True
    was = _counted(before)
    return was is None or _counted(after) == was


@lru_cache(maxsize=4096)  # blocks, each of which is looked at in several attempts
def _counted(text: bytes) -> dict[str, int] | None:
    """Return how often each name stands at the top of a file; None for one that cannot be read."""
    import hcl2  # noqa: PLC0415 - its grammar takes a third of a second to load, which only an edit pays

    try:
        found: dict[str, Any] = hcl2.loads(text.decode())
    except Exception:  # noqa: BLE001 - its parser raises errors of several libraries
        return None
    return {name: len(value) if isinstance(value, list) else 1 for name, value in found.items()}
