"""AWS's price list in bulk files: which files there are, and the offers in one, as CSV or as JSON.

The format: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api.html
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import ijson

from guardrail.catalog.used_prices import UsedPrices
from guardrail.catalog.vendors.feed import Feed
from guardrail.catalog.vendors.offer import Offer
from guardrail.errors import CatalogError
from guardrail.model.money import decimal, plain

HOST = "https://pricing.us-east-1.amazonaws.com"
UNREAD: frozenset[str] = frozenset()
"""Attributes of shipped rows that AWS's list does not have."""

_INDEX = "/offers/v1.0/aws/index.json"
_COLUMNS = ("SKU", "OfferTermCode", "TermType", "StartingRange", "EndingRange", "Unit", "PricePerUnit", "Currency",
            "LeaseContractLength", "PurchaseOption", "OfferingClass", "Product Family")  # fmt: skip
_REQUIRED = _COLUMNS[:8] + _COLUMNS[11:]
_PLACE = ("Location Type", "Region Code", "From Location Type", "From Region Code")
_PREFIX = re.compile(
    r"^(?:(?:AF|AP|CA|CN|EU|IL|ME|MX|SA|UG|US)[A-Z]{1,2}\d{1,2}|EU|Global\d?|Region|[a-z]{2}(?:-[a-z]+)+-\d)[-:]"
)
"""The region in front of a usage type: `USW2-NatGateway-Hours`, `EU-Requests-Tier1`, `EU:PI_API`, `us-east-1-KMS-Keys`."""


def without_region(usage_type: str) -> str:
    """Return a usage type without the region in front of it, as it is outside of none in particular."""
    return _PREFIX.sub("", usage_type)


_OUTPOSTS = re.compile(r"(?:^|-)Outposts?-")
"""In the usage type of what is sold for Outposts, which stands under the code of a region and is cheaper there."""
_Product = tuple[tuple[str, ...], tuple[str, ...]]
"""The attributes' names; region, family and the attributes: as small as it gets, since JSON has products before prices."""
CHANGED = "the format has changed: update guardrail"
"""What to do about a list that is not as it is documented."""


def lists(feed: Feed, services: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str, str]]:
    """Give service, region and path of each offer file of services and their regions; without regions, of all. The path names the file's version.

    Files for what has no region are among those of every region that is asked for. Raises GuardrailError.
    """
    offers = _object(feed.file(_INDEX), "offers")
    for service, regions in services.items():
        if service not in offers:
            continue
        path = offers[service].get("currentRegionIndexUrl")
        if not isinstance(path, str):
            raise CatalogError(f"no currentRegionIndexUrl of {service}", where=HOST + _INDEX, fix=CHANGED)
        for region, entry in sorted(_object(feed.file(path), "regions").items()):
            # `aws-global` and its like are files of what has no region.
            if not regions or region in regions or region.startswith("aws-"):
                yield service, region, str(entry["currentVersionUrl"])


def fetch(feed: Feed, path: str) -> Path:
    """Bring an offer file: the CSV, which is half as long, else the JSON."""
    return feed.file(path.removesuffix(".json") + ".csv", path)


