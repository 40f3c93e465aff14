"""Prices on disk, and how one of them is selected (see docs/catalog.md)."""

from guardrail.catalog.query import ABSENT, Ambiguous, Answer, Ladder, Match, NoPrice, Pattern, Selector, Tier
from guardrail.catalog.store import Catalog, open_catalog

__all__ = [
    "ABSENT",
    "Ambiguous",
    "Answer",
    "Catalog",
    "Ladder",
    "Match",
    "NoPrice",
    "Pattern",
    "Selector",
    "Tier",
    "open_catalog",
]
