"""Facts of runs as tables of Parquet for other programs: runs, lines and findings, in parts of bounded size."""

from __future__ import annotations

import gzip
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from guardrail.errors import ConfigError
from guardrail.ledger.columns import FINDINGS, LINES, RUNS
from guardrail.ledger.duck import connect, literal, quoted

_AT_ONCE = 16 << 20  # bytes of text that DuckDB turns into a part
_MEMORY = "256MB"
_COLUMNS = {"runs": RUNS, "lines": {"record": "VARCHAR", **LINES}, "findings": FINDINGS}
_TABLE_OF = {"run": "runs", "line": "lines", "line_before": "lines", "finding": "findings"}


class Tables:
    """Folders `runs`, `lines` and `findings` below a folder. They take the place of what was there when all is written.

    `more`: further tables, each with its columns and their types. Raises ConfigError without DuckDB, and where they cannot be written.
    """

    def __init__(self, target: Path, more: Mapping[str, Mapping[str, str]] = {}) -> None:
        self._target, self._columns = target, {**_COLUMNS, **more}
        try:
            target.mkdir(parents=True, exist_ok=True)
            self._new = Path(tempfile.mkdtemp(prefix=".writing-", dir=target)).resolve()
        except OSError as error:
            raise ConfigError(f"cannot be written: {error.strerror}", where=str(target)) from None
        for table in self._columns:
            (self._new / table).mkdir()
        try:
            self._database = connect([self._new], scratch=self._new)
        except ConfigError:
            shutil.rmtree(self._new)
            raise
        self._database.execute(f"set memory_limit = '{_MEMORY}'")
        self._rows: dict[str, list[bytes]] = {table: [] for table in self._columns}
        self._sizes = dict.fromkeys(self._columns, 0)
        self._parts = dict.fromkeys(self._columns, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._database.close()
            shutil.rmtree(self._new, ignore_errors=True)

    def add(self, facts: Iterable[bytes]) -> None:
        """Take the facts of runs, as the ledger keeps them. Raises ConfigError where a part cannot be written."""
        for data in facts:
            for line in gzip.decompress(data).splitlines()[1:]:
                # A record begins with what it is: that is how the ledger writes it.
                table = _TABLE_OF.get(line[len(b'{"record":"') : line.index(b'"', len(b'{"record":"'))].decode())
                if table:
                    self.add_row(table, line)

    def add_row(self, table: str, row: bytes) -> None:
        """Take a row of a table as JSON in one line. Raises ConfigError where a part cannot be written."""
        self._rows[table].append(row)
        self._sizes[table] += len(row)
        if self._sizes[table] > _AT_ONCE:
            self._write(table)

    def _finish(self) -> None:
        for table in self._columns:
            self._write(table)
        try:
            for table in self._columns:
                former = self._target / table
                if former.exists():
                    former.rename(self._new / f"former-{secrets.token_hex(4)}")
                (self._new / table).rename(former)
        except OSError as error:
            raise ConfigError(f"cannot be written: {error.strerror}", where=str(self._target)) from None

    def _write(self, table: str) -> None:
        import duckdb  # noqa: PLC0415 - is there, or there were no database

        if not self._rows[table] and self._parts[table]:
            return
        self._parts[table] += 1
        lines, columns = self._new / "lines.jsonl", self._columns[table]
        part = self._new / table / f"part-{self._parts[table]:05}.parquet"
        types = ", ".join(f"{quoted(name)}: {literal(kind)}" for name, kind in columns.items())
        order = ", ".join(map(quoted, [name for name in columns if name != "tags"]))
        try:
            lines.write_bytes(b"\n".join(self._rows[table]) + b"\n")
            self._database.execute(
                f"copy (select * from read_json({literal(str(lines))}, columns = {{{types}}}, format = 'newline_delimited', "
                f"maximum_object_size = 67108864) order by {order}) to {literal(str(part))} (format parquet, compression zstd)"
            )
        except (OSError, duckdb.Error) as error:
            what = (str(error).splitlines() or [type(error).__name__])[0]
            raise ConfigError(f"cannot be written: {what:.200}", where=str(self._target)) from None
        lines.unlink()
        self._rows[table], self._sizes[table] = [], 0
