"""Timestamps and durations, to the nanosecond as CEL has them, which Python's own types do not hold."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache

from msgspec import Struct

from guardrail.cel.functions.function import fault, function

_SECOND = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62_135_596_800 * _SECOND, 253_402_300_800 * _SECOND - 1  # the years 1 to 9999
_MOST = 315_576_000_000 * _SECOND  # of a duration: 10,000 years, as protobuf has it
_UNITS = {"h": 3600 * _SECOND, "m": 60 * _SECOND, "s": _SECOND, "ms": 1_000_000, "us": 1_000, "µs": 1_000, "ns": 1}
_TIMESTAMP = r"(?a)(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))"
_DURATION = r"(?a)([+-]?)((?:\d+(?:\.\d*)?(?:ms|us|µs|ns|h|m|s))+|0)"
_PART = r"(?a)(\d+)(?:\.(\d*))?(ms|us|µs|ns|h|m|s)"
_OFFSET = r"(?a)([+-]?)(\d\d):(\d\d)"


class Timestamp(Struct, frozen=True, order=True):
    """A point in time, in nanoseconds since 1970. Raises FunctionError outside the years 1 to 9999."""

    ns: int

    def __post_init__(self) -> None:
        if not _FIRST <= self.ns <= _LAST:
            raise fault()

    def at(self, zone: tzinfo) -> datetime:
        """Return the date and time somewhere, to the microsecond."""
        return (_EPOCH + timedelta(microseconds=self.ns // 1000)).astimezone(zone)


class Duration(Struct, frozen=True, order=True):
    """A span of time in nanoseconds. Raises FunctionError beyond 10,000 years."""

    ns: int

    def __post_init__(self) -> None:
        if abs(self.ns) > _MOST:
            raise fault()


def as_timestamp(value: Timestamp | datetime) -> Timestamp:
    """Return a timestamp as either engine hands it over."""
    if isinstance(value, Timestamp):
        return value
    since = value - _EPOCH
    return Timestamp((since.days * 86_400 + since.seconds) * _SECOND + since.microseconds * 1000)


def as_duration(value: Duration | timedelta) -> Duration:
    """Return a duration as either engine hands it over."""
    if isinstance(value, Duration):
        return value
    return Duration((value.days * 86_400 + value.seconds) * _SECOND + value.microseconds * 1000)


def timestamp_text(value: Timestamp | datetime) -> str:
    """Return a timestamp as RFC 3339 has it, in UTC."""
    ns = as_timestamp(value).ns
    moment = Timestamp(ns - ns % _SECOND).at(UTC)
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}{_fraction(ns % _SECOND)}Z"


def duration_text(value: Duration | timedelta) -> str:
    """Return a duration in seconds."""
    ns = as_duration(value).ns
    return f"{'-' * (ns < 0)}{abs(ns) // _SECOND}{_fraction(abs(ns) % _SECOND)}s"


def _fraction(ns: int) -> str:
    return f".{ns:09}".rstrip("0") if ns else ""


@function("timestamp", params="s", result="t", native=True)
def timestamp(text: str) -> Timestamp:
    """Read RFC 3339."""
    found = re.fullmatch(_TIMESTAMP, text)
    if not found:
        raise fault()
    *date_and_time, fraction, sign, hours, minutes = found.groups()
    try:
        moment = datetime(*map(int, date_and_time), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        raise fault() from None
    offset = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
    seconds = (moment - _EPOCH) // timedelta(seconds=1) - offset
    return Timestamp(seconds * _SECOND + int((fraction or "").ljust(9, "0")))


@function("timestamp", params="i", result="t", native=True)
def timestamp_of_seconds(seconds: int) -> Timestamp:
    """Return the point in time so many seconds after 1970."""
    return Timestamp(seconds * _SECOND)


@function("timestamp", params="t", result="t", native=True)
@function("duration", params="r", result="r", native=True)
def same_instant(value: Timestamp | Duration) -> Timestamp | Duration:
    """Return the value."""
    return value


@function("duration", params="s", result="r", native=True)
def duration(text: str) -> Duration:
    """Read a duration as Go spells it: `1h30m`, `-1.5s`."""
    found = re.fullmatch(_DURATION, text)
    if not found:
        raise fault()
    ns = 0
    for whole, fraction, unit in re.findall(_PART, found[2]):
        ns += int(whole) * _UNITS[unit]
        if fraction:
            ns += int(fraction) * _UNITS[unit] // 10 ** len(fraction)
    return Duration(-ns if found[1] == "-" else ns)


@cache
def _zone(name: str) -> tzinfo:
    if not name:
        return UTC
    if found := re.fullmatch(_OFFSET, name):
        sign = -1 if found[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(found[2]), minutes=int(found[3])))
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - few expressions name a zone

    try:
        return ZoneInfo(name)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        raise fault() from None
    except KeyError:
        raise fault() from None


def _fields() -> None:
    """Register what a timestamp is asked for, in UTC or in a time zone."""
    fields = {
        "getFullYear": lambda moment: moment.year,
        "getMonth": lambda moment: moment.month - 1,
        "getDayOfMonth": lambda moment: moment.day - 1,
        "getDate": lambda moment: moment.day,
        "getDayOfYear": lambda moment: moment.timetuple().tm_yday - 1,
        "getDayOfWeek": lambda moment: moment.isoweekday() % 7,
        "getHours": lambda moment: moment.hour,
        "getMinutes": lambda moment: moment.minute,
        "getSeconds": lambda moment: moment.second,
        "getMilliseconds": lambda moment: moment.microsecond // 1000,
    }
    units = {"getHours": _UNITS["h"], "getMinutes": _UNITS["m"], "getSeconds": _SECOND, "getMilliseconds": 1_000_000}
    for name, read in fields.items():

        def field(value: Timestamp, zone: str = "UTC", read: object = read) -> int:
            return int(read(as_timestamp(value).at(_zone(zone))))  # type: ignore[operator]

        function(f".{name}", params="t ?s", result="i", native=True)(field)
    for name, unit in units.items():

        def part(value: Duration, name: str = name, unit: int = unit) -> int:
            ns = as_duration(value).ns
            sign = -1 if ns < 0 else 1
            whole = sign * (abs(ns) // unit)
            return sign * (abs(whole) % 1000) if name == "getMilliseconds" else whole

        function(f".{name}", params="r", result="i", native=True)(part)


_fields()
