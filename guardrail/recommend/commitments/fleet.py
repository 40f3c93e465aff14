"""Machines of plans and states as use by the hour, for whom no bill tells it: each as if it ran in every hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from guardrail.finops.commitments.advice import LEAST_DAYS
from guardrail.finops.commitments.metered import Hours, Line
from guardrail.finops.commitments.products import SYSTEMS, Product
from guardrail.finops.exact import PLACES
from guardrail.model.billed.metered import HOUR
from guardrail.model.cost import Line as Component
from guardrail.model.money import HOURS_PER_MONTH
from guardrail.model.resource import Change, Side
from guardrail.policy.variables.machine import machine_types
from guardrail.recommend.scene import Scene

_ENGINES = {
    "postgres": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "aurora-mysql": "Aurora MySQL",
    "aurora-postgresql": "Aurora PostgreSQL",
}
_VENDORS = {"AmazonEC2": "aws", "AmazonRDS": "aws", "Virtual Machines": "azure"}


def fleet(scenes: Iterable[Scene], now: datetime) -> list[Hours]:
    """Return the hours of machines that are priced on demand by the hour, by vendor: those of which the type is known."""
    used: defaultdict[Product, Decimal] = defaultdict(Decimal)
    prices: dict[Product, Decimal] = {}
    for scene in scenes:
        for change, side in scene.existing():
            for line in _lines(scene, change):
                product = _product(scene, change, side, line)
                if product and line.monthly_quantity and line.unit_price is not None:
                    used[product] += line.monthly_quantity / HOURS_PER_MONTH
                    listed = line.price.list_price if line.price else None
                    prices[product] = line.unit_price if listed is None else listed
    count = LEAST_DAYS * 24
    end = int(now.timestamp()) // HOUR * HOUR
    starts = [end - HOUR * (count - number) for number in range(count)]
    months = [f"{now:%Y-%m}"] * count
    found: list[Hours] = []
    for vendor in sorted({product.vendor for product in used}):
        lines = {
            product: Line(product, "", product.name, [_units(quantity)] * count, list_price=prices[product])
            for product, quantity in used.items()
            if product.vendor == vendor
        }
        found.append(Hours(vendor, "USD", starts, months, lines, {}, coarse=False, notes=(), of_plans=True))
    return found


def _lines(scene: Scene, change: Change) -> Iterator[Component]:
    """Give the components that are machines by the hour, on demand."""
    cost = scene.costs[change.address].after
    for line in cost.lines if cost else ():
        price = line.price
        if price and line.unit == "hours" and price.purchase_option == "on_demand" and price.service in _VENDORS:
            yield line


def _product(scene: Scene, change: Change, side: Side, line: Component) -> Product | None:
    """Return what a component is; None where its machine type is not known, or where there are several."""
    named = {name for names in change.references.values() for name in names}
    templates = [
        (one, other) for one, other in scene.existing() if one.address in named and one.type == "aws_launch_template"
    ]
    types = machine_types(change.type, side.get)
    types += [name for one, other in templates for name in machine_types(one.type, other.get)] if not types else []
    if len(types) != 1 or not isinstance(types[0], str) or line.price is None:
        return None
    vendor, service, region, name = _VENDORS[line.price.service], line.price.service, line.price.region, types[0]
    if service == "AmazonRDS":
        engine = side.get("engine")
        what = _ENGINES.get(engine if isinstance(engine, str) else "")
        zones = ", Multi-AZ" if side.get("multi_az") is True else ""
        return Product(vendor, service, region, name, f"{what}{zones}", (), flexible=True) if what else None
    # The price tells the system: an estimate names it in words alone.
    systems = SYSTEMS if service == "AmazonEC2" else ("Linux", "Windows")
    return Product(vendor, service, region, name, "", systems)


def _units(quantity: Decimal) -> int:
    return int(Fraction(quantity) * 10**PLACES)
