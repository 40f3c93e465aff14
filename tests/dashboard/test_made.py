"""Ledgers that are made: what is not there, what is hostile, and what is large."""

import csv
import sys

import pytest

from tests.dashboard.conftest import NOW, read, rows_of
from tests.dashboard.made import charge, import_
from tests.ledger.conftest import result

HOSTILE = (
    *("<script>alert(1)</script>", '"></svg><img src=x onerror=alert(1)>', "\u202egnp.exe", "x" * 300),
    *("a/../../b", "Shop", "shop", "::error::x", "=1+1", "&amp;", "[link](http://x)", "\u200b", "`code`"),
)


@pytest.fixture(autouse=True)
def _few_kpis(request, monkeypatch):
    """Leave KPIs and what is told in short out, but of hostile names: they take longest, and have tests of their own."""
    if "hostile" not in request.node.name:
        monkeypatch.setattr("guardrail.cli.commands.finops.dashboard._executive", lambda *_: None)


@pytest.fixture
def pages(run, tmp_path):
    """Make the pages of the ledger of the test's own folder, and return that of them."""

    def call(*args):
        ran = run("dashboard", "--out", "site", "--now", NOW, *args)
        assert (ran.exit_code, ran.stderr) == (0, "")
        return tmp_path / "site"

    return call


def test_an_empty_ledger_is_said_in_a_line_and_the_former_pages_stay(pages, run, tmp_path):
    import_(tmp_path, [charge("2026-10", 10, "a")])
    before = (pages() / "index.html").read_bytes()
    for args in (("--out", "site"), ("--format", "markdown")):
        ran = run("dashboard", "--ledger", "mistyped", *args)
        assert (ran.exit_code, ran.stdout, len(ran.stderr.splitlines())) == (2, "", 1)
        assert "this ledger is empty" in ran.stderr
    assert (tmp_path / "site" / "index.html").read_bytes() == before


def test_without_duckdb_the_line_says_what_to_install(run, tmp_path, monkeypatch):
    import_(tmp_path, [charge("2026-10", 10, "a")])
    monkeypatch.setitem(sys.modules, "duckdb", None)
    ran = run("dashboard", "--out", "site")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr == "guardrail: reading a ledger needs DuckDB (pip install 'guardrail-finops[ledger]')\n"
    assert not (tmp_path / "site").exists()


def test_runs_alone_give_what_ci_has_estimated_and_nothing_that_was_spent(pages, run, tmp_path):
    (tmp_path / "result.json").write_bytes(result())
    assert run("ledger", "add", "result.json").exit_code == 0
    page = read(pages())
    assert "This ledger has no bill, so nothing is known of what was spent." in page.all("main")[0].text
    assert [path.name for path in (tmp_path / "site").glob("*.html")] == ["index.html"]
    assert run("dashboard", "--format", "markdown").stdout.startswith("**This ledger has no bill**")
    (row,) = rows_of(page, "Newest estimates")[1:]
    assert (row[0], row[-1]) == ("shop", "35.04")


def test_a_month_without_a_bill_is_a_gap_and_never_0(pages, tmp_path):
    import_(tmp_path, [charge(month, 10, "a") for month in ("2026-06", "2026-07", "2026-10")])
    page = read(pages())
    rows = {row[0]: row[1:] for row in rows_of(page, "Months, USD")[1:]}
    assert rows["2026-08"] == rows["2026-09"] == ["no bill", "no bill", "no bill"]
    assert rows["2026-07"] == ["10", "10", "final"]
    assert [one.text for one in page.all("text") if one.attributes.get("class") == "why"] == ["no bill", "no bill"]
    assert "No bill of aws for 2026-08 to 2026-09 is in the ledger." in page.all("main")[0].text
    # Without a bill of the month before, nothing can be compared.
    assert "Change" not in [one.text for one in page.all("dt")]


def test_a_bill_that_may_still_change_is_hatched_and_called_so_far(pages, tmp_path):
    import_(tmp_path, [charge("2026-10", 10, "a"), charge("2026-11", 3, "a")], now="2026-11-20")
    page = read(pages())
    assert [one.text for one in page.all("dt")][:2] == ["2026-11 so far", "2026-10"]
    assert len([one for one in page.all("rect") if one.attributes.get("fill") == "url(#months-usd-open)"]) == 1
    assert "Hatched: 2026-11 may still change." in page.all("figure")[0].text
    assert rows_of(page, "2026-11 by team, USD")[1][-1] == "so far"
    assert "bills to 2026-11 (may still change)" in page.all("header")[0].text


