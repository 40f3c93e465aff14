"""What each rule finds in an input, and what mending that would save there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from guardrail import data
from guardrail.check.run import check
from guardrail.config import Settings
from guardrail.costs import Library
from guardrail.load import engine_of, loaded_rules, prices
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.money import ZERO
from guardrail.model.report import Report
from guardrail.policy import CompiledRule, packs

_NOT_TOLD = {FindingStatus.UNKNOWN, FindingStatus.ERROR}


class RuleFindings(Struct, frozen=True):
    """A rule and what it comes to for an input.

    matched   how many resources, plans or budgets its `match` fits; `applied`: whether its `when` was true, or open, for any
    findings  how many of them fail, those that failed before the change as well; `unknown` of how many it cannot be told
    saving    what mending them saves a month, as far as that is known; None where nothing of it is
    is_whole  whether the saving of every finding is known
    example   what the finding that saves most is about, as a waiver names it; "" where there is none
    """

    rule: CompiledRule
    matched: int
    applied: bool
    findings: int
    unknown: int
    saving: Decimal | None
    is_whole: bool
    example: str


def findings_by_rule(chosen: Settings, *, everything: bool) -> tuple[list[RuleFindings], Report]:
    """Evaluate the input and return the rules with what they come to, by what they save, find and match, and the report.

    `everything`: those of all shipped packs, too. Raises GuardrailError.
    """
    if everything:
        brought = [pack for pack in packs(data.rules_dir()) if pack not in chosen.rules.sources]
        chosen = replace(chosen, rules=replace(chosen.rules, packs=tuple(brought)))
    library = Library(chosen.definitions)
    loaded = loaded_rules(chosen, library)
    report = check(chosen, engine=engine_of(chosen, library, prices(chosen)), loaded=loaded)
    own: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in report.all_findings:
        own[finding.rule].append(finding)
    found = [_of(rule, own[rule.rule.id], report) for rule in loaded.on(chosen.now.date()).rules]
    found.sort(key=lambda one: (-(one.saving or ZERO), -one.findings, -one.matched, one.rule.rule.id))
    return found, report


def _of(rule: CompiledRule, own: Sequence[Finding], report: Report) -> RuleFindings:
    told = [one for one in own if one.status not in _NOT_TOLD]
    known = [one.saving for one in told if one.saving is not None]
    use = report.rule_use[rule.rule.id]
    return RuleFindings(
        rule,
        use.matched,
        use.applied,
        len(told),
        sum(one.status is FindingStatus.UNKNOWN for one in own),
        sum(known, ZERO) if known else None,
        len(known) == len(told),
        max(told, key=lambda one: (one.saving or ZERO, one.amount or ZERO)).subject if told else "",
    )
