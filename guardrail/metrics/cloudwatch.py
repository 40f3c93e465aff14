"""CloudWatch: metric streams (JSON), `get-metric-data` with its queries, `get-metric-statistics`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from guardrail.metrics.point import STATISTICS, Name, Point, name_of, number, time_of

_IDS = (
    *("InstanceId", "VolumeId", "NatGatewayId", "DBInstanceIdentifier", "DBClusterIdentifier", "CacheClusterId"),
    *("ClusterIdentifier", "LoadBalancer", "LoadBalancerName", "FunctionName", "TableName", "BucketName", "QueueName"),
    *("TopicName", "StreamName", "FileSystemId", "DomainName", "Broker", "WorkspaceId", "TransitGateway"),
)
"""Dimensions that say which resource it is, the narrowest first."""
_ABOUT_IT = {"ImageId", "InstanceType", "AutoScalingGroupName", "ClientId", "Currency"}
"""Dimensions that say more of the same resource, and do not divide it: CloudWatch's agent appends them."""
_STATISTICS = {"Average": "mean", "Minimum": "min", "Maximum": "max", "Sum": "sum"}


class Query(Struct, frozen=True):
    """What a series of `get-metric-data` was asked for."""

    metric: str
    dimensions: Mapping[str, str]
    period: int
    statistic: str


def of_stream(record: Mapping[str, Any]) -> Point | None:
    """Return a record of a metric stream as a point, None for one of no resource. Raises KeyError, TypeError, ValueError."""
    where = placed(record["dimensions"])
    if where is None:
        return None
    value = record["value"]
    count, total = number(value["count"]), number(value["sum"])
    told = {
        "sum": total,
        "max": number(value.get("max")),
        "min": number(value.get("min")),
        "mean": total / count if count and total is not None else None,
        **{name: number(value.get(name)) for name in ("p50", "p95", "p99")},
    }
    name = name_of("aws", record["metric_name"], record.get("unit") or "")
    # A stream has a point for each minute, those of a second where the metric has that resolution.
    return Point(
        where[0],
        name.metric,
        name.unit,
        where[1],
        time_of(record["timestamp"]),
        60,
        int(count or 0),
        name.values(told),
    )


def queries_of(document: Any) -> dict[str, Query] | None:
    """Return the queries of `get-metric-data` by their ids, None for what holds none. Raises KeyError, TypeError, ValueError."""
    rows = document.get("MetricDataQueries") if isinstance(document, dict) else document
    if not isinstance(rows, list) or not any(isinstance(row, dict) and "MetricStat" in row for row in rows):
        return None
    found: dict[str, Query] = {}
    for row in rows:
        if asked := row.get("MetricStat"):  # not an expression over others
            dimensions = {one["Name"]: one["Value"] for one in asked["Metric"].get("Dimensions", ())}
            found[row["Id"]] = Query(asked["Metric"]["MetricName"], dimensions, int(asked["Period"]), asked["Stat"])
    return found


def of_data(results: Iterable[Mapping[str, Any]], queries: Mapping[str, Query]) -> Iterator[Point | None]:
    """Give the points of `get-metric-data`, None for one of no resource.

    Raises KeyError, TypeError, ValueError: also for a series that no query is known of.
    """
    for series in results:
        query = queries.get(series["Id"])
        if query is None:
            raise ValueError(f"has a series {series['Id']!r:.60}, and no file tells its query")
        statistic = _STATISTICS.get(query.statistic, query.statistic)
        where = placed(query.dimensions)
        name = name_of("aws", query.metric)
        times, values = series["Timestamps"], series["Values"]
        if len(times) != len(values):
            raise ValueError(f"has a series of {len(times):,} times and {len(values):,} values")
        for at, value in zip(times, values, strict=True):
            if where is None:
                yield None
                continue
            n = None
            told: dict[str, float | None] = {}
            if statistic == "SampleCount":
                n = int(number(value) or 0)
            elif statistic in STATISTICS:
                told = {statistic: number(value)}
            else:
                raise ValueError(f"has a series of {query.statistic!r:.40}, which is not read")
            yield Point(where[0], name.metric, name.unit, where[1], time_of(at), query.period, n, name.values(told))


def of_statistics(document: Mapping[str, Any], resource: str, metric: str) -> Iterator[Point]:
    """Give the points of `get-metric-statistics`, which does not say which resource they are of.

    Raises KeyError, TypeError, ValueError.
    """
    for row in document["Datapoints"]:
        more = row.get("ExtendedStatistics") or {}
        told = {ours: number(row.get(theirs)) for theirs, ours in _STATISTICS.items()}
        told |= {name: number(more.get(name)) for name in ("p50", "p95", "p99")}
        n = number(row.get("SampleCount"))
        given = name_of("aws", document.get("Label") or "", row.get("Unit") or "")
        name = Name(metric, given.unit) if metric else given
        if not name.metric:
            raise ValueError("has no label")
        yield Point(
            resource,
            name.metric,
            name.unit,
            "",
            time_of(row["Timestamp"]),
            None,
            None if n is None else int(n),
            name.values(told),
        )


def placed(dimensions: Mapping[str, str]) -> tuple[str, str] | None:
    """Return which resource dimensions are of, and what part of it; None for no resource, such as all instances of a type."""
    given = next((name for name in _IDS if name in dimensions), None)
    if given is None:
        return None
    of = dimensions[given]
    identifier = of.rpartition("/")[2] if given == "LoadBalancer" else of  # app/name/id: what an ARN ends in
    rest = sorted(name for name in dimensions if name != given and name not in _ABOUT_IT)
    return identifier, ",".join(f"{name}={dimensions[name]}" for name in rest)


def is_results(document: Any) -> bool:
    """Whether a document is what `get-metric-data` returns."""
    return isinstance(document, dict) and isinstance(document.get("MetricDataResults"), Sequence)
