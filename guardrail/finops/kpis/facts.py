"""What KPIs read beside the views of a ledger, as rows of such views: amounts are exact, as texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from guardrail.errors import ConfigError
from guardrail.finops.accuracy import Compared, Part
from guardrail.finops.csv_file import number_of, rows_of
from guardrail.finops.exact import Amount, apportioned, decimal_of
from guardrail.finops.savings.answer import Savings
from guardrail.finops.spend import Spend
from guardrail.model.money import plain

Rows = list[dict[str, Any]]
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_LARGEST = Decimal(10) ** 20  # what a column of money has room for


def allocated(found: Spend) -> Rows:
    """Return an answer by month, team, origin and category as rows of `allocated`."""
    names = found.asked.by
    return [
        {
            **dict(zip(names, line.keys, strict=True)),
            "currency": line.currency,
            "cost": plain(line.amount),
            "open": line.open,
        }
        for line in found.lines
    ]


def compared(month: str, found: Iterable[Compared]) -> Rows:
    """Return a month's estimate and bill, item by item, as rows of `compared`."""
    return [
        {
            "month": month,
            **{name: getattr(one, name) for name in ("project", "address", "type", "team", "component", "evidence")},
            "currency": one.currency,
            "estimate": _plain(one.estimate),
            "bill": _plain(one.bill),
            **{part.value: _plain(one.parts.get(part, 0)) for part in Part},
            "partial": one.partial,
        }
        for one in found
    ]


def savings(found: Savings) -> Rows:
    """Return realised savings as rows of `savings`."""
    return [
        {
            **{name: getattr(one, name) for name in ("month", "project", "address", "type", "team", "currency")},
            "status": one.status,
            "pull_request": one.pull_request,
            "estimated_low": plain(one.low),
            "estimated_high": plain(one.high),
            "realised": plain(one.realised),
            "credit": plain(one.credit),
        }
        for one in found.all
    ]


def units(path: Path) -> Rows:
    """Return the rows of a CSV with month, unit and value. Raises ConfigError with file and line."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for where, row in rows_of(path, ("month", "unit", "value")):
        key = row["month"], row["unit"]
        value = number_of(row["value"])
        if not _MONTH.fullmatch(row["month"]):
            raise ConfigError(f"{row['month']!r:.40} is no month like 2026-10", where=where)
        if value is None or value < 0 or value >= _LARGEST:
            raise ConfigError(f"{row['value']!r:.40} is no number from 0 on, of at most 20 digits", where=where)
        if key in found:
            raise ConfigError(f"{row['unit']!r:.40} of {row['month']} is there twice", where=where)
        found[key] = {"month": row["month"], "unit": row["unit"], "value": format(value, ".18f")}
    return list(found.values())


def recommendations(path: Path) -> Rows:
    """Return what `guardrail recommend --format json` has written. Raises ConfigError for another file."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except (ValueError, RecursionError):
        raise ConfigError("is no JSON", where=str(path), fix="`guardrail recommend --format json` writes it") from None
    if not isinstance(document, dict) or document.get("schema") != "guardrail.recommendations/v1":
        fix = "`guardrail recommend --format json` writes it"
        raise ConfigError("is none of guardrail.recommendations/v1", where=str(path), fix=fix)
    try:
        return list(_recommended(document))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"cannot be read: {error!s:.100}", where=str(path)) from None


def _recommended(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    texts = ("kind", "id", "project", "address", "title", "status")
    for one in document["recommendations"]:
        saving = None if one["saving"] is None else number_of(str(one["saving"]))
        if one["saving"] is not None and (saving is None or abs(saving) >= _LARGEST):
            msg = f"{one['saving']!r:.40} is no amount"
            raise ValueError(msg)
        yield {
            **{name: str(one[name]) for name in texts},
            "currency": str(document["currency"]),
            "saving": None if saving is None else format(saving, ".18f"),
            "counted": bool(one["counted"]),
        }


def _plain(amount: Amount) -> str:
    return plain(decimal_of(apportioned([amount])[0])) or "0"
