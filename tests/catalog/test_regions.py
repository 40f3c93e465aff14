"""Every definition in regions of which nothing is shipped: without a sync each gap names its command, with one there is none.

The lists are made of what the definitions ask for, in the form in which the vendors publish them.
"""

from __future__ import annotations

import re
import re._parser as regular_expressions  # type: ignore[import-not-found]  # what a pattern is made of
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from guardrail import data
from guardrail.catalog import Answer, Ladder, Pattern, Selector, open_catalog, snapshot
from guardrail.catalog.query import UNLISTED, Match, matches
from guardrail.catalog.snapshot import Row
from guardrail.catalog.store import synced_catalog
from guardrail.catalog.sync import SOURCES, Order, sync
from guardrail.catalog.vendors import gcp
from guardrail.costs.billing import OWN_PRICE
from guardrail.model.cost import SYNC, Line
from guardrail.model.reason import Reason
from tests.catalog import price_lists
from tests.catalog.syncs import NOW, QUIET, bare
from tests.catalog.vendors import serving
from tests.costs.test_bills import BILLS, priced

REGIONS = {
    "aws": ("eu-central-1", "ap-southeast-2", "sa-east-1"),
    "azure": ("uksouth", "westus3", "japaneast"),
    "gcp": ("europe-west1", "asia-south1"),
}

_WRITE: Mapping[str, Callable[[Path, price_lists.Facts], None]] = {
    "aws": price_lists.write_aws,
    "azure": price_lists.write_azure,
    "gcp": price_lists.write_gcp,
}
_DISKS = {kind: name for name, kind in reversed(gcp._DISKS.items())}
UNCONFIRMED = "the name of its SKU in Google's list is not confirmed"
_SPOT = re.compile(r"\b(?i:spot)\b")
"""Spot prices of AWS are on no list."""


