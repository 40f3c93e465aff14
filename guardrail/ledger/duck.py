"""DuckDB, where it is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardrail.errors import ConfigError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MEMORY = "750MB"  # of DuckDB's own: with Python and what is read, an import stays under 1 GB


def connect(
    folders: Sequence[Path] = (), files: Sequence[Path] = (), scratch: Path | None = None
) -> DuckDBPyConnection:
    """Return a database in memory that can read these folders and files, and nothing else of the machine or the network.

    `scratch` is a folder for what does not fit into memory.
    Raises ConfigError without DuckDB, with what to install.
    """
    try:
        import duckdb  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError("reading a ledger needs DuckDB", fix="pip install 'guardrail-finops[ledger]'") from None
    database = duckdb.connect(
        ":memory:", config={"memory_limit": _MEMORY, "threads": 2, "autoinstall_known_extensions": False}
    )
    database.execute("set timezone = 'UTC'")
    database.execute("set enable_progress_bar = false")  # it goes to standard output, after two seconds
    if scratch:
        database.execute(f"set temp_directory = {literal(str(scratch / 'spilled'))}")
    database.execute(f"set allowed_directories = {literal([f'{path.resolve()}/' for path in folders])}")
    database.execute(f"set allowed_paths = {literal([str(path) for path in files])}")
    database.execute("set enable_external_access = false")
    return database


def literal(value: Any) -> str:
    """Return a text, a number or a list as SQL spells it."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(literal, value))}]"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Return a column's name as SQL spells it."""
    return '"' + name.replace('"', '""') + '"'
