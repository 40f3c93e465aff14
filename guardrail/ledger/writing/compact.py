"""Past months of runs and states as a few files of Parquet, and the end of what is older than is kept."""

from __future__ import annotations

import secrets
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from msgspec import Struct

from guardrail.ledger.columns import FINDINGS, INVENTORY, LINES, RUNS
from guardrail.ledger.duck import connect, literal
from guardrail.ledger.storage.layout import Key, month_of, path_of
from guardrail.ledger.storage.store import Store
from guardrail.ledger.storage.verify import facts_in
from guardrail.ledger.views import WRITTEN, Ledger, gathered, names_of


class Compacted(Struct, frozen=True):
    """How many files were put together into how many, and how many were removed for their age."""

    replaced: int
    written: int
    outdated: int


def compact(store: Store, now: datetime, keep: int | None = None) -> Compacted:
    """Put the runs and states of past months together, and remove all facts that are more than `keep` months old.

    What is written first is what is read: a run that is in two files counts once, so that one who reads meanwhile, or a
    `compact` that is killed, sees each run once. Raises InputError for a damaged file, ConfigError without DuckDB.
    """
    facts = facts_in(store)
    outdated = [key for key in facts if keep is not None and key.month < month_before(now, keep)]
    for key in outdated:
        store.remove(key.path)
    groups: defaultdict[tuple[str, str, str], list[Key]] = defaultdict(list)
    for key in facts:
        if key.kind in {"runs", "inventory"} and key.month < month_of(now) and key not in outdated:
            groups[key.kind, key.owner, key.month].append(key)
    written = 0
    for (kind, owner, month), keys in sorted(groups.items()):
        with tempfile.TemporaryDirectory(prefix="guardrail-") as scratch:
            for table, data in _tables(store, kind, keys, Path(scratch)):
                written += store.put(path_of(f"compact/{table}", unquote(owner), month, "", data, "parquet"), data)
        for key in keys:
            store.remove(key.path)
    return Compacted(sum(map(len, groups.values())), written, len(outdated))


def month_before(now: datetime, months: int) -> str:
    """Return the month so many months before that of a time."""
    count = now.year * 12 + now.month - 1 - months
    return f"{count // 12:04}-{count % 12 + 1:02}"


def _tables(store: Store, kind: str, keys: Sequence[Key], scratch: Path) -> Iterator[tuple[str, bytes]]:
    """Give the tables that hold what files of a month say; runs come last, since without one its lines are not read."""
    root = store.folder([key.path for key in keys]).resolve()
    target = scratch / "table.parquet"
    with connect([root, scratch], scratch=scratch) as database:
        ledger = Ledger(database, tuple(keys), scratch, store.where)
        written = f"({gathered(ledger, root, keys, scratch, WRITTEN[kind])})"
        queries = _of_runs(written) if kind == "runs" else _of_states(written)
        for table, query in queries.items():
            ledger.rows(f"copy ({query}) to {literal(str(target))} (format parquet, compression zstd)")
            yield table, target.read_bytes()


def _of_runs(written: str) -> dict[str, str]:
    chosen = f"""(select run, batch from {written} where record = 'run'
        qualify row_number() over (partition by run order by batch) = 1)"""
    batch = literal(secrets.token_hex(8))  # two that compact at once are two batches, of which one is read
    rows = f"from {written} semi join {chosen} using (run, batch)"
    run = [name for name in RUNS if name != "project"]  # which the path tells
    order = 'order by run, record, "address"'
    return {
        "lines": f"select record, {names_of(LINES)}, {batch} as batch {rows} where record in ('line', 'line_before') {order}",
        "findings": f"select {names_of(FINDINGS)}, {batch} as batch {rows} where record = 'finding' {order}",
        "runs": f"""select {names_of(run)}, {batch} as batch {rows} where record = 'run' order by "at", run""",
    }


def _of_states(written: str) -> dict[str, str]:
    resource = [name for name in INVENTORY if name not in {"project", "at", "state"}]
    batch = literal(secrets.token_hex(8))
    return {
        "inventory": f"""
            with states as (select * from {written} where record = 'state'
                qualify row_number() over (partition by "at", state order by batch) = 1)
            select states."at", states.state, {names_of(resource, "found.")}, {batch} as batch
            from states left join (select * from {written} where record = 'resource') as found on found.batch = states.batch
            order by all"""
    }
