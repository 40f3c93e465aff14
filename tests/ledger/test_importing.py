"""What is refused of bills, what is said of them, and their generations."""

import gzip
import io
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guardrail.errors import ConfigError, InputError
from guardrail.ledger.duck import connect
from guardrail.ledger.storage.store import Folder
from tests.ledger.bills import CUR, FOCUS, GCP, sums, table
from tests.ledger.conftest import result, state

SHOP = Path(__file__).parents[2] / "examples" / "shop-ledger" / "bill.csv"
LATER = datetime(2026, 11, 28, tzinfo=UTC)


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


def test_costs_that_no_sum_has_room_for_are_refused(bill, store):
    with pytest.raises(InputError, match="the costs of a month come to more than 20 digits"):
        bill(table(FOCUS, {"BilledCost": "9" * 20}, {"BilledCost": "9" * 20}))
    assert store.paths() == []


def test_line_ends_may_be_mixed_and_lines_empty(bill, rows):
    bill(table(FOCUS).replace("\n", "\r\n", 1) + "\n" + table(FOCUS).split("\n")[1] + "\n\n")
    assert sums(rows)[2] == 2


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


def test_rows_without_an_amount_are_counted_beside_the_sum(bill):
    ((one,), _) = bill(table(FOCUS, {}, {"BilledCost": "", "EffectiveCost": "7"}))
    assert one.sums == "billed 1.5 USD (1 rows without it), effective 8.25 USD"
    ((other,), _) = bill(table(FOCUS, {}, {"BilledCost": "7", "EffectiveCost": ""}))
    assert other.sums == "billed 8.5 USD, effective 1.25 USD (1 rows without it)"
    assert other.instead == "2 rows, billed 1.5 USD (1 rows without it), effective 8.25 USD, final"


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
