"""Charges as rows by month: what tables and charts of pages show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from guardrail.dashboard.charts.columns import SERIES, Column, Part
from guardrail.finops.charge import Charge
from guardrail.finops.exact import decimal_of, total, units
from guardrail.finops.lines import Line, lines_of

NAMELESS = {"team": "(nobody)", "owner": "(nobody)", "project": "(no project)", "address": "(no address)"}
"""What pages call what a bill does not name."""


class Figure(Struct, frozen=True):
    """An amount, None where no row has it; `partial` where some have not, `is_open` where it may still change."""

    amount: Decimal | None
    partial: bool = False
    is_open: bool = False


class Series(Struct, frozen=True):
    """What something comes to: in each month that has charges of it, and in all of them."""

    key: str | None
    months: Mapping[str, Figure]
    whole: Figure


class Grid(Struct, frozen=True):
    """All that has a name in a dimension, by month, in one currency. The largest comes first, what has no name last."""

    dimension: str
    currency: str
    rows: Sequence[Series]
    total: Series

    def name(self, row: Series) -> str:
        """Return what a row is called."""
        return name_of(self.dimension, row.key)

    def ordered_by(self, month: str) -> list[Series]:
        """Return the rows that have charges in a month, the largest first, what has no name last."""
        there = [row for row in self.rows if month in row.months]
        return sorted(there, key=lambda row: (row.key is None, -(row.months[month].amount or 0), row.key or ""))


def name_of(dimension: str, key: str | None) -> str:
    """Return what something is called, or that it has no name."""
    return NAMELESS.get(dimension, "(none)") if key is None else key


def grid(charges: Iterable[Charge], dimension: str, currency: str) -> Grid:
    """Sum charges in a currency by a dimension and by month, as `guardrail spend --by DIMENSION,month` does."""
    ours = [one for one in charges if one.currency == currency]
    cells: dict[str | None, dict[str, Figure]] = {}
    for line in lines_of(ours, (dimension, "month")):
        key, month = line.keys
        cells.setdefault(key, {})[month or ""] = figure(line)
    rows = [Series(line.keys[0], cells[line.keys[0]], figure(line)) for line in lines_of(ours, (dimension,))]
    months = {line.keys[0] or "": figure(line) for line in lines_of(ours, ("month",))}
    return Grid(dimension, currency, rows, Series("total", months, summed(months.values())))


def figure(line: Line) -> Figure:
    """Return the amount of a line, and what is to be known of it."""
    return Figure(line.amount, line.partial, line.open)


def summed(found: Iterable[Figure]) -> Figure:
    """Return what figures come to, to the last digit."""
    found = list(found)
    whole = total(units(one.amount) for one in found)
    return Figure(
        None if whole is None else decimal_of(int(whole)),
        partial=any(one.partial or one.amount is None for one in found),
        is_open=any(one.is_open for one in found),
    )


def difference(new: Figure | None, old: Figure | None) -> Decimal | None:
    """Return what an amount has grown by; what has no charge counts nothing, what is not known gives None."""
    amounts = [Decimal(0) if one is None else one.amount for one in (new, old)]
    if any(one is not None and one.partial for one in (new, old)) or None in amounts:
        return None
    return decimal_of((units(amounts[0]) or 0) - (units(amounts[1]) or 0))


def columns(found: Grid, months: Sequence[str], missing: Mapping[str, str]) -> tuple[list[Part], list[Column]]:
    """Return the series of a chart, the largest first, and the months as columns of them.

    What is beyond a column's parts stands together; what nobody owns has a part, and a colour, of its own.
    missing  month -> why there may be nothing to draw
    """
    named = sorted((row for row in found.rows if row.key is not None), key=lambda row: -_size(row))
    shown = named if len(named) <= SERIES - 2 else named[: SERIES - 2]
    groups = [(Part(found.name(row), colour), [row]) for colour, row in enumerate(shown, 1)]
    if others := named[len(shown) :]:
        groups.append((Part(f"{len(others):,} others", SERIES - 1), others))
    groups += [(Part(found.name(row), SERIES), [row]) for row in found.rows if row.key is None]
    rows = [rows for _, rows in groups]
    return [part for part, _ in groups], [
        _column(month, rows, found.total.months.get(month), missing.get(month, "")) for month in months
    ]


def _column(month: str, groups: Sequence[Sequence[Series]], whole: Figure | None, missing: str) -> Column:
    parts = [summed(row.months[month] for row in group if month in row.months).amount for group in groups]
    if whole is None:
        return Column(month, parts, missing=missing)
    unknown = "not in this export" if whole.amount is None else ""
    return Column(month, parts, is_open=whole.is_open, is_partial=whole.partial and not unknown, missing=unknown)


def _size(row: Series) -> Decimal:
    return sum((abs(one.amount) for one in row.months.values() if one.amount is not None), Decimal(0))
