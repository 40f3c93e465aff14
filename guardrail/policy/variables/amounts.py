"""What a resource costs, as the variables below `resource.cost` that a rule reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from guardrail.model.cost import UNPRICED_LINES, Cost, LineStatus, ResourceCost
from guardrail.model.money import ZERO
from guardrail.model.reason import Reason
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.spend import INCOMPLETE, USAGE_REMEDY, spend
from guardrail.policy.variables.cost_lines import NO_TYPE, cost_lines


def sure(name: str, cost: Cost | None) -> Json:
    """Return a monthly amount, Unknown where something of it has no price; 0 for what is not there."""
    if cost is None:
        return ZERO
    if not cost.as_given.unpriced:
        return cost.as_given.known
    return _not_priced(name, cost.as_given)


def _not_priced(name: str, cost: Cost) -> Unknown:
    """Return an amount that is not known for the reason that its first line without a price has."""
    path = f"resource.cost.{name}"
    line = next((line for line in cost.lines if line.status in UNPRICED_LINES), None)
    if line is None:
        return Unknown(path, NO_TYPE, Reason.NOT_COVERED, cost.remedy)
    why = f"{INCOMPLETE}: {line.note}" if line.note else INCOMPLETE
    return Unknown(path, why, line.reason, line.remedy)


def _with_usage(cost: Cost | None) -> Json:
    """Return a monthly amount, Unknown where something of it has no price or depends on usage that is not given."""
    given = cost.as_given if cost else None
    if given is None or given.unpriced or not given.usage_based:
        return sure("with_usage", cost)
    line = next(line for line in given.lines if line.status is LineStatus.USAGE)
    return Unknown("resource.cost.with_usage", f"{INCOMPLETE}: usage of {line.name} is not given", None, USAGE_REMEDY)


def _delta(resource: ResourceCost) -> Decimal | Unknown:
    if resource.before is resource.after:
        return ZERO
    if resource.delta_unpriced:
        return _not_priced("delta", next(side.as_given for side in resource.sides if side.unpriced))
    return spend(resource).delta


def _delta_percent(resource: ResourceCost) -> Json:
    """Return the delta in percent of what was; None where that is 0, since there is no such number."""
    sums = spend(resource)
    # Of nothing there is no percentage; of a sum that only may be nothing, the delta says why it is not known.
    if not sums.before and not sums.before_unpriced:
        return None
    if isinstance(delta := _delta(resource), Unknown):
        return delta
    return delta / sums.before * 100 if sums.before else ZERO


AMOUNTS: Mapping[str, Callable[[ResourceCost], Json]] = {
    "monthly": lambda resource: sure("monthly", resource.after),
    "with_usage": lambda resource: _with_usage(resource.after),
    "known": lambda resource: resource.after.as_given.known if resource.after else ZERO,
    "assumed_usage": lambda resource: resource.after.assumed_usage if resource.after else ZERO,
    "before": lambda resource: sure("before", resource.before),
    "delta": _delta,
    "delta_percent": _delta_percent,
    "priced": lambda resource: not resource.unpriced,
    "status": lambda resource: next((side.as_given.status.value for side in resource.sides), resource.status.value),
    "lines": lambda resource: cost_lines(resource.after),
}
