"""Policy: rules in CEL over resources, plans and budgets, and the waivers that excuse from them."""

from guardrail.policy.budget_forecast import NO_COMPARISON
from guardrail.policy.budgets import Budget, BudgetMatch
from guardrail.policy.judging.evaluate import Judge
from guardrail.policy.rules.compiled import CompiledRule, compile_faults, compile_rule
from guardrail.policy.rules.packs.final import takes_waivers
from guardrail.policy.rules.packs.lock import LOCK_NAME, fetched_files, is_within
from guardrail.policy.rules.packs.packs import LoadedRules, choose, load_rules, packs, read_folder, read_pack
from guardrail.policy.rules.packs.selection import RuleSelection, RuleSetting, WaiverTerms
from guardrail.policy.rules.resource_types import NO_TYPES, ResourceTypes
from guardrail.policy.rules.rule import Rule, RuleFile, RuleScope, check_rule, examine_rule, read_rule
from guardrail.policy.variables.around import Surroundings
from guardrail.policy.variables.context import NO_REPOSITORY, REPOSITORY, Project
from guardrail.policy.variables.machine import Specs
from guardrail.policy.variables.names import FUNCTIONS, VARIABLES, Variable
from guardrail.policy.waivers import (
    WaiverIndex,
    WaiverList,
    WaiverPolicy,
    apply_waivers,
    load_waivers,
    objection,
    read_waivers,
    refused_by_terms,
)

__all__ = [
    "FUNCTIONS",
    "LOCK_NAME",
    "NO_COMPARISON",
    "NO_REPOSITORY",
    "NO_TYPES",
    "REPOSITORY",
    "VARIABLES",
    "Budget",
    "BudgetMatch",
    "CompiledRule",
    "Judge",
    "LoadedRules",
    "Project",
    "ResourceTypes",
    "Rule",
    "RuleFile",
    "RuleScope",
    "RuleSelection",
    "RuleSetting",
    "Specs",
    "Surroundings",
    "Variable",
    "WaiverIndex",
    "WaiverList",
    "WaiverPolicy",
    "WaiverTerms",
    "apply_waivers",
    "check_rule",
    "choose",
    "compile_faults",
    "compile_rule",
    "examine_rule",
    "fetched_files",
    "is_within",
    "load_rules",
    "load_waivers",
    "objection",
    "packs",
    "read_folder",
    "read_pack",
    "read_rule",
    "read_waivers",
    "refused_by_terms",
    "takes_waivers",
]
