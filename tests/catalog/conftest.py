"""The vendors' lists as files, a small shipped catalog, and a sync of the one over the other."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from guardrail import data
from guardrail.catalog import snapshot
from guardrail.catalog.sync import Order, SyncProgress, sync
from guardrail.http import Clock, Deadline, Session
from tests.catalog import price_lists
from tests.catalog.syncs import NOW, PLAN, REGIONS, SERVICES, wants

PRICE = "0.0000002"


def _facts(vendor):
    """Some facts of some services: of Storage, which has by far the most, every sixth."""
    found = price_lists.facts(data.pricing_dir(), vendor, REGIONS, SERVICES[vendor])
    return {service: rows[::6] if service == "Storage" else rows for service, rows in found.items()}


@pytest.fixture(scope="session")
def lists(tmp_path_factory):
    """The vendors' lists, as files: every price as it is, and in `dearer` one of them doubled."""
    root = tmp_path_factory.mktemp("lists")
    published = {
        vendor: {
            service: price_lists.published(vendor, service, found, wants()) for service, found in _facts(vendor).items()
        }
        for vendor in snapshot.VENDORS
    }
    for name, version in (("same", "20260901000000"), ("dearer", "20260908000000")):
        if name == "dearer":
            found = published["aws"]["AWSLambda"]
            published["aws"]["AWSLambda"] = [
                replace(row, price="0.0000004") if row.price == PRICE else row for row in found
            ]
        price_lists.write_aws(root / name, published["aws"], version=version)
        price_lists.write_savings_plans(root / name, published["aws"], {PLAN: "0.8"}, version=version)
        price_lists.write_azure(root / name, published["azure"], 20)
        price_lists.write_gcp(root / name, published["gcp"], 8)
    return root


@pytest.fixture(scope="session")
def shipped(tmp_path_factory):
    """A small shipped catalog: of some services and regions."""
    return _compiled(tmp_path_factory.mktemp("shipped"), snapshot.VENDORS)


@pytest.fixture(scope="session")
def shipped_aws(tmp_path_factory):
    """A smaller one: of AWS alone."""
    return _compiled(tmp_path_factory.mktemp("shipped_aws"), ("aws",))


def _compiled(folder, vendors):
    for vendor in vendors:
        for service, found in _facts(vendor).items():
            price_lists.write_snapshot(folder, vendor, service, found)
    snapshot.compile(folder, folder / "shipped.sqlite")
    return folder / "shipped.sqlite"


@pytest.fixture
def synced(shipped, tmp_path, monkeypatch):
    """Run a sync as the environment of a test has it; return what it said, line by line."""
    monkeypatch.setenv(data.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("GOOGLE_API_KEY", "k3y")
    monkeypatch.setattr("guardrail.catalog.sync.shipped_catalog", lambda: shipped)
    monkeypatch.setattr("guardrail.catalog.store.shipped_catalog", lambda: shipped)
    quick = Clock(sleep=lambda _seconds: None)
    monkeypatch.setattr(
        "guardrail.catalog.vendors.feed.Session", lambda *a, **k: Session(*a, **k, deadline=Deadline(clock=quick))
    )

    def run(origin, *, used=None, **order):
        said: list[str] = []
        sync(
            Order(NOW, **{"origin": str(origin), **order}),
            used or wants(),
            SyncProgress(said.append, lambda _n: lambda _r, _t: None),
        )
        return said

    return run
