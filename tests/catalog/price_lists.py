"""Writes price facts in the formats in which AWS, Azure and Google publish theirs, as a folder of files."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from guardrail.catalog import snapshot
from guardrail.catalog.snapshot import Row
from guardrail.catalog.sync import SOURCES
from guardrail.catalog.used_prices import UsedPrices
from guardrail.catalog.vendors import gcp
from guardrail.model.money import decimal, plain, rounded

PUBLISHED = "2026-09-01"
VERSION = "20260901000000"
PAGE = 100
TITLES = {"preInstalledSw": "Pre Installed S/W", "capacitystatus": "CapacityStatus", "usagetype": "usageType"}
PLACES = ("Location Type", "Region Code", "From Location Type", "From Region Code")
TERMS = ("SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange",
         "EndingRange", "Unit", "PricePerUnit", "Currency", "LeaseContractLength", "PurchaseOption", "OfferingClass",
         "Product Family", "serviceCode")  # fmt: skip
PLAN_TITLES = ("SKU", "RateCode", "Unit", "EffectiveDate", "DiscountedRate", "Currency", "DiscountedSKU",
               "DiscountedServiceCode", "DiscountedUsageType", "DiscountedOperation", "PurchaseOption",
               "LeaseContractLength", "LeaseContractLengthUnit", "ServiceCode", "UsageType", "Operation", "Description",
               "Instance Family", "Location", "Location Type", "Granularity", "Product Family", "DiscountedRegionCode",
               "DiscountedInstanceType")  # fmt: skip
FLEXIBLE = re.compile(r"Standard_([A-Z])(\d+)([a-z]*)_(v\d+)$")
Facts = dict[str, list[Row]]


def facts(folder: Path, vendor: str, regions: frozenset[str], services: Iterable[str] = ()) -> Facts:
    """Read the shipped facts of some regions, by service; without services, of all of them."""
    return {
        file.stem: list(_rows_of(file, regions))
        for file in sorted((folder / "catalog" / vendor).glob("*.csv"))
        if not services or file.stem in services
    }


def _rows_of(file: Path, regions: frozenset[str]) -> Iterator[Row]:
    """Read the rows of some regions; that every row is well made is tested elsewhere."""
    with file.open(encoding="utf-8", newline="") as lines:
        for line in csv.reader(line for line in lines if line.partition(",")[0] in regions):
            yield Row(*line)


def published(vendor: str, service: str, rows: Iterable[Row], used: UsedPrices) -> list[Row]:
    """Return the facts as they are once the vendor publishes them: its SKUs, its day; tiers that go on without end."""
    keys = used.keys(vendor, service)
    unread = {"gcp": gcp.UNREAD}.get(vendor, frozenset())
    done = []
    for row in rows:
        attributes = _attributes(row)
        if attributes.keys() & unread:
            done.append(row)
            continue
        if "acceleratorType" in attributes:
            attributes["description"] = f"Nvidia {_gpu(attributes['acceleratorType'])} GPU running in {row.region}"
        kept = {key: attributes[key] for key in keys if key in attributes}
        if not used.keeps(vendor, service, row.family, kept, row.purchase_option):
            continue
        text, price = snapshot.attributes_text(kept), decimal(row.price)
        if vendor == "gcp":
            price = rounded(price, 9)  # Google's amounts are in billionths
        sku = sku_of(service, replace(row, attributes=text))
        done.append(
            replace(row, attributes=text, price=plain(price) or "0", sku=sku, source=SOURCES[vendor], as_of=PUBLISHED)
        )
    return done if vendor == "aws" else list(_endless(done))


def sku_of(service: str, row: Row) -> str:
    product = (service, row.region, row.family, row.attributes)
    return hashlib.sha256(repr(product).encode()).hexdigest()[:16].upper()


def write_snapshot(folder: Path, vendor: str, service: str, rows: Iterable[Row]) -> None:
    """Write facts as one of the project's own CSV files."""
    path = folder / "catalog" / vendor / f"{service}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(snapshot.COLUMNS)
        writer.writerows([getattr(row, name) for name in snapshot.COLUMNS] for row in rows)


