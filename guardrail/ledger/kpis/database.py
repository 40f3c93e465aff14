"""Writes the views that KPIs read into a file of DuckDB, so that their SQL needs no access to the ledger itself."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from guardrail.ledger.duck import literal, quoted
from guardrail.ledger.kpis.inputs import INPUTS, OF_BILL, OF_LEDGER
from guardrail.ledger.queries.spending import dimension_columns, matched_charges
from guardrail.ledger.views import Ledger

_AT_ONCE = 1_000  # rows in one statement

Team = tuple[Mapping[str, str | None], str | None]
"""What charges say of the dimensions that allocation looks at, and whose they are."""


def write(
    ledger: Ledger,
    views: Collection[str],
    months: tuple[str, str],
    teams: Sequence[Team],
    rows: Mapping[str, Iterable[Mapping[str, Any]]],
) -> Path:
    """Write views into a file beside what the ledger has open, and return its path; it goes when the ledger does.

    months  the first and the last that charges are taken of
    teams   whose charges are, by what they say
    rows    of the views that are no ledger's
    Raises InputError for a ledger that cannot be read.
    """
    path = Path(tempfile.mkdtemp(prefix="kpis-", dir=ledger.scratch)) / "facts.duckdb"
    ledger.rows(f"attach {literal(str(path))} as facts")
    try:
        for view in sorted(views):
            if view in OF_BILL:
                _charges(ledger, view, months, teams)
            elif view in OF_LEDGER:
                ledger.rows(f"create table facts.{quoted(view)} as select * from main.{quoted(view)}")
            else:
                _rows(ledger, view, rows.get(view, ()))
    finally:
        ledger.rows("detach facts")
    return path


def _charges(ledger: Ledger, view: str, months: tuple[str, str], teams: Sequence[Team]) -> None:
    """Write charges with their matches and their team."""
    dimensions = list(teams[0][0]) if teams else []
    common, tables = matched_charges(dimensions) if dimensions else ("", "matched")
    within = f"month between {literal(months[0])} and {literal(months[1])}"
    columns = ", ".join(f"charge.{quoted(name)}" for name in INPUTS[view] if name != "team")
    if not dimensions:
        ledger.rows(
            f"create table facts.{quoted(view)} as select {columns}, null::varchar as team from matched as charge where {within}"
        )
        return
    names = [f"by {name}" for name in dimensions]
    told = ", ".join(f"{quoted(name)} varchar" for name in names)
    ledger.rows(f"create or replace temp table _teams ({told}, team varchar)")
    for at in range(0, len(teams), _AT_ONCE):
        values = ", ".join(
            f"({', '.join('null' if one is None else literal(one) for one in (*of.values(), team))})"
            for of, team in teams[at : at + _AT_ONCE]
        )
        ledger.rows(f"insert into _teams values {values}")
    same = " and ".join(f"charge.{quoted(name)} is not distinct from _teams.{quoted(name)}" for name in names)
    ledger.rows(
        f"create table facts.{quoted(view)} as {common} select {columns}, _teams.team "
        f"from (select {dimension_columns(dimensions)}{tables.partition(' ')[0]}.* from {tables} where {within}) as charge left join _teams on {same}"
    )


def _rows(ledger: Ledger, view: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows whose amounts are texts, which keeps them exact."""
    columns = INPUTS[view]
    fields = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
    ledger.rows(f"create table facts.{quoted(view)} ({fields})")
    types = json.dumps([columns])
    left = [dict(row) for row in rows]
    for at in range(0, len(left), _AT_ONCE):
        text = json.dumps(left[at : at + _AT_ONCE])
        ledger.rows(
            f"insert into facts.{quoted(view)} by name select unnest(from_json_strict(?::varchar, {literal(types)}), recursive := true)",
            [text],
        )
