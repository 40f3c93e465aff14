"""Charges of a ledger as FOCUS writes them, and such a file as Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from guardrail.bills.focus import FOCUS, MOMENT, NUMBER, FocusColumn, FocusRow, columns_of
from guardrail.ledger.duck import connect, literal, quoted
from guardrail.ledger.queries.spending import bill_months, dimension_columns, matched_charges
from guardrail.ledger.views import Ledger

_AT_ONCE = 5_000  # rows in memory


def focus_columns(ledger: Ledger, first: str, last: str) -> list[FocusColumn]:
    """Return the columns that the bills of some months fill. Raises InputError for a ledger that cannot be read."""
    months = f"from charges where month between {literal(first)} and {literal(last)}"
    optional = [one for one in FOCUS if one.optional]
    counts = ", ".join(f"count({one.source})" for one in optional)
    (filled,) = ledger.rows(f"select {counts} {months}")
    others = ledger.rows(f"select distinct unnest(map_keys(x)) {months}")
    return columns_of((one.name for one, count in zip(optional, filled, strict=True) if count), (n for (n,) in others))


def focus_rows(
    ledger: Ledger, columns: Sequence[FocusColumn], dimensions: Sequence[str], first: str, last: str
) -> Iterator[FocusRow]:
    """Give the charges of some months as texts: bills in their order, each in the order of its rows.

    dimensions  what decides whose they are, as in `spent`
    Raises InputError for a ledger that cannot be read.
    """
    fields = ", ".join(_text(one) for one in columns)
    common, tables = matched_charges(dimensions)
    width = len(dimensions)
    # One bill at a time: they are sorted in memory, as wide as they are.
    for bill in bill_months(ledger):
        if not first <= bill.month <= last:
            continue
        found = ledger.stream(
            f"""{common} select {dimension_columns(dimensions)}file || ':' || row, billing_currency, project, address, evidence, {fields}
            from {tables} where source = {literal(bill.source)} and month = {literal(bill.month)} order by file, row""",
            _AT_ONCE,
        )
        for row in found:
            of = dict(zip(dimensions, row[:width], strict=True))
            place, currency, project, address, evidence, *values = row[width:]
            yield FocusRow(of, bill.month, bill.source, place, currency, project, address, evidence, values)


def as_parquet(source: Path, target: Path, columns: Sequence[FocusColumn]) -> Path:
    """Write a CSV of these columns as Parquet, beside it, and return that: amounts are decimals, times are in UTC."""
    fields = ", ".join(f"{quoted(one.name)}::{one.kind} as {quoted(one.name)}" for one in columns)
    names = ", ".join(f"{literal(one.name)}: 'VARCHAR'" for one in columns)
    with connect([source.parent], scratch=source.parent) as database:
        database.execute(f"""
            copy (select {fields} from read_csv({literal(str(source))}, auto_detect = false, header = true, delim = ',',
                    quote = '"', escape = '"', columns = {{{names}}}, nullstr = '', max_line_size = 4194304))
            to {literal(str(target))} (format parquet, compression zstd)""")
    return target


def _text(column: FocusColumn) -> str:
    """Return what fills a column as a text: decimals without an exponent or zeros at their end, times in UTC."""
    if column.kind == NUMBER:
        return f"rtrim(rtrim(({column.source})::{NUMBER}::varchar, '0'), '.')"
    if column.kind == MOMENT:
        return f"strftime({column.source}, '%Y-%m-%dT%H:%M:%SZ')"
    return f"nullif({column.source}, '')"
