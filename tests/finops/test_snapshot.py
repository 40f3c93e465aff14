"""Snapshots of ledgers as they are made, and a check that reads one, over the bill of which every total is known."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrail.bills.booked import Booked, Place
from guardrail.bills.parts import SourceMonth
from guardrail.errors import ConfigError
from guardrail.files.model import validated
from guardrail.finops.bill_months import billed_months, converter, whole_month
from guardrail.finops.budgets.counting import counted, of_budget
from guardrail.finops.snapshot import Facts, snapshot
from guardrail.model.billed.snapshot import parse_snapshot
from guardrail.policy.budgets import Budget

NOW = datetime(2026, 11, 10, tzinfo=UTC)


def bill(source, month, through=None, imported="2026-12-01", *, is_open=False):
    def at(day):
        return datetime.fromisoformat(f"{day}T00:00:00+00:00")

    return SourceMonth(source, month, is_open, at(through) if through else None, at(imported))


def through(*bills):
    return [(one.month, f"{one.through:%Y-%m-%d}", one.without) for one in billed_months(bills)]


def test_a_final_bill_goes_to_the_end_of_its_month_whatever_was_used_last():
    assert through(bill("a", "2026-10", "2026-10-12")) == [("2026-10", "2026-11-01", ())]


def test_an_open_bill_goes_as_far_as_what_was_used():
    assert through(bill("a", "2026-11", "2026-11-16", "2026-11-17", is_open=True)) == [("2026-11", "2026-11-16", ())]


def test_a_charge_of_the_whole_month_says_nothing_of_days_after_its_import():
    assert through(bill("a", "2026-11", "2026-12-01", "2026-11-17", is_open=True)) == [("2026-11", "2026-11-17", ())]


def test_a_month_without_any_usage_is_told_from_its_beginning():
    assert through(bill("a", "2026-11", None, "2026-11-17", is_open=True)) == [("2026-11", "2026-11-01", ())]


def test_of_several_bills_the_shortest_counts_and_one_that_is_missing_is_named():
    bills = [
        *(bill("a", "2026-10"), bill("b", "2026-10"), bill("a", "2026-11", "2026-11-16", "2026-11-17", is_open=True)),
    ]
    assert through(*bills) == [("2026-10", "2026-11-01", ()), ("2026-11", "2026-11-16", ("b",))]
    assert whole_month(billed_months(bills)) == "2026-10"
    assert through(*bills, bill("b", "2026-11", "2026-11-11", "2026-11-17", is_open=True))[1] == (
        "2026-11",
        "2026-11-11",
        (),
    )


def test_until_when_the_longest_bill_goes_is_told_too():
    short, long = (
        bill(name, "2026-11", day, "2026-11-17", is_open=True)
        for name, day in (("a", "2026-11-11"), ("b", "2026-11-16"))
    )
    (one,) = billed_months([short, long])
    assert (one.through.day, one.latest.day if one.latest else None) == (11, 16)
    assert billed_months([short])[0].latest is None


def test_a_source_that_has_ended_is_not_missed():
    bills = [bill("old", "2026-07"), *(bill("a", f"2026-{month}") for month in ("07", "08", "09", "10", "11"))]
    assert [one.without for one in billed_months(bills)] == [(), ("old",), ("old",), ("old",), ()]


def test_without_a_whole_month_there_is_none():
    assert whole_month(billed_months([bill("a", "2026-11", "2026-11-16", "2026-11-17", is_open=True)])) is None
    assert whole_month([]) is None


def place(**more):
    fields = {
        "project": "shop",
        "address": "module.web.aws_instance.a",
        "type": "aws_instance",
        "tags": {"team": "web"},
        "bill_tags": {"team": None},
    }
    return Place(**(fields | more))


NOBODY = {"project": None, "address": None, "type": None, "tags": None}
GROUP = {"address": None, "type": None, "tags": None}


@pytest.mark.parametrize(
    "match, charge, counts",
    [
        ({}, NOBODY, True),
        ({"project": "shop"}, {}, True),
        ({"project": "sh*"}, GROUP, True),
        ({"projects": ["search"]}, {}, False),
        ({"project": "shop"}, NOBODY, None),
        ({"env": "prod"}, {}, True),
        ({"env": "dev"}, {}, False),
        ({"env": "dev"}, {"project": "other"}, None),
        ({"types": ["aws_i*"]}, {}, True),
        ({"types": ["aws_db*"]}, {}, False),
        ({"types": ["aws_i*"]}, GROUP, None),
        ({"project": "search", "types": ["aws_i*"]}, GROUP, False),
        ({"modules": ["module.web"]}, {}, True),
        ({"modules": ["module.web"]}, {"address": "aws_instance.a"}, False),
        ({"addresses": ["module.*"]}, {}, True),
        ({"tags": {"team": "web"}}, {}, True),
        ({"tags": {"team": "web"}}, {"tags": {"team": None}, "bill_tags": {"team": "web"}}, False),
        ({"tags": {"team": "web"}}, {**NOBODY, "bill_tags": {"team": "web"}}, True),
        ({"tags": {"team": "web"}}, {**NOBODY, "bill_tags": {"team": "data"}}, False),
        ({"tags": {"team": "web"}}, NOBODY, None),
    ],
)
def test_charges_are_a_budget_s_are_not_or_nothing_tells(match, charge, counts):
    assert (
        of_budget(validated(Budget, {"name": "b", "match": match}).match, place(**charge), {"shop": "prod"}) is counts
    )


def charge(budget=0, *, certain=True, more=Decimal(10), less=Decimal(0), gaps=0, currency="USD"):
    day = date(2026, 10, 5)
    return Booked(budget, certain, "a", "2026-10", day, "", False, currency, more, less, gaps)


CHARGES = st.lists(
    st.tuples(
        st.sampled_from(["shop", "search", None]), st.decimals(0, 10**6, places=18), st.decimals(0, 10**6, places=18)
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(CHARGES)
def test_budgets_of_all_projects_come_to_the_bill_for_some_owner_of_what_is_nobody_s(charges):
    names = ("shop", "search")
    budgets = [validated(Budget, {"name": n, "match": {"project": n}, "spend": 1}) for n in names]
    budgets.append(validated(Budget, {"name": "all", "spend": 1}))
    places = [place(project=project, address=None, type=None, tags=None) for project, _, _ in charges]
    booked = [
        charge(budget, certain=is_sure, more=charges[number][1], less=-charges[number][2])
        for number, budget, is_sure in counted(budgets, range(3), places, {})
    ]
    facts = Facts([bill("a", "2026-10")], booked, [])
    made = snapshot(facts, budgets, converter("USD", {}), now=NOW, currency="USD", cost="effective")
    shop, search, everything = (one.months[0] for one in made.budgets)
    assert (shop.more, shop.less) == (search.more, search.less)
    nobodys = Fraction(shop.more) + Fraction(shop.less)
    total = Fraction(shop.amount) + Fraction(search.amount) + nobodys
    assert (
        total == Fraction(everything.amount) == sum((Fraction(more - less) for _, more, less in charges), Fraction(0))
    )
    assert (everything.more, everything.less) == ("0", "0")


def test_other_currencies_are_converted_at_their_months_rate_or_refused():
    budgets = [validated(Budget, {"name": "all", "spend": 1})]

    def made(rates):
        facts = Facts([bill("a", "2026-10")], [charge(currency="EUR"), charge()], [])
        return snapshot(facts, budgets, converter("USD", rates), now=NOW, currency="USD", cost="billed")

    assert made({("2026-10", "EUR", "USD"): Decimal("1.1")}).budgets[0].months[0].amount == "21"
    with pytest.raises(ConfigError, match="no rate of 2026-10 from EUR to USD"):
        made({("2026-09", "EUR", "USD"): Decimal("1.1")})


CONFIG = """\
version: 1
projects: [{name: shop, path: .}]
ledger: {snapshot: ledger.snapshot.json, max_age: 30d}
budgets:
  - {name: shop, match: {project: shop}, spend: 500}
  - {name: all, spend: 2000, period: quarter}
