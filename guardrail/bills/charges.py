"""The columns of a charge, in whichever format it was exported."""

from __future__ import annotations

MONEY = "DECIMAL(38,18)"
TAGS = "MAP(VARCHAR, VARCHAR)"
TIME = "TIMESTAMPTZ"

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
