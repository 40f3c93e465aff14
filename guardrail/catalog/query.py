"""What a definition asks of the catalog, and the three answers there are: one ladder of prices, none, or several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

import re2
from msgspec import Struct
from msgspec.structs import replace

from guardrail.catalog.units import factor
from guardrail.model.cost import PriceSource


class _Absent(Enum):
    ABSENT = "absent"


ABSENT = _Absent.ABSENT
"""Matches a row that does not have the attribute."""


class Pattern(Struct, frozen=True):
    """A regular expression (RE2) to be found anywhere in an attribute."""

    text: str


Match = str | Pattern | _Absent
SAVINGS_PLAN = "savings_plan_"
"""What every purchase option of a savings plan begins with."""
DEV_TEST = "dev_test"
"""Purchase option of subscriptions for development and tests."""
COMMITTED_USE = "commit_"
"""What every purchase option of Google's committed use begins with; each is a product of its own."""
UNLISTED = "meter"
"""The attribute of prices that no vendor's list has: of what is charged under a name that nobody has confirmed, so that an
overlay alone can price it."""


class Selector(Struct, frozen=True):
    """Which rows are meant: exact values, patterns, or the absence of an attribute.

    unit  what the price is for; a price for another unit that can be converted is converted
    """

    vendor: str
    service: str
    region: str
    family: Match | None = None
    attributes: tuple[tuple[str, Match], ...] = ()
    purchase_option: str | None = "on_demand"
    unit: str | None = None

    def __str__(self) -> str:
        parts = [f"{key} {_spelled(match)}" for key, match in self.attributes]
        family = [] if self.family is None else [f"family {_spelled(self.family)}"]
        option = [self.purchase_option] if self.purchase_option not in {None, "on_demand"} else []
        return ", ".join([f"{self.service} in {self.region}", *family, *parts, *map(str, option)])


class Product(Struct, frozen=True):
    """What a price is for: the identity of a catalog row."""

    family: str
    attributes: Mapping[str, str]
    unit: str
    purchase_option: str


class Tier(Struct, frozen=True):
    """A price that holds from `start` up to `end` units a month (None: without end).

    covered  what of the price stands for usage that a commitment of the overlay covers
    """

    start: Decimal
    end: Decimal | None
    price: Decimal
    source: PriceSource
    covered: Decimal = Decimal(0)


class Ladder(Struct, frozen=True):
    """The prices of one product, cheapest quantity first: a single tier, or several that follow one another."""

    product: Product
    tiers: tuple[Tier, ...]

    def split(self, quantity: Decimal, used: Decimal = Decimal(0)) -> Iterator[tuple[Tier, Decimal]]:
        """Yield each tier that the quantity reaches and how much of it falls there, `used` units being spent already."""
        for tier in self.tiers:
            start = max(tier.start, used)
            end = used + quantity if tier.end is None else min(tier.end, used + quantity)
            if end > start:
                yield tier, end - start

    def sustained(self, share: Decimal | None) -> Ladder:
        """Return the prices where use on demand costs a share of them, if that is known; what is covered costs what it does."""
        if share is None or share == 1:
            return self
        tiers = [
            replace(
                tier,
                price=tier.covered + (tier.price - tier.covered) * share,
                source=replace(
                    tier.source, list_price=None if tier.source.list_price is None else tier.source.list_price * share
                ),
            )
            for tier in self.tiers
        ]
        return replace(self, tiers=tuple(tiers))

    def per(self, unit: str | None) -> Ladder:
        """Return the same prices for another unit, which `factor` knows."""
        ratio = None if unit is None else factor(unit, self.product.unit)
        if unit is None or ratio is None or unit == self.product.unit:
            return self
        tiers = tuple(
            replace(
                tier,
                start=tier.start / ratio,
                end=None if tier.end is None else tier.end / ratio,
                price=tier.price * ratio,
                covered=tier.covered * ratio,
                source=replace(
                    tier.source,
                    list_price=None if tier.source.list_price is None else tier.source.list_price * ratio,
                ),
            )
            for tier in self.tiers
        )
        return Ladder(replace(self.product, unit=unit), tiers)


class NoPrice(Struct, frozen=True):
    """The catalog has no such row. `nearest` says which part of the selector finds nothing."""

    selector: Selector
    nearest: str = ""


class Ambiguous(Struct, frozen=True):
    """The catalog has several products that fit and cost differently."""

    selector: Selector
    products: tuple[Product, ...]


