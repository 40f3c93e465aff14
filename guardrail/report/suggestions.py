"""Edits as suggestions for the review of a change: one for each place, with what it is good for."""

from __future__ import annotations

from collections.abc import Iterable

from guardrail.model.finding import RECOMMENDATION, Finding, fingerprint
from guardrail.model.remedy import Replacement, Suggestion
from guardrail.model.report import Report
from guardrail.report.ci.alerts import Alert, alerts
from guardrail.report.markdown.text import code, prose

_LISTED = 5  # findings above one suggestion


def suggestions(report: Report) -> list[Suggestion]:
    """Return the edits of findings that are one run of lines, the loudest first; files are told from the repository's top.

    An edit in several places cannot be suggested: people would commit a part of it. Nor can text that is not all
    visible.
    """
    groups: dict[Replacement, list[Alert]] = {}
    for alert in alerts(report):
        lines = alert.edit.replacements if alert.edit else ()
        if len(lines) == 1 and _is_visible(lines[0]):
            groups.setdefault(lines[0], []).append(alert)
    return [_suggestion(lines, group) for lines, group in groups.items()]


def commands(findings: Iterable[Finding]) -> list[str]:
    """Return the commands that make the edits of findings."""
    rules = {finding.rule for finding in findings if finding.edit}
    return [
        *(["guardrail check --fix"] if rules - {RECOMMENDATION} else []),
        *(["guardrail recommend --fix-diff"] if RECOMMENDATION in rules else []),
    ]


def _suggestion(lines: Replacement, group: list[Alert]) -> Suggestion:
    names = sorted(f"{alert.finding.rule}|{alert.finding.project}|{alert.finding.subject}" for alert in group)
    entries = [f"- {_line_of(alert)}" for alert in group[:_LISTED]]
    more = [f"- {len(group) - _LISTED:,} more"] if group[_LISTED:] else []
    return Suggestion(fingerprint(lines.file, *names)[:32], lines, "\n".join([*entries, *more]))


def _line_of(alert: Alert) -> str:
    finding = alert.finding
    return " · ".join(filter(None, [f"**{prose(finding.rule)}**: {prose(finding.message)}", code(finding.address)]))


def _is_visible(lines: Replacement) -> bool:
    return all(part.replace("\t", "").replace("\n", "").isprintable() for part in (lines.was, lines.text))
