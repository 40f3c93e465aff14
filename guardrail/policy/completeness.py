"""What a run could not look at: neither a pass nor a violation, but an answer that is left open."""

from __future__ import annotations

from collections.abc import Sequence

from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity

RULE = "incomplete-configuration"
_SHOWN = 5


def incomplete(project: str, missing: Sequence[str]) -> list[Finding]:
    """Return the finding about what of a configuration was not evaluated; none where nothing is missing."""
    if not missing:
        return []
    more = f"; and {len(missing) - _SHOWN:,} more" if len(missing) > _SHOWN else ""
    return [
        Finding(
            rule=RULE,
            title="The configuration is evaluated completely",
            severity=Severity.MEDIUM,
            enforcement=Enforcement.ADVISORY,
            status=FindingStatus.UNKNOWN,
            message="not evaluated: " + "; ".join(missing[:_SHOWN]) + more,
            blocking=False,
            fix="run `terraform init` for modules that are missing; a plan knows the rest",
            project=project,
        )
    ]
