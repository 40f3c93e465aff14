"""The shipped price facts: CSV files under review, compiled into one SQLite file."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from guardrail.errors import CatalogError
from guardrail.model.money import decimal

SCHEMA_VERSION = 3
VENDORS = ("aws", "azure", "gcp")
COLUMNS = (
    "region",
    "family",
    "attributes",
    "unit",
    "purchase_option",
    "tier_start",
    "tier_end",
    "price",
    "sku",
    "source",
    "as_of",
)
_NOT_FACTS = frozenset({"name", "source"})
SPEC_COLUMNS = ("name", "vcpu", "memory_gib", "arch", "gpus", "family", "current_generation", "source")

_SCHEMA = """
create table meta (key text primary key, value text not null) without rowid;
create table vendor (vendor text primary key, sha256 text not null, oldest text not null, newest text not null,
    rows integer not null) without rowid;
create table source (id integer primary key, name text not null, as_of text not null, unique (name, as_of));
create table shelf (id integer primary key, vendor text not null, service text not null, region text not null,
    unique (vendor, service, region));
create table product (id integer primary key, family text not null, attributes text not null, unit text not null,
    purchase_option text not null, unique (family, attributes, unit, purchase_option));
create table price (shelf integer not null, product integer not null, tier_start text not null, tier_end text not null,
    price text not null, sku text not null, source integer not null,
    primary key (shelf, product, tier_start)) without rowid;
create table synced (vendor text not null, service text not null, region text not null, at text not null,
    rows integer not null, primary key (vendor, service, region)) without rowid;
create table fetched (vendor text not null, service text not null, place text not null, version text not null,
    primary key (vendor, service, place)) without rowid;
create table rated (vendor text not null, service text not null, region text not null, option text not null,
    version text not null, rows integer not null, primary key (vendor, service, region, option)) without rowid;
create table spec (vendor text not null, name text not null, facts text not null, primary key (vendor, name))
    without rowid;
"""


class Row(Struct, frozen=True):
    """One price fact, as its CSV line spells it. Empty tier bounds: a price without tiers."""

    region: str
    family: str
    attributes: str
    unit: str
    purchase_option: str
    tier_start: str
    tier_end: str
    price: str
    sku: str
    source: str
    as_of: str


def compile(pricing_dir: Path, out: Path) -> None:  # noqa: A001 - the verb that fits: snapshot.compile
    """Compile the CSV files of a pricing folder into a SQLite catalog at `out`, replacing it in one step.

    Raises CatalogError with file and line for a row that is not a price fact.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    building = out.with_name(f"{out.name}.{os.getpid()}.new")
    building.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(building)) as database:
            database.executescript(_SCHEMA)
            database.execute("insert into meta values ('schema', ?)", (str(SCHEMA_VERSION),))
            for vendor in VENDORS:
                _load_vendor(database, vendor, sorted((pricing_dir / "catalog" / vendor).glob("*.csv")))
                _load_specs(database, vendor, pricing_dir / "specs" / f"{vendor}.csv")
            database.commit()
            database.execute("vacuum")
        building.replace(out)
    finally:
        for left in (building, building.with_name(f"{building.name}-journal")):
            left.unlink(missing_ok=True)


