"""The facts of a ledger as views of DuckDB."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import tempfile
import weakref
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from guardrail.errors import InputError
from guardrail.ledger.columns import CHARGES, DECISIONS, FINDINGS, IMPORTED, INVENTORY, LINES, POINTS, RATES, RUNS
from guardrail.ledger.duck import connect, literal, quoted
from guardrail.ledger.matching import BY_ID, NO_TAGS, TagKeys, matched
from guardrail.ledger.records.identifiers import SQL as NORMAL_FORMS
from guardrail.ledger.storage.layout import Key
from guardrail.ledger.storage.store import Store
from guardrail.ledger.storage.verify import facts_in

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VIEWS = (
    *("runs", "lines", "lines_before", "findings", "inventory", "charges", "matched"),
    *("metrics", "decisions", "rates"),
)
"""The names that queries may use."""
_NAME = re.compile(r"\w+")


class Ledger(Struct, frozen=True, weakref=True):
    """A ledger that is open for reading. `charges_all` holds every generation of every bill, `charges` the newest of each.

    scratch  a folder that goes with it
    where    the ledger's folder or address, as errors name it
    unmade   statements that create what no query has named so far, by name, each after what it reads
    told     rows by the query that was asked `once`
    """

    database: DuckDBPyConnection
    facts: tuple[Key, ...]
    scratch: Path
    where: str
    unmade: dict[str, str] = field(default_factory=dict)
    told: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query over the views. Raises InputError for a file that cannot be read."""
        with _readable(self.where):
            self._make(query)
            return self.database.execute(query, values).fetchall()

    def once(self, query: str) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a query over nothing but the views that several parts of an answer ask: facts do not change meanwhile."""
        if query not in self.told:
            self.told[query] = self.rows(query)
        return self.told[query]

    def stream(self, query: str, at_once: int) -> Iterator[tuple[Any, ...]]:
        """Give the rows of a query, so many of them in memory. No other query may run meanwhile.

        Raises InputError for a file that cannot be read.
        """
        with _readable(self.where):
            self._make(query)
            found = self.database.execute(query)
        while True:
            with _readable(self.where):
                rows = found.fetchmany(at_once)
            if not rows:
                return
            yield from rows

    def _make(self, query: str) -> None:
        """Create what a query names, and what that reads: to create all would take longer than most queries do."""
        wanted: set[str] = set()
        texts = [query]
        while texts:
            for name in (self.unmade.keys() & _NAME.findall(texts.pop())) - wanted:
                wanted.add(name)
                texts.append(self.unmade[name])
        for name in [name for name in self.unmade if name in wanted]:
            self.database.execute(self.unmade[name])
            del self.unmade[name]


@contextmanager
def _readable(where: str) -> Iterator[None]:
    import duckdb  # noqa: PLC0415 - is there, or there were no ledger

    try:
        yield
    except duckdb.Error as error:
        fix = "`guardrail ledger verify` names files that are damaged"
        raise InputError(
            f"the ledger cannot be read: {str(error).splitlines()[0]:.300}", where=where, fix=fix
        ) from None


def open_ledger(store: Store, tags: TagKeys = NO_TAGS) -> Ledger:
    """Return the views over a ledger's facts. Raises ConfigError without DuckDB, InputError for a newer or a damaged ledger."""
    facts = facts_in(store)
    root = store.folder([key.path for key in facts]).resolve()
    scratch = Path(tempfile.mkdtemp(prefix="guardrail-")).resolve()
    ledger = Ledger(connect([root, scratch], scratch=scratch), tuple(facts), scratch, store.where)
    weakref.finalize(ledger, shutil.rmtree, scratch, ignore_errors=True)
    written = {
        kind: gathered(ledger, root, [key for key in facts if key.kind == kind], scratch, columns)
        for kind, columns in WRITTEN.items()
    }
    views = {
        **NORMAL_FORMS,
        **_runs(root, facts, written["runs"]),
        **_inventory(root, facts, written["inventory"]),
        **_charges(root, facts),
        **_points(root, facts),
        **BY_ID,
        **matched(tags),
        **_METRICS,
        **_decisions(written["decisions"], written["rates"]),
    }
    for what, query in views.items():
        name = what.partition("(")[0].split()[-1]
        ledger.unmade[name] = f"create {what} as {query}"
    return ledger


def newest(facts: Iterable[Key]) -> list[Key]:
    """Return the newest generation of each bill. Of two that were imported at once under one number, names decide."""
    bills: dict[tuple[str, str], Key] = {}
    for key in facts:
        if key.kind == "charges":
            of = key.owner, key.month
            bills[of] = max(bills.get(of, key), key, key=lambda one: (one.generation, one.digest))
    return list(bills.values())


