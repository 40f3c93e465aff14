"""What vendors offer for the use that there is, at the rates of the catalog. Of what it has no rate, there is no offer."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

from msgspec import Struct

from guardrail.catalog import Catalog, Ladder
from guardrail.catalog.commitment import (
    AWS_PAYMENTS,
    AWS_PLANS,
    MONTHS,
    OFFERINGS,
    TERMS,
    Kind,
    Reservation,
    SavingsPlan,
)
from guardrail.finops.commitments.metered import Hours, Line
from guardrail.finops.commitments.products import Product, is_pooled, selector_of, size_factor
from guardrail.finops.commitments.records import MONTH, Offer, Usage
from guardrail.finops.exact import PLACES

DOLLAR = "USD"
_MILL = Fraction(1, 1000)
"""Savings plans are bought in thousandths of a dollar an hour."""
_COMMITTED = re.compile(
    r"^Commitment(?: v\d+)?: (?P<series>.*?) ?(?P<what>Cpu|Core|Ram) in .+ for (?P<years>[13]) Years?$"
)
"""Google's SKUs of commitments: "Commitment v1: N2 Cpu in Americas for 1 Year". Without a series they are of N1."""

_KINDS = {
    "aws": frozenset({"reservation", "convertible reservation", "EC2 instance savings plan", "compute savings plan"}),
    "azure": frozenset({"reservation", "savings plan"}),
    "gcp": frozenset({"committed use", "flexible committed use"}),
}
"""What each vendor sells for compute. Google's list has no rates of flexible committed use."""
_BREADTHS: Mapping[Kind, int] = {"compute": 2, "ec2_instance": 1, "database": 2}


class Unrated(Struct, frozen=True):
    """Use that nothing can be planned for: why, and what it costs on demand in the hours; None: the bill does not tell."""

    product: Product
    reason: str
    on_demand: Fraction | None
    sync: str = ""


class Rated(Struct, frozen=True):
    """Use with what is offered for it. `unrated` is in none of the offers; of the kinds in `lacking` nothing is offered."""

    usages: tuple[Usage, ...]
    offers: tuple[Offer, ...]
    unrated: tuple[Unrated, ...]
    lacking: tuple[str, ...]


class _Known(Struct, frozen=True):
    """A product with its use, and its price on demand in the catalog; Google's are known by the bill alone."""

    product: Product
    usage: Usage
    ladder: Ladder | None


def rated(hours: Hours, catalog: Catalog, losing: Mapping[str, str] = MappingProxyType({})) -> Rated:
    """Return what is offered for use. Raises CatalogError for a catalog that cannot be read.

    losing  service -> what is committed for it already, and costs more than it saves
    Rates are in US dollars; so are prices on demand then, the catalog's where the bill is in another currency.
    """
    known: list[_Known] = []
    unrated: list[Unrated] = []
    for line in hours.lines.values():
        if not any(line.used):
            continue
        product, ladder, reason = _identified(line, catalog)
        # Who does not tell what it costs pays the list price, as far as anybody knows.
        listed = Fraction(ladder.tiers[0].price) if ladder else None
        price = line.price or listed if hours.currency == DOLLAR else listed
        usage = Usage(
            *(product.vendor, product.service, product.region, product.name, product.what),
            *(line.meter, line.unit, price, tuple(line.used)),
        )
        if product.service in losing:
            reason = f"what is committed for it already costs more than it saves ({losing[product.service]})"
        elif line.credited:
            reason = "credits lower its cost, maybe of commitments, and the export does not tell of which hours"
        elif usage.price is None and not reason:
            reason = "the bill does not tell what it costs on demand" + (
                "" if hours.currency == DOLLAR else " in US dollars"
            )
        if reason:
            unrated.append(Unrated(product, reason, _cost(usage), sync_command(product) if ladder is None else ""))
        else:
            known.append(_Known(product, usage, ladder))
    offers = [*_aws(known, catalog), *_azure(known, catalog), *_google(known, catalog)]
    offered = {key for offer in offers for key in offer.weights}
    unrated += [
        Unrated(one.product, "no rate of a commitment in the catalog", _cost(one.usage), sync_command(one.product))
        for one in known
        if one.usage.key not in offered
    ]
    return Rated(
        tuple(one.usage for one in known if one.usage.key in offered),
        tuple(offers),
        tuple(sorted(unrated, key=lambda one: (-(one.on_demand or 0), one.product.name, one.product.what))),
        tuple(sorted(_KINDS.get(hours.vendor, frozenset()) - {offer.kind for offer in offers})) if offers else (),
    )


