"""Units of prices: the same may be sold by the hour or by the day, by 10 thousand or by a million."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from msgspec import Struct

_MONTH = Decimal(730)
_HOURS = {
    "Second": Decimal(1) / 3600,
    "Minute": Decimal(1) / 60,
    "Hour": Decimal(1),
    "Day": Decimal(24),
    "Month": _MONTH,
}
_THOUSANDS = {"": 1, "K": 1_000, "M": 1_000_000}
_GIGABYTES = {"MB": Decimal(1) / 1024, "GB": Decimal(1), "GiB": Decimal(1), "TB": Decimal(1024)}
_GOOGLE_TIMES = {"s": "Second", "min": "Minute", "h": "Hour", "d": "Day", "mo": "Month"}
_GOOGLE_BYTES = {"By": Decimal(1) / 2**30, "MiBy": Decimal(1) / 1024, "GiBy": Decimal(1), "TiBy": Decimal(1024)}
_AZURE = re.compile(
    rf"^(?P<number>\d+)(?P<thousands>[KM]?)( ?(?P<bytes>{'|'.join(_GIGABYTES)})| (IOPS|Count|Rotation|unit))?"
    rf"([ /](?P<time>{'|'.join(_HOURS)})s?)?$"
)
"""`1 Hour`, `1/Day`, `10K`, `1 GB/Month`, `100 Seconds`, `1 GiB Hour`. Azure's gigabytes have 2^30 bytes."""
_GOOGLE = re.compile(rf"^(?P<bytes>{'|'.join(_GOOGLE_BYTES)})?(count)?\.?(?P<time>{'|'.join(_GOOGLE_TIMES)})?$")
"""`GiBy.mo`, `h`, `count`."""


class _Unit(Struct, frozen=True):
    """How many pieces, or gigabytes, for how many hours; without hours: once."""

    amount: Decimal
    is_bytes: bool
    hours: Decimal | None


def factor(wanted: str, found: str) -> Decimal | None:
    """Return what makes a price for the unit `found` one for the unit `wanted`; None where units cannot be compared.

    Azure and Google change the unit of a price (an hour for a day), and so may sources of prices. A month of something
    is the same as one of it, since quantities are those of a month.
    """
    return Decimal(1) if wanted == found else _factor(wanted, found)


@lru_cache(maxsize=1024)
def _factor(wanted: str, found: str) -> Decimal | None:
    left, right = _read(wanted), _read(found)
    if left is None or right is None or left.is_bytes != right.is_bytes:
        return None
    if left.hours is not None and right.hours is not None:
        return left.amount * left.hours / (right.amount * right.hours)
    if {left.hours, right.hours} <= {None, _MONTH}:
        return left.amount / right.amount
    return None


def _read(unit: str) -> _Unit | None:
    azure = _AZURE.match(unit)
    if azure:
        size, time = azure["bytes"], azure["time"]
        pieces = Decimal(azure["number"]) * _THOUSANDS[azure["thousands"]]
        return _Unit(pieces * _GIGABYTES.get(size, Decimal(1)), size is not None, _HOURS[time] if time else None)
    google = _GOOGLE.match(unit)
    if google and unit:
        size, time = google["bytes"], google["time"]
        hours = _HOURS[_GOOGLE_TIMES[time]] if time else None
        return _Unit(_GOOGLE_BYTES.get(size, Decimal(1)), size is not None, hours)
    return None