def _runs(root: Path, facts: Sequence[Key], written: str) -> dict[str, str]:
    """Return runs, lines and findings. A run that several files hold (compressed twice, or compacted just now) counts once."""
    files = _files(root, facts)
    return {
        "view _written": written,
        "view _runs": f"""
            select {names_of(RUNS)}, batch from _written where record = 'run'
            union all by name {_parquet(files["compact/runs"], {**RUNS, **BATCH}, ["project"])}""",
        "temp table _chosen": """
            select run, batch from _runs
            qualify row_number() over (partition by run order by length(batch), batch) = 1""",
        "view runs": f"select {names_of(RUNS)} from _runs semi join _chosen using (run, batch)",
        "view _lines": f"""
            select record, {names_of(LINES)}, batch from _written where record in ('line', 'line_before')
            union all by name {_parquet(files["compact/lines"], {"record": "VARCHAR", **LINES, **BATCH})}""",
        "view lines": f"""
            select {names_of(LINES)} from _lines semi join _chosen using (run, batch) where record = 'line'""",
        "view lines_before": f"""
            select {names_of(LINES)} from _lines semi join _chosen using (run, batch) where record = 'line_before'""",
        "view _findings": f"""
            select {names_of(FINDINGS)}, batch from _written where record = 'finding'
            union all by name {_parquet(files["compact/findings"], {**FINDINGS, **BATCH})}""",
        "view _found": f"select {names_of(FINDINGS)} from _findings semi join _chosen using (run, batch)",
    }


def _inventory(root: Path, facts: Sequence[Key], written: str) -> dict[str, str]:
    """Return states and their resources; a state without any is one, too."""
    files = _files(root, facts)
    of_state = ("project", "at", "state")
    resource = [name for name in INVENTORY if name not in of_state]
    return {
        "view _states_written": written,
        "view _inventory": f"""
            select {names_of(of_state, "states.")}, {names_of(resource, "found.")}, states.batch
            from (select * from _states_written where record = 'state') as states
            left join (select * from _states_written where record = 'resource') as found using (batch)
            union all by name {_parquet(files["compact/inventory"], {**INVENTORY, **BATCH}, ["project"])}""",
        "temp table _chosen_states": f"""
            select * from (select distinct {names_of(of_state)}, batch from _inventory)
            qualify row_number() over (partition by {names_of(of_state)} order by length(batch), batch) = 1""",
        "view states": f"select {names_of(of_state)} from _chosen_states",
        "view inventory": f"""
            select {names_of(INVENTORY)} from _inventory
            semi join _chosen_states using ({names_of([*of_state, "batch"])}) where address is not null""",
    }


WRITTEN = {
    "runs": {"record": "VARCHAR", **FINDINGS, **LINES, **RUNS},
    "inventory": {"record": "VARCHAR", **INVENTORY},
    "decisions": {"record": "VARCHAR", **DECISIONS},
    "rates": {"record": "VARCHAR", **RATES, "said_at": IMPORTED["imported_at"]},
}
"""What lines of JSON hold, by kind: records of several sorts, each with some of the columns."""
BATCH = {"batch": "VARCHAR"}
"""Which file a record is written in, or which run of `compact` has put it where it is."""


def _charges(root: Path, facts: Sequence[Key]) -> dict[str, str]:
    def of(keys: Iterable[Key]) -> str:
        return _parquet([str(root / key.path) for key in keys], {**CHARGES, **IMPORTED}, ["source", "month"])

    bills = [key for key in facts if key.kind == "charges"]
    return {"view charges": of(newest(bills)), "view charges_all": of(bills)}


_METRICS = {
    "view measurements": """
        with points as (
            select source, id, metric, series, "at", period, arg_max(n, imported_at) as n, arg_max(mean, imported_at) as mean,
                arg_max("min", imported_at) as "min", arg_max("max", imported_at) as "max", arg_max("sum", imported_at) as "sum",
                arg_max(p50, imported_at) as p50, arg_max(p95, imported_at) as p95, arg_max(p99, imported_at) as p99,
                arg_max(unit, imported_at) as unit
            from _points group by source, id, metric, series, "at", period)
        select source, place.project as project, place.address as address, points.* exclude (source)
        from points left join _by_id on resource_id = id""",
    "view metrics": """
        with points as (
            select *, "at"::date as day, min(period) filter (mean is not null) over of_day as of_means,
                min(period) filter ("sum" is not null) over of_day as of_sums
            from measurements window of_day as (partition by source, id, metric, series, "at"::date)),
        told as (
            select *, case when period is not distinct from of_means then mean end as value,
                case when period is not distinct from of_sums then "sum" end as part
            from points)
        select source, project, address, id, metric, series, day, min(of_means) as period, count(value) as points,
            (sum(n) filter (value is not null))::bigint as n, avg(value) as mean, min(least("min", mean)) as "min",
            case when count(value) >= 24 then quantile_cont(value, 0.5) when count(p50) = 1 then max(p50) end as p50,
            case when count(value) >= 24 then quantile_cont(value, 0.95) when count(p95) = 1 then max(p95) end as p95,
            case when count(value) >= 24 then quantile_cont(value, 0.99) when count(p99) = 1 then max(p99) end as p99,
            max(greatest("max", mean)) as "max", sum(part) as "sum", any_value(unit) as unit
        from told group by source, project, address, id, metric, series, day""",
}
"""A point is what was said of it last, statistic by statistic: exports of averages and of maxima go together.

Of a day, the points of the shortest period count, so that an hour is not counted beside its minutes. Percentiles are
those of the points' means, from 24 points on; fewer say nothing of them, unless the export has one of its own.
"""


