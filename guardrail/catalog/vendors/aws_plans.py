"""AWS's savings plans in files of their own: which there are, and the rates in one, as CSV or as JSON.

A rate is for one product on demand, which it names by its SKU; what the product is stands in the offer file of its
service. The format: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-savings-plans.html
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import ijson
from msgspec import Struct

from guardrail.catalog.query import SAVINGS_PLAN
from guardrail.catalog.vendors.aws import CHANGED, HOST, amount, first, table
from guardrail.catalog.vendors.feed import Feed
from guardrail.errors import CatalogError

_CODES = {
    "compute": "AWSComputeSavingsPlan",
    "ec2_instance": "AWSComputeSavingsPlan",
    "database": "AWSDatabaseSavingsPlans",
    "sagemaker": "AWSMachineLearningSavingsPlans",
}
"""Kind of plan -> the code of the list that has it."""
_COLUMNS = ("Product Family", "LeaseContractLength", "LeaseContractLengthUnit", "PurchaseOption",
            "DiscountedServiceCode", "DiscountedSKU", "DiscountedRate", "Currency")  # fmt: skip


class Rate(Struct, frozen=True):
    """What a unit of a product on demand costs under a plan, in US dollars."""

    service: str
    sku: str
    option: str
    price: str
    as_of: str


def codes(options: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the lists in which purchase options of savings plans are, each with those that it has."""
    found: dict[str, tuple[str, ...]] = {}
    for option in options:
        kind = next((kind for kind in _CODES if option.startswith(f"{SAVINGS_PLAN}{kind}_")), None)
        if kind:
            found[_CODES[kind]] = (*found.get(_CODES[kind], ()), option)
    return found


def lists(feed: Feed, code: str, regions: Collection[str]) -> Iterator[tuple[str, str]]:
    """Give region and path of each file of a list. The path names the file's version. Raises GuardrailError."""
    index = f"/savingsPlan/v1.0/aws/{code}/current/region_index.json"
    file = feed.file(index)
    try:
        with file.open("rb") as data:
            urls = {str(one["regionCode"]): one["versionUrl"] for one in ijson.items(data, "regions.item")}
    except (ijson.JSONError, OSError, ValueError, KeyError, TypeError):
        urls = {}
    if not urls or not all(isinstance(path, str) for path in urls.values()):
        raise CatalogError("an index without regions and their versionUrl", where=HOST + index, fix=CHANGED)
    for region in sorted(regions):
        if region in urls:
            yield region, urls[region]


def read(file: Path, code: str, options: Collection[str]) -> Iterator[Rate]:
    """Give the rates in a file under some purchase options. Raises CatalogError for what is no such file."""
    try:
        yield from (_read_csv if file.suffix == ".csv" else _read_json)(file, code, options)
    except (ijson.JSONError, UnicodeDecodeError, csv.Error, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"not a file of savings plans, or a damaged one: {type(error).__name__} {error}"[:200]
        raise CatalogError(what, where=str(file), fix=f"run it again; if it stays, {CHANGED}") from None


def _read_csv(file: Path, code: str, options: Collection[str]) -> Iterator[Rate]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        as_of, header, lines = table(text, _COLUMNS, file)
        columns = [header.index(name) for name in _COLUMNS]
        width = len(header)
        for line in lines:
            if len(line) != width:
                raise ValueError(f"{len(line)} columns instead of {width}")
            family, length, unit, payment, service, sku, rate, currency = [line[place] for place in columns]
            option = _option(code, family, length, unit, payment)
            if option in options and currency == "USD":
                yield Rate(service, sku, option, amount(rate), as_of)


def _read_json(file: Path, code: str, options: Collection[str]) -> Iterator[Rate]:
    """A rate's code begins with the SKU of its plan; so no plan is held in memory with all its rates."""
    as_of = str(first(file, "publicationDate"))[:10]
    plans = {plan["sku"]: _plan(plan, code) for plan in _items(file, "products.item")}
    for rate in _items(file, "terms.savingsPlan.item.rates.item"):
        option = plans[rate["rateCode"].partition(".")[0]]
        paid = rate["discountedRate"]
        if option in options and paid["currency"] == "USD":
            yield Rate(rate["discountedServiceCode"], rate["discountedSku"], option, amount(paid["price"]), as_of)


def _plan(plan: Mapping[str, Any], code: str) -> str:
    attributes = plan["attributes"]
    term = attributes["purchaseTerm"]
    return _option(code, plan["productFamily"], term.removesuffix("yr"), "year", attributes["purchaseOption"])


def _option(code: str, family: str, length: str, unit: str, payment: str) -> str:
    """Return the catalog's name of a plan: `savings_plan_compute_1yr_no_upfront`; "" for one without a name here."""
    kind = next((kind for kind, owner in _CODES.items() if owner == code), "")
    if family.replace(" ", "").startswith("EC2Instance"):
        kind = "ec2_instance"
    if not unit.lower().startswith("year"):
        return ""
    return f"{SAVINGS_PLAN}{kind}_{length}yr_{payment.lower().replace(' ', '_')}"


def _items(file: Path, prefix: str) -> Iterator[Any]:
    with file.open("rb") as data:
        yield from ijson.items(data, prefix)
