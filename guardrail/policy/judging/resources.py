"""The rules about single resources: most look alike to most rules, and what was answered for one holds for the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from guardrail.cel import Path, Scope
from guardrail.errors import LimitError
from guardrail.model.cost import ResourceCost
from guardrail.model.finding import Finding
from guardrail.model.money import ZERO
from guardrail.model.plan.planned import planned_of
from guardrail.model.remedy import Remedy
from guardrail.model.resource import Change
from guardrail.model.unknown import Json
from guardrail.policy.judging.aspects import Answered, Aspect, Aspects, Kind, keys_of, kind_of
from guardrail.policy.judging.findings import Subject, about, as_evidence, evidence_of, finding, is_evidence
from guardrail.policy.judging.matching import applies
from guardrail.policy.judging.remembered import REMEMBERED, AskedRule, LazyScope, Said, key_of
from guardrail.policy.judging.savings import saving
from guardrail.policy.rules.compiled import PASSED, Answer, CompiledRule
from guardrail.policy.rules.remedies import remedy
from guardrail.policy.rules.rule import ALL_BUT_GONE
from guardrail.policy.spend import spend
from guardrail.policy.variables.around import Around
from guardrail.policy.variables.context import (
    LOOKUPS,
    Project,
    nested,
    open_by_usage,
    picked,
)
from guardrail.policy.variables.view import ResourceView

if TYPE_CHECKING:
    from guardrail.policy.judging.evaluate import Judge

_MAY_HOLD_SECRETS = {("plan", name) for name in ("resources", "data", "variables", "outputs")}
HIDDEN = "what went wrong is not shown, as the rule reads sensitive values"


def _reads_project(reads: Iterable[Path]) -> bool:
    return any(path[0] in _OF_PROJECT or path[1:2] in _OF_PLAN for path in reads)


PRICE = "price.of"
_OF_PROJECT = {"project", "plan"}
_OF_PLAN = {(name,) for name in LOOKUPS}  # remembered beyond its project, a price would keep all of its plan


class PerResource:
    """The rules about single resources, in one project."""

    def __init__(
        self,
        judge: Judge,
        rules: list[CompiledRule],
        project: Project,
        around: Around,
        beside: tuple[dict[str, Json], dict[str, Json]],
    ) -> None:
        self.owner = judge
        self.project = project
        self.around = around
        self.shared, self.fit = beside
        self.rules = [self._asked(place, rule) for place, rule in enumerate(rules)]
        self._kinds: dict[tuple[Any, ...], Kind] = {}
        self._known: Aspects = {}
        self._savings: dict[tuple[Any, ...], Decimal | None] = {}

    def _asked(self, place: int, rule: CompiledRule) -> AskedRule:
        name, paths = rule.rule.id, sorted(filter(is_evidence, rule.reads))
        own = [path for path in paths if path[0] == "resource"]
        return AskedRule(
            place,
            rule,
            # What was answered in one project holds in the next, unless the rule looks at the project itself.
            {} if _reads_project(rule.reads) else self.owner.answers[name],
            {} if _reads_project(rule.shown) else self.owner.texts[name],
            own=tuple((".".join(path), path) for path in own),
            others=evidence_of(picked(self.fit, [path for path in paths if path[0] != "resource"])),
            edited=tuple(path for path in rule.edited if path[0] == "resource" and path[1] != PRICE),
            # What others of the plan have may be sensitive, where nothing of the resource is.
            of_itself=not _looks_elsewhere(rule.shown | rule.edited),
            shown_by=keys_of({*own, *rule.message_keys}),
        )

    def judge(self, resource: ResourceCost) -> list[Finding]:
        """Ask every rule that applies."""
        kind = self._kind(resource.change)
        kind.judged += 1
        if not kind.aspects:
            return []
        view = self._view(resource)
        counts = resource.after and resource.after.as_given.usage_based and resource.changes
        read = [key(view) for key in kind.keys]
        found: list[tuple[AskedRule, Answer]] = []
        for picked_from, aspect in kind.aspects:
            key = picked_from(read)
            answered = aspect.answered.get(key)
            if answered is None:
                answered = self._evaluate(aspect, view)
                aspect.remember(key, answered)
            if answered.found:
                found += answered.found
            if counts and answered.passed:
                self._count_known_cost(answered, view)
        return self._told(found, view) if found else []

    def _told(self, found: list[tuple[AskedRule, Answer]], view: ResourceView) -> list[Finding]:
        """Return findings for answers, in the order of the rules."""
        found.sort(key=_place)
        change, is_plain = view.change, view.is_plain
        subject = Subject(
            change.address, self.project.name, change.source, _amount(view.cost), partial(planned_of, change)
        )
        shown: dict[tuple[bool, bool], ResourceView] = {}
        told: list[Finding] = []
        for asked, answer in found:
            settled, alike = how = bool(answer.failed), is_plain and asked.of_itself
            if how not in shown:
                shown[how] = view.as_shown(settled=settled, alike=alike)
            one = self._finding(asked, answer, subject, view.cost, shown[how])
            if one:
                told.append(one)
        return told

    def matched(self) -> Counter[str]:
        """Return how many of the resources that have been judged the match of each rule fits."""
        found: Counter[str] = Counter()
        for kind in self._kinds.values():
            for _, aspect in kind.aspects:
                for one in aspect.rules:
                    found[one.rule.rule.id] += kind.judged
        return found

    def _view(
        self, resource: ResourceCost, *, past: bool = False, shown: bool = False, settled: bool = False
    ) -> ResourceView:
        return ResourceView(resource, self.owner.specs, past=past, shown=shown, settled=settled, around=self.around)

    def _evaluate(self, aspect: Aspect, view: ResourceView) -> Answered:
        scope = LazyScope(lambda: self._scope(view, aspect.reads))
        found: list[tuple[AskedRule, Answer]] = []
        passed: list[AskedRule] = []
        for asked in aspect.rules:
            answer = asked.answer(view, scope)
            # Only where the configuration leaves an attribute out can null decide what is unknown.
            if answer.unknown and view.side and (view.side.open or view.side.open_inside):
                answer = self._settled(asked, view, answer)
            if answer.skipped:
                self.owner.skipped.add(asked.rule.rule.id)
                continue
            self.owner.applied.add(asked.rule.rule.id)
            if not answer.passed:
                found.append((asked, answer))
            elif answer is PASSED and asked.rule.judges_known_cost:
                passed.append(asked)
        return Answered(view.cost, tuple(found), tuple(passed))

    def _count_known_cost(self, answered: Answered, view: ResourceView) -> None:
        """Count the rules that would wait if the amounts were open that usage adds to: a pass for other reasons holds."""
        if answered.waiting is None:
            answered.waiting = tuple(one.rule.rule.id for one in answered.passed if self._waits(one, view))
        for name in answered.waiting:
            self.owner.passed_known_cost[name] += 1

    def _waits(self, asked: AskedRule, view: ResourceView) -> bool:
        rule = asked.rule
        values = dict(zip(rule.answer_keys, key_of(rule.answer_keys, view), strict=True))
        scope = LazyScope(partial(self._open_scope, view, rule))
        return bool(asked.answer_by(tuple(open_by_usage(values).values()), scope).unknown)

    def _open_scope(self, view: ResourceView, rule: CompiledRule) -> Scope:
        values = self._values(view, rule.reads)
        own = {path: value for path, value in values.items() if path[0] == "resource"}
        return self.owner.bind(nested(values | open_by_usage(own)))

    def _settled(self, asked: AskedRule, view: ResourceView, open_: Answer) -> Answer:
        """Return a failure that is there if what is left out is null; a pass would not hold if the provider chose it."""
        view = self._view(view.cost, settled=True)
        again = asked.answer(view, LazyScope(lambda: self._scope(view, asked.rule.reads)))
        return again if again.failed else open_

    def _messages(self, asked: AskedRule, failed: tuple[int, ...], view: ResourceView) -> tuple[str, ...]:
        """Return the messages of a rule about a resource as it may be shown."""
        return asked.messages(failed, view, lambda: self._scope(view, asked.rule.shown))

    def _scope(self, view: ResourceView, paths: Iterable[Path]) -> Scope:
        return self.owner.bind(nested(self._values(view, paths)))

    def _kind(self, change: Change) -> Kind:
        name = _kind_name(change)
        found = self._kinds.get(name)
        if found is None:
            fit = [one for one in self.rules if applies(one.rule.rule.match, change)]
            found = self._kinds[name] = kind_of(fit, change, self._known)
        return found

    def _finding(
        self, asked: AskedRule, answer: Answer, subject: Subject, resource: ResourceCost, view: ResourceView
    ) -> Finding | None:
        """Return what is to be said of a resource, of which `view` has what may be shown."""
        rule = asked.rule
        if rule.rule.waste and costs_nothing(resource):
            return None
        if answer.error and (_has_secrets(resource.change) or reads_others(rule)):
            answer = Answer(error=HIDDEN)
        said = self._said(asked, answer, view)
        old = bool(answer.failed) and self._pre_existing(asked, answer, said.texts, resource)
        if old not in said.findings:
            said.findings[old] = finding(
                rule,
                answer,
                texts=said.texts,
                evidence=said.evidence,
                blocking=not old or self.owner.pre_existing_blocks,
                pre_existing=old,
            )
        found = said.findings[old]
        if found is None or not answer.failed:
            return found and about(subject, found, answer)
        saved = self._saving(asked, view, subject.amount)
        if rule.rule.waste and saved is not None and saved <= 0:
            return None
        remedy = self._remedy(rule, view) if self.owner.with_remedies else None
        return about(subject, found, answer, saving=saved, remedy=remedy)

    def _said(self, asked: AskedRule, answer: Answer, view: ResourceView) -> Said:
        """Return what a rule says of a resource; once of all that it gives the same answer for, and shows the same of."""
        key = (answer, *[key(view) for key in asked.shown_by])
        said = asked.said.get(key)
        if said is None:
            texts = self._messages(asked, answer.failed, view) if answer.failed else ()
            said = Said(texts, {**{name: as_evidence(view.read(path)) for name, path in asked.own}, **asked.others})
            if len(asked.said) < REMEMBERED:
                asked.said[key] = said
        return said

    def _saving(self, asked: AskedRule, view: ResourceView, amount: Decimal | None) -> Decimal | None:
        """Return what mending a finding saves; of resources that cost the same and differ in nothing that the rule reads, once."""
        rule = asked.rule
        if amount is None or not (rule.saving or rule.edits):
            return None
        key = (rule.rule.id, id(view.cost.after), *key_of(asked.edited, view))
        if key not in self._savings:
            self._savings[key] = saving(
                rule, view, lambda: self._scope(view, rule.edited), lambda: self._remedy(rule, view)
            )
        return self._savings[key]

    def _remedy(self, rule: CompiledRule, view: ResourceView) -> Remedy:
        """Ask a rule what is to be done, of the resource as it may be shown: what is set stands in the open."""
        try:
            return remedy(rule.edits, self._scope(view, rule.edited), self.owner.environment.rebind)
        except LimitError as error:
            raise rule.past(error) from None

    def _pre_existing(self, asked: AskedRule, answer: Answer, texts: tuple[str, ...], resource: ResourceCost) -> bool:
        """Say whether the rule was broken in the same way before: same words, or about a cost that does not rise."""
        if resource.change.before is None or resource.change.action not in ALL_BUT_GONE:
            return False
        rule = asked.rule
        # An unchanged resource answers as before, unless the rule looks at others, which may have changed.
        if resource.stays and not rule.reads_relations:
            return True
        past = self._view(resource, past=True, settled=True)
        before = asked.answer(past, LazyScope(lambda: self._scope(past, rule.reads)))
        if not set(answer.failed) <= set(before.failed):
            return False
        view = self._view(resource, past=True, shown=True, settled=True)
        if set(texts) <= set(self._messages(asked, answer.failed, view)):
            return True
        # A message with an amount is another one at every other cost; what does not rise is no new violation.
        sums = spend(resource)
        return rule.reads_cost and not sums.delta_unpriced and sums.delta <= 0

    def _values(self, view: ResourceView, paths: Iterable[Path]) -> dict[Path, Json]:
        own: list[Path] = []
        others: list[Path] = []
        for path in paths:
            (own if path[0] == "resource" else others).append(path)
        values = {path: view.read(path) for path in own}
        return values | picked(self.fit if view.shown else self.shared, others)


def _place(found: tuple[AskedRule, Answer]) -> int:
    return found[0].place


def _looks_elsewhere(reads: Iterable[Path]) -> bool:
    return any(path[0] == "resource" and path[1] in {*LOOKUPS, "tags_of"} for path in reads)


def _kind_name(change: Change) -> tuple[Any, ...]:
    """Return all that `match` may ask of a resource; what it asks of the project holds for all of them."""
    return change.type, change.provider, change.action, change.taggable


def _amount(resource: ResourceCost) -> Decimal | None:
    """Return what a resource costs after the change without usage that is not given; None where a part has no price."""
    if resource.after is None:
        return ZERO
    return None if resource.after.unpriced else resource.after.known


def costs_nothing(resource: ResourceCost) -> bool:
    """Say whether it is known that a resource costs nothing, so that nothing of it is wasted."""
    return resource.after is not None and resource.after.as_given.is_nothing


def reads_others(rule: CompiledRule) -> bool:
    """Say whether a rule reads values of which it cannot be told here that none is sensitive."""
    return rule.reads_relations or not rule.reads.isdisjoint(_MAY_HOLD_SECRETS)


def _has_secrets(change: Change) -> bool:
    sides = [side for side in (change.before, change.after) if side]
    return any(side.has_secrets(name) for side in sides for name in side.names())
