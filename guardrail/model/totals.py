"""Sums of what the resources of a project cost, and what is known to be missing from them."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from guardrail.model.cost import ResourceCost, counted
from guardrail.model.money import ZERO
from guardrail.model.plan.not_evaluated import NotEvaluated


class Bound(StrEnum):
    """What is known of an amount from which something may be missing."""

    EXACT = "exact"
    AT_LEAST = "at-least"
    AT_MOST = "at-most"
    NOT_KNOWN = "not-known"
    ABOUT = "about"  # part of it stands on assumed usage, which may be more or less


class Totals(Struct, frozen=True):
    """Sums of what is known, and what is missing from them.

    unpriced        resources with something that has no price, before the change or after it
    usage_based     resources that depend on usage which is not given
    not_evaluated   blocks that stand for resources nobody could tell, changes left to a later plan, and the like
    assumed         resources of which something stands on an assumption: the sums hold it
    gap_before, gap_after      whether anything, of whatever kind, is missing from the sum before and after
    delta_gap_before, ..       whether anything is missing from either side of the delta
    unpriced_before            whether more than usage is missing before, so that no percentage can be told
    assumed_usage_before, ..   the parts of the sums that stand on assumed usage
    on_assumed_usage           resources of which something stands on assumed usage; `usage_based` does not hold these
    before_on_assumed_usage, ..  whether a sum stands on it; of the delta, what is assumed alike on both sides cancels out
    usage_profile              the profile that the usage is assumed by, "" for none
    """

    monthly_before: Decimal = ZERO
    monthly_cost: Decimal = ZERO
    monthly_delta: Decimal = ZERO
    unpriced: int = 0
    usage_based: int = 0
    not_evaluated: int = 0
    assumed: int = 0
    gap_before: bool = False
    gap_after: bool = False
    delta_gap_before: bool = False
    delta_gap_after: bool = False
    unpriced_before: bool = False
    assumed_usage_before: Decimal = ZERO
    assumed_usage: Decimal = ZERO
    assumed_usage_delta: Decimal = ZERO
    on_assumed_usage: int = 0
    before_on_assumed_usage: bool = False
    after_on_assumed_usage: bool = False
    delta_on_assumed_usage: bool = False
    usage_profile: str = ""

    @property
    def delta_percent(self) -> Decimal | None:
        """The delta in percent of what was; None where that is zero, or not completely priced: there is no such number."""
        if not self.monthly_before or self.unpriced_before:
            return None
        return self.monthly_delta / self.monthly_before * 100

    @property
    def before_bound(self) -> Bound:
        """What `monthly_before` is to what was paid."""
        return _bound(is_assumed=self.before_on_assumed_usage, is_open=self.gap_before)

    @property
    def cost_bound(self) -> Bound:
        """What `monthly_cost` is to what will be paid."""
        return _bound(is_assumed=self.after_on_assumed_usage, is_open=self.gap_after)

    @property
    def delta_bound(self) -> Bound:
        """What `monthly_delta` is to the change of the bill."""
        bound = bound_of_delta(gap_before=self.delta_gap_before, gap_after=self.delta_gap_after)
        return Bound.ABOUT if self.delta_on_assumed_usage and bound is not Bound.NOT_KNOWN else bound

    @property
    def lower_bound(self) -> bool:
        """Whether anything is missing from the sums."""
        return self.gap_before or self.gap_after

    def __add__(self, other: Totals) -> Totals:
        amounts = (getattr(self, name) + getattr(other, name) for name in _SUMMED)
        flags = (getattr(self, name) or getattr(other, name) for name in _FLAGS)
        values = dict(zip((*_SUMMED, *_FLAGS), (*amounts, *flags), strict=True))
        return Totals(**values, usage_profile=self.usage_profile or other.usage_profile)


_FLAGS = (
    "gap_before",
    "gap_after",
    "delta_gap_before",
    "delta_gap_after",
    "unpriced_before",
    "before_on_assumed_usage",
    "after_on_assumed_usage",
    "delta_on_assumed_usage",
)
_SUMMED = tuple(name for name in Totals.__struct_fields__ if name not in {*_FLAGS, "usage_profile"})


def _bound(*, is_assumed: bool, is_open: bool) -> Bound:
    # Less may be used than is assumed, or more: a sum that stands on it is no bound, whatever else is missing.
    if is_assumed:
        return Bound.ABOUT
    return Bound.AT_LEAST if is_open else Bound.EXACT


def bound_of_delta(*, gap_before: bool, gap_after: bool) -> Bound:
    """Say what a difference of known amounts is to the real one, by the sides that something is missing from."""
    if gap_before and gap_after:
        return Bound.NOT_KNOWN
    return Bound.AT_LEAST if gap_after else Bound.AT_MOST if gap_before else Bound.EXACT


def totals(resources: tuple[ResourceCost, ...], not_evaluated: tuple[NotEvaluated, ...] = ()) -> Totals:
    """Sum the resources of one project."""
    several = counted(resources)
    changing = [(resource, number) for resource, number in several if not resource.stays]
    gaps = [resource.delta_gaps for resource, _ in changing] + [one.opens_delta for one in not_evaluated]
    sides = [(resource.sides, number) for resource, number in several]
    befores = [(resource.before, number) for resource, number in several if resource.before]
    afters = [(resource.after, number) for resource, number in several if resource.after]
    return Totals(
        sum((side.total * number for side, number in befores), ZERO),
        sum((side.total * number for side, number in afters), ZERO),
        sum((resource.total_delta * number for resource, number in changing), ZERO),
        unpriced=sum(number for both, number in sides if any(side.unpriced for side in both)),
        usage_based=sum(number for both, number in sides if any(side.usage_based for side in both)),
        not_evaluated=len(not_evaluated),
        assumed=sum(number for side, number in afters if side.assumed),
        gap_before=any(side.is_lower_bound for side, _ in befores) or any(one.before for one in not_evaluated),
        gap_after=any(side.is_lower_bound for side, _ in afters) or any(one.after for one in not_evaluated),
        delta_gap_before=any(before for before, _ in gaps),
        delta_gap_after=any(after for _, after in gaps),
        unpriced_before=any(side.unpriced for side, _ in befores) or any(one.before for one in not_evaluated),
        assumed_usage_before=sum((side.assumed_usage * number for side, number in befores), ZERO),
        assumed_usage=sum((side.assumed_usage * number for side, number in afters), ZERO),
        assumed_usage_delta=sum((resource.assumed_usage_delta * number for resource, number in changing), ZERO),
        on_assumed_usage=sum(number for both, number in sides if any(side.on_assumed_usage for side in both)),
        before_on_assumed_usage=any(side.on_assumed_usage for side, _ in befores),
        after_on_assumed_usage=any(side.on_assumed_usage for side, _ in afters),
        delta_on_assumed_usage=any(resource.delta_on_assumed_usage for resource, _ in changing),
        usage_profile=next(
            (line.usage_profile for side, _ in (*afters, *befores) for line in side.on_assumed_usage), ""
        ),
    )
