"""Runs the SQL of KPIs in a process of its own, and gives up on it where it takes too much."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from msgspec import Struct

from guardrail.errors import ConfigError, InputError
from guardrail.ledger.kpis.inputs import INPUTS
from guardrail.ledger.kpis.statement import Where, statement
from guardrail.ledger.kpis.worker import ROWS

SECONDS = 20.0
"""What the SQL of one KPI may take."""
_GRACE = 0.5  # of that again, in which DuckDB may end by itself what it was told to end
_LINE = re.compile(r"^LINE (\d+): ", re.MULTILINE)

Cell = Decimal | str | None
"""A finite number or a text. What is no finite number (NaN) is the text that DuckDB gives."""


class Query(Struct, frozen=True):
    """SQL of a KPI over the views.

    values  of the parameters, by name
    needs   views that have to have a row, of the month where they have months
    where   gives "file:line" of a line of the SQL
    only    a column and its value: of views that have the column, only such rows are there
    rows    of a test: the views' rows; None for those of the ledger
    """

    sql: str
    month: str
    values: Mapping[str, str]
    needs: Sequence[str]
    where: Where
    only: tuple[str, str | None] | None = None
    rows: Mapping[str, Sequence[Mapping[str, Any]]] | None = None


class Answer(Struct, frozen=True):
    """Rows by column, or the views that have no row where one is needed, or what is wrong with the SQL."""

    rows: tuple[Mapping[str, Cell], ...] = ()
    lacking: tuple[str, ...] = ()
    fault: ConfigError | None = None


def run(queries: Sequence[Query], database: Path | None, seconds: float = SECONDS) -> list[Answer]:
    """Run queries one after the other. A fault of one is its answer; the others are answered all the same.

    database  what `database.write` has made; None where all queries bring their rows
    Raises ConfigError without DuckDB, InputError where the process does not start.
    """
    asked = [_asked(query) for query in queries]
    found: list[Answer] = []
    while len(found) < len(queries):
        told = [
            _answer(query, one)
            for query, one in zip(queries[len(found) :], _told(asked[len(found) :], database, seconds), strict=False)
        ]
        found += told
        if len(found) < len(queries):
            query = queries[len(found)]
            found.append(
                Answer(fault=_fault(query, f"takes more than the {seconds:g} seconds or the memory that a KPI may", 1))
            )
    return found


def _asked(query: Query) -> dict[str, Any]:
    looked_at = statement(query.sql, query.where)
    return {
        "sql": query.sql,
        "month": query.month,
        "values": {name: query.values.get(name, "") for name in sorted(looked_at.parameters)},
        "needs": list(query.needs),
        "inputs": sorted(looked_at.inputs.union(query.needs)),
        "only": list(query.only) if query.only else None,
        "rows": query.rows,
    }


def _told(asked: Sequence[dict[str, Any]], database: Path | None, seconds: float) -> Iterator[dict[str, Any]]:
    """Give what the process says, a line a query; fewer where it ends before, or is ended."""
    # -P: this folder may hold a pull request, and none of its files is a module of ours.
    command = [sys.executable, "-P", "-m", "guardrail.ledger.kpis.worker"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said) as process,  # noqa: S603
    ):
        assert process.stdin  # noqa: S101 - they are pipes
        assert process.stdout  # noqa: S101
        question = {"database": str(database or ""), "seconds": seconds, "queries": asked}
        threading.Thread(target=_fed, args=(process.stdin, question), daemon=True).start()
        told = 0
        while True:
            # The first one waits for Python and DuckDB, too, which a loaded machine takes its time for.
            watch = threading.Timer(seconds * (1 + _GRACE) + (0 if told else 30), process.kill)
            watch.start()
            try:
                line = process.stdout.readline()
            finally:
                watch.cancel()
            if not line:
                break
            told += 1
            yield json.loads(line)
        code = process.wait()
        said.seek(0)
        text = said.read().decode(errors="replace")
    if not told and code > 0 and "MemoryError" not in text:
        last = (text.strip().splitlines() or ["it said nothing"])[-1]
        raise InputError(f"the process that runs KPIs ended: {last:.200}")


def _fed(pipe: IO[bytes], asked: Mapping[str, Any]) -> None:
    try:
        with pipe:
            pipe.write(json.dumps(asked).encode())
    except OSError:
        return  # it has ended, and its answer says so


def _answer(query: Query, told: Mapping[str, Any]) -> Answer:
    if "lacking" in told:
        return Answer(lacking=tuple(told["lacking"]))
    if "fault" in told:
        text = str(told["fault"])
        line = int(found[1]) if (found := _LINE.search(text)) else 1
        what = text.partition("\n\nLINE ")[0].partition("\n\nPossible solutions")[0]
        return Answer(fault=_fault(query, what if told.get("plain") else f"sql: {what:.400}", line))
    if told["more"]:
        return Answer(fault=_fault(query, f"sql gives more than {ROWS} rows", 1))
    if len(set(told["names"])) < len(told["names"]):
        return Answer(fault=_fault(query, f"sql gives a column twice: {', '.join(told['names'])}", 1))
    return Answer(
        tuple({name: _cell(cell) for name, cell in zip(told["names"], row, strict=True)} for row in told["rows"])
    )


def _cell(told: list[str] | None) -> Cell:
    if told is None:
        return None
    kind, text = told
    if kind == "number" and (number := Decimal(text)).is_finite():
        return number
    return text


def _fault(query: Query, what: str, line: int) -> ConfigError:
    return ConfigError(what, where=query.where(line))


def unknown_columns(view: str, row: Mapping[str, Any]) -> list[str]:
    """Return what of a test's row is no column of the view."""
    return [name for name in row if name not in INPUTS[view]]
