"""The resources of a report as rows, alone or alike together, and their order."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from msgspec import Struct

from guardrail.model.cost import UNCHANGED, Cost, ResourceCost
from guardrail.model.difference import Difference
from guardrail.model.money import ZERO
from guardrail.model.order import natural
from guardrail.model.totals import Bound
from guardrail.report.format import with_bound
from guardrail.report.parts.changes import ComponentChange, component_changes
from guardrail.report.text import safe

Natural = tuple[Any, ...]


class Row(Struct, frozen=True):
    """One resource, the label of its project where there are several, and the name of its project in any case."""

    project: str
    resource: ResourceCost
    owner: str = ""

    @property
    def components(self) -> list[ComponentChange]:
        """The cost components that differ, the greatest effect first."""
        return component_changes(self.resource)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The attributes that differ, what moves the cost most first."""
        return self.resource.differences

    @property
    def why(self) -> str:
        """Why the cost changes of something that nothing happens to, "" where something does."""
        return "what it refers to changes" if self.resource.change.action in UNCHANGED else ""

    @property
    def side(self) -> Cost | None:
        """The side that will be billed, else the one that was."""
        sides = self.resource.sides
        return sides[0] if sides else None


class Alike(Struct, frozen=True):
    """Resources of one type to which the same happens, at the same cost and for the same reason: one, or several."""

    rows: tuple[Row, ...]

    @property
    def first(self) -> Row:
        """The one that stands for all."""
        return self.rows[0]

    @property
    def effect(self) -> Decimal:
        """What they do to the bill together, as far as it is known or assumed."""
        return self.first.resource.total_delta * len(self.rows)


def named(row: Row, limit: int = 160) -> str:
    """Return the address as reports print it, after its project where there are several."""
    address = safe(row.resource.change.address, limit)
    return f"{row.project}: {address}" if row.project else address


def worth(rows: Iterable[Row], currency: str) -> str:
    """Return what resources cost together after the change, as a bound where something is missing."""
    sides = [row.resource.after for row in rows if row.resource.after]
    bound = Bound.AT_LEAST if any(side.is_lower_bound for side in sides) else Bound.EXACT
    bound = Bound.ABOUT if any(side.on_assumed_usage for side in sides) else bound
    return with_bound(sum((side.total for side in sides), ZERO), bound, currency)


def has_effect(row: Row) -> bool:
    """Say whether the cost of a resource changes, or may change."""
    resource = row.resource
    return bool(resource.total_delta) or any(resource.delta_gaps)


def by_effect(row: Row) -> tuple[Decimal, Decimal, Natural, Natural]:
    """Return the key that sorts by effect on the cost, then by cost, project and address."""
    resource = row.resource
    effect = abs(resource.total_delta)
    return -effect, -(resource.monthly_cost or ZERO), natural(row.project), natural(resource.change.address)


def by_cost(row: Row) -> tuple[Decimal, Natural, Natural]:
    """Return the key that sorts by cost, then by project and address."""
    return -(row.side.total if row.side else ZERO), natural(row.project), natural(row.resource.change.address)
