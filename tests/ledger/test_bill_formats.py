"""Bills in each format."""

import csv
import gzip
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from guardrail.bills.format import formats
from guardrail.ledger.storage.verify import verify
from guardrail.ledger.writing.importing import Importing
from tests.ledger.bills import AZURE, CUR, CUR_ROWS, FOCUS, GCP, OCI, sums, table

SHOP = Path(__file__).parents[2] / "examples" / "shop-ledger" / "bill.csv"
LATER = datetime(2026, 11, 28, tzinfo=UTC)


def test_shop_bill_by_month_a_501_247_in_october(store, rows):
    found, odd = Importing("", "", LATER).run([SHOP], store)
    assert [(one.source, one.month, one.rows) for one in found] == [
        ("focus-999999999999", "2026-08", 343),
        ("focus-999999999999", "2026-09", 332),
        ("focus-999999999999", "2026-10", 365),
    ]
    assert odd == []
    with SHOP.open(newline="") as file:
        expected: dict[str, Decimal] = {}
        for row in csv.DictReader(file):
            month = row["BillingPeriodStart"][:7]
            expected[month] = expected.get(month, Decimal(0)) + Decimal(row["EffectiveCost"])
    by_month = "select month, sum(effective_cost), sum(billed_cost) from charges group by month order by month"
    assert rows(by_month) == [(month, total, total) for month, total in sorted(expected.items())]
    assert [round(total, 3) for total in expected.values()] == [
        Decimal("340.604"),
        Decimal("334.920"),
        Decimal("501.247"),
    ]
    assert [str(fault) for fault in verify(store)] == []


def test_the_shop_bill_is_what_its_maker_writes():
    ran = subprocess.run([sys.executable, SHOP.parent / "make_bill.py", "--check"], check=False)
    assert ran.returncode == 0


def test_focus_keeps_what_it_says(bill, rows):
    bill(table(FOCUS, {}, {"Tags": "NULL", "EffectiveCost": "", "ResourceId": "null"}))
    assert sums(rows) == (Decimal(3), Decimal("1.25"), 2)
    (first, second) = rows(
        "select resource_id, tags, x, consumed_quantity, row, file, source, month, generation from charges order by row"
    )
    assert first == ("i-1", {"team": "shop"}, {"x_Note": "own"}, Decimal(24), 1, "bill.csv", "test", "2026-10", 1)
    assert second[:2] == (None, None)
    assert rows("select effective_cost from charges where row = 2") == [(None,)]


@pytest.mark.parametrize("names", ["legacy", "2.0"])
def test_aws_amortised_cost_is_that_of_its_own_case(bill, rows, names):
    text = table(CUR, *CUR_ROWS)
    if names == "2.0":
        header, rest = text.split("\n", 1)
        (fmt,) = (one for one in formats() if one.name == "aws-cur")
        text = ",".join(fmt.renamed(header.split(","))) + "\n" + rest
    bill(text)
    assert sums(rows) == (Decimal("102.75"), Decimal("2.70"), 10)
    told = rows("select effective_cost, commitment_discount_status from charges order by row, effective_cost")
    assert [(str(float(value)), status) for value, status in told] == [
        ("1.0", None), ("0.6", "Used"), ("0.0", None), ("0.0", None), ("0.4", "Unused"), ("0.3", "Used"), ("0.0", None),
        ("0.15", "Unused"), ("0.0", None), ("0.25", None),
    ]  # fmt: skip
    ((tags, meter, listed),) = rows("select tags, meter, list_cost from charges where row = 1")
    assert (tags, meter, listed) == (
        {"Team" if names == "legacy" else "team": "shop"},
        "BoxUsage:m5.large",
        Decimal("1.2"),
    )
    assert rows("select charge_category, count(*) from charges group by all order by all") == [
        ("Purchase", 3),
        ("Tax", 1),
        ("Usage", 6),
    ]


def test_a_fee_of_a_commitment_is_what_is_paid_and_what_nobody_has_used(bill, rows):
    plan = {"savingsPlan/SavingsPlanARN": "arn:sp", "identity/LineItemId": "1"}
    fee = {**plan, "lineItem/LineItemType": "SavingsPlanRecurringFee", "lineItem/UnblendedCost": "1",
           "savingsPlan/TotalCommitmentToDate": "1"}  # fmt: skip
    used = {**plan, "lineItem/LineItemType": "SavingsPlanCoveredUsage", "savingsPlan/SavingsPlanEffectiveCost": "1.6"}
    used["identity/LineItemId"] = "2"
    full = {**fee, "savingsPlan/UsedCommitment": "1.0", "identity/LineItemId": "3"}
    _, odd = bill(table(CUR, {**fee, "savingsPlan/UsedCommitment": "0.6"}, used, full))
    assert odd == []  # what is used and what is not come to what is paid, and no line id is there twice
    told = "charge_category, commitment_discount_status, billed_cost, effective_cost, list_cost, consumed_quantity"
    assert rows(f"select row, {told} from charges where row <> 2 order by row, charge_category") == [
        (1, "Purchase", None, 1, 0, Decimal("1.2"), 1),
        (1, "Usage", "Unused", 0, Decimal("0.4"), 0, None),
        (3, "Purchase", None, 1, 0, Decimal("1.2"), 1),
    ]
    bill(table(CUR, fee))  # what is used is not told: what is not used is not known
    assert rows("select effective_cost from charges where commitment_discount_status = 'Unused'") == [(None,)]


