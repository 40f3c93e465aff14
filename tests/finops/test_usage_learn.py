"""`guardrail usage learn` as people type it."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

PAGE = (Path(__file__).parents[2] / "docs" / "finops" / "usage-learn.md").read_text(encoding="utf-8")
FILE = "infracost-usage.yml"


@pytest.fixture
def folder(shop, tmp_path):
    """Return a copy of the example with its ledger, to be written into."""
    return shutil.copytree(shop, tmp_path / "shop")


@pytest.fixture
def learn(command, folder):
    """Run `guardrail usage learn` in it."""
    return lambda *args: command("usage", "learn", *args, cwd=folder)


def test_d_the_shop_s_usage_is_learned_and_the_next_estimate_has_it(command, learn, folder):
    ran = learn("--write", "--usage-file", FILE)
    assert (ran.exit_code, ran.stdout) == (0, f"{FILE}: 3 lines learned\n")
    text = (folder / FILE).read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert text == shown
    assert yaml.safe_load(text)["resource_usage"] == {
        "aws_nat_gateway.main": {"monthly_data_processed_gb": 1038.13},
        "aws_s3_bucket.uploads": {"standard": {"monthly_tier_1_requests": 1816735, "storage_gb": 500}},
    }
    found = json.loads(command("estimate", "--usage-file", FILE, "--format", "json", cwd=folder).stdout)
    lines = {
        one["name"]: one["monthly_cost"]
        for resource in found["projects"][0]["resources"]
        for one in resource["components"]
        if resource["address"] in {"aws_nat_gateway.main", "aws_s3_bucket.uploads"}
    }
    assert lines["Data processed"] == "46.71585"
    assert lines["Storage (first 51.2K)"] == "11.5"
    assert lines["PUT, COPY, POST, LIST requests"] == "9.083675"
    # 744 hours of it come to 81.09; the bill of October says 81.18.
    assert round((32.85 + 46.71585) * 744 / 730, 2) == 81.09


def test_without_write_the_file_is_printed_and_nothing_is_changed(learn, folder):
    ran = learn()
    assert yaml.safe_load(ran.stdout)["resource_usage"]["aws_nat_gateway.main"] == {
        "monthly_data_processed_gb": 1038.13
    }
    assert not (folder / FILE).exists()
    assert f"checks and estimates read it with --usage-file {FILE}" in ran.stderr


def test_what_tells_nothing_says_why(learn):
    said = learn().stderr
    assert (
        "aws_s3_bucket.uploads: DataTransfer-Out-Bytes tells nothing: no component of aws_s3_bucket has its meter\n"
        in said
    )


def test_lines_made_by_hand_stay_and_learned_ones_are_written_anew(learn, folder):
    by_hand = "version: 0.1\nresource_usage:\n  aws_nat_gateway.main:\n    monthly_data_processed_gb: 1500 # Ana\n"
    (folder / FILE).write_text(by_hand)
    ran = learn("--write", "--window", "31d")
    text = (folder / FILE).read_text(encoding="utf-8")
    assert text.startswith(by_hand)
    assert f"{FILE}: 2 lines learned\n" == ran.stdout
    assert "monthly_data_processed_gb is given already, and stays; the bill says 1040.05\n" in ran.stderr
    assert (
        "monthly_tier_1_requests: 1820094  # learned from 31 days of the bill (requests): 2026-10 1820094; p95 1820094"
        in text
    )
    assert learn("--write", "--window", "31d").stdout == f"{FILE}: nothing is new\n"
    learn("--write")
    assert "monthly_tier_1_requests: 1816735  # learned from 92 days" in (folder / FILE).read_text(encoding="utf-8")
    assert (folder / FILE).read_text(encoding="utf-8").startswith(by_hand)


def test_accuracy_with_what_was_learned_has_no_usage_left_but_that_of_the_month(command, learn, folder):
    learn("--write")
    args = ("--usage-file", FILE, "--now", "2026-10-20", "--format", "json", "--out", "json=run.json")
    assert command("estimate", *args, cwd=folder).exit_code == 0
    assert command("ledger", "add", "run.json", cwd=folder).exit_code == 0
    found = json.loads(command("accuracy", "--format", "json", cwd=folder).stdout)
    (line,) = [one for one in found["lines"] if one["keys"]["address"] == "aws_nat_gateway.main"]
    assert (line["estimate"], line["bill"], line["residual"]) == ("79.56585", "81.18", "0")
    assert abs(float(line["parts"]["usage"])) < 0.1


@pytest.mark.parametrize(
    "args, said",
    [
        (["--window", "3mo"], "is not a number of days like 92d"),
        (["--project", "shp"], "shp"),
        (["--ledger", "absent"], "absent: this ledger has no bill (`guardrail ledger import` adds one)"),
    ],
)
def test_mistakes_are_one_line(learn, args, said):
    ran = learn(*args)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_project_that_nothing_is_matched_with_is_said(command, folder):
    (folder / "guardrail.yaml").unlink()
    ran = command("usage", "learn", ".", "--project", "shp", cwd=folder)
    assert ran.exit_code == 2
    assert "no charge is matched with a resource of the project 'shp' (did you mean \"shop\"?)" in ran.stderr


def test_several_projects_need_one_named(command, folder):
    (folder / "guardrail.yaml").write_text(
        "version: 1\nprojects: [{name: shop, path: .}, {name: other, path: states}]\n"
    )
    ran = command("usage", "learn", cwd=folder)
    assert (ran.exit_code, ran.stderr) == (
        2,
        "guardrail: usage is learned for one project, and there are 2: other, shop (choose one: --project NAME)\n",
    )
    assert command("usage", "learn", "--project", "shop", cwd=folder).exit_code == 0


def test_without_duckdb_it_says_what_to_install(learn, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    ran = learn()
    assert ran.exit_code == 2
    assert ran.stderr == "guardrail: reading a ledger needs DuckDB (pip install 'guardrail-finops[ledger]')\n"


def test_a_usage_file_that_cannot_be_edited_is_left(learn, folder):
    text = "resource_usage:\n  aws_nat_gateway.main: {other: 5}\n"
    (folder / FILE).write_text(text)
    ran = learn("--write")
    assert ran.exit_code == 2
    assert f"{FILE}:2: resource_usage.aws_nat_gateway.main cannot be edited line by line" in ran.stderr
    assert (folder / FILE).read_text() == text
