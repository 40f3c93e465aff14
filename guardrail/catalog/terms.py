"""What is made of list prices: an overlay and a currency, applied to one price after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.catalog.commitment import HOURS
from guardrail.catalog.overlay import Coverage, Entry, OverlayFile, PrivateService, read_overlay, read_rate
from guardrail.catalog.query import Ladder, Product, Tier
from guardrail.model.cost import PriceSource

_HOURLY = frozenset({"hrs", "hours", "hour", "hourly", "h", "1 hour", "1/hour", "giby.h", "gby.h", "mcpu.h"})
"""Hours of a machine, and on Google Cloud of its memory and of thousandths of a vCPU."""
_SHOWN = 3  # places that a note names
E = TypeVar("E", bound=Entry)


class Rates(Protocol):
    """Where prices of the same product on other terms are (guardrail.catalog.store)."""

    def otherwise(self, vendor: str, ladder: Ladder, option: str) -> Sequence[Ladder]:
        """Return the prices of a product under another purchase option, one a unit."""
        ...

    def has_rates(self, vendor: str, service: str, region: str, option: str) -> bool:
        """Say whether the catalog knows what of a service is sold under a purchase option."""
        ...


class Terms(Struct, frozen=True):
    """What is made of list prices.

    rate    of the report's currency for a US dollar
    notes   what a reader should know
    """

    overlay: OverlayFile
    today: date
    name: str = ""
    rate: Decimal = Decimal(1)
    notes: tuple[str, ...] = ()
    _gaps: dict[str, dict[str, None]] = field(default_factory=dict)

    @property
    def in_force(self) -> str:
        """Say of each entry of the overlay whether it holds today, with a digit."""
        entries = (*self.overlay.discounts, *self.overlay.prices, *self.overlay.coverage)
        return "".join(str(int(one.holds(self.today))) for one in entries)

    def applied(self, vendor: str, ladder: Ladder, rates: Rates) -> Ladder:
        """Return a ladder at what is paid, each tier with its list price if that is another."""
        return replace(ladder, tiers=tuple(self._tier(vendor, ladder, tier, rates) for tier in ladder.tiers))

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

    def gaps(self) -> list[str]:
        """Say which coverage could not be applied so far, since the catalog lacks the rates."""
        return [
            f"no rates of {option} in the catalog for {', '.join(list(places)[:_SHOWN])}"
            f"{' ...' if len(places) > _SHOWN else ''}: priced without that coverage; guardrail pricing sync brings them"
            for option, places in sorted(self._gaps.items())
        ]

    def _source(self, one: PrivateService) -> PriceSource:
        return PriceSource(one.sku, self.name, one.as_of.isoformat(), one.service, one.region)

    def _tier(self, vendor: str, ladder: Ladder, tier: Tier, rates: Rates) -> Tier:
        price, covered = self._paid(vendor, ladder, tier, rates)
        source = tier.source
        if price != tier.price:
            source = replace(source, list_price=tier.price * self.rate)
        return replace(tier, price=price * self.rate, covered=covered * self.rate, source=source)

    def _paid(self, vendor: str, ladder: Ladder, tier: Tier, rates: Rates) -> tuple[Decimal, Decimal]:
        """Return the price, and what of it is for usage that is covered."""
        fixed = next(self._fitting(self.overlay.prices, vendor, ladder, tier), None)
        discount = next(self._fitting(self.overlay.discounts, vendor, ladder, tier), None)
        price = tier.price
        if fixed:
            price = fixed.price
        elif discount:
            price = _less(price, discount.percent)
        # Coverage is of what runs on demand: a spot price or a reservation is paid as it is.
        if ladder.product.purchase_option == "on_demand":
            for cover in self._fitting(self.overlay.coverage, vendor, ladder, tier):
                covered = self._covered(cover, vendor, ladder, tier, rates)
                if covered is not None:
                    # The first entry that covers it wins, as with prices and discounts: shares are not added up.
                    share = cover.percent / 100
                    return share * covered + (1 - share) * price, share * covered
        return price, Decimal(0)

    def _fitting(self, entries: Iterable[E], vendor: str, ladder: Ladder, tier: Tier) -> Iterator[E]:
        return (one for one in entries if one.holds(self.today) and one.fits(vendor, ladder.product, tier.source))

    def _covered(self, cover: Coverage, vendor: str, ladder: Ladder, tier: Tier, rates: Rates) -> Decimal | None:
        """Return what a unit costs that is covered; None for what coverage does not extend to."""
        unit, source = ladder.product.unit, tier.source
        if cover.commitment:
            if not cover.commitment.is_for(source.service):
                return None
            option = cover.commitment.option(vendor)
            rate = cover.commitment.rate(vendor, unit, rates.otherwise(vendor, ladder, option))
            if rate is not None:
                # A plan is not drawn on where it saves nothing.
                return min(_less(rate, cover.discount or Decimal(0)), tier.price)
            if not rates.has_rates(vendor, source.service, source.region, option):
                self._gaps.setdefault(option, {})[f"{source.service} in {source.region}"] = None
            return None
        if unit.lower() not in _HOURLY:
            return None
        price = _less(tier.price, cover.discount or Decimal(0)) if cover.price is None else cover.price
        return price + cover.upfront / (cover.months * HOURS)


def _less(price: Decimal, percent: Decimal) -> Decimal:
    return price * (1 - percent / 100)


def read_terms(overlay: Path | None, rates: Path | None, currency: str, today: date) -> Terms | None:
    """Read what is to be made of list prices; None if nothing is. Raises ConfigError with file and line."""
    if overlay is None and currency == "USD":
        return None
    notes: list[str] = []
    content, rate = OverlayFile(version=1), Decimal(1)
    if overlay is not None:
        content = read_overlay(overlay)
        notes.append(f"prices are yours by {overlay.name}, where it has any; list prices are beside them in the JSON")
    if currency != "USD":
        rate, day = read_rate(rates, currency)
        notes.append(f"amounts are in {currency}, at {rate} for a US dollar as of {day}")
    return Terms(content, today, overlay.name if overlay else "", rate, tuple(notes))
