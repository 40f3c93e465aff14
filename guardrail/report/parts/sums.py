"""Costs summed by service, module, team and project."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from guardrail.model.cost import UNCHANGED, Cost, Line, ResourceCost, ResourceStatus
from guardrail.model.order import natural
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.resource import Tags
from guardrail.model.totals import Totals, totals
from guardrail.model.unknown import Unknown
from guardrail.report.text import safe

_LIMIT = 80
ROOT_MODULE = "(root module)"
NO_SERVICE = "(no price)"
NOT_EVALUATED = "(not evaluated)"

Parts = Iterable[tuple[str, ResourceCost]]
"""Resources, or parts of them, each with the name of what it is summed under."""


class Sum(Struct, frozen=True):
    """The resources of one service, module, team or project: what they cost together, and how many they are."""

    name: str
    totals: Totals
    count: int


def summed(parts: Parts, missing: Iterable[tuple[str, NotEvaluated]] = ()) -> list[Sum]:
    """Return the sum of each name, the greatest delta first, then the dearest."""
    resources: defaultdict[str, list[ResourceCost]] = defaultdict(list)
    unknown: defaultdict[str, list[NotEvaluated]] = defaultdict(list)
    for name, resource in parts:
        resources[safe(name, _LIMIT)].append(resource)
    for name, one in missing:
        unknown[safe(name, _LIMIT)].append(one)
    names = dict.fromkeys([*resources, *unknown])
    sums = [Sum(name, totals(tuple(resources[name]), tuple(unknown[name])), len(resources[name])) for name in names]
    return sorted(sums, key=_by_delta)


def services(resource: ResourceCost) -> Iterator[tuple[str, ResourceCost]]:
    """Give the part of a resource that each service charges for, by its name in the catalog.

    Lines without a price belong to the service of the lines beside them.
    """
    lines = [line for side in resource.sides for line in side.lines]
    usual = next((line.price.service for line in lines if line.price), "")
    names = dict.fromkeys(_service(line, usual) for line in lines)
    if len(names) < 2:  # noqa: PLR2004
        gap = any(side.status is ResourceStatus.UNSUPPORTED for side in resource.sides)
        yield next(iter(names), NO_SERVICE if gap else ""), resource
        return
    for name in names:
        yield (
            name,
            replace(resource, before=_part(resource.before, name, usual), after=_part(resource.after, name, usual)),
        )


def teams(resource: ResourceCost, tag: str) -> Iterator[tuple[str, ResourceCost]]:
    """Give a resource by the value of its tag; in two parts, where it goes from one team to another."""
    change = resource.change
    before, after = _team(change.before_tags, tag), _team(change.tags if change.after else change.before_tags, tag)
    if not (resource.before and resource.after) or before == after or change.action in UNCHANGED:
        yield (after if resource.after else before), resource
        return
    # Its cost leaves one team and comes to the other, as a deletion and a creation would.
    yield before, replace(resource, after=None)
    yield after, replace(resource, before=None)


def module(resource: ResourceCost) -> str:
    """Return the module that a resource is in."""
    return resource.change.module or ROOT_MODULE


def _team(tags: Tags, tag: str) -> str:
    value = tags.values.get(tag)
    if value is None:
        # Team and team are one tag to people; the exact spelling goes first.
        value = next((one for key, one in tags.values.items() if key.casefold() == tag.casefold()), None)
    if isinstance(value, Unknown) or (value is None and tags.unknown is not None):
        return f"({tag} known after apply)"
    return value or f"(no {tag})"


def _service(line: Line, usual: str) -> str:
    return line.price.service if line.price else usual or NO_SERVICE


def _part(cost: Cost | None, name: str, usual: str) -> Cost | None:
    """Return the lines of one side that a service charges for; a side without one exists all the same."""
    if cost is None:
        return None
    lines = tuple(line for line in cost.lines if _service(line, usual) == name)
    return Cost(lines, ResourceStatus.FREE if not lines else cost.status)


def _by_delta(one: Sum) -> tuple[Decimal, Decimal, tuple[object, ...]]:
    return -abs(one.totals.monthly_delta), -one.totals.monthly_cost, natural(one.name)
