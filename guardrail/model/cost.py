"""What resources cost in a month, line by line, and how well that is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from operator import attrgetter

from msgspec import Struct
from msgspec.structs import replace

from guardrail.model.difference import Difference
from guardrail.model.money import ZERO
from guardrail.model.reason import Reason
from guardrail.model.resource import Action, Change


class LineStatus(StrEnum):
    """How a line's cost is known."""

    __hash__ = str.__hash__  # that of Enum is a function of Python, and many times slower

    PRICED = "priced"
    ASSUMED = "assumed"  # a stated assumption filled in for what the plan does not tell
    USAGE = "usage"  # depends on usage that is not given
    UNKNOWN = "unknown"  # depends on a value known only after apply
    NO_PRICE = "no-price"  # the catalog has no such price
    AMBIGUOUS = "ambiguous"  # the catalog has several and nothing tells which


class ResourceStatus(StrEnum):
    """How a resource's cost is known."""

    __hash__ = str.__hash__  # that of Enum is a function of Python, and many times slower

    PRICED = "priced"
    PARTIAL = "partial"  # some line has no cost
    FREE = "free"
    UNSUPPORTED = "unsupported"  # no definition says what it costs


SYNC = "guardrail pricing sync"
"""The command that brings prices from the vendors' lists."""
NOT_GIVEN = "depends on usage"
"""Why the amount of a line is not known whose usage is not given."""
UNPRICED_LINES = frozenset({LineStatus.UNKNOWN, LineStatus.NO_PRICE, LineStatus.AMBIGUOUS})


class PriceSource(Struct, frozen=True):
    """The catalog row a unit price was read from: who said so, and when.

    list_price  what the vendor's list says, where something else is paid: in the unit of the price beside it
    """

    sku: str
    source: str
    as_of: str
    service: str
    region: str
    purchase_option: str = "on_demand"
    list_price: Decimal | None = None


class Line(Struct, frozen=True):
    """One cost component. Amounts are None where they are not known.

    group   the block or the child that the line belongs to ("root_block_device"), "" for the resource itself
    note    why there is no cost, or what was assumed; "" for a plainly priced line
    at_least  the amount is that of a minimum (of a group, of a serverless cluster): what is used comes on top of it
    usage_key  the one key of a usage file that the quantity follows; "" where it follows none, or several
    meter   what the vendor's bill calls it (AWS: usage type, Azure: name of the meter, Google: SKU id), "" where the catalog
            does not tell. Neither it nor the usage key decides whether two lines are equal: older results have neither
    reason  the kind of gap, None where the amount is known
    remedy  the command to run, or what to do, so that the amount becomes known; "" where there is nothing
    lacks   vendor, service and region of the price that is missing, where the vendor's list has it
    sought  which price was looked for where there is none: two lines that lack the same price cost the same
    usage_profile  the profile whose assumed usage the quantity stands on ("medium"); "" for usage that is given, or for none
    assumed_usage  the part of the amount that stands on it: the whole, or what is above a minimum. 0 without a profile
    """

    name: str
    unit: str
    status: LineStatus
    group: str = ""
    monthly_quantity: Decimal | None = None
    unit_price: Decimal | None = None
    monthly_cost: Decimal | None = None
    price: PriceSource | None = None
    note: str = ""
    reason: Reason | None = None
    remedy: str = ""
    at_least: bool = False
    usage_key: str = ""
    meter: str = ""
    lacks: tuple[str, str, str] | None = None
    sought: str = ""
    usage_profile: str = ""
    assumed_usage: Decimal = ZERO

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Line) and _compared(self) == _compared(other)

    def __ne__(self, other: object) -> bool:
        return not self == other  # a struct's own is not made of `__eq__`

    def __hash__(self) -> int:
        return hash(_compared(self))

    @property
    def without_assumed_usage(self) -> Line:
        """The line with nothing of usage but what is given: without an amount, or at its minimum."""
        if not self.usage_profile:
            return self
        minimum = (self.monthly_cost or ZERO) - self.assumed_usage
        return replace(
            self,
            status=LineStatus.USAGE if self.status is LineStatus.ASSUMED else self.status,
            monthly_quantity=None,
            monthly_cost=minimum or None,
            note=NOT_GIVEN,
            at_least=minimum > 0,
            usage_profile="",
            assumed_usage=ZERO,
        )

    @property
    def list_cost(self) -> Decimal | None:
        """What it would cost at list prices."""
        if self.monthly_cost is None or self.price is None or self.price.list_price is None:
            return self.monthly_cost
        if self.unit_price:
            return self.monthly_cost * self.price.list_price / self.unit_price
        return self.price.list_price * (self.monthly_quantity or ZERO)


