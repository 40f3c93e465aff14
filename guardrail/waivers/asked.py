"""The waiver that somebody asks for: for findings that there are, bound to what they cost, and sure to count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from msgspec import Struct

from guardrail.config import Settings
from guardrail.costs import Library
from guardrail.errors import ConfigError, did_you_mean
from guardrail.load import rules_of
from guardrail.model.finding import Finding, FindingStatus, Waiver
from guardrail.policy import objection
from guardrail.policy.glob import matches
from guardrail.policy.rules.rule import RESERVED_IDS
from guardrail.report.waivers_yaml import bound
from guardrail.waivers.applied import waiver_policy

_NAMED = 5  # addresses in an error


class Asked(Struct, frozen=True):
    """What is asked for. `until` is the last day, or how far it is from today; without `up_to` it is what the finding costs now."""

    rule: str
    address: str
    reason: str
    until: date | timedelta
    owner: str = ""
    up_to: Decimal | None = None
    at_any_cost: bool = False


def waiver_for(asked: Asked, findings: Sequence[Finding], settings: Settings) -> Waiver:
    """Return the waiver. Raises ConfigError where there is nothing to waive, or where the waiver would not count."""
    meant = _meant(asked, findings)
    today = settings.now.date()
    expires = today + asked.until if isinstance(asked.until, timedelta) else asked.until
    if expires < today:
        raise ConfigError(f"{expires} is over", where="--until", fix="choose a day that is to come")
    reason, owner = " ".join(asked.reason.split()), " ".join(asked.owner.split())
    if not reason:
        raise ConfigError("says nothing", where="--reason", fix="say why the exception is right")
    waiver = Waiver(asked.rule, asked.address, reason, expires, owner, up_to=_up_to(asked, meant))
    policy = waiver_policy(rules_of(settings, Library(settings.definitions)).rules, settings.rules)
    for finding in meant:
        if finding.rule in policy.unwaivable:
            raise ConfigError("takes no waiver", where=finding.rule, fix="change what it finds, or the rule")
        if against := objection(waiver, finding, policy, today):
            raise ConfigError(f"the waiver would not count: {against.why}", where=finding.rule, fix=against.fix)
    return waiver


def _meant(asked: Asked, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that a waiver is for. Raises ConfigError where there are none."""
    there = [one for one in findings if one.status is not FindingStatus.ERROR and one.rule not in RESERVED_IDS]
    of_rule = [one for one in there if matches(asked.rule, one.rule)]
    if meant := [one for one in of_rule if matches(asked.address, one.subject)]:
        return meant
    if not of_rule:
        rules = sorted({one.rule for one in there})
        fix = did_you_mean(asked.rule, rules) or f"there are findings of {', '.join(rules[:_NAMED])}"
        fix = fix if rules else "everything passes"
        raise ConfigError("the rule finds nothing here that could be waived", where=asked.rule, fix=fix)
    subjects = sorted({one.subject for one in of_rule})
    fix = did_you_mean(asked.address, subjects) or f"it has findings about {', '.join(subjects[:_NAMED])}"
    raise ConfigError(f"the rule finds nothing about {asked.address or 'no address'}", where=asked.rule, fix=fix)


def _up_to(asked: Asked, meant: Sequence[Finding]) -> Decimal | None:
    """Return what the waiver is bound to: what the dearest of the findings costs. Raises ConfigError where one is not known."""
    if asked.up_to is not None or asked.at_any_cost:
        return asked.up_to
    for finding in meant:
        if finding.amount is None:
            what = f"what {finding.subject} costs is not known, and a waiver is bound to it"
            fix = "have it priced, or say that it does not matter (--at-any-cost)"
            raise ConfigError(what, where=asked.rule, fix=fix)
    return bound(max(finding.amount for finding in meant if finding.amount is not None))
