"""`guardrail kpi` as people type it, over a bill of which every total is known."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from guardrail import data
from guardrail.errors import ConfigError
from guardrail.finops.kpis.answer import ABSENT, KpiValue, values_of
from guardrail.finops.kpis.facts import recommendations, units
from guardrail.finops.kpis.kpi_file import read_kpis
from guardrail.finops.kpis.shape import KpisDocument
from guardrail.ledger.kpis.inputs import INPUTS

ROOT = Path(__file__).parents[3]
OWN = """\
id: {id}
title: {title}
why: so
unit: {unit}
direction: down
needs: [charges]
sql: |
  select {value} as value
  {more}
tests:
  - {{name: one, views: {{charges: [{{billed_cost: 3}}]}}, value: 3}}
"""


@pytest.fixture
def kpi(run, shop):
    """Run `guardrail kpi` over the shop's ledger; each test has a folder of its own for guardrail.yaml."""
    return lambda *args: run("kpi", *args, *([] if args[:1] == ("test",) else ["--ledger", str(shop / "ledger")]))


@pytest.fixture(scope="module")
def documents(command, shop):
    """Return what `guardrail kpi` tells of the shop in JSON; each question is put once."""
    asked = {}

    def call(*args):
        if args not in asked:
            ran = command("kpi", "--format", "json", *args, cwd=shop)
            assert ran.exit_code == 0, ran.stderr
            KpisDocument.model_validate_json(ran.stdout)
            asked[args] = json.loads(ran.stdout)
        return asked[args]

    return call


def values_in(document, name):
    """Return the values of a KPI by what they are of."""
    (one,) = (kpi for kpi in document["kpis"] if kpi["id"] == name)
    return {value.get(document["by"] or "") or value["of"]: value for value in one["values"]}


@pytest.fixture
def values(documents):
    """Return the values of a KPI of the shop by what they are of."""
    return lambda name, *args: values_in(documents(*args), name)


@pytest.fixture
def own(tmp_path):
    """Write a KPI of one's own and a guardrail.yaml that names it."""

    def call(
        name="own",
        more="from charges where month = $month",
        title="Own",
        unit="money",
        config="",
        value="sum(billed_cost)",
    ):
        folder = tmp_path / "kpis"
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}.yaml"
        path.write_text(OWN.format(id=name, more=more, title=title, unit=unit, value=value), encoding="utf-8")
        (tmp_path / "guardrail.yaml").write_text(f"version: 1\nkpis:\n  paths: [kpis]\n{config}")
        return path

    return call


def test_commitment_utilization_of_october_is_0_60(values):
    (one,) = values("commitment-utilization").values()
    assert (one["value"], one["numerator"], one["denominator"]) == ("0.6", "44.64", "74.4")


def test_tag_coverage_of_october_is_0_9978(values):
    (one,) = values("tag-coverage").values()
    assert round(Decimal(one["value"]), 4) == Decimal("0.9978")


def test_effective_savings_rate_of_october_is_minus_0_0062_and_nothing_is_clamped(values, command, shop):
    """What is saved is -2.976. With each row cut off at 0 it would be 26.784, and the rate 0.0559: that is what is not covered."""
    (one,) = values("effective-savings-rate").values()
    assert round(Decimal(one["value"]), 4) == Decimal("-0.0062")
    assert one["numerator"] == "-2.976"
    clamped = Decimal("71.424") - Decimal("44.64")
    assert round(clamped / Decimal(one["denominator"]), 4) == Decimal("0.0559")
    by = [
        json.loads(
            command(
                "spend", "--by", "category", "--month", "2026-10", "--cost", cost, "--format", "json", cwd=shop
            ).stdout
        )
        for cost in ("list", "effective")
    ]
    usage = [
        next(Decimal(line["amount"]) for line in found["lines"] if line["keys"]["category"] == "Usage") for found in by
    ]
    assert usage[0] - usage[1] == Decimal(one["numerator"])


def test_allocated_share_is_what_spend_says(values, command, shop):
    spent = json.loads(
        command(
            "spend", "--allocated", "--by", "team,category", "--month", "2026-10", "--format", "json", cwd=shop
        ).stdout
    )
    lines = [line for line in spent["lines"] if line["keys"]["category"] != "Credit"]
    owned = sum(Decimal(line["amount"]) for line in lines if line["keys"]["team"])
    (one,) = values("allocated-share").values()
    assert Decimal(one["numerator"]) == owned
    assert Decimal(one["denominator"]) == sum(Decimal(line["amount"]) for line in lines)