_compared = attrgetter(*(name for name in Line.__struct_fields__ if name not in {"usage_key", "meter"}))


class Cost(Struct, frozen=True, dict=True):
    """What one resource costs in a month, on one side of the change. Equal resources share one.

    reason, remedy  as those of a Line, where the resource has no line that could say so
    given   the cost without what is assumed of usage, where a profile assumes some: what rules and budgets judge
    """

    lines: tuple[Line, ...]
    status: ResourceStatus
    note: str = ""
    reason: Reason | None = None
    remedy: str = ""
    given: Cost | None = None

    @property
    def as_given(self) -> Cost:
        """The cost by what is given, without assumed usage: a profile changes no verdict."""
        return self.given or self

    @cached_property
    def total(self) -> Decimal:
        """The sum of the lines that have an amount, assumed usage included."""
        return sum((line.monthly_cost for line in self.lines if line.monthly_cost is not None), ZERO)

    @cached_property
    def assumed_usage(self) -> Decimal:
        """The part of the total that stands on assumed usage."""
        return sum((line.assumed_usage for line in self.lines), ZERO)

    @cached_property
    def on_assumed_usage(self) -> tuple[Line, ...]:
        """The lines whose quantity stands on assumed usage."""
        return tuple(line for line in self.lines if line.usage_profile)

    @cached_property
    def known(self) -> Decimal:
        """The sum of what is known of the lines, without assumed usage; a lower bound where others are not."""
        return self.total - self.assumed_usage

    @cached_property
    def monthly(self) -> Decimal | None:
        """The monthly cost as far as it is known or assumed; None where nothing of it is."""
        if self.status is ResourceStatus.UNSUPPORTED:
            return None
        amounts = [line.monthly_cost for line in self.lines if line.monthly_cost is not None]
        return None if self.lines and not amounts else sum(amounts, ZERO)

    @cached_property
    def unpriced(self) -> bool:
        """Whether something has no price, for a reason other than usage that nobody gave."""
        return self.status is ResourceStatus.UNSUPPORTED or any(line.status in UNPRICED_LINES for line in self.lines)

    @cached_property
    def at_least(self) -> bool:
        """Whether the amount of some line is that of a minimum, so that the sum is a lower bound."""
        return any(line.at_least for line in self.lines)

    @cached_property
    def usage_based(self) -> bool:
        """Whether something depends on usage that is not given."""
        return any(line.status is LineStatus.USAGE for line in self.lines)

    @cached_property
    def assumed(self) -> bool:
        """Whether something of the amount stands on an assumption."""
        return any(line.status is LineStatus.ASSUMED for line in self.lines)

    @cached_property
    def is_lower_bound(self) -> bool:
        """Whether anything is missing from what is known: no price, usage that is not given, more than a minimum."""
        return self.unpriced or self.usage_based or self.at_least

    @property
    def is_nothing(self) -> bool:
        """Whether it is known that it costs nothing: it is free, or its amounts come to 0 and none is missing."""
        return self.status is ResourceStatus.FREE or not (self.is_lower_bound or self.total)


FREE = Cost((), ResourceStatus.FREE)

UNCHANGED = frozenset({Action.NO_OP, Action.MOVE, Action.FORGET, Action.IMPORT})
"""Actions that leave the resource as it is. What it costs may change all the same, with what it refers to."""