"""


@pytest.fixture
def checked(run, shop, tmp_path):
    """Make the snapshot of the example, and check its configuration beside it."""
    (tmp_path / "guardrail.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "main.tf").write_text((shop / "main.tf").read_text(encoding="utf-8"), encoding="utf-8")
    args = ("ledger", "snapshot", "--ledger", str(shop / "ledger"), "--now", "2026-11-10")

    def make(*more):
        return run(*args, *more)

    return make, lambda *more: run("check", ".", "--now", "2026-11-11", *more)


def test_the_snapshot_of_the_example(checked, tmp_path):
    make, _ = checked
    ran = make("--out", "ledger.snapshot.json")
    assert (
        ran.stdout == "ledger.snapshot.json: bills until 2026-11-01, what 6 resources came to in 2026-10, 2 budgets\n"
    )
    text = (tmp_path / "ledger.snapshot.json").read_bytes()
    assert make().stdout.encode() == text
    found = parse_snapshot(text, where="x")
    assert found.month == "2026-10"
    assert {one.address: one.amount for one in found.resources}["aws_instance.shop"] == "71.424"
    assert [(one.type, one.resources, one.estimated, one.billed) for one in found.types] == [
        ("aws_ebs_volume", 1, "8", "7.999999999968"),
        ("aws_instance", 3, "239.616", "212.832"),
        ("aws_nat_gateway", 1, "33.48", "81.18"),
        ("aws_s3_bucket", 1, "0", "149.4750000000253"),
    ]
    shop, everything = ({one.month: one for one in budget.months} for budget in found.budgets)
    assert everything["2026-10"].amount == "501.2469999994933"
    assert (shop["2026-10"].amount, shop["2026-10"].more, shop["2026-10"].less) == (
        "451.4869999999933",
        "69.7599999995",
        "-20",
    )
    assert json.loads(make("--project", "other").stdout)["resources"] == []


def test_a_check_shows_what_was_billed_beside_its_estimates(checked, tmp_path):
    make, check = checked
    make("--out", "ledger.snapshot.json")
    outs = [f"--out={name}=report.{name}" for name in ("json", "markdown", "html")]
    shown = check(*outs).stdout
    assert "2026-10: $451 billed (effective cost) for 6 of 7 resources; their estimate is at least $321 a" in shown
    assert "aws_instance: bills came to 88.8% of estimates (3 resources, 1 month)" in shown
    assert "aws_s3_bucket: bills came to $149.48, where estimates had no amount (1 resource, 1 month)" in shown
    assert "budget all, $2,000.00 for 2026-Q4: $501.25 spent by 2026-11-01, at least $1,145.35 with" in shown
    assert "budget shop, $500.00 for 2026-11: what is spent is not known" in shown
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    real = {one["address"]: one.get("billed") for one in document["projects"][0]["resources"]}
    assert real["aws_instance.shop"] == {"month": "2026-10", "amount": "71.424", "open": False}
    assert document["ledger"]["budgets"][1]["spent"] == "501.2469999994933"
    for name in ("report.markdown", "report.html"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "Estimate and bill" in text
        assert "71.42" in text
    unknown = [one for one in document["findings"] if one["rule"] == "budget-spend-exceeded"]
    assert [(one["status"], one["evidence"]["budget.name"]) for one in unknown] == [("unknown", "shop")]


@pytest.mark.parametrize(
    "prepare, said",
    [
        (lambda path: path.unlink(), "ledger.snapshot.json is not there"),
        (
            lambda path: path.write_text(path.read_text().replace("2026-11-10T", "2026-09-01T")),
            "older than the 30 days",
        ),
    ],
    ids=["absent", "stale"],
)
def test_a_snapshot_that_is_not_there_or_too_old_is_said_and_nothing_passes_by_it(checked, tmp_path, prepare, said):
    make, check = checked
    make("--out", "ledger.snapshot.json")
    prepare(tmp_path / "ledger.snapshot.json")
    ran = check("--format", "json")
    document = json.loads(ran.stdout)
    assert any(said in one for one in document["warnings"])
    assert said in document["ledger"]["why"]
    assert all("billed" not in one for one in document["projects"][0]["resources"])
    assert [one["status"] for one in document["findings"] if one["rule"] == "budget-spend-exceeded"] == ["unknown"] * 2
    assert all(one["spent"] is None for one in document["ledger"]["budgets"])


def test_a_damaged_snapshot_ends_the_check_in_one_line(checked, tmp_path):
    make, check = checked
    make("--out", "ledger.snapshot.json")
    path = tmp_path / "ledger.snapshot.json"
    path.write_text(path.read_text()[:500])
    ran = check()
    assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert ran.stderr.startswith("guardrail: ledger.snapshot.json: not a snapshot of a ledger: ")


def test_an_estimate_and_a_difference_show_it_too(checked, run, tmp_path):
    make, _ = checked
    make("--out", "ledger.snapshot.json")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "main.tf").write_text("", encoding="utf-8")
    for args in (("estimate", "."), ("diff", "old", ".")):
        assert "2026-10: $451 billed" in run(*args, "--now", "2026-11-11").stdout


def test_an_empty_ledger_has_no_snapshot(run):
    ran = run("ledger", "snapshot")
    assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert "ledger: this ledger has no bill (`guardrail ledger import` adds one)" in ran.stderr


def test_a_check_reads_a_snapshot_without_the_ledger_and_loads_nothing_of_it_without_one(checked, tmp_path):
    make, _ = checked
    make("--out", "ledger.snapshot.json")
    script = (
        "import sys; from guardrail.cli import main\n"
        "try: main(['check', '.', '--now', '2026-11-11'])\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith(('duckdb', 'guardrail.ledger', 'guardrail.finops',"
        " 'guardrail.model.billed.snapshot'))])"
    )

    def loaded():
        folder = Path(__file__).parents[2]
        ran = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{script}"],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        return ran.stdout.splitlines()[-1]

    assert loaded() == "['guardrail.model.billed.snapshot']"
    (tmp_path / "guardrail.yaml").write_text("version: 1\nprojects: [{name: shop, path: .}]\n", encoding="utf-8")
    assert loaded() == "[]"


@pytest.fixture
def in_october(checked, run, shop):
    """Make the snapshot as of 10 October, and check the pull request that was open then against what was there in July."""
    make, _ = checked
    ran = make("--now", "2026-10-10", "--out", "ledger.snapshot.json")
    assert ran.exit_code == 0, ran.stderr
    base = ("--base", str(shop / "runs" / "2026-07-31.json"), "--var", "search=true")
    return lambda *more: run("check", ".", "--now", "2026-10-10", *base, *more)


def test_a_check_tells_the_forecast_this_change_and_what_comes_of_all_that_is_open(in_october):
    shown = " ".join(in_october().stdout.split())
    assert "budget all, $2,000.00 for 2026-Q4: $108.61 spent by 2026-10-10" in shown
    assert (
        "budget all, $2,000.00: forecast $1,003.59, this change +$382.46, 1 other open pull request +$382.46: "
        "$1,768.52 if all merge" in shown
    )
    assert "budget shop, $500.00: forecast $274.12 to $323.90, this change +$101.38" in shown
    (_, everything) = json.loads(in_october("--format", "json").stdout)["ledger"]["budgets"]
    assert everything["forecast"]["others"] == 1
    assert everything["forecast"]["half"] is None


@pytest.mark.usefixtures("in_october")
def test_a_folder_that_is_compared_with_nothing_is_no_change(run):
    shown = " ".join(run("check", ".", "--now", "2026-10-10").stdout.split())
    assert "budget all, $2,000.00: forecast $1,003.59, this change not known, 1 other open pull request" in shown
    ran = run("explain", "budget-spend-exceeded", "all", ".", "--now", "2026-10-10")
    assert ran.exit_code == 0, ran.stderr


def test_a_snapshot_of_before_there_were_forecasts_is_read_and_says_that_it_has_none(in_october, tmp_path):
    path = tmp_path / "ledger.snapshot.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    for one in document["budgets"]:
        for name in ("cost", "forecast", "forecast_why", "open"):
            del one[name]
    path.write_text(json.dumps(document), encoding="utf-8")
    shown = " ".join(in_october().stdout.split())
    assert "budget all, $2,000.00: no forecast: ledger.snapshot.json has no forecast of this budget" in shown
    assert "$108.61 spent by 2026-10-10" in shown


@pytest.mark.parametrize("old, new", [('"period": "2026-10"', '"period": "October"'), ('"shared": "', '"shared": "x')])
def test_a_forecast_that_is_damaged_ends_the_check_in_one_line(in_october, tmp_path, old, new):
    path = tmp_path / "ledger.snapshot.json"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    ran = in_october()
    assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert "not a snapshot of a ledger" in ran.stderr
