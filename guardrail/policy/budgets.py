"""Budgets: limits on what a part of the resources costs in a month, and what that part costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from guardrail.files.checked import Section
from guardrail.model.cost import ResourceCost
from guardrail.model.not_evaluated import NotEvaluated
from guardrail.model.report import ProjectReport
from guardrail.model.resource import Tags
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.glob import matches_any, may_begin
from guardrail.policy.spend import Spend, missing, spend
from guardrail.policy.variables.context import Project

Globs = tuple[str, ...]
Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class BudgetMatch(Section):
    """Which resources count: those that fit all that is given. Texts are globs."""

    project: str | None = None
    projects: Globs = ()
    env: str | None = None
    tags: dict[str, str | Globs] = Field(default_factory=dict)
    """effective tags: a value, or several of which one must fit"""
    types: Globs = ()
    modules: Globs = ()
    addresses: Globs = ()

    @field_validator("tags", mode="after")
    @classmethod
    def _listed(cls, tags: dict[str, str | Globs]) -> dict[str, Globs]:
        return {key: (value,) if isinstance(value, str) else value for key, value in tags.items()}


class Budget(Section):
    """A budget of the configuration. Amounts are per month, in the configuration's currency."""

    name: Annotated[str, StringConstraints(min_length=1)]
    match: BudgetMatch = BudgetMatch()
    monthly: Amount | None = None
    """what its resources may cost"""
    increase: Amount | None = None
    """what one change may add"""
    increase_percent: Amount | None = None
    """the same, in percent of what was"""

    def values(self, sums: Spend) -> dict[str, Json]:
        """Return what a rule reads below `budget`."""
        limits: dict[str, Json] = {name: getattr(self, name) for name in ("monthly", "increase", "increase_percent")}
        return {"name": self.name, **limits, "cost": sums.values("budget.cost")}


def spent(budget: Budget, projects: Iterable[tuple[Project, ProjectReport]]) -> Spend:
    """Return what a budget's resources cost.

    Each side of a change counts by its own tags, so that a resource can move from one budget to another. Where a tag
    that decides is known only after apply, the resource counts as one without a price; so does a block that was not
    evaluated, unless its type, module or address tells that it is none of the budget's.
    """
    match = budget.match
    sums = Spend()
    for project, bill in projects:
        if _plays_in(match, project):
            for resource in bill.resources:
                if _place(match, resource):
                    sums += _part(match, resource)
            for block in bill.not_evaluated:
                if _may_concern(match, block):
                    sums += missing(block)
    return sums


def _may_concern(match: BudgetMatch, block: NotEvaluated) -> bool:
    """Say whether resources of a block that was not evaluated may be the budget's. What its tags are nobody knows."""
    if block.type:
        fits_module = not match.modules or matches_any(match.modules, block.module)
    else:
        fits_module = not match.modules or any(may_begin(glob, block.module) for glob in match.modules)
    return (
        fits_module
        and (not match.types or not block.type or matches_any(match.types, block.type))
        and (not match.addresses or any(may_begin(glob, block.address) for glob in match.addresses))
    )


def spends_on(budget: Budget, project: Project, resource: ResourceCost) -> bool:
    """Say whether a resource counts for a budget, or may: a tag that decides can be known only after apply."""
    match, change = budget.match, resource.change
    if not (_plays_in(match, project) and _place(match, resource)):
        return False
    sides = [tags for side, tags in ((change.after, change.tags), (change.before, change.before_tags)) if side]
    return not match.tags or any(_tagged(match.tags, tags) is not False for tags in sides)


def _plays_in(match: BudgetMatch, project: Project) -> bool:
    names = (*match.projects, *([match.project] if match.project is not None else []))
    return (not names or matches_any(names, project.name)) and (
        match.env is None or matches_any([match.env], project.env)
    )


def _place(match: BudgetMatch, resource: ResourceCost) -> bool:
    change = resource.change
    return (
        (not match.types or matches_any(match.types, change.type))
        and (not match.modules or matches_any(match.modules, change.module))
        and (not match.addresses or matches_any(match.addresses, change.address))
    )


def _part(match: BudgetMatch, resource: ResourceCost) -> Spend:
    if not match.tags:
        return spend(resource)
    change = resource.change
    after = _tagged(match.tags, change.tags if change.after else change.before_tags)
    before = _tagged(match.tags, change.before_tags) if change.before else False
    open_before, open_after = isinstance(before, Unknown), isinstance(after, Unknown)
    sums = spend(resource, before=before is True, after=after is True)
    return sums + Spend(
        before_unpriced=int(open_before),
        unpriced=int(open_after),
        delta_unpriced=int(open_before or open_after),
        delta_open_below=int(open_before),
        tags_unknown=int(open_before or open_after),
    )


def _tagged(wanted: Mapping[str, str | Globs], tags: Tags) -> bool | Unknown:
    """Say whether tags fit; Unknown if that depends on one known only after apply."""
    if tags.unknown:
        return tags.unknown
    found = [(tags.values.get(key), values) for key, values in wanted.items()]
    if any(value is None or (isinstance(value, str) and not matches_any(values, value)) for value, values in found):
        return False
    return next((value for value, _ in found if isinstance(value, Unknown)), True)
