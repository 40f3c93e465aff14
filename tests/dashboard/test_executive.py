"""The page for executives: its figures are those of `spend`, `budget`, `kpi` and `savings`, and it prints to two sheets."""

import json
import shutil
import subprocess
from decimal import Decimal

import pytest

from guardrail.model.money import money
from tests.dashboard.conftest import AT, NOW, read, rows_of
from tests.dashboard.made import charge, import_

PATH = "executive.html"


@pytest.fixture
def told(command, full):
    """Return the JSON of a command, asked at the time at which the pages were made."""

    def call(*args, now=True):
        ran = command(*args, "--format", "json", *(["--now", AT] if now else []), cwd=full)
        assert ran.stderr == ""
        return json.loads(ran.stdout)

    return call


def tiles(page):
    names, values = ([one.text for one in page.all(tag)] for tag in ("dt", "dd"))
    return dict(zip(names, values, strict=True))


def test_the_tiles_are_what_spend_and_kpi_say(full, told):
    page = read(full / "site", PATH)
    spent = told("spend", "--month", "2026-10", now=False)["totals"][0]["amount"]
    values = [one.attributes["value"] for one in page.all("data") if any(each.tag == "dd" for each in one.inside)]
    (share, rate) = (
        one["values"][0]["value"] for one in told("kpi", "allocated-share", "effective-savings-rate")["kpis"]
    )
    assert values[0] == spent
    assert values[-2:] == [share, rate]
    assert tiles(page)["Effective savings rate"].startswith("-0.62%")


def test_budgets_have_spend_forecast_and_interval_of_the_command(full, told):
    found = {one["name"]: one for one in told("budget")["budgets"]}
    rows = rows_of(read(full / "site", PATH), "Spend and forecast, USD")[1:]
    assert len(rows) == len(found) == 3
    for name, spent, forecast, amount in rows:
        one = next(each for key, each in found.items() if name.startswith(key))
        assert (spent, forecast, amount) == (one["spent"], one["forecast"]["amount"], one["amount"])
    text = read(full / "site", PATH).all("main")[0].text
    for one in found.values():
        ahead = one["forecast"]
        if ahead["low"] is not None:
            assert f"{money(Decimal(ahead['low']), 'USD')} to {money(Decimal(ahead['high']), 'USD')}, in four" in text


def test_the_change_is_explained_in_five_bars_and_the_rest_which_come_to_it(shop_site, command, shop):
    page = read(shop_site, PATH)
    rows = {name: Decimal(value) for name, value in rows_of(page, "Difference by cause, USD")[1:]}
    assert list(rows)[:5] == ["Prices of a unit", "Usage", "New", "Removed", "Commitments"]
    difference = rows.pop("Difference")
    assert sum(rows.values()) == difference
    months = json.loads(command("spend", "--by", "month", "--format", "json", cwd=shop).stdout)["lines"]
    amounts = {one["keys"]["month"]: Decimal(one["amount"]) for one in months}
    assert difference == amounts["2026-10"] - amounts["2026-09"]
    assert rows["New"] == Decimal("96.768")
    # The plan is used the same; October has a day more, on which it costs 0.096 more than it saves.
    assert rows["Commitments"] == Decimal("0.096")


def test_decisions_are_the_open_recommendations_that_save_most(full):
    document = json.loads((full / "open.json").read_text())
    saves = [
        one
        for one in document["recommendations"]
        if one["status"] == "open" and one["counted"] and one["saving"] != "0"
    ]
    ordered = sorted((Decimal(one["saving"]) for one in saves), reverse=True)[:5]
    rows = rows_of(read(full / "site", PATH), "Open recommendations that save most")[1:]
    assert [Decimal(row[1]) for row in rows] == ordered


def test_kpis_are_those_of_the_command(full, told):
    kpis = {one["title"]: one for one in told("kpi", "--recommendations", "open.json")["kpis"]}
    rows = rows_of(read(full / "site", PATH), "KPIs of 2026-10")[1:]
    assert len(rows) > 10
    for title, value, target, *_ in rows:
        (one,) = kpis[title]["values"]
        assert value == one["value"]
        assert ("missed" in target, "met" in target) == (one["meets_target"] is False, one["meets_target"] is True)
    known = [one for one in kpis.values() if len(one["values"]) == 1 and one["values"][0]["value"] is not None]
    assert len(rows) == min(len(known), 12)


def test_what_is_not_known_is_told_with_its_reason(shop_site):
    text = read(shop_site, PATH).all("main")[0].text
    assert "Cost of idle machines: needs metrics" in text
    assert "No budget in guardrail.yaml says what may be billed." in text
    assert "Not known: --recommendations names" in text


def test_a_ledger_with_one_month_and_names_of_markup_has_the_page(run, tmp_path):
    import_(tmp_path, [charge("2026-10", "5", team="<script>alert(1)</script>")])
    ran = run("dashboard", "--out", "site", "--now", NOW)
    assert (ran.exit_code, ran.stderr) == (0, "")
    markup = (tmp_path / "site" / PATH).read_text()
    assert "<script" not in markup
    assert "There is no bill of the month before." in markup


def test_two_currencies_have_bars_each(run, tmp_path):
    rows = [charge(month, "5", currency=currency) for month in ("2026-09", "2026-10") for currency in ("USD", "EUR")]
    for currency in ("USD", "EUR"):
        import_(tmp_path, [row for row in rows if row[0] == currency and row[1].startswith("2026-09")], source=currency)
        import_(tmp_path, [row for row in rows if row[0] == currency and row[1].startswith("2026-10")], source=currency)
    assert run("dashboard", "--out", "site", "--now", NOW).exit_code == 0
    page = read(tmp_path / "site", PATH)
    assert rows_of(page, "Difference by cause, EUR")
    assert rows_of(page, "Difference by cause, USD")
    assert "the bills are in EUR and USD, which are not summed" in page.all("main")[0].text.lower().replace(
        "eur", "EUR"
    ).replace("usd", "USD")


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium")
def test_it_prints_to_two_sheets(full, tmp_path):
    """Chromium writes the number of pages into the tree of pages."""
    target = tmp_path / "executive.pdf"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    address = (full / "site" / PATH).as_uri()
    subprocess.run(
        [*command, f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={target}", address],
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert b"/Count 2" in target.read_bytes()
