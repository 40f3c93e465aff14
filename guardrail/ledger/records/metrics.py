"""Metrics into a ledger: the points of files, by month, as Parquet."""

from __future__ import annotations

import csv
import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from guardrail import __version__
from guardrail.errors import ConfigError, InputError
from guardrail.ledger.columns import POINTS
from guardrail.ledger.duck import connect, literal, quoted
from guardrail.ledger.storage.layout import SCHEMA, folder_of, month_of, parsed, path_of
from guardrail.ledger.storage.store import Store
from guardrail.metrics.point import STATISTICS, Point
from guardrail.metrics.reading import metrics_files

_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HEAD = 12  # digits of the digest of points, beside that of the file's bytes


class ImportedMetrics(Struct, frozen=True):
    """A month of a source. `path` is "" where the ledger has these points already."""

    source: str
    month: str
    path: str
    points: int
    resources: int
    metrics: tuple[str, ...]


class _Month:
    """The points of a month as CSV, with what is told of them."""

    def __init__(self, target: Path, stack: ExitStack) -> None:
        self.target = target
        self.digest = hashlib.sha256()
        self.points = 0
        self.resources: set[str] = set()
        self.metrics: set[str] = set()
        self._writer = csv.writer(stack.enter_context(target.open("w", encoding="utf-8", newline="")))

    def add(self, point: Point) -> None:
        values = [point.values.get(name) for name in STATISTICS]
        row: list[Any] = [point.id, point.metric, point.series, point.at.isoformat(), point.period, point.n, *values]
        texts = ["" if value is None else str(value) for value in (*row, point.unit)]
        self.digest.update("\x1f".join(texts).encode() + b"\n")
        self._writer.writerow(texts)
        self.points += 1
        self.resources.add(point.id)
        self.metrics.add(point.metric)


def import_metrics(
    files: Sequence[Path], store: Store, now: datetime, *, source: str = "", resource: str = "", metric: str = ""
) -> tuple[list[ImportedMetrics], list[str]]:
    """Import files of metrics, and return what became of each month of each source, and what is odd about them.

    source            the name of where they come from; "" for what their format is called
    resource, metric  what the points of files are of that do not say it
    Raises InputError for a file that cannot be read: then nothing is imported. ConfigError for a name, and without DuckDB.
    """
    if source and not _SOURCE.fullmatch(source):
        raise ConfigError(f"{source!r} is no name of a source", where="--as", fix="letters, digits, . _ and -")
    with tempfile.TemporaryDirectory(prefix="guardrail-") as scratch:
        folder = Path(scratch)
        with connect([folder], scratch=folder) as database:
            months, ownerless = _collected(files, folder, source, resource, metric)
            found = []
            for (owner, month), one in sorted(months.items()):
                head = one.digest.hexdigest()[:_HEAD]
                known = map(parsed, store.paths(folder_of("metrics", owner, month)))
                path = ""
                if not any(key and key.head == head for key in known):
                    data = _parquet(database, one.target, now)
                    path = path_of("metrics", owner, month, head, data, "parquet")
                    store.put(path, data)
                told = one.points, len(one.resources), tuple(sorted(one.metrics))
                found.append(ImportedMetrics(owner, month, path, *told))
    odd = [f"{path}: {count:,} points are of no resource, and are left out" for path, count in ownerless.items()]
    return found, odd


def _collected(
    files: Sequence[Path], folder: Path, source: str, resource: str, metric: str
) -> tuple[dict[tuple[str, str], _Month], Counter[str]]:
    """Write the points of all files by source and month. Raises InputError for a file without points."""
    months: dict[tuple[str, str], _Month] = {}
    ownerless: Counter[str] = Counter()
    with ExitStack() as stack:
        for file in metrics_files(files, resource, metric):
            count = 0
            for count, point in enumerate(file.points, 1):  # noqa: B007 - how many there were is told below
                if point is None:
                    ownerless[str(file.path)] += 1
                    continue
                key = source or file.source, month_of(point.at)
                if key not in months:
                    months[key] = _Month(folder / f"{len(months)}.csv", stack)
                months[key].add(point)
            if not count:
                raise InputError("has no points", where=str(file.path), fix="nothing was imported")
    if not months:
        raise InputError("no point in these files is of a resource", fix="nothing was imported")
    return months, ownerless


def _parquet(database: Any, source: Path, now: datetime) -> bytes:
    target = source.with_suffix(".parquet")
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in _written().items())
    notes = f"schema: {literal(SCHEMA)}, tool: {literal(__version__)}"
    query = f"""
        copy (select {", ".join(map(quoted, POINTS))}, {literal(now.astimezone(UTC).isoformat())}::timestamptz as imported_at
            from read_csv({literal(str(source))}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"',
                columns = {{{columns}}}, strict_mode = true, nullstr = '', force_not_null = ['series', 'unit']))
        to {literal(str(target))} (format parquet, compression zstd, kv_metadata {{{notes}}})"""
    import duckdb  # noqa: PLC0415 - is there, or there were no database

    try:
        database.execute(query)
    except duckdb.Error as error:
        what = f"these metrics cannot be kept: {str(error).splitlines()[0]:.200}"
        raise InputError(what, fix="nothing was imported") from None
    return target.read_bytes()


def _written() -> dict[str, str]:
    """Return the columns in the order in which `_Month` writes them."""
    order = ("id", "metric", "series", "at", "period", "n", *STATISTICS, "unit")
    return {name: POINTS[name] for name in order}
