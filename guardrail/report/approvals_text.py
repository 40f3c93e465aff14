"""What reports say of approvals: who may give one, how, and who has."""

from __future__ import annotations

import shlex

from guardrail.model.approval import Approvable, Approval, ApprovalSource
from guardrail.model.finding import Finding
from guardrail.report.text import safe

_NAME_LIMIT = 80
_REASON_LIMIT = 300
_NAMED = 8  # approvers


def granted(one: Approval) -> str:
    """Say who has approved a finding, how, until when and up to what amount."""
    where = safe(one.where, _REASON_LIMIT)
    how = {
        ApprovalSource.REVIEW: f" in a review of {safe(one.commit[:7])}" if one.commit else " in a review",
        ApprovalSource.LABEL: " by label",
        ApprovalSource.FILE: f" in {where}" if where else "",
    }[one.source]
    limit = "with its amount not known" if one.up_to is None else f"up to {one.up_to:,.2f} a month"
    until = f"until {one.expires.isoformat()}" if one.expires else ""
    reason = f": {safe(one.reason, _REASON_LIMIT)}" if one.reason else ""
    return f"Approved by {safe(one.by, _NAME_LIMIT)}{how} {', '.join(filter(None, [until, limit]))}{reason}"


def needed(finding: Finding) -> str:
    """Say who may approve a finding that waits for it, and why what was given does not hold; "" for any other."""
    if not finding.needs_approval:
        return ""
    state = finding.approval or Approvable()
    names = [safe(name, _NAME_LIMIT) for name in state.approvers[:_NAMED]]
    names += [f"{len(state.approvers) - _NAMED} others"] if state.approvers[_NAMED:] else []
    who = f" by {' or '.join([', '.join(names[:-1]), names[-1]] if names[1:] else names)}" if names else ""
    if not names and not state.lapsed:
        return "Needs approval: guardrail.yaml names nobody who may give it (approvers)"
    lapsed = safe(state.lapsed, 2 * _REASON_LIMIT)
    return f"Needs approval{who}" + (f": {lapsed}" if lapsed else "")


def approve_command(finding: Finding) -> str:
    """Return the command that writes an approval of a finding, with who gives it and why left to fill in."""
    names = f"{safe(finding.rule)} {shlex.quote(safe(finding.subject))}"
    unknown = " --unknown-amount" if finding.amount is None else ""
    return f"guardrail approve {names} --by NAME --reason '...' --until 30d{unknown}"
