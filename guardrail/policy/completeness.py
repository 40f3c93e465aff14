"""What a run could not look at: neither a pass nor a violation, but an answer that is left open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from guardrail.errors import InputError
from guardrail.model.finding import RECOMMENDATION, Enforcement, Finding, FindingStatus, Severity
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.report import UNREAD

RULE = "incomplete-configuration"
UNCOVERED = "uncovered-root"
OWN_RULES = frozenset({RULE, UNCOVERED, RECOMMENDATION})
"""Findings that no rule file states, and that a waiver may name."""
_SHOWN = 5


def incomplete(
    project: str, missing: Sequence[NotEvaluated], *, blocks: Callable[[NotEvaluated], bool] = lambda _: False
) -> list[Finding]:
    """Return what is to be said of what of an input was not evaluated: first what `blocks`, then the rest."""
    blocking = [one for one in missing if blocks(one)]
    rest = [one for one in missing if one not in blocking]
    return [_missing(project, part, blocking=part is blocking) for part in (blocking, rest) if part]


def _missing(project: str, missing: Sequence[NotEvaluated], *, blocking: bool) -> Finding:
    more = f"; and {len(missing) - _SHOWN:,} more" if len(missing) > _SHOWN else ""
    remedies = dict.fromkeys(one.remedy for one in missing if one.remedy)
    return Finding(
        rule=RULE,
        title="The input is evaluated completely",
        severity=Severity.HIGH if blocking else Severity.MEDIUM,
        enforcement=Enforcement.MANDATORY if blocking else Enforcement.ADVISORY,
        status=FindingStatus.UNKNOWN,
        message="not evaluated: " + "; ".join(one.text for one in missing[:_SHOWN]) + more,
        blocking=blocking,
        fix="; ".join(remedies),
        project=project,
    ).at(missing[0].source)


def uncovered(file: str, *, blocking: bool) -> Finding:
    """Return the finding about a root module that the change adds or edits, and that no project is for."""
    folder = file.rpartition("/")[0] or "."
    return Finding(
        rule=UNCOVERED,
        title="Every root module that a change touches is one of a project",
        severity=Severity.HIGH if blocking else Severity.MEDIUM,
        enforcement=Enforcement.MANDATORY if blocking else Enforcement.ADVISORY,
        status=FindingStatus.UNKNOWN,
        message=f"not evaluated: {folder} is a root module of no project",
        blocking=blocking,
        fix="add it to `projects` in guardrail.yaml (as the `source` of its plan, if that is one), or a folder's name to "
        "`not_roots` if nothing plans what is in it",
        file=file,
        evidence={"root": folder},
    )


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
