"""Pages that tell what other commands tell: their figures are those of the commands' JSON."""

import json

import pytest

from tests.dashboard.conftest import AT, NOW, read, rows_of
from tests.dashboard.made import charge, import_


@pytest.fixture
def told(command, full):
    """Return the JSON of a command, asked at the time at which the pages were made."""

    def call(*args):
        ran = command(*args, "--format", "json", "--now", AT, cwd=full)
        assert ran.stderr == ""
        return json.loads(ran.stdout)

    return call


def test_budgets_are_those_of_the_command(full, told):
    page = read(full / "site", "budgets.html")
    (_, *rows) = rows_of(page, "Budgets, USD")
    found = told("budget")["budgets"]
    assert [one["name"] for one in found] == ["all", "shop team", "year"]
    for row, one in zip(rows, found, strict=True):
        assert row[0].startswith(one["name"])
        assert row[2:4] == [one["spent"], one["amount"]]
        assert row[5] == one["forecast"]["amount"]
    texts = [one.text for one in page.all("span") if "badge" in one.attributes.get("class", "")]
    assert texts == ["forecast over 70%", "spent over 50%: not known", "spent over 30%"]
    assert "<i>changes</i>: says nothing of what may be billed" in page.all("main")[0].text


def test_anomalies_are_those_of_the_command(shop_site, command, shop):
    found = json.loads(command("anomalies", "--format", "json", "--now", NOW, cwd=shop).stdout)
    page = read(shop_site, "anomalies.html")
    shown = [row for title in ("To look into", "Explained") for row in rows_of(page, title)[1:]]
    assert [row[1:] for row in shown] == [[one["expected"], one["was"], one["difference"]] for one in found["events"]]
    for row, one in zip(shown, found["events"], strict=True):
        assert row[0].startswith(f"{one['address']}, {one['first']}")
    assert "1 to look into, 1 explained" in page.all("main")[0].text
    first = read(shop_site).all("main")[0].text
    assert "Anomaly of aws_s3_bucket.uploads, 2026-10-22: +$80.99" in first


def test_kpis_are_those_of_the_command(shop_site, command, shop):
    found = json.loads(command("kpi", "--format", "json", "--now", NOW, cwd=shop).stdout)
    page = read(shop_site, "kpis.html")
    told = [value for one in found["kpis"] for value in one["values"]]
    assert [one.attributes["value"] for one in page.all("data")] == [
        one["value"] for one in told if one["value"] is not None
    ]
    rows = rows_of(page, "KPIs of 2026-10")
    for one in found["kpis"]:
        (row,) = (row for row in rows if row[0].startswith(one["title"]))
        if len(one["values"]) == 1 and one["values"][0]["value"] is None:
            assert row[-1] == "not known"
            assert one["values"][0]["missing"].replace("`", "") in row[0]
    assert "60.0%" in {one.text for one in page.all("data")}
    owners = read(shop_site, "allocation.html")
    assert "99.8%" in [one.text for one in owners.all("dd")]


def test_realised_savings_are_those_of_the_command(shop_site, command, shop):
    found = json.loads(command("savings", "--to", "2026-10", "--format", "json", "--now", NOW, cwd=shop).stdout)
    text = read(shop_site, "recommendations.html").all("main")[0].text
    assert (
        f"Of changes that were merged from {found['from']} to {found['to']}, a month, by the bill (effective cost)."
        in text
    )
    assert found["savings"] == []
    assert "No merged change was to save anything." in text


def test_recommendations_are_those_of_the_command(full):
    document = json.loads((full / "open.json").read_text())
    page = read(full / "site", "recommendations.html")
    figures = dict(zip([one.text for one in page.all("dt")], page.all("dd"), strict=True))
    values = {
        name: [data.attributes["value"] for data in page.all("data") if one in data.inside]
        for name, one in figures.items()
    }
    totals = document["totals"]
    assert values["Would save a month"] == [totals["saving"]]
    assert values["Of an estimated"] == [totals["monthly_cost"]]
    assert figures["Of an estimated"].text.startswith("at least") == totals["lower_bound"]
    assert figures["Open"].text == str(totals["open"])
    rows = rows_of(page, "Open, USD")[1:]
    found = [one for one in document["recommendations"] if one["status"] == "open"]
    assert len(rows) == len(found)
    for one in found:
        row = next(row for row in rows if f"{one['title']} {one['address']}" in row[0])
        assert row[1] == (one["saving"] or "not known")
        assert ("in no sum" in row[0]) is not one["counted"]


def test_the_first_page_leads_to_what_needs_attention(full):
    page = read(full / "site")
    (section,) = (one for one in page.all("section") if one.attributes["aria-labelledby"] == "attention")
    assert "Budget all: alert: the forecast is more than 70% of $550.00, $420.29" in section.text
    assert "open recommendations: would save $" in section.text


def test_without_recommendations_the_page_says_how_to_get_them_and_the_configuration_may_name_them(
    full, command, shop_site
):
    page = read(shop_site, "recommendations.html")
    assert "guardrail recommend --format json > open.json" in page.all("main")[0].text
    named = full / "named"
    named.mkdir()
    config = (full / "guardrail.yaml").read_text()
    (named / "guardrail.yaml").write_text(config + "kpis: {recommendations: ../open.json}\n")
    ran = command("dashboard", "--out", "site", "--now", AT, cwd=named)
    assert (ran.exit_code, ran.stderr) == (0, "")
    for name in ("recommendations.html", "recommendations.csv"):
        assert (named / "site" / name).read_bytes() == (full / "site" / name).read_bytes()


def test_the_summary_tells_what_needs_attention(full, command):
    ran = command("dashboard", "--format", "markdown", "--now", AT, "--recommendations", "open.json", cwd=full)
    assert ran.stdout.splitlines()[6:] == [
        "- 90.1% with a team, 90.1% matched with Terraform",
        "- budget all: alert: the forecast is more than 70% of USD 550.00, USD 420.29",
        "- budget shop team: alert: more than 30% of USD 250.00 is spent, USD 97.49",
        "- 6 open recommendations: would save USD 29.02 a month",
    ]


def test_a_file_that_is_no_answer_of_recommend_is_refused_in_a_line(run, tmp_path):
    import_(tmp_path, [charge("2026-10", 10, "a")])
    for text, why in (
        ("{", "holds no recommendations"),
        (json.dumps({"schema": "x"}), "holds no recommendations"),
        (
            json.dumps({"schema": "guardrail.spend/v1", "currency": "USD", "totals": TOTALS, "recommendations": []}),
            "and no guardrail.rec",
        ),
        (
            json.dumps(
                {"schema": "x", "currency": "USD", "totals": {**TOTALS, "saving": "NaN"}, "recommendations": []}
            ),
            "regex",
        ),
    ):
        (tmp_path / "open.json").write_text(text)
        ran = run("dashboard", "--out", "site", "--recommendations", "open.json")
        assert (ran.exit_code, len(ran.stderr.splitlines())) == (2, 1)
        assert why in ran.stderr
        assert "open.json" in ran.stderr
    ran = run("dashboard", "--out", "site", "--recommendations", "absent.json")
    assert "absent.json: cannot be read" in ran.stderr


TOTALS = {"monthly_cost": "1", "lower_bound": False, "saving": "0", "frees": "0", "open": 0, "resources": 1}
