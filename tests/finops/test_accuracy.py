"""`guardrail accuracy` as people type it, over a bill and estimates of which every difference is known."""

import csv
import json
import shutil
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from guardrail.ledger.storage.store import Folder
from guardrail.ledger.writing.adding import Adding
from guardrail.ledger.writing.importing import Importing
from guardrail.model.report import Event, Revision
from tests.ledger.bills import FOCUS, table
from tests.ledger.conftest import result, state


@pytest.fixture
def accuracy(command, shop):
    """Run `guardrail accuracy` in the example's folder."""
    return lambda *args: command("accuracy", *args, cwd=shop)


@pytest.fixture
def document(accuracy):
    """Return the answer as JSON, with the lines by their keys and parts without those that are 0."""

    def call(*args):
        ran = accuracy("--format", "json", *args)
        assert (ran.exit_code, ran.stderr) == (0, "")
        found = json.loads(ran.stdout)
        for line in [*found["lines"], *found["totals"]]:
            line["parts"] = {name: amount for name, amount in line["parts"].items() if amount != "0"}
        found["by"] = {"/".join(map(str, line["keys"].values())): line for line in found["lines"]}
        return found

    return call


def test_d_the_first_machine_differs_by_1_344_all_of_it_time(document):
    line = document("--month", "2026-10")["by"]["aws_instance.shop"]
    assert (line["estimate"], line["bill"], line["difference"]) == ("70.08", "71.424", "1.344")
    assert (line["parts"], line["residual"]) == ({"time": "1.344"}, "0")


def test_d_the_machine_of_search_differs_by_minus_43_392_time_and_existence(document):
    line = document("--month", "2026-10")["by"]["aws_instance.search[0]"]
    assert (line["estimate"], line["bill"], line["difference"]) == ("140.16", "96.768", "-43.392")
    assert (line["parts"], line["residual"]) == ({"time": "2.688", "existence": "-46.08"}, "0")


@pytest.mark.parametrize(
    "month, by",
    [("2026-08", "address"), ("2026-09", "team,component"), ("2026-10", "type"), ("2026-10", "evidence,project")],
)
def test_d_parts_come_to_bill_less_estimate_for_every_line(document, month, by):
    found = document("--month", month, "--by", by)
    for line in [*found["lines"], *found["totals"]]:
        assert line["residual"] == "0"
        assert Decimal(line["bill"]) - Decimal(line["estimate"]) == Decimal(line["difference"])
        assert sum(map(Decimal, line["parts"].values())) == Decimal(line["difference"])
    (total,) = found["totals"]
    bills = {"2026-08": "340.6039999994933", "2026-09": "334.919999998943", "2026-10": "501.2469999994933"}
    assert (total["bill"], total["estimate"]) == (bills[month], "321.17" if month == "2026-10" else "181.01")
    assert sum(Decimal(line["bill"]) for line in found["lines"]) == Decimal(total["bill"])


def test_the_savings_plan_is_used_and_unused(document):
    found = document("--month", "2026-10", "--by", "component,address")["by"]
    worker = found["Instance usage (Linux/UNIX, on-demand, m5.large)/aws_instance.worker"]
    assert worker["parts"] == {"time": "1.344", "commitments": "-26.784"}
    assert found["Savings Plans for AWS Compute usage/None"]["parts"] == {"commitments": "29.76"}


def test_what_is_billed_is_paid_for_the_commitment_itself(document):
    found = document("--month", "2026-10", "--by", "component,address", "--cost", "billed")
    worker = found["by"]["Instance usage (Linux/UNIX, on-demand, m5.large)/aws_instance.worker"]
    assert (worker["bill"], worker["parts"]) == ("0", {"time": "1.344", "commitments": "-71.424"})
    assert found["by"]["Savings Plans for AWS Compute usage/None"]["parts"] == {"commitments": "74.4"}
    assert found["totals"][0]["bill"] == "501.2469999994933"


