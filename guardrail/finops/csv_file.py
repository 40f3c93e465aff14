"""CSV that people write: rows by their columns, with the place of each."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from guardrail.errors import ConfigError


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row with its "file:line". Raises ConfigError for a file that is no CSV, and for a row without one of the columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            rows = [(f"{path}:{reader.line_num}", row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        what = getattr(error, "strerror", None) or "not CSV in UTF-8"
        raise ConfigError(f"cannot be read: {what}", where=str(path)) from None
    for where, row in rows:
        if any(not row.get(name) for name in columns):
            raise ConfigError(f"a row has {', '.join(columns)}", where=where)
        yield where, row


def number_of(text: str) -> Decimal | None:
    """Return a finite number, None for what is none."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
