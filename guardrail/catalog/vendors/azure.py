"""Azure's Retail Prices API: the pages of a service, and the offers in one.

The format: https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from guardrail.catalog.query import DEV_TEST
from guardrail.catalog.used_prices import UsedPrices
from guardrail.catalog.vendors.feed import Feed
from guardrail.catalog.vendors.offer import Offer
from guardrail.errors import CatalogError
from guardrail.model.money import decimal, plain

HOST = "https://prices.azure.com"
UNREAD: frozenset[str] = frozenset()
"""Attributes of shipped rows that the API does not have."""

_PATH = "/api/retail/prices?"
_VERSION = "2023-01-01-preview"  # the one with savings plans
_TERMS = {"1 Year": "1yr", "3 Years": "3yr", "5 Years": "5yr"}
_FLEXIBLE = re.compile(
    r"^(?P<name>Azure Database for \w+ Flexible Server) "
    r"(?P<tier>Burstable|General Purpose|Memory Optimized|Business Critical|Confidential Compute)"
    r"(?:\s+(?:- )?(?P<series>(?P<letters>[A-Z]+)(?P<features>[a-z]*)(?P<version>v\d+)|BS)[ -]Series)?"
)
"""Products of flexible servers: "... Flexible Server General Purpose Ddsv5 Series Compute", once with a dash."""
_CORES = re.compile(r"^(?:(\d+) )?vCore$")
_MACHINES = re.compile(r"^Virtual Machines |(?i:[ -]series (?:Linux|Windows)$)")
"""Products of virtual machines. Cloud Services have the same sizes in the same service, at other prices."""
_EVERYWHERE = ("Global", "Zone 1", "Zone 2", "Zone 3", "Zone 4", "Zone 5", "")
"""What stands for no region: zones of data transfer are groups of regions, the first of them North America and Europe."""
_ZONE = re.compile(r"^(?i:zone) [2-9]$")
_HOST = "Dedicated Host"
_HOSTS = re.compile(r"Dedicated ?Host$")
_GIVEN = re.compile(r"\bFree\b")
"""Meters of what Azure gives for nothing beside a meter that is paid: `1 vCore - Free`, `Standard Unit - Free`."""


def lists(services: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Give each service and the path of its first page, for some of its regions or, without any, for all.

    Prices without a region come along with every region.
    """
    for service, regions in services.items():
        places = [f"armRegionName eq '{region}'" for region in (*regions, *_EVERYWHERE)] if regions else []
        within = f" and ({' or '.join(places)})" if places else ""
        # A quote within a text of an OData filter is doubled.
        quoted = service.replace("'", "''")
        query = {
            "api-version": _VERSION,
            "currencyCode": "USD",
            "meterRegion": "primary",
            "$filter": f"serviceName eq '{quoted}'{within}",
        }
        yield service, _PATH + urlencode(query)


def read(feed: Feed, service: str, path: str, used: UsedPrices) -> Iterator[Offer]:
    """Give the offers of a service that definitions can select. Raises CatalogError for what is no page of prices."""
    try:
        for page, day in feed.pages(path, f"azure/{service}", lambda page: page.get("NextPageLink") or ""):
            if page.get("BillingCurrency", "USD") != "USD":
                raise CatalogError(f"prices in {page['BillingCurrency']!r:.20}, not in US dollars", where=HOST)
            for item in page["Items"]:
                yield from _offers(item, service, day, used)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = f"not a page of retail prices of {service}: {type(error).__name__} {error}"[:200]
        raise CatalogError(what, where=HOST, fix="run it again; if it stays, update guardrail") from None


def _offers(item: Mapping[str, Any], service: str, day: str, used: UsedPrices) -> Iterator[Offer]:
    if item["serviceName"] != service or item.get("isPrimaryMeterRegion") is False:
        return
    # With it, a paid meter would have two prices, one of them 0.
    if not item["retailPrice"] and _GIVEN.search(item.get("meterName") or ""):
        return
    region = _region(item["armRegionName"])
    found = _attributes(item, service)
    attributes = {key: found[key] for key in used.keys("azure", service) if found.get(key)}
    family, unit = found["family"], item["unitOfMeasure"]
    for option, price in _prices(item):
        if region and used.keeps("azure", service, family, attributes, option):
            ladder = f"{item['meterId']} {item['skuId']}"
            yield Offer(service, region, family, attributes, unit, option, ladder,
                        _number(item["tierMinimumUnits"]), "", _number(price), item["skuId"], day)  # fmt: skip


def _prices(item: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Give each way to pay for a meter and its price: the whole term's for a reservation, else a unit's."""
    kind = item["type"]
    if kind == "Reservation":
        term = _TERMS.get(item.get("reservationTerm", ""))
        if term:
            yield f"reserved_{term}", item["retailPrice"]
        return
    if kind == "DevTestConsumption":
        yield DEV_TEST, item["retailPrice"]
    if kind != "Consumption":
        return
    name = item["skuName"]
    yield (
        "spot" if name.endswith(" Spot") else "low_priority" if name.endswith(" Low Priority") else "on_demand",
        item["retailPrice"],
    )
    for plan in item.get("savingsPlan") or ():
        if plan["term"] in _TERMS:
            yield f"savings_plan_{_TERMS[plan['term']]}", plan["retailPrice"]


def _attributes(item: Mapping[str, Any], service: str) -> dict[str, str]:
    """Return what definitions select by, family included: some of it can be read off names only."""
    found = {key: item.get(key) or "" for key in ("armSkuName", "meterName", "productName", "skuName")}
    found["family"] = item["serviceFamily"]
    if _HOSTS.search(found["productName"]):
        found["family"] = _HOST
    elif service == "Virtual Machines" and _MACHINES.search(found["productName"]):
        found["operatingSystem"] = "Windows" if "Windows" in found["productName"] else "Linux"
    flexible = _FLEXIBLE.match(found["productName"])
    if flexible:
        found.update(_flexible(flexible, found["skuName"], found["meterName"]))
    return found


def _flexible(product: re.Match[str], sku: str, meter: str) -> dict[str, str]:
    """Return what a flexible server is as Terraform names it: its tier, and a size (`Standard_D4ds_v5`) or a series.

    A series is sold by the vCore, by sizes, or both; a size is named by its vCores in the SKU or in the meter.
    """
    found = {"productName": product["name"], "tier": product["tier"]}
    cores = _CORES.match(sku) or _CORES.match(meter)
    if cores and cores[1] in {None, "1"}:
        found["armSkuName"] = "vCore" if _CORES.match(sku) else sku
        found["series"] = product["series"] or ""
    elif cores and product["letters"]:
        found["armSkuName"] = f"Standard_{product['letters']}{cores[1]}{product['features']}_{product['version']}"
    else:
        found["armSkuName"] = sku if sku.startswith("Standard_") else f"Standard_{sku}"
    return {**found, "meterName": "", "skuName": ""}


def _region(name: str) -> str:
    """Return the catalog's region, `zone2` for a zone of data transfer; "" for those of clouds of their own (`CN Zone 1`)."""
    if name.lower() in {"", "global", "zone 1"}:
        return "global"
    if _ZONE.match(name):
        return name.lower().replace(" ", "")
    return "" if " " in name else name.lower()


def _number(value: float) -> str:
    return plain(decimal(value)) or "0"
