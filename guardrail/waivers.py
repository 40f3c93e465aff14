"""Applies waivers, those of the file and those in comments, to the findings of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from guardrail.config import Settings, Source
from guardrail.errors import ConfigError
from guardrail.model.finding import Finding, Waiver
from guardrail.policy import CompiledRule, RuleFile, apply_waivers, read_waivers, takes_waivers
from guardrail.policy.completeness import OWN_RULES
from guardrail.terraform.plan.reader import Plan


def waived(findings: list[Finding], rules: tuple[CompiledRule, ...], settings: Settings) -> tuple[Finding, ...]:
    """Apply the waivers file, if there is one; what it says of itself follows. Raises ConfigError."""
    if settings.waivers is None:
        return tuple(findings)
    waivers = read_waivers(settings.waivers)
    for fault in refused_waivers(waivers, rules):
        raise fault
    return apply_waivers(
        findings,
        waivers,
        today=settings.now.date(),
        unwaivable=_unwaivable(rules),
        rules={*(rule.rule.id for rule in rules), *OWN_RULES},
        report_unused=settings.complete,
    )


def refused_waivers(waivers: Iterable[Waiver], rules: Iterable[CompiledRule | RuleFile]) -> Iterator[ConfigError]:
    """Give an error for each waiver that names a final rule. A pattern that fits it among others has no effect on it."""
    final = {rule.rule.id for rule in rules if rule.rule.waivable and not takes_waivers(rule.rule)}
    for waiver in waivers:
        if waiver.rule in final:
            what = f"the rule {waiver.rule} is final and takes no waiver"
            yield ConfigError(what, where=waiver.where, fix="remove the waiver, or have the pack changed")


def _unwaivable(rules: tuple[CompiledRule, ...]) -> set[str]:
    return {rule.rule.id for rule in rules if not takes_waivers(rule.rule)}


def waived_inline(
    findings: Sequence[Finding], plan: Plan, source: Source, rules: tuple[CompiledRule, ...], settings: Settings
) -> Sequence[Finding]:
    """Apply the waivers in the comments of a project's configuration to its findings."""
    if not plan.waivers or not settings.inline_waivers:
        return findings
    unwaivable, known = _unwaivable(rules), {rule.rule.id for rule in rules}
    today = settings.now.date()
    applied = apply_waivers(findings, plan.waivers, today=today, unwaivable=unwaivable, rules=known)
    return [replace(finding, project=source.name) for finding in applied]
