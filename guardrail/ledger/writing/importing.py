"""Bills into a ledger: each month of a source as a generation of charges, once every row of it can be read."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from guardrail import __version__
from guardrail.bills.charges import CHARGES
from guardrail.bills.format import MACROS, ROUNDING, Format, candidates, charge_query
from guardrail.errors import ConfigError, InputError
from guardrail.ledger.duck import connect, literal, quoted
from guardrail.ledger.storage.layout import SCHEMA, Key, folder_of, parsed, path_of
from guardrail.ledger.storage.store import Store
from guardrail.ledger.writing.bill_file import BillFile, Given, bill_file, rewritten, unpacked
from guardrail.model.money import plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SETTLED = timedelta(days=5)
"""How long after its end a month's bill may still change without an invoice."""
_SHOWN = 3  # rows that a message names
_NEWEST = "newest.parquet"  # the newest generation of the month at hand
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Imported(Struct, frozen=True):
    """A month of a source. `path` is "" where its newest generation says the same already; `instead` is what that
    generation has said, where this one takes its place.
    """

    source: str
    month: str
    path: str
    rows: int
    sums: str
    open: bool
    instead: str = ""


class Importing(Struct, frozen=True):
    """How bills are imported.

    source  the name of where they come from; "" for the format and the billing account
    format  the name of their format; "" for the one that their columns tell
    now     the time of the import
    rounds  whether amounts with more than 18 decimals are rounded, instead of refused
    currency  the only currency that charges are imported in; "" for all, which then have to be in one
    """

    source: str
    format: str
    now: datetime
    rounds: bool = False
    currency: str = ""

    def run(self, files: Sequence[Path], store: Store) -> tuple[list[Imported], list[str]]:
        """Import files as one bill, and return what became of each month, and what is odd about rows of it.

        Raises InputError for a file that no format knows, and for rows that cannot be read: then nothing is imported.
        ConfigError for a source that nothing tells, and without DuckDB.
        """
        if self.source and not _SOURCE.fullmatch(self.source):
            raise ConfigError(f"{self.source!r} is no name of a source", where="--as", fix="letters, digits, . _ and -")
        with tempfile.TemporaryDirectory(prefix="guardrail-") as scratch:
            folder = Path(scratch)
            with connect([folder], [file.resolve() for file in files], folder) as database:
                database.execute(MACROS + (ROUNDING if self.rounds else ""))
                given = list(unpacked(files, folder))
                read = [bill_file(one, database) for one in given]
                shown = [
                    self._charges(database, file, folder / f"{number}.parquet") for number, file in enumerate(read)
                ]
                parts = [str(folder / f"{number}.parquet") for number in range(len(read))]
                database.execute(f"create view all_charges as select * from read_parquet({literal(parts)})")
                kept = f"where billing_currency = {literal(self.currency)}" if self.currency else ""
                database.execute(f"create view charges as select * from all_charges {kept}")
                _refuse_currencies(database, self.currency)
                source = self.source or _source(database, {one.provider for one in shown}, self.currency)
                odd = [*_left_out(database, self.currency), *_odd(database)]
                digest = _digest(given, shown, self.currency)
                return list(self._months(database, source, digest, store, folder)), odd

    def _charges(self, database: DuckDBPyConnection, file: BillFile, target: Path) -> Format:
        """Write a file's charges to Parquet, and return its format. Raises InputError with the first rows that cannot be read."""
        found = candidates(file.names, self.format, where=file.where)
        for one in found:
            _copy(database, one, file, target)
            rows, is_told = database.execute(
                f"select count(*), bool_or(told_by) from read_parquet({literal(str(target))})"
            ).fetchall()[0]
            if not rows:
                raise InputError("has no rows", where=file.where)
            if is_told or not one.told_by or self.format or one is found[-1]:
                _refuse_faults(database, target, file.where)
                return one
        raise AssertionError  # the last candidate is taken, or refused

    def _months(
        self, database: DuckDBPyConnection, source: str, input_digest: str, store: Store, folder: Path
    ) -> Iterator[Imported]:
        months = """
            select strftime(billing_period_start, '%Y-%m') as month, count(*), count(invoice_id), min(billing_currency),
                sum(billed_cost), sum(effective_cost), count(*) - count(billed_cost), count(*) - count(effective_cost)
            from charges group by month order by month"""
        import duckdb  # noqa: PLC0415 - an extra

        try:
            found = database.execute(months).fetchall()
        except duckdb.OutOfRangeException:
            fix = "is this the column of the cost? One of its rows is far too large"
            raise InputError("the costs of a month come to more than 20 digits", fix=fix) from None
        for month, rows, invoiced, currency, *amounts in found:
            is_open = invoiced < rows and self.now < _end(month) + SETTLED
            sums = _sums(currency, *amounts)
            newest = _newest(store, source, month)
            said = {"schema": SCHEMA, "input": input_digest, "open": json.dumps(is_open)}
            if newest and _said(database, store, newest, folder) >= said.items():
                yield Imported(source, month, "", rows, sums, is_open)
                continue
            instead = _instead(database, folder, currency, where=newest.path) if newest else ""
            generation = newest.generation + 1 if newest else 1
            data = self._written(database, month, generation, {**said, "tool": __version__}, folder, is_open=is_open)
            path = path_of("charges", source, month, str(generation), data, "parquet")
            store.put(path, data)
            yield Imported(source, month, path, rows, sums, is_open, instead)

    def _written(
        self,
        database: DuckDBPyConnection,
        month: str,
        generation: int,
        said: dict[str, str],
        folder: Path,
        *,
        is_open: bool,
    ) -> bytes:
        """Return a month's charges as Parquet, rows in their order."""
        target = folder / "month.parquet"
        notes = ", ".join(f"{name}: {literal(value)}" for name, value in said.items())
        columns = ", ".join(map(quoted, CHARGES))
        database.execute(f"""
            copy (select {columns}, {generation}::bigint as generation, {json.dumps(is_open)} as open,
                    {literal(self.now.astimezone(UTC).isoformat())}::timestamptz as imported_at
                from charges where strftime(billing_period_start, '%Y-%m') = {literal(month)})
            to {literal(str(target))} (format parquet, compression zstd, kv_metadata {{{notes}}})""")
        return target.read_bytes()


