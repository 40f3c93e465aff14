"""Which of several recommendations for one resource can be followed together, and which stand instead of each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from guardrail.model.money import ZERO
from guardrail.recommend.evaluation import Evaluation
from guardrail.recommend.recommendation import Recommendation, Status


def settled(found: Sequence[Recommendation], evaluations: Mapping[str, Evaluation]) -> list[Recommendation]:
    """Return recommendations, those marked that exclude one that saves more: so the savings of what is open add up."""
    by_resource: defaultdict[tuple[str, str], list[Recommendation]] = defaultdict(list)
    for one in found:
        by_resource[one.project, one.subject].append(one)
    return [
        one
        for (project, _), alike in by_resource.items()
        for one in (alike if len(alike) == 1 else _of_one(alike, evaluations[project]))
    ]


def _of_one(alike: Sequence[Recommendation], evaluation: Evaluation) -> list[Recommendation]:
    kept: list[Recommendation] = []
    result: list[Recommendation] = []
    for one in sorted(alike, key=lambda one: (not one.is_counted, -(one.saving or ZERO))):
        other = None if one.status is not Status.OPEN else next((k for k in kept if _exclude(one, k, evaluation)), None)
        if other:
            result.append(replace(one, status=Status.INSTEAD, reason=f"instead of {other.proposal.title}"))
            continue
        result.append(one)
        if one.status is Status.OPEN:
            kept.append(one)
    return result


def _exclude(one: Recommendation, other: Recommendation, evaluation: Evaluation) -> bool:
    """Say whether two cannot be done both, or together save another sum than each by itself."""
    if one.proposal.deletes or other.proposal.deletes:
        return True
    if not one.proposal.steps or not other.proposal.steps:
        return one.proposal.kind == other.proposal.kind or bool(one.proposal.saving and other.proposal.steps)
    paths = {step.path for step in other.proposal.steps}
    if any(step.path in paths for step in one.proposal.steps):
        return True
    alone = [evaluation.with_steps(each.subject, each.proposal.steps).saving for each in (one, other)]
    both = evaluation.with_steps(one.subject, (*other.proposal.steps, *one.proposal.steps)).saving
    return both is None or None in alone or sum(saving for saving in alone if saving is not None) != both
