"""Syncs against a local server that speaks as the vendors do: whatever goes wrong, the old catalog stays whole."""

from __future__ import annotations

import errno
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import filelock
import pytest

from guardrail import data
from guardrail.catalog import Ambiguous, Ladder, open_catalog
from guardrail.catalog.building import Building, previous
from guardrail.catalog.store import synced_catalog
from guardrail.catalog.sync import Order, sync
from guardrail.errors import CatalogError, ConfigError, GuardrailError
from tests.catalog import price_lists
from tests.catalog.conftest import PRICE
from tests.catalog.syncs import LAMBDA, QUIET, REGIONS, SERVICES, rows, wants
from tests.catalog.vendors import serving


def leftovers():
    return [path.name for path in synced_catalog().parent.iterdir() if ".new" in path.name]


def test_a_server_and_a_folder_give_the_same(synced, lists):
    synced(lists / "same")
    by_folder = rows(synced_catalog())
    synced_catalog().unlink()
    with serving(lists / "same") as vendors:
        synced(vendors.base)
        assert any("%24skip=1" in path for path in vendors.asked)
    assert rows(synced_catalog()) == by_folder
    assert isinstance(open_catalog().find(LAMBDA), Ladder)


def test_what_is_not_synced_stays_as_shipped_and_what_was_synced_stays_synced(synced, lists, shipped):
    synced(lists / "same", vendors=("aws",), services=("AWSLambda",))
    assert {(s.vendor, s.service) for s in open_catalog().synced()} == {("aws", "AWSLambda")}
    synced(lists / "same", vendors=("azure",), services=("Key Vault",), regions=("westeurope",))
    after = open_catalog()
    assert {(s.vendor, s.service) for s in after.synced()} == {("aws", "AWSLambda"), ("azure", "Key Vault")}
    kept = [row for row in rows(shipped) if row[1] == "AmazonEKS"]
    assert kept
    assert [row for row in rows(synced_catalog()) if row[1] == "AmazonEKS"] == kept


def test_a_list_that_is_as_it_was_is_not_fetched_again(synced, lists):
    with serving(lists / "same") as vendors:
        synced(vendors.base, vendors=("aws",))
        before = rows(synced_catalog())
        vendors.asked.clear()
        plans = [f"aws AWSComputeSavingsPlan {region}: unchanged" for region in ("eu-central-1", "eu-west-1")]
        lists_said = ["aws AWSLambda: unchanged", "aws AmazonEKS: unchanged"]
        assert synced(vendors.base, vendors=("aws",)) == [*lists_said, *plans]
        assert not [path for path in vendors.asked if path.endswith(".csv")]
    assert rows(synced_catalog()) == before


PLACES = {
    "index": ("/offers/v1.0/aws/index.json", "aws"),
    "region index": ("/AWSLambda/current/region_index.json", "aws"),
    "offer file": ("/AmazonEKS/20260908000000/eu-west-1/index", "aws"),
    "index of plans": ("/AWSComputeSavingsPlan/current/region_index.json", "aws"),
    "file of plans": ("/AWSComputeSavingsPlan/20260908000000/eu-west-1/index", "aws"),
    "page of Azure": ("%24skip=1", "azure"),
    "services of Google": ("/v1/services?", "gcp"),
    "page of Google": ("/skus?", "gcp"),
}
FAULTS: dict[str, list[int | str | bytes]] = {
    "refused": [403, 404, 429, 500],
    "cut": ["cut"],
    "longer than said": ["long"],
    "not compressed": ["not-gzip"],
    "something else": [b"", b'{"half": ', b"[1, 2]", b"<html>login</html>", b"null"],
}


@pytest.fixture
def before(synced, lists, tmp_path_factory):
    """Have a vendor's lists synced, once for all tests; return the catalog's content."""
    kept = tmp_path_factory.getbasetemp() / "before"

    def sync_of(vendor):
        target, copy = synced_catalog(), kept / vendor
        if not copy.is_file():
            synced(lists / "same", vendors=(vendor,))
            kept.mkdir(exist_ok=True)
            shutil.copyfile(target, copy)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(copy, target)
        return target.read_bytes()

    return sync_of


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("faults", FAULTS)
def test_faults(place, faults, synced, lists, before):
    """One after the other: what each leaves behind does not help the next, and in the end all is well."""
    part, vendor = PLACES[place]
    old = before(vendor)
    with serving(lists / "dearer") as vendors:
        for fault in FAULTS[faults]:
            vendors.faults[part] = fault
            with pytest.raises(GuardrailError) as caught:
                synced(vendors.base, vendors=(vendor,))
            assert caught.value.fix, str(caught.value)
            assert "k3y" not in str(caught.value)
            assert synced_catalog().read_bytes() == old, fault
            assert leftovers() == [], fault
        vendors.faults.clear()
        synced(vendors.base, vendors=(vendor,))
    if vendor == "aws":
        found = open_catalog().find(LAMBDA)
        assert isinstance(found, Ladder)
        assert str(found.tiers[0].price) != PRICE