def write_aws(root: Path, services: Facts, *, form: str = "csv", version: str = VERSION) -> None:
    """Write service index, region indexes and offer files."""
    base = "/offers/v1.0/aws"
    offers = {}
    for service, rows in services.items():
        by_region = defaultdict(list)
        for row in rows:
            by_region["aws-global" if row.region == "global" else row.region].append(row)
        index = f"{base}/{service}/current/region_index.json"
        offers[service] = {"offerCode": service, "currentRegionIndexUrl": index}
        regions = {}
        for region, found in by_region.items():
            path = f"{base}/{service}/{version}/{region}/index.json"
            regions[region] = {"regionCode": region, "currentVersionUrl": path}
            file = root / path[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            if form == "csv":
                _aws_csv(file.with_suffix(".csv"), service, found)
            else:
                _aws_json(file, service, found)
        _json(root / index[1:], {"formatVersion": "v1.0", "publicationDate": PUBLISHED, "regions": regions})
    _json(root / base[1:] / "index.json", {"formatVersion": "v1.0", "publicationDate": PUBLISHED, "offers": offers})


def write_savings_plans(
    root: Path, services: Facts, plans: dict[str, str], *, form: str = "csv", version: str = VERSION
) -> None:
    """Write the list of compute savings plans: of what is sold on demand, each plan a part of the price.

    plans  purchase option -> the part of the price on demand that is paid under it
    """
    base = "/savingsPlan/v1.0/aws/AWSComputeSavingsPlan"
    sold = defaultdict(list)
    for service, rows in services.items():
        for row in rows:
            if row.purchase_option == "on_demand" and row.region != "global" and row.tier_start in {"", "0"}:
                sold[row.region].append((service, row))
    regions = []
    for region, found in sold.items():
        path = f"{base}/{version}/{region}/index.json"
        regions.append({"regionCode": region, "versionUrl": path})
        file = root / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        if form == "csv":
            _plans_csv(file.with_suffix(".csv"), found, plans)
        else:
            _plans_json(file, found, plans)
    _json(root / base[1:] / "current" / "region_index.json", {"publicationDate": PUBLISHED, "regions": regions})


def write_azure(root: Path, services: Facts, page_size: int = PAGE) -> None:
    """Write the pages of each service."""
    for service, rows in services.items():
        for number, part in enumerate(_parts([_azure_item(service, row) for row in rows], page_size)):
            page = {"BillingCurrency": "USD", "CustomerEntityId": "Default", "CustomerEntityType": "Retail",
                    "Items": part, "NextPageLink": None, "Count": len(part)}  # fmt: skip
            _json(root / "azure" / service / f"{number:05}.json", page)


def write_gcp(root: Path, services: Facts, page_size: int = PAGE) -> None:
    """Write the list of services and the pages of SKUs of each."""
    listed = []
    for number, (service, rows) in enumerate(services.items()):
        identity = f"{number:04X}-0000-0000"
        name = "Cloud Pub/Sub" if service == "Cloud Pub-Sub" else service
        listed.append({"name": f"services/{identity}", "serviceId": identity, "displayName": name})
        skus = [_gcp_sku(service, group) for group in _ladders(row for row in rows if row.source == SOURCES["gcp"])]
        for page, part in enumerate(_parts(skus, page_size)):
            _json(root / "gcp" / identity / f"{page:05}.json", {"skus": part, "nextPageToken": ""})
    _json(root / "gcp" / "services" / "00000.json", {"services": listed, "nextPageToken": ""})


def _aws_csv(file: Path, service: str, rows: list[Row]) -> None:
    keys = sorted({key for row in rows for key in _attributes(row)})
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, quoting=csv.QUOTE_ALL)
        about = {"FormatVersion": "v1.0", "Disclaimer": "as published", "Publication Date": f"{PUBLISHED}T00:00:00Z"}
        writer.writerows([*about.items(), ("Version", VERSION), ("OfferCode", service)])
        writer.writerow([*TERMS, *PLACES, *(TITLES.get(key, _title(key)) for key in keys)])
        for row in rows:
            attributes = _prefixed(row)
            kind, lease, option, offering = _aws_term(row)
            start, end = row.tier_start or "0", row.tier_end or "Inf"
            code = f"{kind[:2]}{lease}{option}{offering}".replace(" ", "")
            place = ("AWS Region", row.region) if row.region != "global" else ("Other", "")
            writer.writerow([row.sku, code, f"{row.sku}.{code}.{row.unit}{start}", kind, "a price", PUBLISHED, start,
                             end, row.unit, f"{decimal(row.price):.14f}", "USD", lease, option, offering, row.family,
                             service, *place, "", "", *(attributes.get(key, "") for key in keys)])  # fmt: skip


