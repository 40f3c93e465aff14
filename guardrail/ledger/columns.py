"""The columns of the views, by name and type: what queries, KPIs and exports may rely on."""

from __future__ import annotations

MONEY = "DECIMAL(38,18)"
TAGS = "MAP(VARCHAR, VARCHAR)"
TIME = "TIMESTAMPTZ"

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
    "fingerprint": "VARCHAR",
    "waiver": "VARCHAR",
    "waiver_expires": "DATE",
}
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
CHARGES = {
    "billing_account_id": "VARCHAR",
    "billing_account_name": "VARCHAR",
    "sub_account_id": "VARCHAR",
    "sub_account_name": "VARCHAR",
    "billing_period_start": TIME,
    "billing_period_end": TIME,
    "charge_period_start": TIME,
    "charge_period_end": TIME,
    "charge_category": "VARCHAR",
    "charge_class": "VARCHAR",
    "charge_frequency": "VARCHAR",
    "charge_description": "VARCHAR",
    "billing_currency": "VARCHAR",
    "billed_cost": MONEY,
    "effective_cost": MONEY,
    "contracted_cost": MONEY,
    "list_cost": MONEY,
    "list_unit_price": MONEY,
    "consumed_quantity": MONEY,
    "consumed_unit": "VARCHAR",
    "pricing_category": "VARCHAR",
    "pricing_quantity": MONEY,
    "pricing_unit": "VARCHAR",
    "commitment_discount_id": "VARCHAR",
    "commitment_discount_name": "VARCHAR",
    "commitment_discount_category": "VARCHAR",
    "commitment_discount_type": "VARCHAR",
    "commitment_discount_status": "VARCHAR",
    "provider_name": "VARCHAR",
    "publisher_name": "VARCHAR",
    "invoice_issuer_name": "VARCHAR",
    "invoice_id": "VARCHAR",
    "region_id": "VARCHAR",
    "availability_zone": "VARCHAR",
    "resource_id": "VARCHAR",
    "resource_name": "VARCHAR",
    "resource_type": "VARCHAR",
    "service_category": "VARCHAR",
    "service_name": "VARCHAR",
    "sku_id": "VARCHAR",
    "sku_price_id": "VARCHAR",
    "meter": "VARCHAR",
    "operation": "VARCHAR",
    "line_item_id": "VARCHAR",
    "tags": TAGS,
    "x": TAGS,
    "row": "BIGINT",
    "file": "VARCHAR",
}
"""What a charge says: FOCUS's names, in snake case.

meter         what the vendor meters: AWS's usage type, Azure's meter id, Google's SKU id
operation     AWS's operation
line_item_id  the export's own id of the row, where it has one
x             columns of the export that have no place here, by their names
row, file     where it stands: rows are counted from 1, without the header
"""
IMPORTED = {"generation": "BIGINT", "open": "BOOLEAN", "imported_at": TIME}
"""What is known of the import that a charge comes from."""