def sync_command(product: Product) -> str:
    """Return the command that brings the rates of a product."""
    service = f'"{product.service}"' if " " in product.service else product.service
    return (
        f"guardrail pricing sync --commitments --vendor {product.vendor} --service {service} --region {product.region}"
    )


def _cost(usage: Usage) -> Fraction | None:
    return None if usage.price is None else usage.price * Fraction(sum(usage.used), 10**PLACES)


def _identified(line: Line, catalog: Catalog) -> tuple[Product, Ladder | None, str]:
    """Return a product with the system that it runs, its price on demand in the catalog, and why there is none.

    A bill without operations does not tell the system. The price does, where one system alone has it.
    """
    product = line.product
    if product.vendor == "gcp":
        return product, None, ""
    if not product.systems:
        found = catalog.find(selector_of(product))
        return (product, found, "") if isinstance(found, Ladder) else (product, None, "no price of it in the catalog")
    paid = {Fraction(price) for price in (line.list_price, line.price) if price is not None}
    fitting: list[tuple[Product, Ladder]] = []
    for system in product.systems:
        one = product.running(system)
        found = catalog.find(selector_of(one))
        if isinstance(found, Ladder) and Fraction(found.tiers[0].price) in paid:
            fitting.append((one, found))
    if len(fitting) == 1:
        return *fitting[0], ""
    return product, None, "the bill has no operation that tells its system, and no price of the catalog does"


def _aws(known: Sequence[_Known], catalog: Catalog) -> Iterator[Offer]:
    mine = [one for one in known if one.product.vendor == "aws" and one.ladder]
    if not mine:
        return
    for term, payment in itertools.product(TERMS, AWS_PAYMENTS):
        for kind in AWS_PLANS:
            yield from _savings_plans(
                mine, catalog, SavingsPlan(kind=kind, term=term, payment=payment), _BREADTHS[kind]
            )
        for offering in OFFERINGS:
            yield from _reservations(mine, catalog, Reservation(term=term, payment=payment, offering=offering))


_PLANS = {
    "compute": "compute savings plan",
    "ec2_instance": "EC2 instance savings plan",
    "database": "database savings plan",
}


def _savings_plans(known: Sequence[_Known], catalog: Catalog, plan: SavingsPlan, breadth: int) -> Iterator[Offer]:
    """Give a plan over all that it has rates for; of EC2 instance plans one for each family in a region."""
    groups: defaultdict[str, dict[str, tuple[Fraction, Ladder]]] = defaultdict(dict)
    for one in known:
        rates = _otherwise(one, catalog, plan.option("aws"))
        rate = rates.get(one.ladder.product.unit) if one.ladder else None
        if rate and rate[0] > 0:
            family = f"{one.product.family} in {one.product.region}" if breadth == 1 else "all that it covers"
            groups[family][one.usage.key] = rate
    months = MONTHS[plan.term]
    upfront = {"no_upfront": Fraction(0), "partial_upfront": Fraction(1, 2), "all_upfront": Fraction(1)}[
        plan.payment or ""
    ]
    for scope, rates in groups.items():
        source = next(iter(rates.values()))[1].tiers[0].source
        yield Offer(
            *("aws", _PLANS[plan.kind or ""], scope, breadth, months, plan.payment or "", "$/h"),
            {key: rate for key, (rate, _) in rates.items()},
            *(1 - upfront, upfront * months * MONTH, _MILL, source.source, source.as_of),
        )


def _reservations(known: Sequence[_Known], catalog: Catalog, terms: Reservation) -> Iterator[Offer]:
    """Give a reservation for each product, or for each family whose sizes cover each other."""
    pools: defaultdict[tuple[str, ...], list[_Known]] = defaultdict(list)
    for one in known:
        its = one.product
        name = its.family if is_pooled(its) else its.name
        pools[its.service, name, its.what, its.region].append(one)
    kind = "reservation" if terms.offering == "standard" else "convertible reservation"
    for (_, name, what, region), members in pools.items():
        ordered = sorted(members, key=lambda one: size_factor(one.product.size) or 0)
        priced = next(((one, found) for one in ordered if (found := _reserved(one, catalog, terms))), None)
        if priced is None:
            continue
        unit, (hourly, upfront, ladder) = priced
        base = size_factor(unit.product.size) or 1
        source = ladder.tiers[0].source
        is_pool = name != unit.product.name
        yield Offer(
            *(
                "aws",
                kind,
                f"{name} ({what}) in {region}",
                0,
                MONTHS[terms.term],
                terms.payment or "",
                unit.product.name,
            ),
            {
                one.usage.key: Fraction(size_factor(one.product.size) or 1, base) if is_pool else Fraction(1)
                for one in members
            },
            *(hourly, upfront, Fraction(1), source.source, source.as_of),
        )


