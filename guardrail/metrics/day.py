"""A day of a metric of a resource: what its samples came to."""

from __future__ import annotations

from datetime import date

from msgspec import Struct


class MetricDay(Struct, frozen=True):
    """One metric of one resource on one day.

    source  where it was measured ("cloudwatch")
    id      what the vendor calls the resource, in one of the spellings of the ledger
    metric  cpu, memory, ...
    n       number of samples; the others are quantiles of them, in `unit` ("percent", "bytes"), None where they are not told
    """

    source: str
    id: str
    metric: str
    day: date
    n: int
    mean: float
    min: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    max: float
    unit: str