@pytest.mark.parametrize("place", ["offer file", "file of plans", "page of Azure", "page of Google"])
def test_a_cut_at_any_byte(place, synced, lists, before):
    part, vendor = PLACES[place]
    old = before(vendor)
    dice = random.Random(place)  # noqa: S311 - places to cut, no secrets
    with serving(lists / "dearer") as vendors:
        for at in (0.0, *(dice.random() for _ in range(10)), 0.9999):
            vendors.faults[part] = at
            with pytest.raises(GuardrailError):
                synced(vendors.base, vendors=(vendor,))
            assert synced_catalog().read_bytes() == old
        vendors.faults.clear()
        synced(vendors.base, vendors=(vendor,))
    assert synced_catalog().read_bytes() != old


def test_a_cut_download_goes_on_and_what_has_come_is_asked_for_conditionally(synced, lists):
    with serving(lists / "same") as vendors:
        vendors.faults["AmazonEKS/20260901000000/eu-west-1/index.csv"] = "cut-once"
        synced(vendors.base, vendors=("aws",))
        assert 206 in vendors.statuses
        vendors.faults.clear()
        vendors.faults["AmazonEKS/20260901000000/eu-west-1/index"] = 500
        synced_catalog().unlink()
        with pytest.raises(GuardrailError):
            synced(vendors.base, vendors=("aws",))
        vendors.faults.clear()
        vendors.statuses.clear()
        synced(vendors.base, vendors=("aws",))
        assert vendors.statuses.count(304) >= 3


@pytest.mark.parametrize("vendor, place", [("azure", "Storage"), ("gcp", "pageToken=1")])
def test_pages_that_were_taken_are_not_asked_for_again(vendor, place, synced, lists):
    synced(lists / "same", vendors=(vendor,))
    whole = rows(synced_catalog())
    synced_catalog().unlink()
    with serving(lists / "same") as vendors:
        vendors.faults["%24skip=2" if vendor == "azure" else place] = 500
        with pytest.raises(GuardrailError):
            synced(vendors.base, vendors=(vendor,))
        listed = [path for path in vendors.asked if "/v1/services?" not in path]
        taken = {path for path in listed if not any(part in path for part in vendors.faults)}
        assert taken
        vendors.faults.clear()
        vendors.asked.clear()
        synced(vendors.base, vendors=(vendor,))
        assert taken.isdisjoint(vendors.asked)
        assert rows(synced_catalog()) == whole
        vendors.asked.clear()
        synced(vendors.base, vendors=(vendor,))
        assert taken <= set(vendors.asked)


@pytest.mark.parametrize("change", ["old", "damaged", "future"])
def test_pages_that_are_old_or_damaged_are_asked_for_again(change, synced, lists):
    with serving(lists / "same") as vendors:
        vendors.faults["%24skip=2"] = 500
        with pytest.raises(GuardrailError):
            synced(vendors.base, vendors=("azure",))
        vendors.faults.clear()
        for file in (synced_catalog().parent / "downloads" / "azure" / "pages").iterdir():
            moment = time.time() + {"old": -50_000, "damaged": -9, "future": 50_000}[change]
            if change == "damaged":
                file.write_bytes(file.read_bytes()[:-9])
            os.utime(file, (moment, moment))
        vendors.asked.clear()
        synced(vendors.base, vendors=("azure",))
        assert any("%24skip" not in path for path in vendors.asked)
    found = rows(synced_catalog())
    synced_catalog().unlink()
    synced(lists / "same", vendors=("azure",))
    assert found == rows(synced_catalog())


def test_a_server_may_compress(synced, lists):
    synced(lists / "same", vendors=("aws",))
    plain = rows(synced_catalog())
    synced_catalog().unlink()
    with serving(lists / "same") as vendors:
        vendors.faults["/offers/"] = "gzip"
        synced(vendors.base, vendors=("aws",))
    assert rows(synced_catalog()) == plain


