"""Rules over resources, plans and budgets: asks each rule what it is about, and turns answers into findings.

Rules are chosen once for each kind of resource. A resource's variables are read and bound once for all of its rules,
and only those that the rules read; rules remember their answers, since most resources look alike to most rules.
What was before the change is looked at only where a rule fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from guardrail.cel import Environment, Path, Scope
from guardrail.errors import LimitError
from guardrail.model.cost import ResourceCost
from guardrail.model.finding import Finding
from guardrail.model.money import ZERO
from guardrail.model.not_evaluated import NotEvaluated
from guardrail.model.remedy import Remedy
from guardrail.model.report import ProjectReport
from guardrail.model.resource import Action, Change
from guardrail.model.unknown import Json
from guardrail.policy.billed import Billed
from guardrail.policy.budget_spend import billed_of, spend_of
from guardrail.policy.budgets import Budget, spent
from guardrail.policy.findings import Subject, finding, is_evidence
from guardrail.policy.matching import applies, plays_in
from guardrail.policy.remembered import REMEMBERED, Answers, LazyScope, hashable, key_of, remembered_answer
from guardrail.policy.rules.compiled import PASSED, Answer, CompiledRule
from guardrail.policy.rules.remedies import remedy
from guardrail.policy.rules.rule import ALL_BUT_GONE, RuleScope
from guardrail.policy.spend import Spend, spend, total
from guardrail.policy.variables.around import NO_SURROUNDINGS, Around, Surroundings
from guardrail.policy.variables.context import (
    LOOKUPS,
    PLAN_LISTS,
    Project,
    nested,
    open_by_usage,
    picked,
    plan_values,
    run_values,
)
from guardrail.policy.variables.defaults import Defaults, no_defaults
from guardrail.policy.variables.machine import Specs
from guardrail.policy.variables.view import ResourceView, reader
from guardrail.progress import counted

if TYPE_CHECKING:
    from guardrail.model.billed.costs import BudgetSpend, KnownSnapshot

Bind = Callable[[Mapping[str, Json]], Scope]


@dataclass
class Judge:
    """Rules with all that their answers depend on beside the resources.

    specs                 what is known of machine types
    now                   the time of the run; rules have no other clock
    pr                    the pull request, empty outside of one
    pre_existing_blocks   whether what the plan's before already violates blocks as well
    with_remedies         whether findings say what their rules would have done about them
    currency              of all amounts
    defaults              what providers choose where a configuration leaves an attribute out
    asked, skipped        ids of the rules that something was asked of, and of those whose `when` ever said no
    passed_known_cost     by rule id, how many resources, plans or budgets have passed on the known part of their cost, where the change
                          brings costs that depend on usage that is not given
    snapshot              what the ledger's snapshot says
    spends                what was found of budgets that limit what is billed
    """

    rules: Sequence[CompiledRule]
    specs: Specs
    now: datetime
    pr: Mapping[str, Json] = field(default_factory=dict)
    pre_existing_blocks: bool = False
    with_remedies: bool = False
    currency: str = "USD"
    defaults: Defaults = no_defaults
    asked: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    passed_known_cost: Counter[str] = field(default_factory=Counter)
    snapshot: KnownSnapshot | None = None
    spends: list[BudgetSpend] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers: dict[str, Answers] = {rule.rule.id: {} for rule in self.rules}
        self.texts: dict[str, _Texts] = {rule.rule.id: {} for rule in self.rules}
        self.environment = Environment({}, engine_name=self.rules[0].engine if self.rules else None)
        self.bind: Bind = self.environment.bind

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Ids of the rules that nothing was asked of."""
        return tuple(rule.rule.id for rule in self.rules if rule.rule.id not in self.asked)

    def keep_compiled(self) -> None:
        """Keep for the next run what of the rules this one has compiled."""
        for rule in self.rules:
            if rule.kept:
                rule.kept.keep()

    def project(
        self,
        project: Project,
        resources: Sequence[ResourceCost],
        not_evaluated: Sequence[NotEvaluated] = (),
        surroundings: Surroundings = NO_SURROUNDINGS,
    ) -> tuple[Finding, ...]:
        """Judge a project's resources one by one, then its plan as a whole. Findings stand in that order."""
        sums, around = total(resources, not_evaluated), self.around(project, resources, not_evaluated, surroundings)
        rules = [r for r in self.rules if r.rule.scope is RuleScope.RESOURCE and plays_in(r.rule.match, project)]
        one_by_one = _PerResource(
            self, rules, project, around, self.beside(project, resources, sums, _all_read(rules), around)
        )
        findings = [one for resource in counted("resources judged", resources) for one in one_by_one.judge(resource)]
        return (*findings, *self.plan(project, resources, sums, around))

    def plan(
        self, project: Project, resources: Sequence[ResourceCost], sums: Spend, around: Around
    ) -> tuple[Finding, ...]:
        """Judge a project's plan as a whole; `sums` is what its resources cost."""
        rules = [r for r in self.rules if r.rule.scope is RuleScope.PLAN and plays_in(r.rule.match, project)]
        now, fit = self.beside(project, resources, sums, _all_read(rules), around)
        past = {**now, "plan": {**now["plan"], **sums.as_before.values("plan")}}
        asked = (
            self._whole(r, sums, now, past if r.reads.isdisjoint(_NOT_SUMS) else None, project=project.name, fit=fit)
            for r in rules
        )
        return tuple(one for one in asked if one)

    def around(
        self,
        project: Project,
        resources: Sequence[ResourceCost],
        not_evaluated: Sequence[NotEvaluated],
        surroundings: Surroundings,
    ) -> Around:
        """Return a plan as these rules look at it."""
        looks_at = frozenset[Path]().union(*(rule.looks_at for rule in self.rules))
        return Around(project, resources, not_evaluated, surroundings, self.specs, self.defaults, looks_at)

    def budgets(
        self, budgets: Sequence[Budget], projects: Sequence[tuple[Project, ProjectReport]]
    ) -> tuple[Finding, ...]:
        """Judge budgets over all projects of the run."""
        found: list[Finding] = []
        for budget, sums in zip(budgets, spent(budgets, projects), strict=True):
            billed = billed_of(budget, self.snapshot, self.now)
            if budget.spend is not None:
                self.spends.append(spend_of(budget, billed, sums, self.now))
            found += self.budget(budget, sums, billed)
        return tuple(found)

    def budget(self, budget: Budget, sums: Spend, billed: Billed | None = None) -> tuple[Finding, ...]:
        """Judge one budget; `sums` is what its resources cost, `billed` what bills say of it (default: by the snapshot)."""
        now, past = (self.beside_budget(budget, side, billed) for side in (sums, sums.as_before))
        asked = (self._whole(r, sums, now, past) for r in self.rules if r.rule.scope is RuleScope.BUDGET)
        return tuple(one for one in asked if one)

    def beside(
        self,
        project: Project,
        resources: Sequence[ResourceCost],
        sums: Spend,
        reads: Iterable[Path],
        around: Around,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what is read beside single resources, and the same as it may be shown: plan, project and run."""
        plan, shared, reads = plan_values(resources, sums), self._shared(project), frozenset(reads)
        names = [name for name in PLAN_LISTS if ("plan", name) in reads]
        now, fit = ({**plan, **around.plan(names, shown=shown)} if names else plan for shown in (False, True))
        return {**shared, "plan": now}, {**shared, "plan": fit}

    def beside_budget(self, budget: Budget, sums: Spend, billed: Billed | None = None) -> dict[str, Any]:
        """Return what rules about budgets read."""
        billed = billed or billed_of(budget, self.snapshot, self.now)
        return {**self._shared(), "budget": budget.values(sums, billed)}

    def _shared(self, project: Project | None = None) -> dict[str, Any]:
        """What is the same for every resource of a project, or of the whole run."""
        return run_values(self.now, self.pr, self.currency) | ({"project": project.values()} if project else {})

    def _whole(
        self,
        rule: CompiledRule,
        sums: Spend,
        now: Mapping[str, Json],
        past: Mapping[str, Json] | None,
        *,
        project: str = "",
        fit: Mapping[str, Json] | None = None,
    ) -> Finding | None:
        """Ask a rule about totals. What was broken before the change is pre-existing: only crossing a limit is new.

        `now` and `past` are what it reads, `sums` what of that is costs. `fit` is what is fit to be shown of `now`, where that is another thing.
        """
        answer = rule.answer(self.bind(nested(picked(now, rule.reads))))
        self.asked.add(rule.rule.id)
        if answer.skipped:
            self.skipped.add(rule.rule.id)
        if answer.passed:
            if sums.usage_open_new and answer is PASSED and rule.judges_known_cost:
                open_ = rule.answer(self.bind(nested(open_by_usage(picked(now, rule.reads)))))
                self.passed_known_cost[rule.rule.id] += bool(open_.unknown)
            return None
        # Before is looked at only where after fails: a pass needs no excuse.
        before = rule.answer(self.bind(nested(picked(past, rule.reads)))) if past and answer.failed else Answer()
        # A validation that held before is newly broken, even if others were broken already.
        old = bool(answer.failed) and set(answer.failed) <= set(before.failed)
        if answer.error and _reads_others(rule):
            answer = Answer(error=_HIDDEN)
        evidence = picked(fit or now, sorted(rule.shown | ({("budget", "name")} if "budget" in now else set())))
        return finding(
            rule,
            answer,
            # Others change what a plan or a budget comes to: what is agreed to is what this change adds.
            Subject(project=project, amount=None if sums.delta_unpriced else sums.delta),
            texts=rule.texts(answer.failed, self.bind(nested(evidence))),
            evidence=evidence,
            blocking=not old or self.pre_existing_blocks,
            pre_existing=old,
        )


# What a plan was before the change cannot be told from these.
_NOT_SUMS = {
    *(("plan", name) for name in PLAN_LISTS if name != "workspace"),
    *(("plan", "counts", action.replace("-", "_")) for action in Action),
}
_MAY_HOLD_SECRETS = {("plan", name) for name in ("resources", "data", "variables", "outputs")}
_HIDDEN = "what went wrong is not shown, as the rule reads sensitive values"


def _all_read(rules: Iterable[CompiledRule]) -> set[Path]:
    return {path for rule in rules for path in rule.shown | rule.edited}


def _reads_project(reads: Iterable[Path]) -> bool:
    return any(path[0] in _OF_PROJECT or path[1:2] in _OF_PLAN for path in reads)


_OF_PROJECT = {"project", "plan"}
_OF_PLAN = {(name,) for name in LOOKUPS}  # remembered beyond its project, a price would keep all of its plan
_Texts = dict[tuple[Any, ...], tuple[str, ...]]
_PickKey = Callable[[tuple[Any, ...]], tuple[Any, ...]]
"""Takes what one rule's answer depends on out of what all rules of a group compare."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The rules for resources of one kind, what tells such resources apart to them, and what they have answered."""

    rules: tuple[tuple[CompiledRule, _PickKey, Answers], ...]
    readers: tuple[Callable[[ResourceView], Json], ...]
    answers: dict[tuple[Any, ...], _Answered]


@dataclass(frozen=True, slots=True)
class _Answered:
    """What rules say of resources that are alike: answers that are not simply yes, and the rules that a known cost passes."""

    found: tuple[tuple[CompiledRule, Answer], ...]
    passed_known_cost: tuple[tuple[CompiledRule, _PickKey, Answers], ...]


class _PerResource:
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
        self.rules = rules
        self.project = project
        self.around = around
        self.shared, self.fit = beside
        self._groups: dict[tuple[Any, ...], _Group] = {}
        # What was answered in one project holds in the next, unless the rule looks at the project itself.
        self._answers = {r.rule.id: {} if _reads_project(r.reads) else judge.answers[r.rule.id] for r in rules}
        self._texts = {r.rule.id: {} if _reads_project(r.shown) else judge.texts[r.rule.id] for r in rules}

    def judge(self, resource: ResourceCost) -> list[Finding]:
        """Ask every rule that applies."""
        group = self._group(resource.change)
        if not group.rules:
            return []
        view = self._view(resource)
        alike = tuple([hashable(read(view)) for read in group.readers])
        answers = group.answers.get(alike)
        if answers is None:
            answers = self._evaluate(group, alike, view)
            if len(group.answers) < REMEMBERED:
                group.answers[alike] = answers
        if resource.after and resource.after.as_given.usage_based and resource.changes:
            self._count_known_cost(answers, alike, view)
        shown = cache(lambda settled: self._view(resource, shown=True, settled=settled))
        found = (self._finding(rule, answer, resource, shown(bool(answer.failed))) for rule, answer in answers.found)
        return [one for one in found if one]

    def _view(
        self, resource: ResourceCost, *, past: bool = False, shown: bool = False, settled: bool = False
    ) -> ResourceView:
        return ResourceView(resource, self.owner.specs, past=past, shown=shown, settled=settled, around=self.around)

    def _evaluate(self, group: _Group, alike: tuple[Any, ...], view: ResourceView) -> _Answered:
        scope = LazyScope(lambda: self._scope(view, {path for rule, _, _ in group.rules for path in rule.reads}))
        found: list[tuple[CompiledRule, Answer]] = []
        passed: list[tuple[CompiledRule, _PickKey, Answers]] = []
        for rule, pick_key, answers in group.rules:
            answer = remembered_answer(rule, answers, pick_key(alike), scope)
            if answer is PASSED:  # most rules pass most resources
                if rule.judges_known_cost:
                    passed.append((rule, pick_key, answers))
                continue
            # Only where the configuration leaves an attribute out can null decide what is unknown.
            if answer.unknown and view.side and (view.side.open or view.side.open_inside):
                answer = self._settled(rule, answers, view, answer)
            if answer.skipped:
                self.owner.skipped.add(rule.rule.id)
            elif not answer.passed:
                found.append((rule, answer))
        return _Answered(tuple(found), tuple(passed))

    def _count_known_cost(self, answered: _Answered, alike: tuple[Any, ...], view: ResourceView) -> None:
        """Count the rules that would wait if the amounts were open that usage adds to: a pass for other reasons holds."""
        for rule, pick_key, answers in answered.passed_known_cost:
            asked = dict(zip(rule.answer_keys, pick_key(alike), strict=True))
            scope = LazyScope(partial(self._open_scope, view, rule))
            answer = remembered_answer(rule, answers, tuple(open_by_usage(asked).values()), scope)
            self.owner.passed_known_cost[rule.rule.id] += bool(answer.unknown)

    def _open_scope(self, view: ResourceView, rule: CompiledRule) -> Scope:
        values = self._values(view, rule.reads)
        own = {path: value for path, value in values.items() if path[0] == "resource"}
        return self.owner.bind(nested(values | open_by_usage(own)))

    def _settled(self, rule: CompiledRule, answers: Answers, view: ResourceView, open_: Answer) -> Answer:
        """Return a failure that is there if what is left out is null; a pass would not hold if the provider chose it."""
        view = self._view(view.cost, settled=True)
        again = remembered_answer(
            rule, answers, key_of(rule.answer_keys, view), LazyScope(lambda: self._scope(view, rule.reads))
        )
        return again if again.failed else open_

    def _messages(self, rule: CompiledRule, failed: tuple[int, ...], view: ResourceView) -> tuple[str, ...]:
        """Return the messages of a rule about a resource as it may be shown."""
        key = (failed, *key_of(rule.message_keys, view))
        texts = self._texts[rule.rule.id]
        found = texts.get(key)
        if found is None:
            found = rule.texts(failed, self._scope(view, rule.shown))
            if len(texts) < REMEMBERED:
                texts[key] = found
        return found

    def _scope(self, view: ResourceView, paths: Iterable[Path]) -> Scope:
        return self.owner.bind(nested(self._values(view, paths)))

    def _group(self, change: Change) -> _Group:
        # All that `match` may ask of a resource; what it asks of the project holds for all of them.
        kind = (change.type, change.provider, change.action, change.taggable)
        if kind not in self._groups:
            rules = [rule for rule in self.rules if applies(rule.rule.match, change)]
            self.owner.asked.update(rule.rule.id for rule in rules)
            keys = sorted({path for rule in rules for path in rule.answer_keys})
            entries = tuple((rule, _picker(keys, rule.answer_keys), self._answers[rule.rule.id]) for rule in rules)
            self._groups[kind] = _Group(entries, tuple(map(reader, keys)), {})
        return self._groups[kind]

    def _finding(
        self, rule: CompiledRule, answer: Answer, resource: ResourceCost, view: ResourceView
    ) -> Finding | None:
        """Return what is to be said of a resource, of which `view` has what may be shown."""
        change = resource.change
        texts = self._messages(rule, answer.failed, view) if answer.failed else ()
        old = bool(answer.failed) and self._pre_existing(rule, answer, texts, resource)
        if answer.error and (_has_secrets(change) or _reads_others(rule)):
            answer = Answer(error=_HIDDEN)
        found = finding(
            rule,
            answer,
            Subject(change.address, self.project.name, change.source, _amount(resource)),
            texts=texts,
            evidence=self._values(view, filter(is_evidence, rule.reads)),
            blocking=not old or self.owner.pre_existing_blocks,
            pre_existing=old,
        )
        asked = answer.failed and self.owner.with_remedies
        return replace(found, remedy=self._remedy(rule, view)) if found and asked else found

    def _remedy(self, rule: CompiledRule, view: ResourceView) -> Remedy:
        """Ask a rule what is to be done, of the resource as it may be shown: what is set stands in the open."""
        try:
            return remedy(rule.edits, self._scope(view, rule.edited), self.owner.environment.rebind)
        except LimitError as error:
            raise rule.past(error) from None

    def _pre_existing(self, rule: CompiledRule, answer: Answer, texts: tuple[str, ...], resource: ResourceCost) -> bool:
        """Say whether the rule was broken in the same way before: same words, or about a cost that does not rise."""
        if resource.change.before is None or resource.change.action not in ALL_BUT_GONE:
            return False
        # An unchanged resource answers as before, unless the rule looks at others, which may have changed.
        if resource.stays and not rule.reads_relations:
            return True
        past = self._view(resource, past=True, settled=True)
        scope = LazyScope(lambda: self._scope(past, rule.reads))
        before = remembered_answer(rule, self._answers[rule.rule.id], key_of(rule.answer_keys, past), scope)
        if not set(answer.failed) <= set(before.failed):
            return False
        view = self._view(resource, past=True, shown=True, settled=True)
        if set(texts) <= set(self._messages(rule, answer.failed, view)):
            return True
        # A message with an amount is another one at every other cost; what does not rise is no new violation.
        sums = spend(resource)
        return rule.reads_cost and not sums.delta_unpriced and sums.delta <= 0

    def _values(self, view: ResourceView, paths: Iterable[Path]) -> dict[Path, Json]:
        wanted = sorted(paths)
        values = {path: view.read(path) for path in wanted if path[0] == "resource"}
        return values | picked(self.fit if view.shown else self.shared, wanted)


def _picker(keys: Sequence[Path], wanted: Sequence[Path]) -> _PickKey:
    indices = [keys.index(path) for path in wanted]
    if len(indices) > 1:
        return itemgetter(*indices)  # a comprehension takes twice as long, once for every rule and kind of resource
    return lambda values: tuple(values[index] for index in indices)


def _amount(resource: ResourceCost) -> Decimal | None:
    """Return what a resource costs after the change without usage that is not given; None where a part has no price."""
    if resource.after is None:
        return ZERO
    return None if resource.after.unpriced else resource.after.known


def _reads_others(rule: CompiledRule) -> bool:
    """Say whether a rule reads values of which it cannot be told here that none is sensitive."""
    return rule.reads_relations or not rule.reads.isdisjoint(_MAY_HOLD_SECRETS)


def _has_secrets(change: Change) -> bool:
    sides = [side for side in (change.before, change.after) if side]
    return any(side.has_secrets(name) for side in sides for name in side.names())