def _aws_json(file: Path, service: str, rows: list[Row]) -> None:
    products: dict[str, object] = {}
    terms: dict[str, dict[str, dict[str, dict]]] = {"OnDemand": defaultdict(dict), "Reserved": defaultdict(dict)}
    for row in rows:
        place = {"regionCode": row.region} if row.region != "global" else {}
        products[row.sku] = {"sku": row.sku, "productFamily": row.family, "attributes": {**_prefixed(row), **place}}
        kind, lease, option, offering = _aws_term(row)
        code = f"{kind[:2]}{lease}{option}{offering}".replace(" ", "")
        said = {"LeaseContractLength": lease, "PurchaseOption": option, "OfferingClass": offering} if lease else {}
        offer = terms[kind][row.sku].setdefault(
            f"{row.sku}.{code}",
            {"offerTermCode": code, "sku": row.sku, "priceDimensions": {}, "termAttributes": said},
        )
        start, end = row.tier_start or "0", row.tier_end or "Inf"
        rate = f"{row.sku}.{code}.{row.unit}{start}"
        offer["priceDimensions"][rate] = {"rateCode": rate, "beginRange": start, "endRange": end, "unit": row.unit,
                                          "pricePerUnit": {"USD": f"{decimal(row.price):.14f}"}}  # fmt: skip
    about = {"formatVersion": "v1.0", "offerCode": service, "publicationDate": f"{PUBLISHED}T00:00:00Z"}
    _json(file, {**about, "products": products, "terms": terms})


def _plan_terms(option: str) -> tuple[str, str, str, str]:
    """Return a plan's SKU, family, years and payment."""
    kind, years, payment = re.fullmatch(r"savings_plan_(\w+)_(\d)yr_(\w+)", option).groups()  # type: ignore[union-attr]
    family = {"compute": "ComputeSavingsPlans", "ec2_instance": "EC2InstanceSavingsPlans"}[kind]
    return hashlib.sha256(option.encode()).hexdigest()[:16].upper(), family, years, payment.replace("_", " ").title()


def _plan_rates(
    found: list[tuple[str, Row]], plans: dict[str, str]
) -> Iterator[tuple[str, list[tuple[str, Row, str]]]]:
    for option, part in plans.items():
        yield option, [(service, row, f"{decimal(row.price) * decimal(part):f}") for service, row in found]


def _plans_csv(file: Path, found: list[tuple[str, Row]], plans: dict[str, str]) -> None:
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        about = {"FormatVersion": "v1.0", "Disclaimer": "as published", "Publication Date": f"{PUBLISHED}T00:00:00Z"}
        writer.writerows([*about.items(), ("Version", VERSION), ("OfferCode", "AWSComputeSavingsPlan")])
        writer.writerow(PLAN_TITLES)
        for option, rates in _plan_rates(found, plans):
            plan, family, years, payment = _plan_terms(option)
            for service, row, rate in rates:
                writer.writerow([plan, f"{plan}.{row.sku}", "Hrs", PUBLISHED, rate, "USD", row.sku, service, "a usage",
                                 "RunInstances", payment, years, "year", "ComputeSavingsPlans", "a usage", "", "a plan",
                                 "", "Any", "AWS Region", "hourly", family, row.region, ""])  # fmt: skip


def _plans_json(file: Path, found: list[tuple[str, Row]], plans: dict[str, str]) -> None:
    products, terms = [], []
    for option, rates in _plan_rates(found, plans):
        plan, family, years, payment = _plan_terms(option)
        said = {"purchaseOption": payment, "granularity": "hourly", "purchaseTerm": f"{years}yr"}
        products.append(
            {"sku": plan, "productFamily": family, "serviceCode": "ComputeSavingsPlans", "attributes": said}
        )
        lease = {"duration": int(years), "unit": "year"}
        listed = [
            {"discountedSku": row.sku, "discountedUsageType": "a usage", "discountedOperation": "RunInstances",
             "discountedServiceCode": service, "rateCode": f"{plan}.{row.sku}", "unit": "Hrs",
             "discountedRate": {"price": rate, "currency": "USD"}, "discountedRegionCode": row.region}
            for service, row, rate in rates
        ]  # fmt: skip
        terms.append({"sku": plan, "description": "a plan", "leaseContractLength": lease, "rates": listed})
    about = {"version": VERSION, "publicationDate": f"{PUBLISHED}T00:00:00Z", "regionCode": found[0][1].region}
    _json(file, {**about, "products": products, "terms": {"savingsPlan": terms}})


def _aws_term(row: Row) -> tuple[str, str, str, str]:
    if row.purchase_option == "on_demand":
        return "OnDemand", "", "", ""
    _, *kind, lease, first, second = row.purchase_option.split("_")
    return "Reserved", lease, f"{first.title()} {second.title()}", "convertible" if kind else "standard"


def _prefixed(row: Row) -> dict[str, str]:
    """Return a product's attributes with the region before the usage type, as AWS has it outside us-east-1."""
    attributes = _attributes(row)
    if "usagetype" in attributes and row.region not in {"us-east-1", "global"}:
        area, *_, direction, number = row.region.split("-")
        area = "ug" if "gov" in row.region else area
        attributes["usagetype"] = f"{area}{direction[0]}{number}-".upper() + attributes["usagetype"]
    return attributes