def test_cur_2_0_has_maps_and_names_of_accounts(bill, rows):
    # The columns of https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html, read 2026-11-29.
    cur = {
        "bill_payer_account_id": "9",
        "bill_payer_account_name": "shop",
        "bill_billing_period_start_date": "2026-10-01T00:00:00.000Z",
        "bill_billing_period_end_date": "2026-11-01T00:00:00.000Z",
        "line_item_usage_account_id": "1",
        "line_item_usage_account_name": "shop-prod",
        "line_item_usage_start_date": "2026-10-05T00:00:00.000Z",
        "line_item_usage_end_date": "2026-10-05T01:00:00.000Z",
        "line_item_line_item_type": "Usage",
        "line_item_currency_code": "USD",
        "line_item_unblended_cost": "1.5E-7",
        "line_item_product_code": "AmazonEC2",
        "product": '{"product_name": "Amazon Elastic Compute Cloud", "tenancy": "Shared"}',
        "product_region_code": "eu-west-1",
        "resource_tags": '{"user_team": "shop", "aws_created_by": "ana"}',
        "cost_category": '{"unit": "retail"}',
    }
    bill(table(cur, {}, {"product": "", "resource_tags": ""}, {"product": "no JSON"}))
    told = "billing_account_name, sub_account_name, service_name, region_id, billed_cost, tags, x"
    assert rows(f"select {told} from charges where row = 1") == [
        ("shop", "shop-prod", "Amazon Elastic Compute Cloud", "eu-west-1", Decimal("0.00000015"),
         {"team": "shop", "aws_created_by": "ana"}, {"cost_category": '{"unit": "retail"}'})
    ]  # fmt: skip
    assert rows("select service_name from charges where row > 1") == [("AmazonEC2",), ("AmazonEC2",)]


def test_focus_1_3_tells_its_providers_by_other_names(bill, rows):
    # specification/datasets/cost_and_usage of FOCUS_Spec, read 2026-11-29: ProviderName and PublisherName are deprecated.
    new = {
        "ServiceProviderName": "AWS",
        "HostProviderName": "Amazon",
        "AllocatedMethodId": "m",
        "AllocatedTags": '{"a": "b"}',
    }
    bill(table(FOCUS | new, {}, {"ProviderName": "Old"}))
    ((name, kept), (old, _)) = rows("select provider_name, x from charges order by row")
    assert (name, old) == ("AWS", "Old")
    assert {key: kept[key] for key in ("HostProviderName", "AllocatedMethodId")} == {
        "HostProviderName": "Amazon",
        "AllocatedMethodId": "m",
    }


def test_texts_may_have_line_ends_quotes_and_separators(bill, rows):
    text = table(
        FOCUS, {"ChargeDescription": 'two\nlines; "quoted", and\r\nmore', "Tags": '{"a": "x,y\\nz"}'}, {}, delimiter=";"
    )
    bill("\ufeff" + text)
    assert rows("select charge_description, tags from charges where row = 1") == [
        ('two\nlines; "quoted", and\r\nmore', {"a": "x,y\nz"})
    ]
    assert sums(rows)[2] == 2


def test_azure_actual_cost_is_billed_and_amortised_cost_effective(bill, rows):
    reserved = {"PricingModel": "Reservation", "ReservationId": "R"}
    purchase = {**reserved, "ChargeType": "Purchase", "Cost": "30", "Quantity": "1"}
    bill(table(AZURE, {}, {**reserved, "Cost": "0"}, purchase), source="actual")
    assert sums(rows) == (Decimal("32.4"), None, 3)
    assert rows("select resource_id, contracted_cost, list_cost, tags, meter, x from charges where row = 1") == [
        (
            "/subscriptions/s/resourcegroups/r/vm",
            Decimal("2.4"),
            Decimal(3),
            {"team": "shop"},
            "m-1",
            {"MeterName": "D2 v3"},
        )
    ]
    unused = {**reserved, "ChargeType": "UnusedReservation", "Cost": "0.1"}
    bill(table(AZURE, {}, {**reserved, "Cost": "0.9"}, unused), source="amortised")
    assert rows("select sum(billed_cost), sum(effective_cost) from charges where source = 'amortised'") == [
        (None, Decimal("3.4"))
    ]


