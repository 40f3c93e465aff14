"""What AWS says of Spot: how far below the price on demand it was, and how often machines were interrupted, in 30 days."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from msgspec import Struct

from guardrail import data
from guardrail.errors import CatalogError

SOURCE = "aws-spot-advisor-2025-06"
"""The row of pricing/sources.csv that tells where this comes from, and of which day it is."""
BANDS = ("< 5%", "5-10%", "10-15%", "15-20%", "> 20%")
"""How many of the machines were interrupted in a month, by band."""


class Advice(Struct, frozen=True):
    """What AWS says of a machine type in a region: percent below the price on demand, and the band of interruptions."""

    saving: int
    band: int


@cache
def advice(region: str) -> Mapping[str, Advice]:
    """Return what AWS says of Linux on Spot in a region, by machine type; nothing for a region that it does not tell of.

    Raises CatalogError for a file that is missing or damaged.
    """
    path = data.pricing_dir() / "spot" / "aws-linux.csv"
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.reader(lines) if row[0] == region]
        return MappingProxyType({machine: Advice(int(saving), int(band)) for _, machine, saving, band in rows})
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise CatalogError(f"cannot be read: {error}", where=str(path), fix="install guardrail again") from None


@cache
def as_of() -> str:
    """Return the day of the advice. Raises CatalogError where nothing tells it: how old it is must be said."""
    path = data.pricing_dir() / "sources.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        day = next((row["as_of"] for row in csv.DictReader(lines) if row["id"] == SOURCE), "")
    if not day:
        raise CatalogError(f"has no row {SOURCE}", where=str(path), fix="install guardrail again")
    return day
