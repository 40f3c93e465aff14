"""The report in the shape of Infracost's JSON (version 0.2), for scripts that read its costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from guardrail.model.cost import UNPRICED_LINES, Cost, Line, LineStatus, ResourceCost, ResourceStatus
from guardrail.model.money import HOURS_PER_MONTH, ZERO, plain
from guardrail.model.report import ProjectReport, Report
from guardrail.model.resource import Change, Tags
from guardrail.model.totals import Bound, Totals
from guardrail.report.json.text import encode, finished, joined, listed

_VERSION = "0.2"
_KEPT_DIGITS = Decimal("1E-12")  # an hour's share of a month need not come out even

_Json = dict[str, Any]
_Amounts = tuple[Decimal | None, Decimal | None, Decimal | None]


def infracost_json(report: Report) -> str:
    """Return the costs as exact decimal strings. What has no price is null, never 0; so is a sum of which nothing is known.

    The summaries say in keys of our own what is missing or assumed: `notEvaluated`, `lowerBound`, `assumedUsageMonthlyCost`.
    """
    return finished(
        joined(
            {
                "version": encode(_VERSION),
                "metadata": encode({"infracostCommand": "breakdown" if not report.judged else "diff"}),
                "currency": encode(report.currency),
                "projects": listed(map(_project, report.projects)),
                **{name: encode(value) for name, value in _totals(report.totals).items()},
                "timeGenerated": encode(report.generated_at.isoformat()),
                "summary": encode(
                    _summary([r for project in report.projects for r in project.resources], report.totals)
                ),
            }
        )
    )


def _project(project: ProjectReport) -> list[str]:
    totals, resources = project.totals, project.resources
    past = [(r.change, r.before, r.change.before_tags) for r in resources if r.before]
    now = [(r.change, r.after, r.change.tags) for r in resources if r.after]
    return joined(
        {
            "name": encode(project.name),
            "displayName": encode(project.name),
            "metadata": encode({"path": project.path, "type": "terraform_plan_json", **_errors(project)}),
            "pastBreakdown": _breakdown(
                [_resource(*side) for side in past], _sure(totals.monthly_before, totals.before_bound)
            ),
            "breakdown": _breakdown([_resource(*side) for side in now], _sure(totals.monthly_cost, totals.cost_bound)),
            "diff": _breakdown(
                [_difference(r) for r in resources if _differs(r)], _sure(totals.monthly_delta, totals.delta_bound)
            ),
            "summary": encode(_summary(resources, totals)),
        }
    )


def _errors(project: ProjectReport) -> _Json:
    """Return why a project could not be read: without that, its having no resources would be taken for no cost."""
    return {"errors": [{"message": one.message} for one in project.findings]} if project.is_unread else {}


def _sure(amount: Decimal, bound: Bound) -> Decimal | None:
    """Return a sum; None for one of which nothing is known."""
    return None if bound is Bound.NOT_KNOWN or (bound is not Bound.EXACT and not amount) else amount


def _breakdown(resources: Iterable[_Json | None], monthly: Decimal | None) -> list[str]:
    return joined(
        {
            "resources": listed(encode(resource) for resource in resources if resource),
            "totalHourlyCost": encode(_hourly(monthly)),
            "totalMonthlyCost": encode(plain(monthly)),
        }
    )


def _resource(change: Change, cost: Cost, tags: Tags) -> _Json | None:
    """Return one side of a resource; None for what costs nothing or is not supported: the summary counts these."""
    if cost.status in {ResourceStatus.FREE, ResourceStatus.UNSUPPORTED}:
        return None
    own = [_component(line) for line in cost.lines if not line.group]
    groups = dict.fromkeys(line.group for line in cost.lines if line.group)
    parts = [_part(group, [line for line in cost.lines if line.group == group]) for group in groups]
    return {**_head(change, tags), **_costs(cost.monthly), "costComponents": own, "subresources": parts}


def _part(group: str, lines: Sequence[Line]) -> _Json:
    return {
        "name": group,
        "metadata": {},
        **_costs(_sum(line.monthly_cost for line in lines)),
        "costComponents": [_component(line) for line in lines],
    }


def _component(line: Line) -> _Json:
    return {
        **_written(line, (line.monthly_quantity, line.unit_price, line.monthly_cost)),
        "priceNotFound": line.status in UNPRICED_LINES and line.unit_price is None,
    }


def _written(line: Line, amounts: _Amounts) -> _Json:
    """Return a component with quantity, price and cost of a month."""
    quantity, price, cost = amounts
    return {
        "name": line.name,
        "unit": line.unit,
        "hourlyQuantity": _hourly(quantity),
        "monthlyQuantity": plain(quantity),
        "price": plain(price),
        **_costs(cost),
        **({"usageBased": True} if line.status is LineStatus.USAGE or line.usage_profile else {}),
        **({"usageProfile": line.usage_profile} if line.usage_profile else {}),
    }


def _differs(resource: ResourceCost) -> bool:
    return bool(resource.monthly_delta or resource.delta_unpriced)


def _difference(resource: ResourceCost) -> _Json:
    """Return what a change does to a resource: each component now less the one of its name before."""
    before, after = ({(line.group, line.name): line for line in side.lines} if side else {} for side in
                     (resource.before, resource.after))  # fmt: skip
    names = dict.fromkeys([*after, *before])
    lines = [(group, _change(before.get((group, name)), after.get((group, name)))) for group, name in names]
    groups = dict.fromkeys(group for group, _ in lines if group)
    change = resource.change
    parts = []
    for group in groups:
        components = [component for other, component in lines if other == group]
        whole = _sum(Decimal(one["monthlyCost"]) for one in components if one["monthlyCost"] is not None)
        parts.append({"name": group, "metadata": {}, **_costs(whole), "costComponents": components})
    return {
        **_head(change, change.tags if change.after else change.before_tags),
        **_costs(resource.monthly_delta),
        "costComponents": [component for group, component in lines if not group],
        "subresources": parts,
    }


def _change(before: Line | None, after: Line | None) -> _Json:
    line = after or before
    assert line  # noqa: S101 - the name came from one of them
    sides = [
        (one.monthly_quantity, one.unit_price, one.monthly_cost) if one else (ZERO,) * 3 for one in (before, after)
    ]
    quantity, price, cost = (None if new is None or old is None else new - old for old, new in zip(*sides, strict=True))
    return _written(line, (quantity, price, cost))


def _head(change: Change, tags: Tags) -> _Json:
    source = change.source
    shown = {key: value if isinstance(value, str) else "(known after apply)" for key, value in tags.values.items()}
    return {
        "name": change.address,
        "resourceType": change.type,
        "tags": shown,
        "metadata": {"filename": source.file, "startLine": source.line} if source else {},
    }


def _costs(monthly: Decimal | None) -> _Json:
    return {"hourlyCost": _hourly(monthly), "monthlyCost": plain(monthly)}


def _hourly(monthly: Decimal | None) -> str | None:
    if monthly is None:
        return None
    hourly = monthly / HOURS_PER_MONTH
    return plain(hourly.quantize(_KEPT_DIGITS) if hourly.adjusted() < 12 else hourly)  # noqa: PLR2004


def _totals(totals: Totals) -> dict[str, str | None]:
    cost = _sure(totals.monthly_cost, totals.cost_bound)
    before = _sure(totals.monthly_before, totals.before_bound)
    delta = _sure(totals.monthly_delta, totals.delta_bound)
    return {
        "totalHourlyCost": _hourly(cost),
        "totalMonthlyCost": plain(cost),
        "pastTotalHourlyCost": _hourly(before),
        "pastTotalMonthlyCost": plain(before),
        "diffTotalHourlyCost": _hourly(delta),
        "diffTotalMonthlyCost": plain(delta),
    }


def _summary(resources: Iterable[ResourceCost], totals: Totals) -> _Json:
    """Count the resources that will exist. There, "no price" means that a type is free."""
    there = [resource for resource in resources if resource.after]
    unsupported = Counter(r.change.type for r in there if r.status is ResourceStatus.UNSUPPORTED)
    free = Counter(r.change.type for r in there if r.status is ResourceStatus.FREE)
    return {
        "totalDetectedResources": len(there),
        "totalSupportedResources": len(there) - unsupported.total() - free.total(),
        "totalUnsupportedResources": unsupported.total(),
        "totalUsageBasedResources": sum(bool(r.after and r.after.as_given.usage_based) for r in there),
        "totalNoPriceResources": free.total(),
        "unsupportedResourceCounts": dict(sorted(unsupported.items())),
        "noPriceResourceCounts": dict(sorted(free.items())),
        "notEvaluated": totals.not_evaluated,
        "lowerBound": totals.lower_bound,
        **({"assumedUsageMonthlyCost": plain(totals.assumed_usage)} if totals.on_assumed_usage else {}),
    }


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Sum what is known; None where nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, ZERO) if known else None
