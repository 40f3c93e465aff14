"""Applies waivers, those of the file and those in comments, to the findings of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from guardrail.config import Settings, Source
from guardrail.model.finding import Finding
from guardrail.policy import CompiledRule, apply_waivers, read_waivers
from guardrail.terraform.plan.reader import Plan


def waived(findings: list[Finding], rules: tuple[CompiledRule, ...], settings: Settings) -> tuple[Finding, ...]:
    """Apply the waivers file, if there is one; what it says of itself follows. Raises ConfigError."""
    if settings.waivers is None:
        return tuple(findings)
    return apply_waivers(
        findings,
        read_waivers(settings.waivers),
        today=settings.now.date(),
        unwaivable={rule.rule.id for rule in rules if not rule.rule.waivable},
        rules={rule.rule.id for rule in rules},
        report_unused=settings.complete,
    )


def waived_inline(
    findings: Sequence[Finding], plan: Plan, source: Source, rules: tuple[CompiledRule, ...], settings: Settings
) -> Sequence[Finding]:
    """Apply the waivers in the comments of a project's configuration to its findings."""
    if not plan.waivers or not settings.inline_waivers:
        return findings
    unwaivable, known = {rule.rule.id for rule in rules if not rule.rule.waivable}, {rule.rule.id for rule in rules}
    today = settings.now.date()
    applied = apply_waivers(findings, plan.waivers, today=today, unwaivable=unwaivable, rules=known)
    return [replace(finding, project=source.name) for finding in applied]
