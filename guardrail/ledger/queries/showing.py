"""What there is in a ledger, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from guardrail.ledger.views import Ledger
from guardrail.model.money import plain
from guardrail.report.text import safe

_RUNS = """
select project, count(*), min("at")::date, max("at")::date, arg_max(after, "at"), arg_max(after_bound, "at"), arg_max(currency, "at"),
    arg_max(unpriced, "at")
from runs group by project order by project
"""
_STATES = """
select project, count(*), max("at")::date, (select count(*) from inventory where inventory.project = states.project and
    inventory."at" = max(states."at"))
from states group by project order by project
"""
_BILLS = """
select source, month, generation, open, count(*), billing_currency, sum(billed_cost), sum(effective_cost),
    count(*) - count(billed_cost), count(*) - count(effective_cost)
from {view} group by source, month, generation, open, billing_currency order by source, month, generation, billing_currency
"""
_METRICS = """
select source, strftime("at", '%Y-%m'), count(*), count(distinct id), count(distinct id) filter (address is not null), list_sort(list(distinct metric))
from measurements group by all order by all
"""


class Contents(Struct, frozen=True):
    """Rows by what they are of, with the names of their columns."""

    runs: Sequence[dict[str, Any]]
    states: Sequence[dict[str, Any]]
    bills: Sequence[dict[str, Any]]
    metrics: Sequence[dict[str, Any]]


def contents(ledger: Ledger, *, generations: bool) -> Contents:
    """Return what a ledger holds. An amount that some rows do not have is told with their number, none has as null."""
    runs = ("project", "runs", "first", "last", "monthly", "bound", "currency", "unpriced")
    states = ("project", "states", "last", "resources")
    amounts = ("billed", "effective", "without_billed", "without_effective")
    bills = ("source", "month", "generation", "open", "rows", "currency", *amounts)
    metrics = ("source", "month", "points", "resources", "matched", "metrics")
    view = "charges_all" if generations else "charges"
    return Contents(
        [dict(zip(runs, row, strict=True)) for row in ledger.rows(_RUNS)],
        [dict(zip(states, row, strict=True)) for row in ledger.rows(_STATES)],
        [dict(zip(bills, row, strict=True)) for row in ledger.rows(_BILLS.format(view=view))],
        [dict(zip(metrics, row, strict=True)) for row in ledger.rows(_METRICS)],
    )


def as_json(found: Contents) -> str:
    """Return the contents as JSON: amounts as decimal strings, null where none is told."""
    document = {
        "schema": "guardrail.ledger-contents/v1",
        "runs": found.runs,
        "states": found.states,
        "bills": found.bills,
        "metrics": found.metrics,
    }
    return json.dumps(document, default=_told, indent=2) + "\n"


def as_table(found: Contents) -> str:
    """Return the contents as lines of text."""
    lines = [
        *map(_run, found.runs),
        *map(_state, found.states),
        *map(_bill, found.bills),
        *map(_measured, found.metrics),
    ]
    return (
        "".join(f"{safe(line)}\n" for line in lines)
        or "the ledger is empty: `guardrail ledger add` and `import` fill it\n"
    )


def _told(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else str(value)


def _run(row: dict[str, Any]) -> str:
    bound = "at least " if row["bound"] == "at-least" else ""
    gaps = f", {row['unpriced']} without a price" if row["unpriced"] else ""
    return (
        f"runs   {row['project']}: {row['runs']} from {row['first']} to {row['last']}, "
        f"the newest {bound}{plain(row['monthly'])} {row['currency']} a month{gaps}"
    )


def _state(row: dict[str, Any]) -> str:
    return f"state  {row['project']}: {row['states']} until {row['last']}, the newest with {row['resources']} resources"


def _bill(row: dict[str, Any]) -> str:
    amounts = ", ".join(_amount(row, name) for name in ("billed", "effective"))
    state = "open" if row["open"] else "final"
    return (
        f"bill   {row['source']} {row['month']}: generation {row['generation']}, {state}, {row['rows']} rows, "
        f"{amounts} {row['currency'] or '(no currency)'}"
    )


def _amount(row: dict[str, Any], name: str) -> str:
    if row[name] is None:
        return f"{name} not in this export"
    missing = row[f"without_{name}"]
    return f"{name} {plain(row[name])}" + (f" ({missing} rows without it)" if missing else "")


def _measured(row: dict[str, Any]) -> str:
    of = f"{row['resources']} resources, {row['matched']} of them with an address"
    return f"metric {row['source']} {row['month']}: {row['points']:,} points of {of}: {', '.join(row['metrics'])}"
