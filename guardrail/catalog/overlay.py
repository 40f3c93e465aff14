"""What a company pays instead of list prices, from a reviewed file, and the currency that amounts are in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from guardrail.catalog.query import Ladder, Product, Tier
from guardrail.errors import ConfigError
from guardrail.files import Section, checked, read_yaml
from guardrail.model.cost import PriceSource
from guardrail.model.money import decimal

HOURS = 730
"""Hours in a month."""
_HOURLY = frozenset({"hrs", "hours", "hour", "hourly", "h", "1 hour", "1/hour"})


def _exact(value: Any) -> Decimal:
    if isinstance(value, bool):
        msg = "a number"
        raise ValueError(msg)  # noqa: TRY004 - pydantic reports a ValueError
    return decimal(value)


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        msg = "must be a day like 2026-01-31"
        raise ValueError(msg) from None


Money = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0)]
Percent = Annotated[Decimal, BeforeValidator(_exact), Field(ge=-100, le=100)]
Share = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=100)]
Day = Annotated[date, BeforeValidator(_day)]


class _Entry(Section):
    """Which prices are meant; `*` stands for anything in a name. `from` and `until` are days on which it holds."""

    vendor: str = "*"
    service: str = "*"
    region: str = "*"
    sku: str = "*"
    attributes: dict[str, str] = Field(default_factory=dict)
    from_: Day | None = Field(None, alias="from")
    until: Day | None = None
    reason: str = ""
    """the agreement that it stands in, for those who review"""

    def holds(self, today: date) -> bool:
        """Say whether it holds on a day."""
        return (self.from_ is None or self.from_ <= today) and (self.until is None or today <= self.until)

    def fits(self, vendor: str, product: Product, source: PriceSource) -> bool:
        """Say whether a price is meant."""
        names = ((self.vendor, vendor), (self.service, source.service), (self.region, source.region))
        found = [(wanted, product.attributes.get(key, "")) for key, wanted in self.attributes.items()]
        return all(fnmatchcase(name, wanted) for wanted, name in (*names, (self.sku, source.sku), *found))


class Discount(_Entry):
    """A percentage off list prices; a negative one is a surcharge."""

    percent: Percent


class FixedPrice(_Entry):
    """A price of your own for a SKU, in US dollars for the catalog's unit."""

    price: Money


class Coverage(_Entry):
    """Reserved capacity, savings plans or committed use: a share of every hour on demand is paid for otherwise."""

    percent: Share
    """how much of the usage is covered"""
    discount: Percent | None = None
    """off the list price, for the hours that are covered"""
    price: Money | None = None
    """instead of a discount: US dollars for an hour that is covered"""
    upfront: Money = Decimal(0)
    """US dollars paid in advance for each unit, spread evenly over the hours of `months`"""
    months: Annotated[int, Field(gt=0)] = 12


class PrivateService(Section):
    """A price that no vendor publishes, for definitions of your own to select."""

    vendor: str
    service: str
    region: str = "global"
    family: str
    attributes: dict[str, str] = Field(default_factory=dict)
    unit: str
    price: Money
    sku: str = ""
    as_of: Day


class OverlayFile(Section):
    """A price overlay. In each list the first entry that fits a price and holds today is the one that counts."""

    version: Literal[1]
    discounts: tuple[Discount, ...] = ()
    prices: tuple[FixedPrice, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    services: tuple[PrivateService, ...] = ()


class RatesFile(Section):
    """Exchange rates: how much of a currency one US dollar is."""

    version: Literal[1]
    date: Day
    rates: dict[str, Annotated[Decimal, BeforeValidator(_exact), Field(gt=0)]]


@dataclass(frozen=True, slots=True)
class Terms:
    """What is made of list prices. `rate`: of the report's currency for a US dollar; `notes`: what a reader should know."""

    overlay: OverlayFile
    today: date
    name: str = ""
    rate: Decimal = Decimal(1)
    notes: tuple[str, ...] = ()

    def applied(self, vendor: str, ladder: Ladder) -> Ladder:
        """Return a ladder at what is paid, each tier with its list price if that is another."""
        return replace(ladder, tiers=tuple(self._tier(vendor, ladder.product, tier) for tier in ladder.tiers))

    def own(self, vendor: str, service: str, region: str) -> list[Ladder]:
        """Return the private services' prices on a shelf."""
        return [
            Ladder(
                Product(one.family, one.attributes, one.unit, "on_demand"),
                (Tier(Decimal(0), None, one.price, self._source(one)),),
            )
            for one in self.overlay.services
            if (one.vendor, one.service, one.region) == (vendor, service, region)
        ]

    def _source(self, one: PrivateService) -> PriceSource:
        return PriceSource(one.sku, self.name, one.as_of.isoformat(), one.service, one.region)

    def _tier(self, vendor: str, product: Product, tier: Tier) -> Tier:
        price = self._paid(vendor, product, tier)
        source = tier.source
        if price != tier.price:
            source = replace(source, list_price=tier.price * self.rate)
        return replace(tier, price=price * self.rate, source=source)

    def _paid(self, vendor: str, product: Product, tier: Tier) -> Decimal:
        fixed, discount, cover = (
            next((one for one in found if one.holds(self.today) and one.fits(vendor, product, tier.source)), None)
            for found in (self.overlay.prices, self.overlay.discounts, self.overlay.coverage)
        )
        price = tier.price
        if isinstance(fixed, FixedPrice):
            price = fixed.price
        elif isinstance(discount, Discount):
            price = _less(price, discount.percent)
        if isinstance(cover, Coverage) and product.purchase_option == "on_demand" and product.unit.lower() in _HOURLY:
            share = cover.percent / 100
            covered = _less(tier.price, cover.discount or Decimal(0)) if cover.price is None else cover.price
            price = share * (covered + cover.upfront / (cover.months * HOURS)) + (1 - share) * price
        return price


def _less(price: Decimal, percent: Decimal) -> Decimal:
    return price * (1 - percent / 100)


def read_terms(overlay: Path | None, rates: Path | None, currency: str, today: date) -> Terms | None:
    """Read what is to be made of list prices; None if nothing is. Raises ConfigError with file and line."""
    if overlay is None and currency == "USD":
        return None
    notes: list[str] = []
    content, rate = OverlayFile(version=1), Decimal(1)
    if overlay is not None:
        file = read_yaml(overlay, ConfigError)
        content = checked(OverlayFile, file, ConfigError)
        _check(content, file.where)
        notes.append(f"prices are yours by {overlay.name}, where it has any; list prices are beside them in the JSON")
    if currency != "USD":
        rate, day = _rate(rates, currency)
        notes.append(f"amounts are in {currency}, at {rate} for a US dollar as of {day}")
    return Terms(content, today, overlay.name if overlay else "", rate, tuple(notes))


def _check(content: OverlayFile, where: Any) -> None:
    for number, cover in enumerate(content.coverage):
        if (cover.discount is None) == (cover.price is None):
            raise ConfigError("coverage needs a discount or a price, and not both", where=where(("coverage", number)))


def _rate(path: Path | None, currency: str) -> tuple[Decimal, date]:
    if path is None:
        fix = "name a file of rates: `pricing: {rates: FILE}`"
        raise ConfigError(f"amounts in {currency} need an exchange rate; the catalog is in US dollars", fix=fix)
    file = read_yaml(path, ConfigError)
    content = checked(RatesFile, file, ConfigError)
    rates: Mapping[str, Decimal] = content.rates
    if currency not in rates:
        raise ConfigError(f"no rate for {currency}", where=file.where(("rates",)), fix=f"known: {', '.join(rates)}")
    return rates[currency], content.date
