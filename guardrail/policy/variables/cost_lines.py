"""What a resource costs, line by line, as rules read it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from guardrail.model.cost import Cost, Line, ResourceStatus
from guardrail.model.money import ZERO
from guardrail.model.reason import Reason
from guardrail.model.unknown import Json, Unknown

NO_TYPE = "not covered by a cost definition"


def cost_lines(cost: Cost | None) -> Json:
    """Return the lines in the order of the bill: each with group, name, unit, quantity, monthly cost and status.

    A line on assumed usage is one whose usage is not given: `assumed_usage` alone tells what it comes to.
    """
    if cost is not None and cost.status is ResourceStatus.UNSUPPORTED:
        return _unsupported("lines", cost)
    return [_line(line) for line in (cost.lines if cost else ())]


def _line(line: Line) -> Json:
    given = line.without_assumed_usage
    return {
        "group": line.group,
        "name": line.name,
        "unit": line.unit,
        "quantity": _known(given, given.monthly_quantity, "quantity"),
        "price": _known(given, given.unit_price, "price"),
        "monthly": _known(given, given.monthly_cost, "monthly"),
        "status": given.status.value,
        "assumed_usage": line.assumed_usage,
        "usage_profile": line.usage_profile,
    }


def costs_by_name(cost: Cost | None) -> Json:
    """Return name of a line -> monthly cost, quantity and unit; lines of one name (of several disks) are added up."""
    if cost is not None and cost.status is ResourceStatus.UNSUPPORTED:
        return _unsupported("costs", cost)
    named: defaultdict[str, list[Line]] = defaultdict(list)
    for line in cost.as_given.lines if cost else ():
        named[line.name].append(line)
    return {
        name: {
            "monthly": _sum([_known(line, line.monthly_cost, "monthly") for line in lines]),
            "quantity": _sum([_known(line, line.monthly_quantity, "quantity") for line in lines]),
            "unit": lines[0].unit if len({line.unit for line in lines}) == 1 else None,
        }
        for name, lines in named.items()
    }


def _known(line: Line, amount: Decimal | None, what: str) -> Decimal | Unknown:
    if amount is not None:
        return amount
    return Unknown(f"{what} of {line.name!r}", f"not known: {line.note or line.status}", line.reason, line.remedy)


def _sum(amounts: list[Decimal | Unknown]) -> Decimal | Unknown:
    unknown = next((one for one in amounts if isinstance(one, Unknown)), None)
    return unknown or sum((one for one in amounts if isinstance(one, Decimal)), ZERO)


def _unsupported(name: str, cost: Cost) -> Unknown:
    return Unknown(f"resource.{name}", NO_TYPE, Reason.NOT_COVERED, cost.remedy)