def _copy(database: DuckDBPyConnection, of: Format, file: BillFile, target: Path) -> None:
    """Write a file's charges to Parquet, with what is wrong with each. Raises InputError for what is no table."""
    import duckdb  # noqa: PLC0415 - is there, or there were no database

    columns = ", ".join(map(quoted, CHARGES))
    clean: BillFile | None = file
    while clean:
        query = charge_query(of, file.names, clean.rows(of.renamed(file.names)))
        try:
            database.execute(
                f"copy (select {columns}, told_by, fault from ({query})) to {literal(str(target))} (format parquet)"
            )
        except duckdb.Error as error:
            said = str(error).splitlines()[0][:200]
            clean = rewritten(file, target.with_suffix(".csv")) if clean is file else None
        else:
            return
    raise InputError(f"cannot be read: {said}", where=file.where)


def _newest(store: Store, source: str, month: str) -> Key | None:
    keys = [key for key in map(parsed, store.paths(folder_of("charges", source, month))) if key]
    return max(keys, key=lambda key: (key.generation, key.digest), default=None)


def _said(database: DuckDBPyConnection, store: Store, key: Key, folder: Path) -> set[tuple[str, str]]:
    """Return what a generation says of itself."""
    import duckdb  # noqa: PLC0415 - is there, or there were no database

    copy = folder / _NEWEST
    copy.write_bytes(store.read(key.path))
    try:
        rows = database.execute(
            f"select decode(key), decode(value) from parquet_kv_metadata({literal(str(copy))})"
        ).fetchall()
    except duckdb.Error:
        fix = "`guardrail ledger verify` names files that are damaged"
        raise InputError("cannot be read", where=key.path, fix=fix) from None
    return {(name, value) for name, value in rows}


def _instead(database: DuckDBPyConnection, folder: Path, currency: str, *, where: str) -> str:
    """Return what the generation has said that a new one takes the place of. Raises ConfigError for one in another currency."""
    rows, before, is_open, *sums = database.execute(f"""
        select count(*), min(billing_currency), bool_or(open),
            sum(billed_cost), sum(effective_cost), count(*) - count(billed_cost), count(*) - count(effective_cost)
        from read_parquet({literal(str(folder / _NEWEST))})""").fetchall()[0]
    if before != currency:
        raise ConfigError(f"is in {before}, and this bill in {currency}", where=where, fix="give it another name: --as")
    return f"{rows:,} rows, {_sums(before, *sums)}, {'open' if is_open else 'final'}"


def _sums(
    currency: str, billed: Decimal | None, effective: Decimal | None, without_billed: int, without_effective: int
) -> str:
    return ", ".join(
        f"{name} not in this export"
        if amount is None
        else f"{name} {plain(amount)} {currency}" + (f" ({missing:,} rows without it)" if missing else "")
        for name, amount, missing in (("billed", billed, without_billed), ("effective", effective, without_effective))
    )


