"""Facts as the files that keep them: lines of JSON, compressed, the same bytes for the same fact."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

from msgspec import Struct

from guardrail import __version__
from guardrail.errors import InputError
from guardrail.ledger.storage.layout import SCHEMA, digest, path_of
from guardrail.model.money import plain

Record = Mapping[str, Any]

DECIMALS = 18
"""Places of money and quantities in the views: DECIMAL(38,18)."""
_LARGEST = Decimal(10) ** 20
_PLACE = Decimal(1).scaleb(-DECIMALS)


class Fact(Struct, frozen=True):
    """A file to be written: its path below the ledger's root, and its bytes."""

    path: str
    data: bytes


def fact(kind: str, owner: str, month: str, head: str, records: Iterable[Record]) -> Fact:
    """Return records as a file, after a first line that says what it is."""
    data = compressed([{"record": "file", "schema": SCHEMA, "tool": __version__, "kind": kind}, *records])
    return Fact(path_of(kind, owner, month, head, data, "jsonl.gz"), data)


def compressed(records: Iterable[Record]) -> bytes:
    """Return records as lines of JSON, compressed without a time or a name in it."""
    held = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=held, compresslevel=9, mtime=0) as file:
        for record in records:
            file.write(json.dumps(record, separators=(",", ":"), allow_nan=False).encode() + b"\n")
    return held.getvalue()


def records_of(data: bytes) -> Iterator[dict[str, Any]]:
    """Give the records of a file. Raises ValueError for what is damaged."""
    try:
        text = gzip.decompress(data).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
    for line in text.splitlines():
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ValueError("a line is no record")  # noqa: TRY004 - the text is what is wrong
        yield record


def identity(*parts: object) -> str:
    """Return what tells a run from all others, whoever compresses it: a hash of what it says."""
    return digest(json.dumps(parts, separators=(",", ":")).encode())


def amount(number: Decimal | None) -> str | None:
    """Return a number as the ledger keeps it: rounded at its 18th decimal. Raises InputError for one of over 20 digits."""
    if number is None:
        return None
    if abs(number) >= _LARGEST:
        raise InputError(f"the amount {number:.20E} has more than 20 digits before the point")
    with localcontext(prec=60):
        return plain(number.quantize(_PLACE, ROUND_HALF_EVEN).normalize())


def moment(at: datetime) -> str:
    """Return a time as the ledger writes it: UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def stamp(at: datetime) -> str:
    """Return a time as it stands in a file's name."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
