"""The prices that definitions can select: of a price list with millions of rows, only these are kept."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from guardrail.catalog.query import COMMITTED_USE, DEV_TEST, SAVINGS_PLAN, UNLISTED, Match, matches

_REMEMBERED = 4_000  # answers held in memory; a price list repeats itself


class PricePattern(Struct, frozen=True):
    """Which prices one component may select. None: any, where the attributes of a resource decide."""

    vendor: str
    service: str
    family: Match | None
    attributes: tuple[tuple[str, Match | None], ...]
    purchase_option: str | None


class UsedPrices:
    """The price patterns of all components.

    plans  vendor and purchase option of the savings plans and reservations that an overlay names
    """

    def __init__(self, patterns: Iterable[PricePattern], plans: Iterable[tuple[str, str]] = ()) -> None:
        self._plans = frozenset(plans)
        self._patterns: defaultdict[tuple[str, str], set[PricePattern]] = defaultdict(set)
        for pattern in patterns:
            self._patterns[pattern.vendor, pattern.service].add(pattern)
        self._answers: dict[tuple[object, ...], bool] = {}

    def services(self, vendor: str) -> tuple[str, ...]:
        """Return the services of a vendor in whose lists any component has prices."""
        listed = {key for key, found in self._patterns.items() if not all(map(_is_unlisted, found))}
        return tuple(sorted(service for owner, service in listed if owner == vendor))

    def keys(self, vendor: str, service: str) -> tuple[str, ...]:
        """Return the attributes by which rows of a service are selected: the only ones that are kept."""
        return tuple(sorted({key for pattern in self._patterns[vendor, service] for key, _ in pattern.attributes}))

    def options(self, vendor: str) -> tuple[str, ...]:
        """Return the purchase options of a vendor's savings plans and reservations in the overlay."""
        return tuple(sorted(option for owner, option in self._plans if owner == vendor))

    def fingerprint(self, vendor: str, service: str) -> str:
        """Return what changes when other rows, or more of them, are selected from the lists of a service."""
        listed = [option for option in self.options(vendor) if not option.startswith(SAVINGS_PLAN)]
        text = "\n".join([*sorted(map(repr, self._patterns[vendor, service])), *listed])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def keeps(self, vendor: str, service: str, family: str, attributes: Mapping[str, str], option: str | None) -> bool:
        """Say whether any definition could select a row; without an option, by any of them."""
        key = (vendor, service, family, option, *attributes.items())
        if key not in self._answers:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            named = (vendor, option) in self._plans
            # Google sells committed use as products that no definition selects: they are found by their description.
            its_own = named and (option or "").startswith(COMMITTED_USE)
            self._answers[key] = its_own or any(
                _sold(pattern, option, named=named) and _could_be(pattern, family, attributes)
                for pattern in self._patterns[vendor, service]
            )
        return self._answers[key]


def _is_unlisted(pattern: PricePattern) -> bool:
    return any(key == UNLISTED for key, _ in pattern.attributes)


def _sold(pattern: PricePattern, option: str | None, *, named: bool) -> bool:
    """Say whether a pattern may mean what is sold in a way, or in any; `named`: as a plan for all that is sold on demand.

    A definition that computes the way to pay means no savings plans and no dev/test: an overlay names them.
    """
    if option is None or (named and pattern.purchase_option == "on_demand"):
        return True
    if pattern.purchase_option is None:
        return named or not option.startswith((SAVINGS_PLAN, DEV_TEST))
    return pattern.purchase_option == option


def _could_be(pattern: PricePattern, family: str, attributes: Mapping[str, str]) -> bool:
    if pattern.family is not None and not matches(pattern.family, family):
        return False
    return all(match is None or matches(match, attributes.get(key)) for key, match in pattern.attributes)
