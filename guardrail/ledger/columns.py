"""The columns of the views, by name and type: what queries, KPIs and exports may rely on."""

from __future__ import annotations

from guardrail.bills.charges import CHARGES, MONEY, TAGS, TIME

RUNS = {
    "run": "VARCHAR",
    "at": TIME,
    "project": "VARCHAR",
    "environment": "VARCHAR",
    "commit": "VARCHAR",
    "ref": "VARCHAR",
    "event": "VARCHAR",
    "pull_request": "BIGINT",
    "author": "VARCHAR",
    "merged_at": TIME,
    "verdict": "VARCHAR",
    "currency": "VARCHAR",
    "before": MONEY,
    "before_bound": "VARCHAR",
    "after": MONEY,
    "after_bound": "VARCHAR",
    "delta": MONEY,
    "delta_bound": "VARCHAR",
    "unpriced": "BIGINT",
    "usage_based": "BIGINT",
    "not_evaluated": "BIGINT",
    "tool": "VARCHAR",
    "catalog_as_of": "VARCHAR",
}
LINES = {
    "run": "VARCHAR",
    "address": "VARCHAR",
    "id": "VARCHAR",
    "arn": "VARCHAR",
    "type": "VARCHAR",
    "region": "VARCHAR",
    "action": "VARCHAR",
    "tags": TAGS,
    "component": "VARCHAR",
    "component_group": "VARCHAR",
    "unit": "VARCHAR",
    "quantity": MONEY,
    "unit_price": MONEY,
    "monthly": MONEY,
    "status": "VARCHAR",
    "usage_key": "VARCHAR",
    "meter": "VARCHAR",
    "service": "VARCHAR",
    "sku": "VARCHAR",
    "source": "VARCHAR",
    "as_of": "VARCHAR",
}
FINDINGS = {
    "run": "VARCHAR",
    "rule": "VARCHAR",
    "address": "VARCHAR",
    "status": "VARCHAR",
    "severity": "VARCHAR",
    "enforcement": "VARCHAR",
    "blocking": "BOOLEAN",
    "saving": MONEY,
    "fingerprint": "VARCHAR",
    "waiver": "VARCHAR",
    "waiver_expires": "DATE",
    "waiver_owner": "VARCHAR",
    "approved_by": "VARCHAR",
    "approved_in": "VARCHAR",
    "approval_reason": "VARCHAR",
    "approval_expires": "DATE",
    "approval_amount": MONEY,
}
DECISIONS = {
    "at": TIME,
    "kind": "VARCHAR",
    "project": "VARCHAR",
    "rule": "VARCHAR",
    "address": "VARCHAR",
    "fingerprint": "VARCHAR",
    "by": "VARCHAR",
    "reason": "VARCHAR",
    "expires": "DATE",
    "amount": MONEY,
    "currency": "VARCHAR",
    "pull_request": "BIGINT",
}
RATES = {"month": "VARCHAR", "from": "VARCHAR", "to": "VARCHAR", "rate": MONEY, "source": "VARCHAR"}
INVENTORY = {
    "project": "VARCHAR",
    "at": TIME,
    "state": "VARCHAR",
    "address": "VARCHAR",
    "type": "VARCHAR",
    "provider": "VARCHAR",
    "id": "VARCHAR",
    "arn": "VARCHAR",
    "ids": "VARCHAR[]",
    "region": "VARCHAR",
    "tags": TAGS,
    "depends_on": "VARCHAR[]",
}
POINTS = {
    "id": "VARCHAR",
    "metric": "VARCHAR",
    "series": "VARCHAR",
    "at": TIME,
    "period": "BIGINT",
    "n": "BIGINT",
    "mean": "DOUBLE",
    "min": "DOUBLE",
    "max": "DOUBLE",
    "sum": "DOUBLE",
    "p50": "DOUBLE",
    "p95": "DOUBLE",
    "p99": "DOUBLE",
    "unit": "VARCHAR",
}
"""What was measured of a resource in a period of some seconds: guardrail.metrics.point tells the meaning of each."""
IMPORTED = {"generation": "BIGINT", "open": "BOOLEAN", "imported_at": TIME}
"""What is known of the import that a charge comes from."""

__all__ = ["CHARGES", "DECISIONS", "FINDINGS", "IMPORTED", "INVENTORY", "LINES", "POINTS", "RATES", "RUNS"]
