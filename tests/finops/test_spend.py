"""`guardrail spend` as people type it, over a bill of which every total is known."""

import json
import shutil
import sys
from datetime import UTC, datetime
from decimal import Decimal

import click
import pytest

from guardrail.cli.commands.finops.spend import spend as command
from guardrail.ledger.storage.store import Folder
from guardrail.ledger.writing.adding import Adding
from guardrail.ledger.writing.importing import Importing
from tests.ledger.conftest import state

HEAD = (
    "BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"
    "ChargeCategory,BilledCost,EffectiveCost,ServiceName,Tags"
)


def bill(*rows, month=10, currency="USD", kind="billed"):
    """Return a bill of a month; each row is a cost of one kind and a service, and may have a team."""
    period = f"2026-{month:02}-01T00:00:00Z,2026-{month + 1:02}-01T00:00:00Z"
    lines = [
        f'{currency},{period},{period},Usage,{f"{cost}," if kind == "billed" else f",{cost}"},{service},"{tag(*team)}"'
        for cost, service, *team in rows
    ]
    return "\n".join([HEAD, *lines, ""])


def tag(team=""):
    return json.dumps({"team": team}).replace('"', '""') if team else ""


@pytest.fixture
def import_(tmp_path):
    """Import a bill into the ledger of the test's own folder."""

    def call(text, source="aws", now="2026-11-20"):
        (tmp_path / "bill.csv").write_text(text)
        at = datetime.fromisoformat(now).replace(tzinfo=UTC)
        Importing(source, "", at, False).run([tmp_path / "bill.csv"], Folder(tmp_path / "ledger"))

    return call


@pytest.mark.parametrize("cost", ["billed", "effective"])
def test_a_the_months_of_the_shop_come_to_what_is_known(document, cost):
    found = document("--by", "month", "--cost", cost)["amounts"]
    assert found == {
        ("2026-08",): "340.6039999994933",
        ("2026-09",): "334.919999998943",
        ("2026-10",): "501.2469999994933",
    }


def test_b_the_teams_of_october_come_to_what_is_known(document):
    found = document("--month", "2026-10")
    assert found["amounts"] == {
        ("shop",): "273.5389999999933",
        ("search",): "96.768",
        ("platform",): "81.18",
        (None,): "49.7599999995",
    }
    assert sum(map(Decimal, found["amounts"].values())) == Decimal("501.2469999994933")
    assert found["totals"] == [{"currency": "USD", "amount": "501.2469999994933", "partial": False}]


def test_the_newest_month_is_shown_and_what_nobody_owns_is_a_line(spend):
    assert spend().stdout.splitlines() == [
        "effective cost by team, 2026-10",
        "",
        "team      effective",
        "shop        $273.54",
        "search       $96.77",
        "platform     $81.18",
        "(nobody)     $49.76",
        "total       $501.25",
    ]


def test_a_range_of_months_and_a_single_one(document):
    assert (
        document("--from", "2026-09", "--by", "service", "--to", "2026-09")["totals"][0]["amount"] == "334.919999998943"
    )
    assert document("--from", "2026-09")["totals"][0]["amount"] == "836.1669999984363"
    assert len(document("--by", "month", "--month", "2026-08")["lines"]) == 1


@pytest.mark.parametrize("cost", ["list", "contracted"])
def test_other_costs_are_shown(document, cost):
    billed, other = (
        Decimal(document("--cost", name, "--month", "2026-10")["totals"][0]["amount"]) for name in ("billed", cost)
    )
    assert other == billed + 31 * Decimal("2.304")  # of the instance that the commitment covers


def test_tags_services_accounts_and_regions(document):
    assert document("--by", "tag:env")["amounts"] == {("prod",): "451.4869999999933", (None,): "49.7599999995"}
    assert document("--by", "account,region")["amounts"] == {("111111111111", "us-east-1"): "501.2469999994933"}
    services = document("--by", "category,service")["amounts"]
    assert next(iter(services)) == ("Usage", "Amazon Elastic Compute Cloud - Compute")
    assert (services["Usage", "Amazon Elastic Compute Cloud - Other"], services["Credit", "Credits"]) == (
        "81.18",
        "-20",
    )


