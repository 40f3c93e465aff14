"""A price as a vendor's list has it, in the catalog's terms, before it is known what else the list holds."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Offer(Struct, frozen=True):
    """One tier of one price.

    attributes  those by which definitions select
    ladder      what the tiers of one price have in common; another ladder of the same product is another price
    tier_end    "" where the next tier, or nothing, ends it
    price       in US dollars
    as_of       the day on which it held (YYYY-MM-DD)
    """

    service: str
    region: str
    family: str
    attributes: Mapping[str, str]
    unit: str
    purchase_option: str
    ladder: str
    tier_start: str
    tier_end: str
    price: str
    sku: str
    as_of: str
