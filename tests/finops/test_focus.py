"""`guardrail spend --format focus`: a bill as FOCUS 1.2, whose sums stay what they are when it is imported again."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.bills.charges import CHARGES
from guardrail.bills.focus import FOCUS, OURS, FocusColumn, FocusRow, columns_of
from guardrail.files.model import validated
from guardrail.finops.allocation.file import Allocation, by_tag
from guardrail.finops.allocation.sharing import Sharing, Teams, with_teams
from guardrail.finops.charge import Charge
from guardrail.finops.exact import units
from guardrail.finops.focus import FocusWriter
from guardrail.ledger.queries.focus import focus_columns, focus_rows
from guardrail.ledger.queries.spending import COSTS, spent
from guardrail.ledger.storage.store import Folder
from guardrail.ledger.views import open_ledger
from guardrail.ledger.writing.importing import Importing
from tests.finops.conftest import SHOP
from tests.ledger.bills import AZURE, CUR, CUR_ROWS, table
from tests.ledger.bills import FOCUS as FOCUS_BILL

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12).filter(
    lambda text: text.upper() != "NULL"
)
ODD_ROWS = st.fixed_dictionaries(
    {
        "BilledCost": st.decimals(-(10**12), 10**12, places=18, allow_nan=False).map(str),
        "EffectiveCost": st.sampled_from(["", "0", "-0.000000000000000001", "1.5e-05", "7E+2"]),
        "ListCost": st.sampled_from(["", "3"]),
        "PricingQuantity": st.sampled_from(["", "0", "2.50"]),
        "ChargeDescription": TEXTS,
        "ResourceId": TEXTS,
        "x_Note": TEXTS,
        "x_UsageType": TEXTS,
        "Tags": st.dictionaries(TEXTS, TEXTS, max_size=3).map(json.dumps),
        "ChargeCategory": st.sampled_from(["Usage", "Purchase", "Credit", "Adjustment"]),
    }
)
LATER = datetime(2026, 11, 20, tzinfo=UTC)
COST_COLUMNS = ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost")
ALL_MONTHS = ("--from", "2026-08", "--format", "focus")

# What FOCUS 1.2 says of a row, as https://focus.finops.org/focus-specification/v1-2/ has it; read 2026-11-29.
VALUES = {
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {"Correction", ""},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "CommitmentDiscountCategory": {"Spend", "Usage", ""},
    "CommitmentDiscountStatus": {"Used", "Unused", ""},
    "PricingCategory": {"Standard", "Dynamic", "Committed", "Other", ""},
}
FILLED = ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost", "BillingAccountId", "BillingAccountName", "BillingCurrency",
          "InvoiceIssuerName", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName")  # fmt: skip
TIMES = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
NONE_OF_TAXES = (
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "SkuId",
    "SkuPriceId",
    "SkuMeter",
)
WITH_ANOTHER = {
    "ConsumedUnit": "ConsumedQuantity",
    "PricingUnit": "PricingQuantity",
    "CommitmentDiscountType": "CommitmentDiscountId",
    "CommitmentDiscountCategory": "CommitmentDiscountId",
    "SubAccountName": "SubAccountId",
}


@pytest.fixture
def allocation(tmp_path):
    (tmp_path / "allocation.yaml").write_bytes((SHOP / "allocation.yaml").read_bytes())


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def sums(ledger, dimension, cost, first="2026-08", last="2026-10"):
    found: dict[str | None, int] = {}
    for row in spent(ledger, [dimension], cost, first, last):
        found[row.of[dimension]] = found.get(row.of[dimension], 0) + (units(row.amount) or 0)
    return found


@pytest.mark.usefixtures("allocation")
def test_rows_are_what_focus_wants(spend):
    ran = spend(*ALL_MONTHS, "--allocated")
    assert (ran.exit_code, ran.stderr) == (0, "")
    rows = rows_of(ran.stdout)
    names = list(rows[0])
    own = [name for name in names if not name.startswith("x_")]
    assert own == sorted(own)
    assert names == own + names[len(own) :]
    assert names[-len(OURS) :] == [one.name for one in OURS]
    for row in rows:
        assert all(row[name] for name in FILLED)
        assert all(re.fullmatch(r"2026-\d\d-\d\dT00:00:00Z", row[name]) for name in TIMES)
        assert all(row[name] in values for name, values in VALUES.items())
        assert all(row[name] == "" or row[other] for name, other in WITH_ANOTHER.items())
        assert row["ChargeCategory"] != "Tax" or not any(row[name] for name in NONE_OF_TAXES)
        is_consumed = row["ChargeCategory"] == "Usage" and row["CommitmentDiscountStatus"] != "Unused"
        assert is_consumed or row["ConsumedQuantity"] == ""
        assert not row["Tags"] or all(isinstance(one, str) for one in json.loads(row["Tags"]).values())
        if row["ListUnitPrice"]:
            product = Decimal(row["ListUnitPrice"]) * Decimal(row["PricingQuantity"])
            assert abs(product - Decimal(row["ListCost"])) < Decimal("1e-12")


@pytest.mark.usefixtures("allocation")
def test_a_shared_row_is_a_row_for_each_that_bears_it(spend):
    rows = rows_of(spend("--month", "2026-10", "--allocated", "--format", "focus").stdout)
    support = [row for row in rows if row["ServiceName"] == "AWS Support (Developer)"]
    assert [(row["x_GuardrailTeam"], row["BilledCost"], row["x_GuardrailAllocation"]) for row in support] == [
        ("search", "11.6", "support"),
        ("shop", "17.4", "support"),
    ]
    assert len({row["x_GuardrailRow"] for row in support}) == 1
    assert support[0]["x_GuardrailSource"] == "shop"
    own = rows_of(spend("--month", "2026-10", "--allocated", "--team", "shop", "--format", "focus").stdout)
    assert {row["x_GuardrailTeam"] for row in own} == {"shop"}
    assert sum(Decimal(row["EffectiveCost"]) for row in own) == pytest.approx(Decimal("365.79"), abs=Decimal("0.005"))


def test_without_allocated_each_row_of_the_bill_is_a_row(spend):
    rows = rows_of(spend(*ALL_MONTHS).stdout)
    with (SHOP / "bill.csv").open(encoding="utf-8", newline="") as file:
        bill = list(csv.DictReader(file))
    assert len(rows) == len(bill) == 1040
    bill.sort(key=lambda row: row["BillingPeriodStart"])
    assert [Decimal(row["BilledCost"]) for row in rows] == [Decimal(row["BilledCost"]) for row in bill]
    assert {row["x_GuardrailAllocation"] for row in rows} == {"direct"}
    assert [row["x_UsageType"] for row in rows] == [row["x_UsageType"] for row in bill]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("allocated", [(), ("--allocated",)], ids=["direct", "allocated"])
@pytest.mark.usefixtures("allocation")
def test_what_is_imported_again_comes_to_the_same(spend, shop_ledger, tmp_path, allocated, ending):
    out = tmp_path / f"out.{ending}"
    ran = spend(*ALL_MONTHS, *allocated, "--out", str(out))
    assert (ran.exit_code, ran.stdout) == (0, "")
    Importing("again", "", LATER, False).run([out], Folder(tmp_path / "again"))
    before, after = open_ledger(Folder(shop_ledger)), open_ledger(Folder(tmp_path / "again"))
    for cost in COSTS:
        for dimension in ("month", "service", "meter", "resource", "commitment", "tag:env", "account"):
            assert sums(before, dimension, cost) == sums(after, dimension, cost)
    found = json.loads(spend("--from", "2026-08", *allocated, "--format", "json").stdout)
    teams = {line["keys"]["team"]: units(Decimal(line["amount"])) for line in found["lines"]}
    again = sums(after, "column:x_GuardrailTeam", "effective")
    assert again.keys() == teams.keys()
    # Each split of a month is rounded by itself there, and all of them together here.
    assert max(abs(again[team] - (teams[team] or 0)) for team in teams) <= (9 if allocated else 0)


@pytest.mark.usefixtures("allocation")
def test_the_same_ledger_gives_the_same_bytes(spend, tmp_path):
    args = (*ALL_MONTHS, "--allocated")
    assert spend(*args).stdout == spend(*args).stdout
    for name in ("a.parquet", "b.parquet"):
        spend(*args, "--out", str(tmp_path / name))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


@pytest.fixture
def imported(run, tmp_path):
    """Import a bill into the test's own ledger, and return it in FOCUS with what is said of it."""

    def call(text):
        (tmp_path / "bill.csv").write_text(text)
        Importing("it", "", LATER, False).run([tmp_path / "bill.csv"], Folder(tmp_path / "ledger"))
        ran = run("spend", "--format", "focus")
        assert ran.exit_code == 0, ran.stderr
        return rows_of(ran.stdout), ran.stderr

    return call


