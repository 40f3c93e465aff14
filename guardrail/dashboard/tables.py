"""Tables and charts of what a bill comes to, with files beside for what does not fit."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from guardrail.dashboard.amounts import amount, share
from guardrail.dashboard.blocks import Row, table, to
from guardrail.dashboard.charts.columns import stacked_months
from guardrail.dashboard.figures import Figure, Grid, Series, columns, difference, figure, summed
from guardrail.finops.charge import Charge
from guardrail.finops.lines import lines_of
from guardrail.model.money import plain
from guardrail.report.csv_rows import cell
from guardrail.report.html.element import Child, Html, code, element
from guardrail.report.html.sums import bar
from guardrail.report.text import cut

LISTED = 100
"""Rows of a table; what follows is told as one sum, with a file that has it all."""
_NAME = 80  # characters of a name in a table; its page has all
NO_CHARGE = "\N{EN DASH}"

Address = Callable[[str | None], str | None]
"""A name -> the page about it, None where there is none."""


class Shown(Struct, frozen=True):
    """How the rows of a table are named: the heading of the column, the page about a name, whether it is code."""

    heading: str
    page: Address
    is_code: bool = False

    def cell(self, name: str, key: str | None) -> Child:
        """Return the name of a row, as a link where there is a page about it."""
        words: Child = (
            code(name, 120) if self.is_code and key is not None else element("span", cut(name, _NAME), class_="name")
        )
        where = self.page(key)
        return to(words, where) if where else words


def shown(found: Figure | None, currency: str, missing: str = "") -> Child:
    """Return the amount of a month, marked where some of it is missing or may change; in words where there is none."""
    if found is None:
        return element("span", missing or NO_CHARGE, class_="dim")
    marks = [element("span", " partial", class_="dim")] if found.partial and found.amount is not None else []
    body = [amount(found.amount, currency), *marks]
    return element("span", body, class_="open") if found.is_open else body


def month_table(
    found: Grid, month: str, former: str | None, look: Shown, *, caption: str, file: str, limit: int = LISTED
) -> Html:
    """Return what a month comes to by name, the largest first, with its part of all and the change since the month before.

    What is beyond `limit` is told as one sum, with a link to the file that has it.
    """
    rows = found.ordered_by(month)
    values = [row.months[month].amount or Decimal(0) for row in rows[:limit]]
    low, high = min([Decimal(0), *values]), max([Decimal(0), *values])
    currency, whole = found.currency, found.total.months.get(month)
    body = [
        Row(
            [
                [look.cell(found.name(row), row.key), bar(value, low, high, "cost")],
                shown(row.months[month], currency),
                share(row.months[month].amount, whole.amount if whole else None),
                *_since(row.months[month], row.months.get(former or ""), former, currency),
            ]
        )
        for row, value in zip(rows[:limit], values, strict=True)
    ]
    if hidden := rows[limit:]:
        rest = summed(row.months[month] for row in hidden)
        body.append(Row([_more(len(hidden), file), shown(rest, currency), "", *([""] * (2 if former else 0))]))
    total = [shown(whole, currency), ""]
    before = found.total.months.get(former or "")
    body.append(Row(["Total", *total, *_since(whole, before, former, currency)], "total"))
    heads = [look.heading, month, "Share", *([former, "Change"] if former else [])]
    return table(caption, heads, body, numbers=len(heads) - 1)


def _since(new: Figure | None, old: Figure | None, former: str | None, currency: str) -> list[Child]:
    if former is None:
        return []
    unlike = "so far" if new and new.is_open else ""
    change = difference(new, old)
    told: Child = unlike or amount(change, currency, signed=True, unknown="not known")
    return [shown(old, currency), told]


def all_months_table(
    found: Grid,
    months: Sequence[str],
    missing: Mapping[str, str],
    look: Shown,
    *,
    caption: str,
    file: str,
    limit: int = LISTED,
) -> Html:
    """Return a row for each name and a column for each month."""
    body = [
        _months_row(look.cell(found.name(row), row.key), row, months, missing, found.currency)
        for row in found.rows[:limit]
    ]
    if hidden := found.rows[limit:]:
        rest = {
            month: summed(row.months[month] for row in hidden if month in row.months)
            for month in months
            if any(month in row.months for row in hidden)
        }
        together = Series(None, rest, summed(rest.values()))
        body.append(_months_row(_more(len(hidden), file), together, months, missing, found.currency))
    total = _months_row("Total", found.total, months, missing, found.currency)
    body.append(Row(total.cells, "total"))
    heads = [look.heading, *months, "Total"]
    return table(caption, heads, body, numbers=len(heads) - 1, look="months")


def _more(number: int, file: str) -> Child:
    return to(f"and {number:,} more", file)


def _months_row(name: Child, row: Series, months: Sequence[str], missing: Mapping[str, str], currency: str) -> Row:
    cells = [shown(row.months.get(month), currency, missing.get(month, "")) for month in months]
    return Row([name, *cells, shown(row.whole, currency)])


def month_chart(key: str, title: str, found: Grid, months: Sequence[str], missing: Mapping[str, str]) -> Html:
    """Return the months as columns, the largest names as their parts."""
    names, parts = columns(found, months, missing)
    return stacked_months(key, title, names, parts, found.currency)


def csv_of(charges: Sequence[Charge], by: Sequence[str]) -> str:
    """Return what charges come to, for spreadsheets: exact amounts, an empty cell for what there is not."""
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow([*by, "currency", "amount", "partial", "open"])
    for line in lines_of(charges, by):
        one = figure(line)
        names = [cell(key or "") for key in line.keys]
        writer.writerow([*names, line.currency, plain(one.amount) or "", *_flags(one)])
    return held.getvalue()


def _flags(one: Figure) -> list[str]:
    return [str(flag).lower() for flag in (one.partial, one.is_open)]
