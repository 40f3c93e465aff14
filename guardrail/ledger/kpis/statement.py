"""The SQL of a KPI, looked at before it runs: one SELECT over the views, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from guardrail.errors import ConfigError, did_you_mean
from guardrail.ledger.duck import connect
from guardrail.ledger.kpis.inputs import INPUTS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Where = Callable[[int], str]
"""Gives "file:line" of a line of the SQL, counted from 1."""

LONGEST = 20_000
PARAMETERS = ("month", "previous", "currency", "team_tag")
_TABLE_FUNCTIONS = {"unnest", "range", "generate_series"}
_CHANGING = {
    *("now", "today", "get_current_time", "get_current_timestamp", "transaction_timestamp", "current_localtime"),
    *("current_localtimestamp", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"),
    *(
        "random",
        "setseed",
        "uuid",
        "uuidv4",
        "uuidv7",
        "gen_random_uuid",
        "nextval",
        "currval",
        "setval",
        "txid_current",
    ),
    *("current_setting", "getvariable", "current_user", "current_role", "session_user", "user", "current_query"),
    *("current_query_id", "current_transaction_id", "current_connection_id", "current_database", "current_schema"),
    *("current_schemas", "version", "sleep_ms", "pg_sleep", "write_log", "stats", "get_block_size"),
}
"""Functions that answer otherwise although the facts are the same, tell of the machine, or wait."""
_BARE = {name for name in _CHANGING if name.startswith("current_")} | {
    "localtime",
    "localtimestamp",
    "session_user",
    "user",
}
"""Those that SQL calls without parentheses, so that they look like columns."""
_VIEWS = f"a KPI reads {', '.join(INPUTS)}"


class Statement(Struct, frozen=True):
    """What a SELECT reads, and the parameters ($month) that it names."""

    inputs: frozenset[str]
    parameters: frozenset[str]


def statement(sql: str, where: Where) -> Statement:
    """Look at the SQL of a KPI. Raises ConfigError, with file and line, for all but one SELECT over the views."""
    if len(sql) > LONGEST:
        raise ConfigError(f"sql has {len(sql):,} characters", where=where(1), fix=f"at most {LONGEST:,}")
    try:
        tree = json.loads(_syntax_tree(sql))
    except RecursionError:
        raise ConfigError("sql is nested too deeply", where=where(1)) from None
    if tree["error"]:
        if tree["error_type"] == "not implemented":
            raise ConfigError("sql is not a SELECT", where=where(1), fix="a KPI only reads: one SELECT")
        line = _line(sql, int(tree.get("position") or 0))
        raise ConfigError(f"sql: {tree['error_message']:.300}", where=where(line))
    if len(tree["statements"]) != 1:
        raise ConfigError(f"sql has {len(tree['statements'])} statements", where=where(1), fix="one SELECT")
    nodes = list(_nodes(tree["statements"]))
    defined = {str(entry["key"]) for node in nodes for entry in (node.get("cte_map") or {}).get("map", ())}
    read = [_refused_or_read(node, defined, lambda at: where(_line(sql, at))) for node in nodes]
    parameters = frozenset(str(node["identifier"]) for node in nodes if node.get("class") == "PARAMETER")
    if unknown := sorted(parameters - {*PARAMETERS}):
        what = f"${unknown[0]} is no parameter"
        raise ConfigError(what, where=where(1), fix=f"there are ${', $'.join(PARAMETERS)}")
    return Statement(frozenset(name for name in read if name), parameters)


def inputs_of(sql: str, needs: Sequence[str], where: Where, where_needed: Where) -> Statement:
    """Return what a KPI reads, what it needs included. Raises ConfigError for SQL and for views that cannot be."""
    for number, view in enumerate(needs):
        if view not in INPUTS:
            fix = did_you_mean(view, INPUTS) or f"there are {', '.join(INPUTS)}"
            raise ConfigError(f"no view is called {view!r:.80}", where=where_needed(number), fix=fix)
    return statement(sql, where)


@cache
def _parser() -> DuckDBPyConnection:
    return connect()


@lru_cache(maxsize=256)  # each month and each team asks anew
def _syntax_tree(sql: str) -> str:
    """Return what DuckDB's parser says, as JSON. Nothing is looked up, and nothing runs."""
    ((text,),) = _parser().execute("select json_serialize_sql(?::varchar)", [sql]).fetchall()
    return str(text)


def _refused_or_read(node: Mapping[str, Any], defined: set[str], at: Callable[[int], str]) -> str:
    """Return the view that a node of the syntax tree reads, "" for none. Raises ConfigError for what a KPI may not do."""
    kind, place = node.get("type"), int(node.get("query_location") or 0)
    if kind == "RECURSIVE_CTE_NODE":
        raise ConfigError("sql is recursive", where=at(place), fix="a KPI does without: range() gives numbers and days")
    if kind == "SHOW_REF":
        raise ConfigError("sql describes tables", where=at(place), fix=_VIEWS)
    if kind == "TABLE_FUNCTION":
        function = node["function"]
        name = str(function.get("function_name", "")).lower()
        if name not in _TABLE_FUNCTIONS:
            raise ConfigError(f"sql reads {name}()", where=at(place), fix=_VIEWS)
    if kind == "FUNCTION" or (kind == "COLUMN_REF" and len(node["column_names"]) == 1):
        name = str(node["function_name"] if kind == "FUNCTION" else node["column_names"][0]).lower()
        if name in (_CHANGING if kind == "FUNCTION" else _BARE):
            fix = "equal facts have to give equal values: $month is the month that is asked for"
            raise ConfigError(f"sql calls {name}", where=at(place), fix=fix)
    if kind != "BASE_TABLE":
        return ""
    path = [str(part) for part in node["qualified_name"]["path"]]
    name = ".".join(path).lower()
    if name in INPUTS:
        return name
    if len(path) > 1 or path[0] not in defined:
        raise ConfigError(f"sql reads {'.'.join(path)!r:.80}, which is no view", where=at(place), fix=_VIEWS)
    return ""


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Give every object in a syntax tree."""
    left = [tree]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield one
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)


def _line(sql: str, position: int) -> int:
    """Return the line of a place in the SQL; DuckDB gives the largest number there is for what has none."""
    return sql.count("\n", 0, position) + 1 if position <= len(sql) else 1
