"""Writes bill.csv: a bill in FOCUS 1.2 of which every total is known. `python make_bill.py`; --check fails if it differs.

August to October 2026, day by day: an instance and one that comes on 11 October, a savings plan of 0.10 an hour that is used for
60 %, a disk, a NAT gateway, a bucket with an outlier on 22 October, a key without tags, support, tax and a credit.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

BILL = Path(__file__).parent / "bill.csv"
COLUMNS = [
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "BilledCost",
    "EffectiveCost",
    "ContractedCost",
    "ListCost",
    "ConsumedQuantity",
    "ConsumedUnit",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ListUnitPrice",
    "ProviderName",
    "InvoiceIssuerName",
    "PublisherName",
    "RegionId",
    "ResourceId",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "SkuId",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
    "x_UsageType",
    "x_Operation",
]
PLAN = "arn:aws:savingsplans::111111111111:savingsplan/00000000-0000-4000-8000-000000000001"
PLANS = "Savings Plans for AWS Compute usage"
EC2, EC2_OTHER = "Amazon Elastic Compute Cloud - Compute", "Amazon Elastic Compute Cloud - Other"
EBS, S3, KMS = "Amazon Elastic Block Store", "Amazon Simple Storage Service", "AWS Key Management Service"
NAT = "arn:aws:ec2:us-east-1:111111111111:natgateway/nat-0a1b2c3d4e5f60021"
BUCKET, KEY = "arn:aws:s3:::shop-uploads", "arn:aws:kms:us-east-1:111111111111:key/0a1b"
ALWAYS = {
    "BillingAccountId": "999999999999",
    "BillingAccountName": "shop",
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ChargeFrequency": "Usage-Based",
    "PricingCategory": "Standard",
    "ProviderName": "AWS",
    "InvoiceIssuerName": "AWS",
    "PublisherName": "AWS",
    "RegionId": "us-east-1",
    "SubAccountId": "111111111111",
    "SubAccountName": "shop-prod",
}
AMOUNTS = ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost")


def month_after(day: date) -> date:
    """Return the first day of the next month."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def row(begin: date, end: date, **fields: object) -> dict[str, str]:
    """Return a charge for a time."""
    times = {"BillingPeriodStart": begin.replace(day=1), "BillingPeriodEnd": month_after(begin)}
    times |= {"ChargePeriodStart": begin, "ChargePeriodEnd": end}
    spelled = {name: f"{day}T00:00:00Z" for name, day in times.items()}
    return {**dict.fromkeys(COLUMNS, ""), **ALWAYS, **spelled, **{name: str(value) for name, value in fields.items()}}


def tags(team: str) -> str:
    """Return the tags of what a team has."""
    return json.dumps({"team": team, "env": "prod"}) if team else ""


def used(
    day: date, of: tuple[str, str, str], meter: str, unit: str, quantity: object, price: str, team: str
) -> dict[str, str]:
    """Return a day's use of a resource (its id, type and service) at the list price."""
    amount = Decimal(str(quantity))
    identifier, kind, service = of
    return row(
        day, day + timedelta(days=1), ResourceId=identifier, ResourceType=kind, ServiceName=service, x_UsageType=meter,
        ConsumedUnit=unit, PricingUnit=unit, ConsumedQuantity=amount, PricingQuantity=amount, ListUnitPrice=price, Tags=tags(team),
        ServiceCategory="Compute" if "Compute" in service else "Storage", **dict.fromkeys(AMOUNTS, amount * Decimal(price)),
    )  # fmt: skip


