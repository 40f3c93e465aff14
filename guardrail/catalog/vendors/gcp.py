"""Google's Cloud Billing Catalog: the services, and the offers among the SKUs of one.

The format: https://cloud.google.com/billing/v1/how-tos/catalog-api
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from guardrail.catalog.used_prices import UsedPrices
from guardrail.catalog.vendors.feed import Feed
from guardrail.catalog.vendors.offer import Offer
from guardrail.errors import CatalogError
from guardrail.model.money import decimal, plain

HOST = "https://cloudbilling.googleapis.com"
KEY_VARIABLE = "GOOGLE_API_KEY"
"""Environment variable with a key for the Cloud Billing API; any project's does."""
UNREAD = frozenset({"machineType", "licenseType", "to"})
"""Attributes of shipped rows that Google's list does not have: whole machines, their licences, destinations."""

_OPTIONS = {"OnDemand": "on_demand", "Preemptible": "spot", "Commit1Yr": "commit_1yr", "Commit3Yr": "commit_3yr"}
_PAGE = {"pageSize": "5000"}
_NANO = Decimal("1e-9")
_DISKS = {
    "SSD backed Local Storage": "local-ssd",
    "Instance Local SSD": "local-ssd",
    "Balanced PD": "pd-balanced",
    "Extreme PD": "pd-extreme",
    "SSD backed PD": "pd-ssd",
    "Storage PD Snapshot": "snapshot",
    "Storage PD": "pd-standard",
    "Hyperdisk Balanced": "hyperdisk-balanced",
    "Hyperdisk Extreme": "hyperdisk-extreme",
    "Hyperdisk Throughput": "hyperdisk-throughput",
    "Hyperdisk ML": "hyperdisk-ml",
}
"""What a description says -> the disk type that Terraform calls so; the first that fits."""
_GPUS = {
    "H200 141GB": "nvidia-h200-141gb",
    "H100 80GB": "nvidia-h100-80gb",
    "A100 80GB": "nvidia-a100-80gb",
    "Tesla A100": "nvidia-tesla-a100",
    "Tesla K80": "nvidia-tesla-k80",
    "Tesla P4": "nvidia-tesla-p4",
    "Tesla P100": "nvidia-tesla-p100",
    "Tesla T4": "nvidia-tesla-t4",
    "Tesla V100": "nvidia-tesla-v100",
    "L4": "nvidia-l4",
}
_GPU = re.compile(
    rf"^Nvidia ({'|'.join(_GPUS)}) GPU(?: attached to (?:Spot Preemptible|preemptible) VMs)?(?: running in |$)"
)
"""A GPU by the hour; others of the same name are reserved, or attached to machines of a fixed time."""
_DISK = re.compile(
    rf"^(Regional )?({'|'.join(_DISKS)})(?: (?:Capacity|IOPS|Throughput)| attached to Spot Preemptible VMs)?(?: in |$)"
)
"""Not what is named alike and sold otherwise: storage pools, disks of high availability, snapshots in an archive."""


def lists(feed: Feed, services: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Give each service, its id and the path of its first page of SKUs. Raises GuardrailError."""
    first = f"/v1/services?{urlencode(_PAGE)}"
    for page, _ in feed.pages(first, "gcp/services", lambda page: _next(first, page)):
        try:
            found = {_file_name(entry["displayName"]): entry["name"] for entry in page["services"]}
        except (KeyError, TypeError, AttributeError):
            raise CatalogError("not Google's list of services", where=HOST, fix="update guardrail") from None
        for service in services:
            if service in found:
                query = urlencode({**_PAGE, "currencyCode": "USD"})
                yield service, found[service].rpartition("/")[2], f"/v1/{found[service]}/skus?{query}"


def read(feed: Feed, service: str, place: tuple[str, str], regions: Sequence[str], used: UsedPrices) -> Iterator[Offer]:
    """Give the offers of a service that definitions can select. `place`: its id, and the path of its first page.

    Raises CatalogError for what is no page of SKUs.
    """
    identity, path = place
    try:
        for page, day in feed.pages(path, f"gcp/{identity}", lambda page: _next(path, page)):
            for sku in page["skus"]:
                yield from _offers(sku, service, day, regions, used)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        what = f"not a page of SKUs of {service}: {type(error).__name__} {error}"[:200]
        raise CatalogError(what, where=HOST, fix="run it again; if it stays, update guardrail") from None


def _next(first: str, page: Mapping[str, Any]) -> str:
    token = page.get("nextPageToken")
    return f"{first}&{urlencode({'pageToken': token})}" if token else ""


def _offers(
    sku: Mapping[str, Any], service: str, day: str, regions: Sequence[str], used: UsedPrices
) -> Iterator[Offer]:
    category = sku["category"]
    option = _OPTIONS.get(category["usageType"])
    found = _attributes(sku["description"], category["resourceGroup"])
    attributes = {key: found[key] for key in used.keys("gcp", service) if key in found}
    family = category["resourceFamily"]
    if not option or not sku["pricingInfo"] or not used.keeps("gcp", service, family, attributes, option):
        return
    # The last entry is the newest.
    pricing = sku["pricingInfo"][-1]["pricingExpression"]
    for region in sku["serviceRegions"]:
        if regions and region not in {*regions, "global"}:
            continue
        for start, rate in _paid(pricing["tieredRates"]):
            price = rate["unitPrice"]
            if price.get("currencyCode", "USD") != "USD":
                raise CatalogError(f"prices in {price['currencyCode']!r:.20}, not in US dollars", where=HOST)
            amount = decimal(price.get("units") or 0) + decimal(price.get("nanos") or 0) * _NANO
            yield Offer(service, region, family, attributes, pricing["usageUnit"], option, sku["skuId"],
                        plain(start) or "0", "", plain(amount) or "0",
                        sku["skuId"], day)  # fmt: skip


def _paid(rates: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Decimal, Mapping[str, Any]]]:
    """Give where each tier starts, without the free one in front of others.

    It is the allowance of a whole billing account: subtracted from each resource, it would be subtracted many times.
    """
    tiers = [(decimal(rate["startUsageAmount"]), rate) for rate in rates]
    if len(tiers) > 1 and not any(decimal(tiers[0][1]["unitPrice"].get(key) or 0) for key in ("units", "nanos")):
        yield from ((start if index else Decimal(), rate) for index, (start, rate) in enumerate(tiers[1:]))
    else:
        yield from tiers


def _attributes(description: str, group: str) -> dict[str, str]:
    """Return the SKU's attributes, with the disk and the accelerator that its description is about."""
    found = {"description": description} | ({"resourceGroup": group} if group else {})
    disk, gpu = _DISK.search(description), _GPU.search(description)
    if disk:
        found["diskType"] = _DISKS[disk[2]]
        if disk[1]:
            found["replication"] = "regional"
    if gpu:
        found["acceleratorType"] = _GPUS[gpu[1]]
    return found


def _file_name(name: str) -> str:
    """Return a service's name as the catalog has it: as a file can be called."""
    return name.replace("/", "-")
