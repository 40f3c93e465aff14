"""A file of a bill as rows of texts: CSV, compressed or not, and Parquet."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from guardrail.errors import InputError
from guardrail.ledger.duck import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LONGEST_HEADER = 1_000_000  # characters
_NULLS = ["", "NULL"]  # in capitals
_LINE = re.compile(r"Line: (\d+)")


@dataclass(frozen=True, slots=True)
class BillFile:
    """A file: its columns by their own names, and a query for its rows."""

    path: Path
    names: tuple[str, ...]
    fields: tuple[str, ...]
    relation: str

    @property
    def where(self) -> str:
        """The file, for messages."""
        return str(self.path)

    def rows(self, renamed: Sequence[str]) -> str:
        """Return a query for the rows, texts under other names, with `row` and `file`. What spells null is null."""
        nulls = ", ".join(map(literal, _NULLS))
        fields = ", ".join(
            f"case when upper({field}) not in ({nulls}) then {field} end as {quoted(name)}"
            for field, name in zip(self.fields, renamed, strict=True)
        )
        return f"(select row_number() over () as row, {literal(self.path.name)} as file, {fields} from {self.relation})"

    def fault(self, said: str) -> str:
        """Return in one line what DuckDB says of a file that it cannot read."""
        line = _LINE.search(said)
        first = said.splitlines()[0][:200]
        if not line:
            return f"cannot be read: {first}"
        told = next((text for text in said.splitlines() if text.startswith(("Expected", "Value"))), first)
        return f"line {line[1]} is no row of these columns: {told[:200]}"


def bill_file(path: Path, database: DuckDBPyConnection) -> BillFile:
    """Open a file. Raises InputError for one that is neither CSV nor Parquet."""
    try:
        with path.open("rb") as file:
            begin = file.read(4)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if begin == b"PAR1":
        return _parquet(path, database)
    if begin[:2] == b"PK":
        raise InputError("is a ZIP archive", where=str(path), fix="unpack it, and import what is in it")
    if begin[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise InputError("is in UTF-16", where=str(path), fix="save it as UTF-8")
    return _csv(path, is_compressed=begin[:2] == b"\x1f\x8b")


def _csv(path: Path, *, is_compressed: bool) -> BillFile:
    try:
        with gzip.open(path, "rt", encoding="utf-8-sig") if is_compressed else path.open(encoding="utf-8-sig") as file:
            header = file.readline(_LONGEST_HEADER)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else "it is no text in UTF-8"
        raise InputError(f"cannot be read: {said}", where=str(path)) from None
    delimiter = max(",;\t", key=header.count)
    names = tuple(name.strip() for name in next(csv.reader([header], delimiter=delimiter), []))
    if len(names) < 2:  # noqa: PLR2004 - one column is no table
        raise InputError("is no table: its first line names no columns", where=str(path), fix="CSV or Parquet")
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(names)))
    relation = (
        f"read_csv({literal(str(path.resolve()))}, auto_detect = false, header = true, delim = {literal(delimiter)}, quote = '\"', "
        f"escape = '\"', columns = {{{columns}}}, compression = '{'gzip' if is_compressed else 'none'}', strict_mode = true, "
        "max_line_size = 4194304)"
    )
    return BillFile(path, names, tuple(f"c{number}" for number in range(len(names))), relation)


def _parquet(path: Path, database: DuckDBPyConnection) -> BillFile:
    """Open Parquet: texts as they are, maps and lists as JSON, the fields of structures as columns of their own."""
    import duckdb  # noqa: PLC0415 - is there, or there were no database

    relation = f"read_parquet({literal(str(path.resolve()))})"
    try:
        described = database.execute(f"describe select * from {relation}").fetchall()
    except duckdb.Error as error:
        raise InputError(f"cannot be read: {str(error).splitlines()[0][:200]}", where=str(path)) from None
    names: list[str] = []
    fields: list[str] = []
    for name, kind, *_ in described:
        if kind.startswith("STRUCT(") and not kind.endswith("]"):
            inner = database.execute(f"describe select unnest({quoted(name)}) from {relation}").fetchall()
            found = [(f"{name}_{part}", f"{quoted(name)}.{quoted(part)}", of) for part, of, *_ in inner]
        else:
            found = [(name, quoted(name), kind)]
        for full, field, of in found:
            names.append(full)
            is_nested = of.endswith("]") or of.startswith(("MAP(", "STRUCT("))
            fields.append(f"to_json({field})::varchar" if is_nested else f"{field}::varchar")
    return BillFile(path, tuple(names), tuple(fields), relation)
