"""Closed months as facts: what fell on whom when a month was closed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from guardrail.bills.closed import KEPT, ClosedLine, ClosedMonth
from guardrail.errors import InputError
from guardrail.ledger.records.facts import Fact, fact, moment, records_of, stamp
from guardrail.ledger.storage.layout import VERSION, Key, parsed
from guardrail.ledger.storage.store import Store
from guardrail.model.money import plain

OWNER = "statements"
"""The one source that closed months are kept under."""


def fact_of_closed(closed: ClosedMonth) -> Fact:
    """Return a closed month as a fact."""
    head = {
        "record": "closed",
        "month": closed.month,
        "closed_at": moment(closed.closed_at),
        "costs": sorted(closed.lines),
    }
    lines = [
        {"record": "line", "cost": cost, "currency": line.currency, "amount": plain(line.amount), **line.of}
        for cost, found in sorted(closed.lines.items())
        for line in found
    ]
    return fact("closed", OWNER, closed.month, stamp(closed.closed_at), [head, *lines])


def closed_months(store: Store) -> list[ClosedMonth]:
    """Return the closed months of a ledger, in order; of two that closed one, the first. Raises InputError for a damaged file."""
    first: dict[str, Key] = {}
    for key in map(parsed, store.paths(f"{VERSION}/closed")):
        if key:
            first[key.month] = min(first.get(key.month, key), key, key=lambda one: (one.head, one.digest))
    return [_closed(key, store.read(key.path)) for _, key in sorted(first.items())]


def _closed(key: Key, data: bytes) -> ClosedMonth:
    try:
        _, head, *rows = records_of(data)
        lines: dict[str, list[ClosedLine]] = {cost: [] for cost in head["costs"]}
        for row in rows:
            lines[row["cost"]].append(_line(row))
        return ClosedMonth(head["month"], datetime.fromisoformat(head["closed_at"]), lines)
    except (ValueError, KeyError, TypeError, InvalidOperation) as error:
        fix = "`guardrail ledger verify` names files that are damaged"
        raise InputError(f"cannot be read: {error!s:.200}", where=key.path, fix=fix) from None


def _line(row: dict[str, Any]) -> ClosedLine:
    return ClosedLine({name: row[name] for name in KEPT}, row["currency"], Decimal(row["amount"]))
