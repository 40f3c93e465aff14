"""Whether a rule is about a resource of a project, and by which of its criteria it is not."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from guardrail.model.resource import Change
from guardrail.policy.glob import matches_any
from guardrail.policy.rules.rule import Match
from guardrail.policy.variables.context import Project


class Criterion(Struct, frozen=True):
    """One thing that a rule's `match` asks: what it wants, what there is, and whether they agree."""

    name: str
    wanted: str
    actual: str
    holds: bool


def applies(match: Match, change: Change) -> bool:
    """Say whether a rule is about a resource, wherever it is: whether all of `of_resource` hold."""
    return (
        change.action in match.actions
        and match.taggable in {None, change.taggable}
        and matches_any(match.types, change.type)
        and (not match.providers or matches_any(match.providers, change.provider))
    )


def plays_in(match: Match, project: Project) -> bool:
    """Say whether a rule is about anything of a project."""
    return all(one.holds for one in of_project(match, project))


def of_resource(match: Match, change: Change) -> tuple[Criterion, ...]:
    """Return what a rule asks of a resource."""
    actions = Criterion(
        "actions", ", ".join(sorted(match.actions)), change.action.value, change.action in match.actions
    )
    return (
        _by_glob("types", match.types, change.type),
        actions,
        *([_taggable(wanted=match.taggable, actual=change.taggable)] if match.taggable is not None else []),
        *([_by_glob("providers", match.providers, change.provider)] if match.providers else []),
    )


def of_project(match: Match, project: Project) -> tuple[Criterion, ...]:
    """Return what a rule asks of a project."""
    chosen = (("projects", match.projects, project.name), ("environments", match.environments, project.env))
    return tuple(_by_glob(name, globs, actual) for name, globs, actual in chosen if globs)


def _by_glob(name: str, globs: Iterable[str], actual: str) -> Criterion:
    return Criterion(name, ", ".join(globs), actual, matches_any(globs, actual))


def _taggable(*, wanted: bool, actual: bool) -> Criterion:
    words = {True: "can carry tags", False: "cannot carry tags"}
    return Criterion("taggable", words[wanted], words[actual], wanted == actual)