def test_what_a_bill_does_not_say_stays_empty_and_is_said(imported):
    rows, said = imported(table(AZURE))
    assert (rows[0]["BilledCost"], rows[0]["EffectiveCost"]) == ("2.4", "")
    assert (
        "guardrail: EffectiveCost: empty in 1 of 1 rows, whose bills do not say it; FOCUS 1.2 wants it in each\n"
        in said
    )
    assert rows[0]["x_MeterName"] == "D2 v3"


def test_a_cur_keeps_its_meters_and_commitments(imported):
    rows, said = imported(table(CUR, *CUR_ROWS))
    assert {row["x_UsageType"] for row in rows} == {"BoxUsage:m5.large"}
    assert sum(Decimal(row["EffectiveCost"]) for row in rows) == Decimal("2.70")
    assert "ServiceCategory: empty in 10 of 10 rows" in said


def test_columns_of_focus_that_charges_lack_are_kept_and_others_begin_with_x(imported):
    rows, _ = imported(
        table(FOCUS_BILL, {"ContractedUnitPrice": "0.05", "RegionName": "Frankfurt", "Invented": "a", "x_GuardrailTeam": "old",
                           "CommitmentDiscountQuantity": "1.50"})
    )  # fmt: skip
    (row,) = rows
    assert (row["ContractedUnitPrice"], row["CommitmentDiscountQuantity"], row["RegionName"]) == (
        "0.05",
        "1.5",
        "Frankfurt",
    )
    assert (row["x_Invented"], row["x_Note"], row["x_GuardrailTeam"]) == ("a", "own", "shop")


