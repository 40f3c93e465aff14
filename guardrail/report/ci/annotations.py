"""The report as workflow commands of GitHub Actions, which shows them at the lines of a pull request's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from guardrail.model.finding import FindingStatus
from guardrail.model.report import Report
from guardrail.report.ci.alerts import Alert, Level, alerts
from guardrail.report.text import safe

_TEXT_LIMIT = 1_000
_NAMES = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_SHOWN = 10  # a step shows ten of each level and drops the rest without a word


def annotate(report: Report) -> str:
    """Return one command a line: at most ten of each level, the last of which counts the others.

    Waived findings and those that were there before the change are left out: they are nobody's to mend here.
    """
    found = [alert for alert in _told(report) if alert.finding.status is not FindingStatus.PRE_EXISTING]
    return "".join(f"{line}\n" for level in reversed(Level) for line in _commands(level, found))


def _told(report: Report) -> Iterator[Alert]:
    """Yield the alerts, of those that wait for one missing fact the first in the name of all."""
    facts = {id(one): fact for fact in report.missing_facts for one in fact.findings}
    told: set[int] = set()
    for alert in alerts(report):
        fact = facts.get(id(alert.finding))
        if fact is None:
            yield alert
        elif id(fact) not in told:
            told.add(id(fact))
            yield replace(alert, finding=fact.as_finding)


def _commands(level: Level, found: Sequence[Alert]) -> Iterator[str]:
    chosen = [alert for alert in found if alert.level is level]
    shown = chosen if len(chosen) <= _SHOWN else chosen[: _SHOWN - 1]
    for alert in shown:
        yield _command(level, _text(alert), alert)
    if len(chosen) > len(shown):
        yield _command(level, f"{len(chosen) - len(shown):,} more: see the job summary or the full report", None)


def _text(alert: Alert) -> str:
    """Return the message in lines: what is wrong, about what, and how to mend it."""
    finding = alert.finding
    fix = f"Fix: {safe(finding.fix, _TEXT_LIMIT)}" if finding.fix else ""
    return "\n".join(filter(None, [alert.message, alert.subject, fix]))


def _command(level: Level, text: str, alert: Alert | None) -> str:
    properties = {"title": "guardrail"}
    if alert:
        properties["title"] = f"guardrail: {safe(alert.finding.rule, 100)}"
    if alert and alert.exact:
        end = {"endLine": str(alert.end)} if alert.end else {}
        properties = {"file": alert.path, "line": str(alert.line), **end, **properties}
    named = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_NAMES[level]} {named}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
