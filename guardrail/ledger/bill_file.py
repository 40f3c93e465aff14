"""A file of a bill as rows of texts: CSV, compressed or not, and Parquet."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from guardrail.errors import InputError
from guardrail.ledger.duck import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LONGEST_HEADER = 1_000_000  # characters
_NULLS = ["", "NULL"]  # in capitals


@dataclass(frozen=True, slots=True)
class BillFile:
    """A file: its columns by their own names, and what they are read by. `delimiter` is "" for what is no CSV."""

    path: Path
    names: tuple[str, ...]
    fields: tuple[str, ...]
    relation: str
    delimiter: str = ""
    is_compressed: bool = False

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


def rewritten(file: BillFile, target: Path) -> BillFile | None:
    """Write a CSV anew that DuckDB cannot read (it wants one kind of line ends), and return it; None for what is no CSV.

    Raises InputError for a line that is no row of the file's columns.
    """
    if not file.delimiter:
        return None
    with (
        _opened(file.path, is_compressed=file.is_compressed) as source,
        target.open("w", encoding="utf-8", newline="") as copy,
    ):
        rows = csv.reader(source, delimiter=file.delimiter, strict=True)
        writer = csv.writer(copy, lineterminator="\n")
        try:
            for row in rows:
                if row and len(row) != len(file.names):
                    what = f"line {rows.line_num} has {len(row)} fields, and the header {len(file.names)}"
                    raise InputError(what, where=file.where, fix="nothing was imported")
                if row:
                    writer.writerow(row)
        except (csv.Error, OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            what = f"cannot be read after line {rows.line_num}: {error}"
            raise InputError(what, where=file.where, fix="nothing was imported") from None
    return replace(file, relation=_relation(target, len(file.names), ",", is_compressed=False))


def _opened(path: Path, *, is_compressed: bool) -> IO[str]:
    if is_compressed:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


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
    relation = _relation(path, len(names), delimiter, is_compressed=is_compressed)
    fields = tuple(f"c{number}" for number in range(len(names)))
    return BillFile(path, names, fields, relation, delimiter, is_compressed)


def _relation(path: Path, columns: int, delimiter: str, *, is_compressed: bool) -> str:
    types = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(columns))
    return (
        f"read_csv({literal(str(path.resolve()))}, auto_detect = false, header = true, delim = {literal(delimiter)}, quote = '\"', "
        f"escape = '\"', columns = {{{types}}}, compression = '{'gzip' if is_compressed else 'none'}', strict_mode = true, "
        "max_line_size = 4194304)"
    )


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
