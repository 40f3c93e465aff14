"""What days to come will cost, by what the same weekdays have cost; and how far such forecasts have been off.

The rate of a day is the median of the same weekday in the last four weeks. A change that is known raises or lowers it by its
estimate: days that already show the change count without it, and then all days to come count with it. So a change that
the bill shows in part is neither missed nor counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import fmean

from msgspec import Struct

WEEKS = 4
WEEK = 7
SHARE = Fraction(4, 5)
"""How many of the past errors an interval is to cover."""
LEAST_ORIGINS = 6
"""Of fewer past errors nothing can be told about the next."""
_DAY = 24  # hours


class Series(Struct, frozen=True):
    """What each day came to, in units of 10^-18; None for a day that no bill tells."""

    first: date
    amounts: tuple[int | None, ...]

    @property
    def end(self) -> date:
        """The day after the last one."""
        return self.first + timedelta(days=len(self.amounts))

    def between(self, begin: date, end: date) -> Sequence[int | None]:
        """Return the amounts from one day on up to the day before another; days before the first are not told."""
        number, after = (begin - self.first).days, (end - self.first).days
        return (*[None] * -min(number, 0), *self.amounts[max(number, 0) : max(after, 0)])


class Step(Struct, frozen=True):
    """A change of what is there: from a time on, so much an hour more (or less), in units of 10^-18."""

    at: datetime
    hourly: int

    def within(self, day: date) -> int:
        """Return what it adds to a day."""
        begin = datetime(day.year, day.month, day.day, tzinfo=self.at.tzinfo)
        seconds = min(max((begin + timedelta(days=1) - self.at).total_seconds(), 0), _DAY * 3600)
        return self.hourly * int(seconds) // 3600


class Ahead(Struct, frozen=True):
    """What days to come are forecast to cost: at the rate of the days before, and what known changes add to it."""

    rate: int
    changes: int

    @property
    def amount(self) -> int:
        """Both together."""
        return self.rate + self.changes


class Miss(Struct, frozen=True):
    """How far a past forecast was off: in parts of what it said of the days ahead, and of what the whole period came to."""

    of_forecast: float
    of_total: float


class Backtest(Struct, frozen=True):
    """How far past forecasts were off, of as many days ahead. `mean` and `worst` are parts of what the period came to."""

    n: int
    mean: float
    worst: float


def ahead(series: Series, begin: date, end: date, steps: Iterable[Step] = ()) -> Ahead | None:
    """Return what days from `begin` up to the day before `end` will cost; None where a weekday has no day to go by.

    begin   the day after the last one that is told
    """
    days = (end - begin).days
    past = series.between(begin - timedelta(days=WEEK * WEEKS), begin)
    if days <= 0:
        return Ahead(0, 0)
    # What is older than all days of the rate is in each of them, and changes nothing.
    known = [one for one in steps if one.at.date() >= begin - timedelta(days=WEEK * WEEKS)]
    plain = _total(past, days)
    if plain is None or not known:
        return None if plain is None else Ahead(plain, 0)
    level = _total(_without(past, begin - timedelta(days=WEEK * WEEKS), known), days)
    added = sum(step.within(begin + timedelta(days=number)) for step in known for number in range(days))
    return Ahead(plain, (level or 0) + added - plain)


def _without(past: Sequence[int | None], first: date, steps: Sequence[Step]) -> Sequence[int | None]:
    """Return past days without what changes have added to them."""
    return [
        None if amount is None else amount - sum(step.within(first + timedelta(days=number)) for step in steps)
        for number, amount in enumerate(past)
    ]


def _total(past: Sequence[int | None], days: int) -> int | None:
    """Return what so many days come to at the medians of their weekdays; `past` are the weeks before them."""
    total = 0
    for weekday in range(min(days, WEEK)):
        alike = sorted(amount for amount in past[weekday::WEEK] if amount is not None)
        if not alike:
            return None
        middle = len(alike) // 2
        median = alike[middle] if len(alike) % 2 else (alike[middle - 1] + alike[middle]) // 2
        total += median * ((days - weekday + WEEK - 1) // WEEK)
    return total


def origins(series: Series, days: int) -> Iterator[date]:
    """Give the days that forecasts of so many days could have been made on, the newest first: one a week, each with four weeks before it."""
    origin = series.end - timedelta(days=days)
    while origin >= series.first + timedelta(days=WEEK * WEEKS):
        yield origin
        origin -= timedelta(days=WEEK)


def misses(series: Series, days: int, at: Iterable[date], *, before: int = 0, steps: Sequence[Step] = ()) -> list[Miss]:
    """Return how far forecasts of so many days, made on each of these days, were off.

    before  so many days of the period were over then, and what they came to was known
    What a bill does not tell whole, or comes to nothing, says nothing of an error and is left out.
    """
    found = []
    for origin in at:
        end = origin + timedelta(days=days)
        told = [one for one in series.between(origin - timedelta(days=before), end) if one is not None]
        made = ahead(series, origin, end, (one for one in steps if one.at.date() <= origin))
        if len(told) < before + days or made is None:
            continue
        rest, total = sum(told[before:]), sum(told)
        if made.amount > 0 and total > 0:
            found.append(Miss(abs(rest / made.amount - 1), abs(rest - made.amount) / total))
    return found


def backtest(found: Sequence[Miss]) -> Backtest | None:
    """Return how far forecasts were off on average and at worst; None where none could be held to a bill."""
    if not found:
        return None
    totals = [one.of_total for one in found]
    return Backtest(len(totals), fmean(totals), max(totals))


def half_width(found: Sequence[Miss], forecast: int) -> Decimal | None:
    """Return by how much the days ahead may differ from their forecast, in units, by its own past errors; None for too few of them.

    It is the k-th smallest of n errors, k = (n + 1) * 0.8 rounded up: then four of five intervals hold, if errors stay what they were.
    """
    rank = -((len(found) + 1) * SHARE.numerator // -SHARE.denominator)
    if len(found) < LEAST_ORIGINS or rank > len(found):
        return None
    return Decimal(sorted(one.of_forecast for one in found)[rank - 1]) * forecast