def read(file: Path, service: str, used: UsedPrices) -> Iterator[Offer]:
    """Give the offers in a file that definitions can select. Raises CatalogError for what is no offer file."""
    try:
        yield from (_read_csv if file.suffix == ".csv" else _read_json)(file, service, used)
    except (ijson.JSONError, UnicodeDecodeError, csv.Error, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"not an offer file, or a damaged one: {type(error).__name__} {error}"[:200]
        raise CatalogError(what, where=str(file), fix=f"run it again; if it stays, {CHANGED}") from None


def _read_csv(file: Path, service: str, used: UsedPrices) -> Iterator[Offer]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        as_of, header, lines = table(text, _REQUIRED, file)
        yield from _rows(lines, header, service, as_of, used)


def table(text: TextIO, required: Sequence[str], file: Path) -> tuple[str, list[str], Iterator[list[str]]]:
    """Return the day on which a list in CSV was published, its columns, and its lines. Raises CatalogError."""
    lines = csv.reader(text)
    about: dict[str, str] = {}
    header: list[str] = []
    for line in lines:
        if line[:1] == ["SKU"]:
            header = line
            break
        about[line[0] if line else ""] = line[1] if len(line) > 1 else ""
    missing = [name for name in required if name not in header]
    if missing or not about.get("Publication Date"):
        gone = ", ".join(missing) or "Publication Date"
        raise CatalogError(f"a price list without {gone}", where=str(file), fix=CHANGED)
    return about["Publication Date"][:10], header, lines


def _rows(lines: Iterator[list[str]], header: list[str], service: str, as_of: str, used: UsedPrices) -> Iterator[Offer]:
    columns = {name: place for place, name in enumerate(header)}
    titles = {_letters(name): place for name, place in columns.items()}
    keys = [(key, titles[_letters(key)]) for key in used.keys("aws", service) if _letters(key) in titles]
    fixed = [*(columns.get(name) for name in (*_COLUMNS, *_PLACE)), titles.get("usagetype")]
    width = len(header)
    for line in lines:
        if len(line) != width:
            raise ValueError(f"{len(line)} columns instead of {width}")
        cells = ["" if place is None else line[place] for place in fixed]
        sku, code, term, start, end, unit, price, currency, lease, option, offering, family = cells[:12]
        # The catalog is in US dollars, and nothing is converted.
        if currency != "USD":
            continue
        purchase = _purchase_option(term, lease, option, offering)
        region = _region(*cells[12:16])
        attributes = _without_region({key: line[place] for key, place in keys if line[place]}, region)
        if cells[12] == "AWS Outposts" or _OUTPOSTS.search(cells[16]):
            continue
        if purchase and used.keeps("aws", service, family, attributes, purchase):
            yield Offer(service, region, family, attributes, unit, purchase, f"{sku}.{code}",
                        start or "0", end or "Inf", amount(price), sku, as_of)  # fmt: skip


def _read_json(file: Path, service: str, used: UsedPrices) -> Iterator[Offer]:
    as_of = str(first(file, "publicationDate"))[:10]
    products: dict[str, _Product] = {}
    keys = used.keys("aws", service)
    for sku, product in _items(file, "products"):
        listed = product["attributes"]
        place = (listed.get(key, "") for key in ("locationType", "regionCode", "fromLocationType", "fromRegionCode"))
        region = _region(*place)
        attributes = _without_region({key: str(listed[key]) for key in keys if listed.get(key)}, region)
        if listed.get("locationType") == "AWS Outposts" or _OUTPOSTS.search(listed.get("usagetype", "")):
            continue
        if not used.keeps("aws", service, product.get("productFamily", ""), attributes, None):
            continue
        # Texts repeat in every product: interned, each is in memory once.
        values = tuple(map(sys.intern, (region, product.get("productFamily", ""), *attributes.values())))
        products[sku] = (tuple(map(sys.intern, attributes)), values)
    for term in ("OnDemand", "Reserved"):
        for sku, offers in _items(file, f"terms.{term}"):
            if sku in products:
                for offer in offers.values():
                    yield from _json_offer(offer, term, service, products[sku], used, as_of)


def _json_offer(
    offer: Mapping[str, Any],
    term: str,
    service: str,
    product: _Product,
    used: UsedPrices,
    as_of: str,
) -> Iterator[Offer]:
    attributes = offer.get("termAttributes") or {}
    purchase = _purchase_option(
        term, *(attributes.get(key, "") for key in ("LeaseContractLength", "PurchaseOption", "OfferingClass"))
    )
    keys, (region, family, *values) = product
    attributes = dict(zip(keys, values, strict=True))
    if not purchase or not used.keeps("aws", service, family, attributes, purchase):
        return
    for dimension in offer["priceDimensions"].values():
        price = dimension["pricePerUnit"].get("USD")
        if price is not None:
            ladder = f"{offer['sku']}.{offer['offerTermCode']}"
            start, end = dimension.get("beginRange") or "0", dimension.get("endRange") or "Inf"
            yield Offer(service, region, family, attributes, dimension["unit"], purchase, ladder,
                        start, end, amount(price), offer["sku"], as_of)  # fmt: skip


def _items(file: Path, prefix: str) -> Iterator[tuple[str, Any]]:
    with file.open("rb") as data:
        yield from ijson.kvitems(data, prefix)


def first(file: Path, prefix: str) -> object:
    """Return the first value at a place of a file in JSON. Raises KeyError if there is none."""
    with file.open("rb") as data:
        for value in ijson.items(data, prefix):
            return value
    raise KeyError(prefix)


def _object(file: Path, key: str) -> Mapping[str, Any]:
    """Read an index. Raises CatalogError."""
    try:
        found = json.loads(file.read_bytes())[key]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CatalogError(f"an index without {key!r}", where=str(file), fix=f"run it again; if it stays, {CHANGED}")
    return found


def _purchase_option(term: str, lease: str, option: str, offering: str) -> str:
    """Return the catalog's name of a term: `on_demand`, `reserved_convertible_3yr_all_upfront`; "" for others."""
    if term == "OnDemand":
        return "on_demand"
    if term != "Reserved" or not lease:
        return ""
    kind = "convertible_" if offering == "convertible" else ""
    return f"reserved_{kind}{lease.replace(' ', '')}_{option.lower().replace(' ', '_')}"


def _region(kind: str, code: str, from_kind: str, from_code: str) -> str:
    """Return the region of a product; `global` for what is sold elsewhere: edges, other locations, none."""
    if code and not kind.endswith("Edge Location"):
        return code
    return from_code if from_code and from_kind == "AWS Region" else "global"


def _without_region(attributes: dict[str, str], region: str) -> dict[str, str]:
    """Take the region off a usage type.

    What a region has for all regions (`Global-CW:Canary-runs`) keeps its name, and so does what is between continents
    (`EU-AP-IN-Bytes-Internet`) and has no region.
    """
    usage = attributes.get("usagetype")
    if usage and not usage.startswith("EU-" if region == "global" else "Global"):
        attributes["usagetype"] = without_region(usage)
    return attributes


def _letters(name: str) -> str:
    """Return what a column's title ("Pre Installed S/W") and an attribute (`preInstalledSw`) have in common."""
    return "".join(filter(str.isalnum, name)).lower()


def amount(text: str) -> str:
    """Return a price as the catalog spells it. Raises ValueError for what is no number."""
    return plain(decimal(text)) or "0"
