"""What KPIs read beside the views of a ledger, as rows of such views: amounts are exact, as texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from guardrail.bills.booked import Booked
from guardrail.errors import ConfigError
from guardrail.finops.accuracy import Compared, Part
from guardrail.finops.anomalies import Anomalies
from guardrail.finops.anomalies.describing import fingerprint_of
from guardrail.finops.budgets.answer import Budgets
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


def budgets(month: str, at_its_end: Budgets, in_its_midst: Budgets, *, is_open: bool) -> Rows:
    """Return budgets in a month as rows of `budgets`: what is spent in its last second, and what was forecast in its midst.

    is_open  whether a bill of the month may still change
    `is_whole` is a period that is over then, and told whole by bills.
    """
    forecasts = {(one.name, one.period): one.forecast for one in in_its_midst.budgets}
    return [
        {
            "month": month,
            "budget": one.name,
            "period": one.period,
            "currency": at_its_end.currency,
            "amount": plain(one.amount),
            "spent": plain(one.spent),
            "spent_most": plain(one.spent_most),
            "forecast": plain(ahead.amount) if ahead else None,
            "forecast_low": plain(ahead.low) if ahead else None,
            "forecast_high": plain(ahead.high) if ahead else None,
            "is_whole": not is_open and one.through is not None and one.through.date() >= one.end - timedelta(days=1),
        }
        for one in at_its_end.budgets
        for ahead in (forecasts.get((one.name, one.period)),)
    ]


def budgeted(months: Sequence[str], found: Iterable[Booked]) -> Rows:
    """Return charges as rows of `budgeted`: 0 is what some budget counts, surely or not, 1 what none does."""
    return [
        {
            "month": one.month,
            "currency": one.currency,
            "in_budget": "no" if one.budget else "yes" if one.certain else "unknown",
            "cost": plain(one.more + one.less) if not one.gaps else None,
        }
        for one in found
        if one.month in months
    ]


def anomalies(found: Anomalies) -> Rows:
    """Return events as rows of `anomalies`, by the month in which each begins."""
    return [
        {
            "month": f"{one.first:%Y-%m}",
            "fingerprint": fingerprint_of(one),
            "team": one.key.owner or None,
            "project": one.key.project or None,
            "service": one.key.service or None,
            "address": one.key.address or None,
            "currency": one.key.currency,
            "status": one.state,
            "first_day": one.first.isoformat(),
            "last_day": one.last.isoformat(),
            "was": plain(decimal_of(one.was)),
            "expected": plain(decimal_of(one.expected)),
        }
        for one in found.events
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