def _azure_item(service: str, row: Row) -> dict[str, object]:
    attributes = _attributes(row)
    product, sku = attributes.get("productName", ""), attributes.get("skuName", "")
    if row.family == "Dedicated Host":
        product = "Ddsv4 Series Dedicated Host"
    elif service == "Virtual Machines":
        product = "Virtual Machines Series" + (" Windows" if attributes["operatingSystem"] == "Windows" else "")
        sku = "sku" + {"spot": " Spot", "low_priority": " Low Priority"}.get(row.purchase_option, "")
    arm_sku = attributes.get("armSkuName", "")
    if "tier" in attributes:
        size = FLEXIBLE.match(arm_sku)
        series = f"{size[1]}{size[3]}{size[4]}" if size else attributes.get("series", "BS")
        product += f" {attributes['tier']} {series} Series Compute"
        sku, arm_sku = f"{size[2]} vCore" if size else arm_sku.removeprefix("Standard_"), ""
    return {
        "currencyCode": "USD",
        "tierMinimumUnits": float(row.tier_start or 0),
        "retailPrice": float(row.price),
        "unitPrice": float(row.price),
        "armRegionName": "" if row.region == "global" else row.region,
        "location": row.region,
        "effectiveStartDate": "2024-01-01T00:00:00Z",
        "meterId": f"{row.sku} {row.unit} {row.purchase_option}",
        "meterName": attributes.get("meterName", ""),
        "productName": product,
        "skuId": row.sku,
        "skuName": sku,
        "serviceName": service,
        "serviceFamily": "Compute" if row.family == "Dedicated Host" else row.family,
        "unitOfMeasure": row.unit,
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": arm_sku,
    }


def _gcp_sku(service: str, rows: list[Row]) -> dict[str, object]:
    row = rows[0]
    attributes = _attributes(row)
    rates = [
        {"startUsageAmount": float(tier.tier_start or 0), "unitPrice": {"currencyCode": "USD", **_money(tier.price)}}
        for tier in rows
    ]
    usage = {"on_demand": "OnDemand", "spot": "Preemptible", "commit_1yr": "Commit1Yr", "commit_3yr": "Commit3Yr"}[
        row.purchase_option
    ]
    return {
        "name": f"services/x/skus/{row.sku}",
        "skuId": row.sku,
        "description": attributes.get("description", ""),
        "category": {
            "serviceDisplayName": service,
            "resourceFamily": row.family,
            "resourceGroup": attributes.get("resourceGroup", ""),
            "usageType": usage,
        },
        "serviceRegions": [row.region],
        "pricingInfo": [{"pricingExpression": {"usageUnit": row.unit, "tieredRates": rates}}],
    }


def _gpu(kind: str) -> str:
    return {"nvidia-l4": "L4", "nvidia-tesla-t4": "Tesla T4", "nvidia-h100-80gb": "H100 80GB",
            "nvidia-tesla-a100": "Tesla A100", "nvidia-a100-80gb": "A100 80GB", "nvidia-h200-141gb": "H200 141GB",
            "nvidia-tesla-k80": "Tesla K80"}[kind]  # fmt: skip


def _money(price: str) -> dict[str, object]:
    units, part = divmod(decimal(price), 1)
    nanos = part * 10**9
    assert nanos == int(nanos), f"Google has no such price: {price}"
    return {"units": str(int(units)), "nanos": int(nanos)}


def _endless(rows: list[Row]) -> Iterator[Row]:
    """A list of thresholds says where a price begins; the last one goes on."""
    for ladder in _ladders(rows):
        for row, following in zip(ladder, [*ladder[1:], None], strict=True):
            end = following.tier_start if following else "Inf"
            whole = len(ladder) == 1 and row.tier_start in {"", "0"}
            yield replace(row, tier_start="" if whole else row.tier_start or "0", tier_end="" if whole else end)


def _ladders(rows: Iterable[Row]) -> list[list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[row.region, row.family, row.attributes, row.unit, row.purchase_option].append(row)
    return [sorted(ladder, key=lambda row: decimal(row.tier_start or 0)) for ladder in found.values()]


def _attributes(row: Row) -> dict[str, str]:
    return snapshot.attributes_of(row.attributes) if row.attributes else {}


def _title(key: str) -> str:
    """`instanceType` -> "Instance Type", as the columns of an offer file are called."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key[0].upper() + key[1:])


def _parts(items: list, size: int) -> Iterator[list]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
