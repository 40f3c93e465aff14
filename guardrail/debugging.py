"""Rules looked at one resource at a time: how they come to a verdict, and as tests."""

from __future__ import annotations

from pathlib import Path

import yaml
from msgspec.structs import replace

from guardrail.catalog import Catalog
from guardrail.check.caveats import UsageInUse
from guardrail.check.run import no_change, priced, since, surroundings
from guardrail.config import Settings
from guardrail.costs import Library
from guardrail.errors import ConfigError, RuleError, did_you_mean
from guardrail.files.yaml_file import parse_yaml
from guardrail.load import (
    earlier,
    engine_of,
    plans,
    prices,
    project_with,
    provider_defaults,
    repository_of,
    rules_of,
    snapshot_of,
)
from guardrail.model.finding import Finding, OnUnknown
from guardrail.policy import Budget, CompiledRule, Judge, Project, RuleFile, RuleScope, check_rule, compile_rule
from guardrail.policy.budgets import spent
from guardrail.policy.recording import recorded
from guardrail.policy.spend import total
from guardrail.policy.working import Case, RuleWorking, explain
from guardrail.waivers import waived, waived_inline


def active_rule(settings: Settings, library: Library, rule_id: str) -> CompiledRule:
    """Return one of the rules that the settings choose. Raises ConfigError, RuleError."""
    rules = {one.rule.id: one for one in rules_of(settings, library).rules}
    if rule_id not in rules:
        raise ConfigError(f"no active rule is called {rule_id}", fix=did_you_mean(rule_id, rules))
    return rules[rule_id]


def explain_rule(settings: Settings, rule_id: str, subject: str) -> RuleWorking:
    """Return how a rule comes to its verdict on a subject: the address of a resource, the name of a budget, or "" for the plan.

    Raises as `case_of` does.
    """
    return explain(*case_of(settings, rule_id, subject))


def record_rule(settings: Settings, rule_id: str, address: str) -> tuple[str, RuleFile]:
    """Return a test that gives a rule's verdict on the resource at an address, as YAML, and the rule.

    Raises as `case_of` does, and InputError for what no test without secrets can say.
    """
    # What excuses a finding here is no part of what the rule says.
    case, finding = case_of(replace(settings, waivers=None, inline_waivers=False), rule_id, address, as_written=True)
    text = yaml.safe_dump([recorded(case, finding)], sort_keys=False, allow_unicode=True, width=120)
    return text, case.rule.source


def with_test(source: RuleFile, test: str) -> str:
    """Return a rule's file with a test at the end of its tests. Raises RuleError for one that cannot be added to."""
    if source.pack:
        fix = "paste the test into the pack's own repository"
        raise RuleError(f"the rule belongs to the pack {source.pack}", where=source.file.name, fix=fix)
    nodes = source.file.nodes
    lines = Path(source.file.name).read_text(encoding="utf-8").rstrip().splitlines()
    at, indent, heading = len(lines), "  ", ["tests:"]
    if tests := nodes.get(("tests",)):
        if getattr(tests, "flow_style", True) or not getattr(tests, "value", None):
            raise RuleError(
                "the tests are not a list with one test a line", where=source.file.where(("tests",)), fix="paste it"
            )
        at, indent, heading = tests.end_mark.line or len(lines), " " * tests.start_mark.column, []
        at = min(len(lines), at)
        while at and not lines[at - 1].strip():
            at -= 1
    added = [*heading, *(f"{indent}{line}" for line in test.splitlines())]
    content = "\n".join([*lines[:at], *added, *lines[at:]]) + "\n"
    found = check_rule(parse_yaml(content, RuleError, name=source.file.name), pack=source.pack)
    if len(found.rule.tests) != len(check_rule(source.file).rule.tests) + 1:
        raise RuleError("the test cannot be put there", where=source.file.where(("tests",)), fix="paste it")
    return content


