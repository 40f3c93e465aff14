"""Rules over resources, plans and budgets: asks each rule what it is about, and turns answers into findings.

Rules are chosen once for each kind of resource. A resource's variables are read and bound once for all of its rules,
and only those that the rules read; rules remember their answers, since most resources look alike to most rules.
What was before the change is looked at only where a rule fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from guardrail.cel import Environment, Path, Scope
from guardrail.model.cost import ResourceCost
from guardrail.model.finding import Finding
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.plan.planned import planned_of_open
from guardrail.model.report import ProjectReport, RuleUse
from guardrail.model.resource import Action
from guardrail.model.unknown import Json
from guardrail.policy.billed import Billed
from guardrail.policy.budget_forecast import ThisChange
from guardrail.policy.budget_spend import billed_of, months_of, spend_of
from guardrail.policy.budgets import Budget, spent
from guardrail.policy.judging.findings import Subject, about, evidence_of, finding
from guardrail.policy.judging.matching import plays_in
from guardrail.policy.judging.remembered import Answers, Texts
from guardrail.policy.judging.resources import HIDDEN, PerResource, reads_others
from guardrail.policy.rules.compiled import PASSED, Answer, CompiledRule
from guardrail.policy.rules.rule import RuleScope
from guardrail.policy.spend import Spend, total
from guardrail.policy.variables.around import NO_SURROUNDINGS, Around, Surroundings
from guardrail.policy.variables.context import (
    PLAN_LISTS,
    Project,
    nested,
    open_by_usage,
    picked,
    plan_values,
    run_values,
)
from guardrail.policy.variables.cost_groups import cost_groups
from guardrail.policy.variables.defaults import Defaults, no_defaults
from guardrail.policy.variables.machine import Specs
from guardrail.progress import counted

if TYPE_CHECKING:
    from guardrail.model.billed.costs import BudgetSpend, KnownSnapshot

Bind = Callable[[Mapping[str, Json]], Scope]
Opened = Callable[[bool], str]
"""Tells the plans apart of which something has no price, from its resources: with what all others cost, or without."""


class Judge(Struct, dict=True):
    """Rules with all that their answers depend on beside the resources.

    specs                 what is known of machine types
    now                   the time of the run; rules have no other clock
    pr                    the pull request, empty outside of one
    pre_existing_blocks   whether what the plan's before already violates blocks as well
    with_remedies         whether findings say what their rules would have done about them
    currency              of all amounts
    defaults              what providers choose where a configuration leaves an attribute out
    matched               by rule id, how many resources, plans or budgets its `match` fits
    applied, skipped      ids of the rules whose `when` was ever true, or open, and of those whose `when` ever said no
    passed_known_cost     by rule id, how many resources, plans or budgets have passed on the known part of their cost, where the change
                          brings costs that depend on usage that is not given
    snapshot              what the ledger's snapshot says
    spends                what was found of budgets that limit what is billed
    no_change             why nothing tells what the run changes, "" where something does
    projects              names of the projects that the run is of
    """

    rules: Sequence[CompiledRule]
    specs: Specs
    now: datetime
    pr: Mapping[str, Json] = field(default_factory=dict)
    pre_existing_blocks: bool = False
    with_remedies: bool = False
    currency: str = "USD"
    defaults: Defaults = no_defaults
    matched: Counter[str] = field(default_factory=Counter)
    applied: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    passed_known_cost: Counter[str] = field(default_factory=Counter)
    snapshot: KnownSnapshot | None = None
    spends: list[BudgetSpend] = field(default_factory=list)
    no_change: str = ""
    projects: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.answers: dict[str, Answers] = {rule.rule.id: {} for rule in self.rules}
        self.texts: dict[str, Texts] = {rule.rule.id: {} for rule in self.rules}
        self.environment = Environment({}, engine_name=self.rules[0].engine if self.rules else None)
        self.bind: Bind = self.environment.bind

    @property
    def use(self) -> dict[str, RuleUse]:
        """How far each rule was of use in the run."""
        ids = (rule.rule.id for rule in self.rules)
        return {name: RuleUse(self.matched[name], applied=name in self.applied) for name in ids}

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
        one_by_one = PerResource(
            self, rules, project, around, self.beside(project, resources, sums, _all_read(rules), around)
        )
        findings = [one for resource in counted("resources judged", resources) for one in one_by_one.judge(resource)]
        self.matched += one_by_one.matched()
        return (*findings, *self.plan(project, resources, sums, around))

    def plan(
        self, project: Project, resources: Sequence[ResourceCost], sums: Spend, around: Around
    ) -> tuple[Finding, ...]:
        """Judge a project's plan as a whole; `sums` is what its resources cost."""
        rules = [r for r in self.rules if r.rule.scope is RuleScope.PLAN and plays_in(r.rule.match, project)]
        now, fit = self.beside(project, resources, sums, _all_read(rules), around)
        opened = _opened([(project.name, resources)])
        costs = cost_groups(_all_read(rules), resources, around.missing, past=True)
        past = {**now, "plan": {**now["plan"], **sums.as_before.values("plan"), "cost": costs}}
        asked = (
            self._whole(
                r, sums, now, past if r.reads.isdisjoint(_NOT_SUMS) else None, opened, project=project.name, fit=fit
            )
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
        opened = _opened([(project.name, bill.resources) for project, bill in projects])
        names = [project.name for project, _ in projects]
        return self.budgets_of_sums(budgets, spent(budgets, projects), names, opened)

    def budgets_of_sums(
        self, budgets: Sequence[Budget], sums: Sequence[Spend], projects: Iterable[str], opened: Opened = lambda _: ""
    ) -> tuple[Finding, ...]:
        """Judge budgets by what the resources of each cost, in the projects of these names."""
        self.projects.update(projects)
        found: list[Finding] = []
        for budget, one in zip(budgets, sums, strict=True):
            billed = billed_of(budget, self.snapshot, self.now, self._this)
            if budget.limits_spend:
                self.spends.append(spend_of(budget, billed, one, self.now))
            found += self.budget(budget, one, billed, opened)
        return tuple(found)

    def budget(
        self, budget: Budget, sums: Spend, billed: Billed | None = None, opened: Opened = lambda _: ""
    ) -> tuple[Finding, ...]:
        """Judge one budget; `sums` is what its resources cost, `billed` what bills say of it (default: by the snapshot)."""
        now, past = (self.beside_budget(budget, side, billed) for side in (sums, sums.as_before))
        asked = (self._whole(r, sums, now, past, opened) for r in self.rules if r.rule.scope is RuleScope.BUDGET)
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
        if costs := cost_groups(reads, resources, around.missing):
            plan["cost"] = costs
        names = [name for name in PLAN_LISTS if ("plan", name) in reads]
        now, fit = ({**plan, **around.plan(names, shown=shown)} if names else plan for shown in (False, True))
        return {**shared, "plan": now}, {**shared, "plan": fit}

    def beside_budget(self, budget: Budget, sums: Spend, billed: Billed | None = None) -> dict[str, Any]:
        """Return what rules about budgets read."""
        billed = billed or billed_of(budget, self.snapshot, self.now, self._this)
        limit = budget.limit(months_of(budget.period, self.now))
        return {**self._shared(), "budget": budget.values(sums, billed, limit)}

    @property
    def _this(self) -> ThisChange:
        number = self.pr.get("number")
        return ThisChange(number if isinstance(number, int) else None, frozenset(self.projects), self.no_change)

    def _shared(self, project: Project | None = None) -> dict[str, Any]:
        """What is the same for every resource of a project, or of the whole run."""
        return run_values(self.now, self.pr, self.currency) | ({"project": project.values()} if project else {})

    def _whole(
        self,
        rule: CompiledRule,
        sums: Spend,
        now: Mapping[str, Json],
        past: Mapping[str, Json] | None,
        opened: Opened,
        *,
        project: str = "",
        fit: Mapping[str, Json] | None = None,
    ) -> Finding | None:
        """Ask a rule about totals. What was broken before the change is pre-existing: only crossing a limit is new.

        `now` and `past` are what it reads, `sums` what of that is costs, `opened` tells its plan from others. `fit` is what is fit to be shown of `now`, where that is another thing.
        """
        answer = rule.answer(self.bind(nested(picked(now, rule.reads))))
        self.matched[rule.rule.id] += 1
        (self.skipped if answer.skipped else self.applied).add(rule.rule.id)
        if answer.passed:
            if sums.usage_open_new and answer is PASSED and rule.judges_known_cost:
                open_ = rule.answer(self.bind(nested(open_by_usage(picked(now, rule.reads)))))
                self.passed_known_cost[rule.rule.id] += bool(open_.unknown)
            return None
        # Before is looked at only where after fails: a pass needs no excuse.
        before = rule.answer(self.bind(nested(picked(past, rule.reads)))) if past and answer.failed else Answer()
        # A validation that held before is newly broken, even if others were broken already.
        old = bool(answer.failed) and set(answer.failed) <= set(before.failed)
        if answer.error and reads_others(rule):
            answer = Answer(error=HIDDEN)
        evidence = picked(fit or now, sorted(rule.shown | ({("budget", "name")} if "budget" in now else set())))
        found = finding(
            rule,
            answer,
            texts=rule.texts(answer.failed, self.bind(nested(evidence))),
            evidence=evidence_of(evidence),
            blocking=not old or self.pre_existing_blocks,
            pre_existing=old,
        )
        # Others change what a plan or a budget comes to: what is agreed to is what this change adds.
        subject = Subject(
            project=project,
            amount=None if sums.delta_unpriced else sums.delta,
            # What was not evaluated nothing tells from something else.
            planned=str if sums.not_evaluated else partial(opened, bool(sums.delta_unpriced)),
        )
        return found and about(subject, found, answer)


# What a plan was before the change cannot be told from these.
_NOT_SUMS = {
    *(("plan", name) for name in PLAN_LISTS if name != "workspace"),
    *(("plan", "counts", action.replace("-", "_")) for action in Action),
}


def _opened(projects: Sequence[tuple[str, Sequence[ResourceCost]]]) -> Opened:
    """Return what tells the plan of these resources from others; it is the same for each budget, and asked for by few rules."""

    def told(with_costs: bool) -> str:  # noqa: FBT001 - one flag, named at its call
        meant = ((name, one) for name, resources in projects for one in resources)
        return planned_of_open(meant, with_costs=with_costs)

    return cache(told)


def _all_read(rules: Iterable[CompiledRule]) -> set[Path]:
    return {path for rule in rules for path in rule.shown | rule.edited}
