"""What a run could not look at: neither a pass nor a violation, but an answer that is left open."""

from __future__ import annotations

from collections.abc import Sequence

from guardrail.errors import InputError
from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity
from guardrail.model.not_evaluated import NotEvaluated
from guardrail.model.report import UNREAD

RULE = "incomplete-configuration"
_SHOWN = 5


def incomplete(project: str, missing: Sequence[NotEvaluated]) -> list[Finding]:
    """Return the finding about what of an input was not evaluated; none where nothing is missing."""
    if not missing:
        return []
    more = f"; and {len(missing) - _SHOWN:,} more" if len(missing) > _SHOWN else ""
    remedies = dict.fromkeys(one.remedy for one in missing if one.remedy)
    source = missing[0].source
    return [
        Finding(
            rule=RULE,
            title="The input is evaluated completely",
            severity=Severity.MEDIUM,
            enforcement=Enforcement.ADVISORY,
            status=FindingStatus.UNKNOWN,
            message="not evaluated: " + "; ".join(one.text for one in missing[:_SHOWN]) + more,
            blocking=False,
            fix="; ".join(remedies),
            project=project,
            file=source.file if source else None,
            line=source.line if source else None,
        )
    ]


def unread(project: str, fault: InputError) -> Finding:
    """Return the finding about a plan or a root module that could not be read: the run was not evaluated."""
    file, line = fault.place
    return Finding(
        rule=UNREAD,
        title="Every plan and every root module can be read",
        severity=Severity.HIGH,
        enforcement=Enforcement.MANDATORY,
        status=FindingStatus.ERROR,
        message=f"not read: {fault.where}: {fault.what}" if fault.where else f"not read: {fault.what}",
        blocking=False,
        fix=fault.fix,
        file=file or None,
        line=line,
        project=project,
    )
