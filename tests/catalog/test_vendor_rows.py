"""Lists as vendors have them: beside what definitions ask for, what is called almost the same.

`base.csv` has some prices of each service, `siblings.csv` what stands beside them in the vendors' own lists under the
names that the vendors give: other products of the same size, free meters, rows of Outposts, units that differ.
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from guardrail import data
from guardrail.catalog import open_catalog, snapshot
from guardrail.catalog.snapshot import Row
from guardrail.catalog.store import synced_catalog
from guardrail.catalog.sync import SOURCES, Order, sync
from guardrail.cli.hints import tell_of_sync
from guardrail.costs import Library
from guardrail.costs.definitions.lint import lint
from guardrail.model.cost import LineStatus
from guardrail.model.money import plain
from tests.catalog import price_lists
from tests.catalog.syncs import NOW, QUIET, bare
from tests.costs.test_bills import priced

FOLDER = Path(__file__).parent.parent / "data" / "vendor_rows"
REGIONS = {"aws": "eu-west-2", "azure": "uksouth", "gcp": "europe-west2"}
RESOURCES = tomllib.loads((FOLDER / "resources.toml").read_text(encoding="utf-8"))["resource"]


def _rows(name):
    """Read the rows of a file, by vendor and service."""
    found = defaultdict(list)
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        for number, line in enumerate(csv.DictReader(lines)):
            vendor = line["vendor"]
            row = Row(
                line["region"] or REGIONS[vendor], line["family"], line["attributes"], line["unit"], "on_demand",
                "", "", line["price"], f"{name}{number}", SOURCES[vendor], price_lists.PUBLISHED,
            )  # fmt: skip
            found[vendor, line["service"]].append(row)
    return found


def _azure_item(service, row):
    """Return a row as the API has it, whose attributes are the API's own."""
    named = snapshot.attributes_of(row.attributes)
    return {
        "currencyCode": "USD", "tierMinimumUnits": 0.0, "retailPrice": float(row.price), "armRegionName": row.region,
        "meterId": row.sku, "skuId": row.sku, "serviceName": service, "serviceFamily": row.family,
        "unitOfMeasure": row.unit, "type": "Consumption", "isPrimaryMeterRegion": True, "meterName": "",
        "productName": "", "skuName": "", "armSkuName": "", **named,
    }  # fmt: skip


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """A catalog of nothing but these rows, synced as if the vendors had published them."""
    folder = tmp_path_factory.mktemp("rows")
    base, siblings = _rows("base.csv"), _rows("siblings.csv")
    lists: dict[str, dict[str, list[Row]]] = {vendor: {} for vendor in REGIONS}
    for vendor, service in {**base, **siblings}:
        beside = [] if vendor == "azure" else siblings[vendor, service]
        lists[vendor][service] = [*base[vendor, service], *beside]
    price_lists.write_aws(folder, lists["aws"])
    price_lists.write_azure(folder, lists["azure"])
    price_lists.write_gcp(folder, lists["gcp"])
    for (vendor, service), rows in siblings.items():
        if vendor == "azure":
            page = {"BillingCurrency": "USD", "Items": [_azure_item(service, row) for row in rows], "NextPageLink": ""}
            path = folder / "azure" / service / "siblings.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(page), encoding="utf-8")
    snapshot.compile(folder, folder / "bare.sqlite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(data.CACHE_VARIABLE, str(folder / "cache"))
        patch.setenv("GOOGLE_API_KEY", "k3y")
        patch.setattr("guardrail.catalog.sync.shipped_catalog", lambda: folder / "bare.sqlite")
        sync(Order(NOW, origin=str(folder)), bare(), QUIET)
        return open_catalog(synced_catalog())


def test_every_service_has_rows():
    found = {*_rows("base.csv"), *_rows("siblings.csv")}
    assert {(vendor, service) for vendor in REGIONS for service in bare().services(vendor)} <= found


def test_nothing_is_ambiguous(catalog):
    faults = [fault for fault in lint(Library(), catalog) if fault.kind in {"ambiguous", "unanchored"}]
    assert faults == []


@pytest.mark.parametrize("case", RESOURCES, ids=lambda case: case["type"])
def test_prices(case, catalog):
    region = REGIONS[{"aws": "aws", "azurerm": "azure", "google": "gcp"}[case["type"].partition("_")[0]]]
    lines = {line.name: line for line in priced(case["type"], {"region": region, **case}, catalog).lines}
    assert {lines[name].status for name in case["prices"]} <= {LineStatus.PRICED, LineStatus.ASSUMED}
    assert {name: plain(lines[name].unit_price) for name in case["prices"]} == case["prices"]
    costs = case.get("costs", {})
    assert {name: plain(lines[name].monthly_cost) for name in costs} == costs


def test_a_catalog_that_definitions_cannot_read_is_not_put_into_use(run, tmp_path, monkeypatch):
    """Two load balancers that only their SKUs tell apart: the catalog that there was stays."""
    monkeypatch.setenv(data.CACHE_VARIABLE, str(tmp_path / "cache"))
    snapshot.compile(tmp_path / "none", tmp_path / "bare.sqlite")
    monkeypatch.setattr("guardrail.catalog.sync.shipped_catalog", lambda: tmp_path / "bare.sqlite")
    rows = _rows("siblings.csv")["aws", "AWSELB"][:1]
    for number in range(2):
        rows = [*rows, replace(rows[0], price=f"0.{number + 5}", sku=f"other{number}")][: number + 1]
        price_lists.write_aws(tmp_path / "lists", {"AWSELB": rows}, version=str(number))
        done = run("pricing", "sync", "--vendor", "aws", "--from", "lists")
        assert done.exit_code == (2 if number else 0), done.stderr
    assert "cannot tell apart what the lists have now: aws_lb: " in done.stderr
    assert "the old catalog stays in use" in done.stderr
    (shelf,) = open_catalog().synced()
    assert shelf.rows == 1
    assert run("pricing", "sync", "--vendor", "aws", "--from", "lists", "--force").exit_code == 0


PLAN = """
provider "aws" {
  region = "eu-west-2"
}
resource "aws_lb" "web" {
  load_balancer_type = "application"
}
resource "aws_nat_gateway" "out" {
  subnet_id = "s"
}
"""


@pytest.fixture
def lists(tmp_path, monkeypatch):
    """A folder of lists of three services, and no price that is shipped."""
    monkeypatch.setenv(data.CACHE_VARIABLE, str(tmp_path / "cache"))
    snapshot.compile(tmp_path / "none", tmp_path / "bare.sqlite")
    for module in ("sync", "store"):
        monkeypatch.setattr(f"guardrail.catalog.{module}.shipped_catalog", lambda: tmp_path / "bare.sqlite")
    siblings = _rows("siblings.csv")
    services = {name: siblings["aws", name] for name in ("AWSELB", "AmazonEC2", "AmazonRDS")}
    elsewhere = {name: [replace(row, region="eu-central-1") for row in rows] for name, rows in services.items()}
    price_lists.write_aws(tmp_path / "lists", {name: [*services[name], *elsewhere[name]] for name in services})
    (tmp_path / "tf").mkdir()
    (tmp_path / "tf" / "main.tf").write_text(PLAN, encoding="utf-8")
    return tmp_path / "lists"


def test_a_sync_for_a_folder_brings_what_it_lacks_and_nothing_else(run, lists):
    told = run("estimate", "tf").stdout
    assert "run `guardrail pricing sync --for tf`" in told
    assert "--service" not in told.partition("Not priced")[2]
    done = run("pricing", "sync", "--for", "tf", "--from", lists)
    assert done.exit_code == 0, done.stderr
    assert [(one.service, one.region) for one in open_catalog().synced()] == [
        ("AWSELB", "eu-west-2"),
        ("AmazonEC2", "eu-west-2"),
    ]
    assert "AmazonRDS" not in done.stderr
    assert "$19.32" in run("estimate", "tf").stdout
    again = run("pricing", "sync", "--for", "tf", "--from", lists)
    assert again.stdout == "nothing to sync: the catalog has every price that a list could bring\n"


def test_what_is_asked_for_is_said_once(run, lists):
    done = run("pricing", "sync", "--for", "tf", "--region", "eu-west-2", "--from", lists)
    assert done.exit_code == 2
    assert "leave --service and --region out" in done.stderr
    assert "no such" in run("pricing", "sync", "--for", "nowhere", "--from", lists).stderr


def test_a_person_is_told_of_it_once(tmp_path, monkeypatch, capsys):
    report: Any = SimpleNamespace(lacking={("aws", "AWSELB", "eu-west-2")}, projects=[SimpleNamespace(path="tf")])
    monkeypatch.setenv(data.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv("CI", raising=False)
    tell_of_sync(report)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    tell_of_sync(report)
    tell_of_sync(report)
    line = "guardrail: prices are missing; `guardrail pricing sync --for tf` downloads just these\n"
    assert capsys.readouterr().err == line