@given(st.lists(ODD_ROWS, min_size=1, max_size=30))
@settings(max_examples=4)
def test_any_row_is_the_same_after_an_export_and_an_import(tmp_path_factory, odd):
    folder = tmp_path_factory.mktemp("odd")
    (folder / "bill.csv").write_text(table(FOCUS_BILL, *odd), newline="")
    Importing("it", "", LATER, False).run([folder / "bill.csv"], Folder(folder / "one"))
    one = open_ledger(Folder(folder / "one"))
    columns = focus_columns(one, "2026-10", "2026-10")
    with (folder / "out.csv").open("w", newline="") as file:
        rows = focus_rows(one, columns, ["tag:team"], "2026-10", "2026-10")
        FocusWriter(columns, Teams(by_tag("team")), None).write(rows, file)
    Importing("it", "", LATER, False).run([folder / "out.csv"], Folder(folder / "two"))
    told = ", ".join(name for name in CHARGES if name not in {"x", "row", "file", "consumed_quantity", "consumed_unit"})
    first, second = (
        open_ledger(Folder(folder / name)).rows(f"select {told}, x['x_Note'] from charges order by row")
        for name in ("one", "two")
    )
    assert first == second


def test_the_columns_are_those_of_focus():
    names = [one.name for one in FOCUS if not one.name.startswith("x_")]
    assert len(names) == 57
    assert names == sorted(names)
    assert [one.name for one in columns_of([], ["x_B", "A", "x_a"])][-2:] == ["x_A", "x_B"]


