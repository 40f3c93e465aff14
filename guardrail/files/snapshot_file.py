"""The file that a ledger's snapshot is in."""

from __future__ import annotations

from pathlib import Path

from guardrail.errors import InputError
from guardrail.model.billed.snapshot import MAX_BYTES, Snapshot, parse_snapshot


def read_snapshot(path: Path, *, where: str) -> Snapshot | None:
    """Return what the file says, None where it is not there. Raises InputError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=where) from None
    return parse_snapshot(data, where=where)
