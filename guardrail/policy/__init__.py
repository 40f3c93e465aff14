"""Policy: rules in CEL over resources, plans and budgets, and the waivers that excuse from them."""

from guardrail.policy.budgets import Budget, BudgetMatch
from guardrail.policy.compiled import CompiledRule, compile_faults, compile_rule
from guardrail.policy.context import VARIABLES, Project, Variable
from guardrail.policy.evaluate import Judge
from guardrail.policy.explain import explained
from guardrail.policy.machine import Specs
from guardrail.policy.packs import RuleSelection, RuleSetting, choose, load_rules, packs, read_folder, read_pack
from guardrail.policy.rule import Rule, RuleFile, Scope, check_rule, examine_rule, read_rule
from guardrail.policy.testing import RuleTestResult, run_tests
from guardrail.policy.waivers import WaiverList, apply_waivers, read_waivers

__all__ = [
    "VARIABLES",
    "Budget",
    "BudgetMatch",
    "CompiledRule",
    "Judge",
    "Project",
    "Rule",
    "RuleFile",
    "RuleSelection",
    "RuleSetting",
    "RuleTestResult",
    "Scope",
    "Specs",
    "Variable",
    "WaiverList",
    "apply_waivers",
    "check_rule",
    "choose",
    "compile_faults",
    "compile_rule",
    "examine_rule",
    "explained",
    "load_rules",
    "packs",
    "read_folder",
    "read_pack",
    "read_rule",
    "read_waivers",
    "run_tests",
]