@pytest.mark.parametrize(
    "args, said",
    [
        (["--by", "team"], "--by means nothing to --format focus"),
        (["--currency", "EUR", "--rates", "r.csv"], "--format focus has amounts as they are billed"),
        (["--team", "shp"], 'did you mean "shop"'),
        (["--month", "2026-12"], "no bill of 2026-12"),
        (["--out", "file/no"], "cannot be written"),
    ],
)
def test_mistakes_are_one_line(spend, tmp_path, args, said):
    (tmp_path / "file").touch()
    ran = spend("--format", "focus", *args)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_other_formats_can_be_written_to_a_file(spend, tmp_path):
    assert spend("--format", "json", "--out", "s.json").stdout == ""
    assert json.loads((tmp_path / "s.json").read_text())["totals"][0]["amount"] == "501.2469999994933"


COLUMNS = [
    FocusColumn("BilledCost", "", required=True, shared=True),
    FocusColumn("ListCost", "", shared=True),
    FocusColumn("Tags", ""),
]
MONEY = st.decimals(-(10**6), 10**6, places=18, allow_nan=False)
ROWS = st.lists(
    st.tuples(MONEY, st.none() | MONEY, st.sampled_from([None, "a", "b", "c"]), st.sampled_from(["s3", "support"]))
)
SPLITS = st.sampled_from(
    [
        {"split": "proportional"},
        {"split": "even"},
        {"split": "even", "among": ["a"]},
        {"split": "fixed", "shares": {"a": "33.3", "e": "66.7"}},
        {"split": "none"},
    ]
)
SHARED = st.lists(
    st.tuples(st.sampled_from([{"service": "support"}, {"team": "c"}, {"unallocated": True}]), SPLITS), max_size=3
)


@given(ROWS, SHARED)
def test_shares_come_to_the_row_and_to_what_falls_on_each(bill, shared):
    listed = [{"name": f"n{number}", "match": match, **split} for number, (match, split) in enumerate(shared)]
    allocation = validated(Allocation, {"version": 1, "rules": [{"tag": "team"}], "shared": listed})
    rows = [
        FocusRow(
            {"tag:team": team, "service": service},
            "2026-10",
            "aws",
            f"b:{number}",
            "USD",
            None,
            None,
            "none",
            [str(one), other and str(other), "x"],
        )
        for number, (one, other, team, service) in enumerate(bill)
    ]
    charges = [
        Charge(row.of, row.month, row.source, False, row.currency, units(one))
        for row, (one, *_) in zip(rows, bill, strict=True)
    ]
    sharing = Sharing.of(with_teams(charges, allocation), allocation, {})
    held = io.StringIO()
    written = FocusWriter(COLUMNS, Teams(allocation), sharing).write(rows, held)
    found = rows_of(held.getvalue())
    assert written.rows == len(found)
    for number, (billed, other, *_) in enumerate(bill):
        alike = [row for row in found if row["x_GuardrailRow"] == f"b:{number}"]
        assert sum(units(Decimal(row["BilledCost"])) or 0 for row in alike) == units(billed)
        assert sum(units(Decimal(row["ListCost"])) or 0 for row in alike if row["ListCost"]) == (units(other) or 0)
    for name, weights in ((sharing.names[pool[0]], parts) for pool, parts in sharing.weights.items()):
        alike = [row for row in found if row["x_GuardrailAllocation"] == name]
        whole = sum(units(Decimal(row["BilledCost"])) or 0 for row in alike)
        for team, part in weights.items():
            exact = Fraction(whole) * Fraction(part) / sum(map(Fraction, weights.values()))
            bears = sum(units(Decimal(row["BilledCost"])) or 0 for row in alike if row["x_GuardrailTeam"] == team)
            assert abs(bears - exact) < 1
    one = replace(sharing, weights={})
    assert FocusWriter(COLUMNS, Teams(allocation), one).write(rows, io.StringIO()).rows == len(rows)
