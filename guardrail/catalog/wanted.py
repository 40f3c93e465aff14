"""What definitions can select, so that a price list of millions of rows is kept to those that matter."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from guardrail.catalog.query import SAVINGS_PLAN, Match, matches

_REMEMBERED = 4_000  # answers held in memory; a price list repeats itself


@dataclass(frozen=True, slots=True)
class Want:
    """What one component asks for. None: anything, for what is decided by a resource's attributes."""

    vendor: str
    service: str
    family: Match | None
    attributes: tuple[tuple[str, Match | None], ...]
    purchase_option: str | None


class Wanted:
    """All wants together.

    plans  vendor and purchase option of savings plans and reservations that are wanted for whatever is sold on demand
    """

    def __init__(self, wants: Iterable[Want], plans: Iterable[tuple[str, str]] = ()) -> None:
        self._plans = frozenset(plans)
        self._wants: defaultdict[tuple[str, str], set[Want]] = defaultdict(set)
        for want in wants:
            self._wants[want.vendor, want.service].add(want)
        self._answers: dict[tuple[object, ...], bool] = {}

    def services(self, vendor: str) -> tuple[str, ...]:
        """Return the services of a vendor that anything is asked of."""
        return tuple(sorted(service for owner, service in self._wants if owner == vendor))

    def keys(self, vendor: str, service: str) -> tuple[str, ...]:
        """Return the attributes by which rows of a service are selected: the only ones that are kept."""
        return tuple(sorted({key for want in self._wants[vendor, service] for key, _ in want.attributes}))

    def options(self, vendor: str) -> tuple[str, ...]:
        """Return the purchase options of a vendor's savings plans and reservations that are wanted."""
        return tuple(sorted(option for owner, option in self._plans if owner == vendor))

    def fingerprint(self, vendor: str, service: str) -> str:
        """Return what changes when other rows, or more of them, are selected from the lists of a service."""
        listed = [option for option in self.options(vendor) if not option.startswith(SAVINGS_PLAN)]
        text = "\n".join([*sorted(map(repr, self._wants[vendor, service])), *listed])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def keeps(self, vendor: str, service: str, family: str, attributes: Mapping[str, str], option: str | None) -> bool:
        """Say whether any definition could select a row; without an option, by any of them."""
        key = (vendor, service, family, option, *attributes.items())
        if key not in self._answers:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            named = (vendor, option) in self._plans
            self._answers[key] = any(
                _sold(want, option, named=named) and _could_be(want, family, attributes)
                for want in self._wants[vendor, service]
            )
        return self._answers[key]


def _sold(want: Want, option: str | None, *, named: bool) -> bool:
    """Say whether a want may mean what is sold in a way, or in any; `named`: as a plan for all that is sold on demand.

    A definition that computes the way to pay means no savings plans: every price has many, and an overlay names them.
    """
    if option is None or (named and want.purchase_option == "on_demand"):
        return True
    if want.purchase_option is None:
        return named or not option.startswith(SAVINGS_PLAN)
    return want.purchase_option == option


def _could_be(want: Want, family: str, attributes: Mapping[str, str]) -> bool:
    if want.family is not None and not matches(want.family, family):
        return False
    return all(match is None or matches(match, attributes.get(key)) for key, match in want.attributes)