def test_the_first_line_says_how_much_was_matched_by_what(run, shop_ledger, tmp_path):
    shutil.copytree(shop_ledger, tmp_path / "ledger")
    text = state(
        ("aws_instance.web", {"id": "i-0a1b2c3d4e5f60001", "tags_all": {"owner": "web"}}, {}),
        ("aws_nat_gateway.n", {"id": "nat-0a1b2c3d4e5f60021"}, {}),
    )
    store = Folder(tmp_path / "ledger")
    for fact in Adding(datetime(2026, 11, 1, tzinfo=UTC), "shop", {}).facts(text, where="state", store=store):
        store.put(fact.path, fact.data)
    ran = run("spend", "--by", "project,address", "--month", "2026-10")
    lines = ran.stdout.splitlines()
    assert lines[0] == "matched with addresses: by id $152.60 (30.4%); by nothing $348.64 (69.6%)"
    assert [line.split() for line in lines[4:]] == [
        ["shop", "aws_nat_gateway.n", "$81.18"],
        ["shop", "aws_instance.web", "$71.43"],  # 71.424, of which the sum of cents needs one more
        ["(none)", "(none)", "$348.64"],
        ["total", "$501.25"],
    ]
    (tmp_path / "allocation.yaml").write_text("{version: 1, rules: [{tag_of_address: owner}]}")
    found = json.loads(run("spend", "--format", "json").stdout)
    assert {line["keys"]["team"]: line["amount"] for line in found["lines"]} == {
        "web": "71.424",
        None: "429.8229999994933",
    }


def test_an_amount_that_the_export_lacks_is_said_and_never_0(run, import_):
    import_(bill((5, "S3", "shop"), (7, "EC2")))
    ran = run("spend")
    assert ran.stdout.splitlines()[2:] == [
        "team               effective",
        "shop      not in this export",
        "(nobody)  not in this export",
        "total     not in this export",
        "",
        "effective: not in this export: 2 rows of aws 2026-10",
    ]
    found = json.loads(run("spend", "--format", "json").stdout)
    assert (found["totals"][0]["amount"], found["lines"][0]["amount"]) == (None, None)
    assert run("spend", "--format", "csv").stdout.splitlines()[1] == "shop,2026-10,2026-10,effective,USD,,,,true,false"
    assert run("spend", "--cost", "billed").stdout.endswith(" $12.00\n")


def test_a_sum_of_some_rows_alone_is_partial(run, import_):
    import_(bill((5, "S3", "shop"), (7, "EC2")))
    import_(bill((3, "VM", "shop"), kind="effective"), source="azure")
    text = run("spend").stdout
    assert "shop           $3.00 partial" in text
    assert "total          $3.00 partial" in text


def test_currencies_are_not_summed(run, import_):
    import_(bill((5, "S3")))
    import_(bill((3, "VM"), currency="EUR"), source="azure")
    ran = run("spend", "--cost", "billed", "--by", "service")
    assert [line.split() for line in ran.stdout.splitlines()[3:]] == [
        ["VM", "EUR", "3.00"],
        ["total", "EUR", "EUR", "3.00"],
        ["S3", "$5.00"],
        ["total", "USD", "$5.00"],
        [],
        ["amounts", "in", "several", "currencies", "are", "not", "summed", "without", "--currency", "and", "--rates"],
    ]


def test_currencies_are_summed_at_the_rates_that_are_given(run, import_, tmp_path):
    import_(bill((5, "S3")))
    import_(bill((3, "VM"), currency="EUR"), source="azure")
    args = ("spend", "--cost", "billed", "--by", "service", "--currency", "USD", "--rates", "rates.csv")
    rates = tmp_path / "rates.csv"
    rates.write_text("month,from,to,rate,source\n2026-10,EUR,USD,1.0833333333333333333,ECB\n")
    lines = run(*args).stdout.splitlines()
    assert [line.split() for line in lines[3:6]] == [["S3", "$5.00"], ["VM", "$3.25"], ["total", "$8.25"]]
    assert lines[-1] == "EUR of 2026-10 at 1.0833333333333333333 USD (ECB)"
    found = json.loads(run(*args, "--format", "json").stdout)
    assert found["totals"] == [{"currency": "USD", "amount": "8.25", "partial": False}]
    rates.write_text("month,from,to,rate,source\n2026-09,EUR,USD,1.08,ECB\n")
    assert "no rate of 2026-10 from EUR to USD" in run(*args).stderr


@pytest.mark.parametrize(
    "row, said",
    [
        ("2026-10,EUR,USD,0,ECB", "rates.csv:2: '0' is no rate above 0"),
        ("2026-10,EUR,USD,1.08,", "rates.csv:2: a row has month, from, to, rate, source"),
        ("2026-10,EUR,USD,1,ECB\n2026-10,EUR,USD,1,ECB", "rates.csv:3: the rate of 2026-10 EUR USD is there twice"),
    ],
)
def test_mistakes_in_rates_are_named_with_their_place(spend, tmp_path, row, said):
    (tmp_path / "rates.csv").write_text(f"month,from,to,rate,source\n{row}\n")
    ran = spend("--currency", "USD", "--rates", "rates.csv")
    assert (ran.exit_code, said in ran.stderr) == (2, True)