def test_teams_come_to_the_whole(values):
    two = ("commitment-waste", "tag-coverage", "--by", "team")
    by_team = values("commitment-waste", *two)
    assert by_team[None]["value"] == "29.76"
    assert by_team["shop"]["value"] == "0"
    assert by_team["search"]["missing"] == "no commitment is on the bill"
    coverage = values("tag-coverage", *two)
    (whole,) = values("tag-coverage").values()
    assert sum(Decimal(one["denominator"]) for one in coverage.values()) == Decimal(whole["denominator"])


def test_what_is_missing_is_null_with_its_reason_and_never_0(documents, kpi):
    document = documents()
    found = {one["id"]: one["values"] for one in document["kpis"]}
    assert found["unit-cost"][0]["value"] is None
    assert found["unit-cost"][0]["missing"].startswith("needs units of 2026-10: kpis.units")
    assert found["idle-cost"][0]["missing"].startswith("needs metrics")
    for values in found.values():
        assert all((one["value"] is None) == bool(one["missing"]) for one in values)
    ahead = json.loads(kpi("tag-coverage", "--month", "2027-01", "--format", "json").stdout)
    assert ahead["kpis"][0]["values"][0]["missing"] == "needs a bill of 2027-01: `guardrail ledger import` adds one"


def test_at_least_fifteen_are_shipped_with_tests_that_pass(kpi):
    files = read_kpis(data.kpis_dir(), [])
    assert len(files) >= 15
    ran = kpi("test")
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout == f"{sum(len(one.kpi.tests) for one in files)} passed, 0 failed in {len(files)} KPIs\n"


def test_every_shipped_kpi_has_a_test_of_a_value_and_one_of_what_is_missing():
    for one in read_kpis(data.kpis_dir(), []):
        assert any(test.missing is None for test in one.kpi.tests), one.kpi.id
        assert any(test.missing is not None for test in one.kpi.tests), one.kpi.id


def test_every_view_has_what_is_said_where_it_is_empty():
    assert ABSENT.keys() == INPUTS.keys()


def test_an_own_kpi_joins_the_shipped_ones_and_may_take_the_place_of_one(own, kpi):
    own()
    own("tag-coverage", title="Ours", config="  targets: {own: 400}\n")
    document = json.loads(kpi("own", "tag-coverage", "--format", "json").stdout)
    ours, replaced = document["kpis"]
    assert (ours["values"][0]["value"], ours["target"], ours["values"][0]["meets_target"]) == (
        "501.2469999994933",
        "400",
        False,
    )
    assert (replaced["title"], replaced["shipped"]) == ("Ours", False)
    assert re.search(r"^own +money +own +Own$", kpi("--list").stdout, re.MULTILINE)


def test_units_are_read_from_a_csv(own, kpi, tmp_path):
    own(config="  units: units.csv\n")
    (tmp_path / "units.csv").write_text("month,unit,value\n2026-10,orders,20000\n2026-10,users,0\n")
    found = values_in(json.loads(kpi("unit-cost", "--format", "json").stdout), "unit-cost")
    assert found["orders"]["value"] == "0.025062349999974665"
    assert found["users"]["missing"] == "nothing to divide by: the denominator is 0"


@pytest.mark.parametrize(
    "sql, line, what",
    [
        ("from charges where no_such = 1", 9, "sql: Binder Error: "),
        ("from read_csv('/etc/passwd')", 9, "sql reads read_csv()"),
        ("from charges; select 1", 8, "sql has 2 statements"),
        (", 1 as extra from charges", 8, "sql gives a column 'extra'"),
        (", 1 as numerator, 2 as denominator from charges", 8, "neither value nor numerator and denominator, or both"),
        ("from charges where false group by month", 8, "sql gives no row"),
        ("from charges, range(2) group by range", 8, "which a column `of` does not tell apart"),
        (", 3 as of from charges", 8, "sql gives a number as `of`"),
    ],
)
def test_sql_that_is_wrong_is_exit_2_with_file_and_line(own, kpi, sql, line, what):
    path = own(more=sql)
    ran = kpi("test", "kpis")
    assert ran.exit_code == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith(f"guardrail: {path.relative_to(path.parents[1])}:{line}: ")
    assert what in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_no_number_is_no_value(own, kpi):
    own(value="sum(billed_cost) * 'inf'::double")
    (one,) = values_in(json.loads(kpi("own", "--format", "json").stdout), "own").values()
    assert one["value"] is None
    assert "which is no number" in one["missing"]


