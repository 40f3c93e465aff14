"""Which of several recommendations for one resource can be followed together, and which stand instead of each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from guardrail.model.money import ZERO
from guardrail.recommend.evaluation import Evaluation
from guardrail.recommend.recommendation import Recommendation, Status


def settled(found: Sequence[Recommendation], evaluations: Mapping[str, Evaluation]) -> list[Recommendation]:
    """Return recommendations, those marked that exclude one that saves more: so the savings of what is open add up.

    Two may meet without being about one resource: a schedule of a cluster, and another class for one of its instances.
    """
    return [
        one
        for alike in _that_meet(found)
        for one in (alike if len(alike) == 1 else _of_one(alike, evaluations[alike[0].project]))
    ]


def _that_meet(found: Sequence[Recommendation]) -> list[list[Recommendation]]:
    """Return recommendations in groups that have no resource in common."""
    group_of: dict[tuple[str, str], list[Recommendation]] = {}
    for one in found:
        names = {(one.project, address) for address in (one.subject, *one.moved)}
        met = {id(group): group for name in names if (group := group_of.get(name))}
        together = [*(each for group in met.values() for each in group), one]
        names |= {(each.project, address) for each in together for address in (each.subject, *each.moved)}
        group_of |= dict.fromkeys(names, together)
    return list({id(group): group for group in group_of.values()}.values())


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
    if one.subject != other.subject:
        return not {one.subject, *one.moved}.isdisjoint({other.subject, *other.moved}) and _is_timed(one) != _is_timed(
            other
        )
    if one.proposal.deletes or other.proposal.deletes:
        return True
    if not _is_change(one) or not _is_change(other):
        return one.proposal.kind == other.proposal.kind or bool(one.proposal.saving and _is_change(other))
    paths = {step.path for step in other.proposal.steps}
    if any(step.path in paths for step in one.proposal.steps):
        return True
    alone = [
        evaluation.with_steps(each.subject, each.proposal.steps, each.proposal.adds).saving for each in (one, other)
    ]
    steps, adds = ((*other.proposal.steps, *one.proposal.steps), (*other.proposal.adds, *one.proposal.adds))
    both = evaluation.with_steps(one.subject, steps, adds).saving
    return both is None or None in alone or sum(saving for saving in alone if saving is not None) != both


def _is_change(one: Recommendation) -> bool:
    return bool(one.proposal.steps or one.proposal.adds)


def _is_timed(one: Recommendation) -> bool:
    """Say whether it changes the hours of what it moves: then every other saving of that is for other hours."""
    return bool(one.proposal.adds)