def case_of(settings: Settings, rule_id: str, subject: str, *, as_written: bool = False) -> tuple[Case, Finding | None]:
    """Return what a rule is asked of the resource at an address, of a budget, or ("") of the plan, and what it finds.

    The name of a budget may be left out where there is a single one. What `on_unknown: pass` would drop is told as well.
    `as_written`: findings do not say from when on the rule blocks. Raises
    ConfigError for a rule or a budget that there is not, InputError for an address that is not there or is in several projects.
    """
    catalog, library = prices(settings), Library(settings.definitions)
    source = active_rule(settings, library, rule_id).source.changed(on_unknown=OnUnknown.WARN)
    rule = compile_rule(replace(source, blocks_from=None) if as_written else source)
    if rule.rule.scope is RuleScope.BUDGET:
        return _case_of_budget(settings, rule, _budget(settings, rule_id, subject), catalog, library)
    if bool(subject) is (rule.rule.scope is not RuleScope.RESOURCE):
        what = f"the rule {rule_id} judges {_SUBJECTS[rule.rule.scope]}"
        raise ConfigError(what, fix=_FIXES[rule.rule.scope].format(rule_id))
    return _case_in_project(settings, rule, subject, catalog, library)


def _case_in_project(
    settings: Settings, rule: CompiledRule, address: str, catalog: Catalog, library: Library
) -> tuple[Case, Finding | None]:
    read, base = plans(settings), earlier(settings)
    source, plan = project_with(read, address)
    engine = engine_of(settings, library, catalog)
    alone = UsageInUse().alone(source, plan, library)
    bill = since(base, priced(source, plan, engine, settings, alone), is_only=len(read) == 1)
    project = Project(source.name, source.path, source.env, repository_of(settings, [rule]))
    judge = Judge(
        [rule],
        catalog.spec,
        settings.now,
        settings.pr,
        currency=settings.currency,
        defaults=provider_defaults(library),
    )
    beside = surroundings(source, plan, engine)
    found = judge.project(project, bill.resources, bill.not_evaluated, beside)
    judged = waived(
        [*waived_inline(found, plan, source, (rule,), settings)], (rule,), replace(settings, complete=False)
    )
    finding = next((one for one in judged if one.rule == rule.rule.id and one.address == address), None)
    resource = next((one for one in bill.resources if one.change.address == address), None)
    sums = total(bill.resources, bill.not_evaluated)
    case = Case(judge, project, bill.resources, sums, resource, bill.not_evaluated, surroundings=beside)
    return case, finding


def _budget(settings: Settings, rule_id: str, name: str) -> Budget:
    """Return the budget of that name, of "" the only one."""
    named = {budget.name: budget for budget in settings.budgets}
    if not name and len(named) == 1:
        return next(iter(named.values()))
    if name not in named:
        what = f"no budget is called {name}" if name else f"the rule {rule_id} judges budgets, one by one"
        known = f"known: {', '.join(named)}" if named else "guardrail.yaml has no budgets"
        raise ConfigError(what, fix=(name and did_you_mean(name, named)) or known)
    return named[name]


def _case_of_budget(
    settings: Settings, rule: CompiledRule, budget: Budget, catalog: Catalog, library: Library
) -> tuple[Case, Finding | None]:
    read, base = plans(settings), earlier(settings)
    for fault in (plan.fault for _, plan in read if plan.fault):  # what it holds may be the budget's
        raise fault
    engine = engine_of(settings, library, catalog)
    in_use = UsageInUse()
    bills = [
        (Project(source.name, source.path, source.env), since(base, bill, is_only=len(read) == 1))
        for source, plan in read
        for bill in [priced(source, plan, engine, settings, in_use.alone(source, plan, library))]
    ]
    judge = Judge(
        [rule],
        catalog.spec,
        settings.now,
        settings.pr,
        currency=settings.currency,
        defaults=provider_defaults(library),
        snapshot=snapshot_of(settings),
        no_change=no_change(settings, base, (plan for _, plan in read)),
        projects={source.name for source, _ in read},
    )
    (sums,) = spent([budget], bills)
    judged = waived([*judge.budget(budget, sums)], (rule,), replace(settings, complete=False))
    finding = next((one for one in judged if one.rule == rule.rule.id), None)
    return Case(judge, Project(""), (), sums, budget=budget), finding


_SUBJECTS = {RuleScope.RESOURCE: "single resources", RuleScope.PLAN: "the whole plan"}
_FIXES = {
    RuleScope.RESOURCE: "guardrail explain {} ADDRESS",
    RuleScope.PLAN: "leave the address out: guardrail explain {} PLAN",
}
