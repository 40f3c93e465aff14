"""The pages of the bill of which every total is known: their figures are those of the command's JSON."""

import json
import re
from decimal import Decimal

import pytest

from guardrail.dashboard.tables import NO_CHARGE
from tests.dashboard.conftest import NOW, read, rows_of

MONTHS = ("2026-08", "2026-09", "2026-10")


@pytest.fixture(scope="module")
def spend(command, shop):
    """Return what `guardrail spend` tells in JSON: amounts by keys."""

    def call(*args):
        ran = command("spend", *args, "--format", "json", cwd=shop)
        assert ran.exit_code == 0, ran.stderr
        return {tuple(line["keys"].values()): line["amount"] for line in json.loads(ran.stdout)["lines"]}

    return call


def test_a_october_is_501_247_billed_and_effective_august_340_604_september_334_92(shop_site):
    page = read(shop_site)
    exact = rows_of(page, "Months to the last digit, USD")
    assert [[month, *(round(Decimal(one), 3) for one in amounts)] for month, *amounts in exact[1:]] == [
        ["2026-08", Decimal("340.604"), Decimal("340.604")],
        ["2026-09", Decimal("334.92"), Decimal("334.92")],
        ["2026-10", Decimal("501.247"), Decimal("501.247")],
    ]
    shown = [one.text for one in page.all("data")]
    assert {"$501.25", "$340.60", "$334.92"} <= set(shown)


@pytest.mark.parametrize("cost", ["billed", "effective"])
def test_months_are_those_of_spend(shop_site, spend, cost):
    told = {row[0]: row[1 if cost == "billed" else 2] for row in rows_of(read(shop_site), "Months, USD")[1:]}
    assert {(month,): amount for month, amount in told.items()} == spend("--by", "month", "--cost", cost)


@pytest.mark.parametrize("kind", ["team", "project", "service"])
def test_teams_projects_and_services_are_those_of_spend_in_every_month(shop_site, spend, kind):
    rows = rows_of(read(shop_site, f"{kind}s.html"), f"{kind.capitalize()}s by month, USD")
    nameless = {"team": "(nobody)", "project": "(no project)", "service": "(none)"}[kind]
    head, *body, total = rows
    assert head[1:] == [*MONTHS, "Total"]
    told = {
        (None if name == nameless else name, month): amount
        for name, *amounts in body
        for month, amount in zip(MONTHS, amounts, strict=False)
        if amount != NO_CHARGE
    }
    assert told == spend("--by", f"{kind},month", "--from", MONTHS[0])
    assert {(month,): amount for month, amount in zip(MONTHS, total[1:], strict=False)} == spend("--by", "month")


def test_a_team_leads_to_a_page_with_its_services_projects_and_addresses(shop_site, spend):
    page = read(shop_site, "teams.html")
    where = next(one.attributes["href"] for one in page.all("a") if one.text == "shop")
    about = read(shop_site, where)
    told = spend("--by", "team,service", "--month", "2026-10")
    rows = rows_of(about, "2026-10 by service, USD")[1:-1]
    assert {("shop", name): amount for name, amount, *_ in rows} == {
        key: amount for key, amount in told.items() if key[0] == "shop"
    }
    told = spend("--by", "team,address", "--month", "2026-10")
    rows = rows_of(about, "2026-10 by address, USD")[1:-1]
    assert {("shop", name): amount for name, amount, *_ in rows if not name.startswith("(")} == {
        key: amount for key, amount in told.items() if key[0] == "shop" and key[1]
    }
    assert [one.text for one in about.all("h1")] == ["shop"]


def test_what_nobody_owns_is_a_line_and_has_a_page(shop_site, spend):
    rows = rows_of(read(shop_site, "teams.html"), "2026-10 by team, USD")
    assert next(row[1] for row in rows if row[0] == "(nobody)") == spend("--by", "team", "--month", "2026-10")[None,]
    rows = rows_of(read(shop_site, "team-none.html"), "2026-10 by service, USD")
    assert rows[-1][1] == spend("--by", "team", "--month", "2026-10")[None,]


def test_shared_costs_that_are_split_are_those_of_spend_allocated(shop_site, command, shop):
    ran = command("spend", "--allocated", "--by", "team", "--month", "2026-10", "--format", "json", cwd=shop)
    told = {line["keys"]["team"]: line for line in json.loads(ran.stdout)["lines"]}
    rows = rows_of(read(shop_site, "allocation.html"), "2026-10 by team with shared costs split, USD")[1:-1]
    assert {None if name == "(nobody)" else name: amounts for name, *amounts in rows} == {
        name: [line["direct"], line["shared"], line["amount"]] for name, line in told.items()
    }


def test_what_is_matched_is_what_spend_says(shop_site, command, shop):
    ran = command("spend", "--by", "address", "--month", "2026-10", "--format", "json", cwd=shop)
    told = [(one["amount"], f"{one['rows']:,}") for one in json.loads(ran.stdout)["matched"]]
    rows = rows_of(read(shop_site, "allocation.html"), "2026-10 by what charges are matched by, USD")[1:]
    assert [(row[2], row[1]) for row in rows] == told


def test_a_second_run_gives_the_same_bytes(command, shop, shop_site, tmp_path):
    assert command("dashboard", "--out", tmp_path / "site", "--now", NOW, cwd=shop).exit_code == 0
    names = sorted(path.name for path in shop_site.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "site").iterdir())
    for name in names:
        assert (tmp_path / "site" / name).read_bytes() == (shop_site / name).read_bytes(), name


def test_every_link_leads_to_a_file_of_the_folder_or_a_place_of_the_page(shop_site):
    for path in shop_site.glob("*.html"):
        page = read(shop_site, path.name)
        ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
        assert len(ids) == len(set(ids)), path.name
        for one in page.all("a"):
            where = one.attributes["href"]
            assert where[1:] in ids if where.startswith("#") else (shop_site / where).is_file(), (path.name, where)


def test_markdown_is_a_summary_for_a_chat(command, shop):
    ran = command("dashboard", "--format", "markdown", cwd=shop)
    assert ran.stdout.splitlines() == [
        "**2026-10: USD 501.25** effective cost, +USD 166.33 since 2026-09",
        "",
        "- shop: USD 273.54",
        "- search: USD 96.77",
        "- platform: USD 81.18",
        "- (nobody): USD 49.76",
        "- 90.1% with a team, 90.1% matched with Terraform",
        "- anomaly: +USD 80.99 aws_s3_bucket.uploads, 2026-10-22",
    ]


def test_no_page_names_an_address_outside_of_the_folder(shop_site):
    for path in shop_site.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?:src|href|action)=\"?(?:https?:|//|data:)|url\((?!#)|@import|<script", text), path.name
        assert "default-src &#x27;none&#x27;" in text
