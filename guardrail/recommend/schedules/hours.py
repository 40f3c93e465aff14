"""When somebody works, as guardrail.yaml says it, in the words of cron and in hours of a month."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from msgspec import Struct

from guardrail.config.file import WEEKDAYS, SchedulesConfig
from guardrail.model.money import HOURS_PER_MONTH

_DAY = 24 * 60
# https://github.com/unicode-org/cldr/blob/main/common/supplemental/windowsZones.xml, read in 2026-11: Azure's names of time zones.
_OF_WINDOWS = {
    "UTC": "UTC",
    "Europe/London": "GMT Standard Time",
    "Europe/Berlin": "W. Europe Standard Time",
    "Europe/Amsterdam": "W. Europe Standard Time",
    "Europe/Zurich": "W. Europe Standard Time",
    "Europe/Vienna": "W. Europe Standard Time",
    "Europe/Rome": "W. Europe Standard Time",
    "Europe/Stockholm": "W. Europe Standard Time",
    "Europe/Paris": "Romance Standard Time",
    "Europe/Madrid": "Romance Standard Time",
    "Europe/Warsaw": "Central European Standard Time",
    "America/New_York": "Eastern Standard Time",
    "America/Chicago": "Central Standard Time",
    "America/Denver": "Mountain Standard Time",
    "America/Los_Angeles": "Pacific Standard Time",
    "Asia/Kolkata": "India Standard Time",
    "Asia/Singapore": "Singapore Standard Time",
    "Asia/Tokyo": "Tokyo Standard Time",
    "Australia/Sydney": "AUS Eastern Standard Time",
}


class WorkingHours(Struct, frozen=True):
    """From when to when something runs: minutes of a day, on days from 0 (Monday). An end before the begin is on the next day."""

    begin: int
    end: int
    days: tuple[int, ...]
    zone: str

    @property
    def monthly(self) -> Fraction:
        """Hours of a month in which it runs: the share of a week, of 730 hours."""
        minutes = ((self.end - self.begin) % _DAY or _DAY) * len(self.days)
        return Fraction(HOURS_PER_MONTH) * minutes / (7 * _DAY)

    @property
    def start(self) -> str:
        """When it starts, as cron says it: "0 7 * * 1-5"."""
        return f"{self.begin % 60} {self.begin // 60} * * {_numbers(self.days)}"

    @property
    def stop(self) -> str:
        """When it stops, likewise."""
        return f"{self.end % 60} {self.end // 60} * * {_numbers(self._last_days)}"

    @property
    def aws_start(self) -> str:
        """When it starts, as EventBridge Scheduler says it: "cron(0 7 ? * MON-FRI *)"."""
        return f"cron({self.begin % 60} {self.begin // 60} ? * {_names(self.days)} *)"

    @property
    def aws_stop(self) -> str:
        """When it stops, likewise."""
        return f"cron({self.end % 60} {self.end // 60} ? * {_names(self._last_days)} *)"

    @property
    def windows_zone(self) -> str | None:
        """What Windows, and so Azure, calls the time zone; None where that is not known here."""
        return _OF_WINDOWS.get(self.zone)

    @property
    def text(self) -> str:
        """In words: "07:00-19:00 MON-FRI Europe/Berlin"."""
        return f"{_clock(self.begin)}-{_clock(self.end)} {_names(self.days)} {self.zone}"

    @property
    def end_of_day(self) -> str:
        """When it stops, as Azure says it: "1900"."""
        return _clock(self.end).replace(":", "")

    @property
    def _last_days(self) -> tuple[int, ...]:
        over = self.end <= self.begin
        return tuple(sorted((day + over) % 7 for day in self.days))


def working_hours(config: SchedulesConfig) -> WorkingHours:
    """Return what the configuration says."""
    begin, _, end = config.hours.partition("-")
    days = tuple(sorted({WEEKDAYS.index(day) for day in config.days}))
    return WorkingHours(_minutes(begin), _minutes(end), days, config.timezone)


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _names(days: Sequence[int]) -> str:
    return _spans([WEEKDAYS[day].upper() for day in days], days)


def _numbers(days: Sequence[int]) -> str:
    """Return days as cron counts them: Sunday is 0, and stands alone."""
    return _spans([str((day + 1) % 7) for day in days], days)


def _spans(called: Sequence[str], days: Sequence[int]) -> str:
    if len(days) == 7:  # noqa: PLR2004 - days of a week
        return "*"
    is_span = len(days) > 2 and days[-1] - days[0] == len(days) - 1 and days[-1] < 6  # noqa: PLR2004 - Sunday is 0 in cron
    return f"{called[0]}-{called[-1]}" if is_span else ",".join(called)