def test_what_is_not_modelled_is_said_with_its_reason(document):
    found = document("--month", "2026-10")
    assert [(one["of"], one["why"], one["amount"]) for one in found["reasons"]] == [
        ("DataTransfer-Out-Bytes (Amazon Simple Storage Service)", "no line of the estimate is for it", "128.7"),
        ("AWS Support (Developer)", "purchase", "29"),
        ("Credits", "credit", "-20"),
        ("Tax", "tax", "10"),
        ("KMS-Keys (AWS Key Management Service)", "no resource is known for it", "0.9999999995"),
    ]
    assert found["matched"] == [
        {"evidence": "id", "currency": "USD", "amount": "451.4869999999933"},
        {"evidence": "none", "currency": "USD", "amount": "49.7599999995"},
    ]
    assert found["awaiting_usage"] == [
        "aws_nat_gateway.main: Data processed",
        "aws_s3_bucket.uploads: PUT, COPY, POST, LIST requests",
        "aws_s3_bucket.uploads: Storage",
    ]


def test_one_project_alone(document):
    found = document("--month", "2026-10", "--project", "shop", "--by", "project")
    assert [line["keys"] for line in found["lines"]] == [{"project": "shop"}]
    assert found["totals"][0]["bill"] == "451.4869999999933"


def test_the_newest_month_is_compared_and_its_estimate_named(document):
    found = document()
    assert (found["month"], found["hours"]) == ("2026-10", "744")
    assert [(one["project"], one["at"]) for one in found["estimates"]] == [("shop", "2026-10-11T00:00:00+00:00")]


def test_markdown_and_csv(accuracy):
    lines = accuracy("--by", "type", "--format", "markdown").stdout.splitlines()
    assert lines[4] == "| --- | --: | --: | --: | --: | --: | --: | --: | --: |"
    assert any(line.startswith("| aws_instance | &#36;280.32 | &#36;212.83 | -&#36;67.49 |") for line in lines)
    rows = list(csv.DictReader(accuracy("--format", "csv").stdout.splitlines()))
    assert {row["residual"] for row in rows} == {"0"}
    assert sum(Decimal(row["bill"]) for row in rows) == Decimal("501.2469999994933")


@pytest.mark.parametrize("form", ["table", "json"])
def test_the_same_ledger_gives_the_same_bytes(accuracy, form):
    assert accuracy("--format", form).stdout == accuracy("--format", form).stdout


@pytest.mark.parametrize(
    "args, said",
    [
        (["--by", "adress"], 'did you mean "address"?'),
        (["--by", "tag:env"], "nothing to sum by"),
        (["--month", "2026-12"], "no bill of 2026-12 (there are bills of 2026-08, 2026-09, 2026-10)"),
        (["--project", "shp"], "the ledger has no run of a project 'shp' (did you mean \"shop\"?)"),
        (["--currency", "EUR"], "--currency and --rates belong together"),
        (["--currency", "EUR", "--rates", "absent.csv"], "absent.csv: cannot be read"),
    ],
)
def test_mistakes_are_one_line(accuracy, args, said):
    ran = accuracy(*args)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1 or "Usage:" in ran.stderr


def test_an_empty_ledger_says_what_fills_it(run, tmp_path):
    ran = run("accuracy")
    assert (ran.exit_code, ran.stderr) == (
        2,
        f"guardrail: {tmp_path / 'ledger'}: this ledger has no bill (`guardrail ledger import` adds one)\n",
    )


