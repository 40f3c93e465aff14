"""Entries of a waivers file, and the command that writes one, ready to paste."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal

from guardrail.model.finding import Finding, WaiverNeeds
from guardrail.report.text import safe, yaml_text

_DAYS = 30


def waivers_yaml(findings: Iterable[Finding]) -> str:
    """Return the YAML that waives findings, with its reason, last day and owner left to fill in, bound to what each costs now; "" for none."""
    entries = [_entry(finding) for finding in findings]
    return "\n".join(["waivers:", *entries]) if entries else ""


def waive_command(finding: Finding) -> str:
    """Return the command that writes a waiver of a finding, with its reason left to fill in, and its owner where it needs one."""
    needs = finding.waiver_needs or WaiverNeeds()
    subject = shlex.quote(safe(finding.subject))
    owner = f" --owner {shlex.quote(_owner(needs) or 'NAME')}" if needs.by or needs.owner else ""
    return f"guardrail waive {safe(finding.rule)} {subject} --reason '...' --until {min(_DAYS, needs.max_days or _DAYS)}d{owner}"


def _owner(needs: WaiverNeeds) -> str:
    """Return an owner whose waiver counts; "" where no single one is named."""
    return next((safe(name) for name in needs.by if not set(name) & {"*", "?"}), "")


def _entry(finding: Finding) -> str:
    needs = finding.waiver_needs or WaiverNeeds()
    owner = yaml_text(_owner(needs)) if _owner(needs) else '""'
    days = f", at most {needs.max_days} days from today" if needs.max_days else ""
    return (
        f"  - rule: {yaml_text(finding.rule)}\n"
        f"    address: {yaml_text(finding.subject)}\n"
        '    reason: ""  # why this is right\n'
        f"    expires: YYYY-MM-DD  # the last day on which it holds{days}\n"
        f"    owner: {owner}  # who answers for it"
        f"{_up_to(finding)}"
    )


def _up_to(finding: Finding) -> str:
    """Return the line that binds the waiver to what its finding costs now; "" where that is not known."""
    if finding.amount is None:
        return ""
    return f"\n    up_to: {bound(finding.amount)}  # what it may cost a month"


def bound(amount: Decimal) -> Decimal:
    """Return an amount as a waiver states it: in cents, upwards, so that it covers what it was made for."""
    return amount.quantize(Decimal("0.01"), ROUND_CEILING)
