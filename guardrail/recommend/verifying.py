"""What recommendations do to the rules: all that are open are done to the planned values at once, and judged again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from guardrail.check.run import check
from guardrail.config import Settings, Source
from guardrail.costs import Engine
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.report import Report
from guardrail.model.resource import Action, Change
from guardrail.policy.rules.rule import RESERVED_IDS
from guardrail.recommend.evaluation import added, edited
from guardrail.recommend.recommendation import Recommendation, Status
from guardrail.terraform.plan.reader import Plan

_UNPRICED = "unpriced-resource"
_HARM = frozenset({FindingStatus.FAIL, FindingStatus.UNKNOWN, FindingStatus.ERROR})

Read = list[tuple[Source, Plan]]


def verified(
    found: Sequence[Recommendation], settings: Settings, read: Read, engine: Engine
) -> tuple[list[Recommendation], Report | None]:
    """Return recommendations, those withheld that lead to another finding; and the report of things as they are. Raises GuardrailError.

    None where nothing that is open is an edit.
    """
    tried = [one for one in found if is_edit(one)]
    if not tried:
        return list(found), None
    verification = _Verification(settings, read, check(settings, read=read, engine=engine), engine)
    verification.accepted([], tried)
    reasons = verification.reasons
    marked = (
        replace(one, status=Status.WITHHELD, reason=reasons[id(one)]) if id(one) in reasons else one for one in found
    )
    return list(marked), verification.before


def is_edit(one: Recommendation) -> bool:
    """Say whether a recommendation is open, and is an edit."""
    return one.status is Status.OPEN and one.proposal.is_edit


class _Verification(Struct, dict=True):
    settings: Settings
    read: Read
    before: Report
    engine: Engine

    def __post_init__(self) -> None:
        self.reasons: dict[int, str] = {}
        self._last: tuple[list[Recommendation], Report] = ([], self.before)
        self._known = {_key(one): one.blocking for one in self.before.all_findings}

    def report(self, followed: list[Recommendation]) -> Report:
        """Judge the plans with recommendations done to what they plan."""
        if self._last[0] != followed:
            plans = [(source, done(source, plan, followed)) for source, plan in self.read]
            self._last = (followed, check(self.settings, read=plans, engine=self.engine))
        return self._last[1]

    def accepted(self, good: list[Recommendation], more: list[Recommendation]) -> list[Recommendation]:
        """Return what is known to do no harm, and what of the others does none beside it.

        A finding about a resource is blamed on what is done to that; else halves are tried, so that one among n takes log n checks.
        """
        harm = self._harm([*good, *more])
        if harm is None:
            return [*good, *more]
        reason = f"it leads to another finding: {harm.rule}: {harm.message}"
        blamed = [one for one in more if one.project == harm.project and harm.address in one.moved]
        if not blamed and len(more) > 1:
            middle = len(more) // 2
            return self.accepted(self.accepted(good, more[:middle]), more[middle:])
        for one in blamed or more:
            self.reasons[id(one)] = reason
        rest = [one for one in more if id(one) not in self.reasons]
        return self.accepted(good, rest) if rest else good

    def _harm(self, followed: list[Recommendation]) -> Finding | None:
        """Return a finding that was not there, or did not block; None where there is none."""
        # That a price is missing the recommendation says itself, and is in no sum.
        new = {(one.project, address) for one in followed for address in one.moved[1:] if one.proposal.adds}
        for one in self.report(followed).all_findings:
            if one.rule == _UNPRICED and not one.blocking and (one.project, one.address) in new:
                continue
            is_new = _key(one) not in self._known or one.blocking > self._known[_key(one)]
            if is_new and one.status in _HARM and one.rule not in RESERVED_IDS:
                return one
        return None


def done(source: Source, plan: Plan, recommendations: Sequence[Recommendation]) -> Plan:
    """Return a plan as it would be with recommendations followed."""
    steps: defaultdict[str, dict[str, object]] = defaultdict(dict)
    gone: set[str] = set()
    new: list[Change] = []
    owners = {one.address: one for one in plan.changes}
    for one in recommendations:
        if one.project == source.name:
            new += [added(each, owners[one.subject]) for each in one.proposal.adds]
            steps[one.subject].update({".".join(step.path): step.value for step in one.proposal.steps})
            gone |= {one.subject} if one.proposal.deletes else set()
    changes = (edited(one, steps[one.address]) if steps.get(one.address) else one for one in plan.changes)
    kept = (_gone(one) if one.address in gone else one for one in changes)
    return replace(plan, changes=(*(one for one in kept if one), *new))


def _gone(change: Change) -> Change | None:
    """Return a resource that goes; None where it only would have come."""
    return None if change.before is None else replace(change, action=Action.DELETE, after=None)


def _key(finding: Finding) -> tuple[str, str, str]:
    return (finding.project, finding.rule, finding.subject)