def test_the_largest_numbers_are_shown(own, kpi):
    own(value="sum(billed_cost) * 1e15")
    ran = kpi("own")
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert "E+1" in ran.stdout


def test_markup_and_escapes_in_names_are_text(own, kpi):
    own(title='"<b>x</b> \\e[31m [a](http://b) |"')
    assert "\x1b" not in kpi("own").stdout
    markdown = kpi("own", "--format", "markdown").stdout
    assert "<b>" not in markdown
    assert "](http" not in markdown


def test_a_failing_test_is_exit_1_and_an_error_exit_2(own, kpi):
    path = own()
    assert kpi("test", "kpis").stdout == "1 passed, 0 failed in 1 KPI\n"
    path.write_text(path.read_text().replace("value: 3}", "value: 4}"))
    ran = kpi("test", "kpis")
    assert ran.exit_code == 1
    assert ran.stdout.splitlines()[0] == "kpis/own.yaml:11: own, test one: expected the value 4, got 3"
    path.write_text(path.read_text().replace("billed_cost: 3", "biled_cost: 3"))
    ran = kpi("test", "kpis")
    assert ran.exit_code == 2
    assert (
        ran.stderr
        == "guardrail: kpis/own.yaml:11: charges has no column 'biled_cost' (did you mean \"billed_cost\"?)\n"
    )


@pytest.mark.parametrize(
    "was, now, what",
    [
        ("id: own", "id: other", "the id is other, the file own.yaml"),
        ("unit: money", "unit: dollars", "unit"),
        ("needs: [charges]", "needs: [charge]", "no view is called 'charge' (did you mean \"charges\"?)"),
        ("direction: down", "direction: down\ntarget: .nan", "target"),
        ("sql: |", "sequel: |", "sequel"),
        ("value: 3}", "}", "a test expects a `value`"),
    ],
)
def test_a_file_that_is_wrong_is_one_line(own, kpi, was, now, what):
    path = own()
    path.write_text(path.read_text().replace(was, now))
    ran = kpi("test", "kpis")
    assert ran.exit_code == 2
    assert ran.stderr.startswith("guardrail: kpis/own.yaml:")
    assert what in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_an_unknown_id_has_the_nearest(kpi):
    assert "no KPI is called 'tag-coverag' (did you mean \"tag-coverage\"?)" in kpi("tag-coverag").stderr


def test_an_empty_ledger_is_said(run):
    ran = run("kpi", "--ledger", "nothing")
    assert ran.exit_code == 2
    assert "this ledger has neither a bill nor a run" in ran.stderr


def test_bills_in_two_currencies_are_not_summed(run, tmp_path):
    head = "BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BilledCost,EffectiveCost,ServiceName,Tags"
    month = "2026-10-01T00:00:00Z,2026-11-01T00:00:00Z"
    for currency in ("USD", "EUR"):
        (tmp_path / "bill.csv").write_text(f"{head}\n{currency},{month},{month},Usage,1,1,EC2,\n")
        assert run("ledger", "import", "bill.csv", "--as", currency.lower()).exit_code == 0
    ran = run("kpi", "commitment-waste", "--format", "json")
    assert (
        json.loads(ran.stdout)["kpis"][0]["values"][0]["missing"]
        == "the bills are in EUR and USD, which are not summed"
    )


def test_a_value_is_exact_to_18_decimals():
    (one,) = values_of([{"numerator": Decimal(1), "denominator": Decimal(3)}], "x")
    assert one == KpiValue(None, None, Decimal("0.333333333333333333"), Decimal(1), Decimal(3))


def test_shipped_kpis_name_the_schema_that_editors_check_them_by():
    for path in Path(data.kpis_dir()).glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# yaml-language-server: $schema=../docs/schemas/kpi.json\n")
        assert yaml.safe_load(text)["id"] == path.stem


