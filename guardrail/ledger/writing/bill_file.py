"""A file of a bill as rows of texts: CSV, compressed or not, and Parquet; and what is in a ZIP archive."""

from __future__ import annotations

import csv
import gzip
import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from guardrail.errors import InputError
from guardrail.ledger.duck import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LONGEST_HEADER = 1_000_000  # characters
_NULLS = ["", "NULL"]  # in capitals
_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")  # what files begin with; the last is an empty archive


class BillFile(Struct, frozen=True):
    """A file: its columns by their own names, and what they are read by. `delimiter` is "" for what is no CSV.

    where  how messages call it
    """

    path: Path
    where: str
    names: tuple[str, ...]
    fields: tuple[str, ...]
    relation: str
    delimiter: str = ""
    is_compressed: bool = False

    def rows(self, renamed: Sequence[str]) -> str:
        """Return a query for the rows, texts under other names, with `row` and `file`. What spells null is null."""
        nulls = ", ".join(map(literal, _NULLS))
        fields = ", ".join(
            f"case when upper({field}) not in ({nulls}) then {field} end as {quoted(name)}"
            for field, name in zip(self.fields, renamed, strict=True)
        )
        return f"(select row_number() over () as row, {literal(Path(self.where).name)} as file, {fields} from {self.relation})"


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


class Given(Struct, frozen=True):
    """A file of a bill: where it is, how messages call it, and what tells it from others, compressed or not."""

    path: Path
    where: str
    digest: str


def unpacked(files: Sequence[Path], folder: Path) -> Iterator[Given]:
    """Give files; what is in ZIP archives is put into a folder.

    Raises InputError for what cannot be read, and for a file that is there twice, compressed or not: all that are given
    are one bill, whose rows would count double.
    """
    seen: dict[str, str] = {}
    for number, file in enumerate(files):
        is_archive = _begin(file, str(file)).startswith(_ZIP)
        for path, where in _members(file, folder / f"archive-{number}") if is_archive else [(file, str(file))]:
            digest = _content_digest(path, where)
            if digest in seen:
                raise InputError(f"is {seen[digest]} again", where=where, fix="give it once; nothing was imported")
            seen[digest] = where
            yield Given(path, where, digest)


def _content_digest(path: Path, where: str) -> str:
    is_compressed = _begin(path, where).startswith(_GZIP)
    try:
        with gzip.open(path) if is_compressed else path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot be read: {error}", where=where) from None


def _members(archive: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    folder.mkdir()
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [one for one in opened.infolist() if not one.is_dir()]
            if not members:
                raise InputError("has no files", where=str(archive))
            for number, member in enumerate(members):
                place = folder / str(number)  # never a name from the archive
                with opened.open(member) as source, place.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
                yield place, f"{archive}/{member.filename}"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot be unpacked: {error}", where=str(archive)) from None


def _begin(path: Path, where: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=where) from None


def bill_file(given: Given, database: DuckDBPyConnection) -> BillFile:
    """Open a file. Raises InputError for one that is neither CSV nor Parquet."""
    path, where = given.path, given.where
    begin = _begin(path, where)
    if begin == b"PAR1":
        return _parquet(path, where, database)
    if begin.startswith(_ZIP):
        raise InputError("is an archive in an archive", where=where, fix="unpack it, and import what is in it")
    if begin[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise InputError("is in UTF-16", where=where, fix="save it as UTF-8")
    return _csv(path, where, is_compressed=begin.startswith(_GZIP))


def _csv(path: Path, where: str, *, is_compressed: bool) -> BillFile:
    try:
        with gzip.open(path, "rt", encoding="utf-8-sig") if is_compressed else path.open(encoding="utf-8-sig") as file:
            header = file.readline(_LONGEST_HEADER)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else "it is no text in UTF-8"
        raise InputError(f"cannot be read: {said}", where=where) from None
    delimiter = max(",;\t", key=header.count)
    names = tuple(name.strip() for name in next(csv.reader([header], delimiter=delimiter), []))
    if len(names) < 2:  # noqa: PLR2004 - one column is no table
        raise InputError("is no table: its first line names no columns", where=where, fix="CSV or Parquet")
    relation = _relation(path, len(names), delimiter, is_compressed=is_compressed)
    fields = tuple(f"c{number}" for number in range(len(names)))
    return BillFile(path, where, names, fields, relation, delimiter, is_compressed)


def _relation(path: Path, columns: int, delimiter: str, *, is_compressed: bool) -> str:
    types = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(columns))
    return (
        f"read_csv({literal(str(path.resolve()))}, auto_detect = false, header = true, delim = {literal(delimiter)}, quote = '\"', "
        f"escape = '\"', columns = {{{types}}}, compression = '{'gzip' if is_compressed else 'none'}', strict_mode = true, "
        "max_line_size = 4194304)"
    )


def _parquet(path: Path, where: str, database: DuckDBPyConnection) -> BillFile:
    """Open Parquet: texts as they are, maps and lists as JSON, the fields of structures as columns of their own."""
    import duckdb  # noqa: PLC0415 - is there, or there were no database

    relation = f"read_parquet({literal(str(path.resolve()))})"
    try:
        described = database.execute(f"describe select * from {relation}").fetchall()
    except duckdb.Error as error:
        raise InputError(f"cannot be read: {str(error).splitlines()[0][:200]}", where=where) from None
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
    return BillFile(path, where, tuple(names), tuple(fields), relation)
