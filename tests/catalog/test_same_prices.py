"""The shipped facts in the vendors' own formats, synced back: definitions find the same in both."""

from __future__ import annotations

import os
import sqlite3
import tomllib
import zlib
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from guardrail import data
from guardrail.catalog import open_catalog, snapshot
from guardrail.catalog.store import synced_catalog
from guardrail.catalog.sync import SOURCES, Order, sync
from guardrail.costs import Engine
from guardrail.model.report import ProjectReport, Report
from guardrail.model.resource import Action, Change, Side
from guardrail.report.json.v1 import json_v1
from guardrail.report.markdown.document import markdown
from tests.catalog import price_lists
from tests.catalog.syncs import LIBRARY, QUIET, bare

NOW = datetime(2026, 9, 1, tzinfo=UTC)
BILLS = Path(__file__).parent.parent / "data" / "bills"
SIZES = ("instanceType", "armSkuName", "machineType")
ROWS = """
select vendor, service, region, family, attributes, unit, purchase_option, tier_start, tier_end, price, sku,
    source.name, source.as_of
from shelf join price on price.shelf = shelf.id join product on product.id = price.product
join source on source.id = price.source
"""


@pytest.fixture(scope="module")
def published():
    """The facts of the regions that bills are of, as the vendors would publish them."""
    regions = frozenset({change.region for change in billed()} | {"global", "us", "eu", "asia"})
    return {
        vendor: {
            service: price_lists.published(vendor, service, filter(mentioned(), found), bare())
            for service, found in price_lists.facts(data.pricing_dir(), vendor, regions).items()
        }
        for vendor in snapshot.VENDORS
    }


def mentioned():
    """Choose facts: of machine sizes, which are most of a catalog, those that bills mention and one in a hundred others."""
    bills = " ".join(path.read_text(encoding="utf-8").lower() for path in BILLS.glob("*/*.toml"))

    @cache
    def chosen_size(size):
        return size.lower() in bills or not zlib.crc32(size.encode()) % 100

    def chosen(row):
        found = snapshot.attributes_of(row.attributes) if row.attributes else {}
        size = next((found[key] for key in SIZES if key in found), None)
        return size is None or chosen_size(size)

    return chosen


@pytest.mark.parametrize("form, vendors", [("csv", snapshot.VENDORS), ("json", ("aws",))])
def test_every_price_comes_back_and_every_report_is_the_same(form, vendors, published, tmp_path, monkeypatch):
    lists, folder, rest = tmp_path / "lists", tmp_path / "pricing", tmp_path / "rest"
    published = {vendor: published[vendor] for vendor in vendors}
    for vendor, services in published.items():
        for service, found in services.items():
            price_lists.write_snapshot(folder, vendor, service, found)
            unread = [row for row in found if row.source not in SOURCES.values()]
            price_lists.write_snapshot(rest, vendor, service, unread)
    price_lists.write_aws(lists, published["aws"], form=form)
    if "gcp" in vendors:
        price_lists.write_azure(lists, published["azure"])
        price_lists.write_gcp(lists, published["gcp"])
    for file in lists.rglob("*.json"):
        os.utime(file, (NOW.timestamp(), NOW.timestamp()))
    snapshot.compile(folder, tmp_path / "same.sqlite")
    snapshot.compile(rest, tmp_path / "rest.sqlite")
    monkeypatch.setenv(data.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr("guardrail.catalog.sync.shipped_catalog", lambda: tmp_path / "rest.sqlite")

    sync(Order(NOW, vendors=vendors, origin=str(lists)), bare(), QUIET)

    assert rows(synced_catalog()) == rows(tmp_path / "same.sqlite")
    owners = LIBRARY.priced_types()
    changes = [change for change in billed() if owners[change.type] in vendors]
    assert reports(changes, synced_catalog()) == reports(changes, tmp_path / "same.sqlite")


def rows(path):
    with closing(sqlite3.connect(path)) as database:
        return sorted(database.execute(ROWS))


def billed():
    """The resources of all bills."""
    for path in sorted(BILLS.glob("*/*.toml")):
        for number, case in enumerate(tomllib.loads(path.read_text(encoding="utf-8"))["case"]):
            side = Side(case.get("attributes", {}))
            yield Change(
                f"{path.stem}.n{number}", path.stem, f"n{number}", Action.CREATE, None, side, region=case.get("region")
            )


def reports(changes, catalog):
    """The whole report but the fingerprint of the catalog."""
    opened = open_catalog(catalog)
    resources = Engine(LIBRARY, opened).estimate(changes)
    used = tuple(replace(info, sha256="") for info in opened.used())
    report = Report((ProjectReport("all", ".", resources),), "USD", NOW, "1", used, judged=False)
    return json_v1(report), markdown(report)
