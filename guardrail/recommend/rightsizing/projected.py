"""What a load comes to on another machine."""

from __future__ import annotations


def projected(percent: float, size_from: float, size_to: float) -> float:
    """Return what a load in percent of one size is in percent of another: 20% of 8 vCPUs are 40% of 4."""
    return percent * size_from / size_to
