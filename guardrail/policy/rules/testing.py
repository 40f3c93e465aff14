"""Runs the tests that rules carry: examples of what they pass, fail, and cannot tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from guardrail.errors import GuardrailError
from guardrail.model.finding import Finding, OnUnknown
from guardrail.model.remedy import Assignment, Remedy
from guardrail.model.unknown import Json
from guardrail.policy.budgets import Budget
from guardrail.policy.evaluate import Judge
from guardrail.policy.rules.compiled import compile_rule
from guardrail.policy.rules.fixture import Expected, RuleTest
from guardrail.policy.rules.packs import with_params
from guardrail.policy.rules.rule import RuleFile, RuleScope
from guardrail.policy.variables.context import Project
from guardrail.policy.variables.machine import Specs

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
"""The time at which tests play."""


@dataclass(frozen=True, slots=True)
class RuleTestResult:
    """How one test of a rule went. `mismatch` says what was expected and what came, "" if they agree."""

    rule: str
    name: str
    where: str
    mismatch: str = ""

    @property
    def passed(self) -> bool:
        """Whether the rule did as expected."""
        return not self.mismatch


def run_tests(rules: Iterable[RuleFile], *, specs: Specs, engine: str | None = None) -> Iterator[RuleTestResult]:
    """Run the tests of rules, in order. `specs` answers for machine types that a test says nothing of."""
    for rule in rules:
        for index, test in enumerate(rule.rule.tests):
            name = test.name or f"{index + 1}: {test.expect}"
            where = rule.file.where(("tests", index))
            try:
                mismatch = _mismatch(rule, test, specs, engine)
            except GuardrailError as error:
                mismatch = str(error)
            yield RuleTestResult(rule.rule.id, name, where, mismatch)


def _mismatch(rule: RuleFile, test: RuleTest, specs: Specs, engine: str | None) -> str:
    # A rule that lets unknown answers pass still has them.
    loud = rule.changed(on_unknown=OnUnknown.WARN)
    compiled = compile_rule(with_params(loud, test.params), engine=engine)
    judge = Judge([compiled], _specs(test, specs), NOW, with_remedies=True)
    findings = _judged(judge, rule.rule.scope, test)
    verdict, message = _outcome(judge, findings)
    if verdict != test.expect:
        return f"expected {test.expect}, got {verdict}" + (f": {message}" if message else "")
    if test.message is not None and message != test.message:
        return f"expected the message {test.message!r}, got {message!r}"
    return _edits_mismatch(test, findings[0].remedy or Remedy()) if findings else ""


def _edits_mismatch(test: RuleTest, remedy: Remedy) -> str:
    """Compare what the rule would have done with what the test expects, if it says anything of it."""
    if test.no_edit is not None and remedy.obstacle != test.no_edit:
        return f"expected no edit ({test.no_edit!r}), got {remedy.obstacle or _told(remedy)!r}"
    if test.edits is None:
        return ""
    expected = [one.model_dump(exclude_none=True) for one in test.edits]
    return "" if expected == _told(remedy) else f"expected the edits {expected}, got {remedy.obstacle or _told(remedy)}"


def _told(remedy: Remedy) -> list[dict[str, Json]]:
    return [
        {"set": ".".join(step.path), "value": step.value}
        if isinstance(step, Assignment)
        else {"rename": ".".join(step.path), "to": step.name}
        for step in remedy.steps
    ]


def _judged(judge: Judge, scope: RuleScope, test: RuleTest) -> tuple[Finding, ...]:
    project = Project(test.project.name, test.project.path, test.project.env)
    if scope is RuleScope.BUDGET:
        if test.budget is None:
            raise GuardrailError("a test of a budget rule needs `budget`")
        given = test.budget
        budget = Budget(
            name=given.name, monthly=given.monthly, increase=given.increase, increase_percent=given.increase_percent
        )
        return judge.budget(budget, given.cost.spend())
    if scope is RuleScope.PLAN:
        if test.plan is None:
            raise GuardrailError("a test of a plan rule needs `plan`")
        return judge.plan(project, *test.plan.judged())
    if test.resource is None:
        raise GuardrailError("a test of a resource rule needs `resource`")
    return judge.project(project, [test.resource.priced()])


def _outcome(judge: Judge, findings: tuple[Finding, ...]) -> tuple[Expected, str]:
    if findings:
        return Expected(findings[0].status.value), findings[0].message
    return (Expected.PASS if judge.asked - judge.skipped else Expected.SKIP), ""


def _specs(test: RuleTest, specs: Specs) -> Specs:
    """Return facts about machine types: the test's own, else those of the catalog."""
    given = test.resource.instance if test.resource else None

    def look_up(vendor: str, name: str) -> Mapping[str, Json] | None:
        known = specs(vendor, name)
        return {**(known or {}), **given} if given else known

    return look_up