COLUMNS = ["SKU", "TermType", "StartingRange", "EndingRange", "Unit", "PricePerUnit", "Currency", "Product Family"]


@pytest.mark.parametrize("column", [*COLUMNS, "Group", "usageType", "Region Code", "Publication Date"])
def test_a_column_that_is_renamed_or_gone_is_noticed(column, synced, lists, before, tmp_path):
    old = before("aws")
    changed = tmp_path / "changed"
    shutil.copytree(lists / "dearer", changed)
    for file in changed.rglob("*.csv"):
        if "AWSLambda" in str(file):
            file.write_text(file.read_text().replace(f'"{column}"', '"Something Else"', 1))
    if column in {"usageType", "Region Code"}:
        # Without these, prices are found elsewhere or not at all; what matters is that nothing is mixed up quietly.
        try:
            synced(changed, vendors=("aws",))
        except CatalogError:
            assert synced_catalog().read_bytes() == old
        else:
            assert isinstance(open_catalog().find(LAMBDA), Ladder)
        return
    with pytest.raises(CatalogError, match="update guardrail"):
        synced(changed, vendors=("aws",))
    assert synced_catalog().read_bytes() == old


@pytest.mark.parametrize(
    "key", ["publicationDate", "products", "attributes", "OnDemand", "priceDimensions", "pricePerUnit", "unit", "group"]
)
def test_a_key_that_is_renamed_or_gone_is_noticed(key, synced, lists, before, tmp_path):
    old = before("aws")
    found = price_lists.facts(data.pricing_dir(), "aws", REGIONS, SERVICES["aws"])
    published = {name: price_lists.published("aws", name, facts, wants()) for name, facts in found.items()}
    shutil.copytree(lists / "same" / "savingsPlan", tmp_path / "changed" / "savingsPlan")
    price_lists.write_aws(tmp_path / "changed", published, form="json", version="2")
    for file in (tmp_path / "changed").rglob("AWSLambda/2/*/index.json"):
        file.write_text(file.read_text().replace(f'"{key}"', '"somethingElse"'))
    with pytest.raises(CatalogError, match="update guardrail"):
        synced(tmp_path / "changed", vendors=("aws",))
    assert synced_catalog().read_bytes() == old


def test_a_list_that_shrank_is_taken_if_that_is_meant(synced, lists, tmp_path):
    synced(lists / "same", vendors=("azure",))
    less = tmp_path / "less"
    shutil.copytree(lists / "same", less)
    for file in sorted((less / "azure" / "Storage").glob("*.json"))[1:]:
        file.unlink()
    with pytest.raises(CatalogError, match="--force"):
        synced(less, vendors=("azure",))
    synced(less, vendors=("azure",), force=True)
    assert open_catalog().synced()


def test_prices_in_another_currency_are_refused(synced, lists, tmp_path):
    euros = tmp_path / "euros"
    shutil.copytree(lists / "same", euros)
    for file in (euros / "azure").rglob("*.json"):
        file.write_text(file.read_text().replace('"BillingCurrency": "USD"', '"BillingCurrency": "EUR"'))
    with pytest.raises(CatalogError, match="not in US dollars"):
        synced(euros, vendors=("azure",))
    assert not synced_catalog().exists()


def test_google_needs_a_key_if_it_is_asked_for(synced, lists, monkeypatch):
    monkeypatch.delenv("GOOGLE_API_KEY")
    with serving(lists / "same") as vendors:
        said = synced(vendors.base)
        assert "gcp: left out, there is no GOOGLE_API_KEY in the environment" in said
        with pytest.raises(ConfigError, match="GOOGLE_API_KEY"):
            synced(vendors.base, vendors=("gcp",))
        assert not [path for path in vendors.asked if path.startswith("/v1/")]


@pytest.mark.parametrize("point", ["copy", "write", "finish"])
def test_a_full_disk(point, synced, lists, before, monkeypatch):
    old = before("aws")

    def full(*_args, **_kwargs):
        if point == "copy":
            raise OSError(errno.ENOSPC, "No space left on device")
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        if point == "copy":
            patch.setattr("guardrail.catalog.building.shutil.copyfile", full)
        else:
            patch.setattr(Building, {"write": "stage", "finish": "finish"}[point], full)
        with pytest.raises(CatalogError, match="free disk space in"):
            synced(lists / "dearer", vendors=("aws",))
    assert synced_catalog().read_bytes() == old
    assert leftovers() == []
    synced(lists / "dearer", vendors=("aws",))
    assert synced_catalog().read_bytes() != old


