"""Applies waivers, those of the file and those in comments, to the findings of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from guardrail import git
from guardrail.approvals import approval_policy
from guardrail.config import RulesConfig, Settings, Source
from guardrail.errors import ConfigError
from guardrail.model.finding import Finding, Waiver, WaiverNeeds
from guardrail.policy import (
    CompiledRule,
    RuleFile,
    WaiverPolicy,
    apply_waivers,
    read_waivers,
    refused_by_terms,
    takes_waivers,
)
from guardrail.policy.completeness import OWN_RULES
from guardrail.policy.glob import is_pattern
from guardrail.policy.rules.rule import RESERVED_IDS
from guardrail.terraform.plan.reader import Plan
from guardrail.waivers.added import waivers_at


def waived(
    findings: list[Finding], rules: tuple[CompiledRule, ...], settings: Settings, *, used: Iterable[Waiver] = ()
) -> tuple[Finding, ...]:
    """Apply the waivers file, if there is one; what it says of itself follows. What blocks says what a waiver of it needs.

    `used`: waivers that fit findings which were judged elsewhere. Raises ConfigError.
    """
    policy = waiver_policy(rules, settings.rules)
    found = tuple(findings) if settings.waivers is None else _by_file(findings, rules, policy, settings, used)
    return tuple(replace(one, waiver_needs=_needs(one.rule, policy)) if one.blocking else one for one in found)


def _needs(rule: str, policy: WaiverPolicy) -> WaiverNeeds | None:
    return WaiverNeeds(refused=True) if rule in RESERVED_IDS else policy.needs(rule)


def _by_file(
    findings: list[Finding],
    rules: tuple[CompiledRule, ...],
    policy: WaiverPolicy,
    settings: Settings,
    used: Iterable[Waiver],
) -> tuple[Finding, ...]:
    waivers = read_waivers(settings.waivers) if settings.waivers else ()
    for fault in refused_waivers(waivers, rules):
        raise fault
    return apply_waivers(
        findings,
        waivers,
        today=settings.now.date(),
        policy=replace(policy, of_base=_of_base(findings, settings)),
        rules={*(rule.rule.id for rule in rules), *OWN_RULES},
        report_unused=settings.complete,
        used=used,
    )


def _of_base(findings: Iterable[Finding], settings: Settings) -> Collection[Waiver] | None:
    """Return the waivers of the base, where there are approvers that the change could get around by a waiver of its own."""
    at = settings.approvals_at
    if at is None or at.top is None or not any(one.approval for one in findings):
        return None
    if not approval_policy(settings).approvers:
        return None
    name = git.name_of(settings.waivers, at.top) if settings.waivers else ""
    if settings.waivers and not name:
        return None  # outside of the repository: no part of the change
    return {replace(waiver, where="") for waiver in waivers_at(at.top, at.base, name)} if name else ()


def refused_waivers(waivers: Iterable[Waiver], rules: Iterable[CompiledRule | RuleFile]) -> Iterator[ConfigError]:
    """Give an error for each waiver that names a final rule. A pattern that fits it among others has no effect on it."""
    final = {rule.rule.id for rule in rules if rule.rule.waivable and not takes_waivers(rule.rule)}
    for waiver in waivers:
        if waiver.rule in final:
            what = f"the rule {waiver.rule} is final and takes no waiver"
            yield ConfigError(what, where=waiver.where, fix="remove the waiver, or have the pack changed")


def waivers_without_terms(waivers: Iterable[Waiver], policy: WaiverPolicy, today: date) -> Iterator[ConfigError]:
    """Give an error for each waiver that still runs, names one rule, and lacks what that rule asks of its waivers."""
    for waiver in waivers:
        if waiver.expires < today or is_pattern(waiver.rule):
            continue
        if against := refused_by_terms(waiver, waiver.rule, policy, today):
            what = f"the waiver of {waiver.rule} does not count: {against.why}"
            yield ConfigError(what, where=waiver.where, fix=against.fix)


def waiver_policy(rules: Iterable[CompiledRule | RuleFile], config: RulesConfig) -> WaiverPolicy:
    """Return what waivers of these rules need: what the configuration asks of all, and each rule of its own."""
    declared = [rule.rule for rule in rules]
    return WaiverPolicy(
        unwaivable={rule.id for rule in declared if not takes_waivers(rule)},
        terms={rule.id: config.waivers.and_also(rule.waivers) for rule in declared},
        default=config.waivers,
        by={rule.id: rule.waivable_by for rule in declared if rule.waivable_by},
        is_strict=config.strict_waivers,
    )


def waived_inline(
    findings: Sequence[Finding], plan: Plan, source: Source, rules: tuple[CompiledRule, ...], settings: Settings
) -> Sequence[Finding]:
    """Apply the waivers in the comments of a project's configuration to its findings."""
    if not plan.waivers or not settings.inline_waivers:
        return findings
    policy, known = waiver_policy(rules, settings.rules), {rule.rule.id for rule in rules}
    policy = replace(policy, of_base=_of_base(findings, settings))
    applied = apply_waivers(findings, plan.waivers, today=settings.now.date(), policy=policy, rules=known)
    return [replace(finding, project=source.name) for finding in applied]
