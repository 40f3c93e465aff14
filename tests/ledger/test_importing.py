"""Bills in each format, what is refused of them, and their generations."""

import csv
import gzip
import io
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from guardrail.bills.format import formats
from guardrail.errors import ConfigError, InputError
from guardrail.ledger.duck import connect
from guardrail.ledger.importing import Importing
from guardrail.ledger.store import Folder
from guardrail.ledger.verify import verify
from tests.ledger.conftest import result, state

SHOP = Path(__file__).parents[2] / "examples" / "shop-ledger" / "bill.csv"
LATER = datetime(2026, 11, 28, tzinfo=UTC)

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


@pytest.fixture
def bill(store, tmp_path):
    """Import files, given as text or bytes, and return what came of it and what was odd."""

    def call(*contents, name="bill", now=LATER, **more):
        files = []
        for number, content in enumerate(contents):
            files.append(tmp_path / f"{name}{number or ''}.csv")
            files[-1].write_bytes(content if isinstance(content, bytes) else content.encode())
        importing = Importing(more.pop("source", "test"), more.pop("bill_format", ""), now, **more)
        return importing.run(files, store)

    return call


def sums(rows, view="charges"):
    return rows(f"select sum(billed_cost), sum(effective_cost), count(*) from {view}")[0]


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
    duckdb.sql(f"""copy (select * replace (map {{'team': 'shop'}} as Tags, BilledCost::decimal(38,18) as BilledCost,
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


REFUSED: list[tuple[Any, str]] = [
    (table(FOCUS, {}, {"BilledCost": "abc"}), "row 2: BilledCost is no amount: abc"),
    (table(FOCUS, {"BilledCost": "$1,000.00"}), "row 1: BilledCost is no amount: $1,000.00"),
    (table(FOCUS, {"EffectiveCost": "0.1234567890123456789"}), "row 1: EffectiveCost has more than 18 decimals"),
    (table(FOCUS, {"BilledCost": "1.23456789012345e-6"}), "row 1: BilledCost has more than 18 decimals"),
    (table(FOCUS, {"BilledCost": "1" * 21}), "row 1: BilledCost is no amount"),
    (table(FOCUS, {"BilledCost": "NaN"}), "row 1: BilledCost is no amount: NaN"),
    (table(FOCUS, {"ConsumedQuantity": "many"}), "row 1: ConsumedQuantity is no number: many"),
    (table(FOCUS, {"ChargePeriodStart": "2023-02-01T30:00:00Z"}), "row 1: ChargePeriodStart is no time: 2023-02-01T30"),
    (table(FOCUS, {"BillingPeriodStart": ""}), "row 1: has no billing period"),
    (table(FOCUS, {"BillingCurrency": "null"}), "row 1: has no currency"),
    (table(FOCUS, {"BilledCost": "", "EffectiveCost": ""}), "row 1: has no cost"),
    (table(FOCUS, *[{"BilledCost": "x"}] * 5), "2 rows more cannot be read"),
    (
        table(CUR, {"lineItem/LineItemType": "RIFee", "lineItem/UnblendedCost": "2,76"}),
        "bill.csv: row 1: lineItem/UnblendedCost is no amount: 2,76 (",
    ),
    (
        table(FOCUS, {}, {"BillingCurrency": "EUR"}),
        "in 2 currencies, which nobody can sum: bill.csv row 1: USD; bill.csv row 2: EUR",
    ),
    (table(FOCUS) + "1,2\n", "line 3 has 2 fields, and the header 16"),
    (table(FOCUS).split("\n")[0] + "\n", "has no rows"),
    (table({"a": "1", "b": "2"}), "no format has these columns; of the nearest,"),
    ("hello\n", "is no table"),
    ("", "is no table"),
    (b"\xff\xfea\x00", "is in UTF-16"),
    (b"a,b\xff\n", "no text in UTF-8"),
    (gzip.compress(table(FOCUS).encode())[:-30], "cannot be read"),
    (table(FOCUS) + 'a "b,2', "line 3 has 2 fields"),
    (table(FOCUS) + '"a"b,2', "cannot be read after line 3"),
    (b"PAR1 and nothing else", "cannot be read"),
    (table(GCP, {"credits": "[{'amount': -1}]"}), "row 1: credits is no JSON"),
    (table(GCP, {"credits": '[{"amount": "x"}]'}), "row 1: credits has a credit without an amount"),
]


@pytest.mark.parametrize("content, said", REFUSED, ids=[said[:30] for _, said in REFUSED])
def test_what_cannot_be_read_is_named_and_nothing_is_imported(bill, store, content, said):
    with pytest.raises(InputError) as caught:
        bill(content)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert store.paths() == []


def test_line_ends_may_be_mixed_and_lines_empty(bill, rows):
    bill(table(FOCUS).replace("\n", "\r\n", 1) + "\n" + table(FOCUS).split("\n")[1] + "\n\n")
    assert sums(rows)[2] == 2


def test_structures_of_parquet_are_columns_and_maps_are_tags(bill, rows, tmp_path):
    duckdb.execute(f"""copy (select '9' as billing_account_id, {{'description': 'Compute Engine'}} as service, {{'id': 'AAAA'}} as sku,
        timestamp '2026-10-05 03:00' as usage_start_time, [{{'key': 'team', 'value': 'shop'}}] as labels, 1.5e-5::double as cost,
        'USD' as currency, [{{'name': 'CUD', 'amount': -5e-6::double}}] as credits, {{'month': '202610'}} as invoice)
        to '{tmp_path}/gcp.parquet' (format parquet)""")
    duckdb.execute(f"""copy (select timestamp '2026-10-01' as bill_billing_period_start_date, 'Usage' as line_item_line_item_type,
        timestamp '2026-10-05' as line_item_usage_start_date, 'USD' as line_item_currency_code,
        1.25::double as line_item_unblended_cost, map {{'user_team': 'shop'}} as resource_tags)
        to '{tmp_path}/cur.parquet' (format parquet)""")
    for name in ("cur", "gcp"):
        bill((tmp_path / f"{name}.parquet").read_bytes(), source=name)
    assert rows("select source, billed_cost, tags, meter from charges order by source") == [
        ("cur", Decimal("1.25"), {"team": "shop"}, None),
        ("gcp", Decimal("0.00001"), {"team": "shop"}, "AAAA"),
    ]


def zipped(**members):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.mkdir("part")
        for name, content in members.items():
            archive.writestr(f"part/{name}.csv", content)
    return held.getvalue()


def test_what_is_in_a_zip_is_imported(bill, rows):
    (found,), _ = bill(zipped(a=table(FOCUS), b=gzip.compress(table(FOCUS, {"BilledCost": "2"}).encode())))
    assert found.rows == 2
    assert rows("select file, billed_cost from charges order by file") == [
        ("a.csv", Decimal("1.5")),
        ("b.csv", Decimal(2)),
    ]
    with pytest.raises(InputError, match=r"bill\.csv/part/b\.csv: row 1: BilledCost is no amount: x"):
        bill(zipped(b=table(FOCUS, {"BilledCost": "x"})))
    with pytest.raises(InputError, match="is an archive in an archive"):
        bill(zipped(b=zipped(a="")))
    with pytest.raises(InputError, match="cannot be unpacked"):
        bill(zipped(a=table(FOCUS))[:-30])
    with pytest.raises(InputError, match="has no files"):
        bill(zipped())


def test_a_file_that_is_given_twice_is_refused(bill, store):
    text = table(FOCUS)
    for again in (text, gzip.compress(text.encode()), zipped(other=text)):
        with pytest.raises(
            InputError, match=r"bill1\.csv.*: is .*bill\.csv again \(give it once; nothing was imported\)"
        ):
            bill(text, again)
    assert store.paths() == []


def test_the_same_bill_compressed_is_known(bill):
    bill(table(FOCUS))
    for again in (gzip.compress(table(FOCUS).encode()), zipped(other=table(FOCUS))):
        ((one,), _) = bill(again)
        assert one.path == ""


def test_a_generation_says_what_it_takes_the_place_of(bill, run, tmp_path):
    bill(table(FOCUS, {}, {"InvoiceId": "I1"}))
    ((one,), _) = bill(table(FOCUS, {"BilledCost": "-2", "EffectiveCost": ""}))
    assert one.instead == "2 rows, billed 3 USD, effective 2.5 USD, final"
    with pytest.raises(ConfigError, match=r"month=2026-10/2-.*: is in USD, and this bill in EUR"):
        bill(table(FOCUS, {"BillingCurrency": "EUR"}))
    (tmp_path / "b.csv").write_text(table(FOCUS))
    ran = run("ledger", "import", "b.csv", "--as", "test", "--now", "2026-11-28")
    assert ran.stdout.splitlines()[1] == "       instead of 1 rows, billed -2 USD, effective not in this export, final"


def test_a_bill_in_several_currencies_is_imported_by_each(bill, rows):
    text = table(FOCUS, {"BillingCurrency": "EUR", "BilledCost": "7"}, {}, {"BillingCurrency": "AUD"}, {})
    for currency, left in (("EUR", [("AUD", 1), ("USD", 2)]), ("USD", [("AUD", 1), ("EUR", 1)])):
        found, odd = bill(text, source="", currency=currency)
        assert [one.source for one in found] == [f"focus-9-{currency}"]
        assert odd == [f"{count} charges in {other} are left out" for other, count in left]
    assert rows("select source, sum(billed_cost), min(billing_currency) from charges group by all order by all") == [
        ("focus-9-EUR", Decimal(7), "EUR"),
        ("focus-9-USD", Decimal(3), "USD"),
    ]
    with pytest.raises(InputError, match=r"no charge is in CHF \(charges are in AUD, EUR, USD\)"):
        bill(text, currency="CHF")


def test_more_decimals_can_be_rounded(bill, rows):
    bill(table(FOCUS, {"BilledCost": "0.1234567890123456785"}), rounds=True)
    assert rows("select billed_cost from charges") == [(Decimal("0.123456789012345679"),)]


def test_a_restated_bill_is_a_new_generation(bill, rows):
    ((first,), _) = bill(table(FOCUS))
    assert first.path.startswith("v1/charges/source=test/month=2026-10/1-")
    ((again,), _) = bill(table(FOCUS), now=LATER + timedelta(days=1))
    assert again.path == ""
    ((second,), _) = bill(table(FOCUS, {"BilledCost": "2"}))
    assert "/2-" in second.path
    assert sums(rows) == (Decimal(2), Decimal("1.25"), 1)
    assert rows("select generation, sum(billed_cost) from charges_all group by all order by all") == [
        (1, Decimal("1.5")),
        (2, Decimal(2)),
    ]


@pytest.mark.parametrize(
    "day, invoice, is_open",
    [("2026-10-20", "", True), ("2026-11-05", "", True), ("2026-11-06", "", False), ("2026-10-20", "I1", False)],
)
def test_a_month_is_open_until_its_bill_is_final(bill, rows, day, invoice, is_open):
    ((one,), _) = bill(table(FOCUS, {"InvoiceId": invoice}), now=datetime.fromisoformat(f"{day}T00:00:00+00:00"))
    assert one.open is is_open
    assert rows("select distinct open from charges") == [(is_open,)]


def test_a_month_that_becomes_final_is_a_new_generation(bill, rows):
    bill(table(FOCUS), now=datetime(2026, 10, 20, tzinfo=UTC))
    bill(table(FOCUS))
    assert rows("select generation, open from charges") == [(2, False)]


def test_the_files_of_a_command_are_one_bill(bill, rows):
    ((one,), _) = bill(table(FOCUS), table(FOCUS, {"BilledCost": "2"}))
    assert (one.rows, sums(rows)[0]) == (2, Decimal("3.5"))
    assert bill(table(FOCUS, {"BilledCost": "2"}), table(FOCUS))[0][0].path == ""  # in any order


def test_a_bill_of_several_accounts_needs_a_name(bill):
    with pytest.raises(ConfigError, match="of 2 billing accounts"):
        bill(table(FOCUS, {}, {"BillingAccountId": "8"}), source="")
    with pytest.raises(ConfigError, match="names no billing account"):
        bill(table(FOCUS, {"BillingAccountId": ""}), source="")
    with pytest.raises(ConfigError, match="is no name of a source"):
        bill(table(FOCUS), source="../up")
    with pytest.raises(ConfigError, match='did you mean "focus"'):
        bill(table(FOCUS), bill_format="fokus")
    with pytest.raises(InputError, match="lacks columns of oci"):
        bill(table(FOCUS), bill_format="oci")


def test_odd_rows_are_named_and_imported(bill, rows):
    plan = {"CommitmentDiscountId": "sp-1", "ChargeFrequency": "Recurring"}
    _, odd = bill(
        table(FOCUS, {"ChargePeriodStart": "2026-09-30T23:00:00Z"}, {"ListUnitPrice": "-1"},
              {**plan, "ChargeCategory": "Purchase"}, {**plan, "EffectiveCost": "1"}),
        table(CUR | {"identity/LineItemId": "a"}, {}, {}),
    )  # fmt: skip
    assert odd == [
        "bill.csv: row 1 has a charge that begins outside of its billing period",
        "bill.csv: row 2 has a list price below 0",
        "bill1.csv: row 2 has a line id that an earlier row has",
        "sp-1: its usage comes to 1, and 1.5 is paid for it: part of its term is in another bill",
    ]
    assert rows("select count(*) from charges") == [(6,)]


def test_charges_are_matched_with_the_resource_that_has_their_id(bill, add, rows):
    arn = "arn:aws:ec2:us-east-1:1:natgateway/nat-1"
    add(state(("aws_nat_gateway.n", {"id": "nat-1"}, {}), ("aws_instance.i", {"id": "i-1"}, {})), project="shop")
    add(state(("aws_instance.twin", {"id": "i-2"}, {})), project="shop-2")
    add(state(("aws_instance.twin", {"id": "i-2"}, {})), project="shop-3")
    bill(table(FOCUS, {}, {"ResourceId": arn}, {"ResourceId": "i-2"}, {"ResourceId": "i-3"}, {"ResourceId": ""}))
    assert rows("select resource_id, project, address, evidence from matched order by row") == [
        ("i-1", "shop", "aws_instance.i", "id"),
        (arn, "shop", "aws_nat_gateway.n", "id"),
        ("i-2", None, None, "none"),
        ("i-3", None, None, "none"),
        (None, None, None, "none"),
    ]
    assert sums(rows, "matched") == sums(rows)


def test_ids_of_plans_match_where_there_is_no_state(bill, add, rows):
    add(result())
    bill(table(FOCUS, {"ResourceId": "nat-1"}))
    assert rows("select project, address, evidence from matched") == [("shop", "aws_nat_gateway.n", "id")]


def test_a_long_query_draws_no_progress():
    with connect() as database:
        assert database.execute("select current_setting('enable_progress_bar')").fetchall() == [(False,)]


def test_formats_fill_columns_that_charges_have():
    assert {one.name for one in formats()} == {
        "focus", "aws-cur", "azure-actual", "azure-amortised", "azure-usage", "gcp-detailed", "oci"
    }  # fmt: skip
    for one in formats():
        assert one.missing(one.match) == [" or ".join(group) for group in one.any]


def test_bills_as_people_import_them(run, tmp_path):
    (tmp_path / "oct.csv").write_text(table(FOCUS, {"ListUnitPrice": "-1"}))
    ran = run("ledger", "import", "oct.csv", "--as", "aws-prod", "--now", "2026-11-28")
    assert ran.stdout == "added  aws-prod 2026-10: 1 rows, billed 1.5 USD, effective 1.25 USD, final\n"
    assert ran.stderr == "guardrail: oct.csv: row 1 has a list price below 0\n"
    assert run("ledger", "import", "oct.csv", "--as", "aws-prod", "--now", "2026-11-28").stdout.startswith(
        "known  aws-prod"
    )
    assert (
        run("ledger", "show").stdout
        == "bill   aws-prod 2026-10: generation 1, final, 1 rows, billed 1.5, effective 1.25 USD\n"
    )
    (tmp_path / "oct.csv").write_text(table(FOCUS, {"EffectiveCost": ""}))
    run("ledger", "import", "oct.csv", "--as", "aws-prod", "--now", "2026-11-28")
    assert "effective not in this export" in run("ledger", "show").stdout
    assert run("ledger", "show", "--generations").stdout.count("bill ") == 2
    ran = run("ledger", "import", "absent.csv")
    assert (ran.exit_code, ran.stderr) == (2, "guardrail: absent.csv: cannot be read: No such file or directory\n")


def test_a_folder_is_a_store(tmp_path):
    assert Folder(tmp_path / "nothing").paths() == []