def test_without_duckdb_it_says_what_to_install(accuracy, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    ran = accuracy()
    assert ran.exit_code == 2
    assert ran.stderr == "guardrail: reading a ledger needs DuckDB (pip install 'guardrail-finops[ledger]')\n"


@pytest.fixture
def own(run, tmp_path):
    """Return the answer over a ledger of the test's own: runs and states, and bills by source."""
    store = Folder(tmp_path / "ledger")

    def call(*inputs, bills, args=(), now="2026-11-20"):
        adding = Adding(datetime(2026, 10, 1, tzinfo=UTC), "shop", {})
        for data in inputs:
            for fact in adding.facts(data, where="input", store=store):
                store.put(fact.path, fact.data)
        for source, text in bills.items():
            (tmp_path / "bill.csv").write_text(text)
            at = datetime.fromisoformat(now).replace(tzinfo=UTC)
            Importing(source, "", at, False).run([tmp_path / "bill.csv"], store)
        return run("accuracy", *args)

    return call


NAT = {"ResourceId": "nat-1", "ListUnitPrice": "0.048", "x_UsageType": "NatGateway-Hours", "ContractedCost": "1.5"}


def test_a_month_before_the_first_run_has_a_later_estimate_which_is_said(own):
    pushed = result(revision=Revision("a" * 40, "main", Event.PUSH), pull_request=None)
    ran = own(pushed, bills={"aws": table(FOCUS, NAT)}, args=["--by", "address,component"])
    assert (
        "shop: no run before the end of the month is in the ledger; the first one, of 2026-11-28, is taken\n"
        in ran.stdout
    )
    assert "aws_nat_gateway.n" in ran.stdout


def test_a_ledger_without_runs_has_no_estimate_and_says_so(own):
    ran = own(state(("aws_nat_gateway.n", {"id": "nat-1"}, {})), bills={"aws": table(FOCUS, NAT)})
    assert ran.exit_code == 0
    assert "no run of shop is in the ledger" in ran.stdout


def test_a_bill_in_another_currency_needs_a_rate(own, run, tmp_path):
    bill = table({**FOCUS, "BillingCurrency": "EUR"}, NAT)
    ran = own(result(), bills={"aws": bill})
    assert (ran.exit_code, ran.stderr) == (
        2,
        "guardrail: the estimate of shop is in USD, and its bill in EUR (give --currency and --rates, to convert both)\n",
    )
    (tmp_path / "rates.csv").write_text("month,from,to,rate,source\n2026-10,USD,EUR,0.5,bank\n")
    found = json.loads(run("accuracy", "--currency", "EUR", "--rates", "rates.csv", "--format", "json").stdout)
    assert [(line["currency"], line["estimate"], line["residual"]) for line in found["totals"]] == [
        ("EUR", "17.52", "0")
    ]
    assert found["notes"][-1] == "USD of 2026-10 at 0.5 EUR (bank)"
    assert "no rate of 2026-10 from EUR to USD" in run("accuracy", "--currency", "USD", "--rates", "rates.csv").stderr


def test_other_currencies_that_no_project_has_are_lines_of_their_own(own):
    bills = {"aws": table(FOCUS, NAT), "azure": table({**FOCUS, "BillingCurrency": "EUR", "ResourceId": "x"}, {})}
    ran = own(result(), bills=bills, args=["--format", "json"])
    assert [line["currency"] for line in json.loads(ran.stdout)["totals"]] == ["EUR", "USD"]


def test_a_cost_that_an_export_lacks_is_said(own, run):
    lacking = {name: value for name, value in FOCUS.items() if name != "EffectiveCost"} | {"EffectiveCost": ""}
    ran = own(result(), bills={"aws": table(lacking, NAT)})
    assert (ran.exit_code, ran.stderr) == (
        2,
        "guardrail: effective cost: not in this export: no row of 2026-10 has it (`--cost billed` compares the other one)\n",
    )
    assert run("accuracy", "--cost", "billed").exit_code == 0
    ran = own(bills={"other": table(FOCUS, {"ResourceId": "x"})})
    assert "effective: not in this export: 1 rows of aws 2026-10, which are in no amount\n" in ran.stdout


def test_an_open_bill_is_compared_up_to_its_newest_charge(own):
    ran = own(result(), bills={"aws": table(FOCUS, NAT)}, now="2026-10-07", args=["--by", "component"])
    assert "open: the bill of aws may still change; it is compared up to 2026-10-06T00:00:00+00:00\n" in ran.stdout


def test_a_credit_for_a_resource_is_not_modelled(own):
    credit = {**NAT, "ChargeCategory": "Credit", "EffectiveCost": "-1", "BilledCost": "-1"}
    ran = own(result(), bills={"aws": table(FOCUS, NAT, credit)}, args=["--format", "json"])
    found = json.loads(ran.stdout)
    assert [(one["why"], one["amount"]) for one in found["reasons"] if one["part"] == "not_modelled"] == [
        ("credit", "-1")
    ]


def test_the_ledger_may_be_compacted(command, shop, tmp_path, document):
    folder = shutil.copytree(shop, tmp_path / "shop")
    assert command("ledger", "compact", "--now", "2026-12-01", cwd=folder).exit_code == 0
    again = json.loads(command("accuracy", "--format", "json", cwd=folder).stdout)
    assert again["lines"][0]["difference"] == document()["lines"][0]["difference"]
    assert again["totals"][0]["estimate"] == "321.17"
