"""Rows of bills in each format, as tables."""

import csv
import io

FOCUS: dict[str, str] = {
    "BilledCost": "1.5",
    "EffectiveCost": "1.25",
    "ListCost": "2",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-10-01T00:00:00Z",
    "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "ChargePeriodStart": "2026-10-05T00:00:00Z",
    "ChargePeriodEnd": "2026-10-06T00:00:00Z",
    "ChargeCategory": "Usage",
    "BillingAccountId": "9",
    "ConsumedQuantity": "24",
    "ConsumedUnit": "Hours",
    "ListUnitPrice": "0.1",
    "Tags": '{"team": "shop"}',
    "ResourceId": "i-1",
    "x_Note": "own",
}
CUR: dict[str, str] = {
    "bill/PayerAccountId": "9",
    "bill/BillingPeriodStartDate": "2026-10-01T00:00:00Z",
    "bill/BillingPeriodEndDate": "2026-11-01T00:00:00Z",
    "lineItem/UsageStartDate": "2026-10-05T00:00:00Z",
    "lineItem/UsageEndDate": "2026-10-05T01:00:00Z",
    "lineItem/LineItemType": "Usage",
    "lineItem/CurrencyCode": "USD",
    "lineItem/UnblendedCost": "1",
    "lineItem/UsageType": "BoxUsage:m5.large",
    "lineItem/ResourceId": "i-1",
    "lineItem/UsageAmount": "1",
    "pricing/publicOnDemandCost": "1.2",
    "savingsPlan/SavingsPlanEffectiveCost": "",
    "savingsPlan/TotalCommitmentToDate": "",
    "savingsPlan/UsedCommitment": "",
    "reservation/EffectiveCost": "",
    "reservation/ReservationARN": "",
    "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "",
    "reservation/UnusedRecurringFee": "",
    "resourceTags/user:Team": "shop",
}
CUR_ROWS: list[dict[str, str]] = [
    {},
    {"lineItem/LineItemType": "SavingsPlanCoveredUsage", "savingsPlan/SavingsPlanEffectiveCost": "0.6"},
    {"lineItem/LineItemType": "SavingsPlanNegation", "lineItem/UnblendedCost": "-1"},
    {
        "lineItem/LineItemType": "SavingsPlanRecurringFee",
        "lineItem/UnblendedCost": "1",
        "savingsPlan/TotalCommitmentToDate": "1",
        "savingsPlan/UsedCommitment": "0.6",
    },
    {"lineItem/LineItemType": "DiscountedUsage", "lineItem/UnblendedCost": "0", "reservation/EffectiveCost": "0.3"},
    {
        "lineItem/LineItemType": "RIFee",
        "lineItem/UnblendedCost": "0.5",
        "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "0.1",
        "reservation/UnusedRecurringFee": "0.05",
    },
    {"lineItem/LineItemType": "Fee", "lineItem/UnblendedCost": "100", "reservation/ReservationARN": "arn:aws:ri"},
    {"lineItem/LineItemType": "Tax", "lineItem/UnblendedCost": "0.25"},
]
AZURE: dict[str, str] = {
    "BillingAccountId": "9",
    "BillingPeriodStartDate": "10/01/2026",
    "BillingPeriodEndDate": "10/31/2026",
    "Date": "10/05/2026",
    "SubscriptionId": "s",
    "MeterId": "m-1",
    "MeterName": "D2 v3",
    "Quantity": "24",
    "UnitOfMeasure": "1 Hour",
    "Cost": "2.4",
    "UnitPrice": "0.1",
    "PayGPrice": "0.125",
    "BillingCurrency": "USD",
    "ChargeType": "Usage",
    "PricingModel": "OnDemand",
    "ResourceId": "/subscriptions/S/resourceGroups/R/VM",
    "Tags": '"team": "shop"',
}
GCP: dict[str, str] = {
    "billing_account_id": "9",
    "service.description": "Compute Engine",
    "sku.id": "AAAA-1",
    "usage_start_time": "2026-10-05 03:00:00 UTC",
    "usage_end_time": "2026-10-05 04:00:00 UTC",
    "project.id": "p",
    "labels": '[{"key": "team", "value": "shop"}]',
    "cost": "1.5e-05",
    "currency": "USD",
    "usage.amount_in_pricing_units": "2.3198314011096954e-05",
    "usage.pricing_unit": "gibibyte",
    "credits": '[{"name": "CUD", "amount": -5e-06}, {"name": "free", "amount": -0.000001}]',
    "invoice.month": "202610",
    "cost_type": "regular",
}
OCI: dict[str, str] = {
    "lineItem/referenceNo": "r1",
    "lineItem/tenantId": "t",
    "lineItem/intervalUsageStart": "2026-10-05T10:00Z",
    "lineItem/intervalUsageEnd": "2026-10-05T11:00Z",
    "product/service": "DATABASE",
    "product/resourceId": "ocid1",
    "usage/billedQuantity": "0.083333333333000000",
    "cost/productSku": "B1",
    "cost/unitPrice": "0.147171330000000000",
    "cost/myCost": "0.012264277499950943",
    "cost/currencyCode": "USD",
    "tags/Oracle-Tags.CreatedBy": "ana",
}


def table(base: dict[str, str], *rows: dict[str, str], delimiter=",") -> str:
    """Return a CSV of rows that differ from a first one."""
    names = [*dict.fromkeys(name for row in (base, *rows) for name in row)]
    held = io.StringIO()
    writer = csv.DictWriter(held, names, restval="", lineterminator="\n", delimiter=delimiter)
    writer.writeheader()
    writer.writerows({**base, **row} for row in rows or ({},))
    return held.getvalue()


def sums(rows, view="charges"):
    return rows(f"select sum(billed_cost), sum(effective_cost), count(*) from {view}")[0]
