"""One run against an earlier one: what resources cost then and now, told without a plan of the change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from guardrail.model.cost import Cost, ResourceCost
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.plan.not_evaluated import joined
from guardrail.model.report import UNREAD, ProjectReport, Report, Revision
from guardrail.model.resource import NO_TAGS, UNTOLD, Action

_OLD = {FindingStatus.FAIL, FindingStatus.PRE_EXISTING, FindingStatus.WAIVED, FindingStatus.APPROVED}


def compared(base: Sequence[ResourceCost], head: Sequence[ResourceCost]) -> tuple[ResourceCost, ...]:
    """Return resources with what the same address cost in `base` as before, followed by those that only `base` has.

    Of both runs the outcome counts, whatever they said of changes. One that is in both is an update: costs do not tell
    whether anything else of it has changed, and its attributes before are not told.
    """
    before = {resource.change.address: resource for resource in base if resource.after}
    now = [resource for resource in head if resource.after]
    merged = [_since(before.pop(resource.change.address, None), resource) for resource in now]
    return (*merged, *map(_gone, before.values()))


def difference(base: Report, head: Report) -> Report:
    """Return what differs between two runs: every resource of both, those with the same cost as unchanged.

    Projects are matched by name; two single ones are taken for the same.
    """
    earlier = {project.name: project for project in base.projects}
    if len(base.projects) == len(head.projects) == 1:
        earlier = {head.projects[0].name: base.projects[0]}
    pairs = [(earlier.pop(project.name, None), project) for project in head.projects]
    projects = [_difference(former, now, now) for former, now in pairs]
    projects += [_difference(gone, None, gone) for gone in earlier.values()]
    vendors = {prices.vendor for prices in head.catalog}
    return replace(
        head,
        catalog=(*head.catalog, *(prices for prices in base.catalog if prices.vendor not in vendors)),
        projects=tuple(replace(one, resources=tuple(map(_same_cost, one.resources))) for one in projects),
        findings=(),
        judged=False,
        compares=True,
        rules=(),
        pull_request=None,
        revision=Revision(),
    )


def _difference(base: ProjectReport | None, head: ProjectReport | None, project: ProjectReport) -> ProjectReport:
    """Return what differs in one project. Where one side could not be read, nothing is new and nothing is gone."""
    sides = [side for side in (base, head) if side]
    missing = joined(base.not_evaluated if base else (), head.not_evaluated if head else ())
    unread = tuple(one for side in sides for one in side.findings if one.rule == UNREAD)
    if unread:
        return replace(project, resources=(), findings=unread, not_evaluated=missing)
    resources = compared(base.resources if base else (), head.resources if head else ())
    return replace(project, resources=resources, findings=(), not_evaluated=missing)


def project_at(base: Report, project: ProjectReport, *, is_only: bool) -> ProjectReport | None:
    """Return the project of an earlier run that one of this run is compared with: that of its name, or a single one."""
    if is_only and len(base.projects) == 1:
        return base.projects[0]
    return next((former for former in base.projects if former.name == project.name), None)


def known_before(findings: Iterable[Finding], base: Iterable[Finding], *, blocks: bool) -> list[Finding]:
    """Return findings of which those that an earlier run has had in the same words are pre-existing."""
    old = {(one.rule, one.address, one.message) for one in base if one.status in _OLD}
    return [
        replace(one, status=FindingStatus.PRE_EXISTING, blocking=one.blocking and blocks)
        if one.status is FindingStatus.FAIL and (one.rule, one.address, one.message) in old
        else one
        for one in findings
    ]


def remarks(base: Report, head: Report, name: str) -> list[str]:
    """Say what else than the change may have moved the amounts: other prices."""
    then, now = ({info.vendor: (info.as_of, info.sha256) for info in run.catalog} for run in (base, head))
    vendors = [vendor for vendor in now if vendor in then and then[vendor] != now[vendor]]
    return [
        f"{name}: {vendor} prices are of {then[vendor][0]} there and of {now[vendor][0]} here: "
        "a part of the difference may be theirs"
        for vendor in vendors
    ]


def _since(base: ResourceCost | None, resource: ResourceCost) -> ResourceCost:
    change = resource.change
    if base is None:
        fresh = replace(change, action=Action.CREATE, before=None, before_tags=NO_TAGS, previous_address=None)
        return ResourceCost(fresh, None, resource.after)
    past = base.change
    changed = replace(
        change,
        action=Action.UPDATE,
        before=UNTOLD,
        before_region=past.region,
        before_tags=past.tags,
        previous_address=None,
        ids=past.ids | change.ids,
    )
    return ResourceCost(changed, base.after, resource.after)


def _gone(base: ResourceCost) -> ResourceCost:
    past = base.change
    change = replace(
        past,
        action=Action.DELETE,
        before=UNTOLD,
        after=None,
        before_region=past.region,
        before_tags=past.tags,
        tags=NO_TAGS,
        previous_address=None,
        source=None,
    )
    return ResourceCost(change, base.after, None)


def _same_cost(resource: ResourceCost) -> ResourceCost:
    """Take what costs the same on both sides for unchanged."""
    if resource.change.action is not Action.UPDATE or _amounts(resource.before) != _amounts(resource.after):
        return resource
    return replace(resource, change=replace(resource.change, action=Action.NO_OP))


def _amounts(cost: Cost | None) -> object:
    lines = [(line.name, line.group, line.status, line.monthly_cost) for line in cost.lines] if cost else []
    return (cost.status if cost else None, lines)
