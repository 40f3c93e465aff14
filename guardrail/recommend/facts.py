"""What is known beside plans and prices, read from files of metrics and from a ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from guardrail.errors import InputError
from guardrail.ledger.records.identifiers import normal_forms
from guardrail.metrics.day import MetricDay
from guardrail.metrics.point import Point
from guardrail.metrics.reading import metrics_files
from guardrail.recommend.metrics import windows
from guardrail.recommend.scene import Facts, Hours

METRICS = ("cpu", "memory", "memory_free", "connections", "requests")
"""The metrics that kinds of recommendations read."""
DAYS = 92
"""Days of metrics that count: a quarter, so that the end of a month, and of a quarter, is among them."""
_LEAST_POINTS = 24  # for percentiles of a day


def facts_of_files(paths: Sequence[Path]) -> Facts:
    """Read files of metrics, in any format that `guardrail ledger import --metrics` takes. Raises InputError."""
    days = (day for file in metrics_files(paths) for day in _days(file.source, file.points))
    return Facts(windows(_by_every_name(days), DAYS))


def facts_of_ledger(where: str, *, with_unmanaged: bool = False) -> Facts:
    """Read what a ledger knows of resources; `with_unmanaged`: and what is billed and in no state. Raises ConfigError without DuckDB, InputError for a ledger that is empty, or cannot be read."""
    from guardrail.ledger.queries.observed import billed_hours, known_ids, metric_days  # noqa: PLC0415 - only with a ledger
    from guardrail.ledger.queries.unmanaged import unmanaged  # noqa: PLC0415
    from guardrail.ledger.storage.store import open_store  # noqa: PLC0415
    from guardrail.ledger.views import open_ledger  # noqa: PLC0415

    store = open_store(where)
    if not store.paths():
        raise InputError(
            "there is no ledger, or it is empty", where=where, fix="`guardrail ledger add` and `import` fill it"
        )
    ledger = open_ledger(store)
    days = metric_days(ledger, METRICS, DAYS)
    hours = {
        name: Hours(one.hours, one.on_demand, one.source, one.month)
        for one in billed_hours(ledger)
        for name in normal_forms(one.id)
    }
    ids = {(project, address): ids for project, address, ids in known_ids(ledger)}
    return Facts(windows(_by_every_name(days), DAYS), hours, ids, tuple(unmanaged(ledger)) if with_unmanaged else ())


def joined(first: Facts, second: Facts) -> Facts:
    """Return the facts of both; of what both know, those of the second."""
    by_id = {**first.windows.by_id, **second.windows.by_id}
    return Facts(
        type(first.windows)(by_id), {**first.hours, **second.hours}, {**first.ids, **second.ids}, first.unmanaged
    )


def _by_every_name(days: Iterable[MetricDay]) -> Iterator[MetricDay]:
    """Give each day by all spellings of its id."""
    for day in days:
        for name in normal_forms(day.id):
            yield day if name == day.id else replace(day, id=name)


def _days(source: str, points: Iterable[Point | None]) -> Iterator[MetricDay]:
    """Sum points up by day, as the view of the ledger does: percentiles are those of the points' means."""
    found: defaultdict[tuple[str, str, str, date], list[Point]] = defaultdict(list)
    for point in points:
        if point and not point.series and point.metric in METRICS:
            found[point.id, point.metric, point.unit, point.at.date()].append(point)
    for (id_, metric, unit, day), some in found.items():
        shortest = min((point.period or 0 for point in some), default=0)
        alike = [point for point in some if (point.period or 0) == shortest and "mean" in point.values]
        if alike:
            yield _day(source, id_, metric, unit, day, alike)


def _day(source: str, id_: str, metric: str, unit: str, day: date, points: Sequence[Point]) -> MetricDay:
    if len(points) == 1:
        told, n = points[0].values, points[0].n or 1
        mean, most = told["mean"], max(told.get("max", told["mean"]), told["mean"])
        quantiles = told.get("p50"), told.get("p95"), told.get("p99")
        return MetricDay(source, id_, metric, day, n, mean, told.get("min", mean), *quantiles, most, unit)
    means = sorted(point.values["mean"] for point in points)
    enough = len(means) >= _LEAST_POINTS
    p50, p95, p99 = (_quantile(means, share) if enough else None for share in (0.5, 0.95, 0.99))
    n = len(means)
    most = max(max(point.values.get("max", mean), mean) for point in points for mean in [point.values["mean"]])
    least = [point.values["min"] for point in points if "min" in point.values] or means
    return MetricDay(source, id_, metric, day, n, sum(means) / len(means), min(least), p50, p95, p99, most, unit)


def _quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile of sorted values, between two of them in proportion."""
    place = share * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)
