"""The approval that somebody asks for: of one finding that there is, as it is now, and sure to count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from guardrail.approvals.file import ApprovalEntry
from guardrail.approvals.matching import approve
from guardrail.approvals.policy import ApprovalPolicy
from guardrail.config import Settings
from guardrail.errors import ConfigError, did_you_mean
from guardrail.model.finding import Finding, FindingStatus
from guardrail.report.waivers_yaml import bound

_NAMED = 5  # findings in an error


class Asked(Struct, frozen=True):
    """What is asked for. `until` is the last day, or how far it is from today; without `up_to` it is what the finding comes to now.

    unknown_amount  whether it is said that what has no price is approved all the same
    """

    rule: str
    address: str
    by: str
    reason: str
    until: date | timedelta
    project: str = ""
    ticket: str = ""
    up_to: Decimal | None = None
    unknown_amount: bool = False


def approval_for(asked: Asked, findings: Sequence[Finding], settings: Settings) -> ApprovalEntry:
    """Return the approval. Raises ConfigError where there is nothing to approve, and where the approval would not count."""
    if not settings.approvers:
        fix = "name them: approvers: [{user: ana}]; or write a waiver (`guardrail waive`)"
        raise ConfigError("guardrail.yaml names no approvers", fix=fix)
    finding = _meant(asked, findings)
    today = settings.now.date()
    expires = today + asked.until if isinstance(asked.until, timedelta) else asked.until
    if expires < today:
        raise ConfigError(f"{expires} is over", where="--until", fix="choose a day that is to come")
    reason, by, ticket = (" ".join(text.split()) for text in (asked.reason, asked.by, asked.ticket))
    for name, text in (("--reason", reason), ("--by", by)):
        if not text:
            raise ConfigError("says nothing", where=name, fix="say why it is right, and who approves it")
    from guardrail.files.model import validated  # noqa: PLC0415 - loads pydantic

    entry = validated(
        ApprovalEntry,
        {
            "rule": finding.rule,
            "address": finding.subject,
            "project": finding.project,
            "by": by,
            "reason": reason,
            "expires": expires.isoformat(),
            "up_to": _up_to(asked, finding),
            "planned": finding.approval.planned if finding.approval else "",
            "ticket": ticket,
        },
    )
    policy = ApprovalPolicy(settings.approvers, settings.approvals.label, ((entry, ""),))
    (tried,) = approve([finding], policy, today=today, currency=settings.currency)
    if tried.needs_approval:
        why = tried.approval.lapsed if tried.approval else ""
        known = sorted({one.name for one in settings.approvers})
        # Of somebody who is an approver, `why` says what they may not.
        names = "" if policy.of_name(by) else f"approvers in guardrail.yaml: {', '.join(known)}"
        fix = names and (did_you_mean(by, known) or names)
        raise ConfigError(f"the approval would not count: {why}", where=finding.rule, fix=fix)
    return entry


def _meant(asked: Asked, findings: Sequence[Finding]) -> Finding:
    """Return the finding that is meant, approved already or not. Raises ConfigError where there is none, or more than one."""
    there = [one for one in findings if one.approval and (one.needs_approval or one.status is FindingStatus.APPROVED)]
    of_rule = [one for one in there if one.rule == asked.rule]
    if not of_rule:
        if any(one.rule == asked.rule and one.blocking for one in findings):
            fix = "only rules with `enforcement: approval` take approvals; others take waivers (`guardrail waive`)"
            raise ConfigError("its findings are not for approval", where=asked.rule, fix=fix)
        rules = sorted({one.rule for one in there})
        fix = did_you_mean(asked.rule, rules) or f"there are findings of {', '.join(rules[:_NAMED])}"
        raise ConfigError("no finding of it needs approval", where=asked.rule, fix=fix if rules else "nothing does")
    found = [one for one in of_rule if one.subject == asked.address]
    if not found:
        subjects = sorted({one.subject for one in of_rule})
        fix = did_you_mean(asked.address, subjects) or f"it has findings about {', '.join(subjects[:_NAMED])}"
        raise ConfigError(f"the rule finds nothing about {asked.address}", where=asked.rule, fix=fix)
    found = [one for one in found if asked.project in {"", one.project}]
    projects = sorted({one.project for one in found})
    if len(projects) != 1:
        fix = f"name one: --project {projects[0]}" if projects else "the finding is of another project"
        raise ConfigError(f"{asked.address} is in {len(projects)} projects", where=asked.rule, fix=fix)
    finding = found[0]
    if finding.status is FindingStatus.APPROVED:
        fix = "nothing is to be done"
        if finding.approval and finding.approval.given:
            fix = f"by {finding.approval.given.by}"
        raise ConfigError("it is approved already", where=asked.rule, fix=fix)
    return finding


def _up_to(asked: Asked, finding: Finding) -> Literal["unknown"] | Decimal:
    """Return what the approval is bound to. Raises ConfigError where the amount is not known and nobody has said that this is meant."""
    if finding.amount is None:
        if asked.up_to is not None or not asked.unknown_amount:
            what = f"what {finding.subject} comes to is not known"
            raise ConfigError(what, where=asked.rule, fix="have it priced, or approve it as it is: --unknown-amount")
        return "unknown"
    if asked.unknown_amount:
        raise ConfigError(f"its amount is known: {bound(finding.amount)}", where="--unknown-amount", fix="leave it out")
    return asked.up_to if asked.up_to is not None else bound(finding.amount)
