"""Rules looked at one resource at a time: how they come to a verdict."""

from __future__ import annotations

from dataclasses import replace

from guardrail.check import priced, since
from guardrail.config import Settings
from guardrail.costs import Engine, Library
from guardrail.errors import ConfigError, did_you_mean
from guardrail.load import earlier, plans, prices, project_with, rules_of
from guardrail.model.finding import OnUnknown
from guardrail.policy import CompiledRule, Judge, Project, RuleScope, compile_rule
from guardrail.policy.spend import total
from guardrail.policy.working import Case, RuleWorking, explain
from guardrail.waivers import waived, waived_inline


def rule_that_plays(settings: Settings, library: Library, rule_id: str) -> CompiledRule:
    """Return one of the rules that the settings choose. Raises ConfigError, RuleError."""
    rules = {one.rule.id: one for one in rules_of(settings, library).rules}
    if rule_id not in rules:
        raise ConfigError(f"no rule that plays here is called {rule_id}", fix=did_you_mean(rule_id, rules))
    return rules[rule_id]


def explain_rule(settings: Settings, rule_id: str, address: str) -> RuleWorking:
    """Return how a rule comes to its verdict on the resource at an address, or ("") on the plan as a whole.

    What `on_unknown: pass` would drop is told as well. Raises ConfigError for a rule, InputError for an address that is not there
    or is in several projects.
    """
    catalog, library = prices(settings), Library(settings.definitions)
    rule = compile_rule(rule_that_plays(settings, library, rule_id).source.changed(on_unknown=OnUnknown.WARN))
    if bool(address) is (rule.rule.scope is not RuleScope.RESOURCE):
        what = f"the rule {rule_id} is asked about {_SUBJECTS[rule.rule.scope]}"
        raise ConfigError(what, fix=_FIXES[rule.rule.scope].format(rule_id))
    read, base = plans(settings), earlier(settings)
    source, plan = project_with(read, address)
    engine = Engine(library, catalog, default_regions=settings.default_region)
    bill = since(base, priced(source, plan, engine, settings), is_only=len(read) == 1)
    project = Project(source.name, source.path, source.env)
    judge = Judge([rule], catalog.spec, settings.now, settings.pr, currency=settings.currency)
    found = judge.project(project, bill.resources, bill.not_evaluated)
    judged = waived(
        [*waived_inline(found, plan, source, (rule,), settings)], (rule,), replace(settings, complete=False)
    )
    finding = next((one for one in judged if one.rule == rule_id and one.address == address), None)
    resource = next((one for one in bill.resources if one.change.address == address), None)
    sums = total(bill.resources, bill.not_evaluated)
    return explain(Case(judge, project, bill.resources, sums, resource), finding)


_SUBJECTS = {
    RuleScope.RESOURCE: "single resources",
    RuleScope.PLAN: "the whole plan",
    RuleScope.BUDGET: "budgets, over all projects",
}
_FIXES = {
    RuleScope.RESOURCE: "guardrail explain {} ADDRESS",
    RuleScope.PLAN: "leave the address out: guardrail explain {} PLAN",
    RuleScope.BUDGET: "guardrail check shows the sums of each budget; guardrail explain {} shows the rule",
}
