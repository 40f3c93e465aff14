"""Runs the tests that rules carry: examples of what they pass, fail, and cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import asdict, replace

from guardrail.cel import Path as CelPath
from guardrail.cel import Scope, installed_engines
from guardrail.errors import GuardrailError, did_you_mean
from guardrail.model.cost import ResourceCost
from guardrail.model.finding import Finding, FindingStatus, OnUnknown
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.remedy import Assignment, Remedy
from guardrail.model.unknown import Json
from guardrail.policy.budgets import Budget
from guardrail.policy.judging.evaluate import Judge
from guardrail.policy.rules.compiled import CompiledRule, compile_rule
from guardrail.policy.rules.packs.settling import with_params
from guardrail.policy.rules.resource_types import NO_TYPES, ResourceTypes
from guardrail.policy.rules.rule import RuleFile, RuleScope
from guardrail.policy.rules.testing.coverage import Coverage
from guardrail.policy.rules.testing.fixture import Expected, Repricer, RuleTest, declared_tests
from guardrail.policy.spend import total
from guardrail.policy.variables.around import NO_SURROUNDINGS, Surroundings
from guardrail.policy.variables.context import NO_REPOSITORY, Project, nested, picked
from guardrail.policy.variables.defaults import Defaults, no_defaults
from guardrail.policy.variables.machine import Specs
from guardrail.policy.working import Case, is_failure

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
"""The time at which tests play."""


class RuleTestResult(Struct, frozen=True):
    """How one test of a rule went. `mismatch` says what was expected and what came, "" if they agree."""

    rule: str
    name: str
    where: str
    mismatch: str = ""

    @property
    def passed(self) -> bool:
        """Whether the rule did as expected."""
        return not self.mismatch


class PricedPlan(NamedTuple):
    """A plan that a test names: its resources with their costs, what could not be evaluated, and what it says beside."""

    resources: Sequence[ResourceCost]
    not_evaluated: Sequence[NotEvaluated] = ()
    surroundings: Surroundings = NO_SURROUNDINGS


ReadPlan = Callable[[Path], PricedPlan]
"""Reads the file of a plan. Raises GuardrailError."""


def no_plans(path: Path) -> PricedPlan:
    """Refuse to read the file of a plan."""
    raise GuardrailError("plan files are not read here", where=str(path))


def run_tests(  # noqa: PLR0913 - what tests may need, each by its name
    rules: Iterable[RuleFile],
    *,
    specs: Specs,
    engine: str | None = None,
    read_plan: ReadPlan = no_plans,
    coverage: Coverage | None = None,
    types: ResourceTypes = NO_TYPES,
    repricer: Repricer | None = None,
    defaults: Defaults = no_defaults,
) -> Iterator[RuleTestResult]:
    """Run the tests of rules, in order, on one engine or on each that is installed: these must agree.

    `specs` answers for machine types that a test says nothing of; `coverage` collects what the tests reach; `types` are
    the resource types that are known; `repricer` is what `price.of` asks; `defaults` are what providers
    choose. Raises ConfigError for an engine that is not there.
    """
    engines = (engine,) if engine else installed_engines()
    for rule in rules:
        compiled = _Compiled(rule, types)
        for index, test in enumerate(declared_tests(rule.rule)):
            name = test.name or f"{index + 1}: {test.expect}"
            where = rule.file.where(("tests", index))
            outcomes = [
                _outcome(
                    compiled, test, specs, one, _Plans(read_plan, repricer, defaults), None if number else coverage
                )
                for number, one in enumerate(engines)
            ]
            first = outcomes[0]
            if any(outcome != first for outcome in outcomes):
                answers = (f"{one} gives {outcome}" for one, outcome in zip(engines, outcomes, strict=True))
                mismatch = f"the engines do not agree: {', '.join(answers)}"
            else:
                mismatch = first.mismatch(test)
            yield RuleTestResult(rule.rule.id, name, where, mismatch)


class _Plans(NamedTuple):
    """How plans that tests name are read, what prices resources anew, and what providers choose."""

    read: ReadPlan
    repricer: Repricer | None
    defaults: Defaults


class _Outcome(Struct, frozen=True):
    """What a rule says of a test. `fault`: the test could not be run."""

    verdict: str = ""
    message: str = ""
    remedy: Remedy | None = None
    fault: str = ""

    def __str__(self) -> str:
        return self.fault or self.verdict + (f": {self.message}" if self.message else "")

    def mismatch(self, test: RuleTest) -> str:
        """Say what the test expects and is not so, "" if all is."""
        if self.fault:
            return self.fault
        if self.verdict != test.expect:
            return f"expected {test.expect}, got {self}"
        if test.message is not None and self.message != test.message:
            return f"expected the message {test.message!r}, got {self.message!r}"
        return _edits_mismatch(test, self.remedy or Remedy()) if self.verdict in _FINDINGS else ""


_FINDINGS = frozenset(FindingStatus)


class _Compiled:
    """A rule compiled for its tests: once an engine and set of parameters, since most tests set none."""

    def __init__(self, rule: RuleFile, types: ResourceTypes) -> None:
        self.rule = rule
        self._types = types
        # A rule that lets unknown answers pass still has them.
        self._loud = rule.changed(on_unknown=OnUnknown.WARN)
        self._compiled: dict[str, CompiledRule] = {}

    def by(self, engine: str, test: RuleTest) -> CompiledRule:
        """Return the rule with a test's parameters. Raises RuleError, ConfigError for a parameter that does not fit."""
        # Where a test does not say what its resource costs, that is not nothing.
        about_waste = self.rule.rule.waste and test.says_cost
        key = f"{engine} {about_waste} {test.params}"
        if key not in self._compiled:
            rule = with_params(self._loud.changed(waste=about_waste), test.params)
            self._compiled[key] = compile_rule(rule, engine=engine, types=self._types)
        return self._compiled[key]