def test_a_month_without_the_bill_of_one_source_is_partial_and_compared_with_nothing(pages, tmp_path):
    import_(tmp_path, [charge("2026-09", 10, "a"), charge("2026-10", 11, "a")])
    import_(tmp_path, [charge("2026-09", 7, "b")], source="azure")
    site = pages()
    page = read(site)
    rows = {row[0]: row[1:] for row in rows_of(page, "Months, USD")[1:]}
    assert rows["2026-10"] == ["11", "11", "no bill of azure"]
    assert "Partial, as something is missing: 2026-10." in page.all("figure")[0].text
    head, first, total = rows_of(page, "2026-10 by team, USD")
    assert head == ["Team", "2026-10", "Share"]
    assert (first[:2], total[1]) == (["a", "11"], "11")
    # What b costs in October is not known; it is no dash, which stands for no charge.
    (b,) = (row for row in rows_of(read(site, "teams.html"), "Teams by month, USD") if row[0] == "b")
    assert b[1:3] == ["7", "no bill of azure"]
    assert "Change" not in [one.text for one in page.all("dt")]


def test_an_amount_that_the_export_does_not_have_is_said_and_never_0(pages, tmp_path):
    import_(
        tmp_path,
        [charge("2026-09", 10, "a", effective=""), charge("2026-10", 10, "a"), charge("2026-10", 5, "b", effective="")],
    )
    page = read(pages())
    rows = {row[0]: row[1:] for row in rows_of(page, "Months, USD")[1:]}
    assert rows["2026-09"] == ["10", "not in this export", "final"]
    assert rows["2026-10"][:2] == ["15", "10"]
    teams = {row[0]: row[1] for row in rows_of(page, "2026-10 by team, USD")[1:]}
    assert teams["b"] == "not in this export"
    assert [one.text for one in page.all("text") if one.attributes.get("class") == "why"] == ["not in this export"]


def test_each_currency_has_sections_of_its_own_and_no_sum_has_two(pages, tmp_path):
    import_(tmp_path, [charge("2026-10", 10, "a")])
    import_(tmp_path, [charge("2026-10", 7, "a", currency="EUR")], source="azure")
    page = read(pages())
    assert rows_of(page, "2026-10 by team, EUR")[-1][1] == "7"
    assert rows_of(page, "2026-10 by team, USD")[-1][1] == "10"
    assert "17" not in {one.attributes["value"] for one in page.all("data")}


def test_currencies_are_converted_at_rates_that_the_page_names(pages, tmp_path):
    import_(tmp_path, [charge("2026-10", 10, "a")])
    import_(tmp_path, [charge("2026-10", 7, "a", currency="EUR")], source="azure")
    (tmp_path / "rates.csv").write_text("month,from,to,rate,source\n2026-10,EUR,USD,2,bank\n")
    page = read(pages("--currency", "USD", "--rates", "rates.csv"))
    assert rows_of(page, "2026-10 by team, USD")[-1][1] == "24"
    assert "EUR of 2026-10 at 2 USD (bank)." in page.all("main")[0].text


def test_a_credit_hangs_below_the_line_of_0(pages, tmp_path):
    import_(tmp_path, [charge("2026-09", -30, "a"), charge("2026-09", 10, "b"), charge("2026-10", 10, "a")])
    page = read(pages())
    assert {"-$40", "$0"} & {one.text for one in page.all("text")}
    assert rows_of(page, "Months, USD")[1][1] == "-20"
    assert all(float(one.attributes["height"]) >= 0 for one in page.all("rect"))


def test_hostile_names_stay_text_on_every_page_in_every_file_and_in_the_summary(pages, run, tmp_path):
    rows = [
        charge(month, 10 + number, name, f"<b>{name}</b>", resource=name)
        for month in ("2026-09", "2026-10")
        for number, name in enumerate(HOSTILE)
    ]
    import_(tmp_path, rows)
    site = pages()
    expected = {one.tag for path in site.glob("*.html") for one in read(site, path.name).elements}
    assert expected.isdisjoint({"script", "img"})
    # Names that differ in case alone are two teams with two pages.
    assert len(list(site.glob("team-*.html"))) == len(HOSTILE)
    for path in site.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "\u202e" not in text
        assert not any(line.startswith("::") for line in text.splitlines())
    for path in site.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            assert not any(
                cell.startswith(("=", "::", "<")) and cell.startswith("=") for row in csv.reader(file) for cell in row
            )
    ran = run("dashboard", "--format", "markdown")
    assert "<script>" not in ran.stdout
    assert "[link](" not in ran.stdout


def test_what_cannot_be_done_is_said_in_one_line(run, tmp_path):
    assert "pages need a folder" in run("dashboard").stderr
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "mine.txt").write_text("x")
    ran = run("dashboard", "--out", "site")
    assert (ran.exit_code, len(ran.stderr.splitlines())) == (2, 1)
    assert "holds mine.txt, which is not of these pages and would be lost" in ran.stderr
    import_(tmp_path, [charge("2026-10", 1, "a")])
    ran = run("dashboard", "--out", "new", "--to", "2025-01")
    assert (ran.exit_code, len(ran.stderr.splitlines())) == (2, 1)
    assert not (tmp_path / "new").exists()