def _reserved(one: _Known, catalog: Catalog, terms: Reservation) -> tuple[Fraction, Fraction, Ladder] | None:
    """Return what a reservation costs by the hour and in advance; None where one of them is not in the catalog."""
    rates = _otherwise(one, catalog, terms.option("aws"))
    hourly, fee = rates.get(one.ladder.product.unit if one.ladder else ""), rates.get("Quantity")
    if terms.payment == "no_upfront":
        return (hourly[0], Fraction(0), hourly[1]) if hourly and hourly[0] > 0 else None
    if not fee or (terms.payment == "partial_upfront" and not hourly):
        return None
    return (hourly[0] if hourly else Fraction(0)), fee[0], fee[1]


def _otherwise(one: _Known, catalog: Catalog, option: str) -> Mapping[str, tuple[Fraction, Ladder]]:
    """Return what a product costs under a purchase option, by unit."""
    found = catalog.otherwise(one.product.vendor, one.ladder, option) if one.ladder else ()
    return {ladder.product.unit: (Fraction(ladder.tiers[0].price), ladder) for ladder in found}


def _azure(known: Sequence[_Known], catalog: Catalog) -> Iterator[Offer]:
    mine = [one for one in known if one.product.vendor == "azure" and one.ladder]
    for term in TERMS:
        months = MONTHS[term]
        weights: dict[str, Fraction] = {}
        source = None
        for one in mine:
            unit = one.ladder.product.unit if one.ladder else ""
            rate = _otherwise(one, catalog, f"savings_plan_{term}").get(unit)
            if rate and rate[0] > 0:
                weights[one.usage.key] = rate[0]
                source = rate[1].tiers[0].source
            fee = _otherwise(one, catalog, f"reserved_{term}").get(unit)
            if fee and fee[0] > 0:
                name = f"{one.product.name} ({one.product.what}) in {one.product.region}"
                # The price is the whole term's, and may be paid month by month at no surcharge.
                yield Offer(
                    *("azure", "reservation", name, 0, months, "", one.product.name, {one.usage.key: Fraction(1)}),
                    *(fee[0] / (months * MONTH), Fraction(0), Fraction(1)),
                    *(fee[1].tiers[0].source.source, fee[1].tiers[0].source.as_of),
                )
        if source:
            yield Offer(
                *("azure", "savings plan", "all that it covers", 2, months, "", "$/h", weights),
                *(Fraction(1), Fraction(0), _MILL, source.source, source.as_of),
            )


def _google(known: Sequence[_Known], catalog: Catalog) -> Iterator[Offer]:
    """Give committed use of vCPUs and memory of a series in a region. Flexible commitments have no price in Google's list."""
    mine = [one for one in known if one.product.vendor == "gcp"]
    for region in sorted({one.product.region for one in mine}):
        for ladder in catalog.ladders("gcp", "Compute Engine", region):
            found = _COMMITTED.match(ladder.product.attributes.get("description", ""))
            if not found or not ladder.product.purchase_option.startswith("commit_"):
                continue
            name = f"{found['series'] or 'N1'} {'memory' if found['what'] == 'Ram' else 'vCPU'}"
            keys = [one.usage.key for one in mine if (one.product.region, one.product.name) == (region, name)]
            price = Fraction(ladder.tiers[0].price)
            if keys and price > 0:
                source = ladder.tiers[0].source
                unit = "GiB" if found["what"] == "Ram" else "vCPU"
                yield Offer(
                    *("gcp", "committed use", f"{name} in {region}", 0, 12 * int(found["years"]), "", unit),
                    dict.fromkeys(keys, Fraction(1)),
                    *(price, Fraction(0), Fraction(1), source.source, source.as_of),
                )
