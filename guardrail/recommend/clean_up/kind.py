"""The kind `clean-up`: what nothing uses, and what is idle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from guardrail.model.money import money
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Unknown
from guardrail.recommend.clean_up.custodian import policy
from guardrail.recommend.clean_up.idle import idle
from guardrail.recommend.clean_up.rules import BY_TYPE, Unused
from guardrail.recommend.clean_up.targets import BALANCERS, groups_without_target
from guardrail.recommend.clean_up.uses import Uses
from guardrail.recommend.proposal import Confidence, Effort, Evidence, NotJudged, Proposal
from guardrail.recommend.scene import Scene

KIND = "clean-up"


def clean_up(scene: Scene) -> Iterator[Proposal | NotJudged]:
    """Give what may go. What uses a resource and is not known makes it not judged; nothing is ever deleted."""
    uses = Uses(scene.plan)
    for change, side in scene.existing():
        rule = BY_TYPE.get(change.type)
        found = _unused(scene, uses, change, side, rule) if rule else None
        if found or (found := idle(scene, change, side)):
            yield found


def _unused(scene: Scene, uses: Uses, change: Change, side: Side, rule: Unused) -> Proposal | NotJudged | None:
    user = uses.of(change, side, rule)
    if isinstance(user, Unknown):
        return NotJudged(KIND, change.address, user.reason.removeprefix("not known: "))
    if user:
        return _without_target(scene, uses, change, side) if change.type in BALANCERS else None
    age = None
    if rule.made is not None:
        age = _days(side, rule.made, scene.now)
        if age is None:
            return NotJudged(
                KIND, change.address, f"nothing here uses it, and when the {rule.title} was made is not known"
            )
        if age <= scene.config.clean_up.snapshot_days:
            return None
    told = uses.is_told(side, rule)
    where = "configuration" if scene.plan.facts.has_configuration else "state"
    evidence = [Evidence("used by", "nothing here", f"references of the {where}")]
    if told:
        evidence = [*(Evidence(name, "empty", where) for name in rule.own), *evidence]
    if age is not None:
        evidence.append(Evidence("made", f"{age} days ago", where, str(side.get(rule.made or ""))))
    if (cost := scene.costs[change.address].after) and cost.is_lower_bound and cost.known:
        evidence.append(Evidence("known of its cost", f"{money(cost.known, scene.currency)} a month", "estimate"))
    notes = [] if told else ["what other states or people do with it is not known: ask before it goes"]
    if rule.data:
        notes.append("its data goes with it: keep a copy of what is still needed")
    return Proposal(
        kind=KIND,
        id=rule.id,
        address=change.address,
        title=f"remove: {rule.title}" + (f" of {age} days that nothing uses" if age is not None else ""),
        deletes=True,
        confidence=Confidence.HIGH if told else Confidence.MEDIUM,
        effort=Effort.MEDIUM if rule.data else Effort.LOW,
        evidence=tuple(evidence),
        notes=tuple(notes),
        code=policy(change, side),
    )


def _without_target(scene: Scene, uses: Uses, change: Change, side: Side) -> Proposal | NotJudged | None:
    groups = groups_without_target(uses, change, side)
    if isinstance(groups, Unknown):
        return NotJudged(KIND, change.address, groups.reason.removeprefix("not known: "))
    if not groups:
        return None
    where = "configuration" if scene.plan.facts.has_configuration else "state"
    return Proposal(
        kind=KIND,
        id="load-balancer-without-target",
        address=change.address,
        title="remove: load balancer whose target groups have no target here",
        deletes=True,
        counted=False,
        confidence=Confidence.LOW,
        effort=Effort.MEDIUM,
        evidence=(Evidence("target groups without a target", ", ".join(groups), f"references of the {where}"),),
        notes=("targets may be registered from elsewhere, as by a controller of Kubernetes: look at the groups first",),
        code=policy(change, side),
    )


def _days(side: Side, name: str, now: datetime) -> int | None:
    value = side.get(name) if name else None
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (now - (at if at.tzinfo else at.replace(tzinfo=UTC))).days