def test_azure_names_in_other_spellings_and_languages(bill, rows):
    german = {
        "Abonnement-GUID (SubscriptionGuid)": "s",
        "UsageDateTime (UsageDateTime)": "2026-10-05",
        "ID der Verbrauchseinheit (MeterId)": "m-1",
        "UsageQuantity (UsageQuantity)": "3",
        "Ressourcensatz (ResourceRate)": "0.025",
        "PreTaxCost (PreTaxCost)": "0.075",
        "Currency": "EUR",
        "Maßeinheit (UnitOfMeasure)": "Std.",
    }
    bill("\ufeff" + table(german, delimiter=";"))
    camel = {name[0].lower() + name[1:]: value for name, value in AZURE.items() if name != "PricingModel"}
    bill(table(camel), source="camel")
    assert rows("select source, billed_cost, billing_currency, sub_account_id from charges order by source") == [
        ("camel", Decimal("2.4"), "USD", "s"),
        ("test", Decimal("0.075"), "EUR", "s"),
    ]


def test_google_takes_credits_off(bill, rows):
    bill(table(GCP, {}, {"credits": "[]", "invoice.month": "202611"}))
    assert rows("select month, billed_cost, effective_cost, tags, service_name, meter from charges order by month") == [
        ("2026-10", Decimal("0.000009"), Decimal("0.000009"), {"team": "shop"}, "Compute Engine", "AAAA-1"),
        ("2026-11", Decimal("0.000015"), Decimal("0.000015"), {"team": "shop"}, "Compute Engine", "AAAA-1"),
    ]
    assert rows("select consumed_quantity from charges limit 1") == [(Decimal("0.000023198314011097"),)]


def test_oracle(bill, rows):
    bill(table(OCI))
    assert rows("select billed_cost, effective_cost, month, tags, sku_id from charges") == [
        (Decimal("0.012264277499950943"), None, "2026-10", {"Oracle-Tags.CreatedBy": "ana"}, "B1")
    ]


def test_columns_in_any_order_compressed_or_as_parquet_are_the_same_bill(bill, rows, tmp_path):
    text = table(dict(reversed(FOCUS.items())), {}, {"BilledCost": "-0.000000000000000001"})
    bill(text, source="csv")
    bill(gzip.compress(text.encode()), source="gz")
    (tmp_path / "in.csv").write_text(text)
    duckdb.connect().execute(f"""copy (select * replace (map {{'team': 'shop'}} as Tags, BilledCost::decimal(38,18) as BilledCost,
        BillingPeriodStart::timestamp as BillingPeriodStart) from read_csv('{tmp_path}/in.csv', all_varchar = true))
        to '{tmp_path}/out.parquet' (format parquet)""")
    bill((tmp_path / "out.parquet").read_bytes(), source="parquet")
    told = "billed_cost, effective_cost, charge_period_start, resource_id, tags, x, row"
    bills = {
        source: rows(f"select {told} from charges where source = '{source}' order by row")
        for source in ("csv", "gz", "parquet")
    }
    assert bills["csv"] == bills["gz"] == bills["parquet"]
    assert bills["csv"][1][0] == Decimal("-0.000000000000000001")


def test_structures_of_parquet_are_columns_and_maps_are_tags(bill, rows, tmp_path):
    duckdb.connect().execute(f"""copy (select '9' as billing_account_id, {{'description': 'Compute Engine'}} as service, {{'id': 'AAAA'}} as sku,
        timestamp '2026-10-05 03:00' as usage_start_time, [{{'key': 'team', 'value': 'shop'}}] as labels, 1.5e-5::double as cost,
        'USD' as currency, [{{'name': 'CUD', 'amount': -5e-6::double}}] as credits, {{'month': '202610'}} as invoice)
        to '{tmp_path}/gcp.parquet' (format parquet)""")
    duckdb.connect().execute(f"""copy (select timestamp '2026-10-01' as bill_billing_period_start_date, 'Usage' as line_item_line_item_type,
        timestamp '2026-10-05' as line_item_usage_start_date, 'USD' as line_item_currency_code,
        1.25::double as line_item_unblended_cost, map {{'user_team': 'shop'}} as resource_tags)
        to '{tmp_path}/cur.parquet' (format parquet)""")
    for name in ("cur", "gcp"):
        bill((tmp_path / f"{name}.parquet").read_bytes(), source=name)
    assert rows("select source, billed_cost, tags, meter from charges order by source") == [
        ("cur", Decimal("1.25"), {"team": "shop"}, None),
        ("gcp", Decimal("0.00001"), {"team": "shop"}, "AAAA"),
    ]


def test_formats_fill_columns_that_charges_have():
    assert {one.name for one in formats()} == {
        "focus", "aws-cur", "azure-actual", "azure-amortised", "azure-usage", "gcp-detailed", "oci"
    }  # fmt: skip
    for one in formats():
        assert one.missing(one.match) == [" or ".join(group) for group in one.any]
