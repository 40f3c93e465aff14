"""What metrics of resources were over a window: daily quantiles in, one bound of the 99th percentile out."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct, field

from guardrail.metrics.day import MetricDay

_ABOVE_P50, _ABOVE_P95, _ABOVE_P99 = 0.5, 0.05, 0.01


class Window(Struct, frozen=True):
    """One metric of one resource over the days that there are.

    days     number of days that have samples
    p99      an upper bound of the 99th percentile of all samples together: quantiles of days cannot tell it exactly
    sources  who measured it, with commas between them
    """

    metric: str
    unit: str
    days: int
    first: date
    last: date
    samples: int
    mean: float
    min: float | None
    p99: float
    max: float
    sources: str

    @property
    def span(self) -> str:
        """First and last day."""
        return f"{self.first} to {self.last}"


class Windows(Struct, frozen=True):
    """Windows by id and metric."""

    by_id: Mapping[tuple[str, str], Window] = field(default_factory=dict)

    def of(self, id_: str, metric: str) -> Window | None:
        """Return the window of a metric, None where there is none."""
        return self.by_id.get((id_, metric))

    def __bool__(self) -> bool:
        return bool(self.by_id)


def windows(days: Iterable[MetricDay], newest: int = 92) -> Windows:
    """Return days as windows: of each metric of each resource the `newest` days.

    Days in more than one unit make no window: nothing tells which is meant.
    """
    found: defaultdict[tuple[str, str], list[MetricDay]] = defaultdict(list)
    for day in days:
        if day.n > 0:
            found[day.id, day.metric].append(day)
    kept = {key: sorted(some, key=lambda one: one.day)[-newest:] for key, some in found.items()}
    return Windows({key: _window(some) for key, some in kept.items() if len({one.unit for one in some}) == 1})


def _window(days: Sequence[MetricDay]) -> Window:
    samples = sum(day.n for day in days)
    least = [day.min for day in days if day.min is not None]
    return Window(
        days[0].metric,
        days[0].unit,
        len({day.day for day in days}),
        days[0].day,
        days[-1].day,
        samples,
        math.fsum(day.mean * day.n for day in days) / samples,
        min(least) if len(least) == len(days) else None,
        p99_bound(days),
        max(day.max for day in days),
        ", ".join(sorted({day.source for day in days})),
    )


def p99_bound(days: Sequence[MetricDay]) -> float:
    """Return the least value of which the quantiles of days tell that no more than 1% of all samples exceed it.

    Of a day, no sample is above its maximum, 1% are above its p99, 5% above its p95, half above its median. So the bound is
    never below the true percentile, and one day with a peak does not decide alone where its share of the samples is small.
    """
    samples = sum(day.n for day in days)

    def above(value: float) -> float:
        return sum(day.n * _share_above(day, value) for day in days)

    quantiles = (value for day in days for value in (day.p50, day.p95, day.p99, day.max))
    values = sorted({value for value in quantiles if value is not None})
    low, high = 0, len(values) - 1
    while low < high:  # what is above falls as the value rises, and above the largest there is nothing
        middle = (low + high) // 2
        if above(values[middle]) <= samples * _ABOVE_P99 * (1 + 1e-12):
            high = middle
        else:
            low = middle + 1
    return values[low]


def _share_above(day: MetricDay, value: float) -> float:
    if value >= day.max:
        return 0.0
    steps = ((day.p99, _ABOVE_P99), (day.p95, _ABOVE_P95), (day.p50, _ABOVE_P50))
    return next((share for quantile, share in steps if quantile is not None and value >= quantile), 1.0)