def test_validate_looks_at_kpis(own, run, tmp_path):
    path = own(more="from read_csv('/etc/passwd')")
    ran = run("validate")
    assert ran.exit_code == 2
    assert "kpis/own.yaml:9: sql reads read_csv()" in ran.stdout + ran.stderr
    alone = tmp_path / "elsewhere" / "own.yaml"
    alone.parent.mkdir()
    alone.write_text(path.read_text())
    assert "sql reads read_csv()" in (found := run("validate", "elsewhere/own.yaml")).stdout + found.stderr
    (tmp_path / "guardrail.yaml").write_text("version: 1\nkpis: {paths: [none]}\n")
    assert "guardrail.yaml:2: no such folder of KPIs: none" in (found := run("validate")).stdout + found.stderr


@pytest.mark.parametrize(
    "text, what",
    [
        ("month,unit,value\n2026-10,orders,NaN\n", "units.csv:2: 'NaN' is no number"),
        ("month,unit,value\n2026-10,orders,1e40\n", "of at most 20 digits"),
        ("month,unit,value\n2026-10,orders,-1\n", "is no number from 0 on"),
        ("month,unit,value\n2026-13,orders,1\n", "is no month like 2026-10"),
        ("month,unit,value\n2026-10,a,1\n2026-10,a,2\n", "units.csv:3: 'a' of 2026-10 is there twice"),
        ("month;unit;value\n", ""),
    ],
)
def test_units_that_are_none_are_told_with_their_line(tmp_path, text, what):
    (tmp_path / "units.csv").write_text(text)
    if not what:
        assert units(tmp_path / "units.csv") == []
        return
    with pytest.raises(ConfigError, match=re.escape(what)):
        units(tmp_path / "units.csv")


@pytest.mark.parametrize(
    "text, what",
    [
        ("[" * 100_000, "is no JSON"),
        ("[]", "is none of guardrail.recommendations/v1"),
        ('{"schema": "guardrail.recommendations/v1"}', "cannot be read"),
    ],
)
def test_a_file_that_holds_no_recommendations_is_told(tmp_path, text, what):
    (tmp_path / "open.json").write_text(text)
    with pytest.raises(ConfigError, match=what):
        recommendations(tmp_path / "open.json")


def test_the_example_of_the_page_passes_its_tests_and_validates(run, tmp_path):
    page = (ROOT / "docs" / "finops" / "kpis.md").read_text(encoding="utf-8")
    example, config = re.findall(
        r"^```yaml\n# (?:kpis/spot-share|guardrail)\.yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL
    )
    (tmp_path / "kpis").mkdir()
    (tmp_path / "kpis" / "spot-share.yaml").write_text(example)
    (tmp_path / "guardrail.yaml").write_text(f"version: 1\n{config}")
    assert run("kpi", "test", "kpis").stdout == "2 passed, 0 failed in 1 KPI\n"
    assert run("validate").exit_code == 0


def test_a_folder_without_kpis_passes_no_test(run, tmp_path):
    (tmp_path / "empty").mkdir()
    for name, what in (("empty", "empty: no KPI is in there"), ("none", "none: no such file, or folder of KPIs")):
        ran = run("kpi", "test", name)
        assert (ran.exit_code, ran.stdout) == (2, "")
        assert what in ran.stderr


def test_names_of_sql_and_escapes_are_teams_like_others(run, tmp_path):
    head = "BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BilledCost,EffectiveCost,ServiceName,ResourceId,Tags"
    month = "2026-10-01T00:00:00Z,2026-11-01T00:00:00Z"
    teams = ("a' or 1=1 --", "\x1b[31mred")
    rows = [
        f'USD,{month},{month},Usage,5,5,S3,r,"{json.dumps({"team": team}).replace(chr(34), chr(34) * 2)}"'
        for team in teams
    ]
    (tmp_path / "bill.csv").write_text("\n".join([head, *rows, ""]))
    assert run("ledger", "import", "bill.csv", "--as", "x").exit_code == 0
    found = json.loads(run("kpi", "tag-coverage", "--by", "team", "--format", "json").stdout)
    assert {team: one["value"] for team, one in values_in(found, "tag-coverage").items()} == dict.fromkeys(teams, "1")
    assert "\x1b" not in run("kpi", "tag-coverage", "--by", "team").stdout
