"""Azure Monitor: `az monitor metrics list`, the batch API, and what diagnostic settings export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from guardrail.metrics.point import Point, name_of, number, seconds_of, time_of

_STATISTICS = {"average": "mean", "minimum": "min", "maximum": "max", "total": "sum"}
_OF_METRIC = "/providers/microsoft.insights/metrics/"


def of_list(document: Mapping[str, Any], resource: str = "") -> Iterator[Point]:
    """Give the points of a list of metrics. Raises KeyError, TypeError, ValueError.

    resource  the resource's id, where the document is part of a batch; else each metric's own id begins with it
    """
    period = seconds_of(document.get("interval"))
    for metric in document["value"]:
        begin = metric.get("id", "").lower().find(_OF_METRIC)
        of = resource or (metric["id"][:begin] if begin > 0 else "")
        if not of:
            raise ValueError("has a metric without the id of its resource")
        name = name_of("azure", metric["name"]["value"], metric.get("unit") or "")
        for series in metric["timeseries"]:
            parts = sorted(f"{one['name']['value']}={one['value']}" for one in series.get("metadatavalues") or ())
            for row in series["data"]:
                values = name.values({ours: number(row.get(theirs)) for theirs, ours in _STATISTICS.items()})
                n = number(row.get("count"))
                if values or n is not None:  # a minute without data has its time alone
                    yield Point(
                        of,
                        name.metric,
                        name.unit,
                        ",".join(parts),
                        time_of(row["timeStamp"]),
                        period,
                        None if n is None else int(n),
                        values,
                    )


def of_record(record: Mapping[str, Any]) -> Point:
    """Return a record of a diagnostic setting as a point. Raises KeyError, TypeError, ValueError."""
    name = name_of("azure", record["metricName"])
    n = number(record.get("count"))
    return Point(
        record["resourceId"],
        name.metric,
        name.unit,
        "",
        time_of(record["time"]),
        seconds_of(record.get("timeGrain")),
        None if n is None else int(n),
        name.values({ours: number(record.get(theirs)) for theirs, ours in _STATISTICS.items()}),
    )
