"""What the SQL of a KPI may read: views of the ledger, and what is computed from them, by name, column and type."""

from __future__ import annotations

from guardrail.bills.charges import CHARGES, MONEY
from guardrail.ledger.columns import DECISIONS, FINDINGS, IMPORTED, INVENTORY, LINES, RATES, RUNS

_OF_MATCHES = {
    "month": "VARCHAR",
    "source": "VARCHAR",
    "project": "VARCHAR",
    "address": "VARCHAR",
    "evidence": "VARCHAR",
    "team": "VARCHAR",
}
MATCHED = {**CHARGES, **IMPORTED, **_OF_MATCHES}
"""Charges of the newest generation of each bill, with what each was matched with, and whose it is (`guardrail spend --by team`)."""
METRICS = {
    **dict.fromkeys(("source", "project", "address", "id", "metric", "series"), "VARCHAR"),
    "day": "DATE",
    "period": "BIGINT",
    "points": "BIGINT",
    "n": "BIGINT",
    **dict.fromkeys(("mean", "min", "p50", "p95", "p99", "max", "sum"), "DOUBLE"),
    "unit": "VARCHAR",
}
ALLOCATED = {
    **dict.fromkeys(("month", "team", "origin", "category", "currency"), "VARCHAR"),
    "cost": MONEY,
    "open": "BOOLEAN",
}
COMPARED = {
    **dict.fromkeys(("month", "project", "address", "type", "team", "component", "evidence", "currency"), "VARCHAR"),
    **dict.fromkeys(("estimate", "bill", "time", "existence", "usage", "price", "discount", "commitments"), MONEY),
    **dict.fromkeys(("not_modelled", "not_billed", "unexplained"), MONEY),
    "partial": "BOOLEAN",
}
SAVINGS = {
    **dict.fromkeys(("month", "project", "address", "type", "team", "currency", "status"), "VARCHAR"),
    "pull_request": "BIGINT",
    **dict.fromkeys(("estimated_low", "estimated_high", "realised", "credit"), MONEY),
}
RECOMMENDATIONS = {
    **dict.fromkeys(("kind", "id", "project", "address", "title", "status", "currency"), "VARCHAR"),
    "saving": MONEY,
    "counted": "BOOLEAN",
}
UNITS = {"month": "VARCHAR", "unit": "VARCHAR", "value": MONEY}

BUDGETS = {
    **dict.fromkeys(("month", "budget", "period", "currency"), "VARCHAR"),
    **dict.fromkeys(("amount", "spent", "spent_most", "forecast", "forecast_low", "forecast_high"), MONEY),
    "is_whole": "BOOLEAN",
}
BUDGETED = {**dict.fromkeys(("month", "currency", "in_budget"), "VARCHAR"), "cost": MONEY}
ANOMALIES = {
    **dict.fromkeys(("month", "fingerprint", "team", "project", "service", "address", "currency", "status"), "VARCHAR"),
    "first_day": "DATE",
    "last_day": "DATE",
    "was": MONEY,
    "expected": MONEY,
}

INPUTS = {
    "charges": MATCHED,
    "matched": MATCHED,
    "runs": RUNS,
    "lines": LINES,
    "lines_before": LINES,
    "findings": {**FINDINGS, "approval": "VARCHAR"},
    "inventory": INVENTORY,
    "metrics": METRICS,
    "decisions": DECISIONS,
    "rates": RATES,
    "allocated": ALLOCATED,
    "compared": COMPARED,
    "savings": SAVINGS,
    "budgets": BUDGETS,
    "budgeted": BUDGETED,
    "anomalies": ANOMALIES,
    "recommendations": RECOMMENDATIONS,
    "units": UNITS,
}
"""Name -> column -> type. The first ten are views of the ledger, the others are computed from it or read from a file."""
OF_LEDGER = tuple(INPUTS)[:10]
OF_BILL = ("charges", "matched")
