"""What a company pays instead of list prices, as the reviewed files say it: the overlay, and exchange rates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import field

from guardrail.catalog.commitment import Commitment, DevTest, Reservation, SavingsPlan
from guardrail.catalog.query import Product
from guardrail.errors import ConfigError
from guardrail.files import YamlFile, checked, read_yaml
from guardrail.files.section import BeforeValidator, Field, Section
from guardrail.model.cost import PriceSource
from guardrail.model.money import decimal


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


class Entry(Section):
    """Which prices are meant; `*` stands for anything in a name. `from` and `until` are days on which it holds."""

    vendor: str = "*"
    service: str = "*"
    region: str = "*"
    sku: str = "*"
    attributes: dict[str, str] = field(default_factory=dict)
    from_: Day | None = field(name="from", default=None)
    until: Day | None = None
    reason: str = ""
    """the agreement that it stands in, for those who review"""

    def holds(self, today: date) -> bool:
        """Say whether it holds on a day."""
        return (self.from_ is None or self.from_ <= today) and (self.until is None or today <= self.until)

    def fits(self, vendor: str, product: Product, source: PriceSource) -> bool:
        """Say whether a price is meant."""
        names = ((self.vendor, vendor), (self.service, source.service), (self.region, source.region))
        pairs = [(wanted, product.attributes.get(key, "")) for key, wanted in self.attributes.items()]
        return all(fnmatchcase(name, wanted) for wanted, name in (*names, (self.sku, source.sku), *pairs))


class Discount(Entry, kw_only=True):
    """A percentage off list prices; a negative one is a surcharge."""

    percent: Percent


class FixedPrice(Entry, kw_only=True):
    """A price of your own for a SKU, in US dollars for the catalog's unit."""

    price: Money


class Coverage(Entry, kw_only=True):
    """Reserved capacity, savings plans, committed use or dev/test: a share of every hour on demand is paid for otherwise."""

    percent: Share
    """how much of the usage is covered"""
    savings_plan: SavingsPlan | None = None
    """what is covered costs the rate of this plan, as the vendor publishes it"""
    reservation: Reservation | None = None
    """what is covered costs this reservation, as the vendor publishes it, fees spread over its term"""
    dev_test: bool = False
    """what is covered is in a subscription of Azure for development and tests, and has the prices of these"""
    discount: Percent | None = None
    """off the list price, or off the rate of the plan or reservation, for what is covered"""
    price: Money | None = None
    """instead of all that: US dollars for an hour that is covered"""
    upfront: Money = Decimal(0)
    """US dollars paid in advance for each unit, spread evenly over the hours of `months`"""
    months: Annotated[int, Field(gt=0)] = 12

    @property
    def commitment(self) -> Commitment | None:
        """The savings plan, the reservation or the kind of subscription that covers."""
        return self.savings_plan or self.reservation or (DevTest() if self.dev_test else None)


class PrivateService(Section, kw_only=True):
    """A price that no vendor publishes, for definitions of your own to select."""

    vendor: str
    service: str
    region: str = "global"
    family: str
    attributes: dict[str, str] = field(default_factory=dict)
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


def read_overlay(path: Path) -> OverlayFile:
    """Read an overlay. Raises ConfigError with file and line."""
    file = read_yaml(path, ConfigError)
    content = checked(OverlayFile, file, ConfigError)
    for number, cover in enumerate(content.coverage):
        fault = _fault(cover)
        if fault:
            raise ConfigError(f"coverage.{number}: {fault}", where=file.where(("coverage", number)))
    return content


def _fault(cover: Coverage) -> str:
    """Say what is wrong with an entry as a whole."""
    if cover.price is not None and (cover.discount is not None or cover.commitment):
        return "a price cannot be combined with discount, savings_plan, reservation or dev_test"
    if sum(map(bool, (cover.savings_plan, cover.reservation, cover.dev_test))) > 1:
        return "use one of savings_plan, reservation and dev_test; for more, write an entry each"
    if cover.price is None and cover.discount is None and cover.commitment is None:
        return "needs one of savings_plan, reservation, dev_test, discount and price"
    if cover.commitment and cover.upfront:
        return "upfront can be used with a price or a discount only: published rates already contain it"
    try:
        if cover.commitment:
            cover.commitment.option(cover.vendor)
    except ValueError as error:
        return str(error)
    return ""


def plans_of(content: OverlayFile) -> frozenset[tuple[str, str]]:
    """Return vendor and purchase option of every savings plan, reservation and kind of subscription that an overlay names."""
    return frozenset(
        (cover.vendor, cover.commitment.option(cover.vendor)) for cover in content.coverage if cover.commitment
    )


def read_rate(path: Path | None, currency: str) -> tuple[Decimal, date]:
    """Return how much of a currency a US dollar is, and when. Raises ConfigError."""
    if path is None:
        fix = "name a file of rates: `pricing: {rates: FILE}`"
        raise ConfigError(f"amounts in {currency} need an exchange rate; the catalog is in US dollars", fix=fix)
    file: YamlFile = read_yaml(path, ConfigError)
    content = checked(RatesFile, file, ConfigError)
    if currency not in content.rates:
        known = ", ".join(content.rates)
        raise ConfigError(f"no rate for {currency}", where=file.where(("rates",)), fix=f"known: {known}")
    return content.rates[currency], content.date
