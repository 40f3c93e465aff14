"""The report as GitLab's code quality report: a JSON array that a merge request shows beside its files."""

from __future__ import annotations

from collections import Counter
from typing import Any

from guardrail.model.finding import fingerprint
from guardrail.model.report import Report
from guardrail.report.ci.alerts import APPROXIMATE, Alert, Level, alerts
from guardrail.report.json.text import encode, finished, listed
from guardrail.report.text import safe

_SEVERITIES = {Level.ERROR: "critical", Level.WARNING: "minor", Level.NOTE: "info"}


def code_quality(report: Report) -> str:
    """Return one entry a finding that nobody has waived; an empty array, never an empty file, where there is none."""
    seen: Counter[str] = Counter()
    entries = []
    for alert in alerts(report):
        name = fingerprint(alert.finding.rule, alert.finding.project, alert.project, alert.finding.subject)
        seen[name] += 1
        entries.append(encode(_entry(alert, name if seen[name] == 1 else fingerprint(name, str(seen[name])))))
    return finished(listed(entries))


def _entry(alert: Alert, name: str) -> dict[str, Any]:
    finding = alert.finding
    about = f" ({alert.subject})" if alert.subject else ""
    text = f"{alert.message}{about}"
    return {
        "description": text if alert.exact else f"{text}. {APPROXIMATE}",
        "check_name": safe(finding.rule, 255),
        "fingerprint": name,
        "severity": _SEVERITIES[alert.level],
        "location": {"path": alert.path, "lines": {"begin": alert.line, **({"end": alert.end} if alert.end else {})}},
    }