Answer = Ladder | NoPrice | Ambiguous


Indexes = dict[str, dict[str | None, list[int]]]
"""The places of products on a shelf, by an attribute and its value."""
_FEW = 64  # candidates: looking at each is quicker than one more index over a shelf


class Shelf:
    """The products of one service in one region, with an index on each attribute that somebody asks for.

    ladder   gives the prices of a product by its place. A run asks for a few of thousands, so no others are made
    indexes  those that there are: shelves of the same products share them
    """

    def __init__(self, products: Iterable[Product], ladder: Callable[[int], Ladder], indexes: Indexes) -> None:
        self._products = tuple(products)
        self._ladder = ladder
        self._indexes = indexes

    def find(self, selector: Selector) -> Answer:
        """Return the one ladder that fits, NoPrice or Ambiguous."""
        places = [place for place in self._candidates(selector) if _fits(self._products[place], selector)]
        fitting = [self._ladder(place) for place in places]
        if not fitting:
            return NoPrice(selector, self._missing(selector))
        # The unit that was asked for goes before converted ones: no rounding, and the vendor's own number is shown.
        exact = [ladder for ladder in fitting if ladder.product.unit == selector.unit]
        fitting = exact or [ladder.per(selector.unit) for ladder in fitting]
        first = fitting[0]
        # Vendors list one product several times; at one price that is no ambiguity.
        if all(_same_prices(first, other) for other in fitting[1:]):
            return first
        return Ambiguous(selector, tuple(ladder.product for ladder in fitting))

    def _candidates(self, selector: Selector) -> Iterable[int]:
        count = len(self._products)
        best: Iterable[int] = range(count)
        for key, match in selector.attributes:
            if count <= _FEW:
                break
            if isinstance(match, str):
                places = self._index(key).get(match, [])
                if len(places) < count:
                    best, count = places, len(places)
        return best

    def _index(self, key: str) -> dict[str | None, list[int]]:
        if key not in self._indexes:
            index: dict[str | None, list[int]] = {}
            for place, product in enumerate(self._products):
                index.setdefault(product.attributes.get(key), []).append(place)
            self._indexes[key] = index
        return self._indexes[key]

    def _missing(self, selector: Selector) -> str:
        """Say what stands in the way: a value that no row has, or the one condition without which a row would fit."""
        if not self._products:
            return f"no price shipped for {selector.region}" if selector.region else "no price shipped"
        for key, match in selector.attributes:
            if isinstance(match, str) and match not in self._index(key):
                return f"no {key} {match!r} in {selector.region}"
        relaxed = [(f"no {selector.purchase_option} price of it", replace(selector, purchase_option=None))]
        relaxed += [
            (f"none with {key} {match!r}", replace(selector, attributes=_without(selector, key)))
            for key, match in selector.attributes
            if isinstance(match, str)
        ]
        for reason, wider in relaxed:
            if any(_fits(self._products[place], wider) for place in self._candidates(wider)):
                return f"{reason} in {selector.region}"
        return f"no such price in {selector.region}"


def _without(selector: Selector, key: str) -> tuple[tuple[str, Match], ...]:
    return tuple(pair for pair in selector.attributes if pair[0] != key)


def _fits(product: Product, selector: Selector) -> bool:
    if selector.purchase_option is not None and product.purchase_option != selector.purchase_option:
        return False
    if selector.unit is not None and factor(selector.unit, product.unit) is None:
        return False
    if selector.family is not None and not matches(selector.family, product.family):
        return False
    return all(matches(match, product.attributes.get(key)) for key, match in selector.attributes)


def matches(match: Match, value: str | None) -> bool:
    """Say whether an attribute, None if the row does not have it, is what is asked for."""
    if isinstance(match, str):
        return match == value
    if isinstance(match, Pattern):
        return value is not None and _regex(match.text).search(value) is not None
    return value is None


_compiled: dict[str, Any] = {}


def _regex(text: str) -> Any:
    if text not in _compiled:
        _compiled[text] = re2.compile(text)
    return _compiled[text]


def _same_prices(left: Ladder, right: Ladder) -> bool:
    return left.product.unit == right.product.unit and [(t.start, t.end, t.price) for t in left.tiers] == [
        (t.start, t.end, t.price) for t in right.tiers
    ]


def _spelled(match: Match) -> str:
    if isinstance(match, Pattern):
        return f"~ {match.text}"
    return f"= {match}" if isinstance(match, str) else "absent"
