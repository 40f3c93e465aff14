"""Google's Cloud Monitoring: time series as `projects.timeSeries.list` returns them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from guardrail.metrics.point import Name, Point, name_of, number, time_of

_PERCENT = "10^2.%"  # Google's unit of a fraction that people read as percent
_MEMORY_USED = "agent.googleapis.com/memory/percent_used"


def of_series(rows: Iterable[Mapping[str, Any]], unit: str = "") -> Iterator[Point | None]:
    """Give the points of time series, None for one of no resource. Raises KeyError, TypeError, ValueError."""
    for row in rows:
        kind, labels = row["metric"]["type"], dict(row["metric"].get("labels") or {})
        of = _resource(row["resource"]["type"], row["resource"].get("labels") or {}, labels)
        if kind == _MEMORY_USED and labels.pop("state", "used") != "used":
            continue  # what is free, cached and buffered are series of their own
        name = _name(kind, row.get("unit") or unit)
        series = ",".join(f"{key}={value}" for key, value in sorted(labels.items()) if key not in _ABOUT_IT)
        for point in row["points"]:
            if of is None:
                yield None
                continue
            end = time_of(point["interval"]["endTime"])
            begin = time_of(point["interval"].get("startTime") or point["interval"]["endTime"])
            period = int((end - begin).total_seconds())
            n, told = _told(point["value"], is_sum=row.get("metricKind") == "DELTA")
            yield Point(of, name.metric, name.unit, series, begin, period or None, n, name.values(told))


_ABOUT_IT = {"instance_name", "instance_id"}


def _name(kind: str, unit: str) -> Name:
    found = name_of("google", kind, unit)
    return Name(kind, "percent", 100) if found.metric == kind and unit == _PERCENT else found


def _told(value: Mapping[str, Any], *, is_sum: bool) -> tuple[int | None, dict[str, float | None]]:
    """Return the number of samples and what is told of them; of a distribution its mean."""
    if spread := value.get("distributionValue"):
        return int(number(spread.get("count")) or 0), {"mean": number(spread.get("mean"))}
    found = number(value.get("doubleValue", value.get("int64Value")))
    if found is None:
        raise ValueError("has a point that is no number")
    return None, {"mean": found, "sum": found if is_sum else None}


def _resource(kind: str, labels: Mapping[str, str], of_metric: Mapping[str, str]) -> str | None:
    """Return what a monitored resource is called in Google's own names, which states and bills have."""
    project = labels.get("project_id", "")
    match kind:
        case "gce_instance":
            name = of_metric.get("instance_name") or labels["instance_id"]
            return f"projects/{project}/zones/{labels['zone']}/instances/{name}"
        case "cloudsql_database":
            return f"projects/{project}/instances/{labels['database_id'].rpartition(':')[2]}"
        case "cloud_run_revision":
            return f"projects/{project}/locations/{labels['location']}/services/{labels['service_name']}"
        case "gcs_bucket":
            return f"projects/_/buckets/{labels['bucket_name']}"
        case "redis_instance":
            return labels["instance_id"]
    return None
