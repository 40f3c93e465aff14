"""Values of parameters from files of their own: YAML, or CSV with a line of names on top."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from guardrail.errors import ConfigError
from guardrail.files.yaml_file import read_yaml
from guardrail.model.unknown import Json
from guardrail.policy.rules.packs.selection import RuleSetting

PARAM_SUFFIXES = (".yaml", ".yml", ".csv")
_MOST_VALUES = 5000
"""Parameters are constants of expressions, which have to be compiled."""
_MOST_BYTES = 2_000_000


def with_files(setting: RuleSetting, base: Path) -> RuleSetting:
    """Return a setting with the parameters that it takes from files, relative to `base`. Raises ConfigError."""
    if not setting.params_from:
        return setting
    twice = sorted(setting.params.keys() & setting.params_from.keys())
    if twice:
        what = f"the parameter {twice[0]} has a value in params and another in params_from"
        raise ConfigError(what, fix="leave one of them out")
    read = {name: read_param(base / path) for name, path in setting.params_from.items()}
    return replace(setting, params={**setting.params, **read}, params_from={})


def read_param(path: Path) -> Json:
    """Return what a file holds. Of a CSV, a list: of texts if it has one column, else of maps by the names on top.

    Raises ConfigError for another kind of file, for one that cannot be read, and for more than 5,000 values.
    """
    if path.suffix not in PARAM_SUFFIXES:
        raise ConfigError(
            "cannot contain parameters", where=str(path), fix=f"use a file that ends with {' or '.join(PARAM_SUFFIXES)}"
        )
    value = _read_csv(path) if path.suffix == ".csv" else read_yaml(path, ConfigError).data
    if sum(1 for _ in _values(value)) > _MOST_VALUES:
        raise ConfigError(
            f"holds more than {_MOST_VALUES:,} values", where=str(path), fix="keep only the values that the rule uses"
        )
    return value


def _read_csv(path: Path) -> Json:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError("is larger than 2 MB", where=str(path), fix="check that this is the right file")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise ConfigError("is not UTF-8 text", where=str(path), fix="save it as UTF-8") from None
    import csv  # noqa: PLC0415 - few take parameters from it

    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [name.strip() for name in next(rows, [])]
        if not all(names) or len(set(names)) < len(names) or not names:
            raise ConfigError("the first line has to name each column", where=f"{path}:1", fix="like code,team")
        values: list[Json] = []
        for row in rows:
            if not row:
                continue
            if len(row) != len(names):
                what = f"has {len(row)} values for {len(names)} columns"
                raise ConfigError(what, where=f"{path}:{rows.line_num}", fix="put quotes around a value with a comma")
            values.append(row[0] if len(names) == 1 else dict(zip(names, row, strict=True)))
    except csv.Error as error:
        raise ConfigError(f"not valid CSV: {error}", where=f"{path}:{rows.line_num}") from None
    return values


def _values(value: Json) -> Iterator[Json]:
    yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _values(part)
