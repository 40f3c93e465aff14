"""Sums of money over resources, with what is missing from them: the totals that rules on plans and budgets see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any

from msgspec import Struct

from guardrail.model.cost import Cost, ResourceCost
from guardrail.model.money import ZERO
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.resource import Action
from guardrail.model.unknown import Json, Unknown

INCOMPLETE = "incomplete"
"""Why an amount is not known: part of it has no price."""
USAGE_REMEDY = "write down the usage: `guardrail usage init` prints a file to fill in"
"""What makes an amount known that depends on usage."""
_REMEDY = "the report lists what is not evaluated or not priced, and what to do about each"
_TAGS_REMEDY = "give the tags that the budget matches by values that are known before apply"


class Spend(Struct, frozen=True):
    """Monthly amounts as far as known, and how many resources each of them misses something of.

    delta_open_below  how many of those miss something before the change, so that the known delta is no lower bound
    not_evaluated     how many blocks and the like are missing altogether; the other counts hold them too
    tags_unknown      how many resources may or may not be meant, by tags that are not known; the other counts hold them too
    usage_open        how many resources cost more than is known by usage that is not given; no other count holds them
    usage_open_new    how many of those the change creates or changes
    assumed_usage     what usage comes to that a profile assumes, and before the change; no other amount holds it
    """

    before: Decimal = ZERO
    known: Decimal = ZERO
    delta: Decimal = ZERO
    before_unpriced: int = 0
    unpriced: int = 0
    delta_unpriced: int = 0
    delta_open_below: int = 0
    not_evaluated: int = 0
    tags_unknown: int = 0
    usage_open: int = 0
    usage_open_new: int = 0
    assumed_usage: Decimal = ZERO
    assumed_usage_before: Decimal = ZERO

    @property
    def as_before(self) -> Spend:
        """The same before the change: nothing has been added yet."""
        assumed = self.assumed_usage_before
        return Spend(
            self.before,
            self.before,
            ZERO,
            self.before_unpriced,
            self.before_unpriced,
            assumed_usage_before=assumed,
            assumed_usage=assumed,
        )

    def __add__(self, other: Spend) -> Spend:
        return Spend(*(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__))

    def values(self, name: str) -> dict[str, Json]:
        """Return what a rule reads below `name` ("plan", "budget.cost")."""

        def sure(field: str, amount: Decimal, missing: int) -> Decimal | Unknown:
            return self._open(f"{name}.{field}") if missing else amount

        return {
            "monthly": sure("monthly", self.known, self.unpriced),
            "known": self.known,
            "with_usage": self._with_usage(f"{name}.with_usage"),
            "before": sure("before", self.before, self.before_unpriced),
            "delta": sure("delta", self.delta, self.delta_unpriced),
            "known_delta": sure("known_delta", self.delta, self.delta_open_below),
            "delta_percent": self._percent(f"{name}.delta_percent", self.delta_unpriced),
            "known_delta_percent": self._percent(f"{name}.known_delta_percent", self.delta_open_below),
            "unpriced": self.unpriced,
            "not_evaluated": self.not_evaluated,
            "assumed_usage": self.assumed_usage,
        }

    def _with_usage(self, name: str) -> Decimal | Unknown:
        """Return what all costs after the change, Unknown where usage is not given, too."""
        if self.unpriced:
            return self._open(name)
        if self.usage_open:
            of = "1 resource" if self.usage_open == 1 else f"{self.usage_open:,} resources"
            return Unknown(name, f"{INCOMPLETE}: usage of {of} is not given", None, USAGE_REMEDY)
        return self.known

    def _open(self, name: str) -> Unknown:
        """Return the amount of that name as unknown, with how much is missing from it."""
        others = max(self.unpriced, self.before_unpriced, self.delta_unpriced) - self.not_evaluated - self.tags_unknown
        parts = [f"{self.not_evaluated:,} not evaluated"] if self.not_evaluated else []
        parts += [f"{others:,} not priced"] if others > 0 else []
        parts += [f"{self.tags_unknown:,} with tags known after apply"] if self.tags_unknown else []
        why = f"{INCOMPLETE}: {', '.join(parts)}" if parts else INCOMPLETE
        return Unknown(name, why, None, _REMEDY if others > 0 or self.not_evaluated else _TAGS_REMEDY)

    def _percent(self, name: str, missing: int) -> Decimal | Unknown | None:
        """Return the delta in percent of what was; None where that is 0, since there is no such number."""
        if not self.before and not self.before_unpriced:
            return None
        if missing or (self.before_unpriced and self.delta):
            return self._open(name)
        return self.delta / self.before * 100 if self.before else ZERO


def spend(resource: ResourceCost, *, before: bool = True, after: bool = True) -> Spend:
    """Return what one resource costs; `before` and `after` say which of its sides count."""
    was = resource.before if before else None
    will = resource.after if after else None
    known_before, known, gap_before, gap = _known(was), _known(will), _gap(was), _gap(will)
    usage_open = int(will.as_given.usage_based) if will else 0
    stays = before and after and resource.stays
    return Spend(
        before=known_before,
        known=known,
        delta=ZERO if stays else known - known_before,
        before_unpriced=gap_before,
        unpriced=gap,
        delta_unpriced=0 if stays else max(gap_before, gap),
        delta_open_below=0 if stays else gap_before,
        usage_open=usage_open,
        usage_open_new=usage_open and int(resource.changes),
        assumed_usage=will.assumed_usage if will else ZERO,
        assumed_usage_before=was.assumed_usage if was else ZERO,
    )


def missing(one: NotEvaluated) -> Spend:
    """Return what is not known of sums because something was not evaluated."""
    open_below, open_above = one.opens_delta
    return Spend(
        before_unpriced=int(one.before),
        unpriced=int(one.after),
        delta_unpriced=int(open_below or open_above),
        delta_open_below=int(open_below),
        not_evaluated=int(one.before or one.after),
    )


def spends(resources: Sequence[ResourceCost]) -> Iterator[Spend]:
    """Give what each resource costs: asked once of those that share their costs, if the same happens to them."""
    known: dict[tuple[int, int, bool, Action], Spend] = {}
    for resource in resources:  # which are kept, and so are their costs: nothing else gets the id of one
        key = id(resource.before), id(resource.after), resource.is_compared, resource.change.action
        found = known.get(key)
        if found is None:
            found = known[key] = spend(resource)
        yield found


def total(resources: Sequence[ResourceCost], not_evaluated: Iterable[NotEvaluated] = ()) -> Spend:
    """Return the sum over resources, and what of it is missing."""
    return added([*spends(resources), *map(missing, not_evaluated)])


def added(sums: Sequence[Spend]) -> Spend:
    """Return the sum of many."""
    columns = zip(*map(_FIELDS, sums), strict=True) if sums else ()
    totals = {name: sum(column, _START[name]) for name, column in zip(_START, columns, strict=False)}
    return Spend(**totals)


_AMOUNTS = frozenset({"before", "known", "delta", "assumed_usage", "assumed_usage_before"})
_START: Mapping[str, Any] = {name: ZERO if name in _AMOUNTS else 0 for name in Spend.__struct_fields__}
_FIELDS = attrgetter(*_START)


def _known(side: Cost | None) -> Decimal:
    return side.as_given.known if side else ZERO


def _gap(side: Cost | None) -> int:
    return int(side.as_given.unpriced) if side else 0
