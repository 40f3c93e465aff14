"""The process that runs the SQL of KPIs: `python -P -m guardrail.ledger.kpis.worker`, spoken to by `running`.

It reads one object of JSON and answers each query with a line of JSON. It is a process of its own since DuckDB's limit of
memory does not count every text, and what is in one value cannot be interrupted: a limit of the system ends both.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardrail.ledger.duck import connect, literal, quoted
from guardrail.ledger.kpis.inputs import INPUTS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEGABYTES = 3_000  # of addresses, of which DuckDB reserves more than it uses
ROWS = 100


def main() -> None:
    """Answer the queries on standard input."""
    asked = json.load(sys.stdin)
    _bounded(asked["seconds"] * max(1, len(asked["queries"])))
    database = _of_ledger(Path(asked["database"])) if asked["database"] else _empty()
    for query in asked["queries"]:
        sys.stdout.write(json.dumps(_told(database, query, asked["seconds"])) + "\n")
        sys.stdout.flush()


def _bounded(seconds: float) -> None:
    """Let the system end this process where it takes too much. Windows has no such limits; there the time alone is bound."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    with contextlib.suppress(ValueError, OSError):  # a limit that is lower already
        resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20, MEGABYTES << 20))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds * 2) + 10, int(seconds * 2) + 15))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _of_ledger(path: Path) -> DuckDBPyConnection:
    """Open the views that were written into a file for this, to be read alone."""
    database = connect([path.parent])  # it looks for a log beside the file, too
    database.execute(f"attach {literal(str(path))} as facts (read_only)")
    _locked(database)
    return database


def _empty() -> DuckDBPyConnection:
    """Return a database for the rows of tests, which are there one after the other."""
    database = connect()
    database.execute("attach ':memory:' as facts")
    _locked(database)
    return database


def _fill(database: DuckDBPyConnection, rows: dict[str, list[dict[str, Any]]], inputs: list[str]) -> None:
    """Put a few rows in each of the views that a query reads."""
    for view in inputs:
        columns = INPUTS[view]
        fields = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
        database.execute(f"create or replace table facts.{quoted(view)} ({fields})")
        for row in rows.get(view, ()):
            types = json.dumps({name: columns[name].replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE") for name in row})
            told = f"unnest(from_json_strict(?::varchar, {literal(types)}))"
            database.execute(f"insert into facts.{quoted(view)} by name select {told}", [json.dumps(row)])


def _locked(database: DuckDBPyConnection) -> None:
    database.execute("set python_enable_replacements = false")  # else a variable of this program is a table
    database.execute("set autoload_known_extensions = false")
    database.execute("set max_temp_directory_size = '0GB'")
    database.execute("set lock_configuration = true")


def _told(database: DuckDBPyConnection, query: dict[str, Any], seconds: float) -> dict[str, Any]:
    import duckdb  # noqa: PLC0415 - is there, or there were no database

    if query["rows"] is not None:
        try:
            _fill(database, query["rows"], query["inputs"])
        except duckdb.Error as error:
            return {"fault": f"a row of its test: {str(error).splitlines()[0]}", "plain": True}
    return _answered(database, query, seconds)


def _answered(database: DuckDBPyConnection, query: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return the rows of a query, or what is wrong with it, or which of the views that it needs have no row."""
    import duckdb  # noqa: PLC0415 - is there, or there were no database

    _narrowed(database, query["inputs"], query["only"])
    timer = threading.Timer(seconds, database.interrupt)
    timer.daemon = True
    timer.start()
    try:
        lacking = [view for view in query["needs"] if _is_empty(database, view, query["month"])]
        if lacking:
            return {"lacking": lacking}
        found = database.execute(query["sql"], query["values"])
        names = [str(column[0]) for column in found.description or ()]
        rows = found.fetchmany(ROWS + 1)
    except duckdb.InterruptException:
        return {"fault": f"takes longer than {seconds:g} seconds", "plain": True}
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"fault": "takes more memory than a KPI may", "plain": True}
    except duckdb.Error as error:
        return {"fault": str(error)[:2_000]}
    finally:
        timer.cancel()
    return {"names": names, "rows": [[_cell(value) for value in row] for row in rows[:ROWS]], "more": len(rows) > ROWS}


def _narrowed(database: DuckDBPyConnection, inputs: list[str], only: list[Any] | None) -> None:
    """Put a view before each table that is read: of all rows, or of those whose column has a value."""
    for view in inputs:
        where = ""
        if only and only[0] in INPUTS[view]:
            where = f" where {quoted(only[0])} is not distinct from " + (
                "null" if only[1] is None else literal(only[1])
            )
        database.execute(f"create or replace temp view {quoted(view)} as select * from facts.{quoted(view)}{where}")


def _is_empty(database: DuckDBPyConnection, view: str, month: str) -> bool:
    of_month = " where month = ?" if "month" in INPUTS[view] else ""
    found = database.execute(f"select 1 from {quoted(view)}{of_month} limit 1", [month] if of_month else [])
    return found.fetchone() is None


def _cell(value: Any) -> list[str] | None:
    """Return a value of a row as JSON: a number or a text, told apart."""
    if value is None:
        return None
    is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    return ["number" if is_number else "text", str(value)[:500]]


if __name__ == "__main__":
    main()