def plan(day: date) -> list[dict[str, str]]:
    """Return a day of the savings plan: what is paid for it, an instance that it covers, and what is left unused."""
    of_plan = {
        "CommitmentDiscountCategory": "Spend",
        "CommitmentDiscountId": PLAN,
        "CommitmentDiscountType": "Savings Plan",
        "ServiceCategory": "Compute",
    }
    nothing = dict.fromkeys(AMOUNTS, "0")
    hours = {"ConsumedQuantity": "24", "ConsumedUnit": "Hours", "PricingQuantity": "24", "PricingUnit": "Hours"}
    charges: list[dict[str, object]] = [
        {"ChargeCategory": "Purchase", "ChargeFrequency": "Recurring", "ChargeDescription": "recurring commitment",
         "ResourceId": PLAN, "ServiceName": PLANS, **dict.fromkeys(AMOUNTS, "2.40"), "EffectiveCost": "0"},
        {"CommitmentDiscountStatus": "Used", "PricingCategory": "Committed", "ResourceId": "i-0a1b2c3d4e5f60003",
         "ResourceType": "Instance", "ServiceName": EC2, "x_UsageType": "BoxUsage:m5.large", "ListUnitPrice": "0.096", **hours,
         "ListCost": "2.304", "ContractedCost": "2.304", "BilledCost": "0", "EffectiveCost": "1.44", "Tags": tags("shop")},
        {"CommitmentDiscountStatus": "Unused", "PricingCategory": "Committed", "ResourceId": PLAN, "ServiceName": PLANS,
         **nothing, "EffectiveCost": "0.96"},
    ]  # fmt: skip
    return [row(day, day + timedelta(days=1), **of_plan, **charge) for charge in charges]


def charges_of(day: date) -> list[dict[str, str]]:
    """Return the charges of a day."""
    days = (month_after(day) - day.replace(day=1)).days

    def share(of_month: int) -> Decimal:
        return (Decimal(of_month) / days).quantize(Decimal("1e-10"))

    busy = Decimal("0.5") if day.weekday() >= 5 else Decimal(1)  # noqa: PLR2004 - Saturday and Sunday
    outlier = 900 if day == date(2026, 10, 22) else 0
    nat, bucket = (NAT, "NAT Gateway", EC2_OTHER), (BUCKET, "Bucket", S3)
    found = [used(day, ("i-0a1b2c3d4e5f60001", "Instance", EC2), "BoxUsage:m5.large", "Hours", 24, "0.096", "shop")]
    if day >= date(2026, 10, 11):
        search = ("i-0a1b2c3d4e5f60002", "Instance", EC2)
        found.append(used(day, search, "BoxUsage:m5.xlarge", "Hours", 24, "0.192", "search"))
    return [
        *found,
        *plan(day),
        used(day, ("vol-0a1b2c3d4e5f60011", "Volume", EBS), "EBS:VolumeUsage.gp3", "GB-Mo", share(100), "0.08", "shop"),
        used(day, nat, "NatGateway-Hours", "Hours", 24, "0.045", "platform"),
        used(day, nat, "NatGateway-Bytes", "GB", 40 * busy, "0.045", "platform"),
        used(day, bucket, "TimedStorage-ByteHrs", "GB-Mo", share(500), "0.023", "shop"),
        used(day, bucket, "Requests-Tier1", "Requests", 70_000 * busy, "0.000005", "shop"),
        used(day, bucket, "DataTransfer-Out-Bytes", "GB", 20 * busy + outlier, "0.09", "shop"),
        used(day, (KEY, "Key", KMS), "KMS-Keys", "Keys", share(1), "1", ""),
    ]


def of_months() -> list[dict[str, str]]:
    """Return what is charged once a month: support, tax, and a credit."""
    found = []
    for month, tax, credit in ((8, "9.10", ""), (9, "9.20", ""), (10, "10.00", "-20.00")):
        begin = date(2026, month, 1)
        told = [("Purchase", "AWS Support (Developer)", "29.00", "Recurring"), ("Tax", "Tax", tax, "Usage-Based")]
        told += [("Credit", "Credits", credit, "Usage-Based")] if credit else []
        for category, service, amount, frequency in told:
            fields = {
                "ChargeCategory": category,
                "ServiceName": service,
                "ChargeFrequency": frequency,
                "ServiceCategory": "Other",
            }
            found.append(row(begin, month_after(begin), **fields, **dict.fromkeys(AMOUNTS, amount)))
    return found


def bill() -> str:
    """Return the bill."""
    first, last = date(2026, 8, 1), date(2026, 10, 31)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    held = io.StringIO()
    writer = csv.DictWriter(held, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows([charge for day in days for charge in charges_of(day)] + of_months())
    return held.getvalue()


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(BILL.read_text(encoding="utf-8") != bill())
    BILL.write_text(bill(), encoding="utf-8")
