"""Budgets and rules that are about nothing in a run: most often a typing error, and never the guard that somebody meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from guardrail.errors import did_you_mean
from guardrail.model.report import ProjectReport
from guardrail.policy.budgets import Budget, counting
from guardrail.policy.glob import matches_any
from guardrail.policy.rules.compiled import CompiledRule
from guardrail.policy.variables.context import Project

Projects = Sequence[tuple[Project, ProjectReport]]

COUNTS_NOTHING = "counts nothing"
"""What is said of a budget for nothing. It holds for a run alone: several runs together may have something for it."""

_LISTED = 3


def unmatched_budgets(budgets: Sequence[Budget], projects: Projects) -> list[int]:
    """Return the places of the budgets that no resource counts for, or may; none where there is no resource at all."""
    if not any(bill.resources for _, bill in projects):
        return []
    counted = counting(budgets, projects)
    return [number for number in range(len(budgets)) if number not in counted]


def why_unmatched(budget: Budget, projects: Projects) -> str:
    """Say why no resource of a run counts for a budget that none counts for."""
    resources = [resource for _, bill in projects for resource in bill.resources]
    match = budget.match
    names = (*match.projects, *([match.project] if match.project is not None else []))
    environments = [match.env] if match.env is not None else []
    kinds: list[tuple[str, Iterable[str], Callable[[], list[str]]]] = [
        ("project of this run is called", names, lambda: [project.name for project, _ in projects]),
        ("project of this run has the environment", environments, lambda: [project.env for project, _ in projects]),
        ("resource of this run is of the type", match.types, lambda: [one.change.type for one in resources]),
        ("resource of this run is in the module", match.modules, lambda: [one.change.module for one in resources]),
        ("resource of this run has the address", match.addresses, lambda: [one.change.address for one in resources]),
    ]
    for what, globs, there in kinds:
        if reason := _none(what, globs, there):
            return reason
    tags = [tags.values for one in resources for tags in (one.change.tags, one.change.before_tags)]
    keys = [key for values in tags for key in values]
    for key, values in match.tags.items():
        if reason := _none("resource of this run has the tag", [key], lambda: keys):
            return reason
        had = [value for one in tags if isinstance(value := one.get(key), str)]
        if reason := _none(f"resource of this run has the tag {key} =", values, partial(list, had)):
            return reason
    return "no resource of this run fits its whole match"


def unmatched_rule(rule: CompiledRule, projects: Sequence[Project]) -> tuple[str, str]:
    """Say where and why an organization's own rule applies to no project of a run; ("", "") where it does.

    That no resource is of its types is no matter: a rule is there for what may come. Shipped rules name no projects.
    """
    match, file = rule.rule.match, rule.source.file
    if reason := _none("project of this run is called", match.projects, lambda: [one.name for one in projects]):
        return file.where(("match", "projects")), reason
    if reason := _none(
        "project of this run has the environment", match.environments, lambda: [p.env for p in projects]
    ):
        return file.where(("match", "environments")), reason
    return "", ""


def _none(what: str, globs: Iterable[str], there: Callable[[], list[str]]) -> str:
    """Say that no text fits the globs, with what is near or there; "" where one fits, or where there are no globs."""
    wanted = list(globs)
    texts = sorted(set(there())) if wanted else []
    if not wanted or any(matches_any(wanted, text) for text in texts):
        return ""
    near = next(filter(None, (did_you_mean(glob, texts) for glob in wanted)), "")
    named = [text for text in texts if text]
    more = ", ..." if len(named) > _LISTED else ""
    known = f"known here: {', '.join(named[:_LISTED])}{more}" if named else "there is none"
    return f"no {what} {' or '.join(wanted)} ({near or known})"