class ResourceCost(Struct, frozen=True):
    """One resource of the plan, priced as it was and as it will be. A side that does not exist is None.

    is_compared  False where both sides lack the same, but what it depends on differs: the amounts behind need not be equal
    differences  attributes that differ, what moves the cost most first; `omitted` counts those that are left out
    planned      a hash of what is planned, where something of what the change costs has no amount; else ""
    """

    change: Change
    before: Cost | None
    after: Cost | None
    is_compared: bool = True
    differences: tuple[Difference, ...] = ()
    omitted: int = 0
    planned: str = ""

    @property
    def priced_as(self) -> Hashable:
        """What is equal of two resources with the same costs, while these exist: their amounts and gaps are the same."""
        return id(self.before), id(self.after), self.is_compared, self.change.action in UNCHANGED

    @property
    def stays(self) -> bool:
        """Whether nothing happens to it, and it costs the same before and after."""
        if self.change.action not in UNCHANGED:
            return False
        return self.before is self.after or (self.is_compared and self.before == self.after)

    @property
    def as_given(self) -> ResourceCost:
        """The resource without what is assumed of usage."""
        before, after = (side.as_given if side else None for side in (self.before, self.after))
        return replace(self, before=before, after=after)

    @property
    def sides(self) -> tuple[Cost, ...]:
        """The costs that the resource has: after, then before."""
        return tuple(filter(None, (self.after, self.before)))

    @property
    def status(self) -> ResourceStatus:
        """The status of the side that will be billed, else of the one that was."""
        side = self.after or self.before
        return side.status if side else ResourceStatus.FREE

    @property
    def monthly_before(self) -> Decimal | None:
        """Known monthly cost before the change: 0 for what did not exist, None where nothing of it is known."""
        return self.before.monthly if self.before else ZERO

    @property
    def monthly_cost(self) -> Decimal | None:
        """Known monthly cost after the change: 0 for what will not exist, None where nothing of it is known."""
        return self.after.monthly if self.after else ZERO

    @property
    def monthly_delta(self) -> Decimal | None:
        """What the change adds to the month's bill, as far as it is known. Nothing, if nothing changes."""
        if self.stays:
            return ZERO
        after, before = self.monthly_cost, self.monthly_before
        return None if after is None or before is None else after - before

    @property
    def total_delta(self) -> Decimal:
        """The total after the change without the one before, assumed usage included. Nothing, if nothing changes."""
        if self.stays:
            return ZERO
        return (self.after.total if self.after else ZERO) - (self.before.total if self.before else ZERO)

    @property
    def assumed_usage_delta(self) -> Decimal:
        """The part of the total delta that stands on assumed usage."""
        if self.stays:
            return ZERO
        after, before = (side.assumed_usage if side else ZERO for side in (self.after, self.before))
        return after - before

    @property
    def delta_on_assumed_usage(self) -> bool:
        """Whether the delta stands on assumed usage. What is assumed alike on both sides, at the same price, cancels out."""
        before, after = (side.on_assumed_usage if side else () for side in (self.before, self.after))
        return before != after and not self.stays

    @property
    def delta_gaps(self) -> tuple[bool, bool]:
        """Whether something before the change, and something after it, is missing from the known delta.

        What depends on the same usage at the same price on both sides is missing from neither: it cancels out.
        """
        before, after = self.before, self.after
        gap_before, gap_after = bool(before and before.is_lower_bound), bool(after and after.is_lower_bound)
        if not (gap_before or gap_after) or self.stays:
            return False, False
        if before and after and gap_before and gap_after:
            was, will = ([line for line in side.lines if line.status is LineStatus.USAGE] for side in (before, after))
            gap_before = before.unpriced or any(line not in will for line in was)
            gap_after = after.unpriced or any(line not in was for line in will)
        return gap_before, gap_after

    @property
    def changes(self) -> bool:
        """Whether something happens to it, or to what it costs."""
        if self.change.action not in UNCHANGED:
            return True
        return not self.stays and (bool(self.total_delta) or any(self.delta_gaps))

    @property
    def unpriced(self) -> bool:
        """Whether the bill after the change (or the saving of a delete) is not completely priced."""
        side = self.after or self.before
        return side.unpriced if side else False

    @property
    def delta_unpriced(self) -> bool:
        """Whether the delta is not completely known."""
        if self.stays:
            return False
        return any(side.unpriced for side in (self.before, self.after) if side)


def counted(resources: Sequence[ResourceCost]) -> list[tuple[ResourceCost, int]]:
    """Return one of the resources that are priced alike, and their number: of ten thousand, a few hundred differ."""
    alike = [one.priced_as for one in resources]
    ones = dict(zip(alike, resources, strict=True))
    return [(ones[priced_as], number) for priced_as, number in Counter(alike).items()]
