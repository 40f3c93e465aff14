"""What a run task answers: passed or failed, why, and each finding as an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.report import Report
from guardrail.report.approvals_text import needed
from guardrail.report.text import cut, safe
from guardrail.report.view import View

_MESSAGE = 500  # characters of a result's message
_LINE = 250  # of an outcome's description
_OUTCOMES = 50  # findings that are outcomes by themselves; the report, which is one as well, has all
# What calls for somebody; a finding that is waived or was there before does not.
_LOUD = (FindingStatus.FAIL, FindingStatus.UNKNOWN, FindingStatus.ERROR)


class Outcome(Struct, frozen=True):
    """One entry of the list that a result opens to. `tags`: name to label and level (none, info, warning, error)."""

    id: str
    description: str
    body: str
    tags: Mapping[str, tuple[str, str]]
    url: str = ""

    def shown(self) -> dict[str, Any]:
        """Return it as HCP Terraform takes it."""
        attributes: dict[str, Any] = {
            "outcome-id": self.id,
            "description": self.description,
            "body": self.body,
            "tags": {name: [{"label": label, "level": level}] for name, (label, level) in self.tags.items()},
        }
        return {
            "type": "task-result-outcomes",
            "attributes": attributes | ({"url": self.url} if self.url else {}),
        }


class Result(Struct, frozen=True):
    """What is told: the status (running, passed or failed), one line, and outcomes."""

    status: str
    message: str
    outcomes: tuple[Outcome, ...] = ()


RUNNING = Result("running", "guardrail is reading the plan")


def not_judged(why: str) -> Result:
    """Return the result of a plan that could not be judged. It never passes."""
    return Result("failed", cut(f"Not evaluated: {safe(why)}", _MESSAGE))


def judged(report: Report, markdown: str, *, passed: bool) -> Result:
    """Return the result of a report, whose Markdown is the first outcome."""
    headline = cut(View(report).headline, _MESSAGE)
    status = ("Passed", "info") if passed else ("Failed", "error")
    whole = Outcome("report", cut(headline, _LINE), markdown, {"Status": status})
    found = [one for one in View(report).findings if one.status in _LOUD]
    return Result("passed" if passed else "failed", headline, (whole, *map(_outcome, found[:_OUTCOMES])))


def _outcome(finding: Finding) -> Outcome:
    level = "error" if finding.blocking or finding.status is FindingStatus.ERROR else "warning"
    status = "Denied" if finding.blocking else finding.status.value.capitalize()
    status = "Needs approval" if finding.needs_approval else status
    # Indented text is shown as it is: what a plan or a rule says is no markup there.
    body = "\n\n".join(f"    {safe(line)}" for line in (finding.message, needed(finding), finding.fix) if line)
    return Outcome(
        safe(f"{finding.rule}:{finding.subject}", _LINE),
        safe(f"{finding.rule}: {finding.message}", _LINE),
        body,
        {"Status": (status, level), "Severity": (finding.severity.value.capitalize(), level)},
        finding.docs if finding.docs.startswith("https://") else "",
    )
