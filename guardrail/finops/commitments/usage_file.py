"""Use by the hour that somebody has written down, for whom no bill tells it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from guardrail.errors import ConfigError, did_you_mean
from guardrail.finops.commitments.metered import Hours, Line
from guardrail.finops.commitments.products import Product
from guardrail.finops.csv_file import number_of, rows_of
from guardrail.finops.exact import units
from guardrail.model.billed.metered import HOUR

COLUMNS = ("hour", "vendor", "region", "name", "quantity")
"""Columns that each row has; `what` (system or engine) and `price` (on demand, of a unit) may stand beside them."""
_VENDORS = ("aws", "azure", "gcp")
_SERVICES = {"db.": "AmazonRDS", "cache.": "AmazonElastiCache", "Fargate-": "AmazonECS", "Lambda-": "AWSLambda"}


def read_usage(path: Path) -> list[Hours]:
    """Return the hours of a CSV file, by vendor. Raises ConfigError with file and line.

    An hour is looked at where anything is told of it: what a row does not name was not used in it. Hours of which nothing
    is told are left out.
    """
    used: defaultdict[str, defaultdict[Product, defaultdict[int, int]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(int))
    )
    prices: dict[Product, Fraction] = {}
    for where, row in rows_of(path, COLUMNS):
        product = _product(row, where)
        quantity = number_of(row["quantity"])
        if quantity is None or quantity < 0:
            raise ConfigError(f"{row['quantity']!r:.40} is no quantity", where=where)
        start = _hour(row["hour"], where)
        try:
            used[product.vendor][product][start] += units(quantity) or 0
        except ValueError as error:
            raise ConfigError(f"quantity: {error}", where=where) from None
        if row.get("price"):
            price = number_of(row["price"])
            if price is None or price <= 0:
                raise ConfigError(f"{row['price']!r:.40} is no price", where=where)
            prices[product] = Fraction(price)
    if not used:
        raise ConfigError("no row with use", where=str(path), fix=f"a row has {', '.join(COLUMNS)}")
    return [_hours(vendor, products, prices, path) for vendor, products in sorted(used.items())]


def _hours(
    vendor: str, products: dict[Product, defaultdict[int, int]], prices: dict[Product, Fraction], path: Path
) -> Hours:
    starts = sorted({start for hours in products.values() for start in hours})
    months = [f"{datetime.fromtimestamp(start, UTC):%Y-%m}" for start in starts]
    lines = {
        product: Line(product, "", product.name, [hours.get(start, 0) for start in starts], told=prices.get(product))
        for product, hours in products.items()
    }
    gaps = (starts[-1] - starts[0]) // HOUR + 1 - len(starts)
    notes = (
        (f"{path.name} tells nothing of {gaps} hours between its first and its last: they are left out",)
        if gaps
        else ()
    )
    return Hours(vendor, "USD", starts, months, lines, {}, coarse=False, notes=notes)


def _product(row: dict[str, str], where: str) -> Product:
    vendor, name, what = row["vendor"].lower(), row["name"], row.get("what") or ""
    if vendor not in _VENDORS:
        hint = did_you_mean(vendor, _VENDORS) or f"known: {', '.join(_VENDORS)}"
        raise ConfigError(f"{row['vendor']!r:.40} is no vendor; {hint}", where=where)
    if vendor == "gcp":
        return Product(vendor, "Compute Engine", row["region"], name)
    if vendor == "azure":
        return Product(vendor, "Virtual Machines", row["region"].lower(), name, what or "Linux")
    service = next((service for begin, service in _SERVICES.items() if name.startswith(begin)), "AmazonEC2")
    if service in {"AmazonRDS", "AmazonElastiCache"} and not what:
        raise ConfigError(f"{name} needs its engine in the column `what`", where=where, fix="such as PostgreSQL, Redis")
    flexible = service == "AmazonRDS"
    if service == "AmazonEC2":
        what = what or "Linux"
        flexible = what == "Linux"
    return Product(vendor, service, row["region"], name, what, (), flexible)


def _hour(text: str, where: str) -> int:
    """Return the second at which an hour begins. Without an offset it could be either of two, when clocks are set back."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text!r:.40} is no hour like 2026-10-25T13:00:00Z", where=where) from None
    if moment.tzinfo is None:
        raise ConfigError(
            f"{text!r:.40} does not say its offset from UTC", where=where, fix="write 2026-10-25T13:00:00Z"
        )
    return int(moment.timestamp()) // HOUR * HOUR