def _end(month: str) -> datetime:
    year, number = map(int, month.split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _digest(files: Sequence[Given], formats: Sequence[Format], currency: str) -> str:
    """Return what tells this bill from others: what is in its files, in any order, and how they are read (a newer guardrail may do it otherwise)."""
    told = [
        *sorted(file.digest for file in files),
        *sorted(map(repr, formats)),
        *([currency] if currency else []),
    ]
    return hashlib.sha256(" ".join(told).encode()).hexdigest()


def _refuse_faults(database: DuckDBPyConnection, target: Path, where: str) -> None:
    # A row that is two charges has its fault twice.
    faulty = f"from (select distinct row, fault from read_parquet({literal(str(target))}) where fault is not null)"
    rows = database.execute(f"select row, fault {faulty} order by row limit {_SHOWN}").fetchall()
    if not rows:
        return
    count = database.execute(f"select count(*) {faulty}").fetchall()[0][0]
    more = f"; {count - len(rows):,} rows more cannot be read" if count > len(rows) else ""
    what = "; ".join(f"row {row}: {fault}" for row, fault in rows)
    raise InputError(
        f"{what}{more}", where=where, fix="nothing was imported; rows are counted from 1, without the header"
    )


def _left_out(database: DuckDBPyConnection, currency: str) -> Iterator[str]:
    """Tell what of a bill is not imported, since its charges are in other currencies."""
    if currency:
        others = database.execute(f"""
            select billing_currency, count(*) from all_charges where billing_currency <> {literal(currency)}
            group by all order by all""").fetchall()
        yield from (f"{rows:,} charges in {other} are left out" for other, rows in others)


def _refuse_currencies(database: DuckDBPyConnection, currency: str) -> None:
    if currency and not database.execute("select 1 from charges limit 1").fetchall():
        there = ", ".join(
            one
            for (one,) in database.execute("select distinct billing_currency from all_charges order by all").fetchall()
        )
        raise InputError(f"no charge is in {currency}", where="--only-currency", fix=f"charges are in {there}")
    found = database.execute("""
        select file, arg_min(row, row), billing_currency from charges group by file, billing_currency
        qualify count(distinct billing_currency) over () > 1 order by file, 2""").fetchall()
    if found:
        named = "; ".join(f"{file} row {row}: {currency}" for file, row, currency in found[:_SHOWN])
        what = f"charges in {len({row[2] for row in found})} currencies, which nobody can sum: {named}"
        raise InputError(what, fix="import each as a bill of its own: --only-currency CODE --as NAME")


def _source(database: DuckDBPyConnection, providers: set[str], currency: str) -> str:
    """Return the name of a source where nobody gave one. Raises ConfigError where the bill is of several accounts, or names none."""
    accounts = [
        name for (name,) in database.execute("select distinct billing_account_id from charges order by all").fetchall()
    ]
    parts = [*sorted(providers), accounts[0], currency]
    name = "-".join(part for part in parts if part) if len(accounts) == 1 and accounts[0] else ""
    if not _SOURCE.fullmatch(name):
        what = (
            f"the bill is of {len(accounts)} billing accounts"
            if len(accounts) > 1
            else "the bill names no billing account"
        )
        raise ConfigError(f"{what}, so that nothing tells its source", fix="name it: --as aws-prod")
    return name


_ODD = {
    "has a charge that begins outside of its billing period": """
        select file, row from charges where charge_period_start < billing_period_start or charge_period_start >= billing_period_end""",
    "has a list price below 0": "select file, row from charges where list_unit_price < 0",
    "has a line id that an earlier row has": """
        select file, row from charges where line_item_id is not null
        qualify row_number() over (partition by line_item_id, charge_period_start, charge_period_end order by file, row) > 1""",
}
"""What is said of rows that are imported all the same."""

_COMMITMENTS = """
    select commitment_discount_id,
        sum(effective_cost) filter (charge_category = 'Usage') as used, sum(billed_cost) filter (charge_category = 'Purchase') as paid
    from charges where commitment_discount_id is not null group by commitment_discount_id
    having bool_and(charge_category <> 'Purchase' or charge_frequency = 'Recurring') and used <> paid order by all"""


def _odd(database: DuckDBPyConnection) -> Iterator[str]:
    for what, query in _ODD.items():
        rows = database.execute(f"select file, row from ({query}) order by file, row limit {_SHOWN}").fetchall()
        if rows:
            count = database.execute(f"select count(*) from ({query})").fetchall()[0][0]
            more = f", and {count - len(rows):,} rows more" if count > len(rows) else ""
            file, first = rows[0]
            yield f"{file}: row {', '.join([str(first), *(str(row) for _, row in rows[1:])])}{more} {what}"
    for name, used, paid in database.execute(_COMMITMENTS).fetchall()[:_SHOWN]:
        yield f"{name}: its usage comes to {plain(used)}, and {plain(paid)} is paid for it: part of its term is in another bill"
