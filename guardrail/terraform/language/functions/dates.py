"""Functions over timestamps (RFC 3339) and durations."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

from msgspec import Struct

from guardrail.terraform.language.functions.signature import Function, FunctionError, NotEvaluated, Parameter
from guardrail.terraform.language.types import NUMBER, STRING
from guardrail.terraform.language.values import Value, number, string

_TEXT = Parameter(STRING)
_SECOND = 10**9
_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII)
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_STEP = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": 3600 * _SECOND,
}
_YAML_MOMENT = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt](\d\d?):(\d\d?):(\d\d?)(\.\d+)?(Z|[+-]\d\d:\d\d))|(?: (\d\d?):(\d\d?):(\d\d?)(\.\d+)?))?",
    re.ASCII,
)
_TOKEN = re.compile(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z']+)")


class _Moment(Struct, frozen=True):
    """A moment to the second, in its own offset, and the nanoseconds beyond."""

    at: datetime
    nanoseconds: int

    @property
    def since_epoch(self) -> int:
        elapsed = self.at - datetime(1970, 1, 1, tzinfo=UTC)
        return (elapsed.days * 86400 + elapsed.seconds) * _SECOND + self.nanoseconds

    def offset(self, colon: str) -> str:
        minutes = int((self.at.utcoffset() or timedelta()).total_seconds()) // 60
        hours, rest = divmod(abs(minutes), 60)
        return f"{'-' if minutes < 0 else '+'}{hours:02d}{colon}{rest:02d}"

    def rfc3339(self) -> str:
        offset = self.offset(":")
        # Years before 1000 have four digits in RFC 3339; what %Y makes of them depends on the C library.
        return f"{self.at:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + ("Z" if offset == "+00:00" else offset)


def _parsed(text: str) -> _Moment:
    found = _RFC3339.fullmatch(text)
    if not found:
        raise FunctionError(f'not a valid RFC3339 timestamp: "{text}"')
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    fraction, sign, hours, minutes = found.groups()[6:]
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    if year == 0:  # which Go has, and Python has not
        raise NotEvaluated("a date in the year 0")
    if hours and (int(hours) > 24 or int(minutes) >= 60 or abs(offset) >= timedelta(days=1)):  # noqa: PLR2004
        raise FunctionError(f'not a valid RFC3339 timestamp: "{text}"')
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=timezone(offset))
    except ValueError:
        raise FunctionError(f'not a valid RFC3339 timestamp: "{text}"') from None
    return _Moment(at, int((fraction or "0").ljust(9, "0")[:9]))


def timeadd(timestamp: Value, duration: Value) -> Value:
    """Add a duration such as "1h30m"; the result has whole seconds."""
    moment, text = _parsed(timestamp.raw), duration.raw
    if not _DURATION.fullmatch(text):
        raise FunctionError(f'time: invalid duration "{text}"')
    # As Go's time.ParseDuration: "1.h" is an hour, and what is less than a nanosecond is cut off.
    steps = [Fraction(size.rstrip(".")) * _NANOSECONDS[unit] for size, unit in _STEP.findall(text)]
    amount = sum(steps, Fraction())
    if abs(amount) >= 2**63:
        raise FunctionError(f'time: invalid duration "{text}"')
    total = moment.nanoseconds + int(amount) * (-1 if text.startswith("-") else 1)
    try:
        return string(_Moment(moment.at + timedelta(seconds=total // _SECOND), 0).rfc3339())
    except OverflowError:
        raise NotEvaluated("a date outside the years 1 to 9999") from None


def timecmp(one: Value, other: Value) -> Value:
    """Return -1, 0 or 1 as the first is before, at or after the second."""
    first, second = _parsed(one.raw).since_epoch, _parsed(other.raw).since_epoch
    return number((first > second) - (first < second))


def formatdate(layout: Value, timestamp: Value) -> Value:
    """Write a timestamp after a layout of letters ("YYYY-MM-DD"); text in single quotes stays."""
    moment, made, position = _parsed(timestamp.raw), [], 0
    while position < len(layout.raw):
        found = _TOKEN.match(layout.raw, position)
        if not found:
            raise FunctionError("unterminated literal '")
        quoted, letters, _, plain = found.groups()
        if quoted is not None:
            made.append(quoted.replace("''", "'") or "'")
        else:
            made.append(plain or _part(letters, moment))
        position = found.end()
    return string("".join(made))


def _part(letters: str, moment: _Moment) -> str:
    at = moment.at
    offset = moment.offset("")
    twelve = at.hour % 12 or 12
    half = "pm" if at.hour >= 12 else "am"  # noqa: PLR2004
    parts = {
        "YY": f"{at.year % 100:02d}", "YYYY": f"{at.year:04d}",
        "M": f"{at.month}", "MM": f"{at.month:02d}", "MMM": _MONTHS[at.month - 1][:3], "MMMM": _MONTHS[at.month - 1],
        "D": f"{at.day}", "DD": f"{at.day:02d}", "EEE": _DAYS[at.weekday()][:3], "EEEE": _DAYS[at.weekday()],
        "h": f"{at.hour}", "hh": f"{at.hour:02d}", "H": f"{twelve}", "HH": f"{twelve:02d}",
        "AA": half.upper(), "aa": half, "m": f"{at.minute}", "mm": f"{at.minute:02d}",
        "s": f"{at.second}", "ss": f"{at.second:02d}",
        "Z": "Z" if offset == "+0000" else moment.offset(":"), "ZZZ": "UTC" if offset == "+0000" else offset,
        "ZZZZ": offset, "ZZZZZ": moment.offset(":"),
    }  # fmt: skip
    if letters not in parts:
        raise FunctionError(f'invalid date format verb "{letters}"')
    return parts[letters]


# Python's own names depend on the locale.
_MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
]  # fmt: skip
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def yaml_timestamp(text: str) -> str:
    """Return what Terraform makes of a timestamp in YAML, whose parts may be short; "" where the text is none."""
    found = _YAML_MOMENT.fullmatch(text)
    if not found:
        return ""
    year, month, day = found[1], found[2], found[3]
    hour, minute, second = (found[place] or found[place + 5] or "00" for place in (4, 5, 6))
    try:
        return _parsed(f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute:0>2}:{second:0>2}{found[8] or 'Z'}").rfc3339()
    except FunctionError:
        return ""


FUNCTIONS = {
    "formatdate": Function((_TEXT, _TEXT), STRING, formatdate),
    "timeadd": Function((_TEXT, _TEXT), STRING, timeadd, not_null=False),
    "timecmp": Function((_TEXT, _TEXT), NUMBER, timecmp),
}