@pytest.mark.parametrize("now", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)])
def test_a_clock_that_jumps_changes_dates_only(now, synced, lists):
    synced(lists / "same")
    before = rows(synced_catalog())
    synced_catalog().unlink()
    with serving(lists / "same") as vendors:
        sync(Order(now, origin=vendors.base), wants(), QUIET)
        synced(vendors.base)
    assert rows(synced_catalog()) == before


def test_one_sync_at_a_time(synced, lists):
    synced(lists / "same", vendors=("aws",))
    lock = filelock.FileLock(synced_catalog().parent / "sync.lock")
    with lock, pytest.raises(CatalogError, match="another sync is running"):
        synced(lists / "dearer", vendors=("aws",))
    lock.acquire()
    waiting = threading.Thread(target=lambda: synced(lists / "dearer", vendors=("aws",), wait=30))
    waiting.start()
    time.sleep(0.2)
    assert waiting.is_alive()
    lock.release()
    waiting.join()
    assert str(_first(open_catalog())) != PRICE


def test_who_reads_during_a_sync_reads_one_whole_catalog(synced, lists):
    synced(lists / "same", vendors=("aws",))
    reading = open_catalog()
    synced(lists / "dearer", vendors=("aws",))
    assert _first(reading) == _first(open_catalog(previous(synced_catalog())))
    assert _first(open_catalog()) == _first(reading) * 2


def _first(catalog):
    answer = catalog.find(LAMBDA)
    assert isinstance(answer, Ladder)
    return answer.tiers[0].price


def test_prices_that_definitions_cannot_tell_apart_are_ambiguous_not_chosen(synced, lists, tmp_path):
    twice = tmp_path / "twice"
    shutil.copytree(lists / "same", twice)
    file = next(twice.rglob("AWSLambda/*/eu-west-1/index.csv"))
    lines = file.read_text().splitlines(keepends=True)
    line = next(line for line in lines if "AWS-Lambda-Requests" in line and "ARM" not in line)
    sku = line.split('"')[1]
    lines.append(line.replace(sku, "OTHER").replace("0.00000020000000", "0.00000050000000"))
    file.write_text("".join(lines))
    synced(twice, vendors=("aws",))
    answer = open_catalog().find(LAMBDA)
    assert isinstance(answer, Ambiguous)
    assert {product.attributes["sku"] for product in answer.products} == {sku, "OTHER"}


KILLING = """
import os, random, signal, sys, time
from pathlib import Path
import guardrail.catalog.sync
from guardrail.catalog.store import synced_catalog
from guardrail.catalog.sync import Order, sync
from tests.catalog.syncs import NOW, QUIET, rows, wants
shipped = Path(sys.argv[1])
guardrail.catalog.sync.shipped_catalog = lambda: shipped
origins = sys.argv[2:]

used = wants()  # once, and not in every child

def child(origin):
    process = os.fork()
    if not process:
        try:
            sync(Order(NOW, vendors=("aws",), origin=origin), used, QUIET)
        finally:
            os._exit(0)
    return process

states = []
for origin in origins:
    started = time.monotonic()
    os.waitpid(child(origin), 0)
    longest = time.monotonic() - started
    states.append(rows(synced_catalog()))
assert states[0] != states[1]
dice = random.Random(7)
killed = 0
while killed < 20:
    process = child(dice.choice(origins))
    time.sleep(dice.uniform(0, longest))
    os.kill(process, signal.SIGKILL)
    killed += os.WIFSIGNALED(os.waitpid(process, 0)[1])
    assert rows(synced_catalog()) in states
os.waitpid(child(origins[0]), 0)
assert rows(synced_catalog()) == states[0]
print(len(list(synced_catalog().parent.glob("*.new*"))))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither fork nor kill -9")
def test_killed_at_any_moment_nothing_is_lost(shipped_aws, lists, tmp_path, monkeypatch):
    monkeypatch.setenv(data.CACHE_VARIABLE, str(tmp_path / "cache"))
    root = Path(__file__).parents[2]
    with serving(lists / "dearer") as dearer, serving(lists / "same") as same:
        command = [sys.executable, "-c", KILLING, str(shipped_aws), dearer.base, same.base]
        ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "0\n"
