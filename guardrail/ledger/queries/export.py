"""The views of a ledger as tables of PostgreSQL, which is a mirror: the facts stay where they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from guardrail.errors import ConfigError
from guardrail.ledger.views import VIEWS, Ledger

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

_AT_ONCE = 10_000  # rows in memory
_TYPES = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "VARCHAR[]": "text[]",
    "MAP(VARCHAR, VARCHAR)": "jsonb",
}


def export(ledger: Ledger, address: str, schema: str) -> dict[str, int]:
    """Replace the tables of a schema by what the views say now, in one transaction, and return their numbers of rows.

    Other tables of the schema stay as they are. Raises ConfigError without psycopg, and for a server that says no.
    """
    parts = urlsplit(address)
    where = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"  # without a password
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ConfigError("is no address of PostgreSQL", where="--to", fix="postgresql://USER@HOST/DATABASE")
    try:
        import psycopg  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError("an export needs psycopg", fix="pip install 'guardrail-finops[postgres]'") from None
    try:
        with psycopg.connect(address) as connection:
            return {view: _table(connection, ledger, schema, view) for view in VIEWS}
    except psycopg.Error as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ConfigError(f"the export failed: {said:.300}", where=where) from None


def _table(connection: Connection[Any], ledger: Ledger, schema: str, view: str) -> int:
    """Make a table of a view, and return its number of rows."""
    from psycopg.sql import SQL, Identifier  # noqa: PLC0415 - an extra

    columns = [(str(name), str(kind)) for name, kind, *_ in ledger.rows(f"describe {view}")]
    table = Identifier(schema, view)
    fields = SQL(", ").join(SQL("{} {}").format(Identifier(name), SQL(_type(kind))) for name, kind in columns)
    with connection.cursor() as cursor:
        cursor.execute(SQL("create schema if not exists {}").format(Identifier(schema)))
        cursor.execute(SQL("drop table if exists {}").format(table))
        cursor.execute(SQL("create table {} ({})").format(table, fields))
        return _copied(cursor, SQL("copy {} from stdin").format(table), _rows(ledger, view, columns))


def _copied(cursor: Cursor[Any], statement: Any, rows: Iterator[list[Any]]) -> int:
    count = 0
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _rows(ledger: Ledger, view: str, columns: list[tuple[str, str]]) -> Iterator[list[Any]]:
    """Give the rows of a view, maps as JSON. What is no character to PostgreSQL (NUL) is replaced."""
    from psycopg.types.json import Jsonb  # noqa: PLC0415 - an extra

    maps = {number for number, (_, kind) in enumerate(columns) if kind.startswith("MAP")}
    found = ledger.database.execute(f"select * from {view}")
    while rows := found.fetchmany(_AT_ONCE):
        for row in rows:
            yield [
                Jsonb(value) if number in maps and value is not None else _text(value)
                for number, value in enumerate(row)
            ]


def _text(value: Any) -> Any:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value


def _type(kind: str) -> str:
    return _TYPES.get(kind) or kind.lower().replace("decimal", "numeric")