def _moved(vendor: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the bills of a vendor, each in the next of its regions."""
    regions = cycle(REGIONS[vendor])
    for path in sorted((BILLS / vendor).glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            if "region" in case:
                yield path.stem, {**case, "region": next(regions)}


@dataclass
class Unpriced:
    """What a vendor's bills come to without any price: the lines, and what the catalog was asked for."""

    vendor: str
    empty: Path
    asked: list[Selector]
    lines: list[tuple[str, Line]]


@pytest.fixture(scope="module", params=REGIONS)
def unpriced(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("empty")
    snapshot.compile(folder / "none", folder / "empty.sqlite")
    catalog = open_catalog(folder / "empty.sqlite")
    asked: dict[Selector, None] = {}
    find = catalog.find

    def noted(selector: Selector) -> Answer:
        asked[selector] = None
        return find(selector)

    catalog.find = noted  # type: ignore[method-assign]
    lines = [(name, line) for name, case in _moved(request.param) for line in priced(name, case, catalog).lines]
    return Unpriced(request.param, catalog.path, list(asked), lines)


def test_what_is_charged_under_a_name_that_nobody_has_confirmed_asks_for_a_price_of_ones_own(unpriced):
    lines = [line for _, line in unpriced.lines if UNCONFIRMED in line.note]
    assert bool(lines) == (unpriced.vendor == "gcp")
    assert {line.remedy for line in lines} <= {OWN_PRICE}


def test_a_line_without_a_price_names_the_sync_that_may_bring_it(unpriced):
    gaps = [(name, line) for name, line in unpriced.lines if line.reason is Reason.NO_PRICE]
    assert gaps
    command = f"{SYNC} --vendor {unpriced.vendor} --service "
    silent = {(name, line.name) for name, line in gaps if command not in line.remedy and UNCONFIRMED not in line.note}
    assert {one for one in silent if not (unpriced.vendor == "aws" and _SPOT.search(one[1]))} == set()


def _text(match: Match, default: str = "") -> str:
    """Return a text that is as asked."""
    if not isinstance(match, Pattern):
        return match if isinstance(match, str) else default
    text = "".join(_spelled(regular_expressions.parse(match.text)))
    assert matches(match, text), f"{match.text} does not fit {text}"
    return text


def _spelled(parsed: Any) -> Iterator[str]:
    """Yield the shortest text that a pattern fits, of several ways the first."""
    for kind, what in parsed:
        match str(kind):
            case "LITERAL":
                yield chr(what)
            case "ANY" | "NOT_LITERAL":
                yield "x"
            case "MAX_REPEAT" | "MIN_REPEAT":
                yield from list(_spelled(what[2])) * what[0]
            case "SUBPATTERN":
                yield from _spelled(what[3])
            case "BRANCH":
                yield from _spelled(what[1][0])
            case "IN":
                first, value = what[0]
                yield chr(value if str(first) == "LITERAL" else value[0] if str(first) == "RANGE" else ord("x"))
            case "AT":
                pass
            case _:
                pytest.fail(f"no text is made for {kind}")


def _described(attributes: dict[str, str], wanted: Match | None, region: str) -> str:
    """Return what Google's list calls a disk or an accelerator, which the definitions call as Terraform does."""
    if kind := attributes.get("acceleratorType"):
        return f"Nvidia {price_lists._gpu(kind)} GPU running in {region}"
    if kind := attributes.get("diskType"):
        named = f"{'Regional ' if attributes.get('replication') else ''}{_DISKS[kind]}"
        options = [named, *(f"{named} {what}" for what in ("Capacity", "IOPS", "Throughput"))]
        return next(name for name in options if wanted is None or matches(wanted, name))
    return attributes.get("description", "")


def _row(selector: Selector) -> Row:
    """Return the row that a list has of what is asked for."""
    attributes = {key: _text(match) for key, match in selector.attributes}
    if selector.vendor == "gcp":
        attributes["description"] = _described(
            attributes, dict(selector.attributes).get("description"), selector.region
        )
    text = snapshot.attributes_text({key: value for key, value in attributes.items() if value})
    family = _text(selector.family, "A Family") if selector.family is not None else "A Family"
    row = Row(
        selector.region, family, text, selector.unit or "Hrs", selector.purchase_option or "on_demand",
        "", "", "1", "", SOURCES[selector.vendor], price_lists.PUBLISHED,
    )  # fmt: skip
    return replace(row, sku=price_lists.sku_of(selector.service, row))


def _is_listed(selector: Selector) -> bool:
    """Say whether a list of the vendor can have it.

    No list has spot prices of AWS, whole machines of Google, burstable servers of Azure by the vCore, and what a plan does
    not name.
    """
    attributes = dict(selector.attributes)
    is_spot = (selector.vendor, selector.purchase_option) == ("aws", "spot")
    is_derived = selector.vendor == "gcp" and not attributes.keys().isdisjoint({*gcp.UNREAD, UNLISTED})
    is_burstable = (attributes.get("armSkuName"), attributes.get("tier")) == ("vCore", "Burstable")
    return not (is_spot or is_derived or is_burstable or "" in attributes.values())


def test_after_a_sync_every_price_is_found(unpriced, tmp_path, monkeypatch):
    vendor, asked = unpriced.vendor, [selector for selector in unpriced.asked if _is_listed(selector)]
    rows: defaultdict[str, dict[Row, None]] = defaultdict(dict)
    for selector in asked:
        rows[selector.service][_row(selector)] = None
    _WRITE[vendor](tmp_path / "lists", {service: list(found) for service, found in rows.items()})
    monkeypatch.setenv(data.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("GOOGLE_API_KEY", "k3y")
    monkeypatch.setattr("guardrail.catalog.sync.shipped_catalog", lambda: unpriced.empty)
    with serving(tmp_path / "lists") as vendors:
        sync(Order(NOW, vendors=[vendor], origin=vendors.base), bare(), QUIET)
    synced = open_catalog(synced_catalog())
    assert {selector.region for selector in asked} >= set(REGIONS[vendor])
    assert [str(selector) for selector in asked if not isinstance(synced.find(selector), Ladder)] == []
