"""Sums of money over resources, with what is missing from them: the totals that rules on plans and budgets see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from guardrail.model.cost import Cost, ResourceCost
from guardrail.model.money import ZERO
from guardrail.model.resource import Action
from guardrail.model.unknown import Json, Unknown

NOT_PRICED = "not completely priced"
UNCHANGED = frozenset({Action.NO_OP, Action.MOVE, Action.FORGET, Action.IMPORT})
"""Actions that change nobody's bill."""


@dataclass(frozen=True, slots=True)
class Spend:
    """Monthly amounts as far as known, and how many resources each of them misses something of."""

    before: Decimal = ZERO
    known: Decimal = ZERO
    delta: Decimal = ZERO
    before_unpriced: int = 0
    unpriced: int = 0
    delta_unpriced: int = 0

    @property
    def as_before(self) -> Spend:
        """The same before the change: nothing has been added yet."""
        return Spend(self.before, self.before, ZERO, self.before_unpriced, self.before_unpriced, 0)

    def __add__(self, other: Spend) -> Spend:
        return Spend(
            self.before + other.before,
            self.known + other.known,
            self.delta + other.delta,
            self.before_unpriced + other.before_unpriced,
            self.unpriced + other.unpriced,
            self.delta_unpriced + other.delta_unpriced,
        )

    def values(self, name: str) -> dict[str, Json]:
        """Return what a rule reads below `name` ("plan", "budget.cost")."""

        def sure(field: str, amount: Decimal, missing: int) -> Decimal | Unknown:
            return Unknown(f"{name}.{field}", NOT_PRICED, None) if missing else amount

        return {
            "monthly": sure("monthly", self.known, self.unpriced),
            "known": self.known,
            "before": sure("before", self.before, self.before_unpriced),
            "delta": sure("delta", self.delta, self.delta_unpriced),
            "known_delta": self.delta,
            "delta_percent": self._percent(f"{name}.delta_percent"),
            "unpriced": self.unpriced,
        }

    def _percent(self, name: str) -> Decimal | Unknown | None:
        if self.delta_unpriced or (self.before_unpriced and self.delta):
            return Unknown(name, NOT_PRICED, None)
        return self.delta / self.before * 100 if self.before else None


def spend(resource: ResourceCost, *, before: bool = True, after: bool = True) -> Spend:
    """Return what one resource costs; `before` and `after` say which of its sides count."""
    was = resource.before if before else None
    will = resource.after if after else None
    both = before and after
    if both and resource.change.action in UNCHANGED:
        return Spend(_known(was), _known(will), ZERO, _gap(was), _gap(will), 0)
    delta = _known(will) - _known(was)
    return Spend(_known(was), _known(will), delta, _gap(was), _gap(will), max(_gap(was), _gap(will)))


def total(resources: Iterable[ResourceCost]) -> Spend:
    """Return the sum over resources."""
    before, known, delta, gaps = ZERO, ZERO, ZERO, [0, 0, 0]
    for resource in resources:
        one = spend(resource)
        before, known, delta = before + one.before, known + one.known, delta + one.delta
        gaps = [gaps[0] + one.before_unpriced, gaps[1] + one.unpriced, gaps[2] + one.delta_unpriced]
    return Spend(before, known, delta, *gaps)


def _known(side: Cost | None) -> Decimal:
    return side.known if side else ZERO


def _gap(side: Cost | None) -> int:
    return int(side.unpriced) if side else 0
