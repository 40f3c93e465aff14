"""Findings that wait for facts of one machine type, as one: what is missing is named once, with the rules that ask for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from guardrail.model.finding import Finding, FindingStatus
from guardrail.report.format import count

_TITLE = "unknown machine type"
_RULES = 5


def by_machine_type(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Return what to list for each machine type that several findings wait for."""
    groups: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if machine_type := waits_for(finding):
            groups[machine_type].append(finding)
    return {name: _as_one(name, group) for name, group in groups.items() if group[1:]}


def waits_for(finding: Finding) -> str:
    """Return the machine type whose facts the answer waits for, "" for another finding."""
    return finding.machine_type if finding.status is FindingStatus.UNKNOWN else ""


def _as_one(name: str, group: Sequence[Finding]) -> Finding:
    """Return one finding for all that wait for facts of a machine type: every answer of its own is in the JSON result."""
    first, rules = group[0], sorted({finding.rule for finding in group})
    subjects = {(finding.project, finding.address) for finding in group}
    asked = f"{'rules' if rules[1:] else 'rule'} {', '.join(rules[:_RULES])}"
    asked += f" and {len(rules) - _RULES:,} more" if rules[_RULES:] else ""
    number = f"{count(len(subjects), 'resource')}, " if len(subjects) > 1 else ""
    is_one = len(subjects) == 1
    return replace(
        first,
        rule=_TITLE,
        title="",
        severity=max((finding.severity for finding in group), key=lambda one: one.rank),
        message=f"facts of {name} are not known ({number}{asked})",
        blocking=any(finding.blocking for finding in group),
        approval=first.approval if all(one.needs_approval for one in group if one.blocking) else None,
        docs="",
        evidence={},
        project=first.project if is_one else "",
        address=first.address if is_one else "",
        file=first.file if is_one else None,
        line=first.line if is_one else None,
    )
