"""Points in a CSV file that anybody can write: one value a row, or the statistics of a period."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache

from guardrail.metrics.point import STATISTICS, Point, number, time_of, unit_of

_AT = ("at", "time", "timestamp", "day")
COLUMNS = "id, metric, at and value (or n, mean, min, max, sum, p50, p95, p99), unit and period where they are known, with commas in between"


class LineError(ValueError):
    """A row that cannot be read, with its line."""


def points_of_csv(lines: Iterable[str], resource: str, metric: str) -> Iterator[Point]:
    """Give the points of rows. `resource` and `metric` are of all rows, in place of columns. Raises LineError."""
    reader = csv.DictReader(lines, strict=True)
    try:
        given = [name.strip().lower() for name in reader.fieldnames or ()]
    except csv.Error as error:
        raise LineError(f"line 1: {error}") from None
    if twice := next((name for name in given if name and given.count(name) > 1), None):
        raise LineError(f"line 1: two columns are called {twice!r:.40}")
    names = dict(zip(given, reader.fieldnames or (), strict=True))
    at = next((names[name] for name in _AT if name in names), None)
    lacking = [
        name for name, given in (("id", resource), ("metric", metric), ("at", at)) if not given and name not in names
    ]
    if not {"value", *STATISTICS} & names.keys():
        lacking.append("value")
    if lacking or at is None:
        raise LineError(f"line 1: lacks the columns {', '.join(lacking)}; a file has {COLUMNS}")
    columns = {name: column for name, column in names.items() if name not in _AT}
    try:
        for row in reader:
            if None in row or None in row.values():
                raise ValueError("has another number of fields than the header")  # noqa: TRY301 - its line is told below
            yield _point({**{name: row[column] for name, column in columns.items()}, "at": row[at]}, resource, metric)
    except (ValueError, csv.Error) as error:
        raise LineError(f"line {reader.line_num}: {error}") from None


@lru_cache(maxsize=65_536)  # many resources are measured at the same times
def _time_of(text: str) -> datetime:
    return time_of(text)


def _point(row: Mapping[str, str], resource: str, metric: str) -> Point:
    values = {name: found for name in STATISTICS if (found := number(row.get(name))) is not None}
    value = number(row.get("value"))
    if value is not None:
        values.setdefault("mean", value)
    of, name = resource or row["id"].strip(), metric or row["metric"].strip()
    if not of or not name:
        raise ValueError("says no id or no metric")
    if not values:
        raise ValueError("has no value")
    n, period = number(row.get("n")), number(row.get("period"))
    return Point(
        of,
        name,
        unit_of(row.get("unit") or ("percent" if name in {"cpu", "memory"} else "")),
        (row.get("series") or "").strip(),
        _time_of(row["at"]),
        None if period is None else int(period),
        None if n is None else int(n),
        values,
    )