def _outcome(
    rule: _Compiled, test: RuleTest, specs: Specs, engine: str, plans: _Plans, coverage: Coverage | None
) -> _Outcome:
    try:
        compiled = rule.by(engine, test)
        now = test.now or NOW
        now = now if now.tzinfo else now.replace(tzinfo=UTC)
        judge = Judge([compiled], _specs(test, specs), now, test.pr, with_remedies=True, defaults=plans.defaults)
        finding, skips, bind = _judged(judge, rule.rule, test, plans)
        verdict = finding.status.value if finding else Expected.SKIP if skips else Expected.PASS
        if coverage:
            as_fail = Expected.FAIL if verdict == Expected.PRE_EXISTING else verdict
            coverage.add(compiled, as_fail, bind)
    except GuardrailError as error:
        return _Outcome(fault=str(error))
    return _Outcome(verdict, finding.message, finding.remedy) if finding else _Outcome(verdict)


def _edits_mismatch(test: RuleTest, remedy: Remedy) -> str:
    """Compare what the rule would have done with what the test expects, if it says anything of it."""
    if test.no_edit is not None and remedy.obstacle != test.no_edit:
        return f"expected no edit ({test.no_edit!r}), got {remedy.obstacle or _edits_of(remedy)!r}"
    if test.edits is None:
        return ""
    expected = [{key: value for key, value in asdict(one).items() if value is not None} for one in test.edits]
    return (
        ""
        if expected == _edits_of(remedy)
        else f"expected the edits {expected}, got {remedy.obstacle or _edits_of(remedy)}"
    )


def _edits_of(remedy: Remedy) -> list[dict[str, Json]]:
    return [
        {"set": ".".join(step.path), "value": step.value}
        if isinstance(step, Assignment)
        else {"rename": ".".join(step.path), "to": step.name}
        for step in remedy.steps
    ]


def _judged(
    judge: Judge, rule: RuleFile, test: RuleTest, plans: _Plans
) -> tuple[Finding | None, bool, Callable[[Iterable[CelPath]], Scope]]:
    """Return what the rule finds, whether it does not apply, and what binds the values at paths that it is given."""
    if rule.rule.scope is RuleScope.BUDGET:
        if test.budget is None:
            raise GuardrailError("a test of a budget rule needs `budget`")
        given = test.budget
        limits = {name: getattr(given, name) for name in ("monthly", "increase", "increase_percent", "spend", "period")}
        budget, sums = Budget(name=given.name, **limits), given.cost.spend()
        billed = given.billed()
        findings = judge.budget(budget, sums, billed)
        values = judge.beside_budget(budget, sums, billed)

        def bind(reads: Iterable[CelPath]) -> Scope:
            return judge.bind(nested(picked(values, reads)))

        return next(iter(findings), None), bool(judge.skipped), bind
    case = _case(judge, rule, test, plans)
    if case.resource is None:
        findings = judge.plan(case.project, case.resources, case.sums, case.around)
    else:
        findings = judge.project(case.project, case.resources, case.missing, case.surroundings)
    address = case.resource.change.address if case.resource else ""
    finding = next((one for one in findings if one.address == address), None)
    return finding, finding is None and case.skips(), partial(case.scope, settled=is_failure(finding))


def _case(judge: Judge, rule: RuleFile, test: RuleTest, plans: _Plans) -> Case:
    """Return what a test of a rule about resources or plans asks about."""
    given, scope = test.project, rule.rule.scope
    project = Project(given.name, given.path, given.env, given.repository or NO_REPOSITORY)
    if test.plan and test.plan.file:
        resources, missing, surroundings = plans.read(Path(rule.file.name).parent / test.plan.file)
        case = Case(judge, project, resources, total(resources, missing), None, missing, surroundings=surroundings)
        if scope is RuleScope.PLAN:
            return case
        of_address = {one.change.address: one for one in resources}
        if test.address not in of_address:
            what = f"no resource of {test.plan.file} has the address {test.address!r}"
            raise GuardrailError(what, fix=did_you_mean(test.address, of_address))
        return replace(case, resource=of_address[test.address])
    missing = test.plan.missing() if test.plan else []
    if scope is RuleScope.PLAN:
        if test.plan is None:
            raise GuardrailError("a test of a plan rule needs `plan`")
        resources, sums = test.plan.judged()
        surroundings = test.surroundings(plans.repricer, [one.change for one in resources])
        return Case(judge, project, resources, sums, None, missing, surroundings=surroundings)
    if test.resource is None:
        raise GuardrailError("a test of a resource rule needs `resource`, or a plan file as `plan` and an `address`")
    resources = [one.priced() for one in (test.resource, *test.siblings)]
    surroundings = test.surroundings(plans.repricer, [one.change for one in resources])
    sums = total(resources, missing)
    return Case(judge, project, resources, sums, resources[0], missing, surroundings=surroundings)


def _specs(test: RuleTest, specs: Specs) -> Specs:
    """Return facts about machine types: the test's own, else those of the catalog."""
    given = test.resource.instance if test.resource else None

    def look_up(vendor: str, name: str) -> Mapping[str, Json] | None:
        known = specs(vendor, name)
        return {**(known or {}), **given} if given else known

    return look_up
