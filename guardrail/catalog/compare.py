"""Two catalogs side by side: which prices came, went and changed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from guardrail.catalog.query import Ladder, Product
from guardrail.catalog.snapshot import attributes_json
from guardrail.catalog.store import Catalog

Prices = tuple[Decimal, ...]


class PriceChange(Struct, frozen=True):
    """A product whose prices differ; of one that a catalog does not have, that side is empty."""

    vendor: str
    service: str
    region: str
    product: Product
    before: Prices
    after: Prices

    @property
    def factor(self) -> Decimal | None:
        """How many times the price it was its first price above zero is; None if one side has none."""
        old, new = (next(filter(None, side), None) for side in (self.before, self.after))
        return new / old if old and new else None

    def jumps(self, percent: Decimal) -> bool:
        """Say whether the price rose or fell by more than so many percent of the lower of the two."""
        factor = self.factor
        return factor is not None and max(factor, 1 / factor) > 1 + percent / 100


def compare(old: Catalog, new: Catalog) -> Iterator[PriceChange]:
    """Give what differs, shelf by shelf."""
    for vendor, service, region in sorted({*old.shelves(), *new.shelves()}):
        before = _by_product(old.ladders(vendor, service, region))
        after = _by_product(new.ladders(vendor, service, region))
        for key in dict.fromkeys((*before, *after)):
            was, now = before.get(key), after.get(key)
            if _steps(was) != _steps(now):
                product = (now or was).product  # type: ignore[union-attr] # one of them has the key
                yield PriceChange(vendor, service, region, product, _prices(was), _prices(now))


def _by_product(ladders: tuple[Ladder, ...]) -> dict[tuple[str, str, str, str], Ladder]:
    return {
        (
            one.product.family,
            attributes_json(one.product.attributes),
            one.product.unit,
            one.product.purchase_option,
        ): one
        for one in ladders
    }


def _steps(ladder: Ladder | None) -> list[tuple[Decimal, Decimal]]:
    return [(tier.start, tier.price) for tier in ladder.tiers] if ladder else []


def _prices(ladder: Ladder | None) -> Prices:
    return tuple(tier.price for tier in ladder.tiers) if ladder else ()
