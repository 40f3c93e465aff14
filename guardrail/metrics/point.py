"""A value of a metric at a time, by names that do not depend on the vendor."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

STATISTICS = ("mean", "min", "max", "sum", "p50", "p95", "p99")
"""What a point may tell of the samples in its period, beside their number."""
_LONGEST = 2_048  # characters of a name
_YEARS = 1970, 2999
_LONGEST_PERIOD = 366 * 86_400
_MOST_SAMPLES = 10**15
_NAMES = Path(__file__).with_name("names.toml")
_UNITS = {"%": "percent", "by": "bytes", "1": "", "none": "", "unspecified": ""}
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


class Point(Struct, frozen=True):
    """What was measured of a resource in a period.

    id       of the resource, as the vendor tells it
    series   what tells it from other series of the same metric of the resource ("AvailabilityZone=us-east-1a"), "" for the whole
    at       the beginning of the period
    period   seconds, None where the export does not tell
    n        samples in it, None where the export does not tell
    values   of STATISTICS, those that the export tells
    """

    id: str
    metric: str
    unit: str
    series: str
    at: datetime
    period: int | None
    n: int | None
    values: Mapping[str, float]

    def __post_init__(self) -> None:
        for name in ("id", "metric", "series", "unit"):
            text = getattr(self, name)
            if (
                not isinstance(text, str)
                or len(text) > _LONGEST
                or not (text or name in {"series", "unit"})
                or not text.isprintable()
            ):
                raise ValueError(f"has no {name} that can be told: {text!r:.60}")
        if not _YEARS[0] <= self.at.year <= _YEARS[1]:
            raise ValueError(f"is no time of a metric: {self.at:%Y-%m-%d}")
        if not (self.period is None or 0 < self.period <= _LONGEST_PERIOD):
            raise ValueError(f"is no period in seconds: {self.period!s:.40}")
        if not (self.n is None or 0 <= self.n <= _MOST_SAMPLES):
            raise ValueError(f"is no number of samples: {self.n!s:.40}")
        for value in self.values.values():
            number(value)


class Name(Struct, frozen=True):
    """How a metric is called here, and how the vendor's values become those of its unit."""

    metric: str
    unit: str
    factor: float = 1
    is_free: bool = False

    def values(self, told: Mapping[str, float | None]) -> dict[str, float]:
        """Return the statistics that are told, in the unit. What is free at least is used at most."""
        found = {name: float(value) * self.factor for name, value in told.items() if value is not None}
        if not self.is_free:
            return found
        swapped = {"min": "max", "max": "min", "mean": "mean", "p50": "p50"}
        return {swapped[name]: 100 - value for name, value in found.items() if name in swapped}


def name_of(provider: str, vendor_name: str, unit: str = "") -> Name:
    """Return the name of a vendor's metric; one that is not known keeps its own, with the vendor's unit."""
    return _names().get((provider, vendor_name.casefold())) or Name(vendor_name, unit_of(unit))


def unit_of(text: str) -> str:
    """Return a vendor's unit in small letters: percent, bytes, count, count/second."""
    text = text.lower()
    return _UNITS.get(text, text)


@cache
def _names() -> Mapping[tuple[str, str], Name]:
    return {
        (provider, name.casefold()): Name(one["name"], one["unit"], one.get("factor", 1), one.get("free", False))
        for one in tomllib.loads(_NAMES.read_text(encoding="utf-8"))["metric"]
        for provider in ("aws", "azure", "google")
        for name in one.get(provider, ())
    }


def time_of(value: Any) -> datetime:
    """Return a time: ISO 8601, in UTC where it names no offset, or milliseconds since 1970. Raises ValueError."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000, UTC)
        except (OverflowError, OSError):
            raise ValueError(f"is no time: {value!r:.40}") from None
    text = re.sub(r"(\.\d{6})\d+", r"\1", str(value).strip())  # nanoseconds
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (OverflowError, ValueError):
        raise ValueError(f"is no time: {text!r:.40}") from None


def number(value: Any) -> float | None:
    """Return a finite number; None stays None. Raises ValueError for anything else."""
    if value is None or value == "":
        return None
    try:
        found = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"is no number: {value!r:.40}")
    return found


def seconds_of(text: Any) -> int | None:
    """Return how long a duration of ISO 8601 is (PT5M), None for what is none."""
    found = _DURATION.fullmatch(str(text))
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds or None