def _decisions(decisions: str, rates: str) -> dict[str, str]:
    """Return decisions (those of people, and the waivers and approvals that runs have seen), findings with their approval, and rates.

    An approval that somebody has recorded is of the runs from it on until it ends; one that a run has seen is of that run. Of the rates of a month, the one that was said last holds.
    """
    return {
        "view _decided": f"select distinct {names_of(DECISIONS)} from ({decisions}) where record = 'decision'",
        "view findings": """
            select found.*, coalesce(found.approved_by, (
                select arg_max(decided."by", decided."at") from _decided as decided
                where decided.kind = 'approved' and decided.fingerprint = found.fingerprint and decided."at" <= runs."at"
                    and (decided.expires is null or decided.expires >= runs."at"::date))) as approval
            from _found as found left join runs using (run)""",
        "view decisions": f"""
            select {names_of(DECISIONS)} from _decided
            union all
            select min("at"), 'waived', project, rule, address, fingerprint, waiver_owner, waiver, waiver_expires, null, null,
                arg_min(pull_request, "at")
            from _found join runs using (run) where waiver is not null
            group by project, rule, address, fingerprint, waiver_owner, waiver, waiver_expires
            union all
            select min("at"), 'approved', project, rule, address, fingerprint, approved_by,
                coalesce(approval_reason, approved_in), approval_expires, approval_amount, any_value(currency),
                arg_min(pull_request, "at")
            from _found join runs using (run) where approved_by is not null
            group by project, rule, address, fingerprint, approved_by, approved_in, approval_reason, approval_expires,
                approval_amount""",
        "view rates": f"""
            select {names_of(RATES)} from ({rates}) where record = 'rate'
            qualify row_number() over (partition by month, "from", "to" order by said_at desc, batch desc) = 1""",
    }


def _points(root: Path, facts: Sequence[Key]) -> dict[str, str]:
    paths = [str(root / key.path) for key in facts if key.kind == "metrics"]
    columns = {**POINTS, "imported_at": IMPORTED["imported_at"]}
    return {"view _points": _parquet(paths, columns, ["source"])}


def _files(root: Path, facts: Sequence[Key]) -> Mapping[str, list[str]]:
    files: defaultdict[str, list[str]] = defaultdict(list)
    for key in facts:
        files[key.kind].append(str(root / key.path))
    return files


def gathered(ledger: Ledger, root: Path, keys: Sequence[Key], scratch: Path, columns: Mapping[str, str]) -> str:
    """Put the records of many small files into one of Parquet, and return a query for them, with the file of each as `batch`.

    DuckDB opens each file anew for every query, which takes it milliseconds. Raises InputError for a damaged file.
    """
    if not keys:
        return _nothing({**columns, **BATCH})
    lines, target = scratch / "lines.jsonl", scratch / f"{keys[0].kind}.parquet"
    with lines.open("wb") as file:
        for key in keys:
            begin = b'{"batch":' + json.dumps(key.path).encode() + b","
            try:
                records = gzip.decompress((root / key.path).read_bytes()).splitlines()
            except (OSError, EOFError, zlib.error) as error:
                fix = "`guardrail ledger verify` names all files that are damaged"
                raise InputError(f"cannot be read: {error}", where=str(root / key.path), fix=fix) from None
            file.writelines(begin + record[1:] + b"\n" for record in records[1:])
    types = ", ".join(f"{quoted(name)}: {literal(kind)}" for name, kind in {**columns, **BATCH}.items())
    ledger.rows(
        f"copy (select * from read_json({literal(str(lines))}, columns = {{{types}}}, format = 'newline_delimited', "
        f"maximum_object_size = 67108864)) to {literal(str(target))} (format parquet)"
    )
    lines.unlink()
    return f"select * from read_parquet({literal(str(target))})"


def _parquet(files: Sequence[str], columns: Mapping[str, str], hive: Sequence[str] = ()) -> str:
    """Return a query for Parquet; `hive` are columns that the path tells."""
    if not files:
        return _nothing({**columns, **dict.fromkeys(hive, "VARCHAR")})
    names = [name for name in columns if name not in hive]
    return (
        f"select {names_of([*names, *hive])} from read_parquet({literal(files)}, hive_partitioning = true, "
        "hive_types_autocast = false, union_by_name = true)"
    )


def _nothing(columns: Mapping[str, str]) -> str:
    fields = ", ".join(f'null::{kind} as "{name}"' for name, kind in columns.items())
    return f"select {fields} where false"


def names_of(columns: Iterable[str], prefix: str = "") -> str:
    """Return columns as a list of SQL's."""
    return ", ".join(f"{prefix}{quoted(name)}" for name in columns)