def read_rows(path: Path) -> Iterator[Row]:
    """Read a CSV file of price facts. Raises CatalogError with file and line."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = tuple(next(reader, ()))
        if header != COLUMNS:
            raise CatalogError("not a price file", where=f"{path}:1", fix=f"the columns are {','.join(COLUMNS)}")
        for line in reader:
            if len(line) != len(COLUMNS):
                raise CatalogError(f"{len(line)} columns instead of {len(COLUMNS)}", where=f"{path}:{reader.line_num}")
            row = Row(*line)
            try:
                _check(row)
            except ValueError as error:
                raise CatalogError(str(error), where=f"{path}:{reader.line_num}") from None
            yield row


def attributes_of(text: str) -> dict[str, str]:
    """Read `key=value;key=value`, where a backslash escapes `;`, `=` and itself. Raises ValueError."""
    if "\\" not in text:
        return dict(_pair(pair) for pair in text.split(";"))
    found: dict[str, str] = {}
    for pair in _split(text, ";"):
        key, *rest = _split(pair, "=")
        if len(rest) != 1:
            msg = f"not key=value: {pair!r}"
            raise ValueError(msg)
        found[_unescaped(key)] = _unescaped(rest[0])
    return found


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or "=" in value:
        msg = f"not key=value: {text!r}"
        raise ValueError(msg)
    return key, value


def attributes_text(attributes: dict[str, str]) -> str:
    """Spell attributes as the CSV files do."""
    return ";".join(f"{_escaped(key)}={_escaped(value)}" for key, value in sorted(attributes.items()))


def _check(row: Row) -> None:
    if decimal(row.price) < 0:
        msg = f"a negative price: {row.price}"
        raise ValueError(msg)
    if bool(row.tier_start) != bool(row.tier_end):
        msg = "a tier needs both a start and an end, or neither"
        raise ValueError(msg)
    if row.tier_end and row.tier_end != "Inf" and decimal(row.tier_end) <= decimal(row.tier_start):
        msg = f"a tier ends before it starts: {row.tier_start} to {row.tier_end}"
        raise ValueError(msg)
    for name in ("region", "family", "unit", "purchase_option", "source", "as_of"):
        if not getattr(row, name):
            msg = f"{name} is empty"
            raise ValueError(msg)


def _load_vendor(database: sqlite3.Connection, vendor: str, files: Sequence[Path]) -> None:
    digest = hashlib.sha256()
    dates: set[str] = set()
    count = 0
    ids = Ids(database)
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
        service = file.stem
        rows = list(read_rows(file))
        count += len(rows)
        dates.update(row.as_of for row in rows)
        try:
            database.executemany(
                "insert into price values (?, ?, ?, ?, ?, ?, ?)",
                (_price(ids, vendor, service, row) for row in rows),
            )
        except sqlite3.IntegrityError:
            raise CatalogError(f"two prices for the same product: {_duplicate(rows)}", where=str(file)) from None
        except ValueError as error:
            raise CatalogError(str(error), where=str(file)) from None
    database.execute(
        "insert into vendor values (?, ?, ?, ?, ?)",
        (vendor, digest.hexdigest(), min(dates, default=""), max(dates, default=""), count),
    )


class Ids:
    """Numbers for what many rows share, given out as it is met."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._known: dict[tuple[str, ...], int] = {}

    def of(self, table: str, columns: str, values: tuple[str, ...]) -> int:
        """Return the number of a row of a table, which is added if it is not there."""
        key = (table, *values)
        if key not in self._known:
            names = columns.split()
            where = " and ".join(f"{name} = ?" for name in names)
            found = self._database.execute(f"select id from {table} where {where}", values).fetchone()  # noqa: S608
            if found is None:
                marks = ", ".join("?" * len(names))
                insert = f"insert into {table} ({', '.join(names)}) values ({marks}) returning id"  # noqa: S608
                found = self._database.execute(insert, values).fetchone()
            self._known[key] = found[0]
        return self._known[key]


def attributes_json(attributes: Mapping[str, str]) -> str:
    """Spell attributes as the database does."""
    return json.dumps(attributes, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=65_536)
def _respelled(attributes: str) -> str:
    """Turn a row's attributes to how the database spells them, once: a product is sold in many regions."""
    return attributes_json(attributes_of(attributes) if attributes else {})


def _price(ids: Ids, vendor: str, service: str, row: Row) -> tuple[object, ...]:
    attributes = _respelled(row.attributes)
    return (
        ids.of("shelf", "vendor service region", (vendor, service, row.region)),
        ids.of(
            "product", "family attributes unit purchase_option", (row.family, attributes, row.unit, row.purchase_option)
        ),
        row.tier_start,
        row.tier_end,
        row.price,
        row.sku,
        ids.of("source", "name as_of", (row.source, row.as_of)),
    )


def _load_specs(database: sqlite3.Connection, vendor: str, file: Path) -> None:
    if not file.exists():
        return
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        if tuple(reader.fieldnames or ()) != SPEC_COLUMNS:
            raise CatalogError(
                "not a file of machine types", where=f"{file}:1", fix=f"columns: {','.join(SPEC_COLUMNS)}"
            )
        for row in reader:
            facts = json.dumps(
                {key: _fact(key, value) for key, value in row.items() if key not in _NOT_FACTS and value}
            )
            database.execute("insert or replace into spec values (?, ?, ?)", (vendor, row["name"], facts))


def _fact(key: str, value: str) -> float | str | bool:
    if key in {"vcpu", "memory_gib", "gpus"}:
        return float(decimal(value))
    return value == "true" if key == "current_generation" else value


def _duplicate(rows: Iterable[Row]) -> str:
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        key = (row.region, row.family, row.attributes, row.unit, row.purchase_option, row.tier_start)
        if key in seen:
            return " ".join(part for part in key if part)
        seen.add(key)
    return "the same product, written in two ways"


def _split(text: str, separator: str) -> list[str]:
    parts: list[str] = []
    current, at = "", 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            current, at = current + text[at : at + 2], at + 2
        elif text[at] == separator:
            parts, current, at = [*parts, current], "", at + 1
        else:
            current, at = current + text[at], at + 1
    return [*parts, current]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace("=", "\\=")


def _unescaped(text: str) -> str:
    out, at = "", 0
    while at < len(text):
        at += text[at] == "\\" and at + 1 < len(text)
        out, at = out + text[at], at + 1
    return out


def tier_bounds(start: str, end: str) -> tuple[Decimal, Decimal | None]:
    """Return a row's tier as numbers; a price without tiers holds from 0 without end."""
    return (decimal(start) if start else Decimal(0)), (None if end in {"", "Inf"} else decimal(end))