def test_open_months_are_marked_and_bills_that_are_missing_named(run, import_):
    import_(bill((5, "S3")))
    import_(bill((6, "S3"), month=11))
    import_(bill((3, "VM"), month=9), source="azure")
    ran = run("spend", "--cost", "billed", "--by", "month", "--from", "2026-07")
    assert "no bill before 2026-09 is in the ledger\n" in ran.stdout
    assert [line.split() for line in ran.stdout.splitlines()[4:6]] == [
        ["2026-10", "$5.00"],
        ["2026-11", "$6.00", "open"],
    ]
    assert "open: the bill of aws for 2026-11 may still change\n" in ran.stdout
    assert "no bill of azure for 2026-10 to 2026-11 is in the ledger\n" in ran.stdout
    assert "no bill of aws for 2026-09" not in ran.stdout


def test_less_than_a_cent_is_said_to_be(run, import_):
    import_(bill(("0.0000000000001", "S3"), ("-0.004", "EC2")))
    lines = run("spend", "--cost", "billed", "--by", "service").stdout.splitlines()
    assert [line.split() for line in lines[3:]] == [["S3", "<$0.01"], ["EC2", "-<$0.01"], ["total", "-<$0.01"]]


def test_cents_come_to_the_total_that_is_shown(run, import_):
    import_(bill(("-1.005", "S3"), ("0.004", "EC2"), ("-2.004", "VM")))
    lines = run("spend", "--cost", "billed", "--by", "service").stdout.splitlines()
    assert [line.split() for line in lines[3:]] == [
        ["EC2", "<$0.01"],
        ["S3", "-$1.00"],
        ["VM", "-$2.00"],
        ["total", "-$3.00"],
    ]


def test_names_from_a_bill_are_shown_as_text(run, import_):
    import_(bill((5, "=cmd()|x<b>")))
    assert "'=cmd()|x<b>," in run("spend", "--cost", "billed", "--by", "service", "--format", "csv").stdout
    text = run("spend", "--cost", "billed", "--by", "service", "--format", "markdown").stdout
    assert "| =cmd()&#124;x&lt;b&gt; | &#36;5.00 |\n" in text


@pytest.mark.parametrize("form", ["table", "csv", "json", "markdown"])
def test_the_same_ledger_gives_the_same_bytes(spend, form):
    args = ("--by", "service,tag:team,month", "--format", form)
    assert spend(*args).stdout == spend(*args).stdout


@pytest.mark.parametrize(
    "args, said",
    [
        (["--by", "tem"], 'did you mean "team"?'),
        (["--by", "tag:"], "nothing to sum by"),
        (["--month", "2026-13"], "is not a month like 2026-10"),
        (["--month", "2026-12"], "no bill of 2026-12 (there are bills of 2026-08, 2026-09, 2026-10)"),
        (["--month", "2026-10", "--to", "2026-10"], "give one or the other"),
        (["--from", "2026-10", "--to", "2026-09"], "--from 2026-10 is after --to 2026-09"),
        (["--team", "shp"], "no cost falls on a team 'shp' (did you mean \"shop\"?)"),
        (["--currency", "EUR"], "no rate of 2026-10 from USD to EUR"),
        (["--rates", "rates.csv"], "--rates is for --currency"),
        (["--currency", "EUR", "--rates", "absent.csv"], "absent.csv: cannot be read"),
        (["--allocated"], "--allocated needs allocation.yaml"),
        (["--allocation", "absent.yaml"], "absent.yaml: cannot be read"),
    ],
)
def test_mistakes_are_one_line(spend, args, said):
    ran = spend(*args)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_an_empty_ledger_says_what_fills_it(run, tmp_path):
    ran = run("spend")
    assert (ran.exit_code, ran.stderr) == (
        2,
        f"guardrail: {tmp_path / 'ledger'}: this ledger has no bill (`guardrail ledger import` adds one)\n",
    )


def test_a_tag_of_teams_that_no_charge_has_is_told(run, import_, tmp_path):
    import_(bill((5, "S3", "shop"), (7, "EC2")))
    assert "no charge has the tag" not in run("spend", "--cost", "billed").stdout
    (tmp_path / "guardrail.yaml").write_text("{version: 1, report: {team_tag: Owner}}")
    note = (
        "no charge has the tag Owner, and charges have team: report.team_tag in guardrail.yaml names another,\n"
        "  allocation.yaml says more\n"
    )
    assert run("spend", "--cost", "billed").stdout.endswith(note)
    assert note not in run("spend", "--cost", "billed", "--by", "service").stdout
    import_(bill((5, "S3")))
    assert "and charges have no tags: " in run("spend", "--cost", "billed").stdout
    (tmp_path / "allocation.yaml").write_text("{version: 1}")
    assert "no charge has the tag" not in run("spend", "--cost", "billed").stdout


def test_without_duckdb_it_says_what_to_install(spend, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    ran = spend()
    assert ran.exit_code == 2
    assert ran.stderr == "guardrail: reading a ledger needs DuckDB (pip install 'guardrail-finops[ledger]')\n"


def test_dimensions_are_offered_to_the_shell():
    context, option = click.Context(command), next(one for one in command.params if one.name == "by")
    offered = [item.value for item in option.type.shell_complete(context, option, "team,pro")]
    assert offered == ["team,project", "team,provider"]
