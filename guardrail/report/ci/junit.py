"""The report as JUnit XML, which CI systems show as tests: a suite a project, a test a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC
from html import escape

from msgspec import Struct

from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.report import ProjectReport, Report
from guardrail.report.approvals_text import needed
from guardrail.report.ci.alerts import folder_of, repository_path
from guardrail.report.format import bottom_line, standing
from guardrail.report.text import safe
from guardrail.report.view import View

_NAME_LIMIT = 255
_TEXT_LIMIT = 1_000
_WHOLE = "all projects"


class _Case(Struct, frozen=True):
    """A test: its name, the attributes that tell its place, how it ended ("" for passed), and what is said of it."""

    name: str
    place: str = ""
    outcome: str = ""
    summary: str = ""
    text: str = ""


def junit(report: Report) -> str:
    """Return the suites. What blocks is a failure, a rule that could not be evaluated an error.

    What is waived, was there before the change or cannot be told before apply is skipped, with the reason. A warning
    passes and says so in its output. A rule without a finding is a test that passes.
    """
    time = report.generated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suites = [
        _suite(
            label, time, _cases(report.rules, project, folder_of(project), judged=report.judged), _bill(report, project)
        )
        for label, project in zip(View(report).labels, report.projects, strict=True)
    ]
    if report.findings or not suites:
        suites.append(_suite(_WHOLE, time, list(map(_case, report.findings)), ""))
    text = "".join(body for _, body in suites)
    numbers = sum((number for number, _ in suites), Counter[str]())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="guardrail" {_counts(numbers)}>\n{text}</testsuites>\n'


def _bill(report: Report, project: ProjectReport) -> str:
    return bottom_line(project.totals, report.currency, judged=report.judged)


def _cases(rules: Iterable[str], project: ProjectReport, folder: str, *, judged: bool) -> list[_Case]:
    """Return a test for each finding, and one for each rule that has none; of what could not be read no rule has passed."""
    found = [_case(finding, folder) for finding in project.findings]
    if project.is_unread:
        return found
    if not judged:
        return [_Case("estimate")]
    named = {finding.rule for finding in project.findings}
    return found + [_Case(safe(rule, _NAME_LIMIT)) for rule in rules if rule not in named]


def _case(finding: Finding, folder: str = "") -> _Case:
    rule, message = safe(finding.rule, _NAME_LIMIT), safe(finding.message, _TEXT_LIMIT)
    name = f"{rule}: {safe(finding.address, _NAME_LIMIT)}" if finding.address else rule
    path = repository_path(folder, finding.file) if finding.file and finding.line else None
    place = f' file="{escape(path)}" line="{finding.line}"' if path else ""
    fix = [f"Fix: {safe(finding.fix, _TEXT_LIMIT)}"] if finding.fix else []
    outcome, summary = _outcome(finding, message)
    return _Case(name, place, outcome, summary, "\n".join([message, *fix]))


def _outcome(finding: Finding, message: str) -> tuple[str, str]:
    """Return how the test of a finding ends, and in one line why."""
    waiver = finding.waiver
    if finding.status is FindingStatus.ERROR:
        return "error", message
    if finding.blocking:
        return "failure", f"{needed(finding)}. {message}" if finding.needs_approval else message
    if finding.status is FindingStatus.APPROVED:
        return "skipped", standing(finding)
    if finding.status is FindingStatus.WAIVED and waiver:
        return "skipped", f"waived until {waiver.expires.isoformat()}: {safe(waiver.reason, _TEXT_LIMIT)}"
    words = {
        FindingStatus.WAIVED: "waived",
        FindingStatus.PRE_EXISTING: "pre-existing",
        FindingStatus.UNKNOWN: "unknown",
    }
    word = words.get(finding.status)
    return ("skipped", f"{word}: {message}") if word else ("", "")


def _suite(name: str, time: str, cases: list[_Case], out: str) -> tuple[Counter[str], str]:
    """Return a suite and its numbers. A project that nothing was found in has a test all the same: it was looked at."""
    cases = cases or [_Case("no findings")]
    numbers = Counter(case.outcome for case in cases)
    numbers["tests"] = len(cases)
    name = escape(safe(name, _NAME_LIMIT))
    body = "".join(line for case in cases for line in _test(case, name))
    system_out = f"<system-out>{escape(out, quote=False)}</system-out>\n" if out else ""
    head = f'<testsuite name="{name}" {_counts(numbers)} skipped="{numbers["skipped"]}" timestamp="{time}">'
    return numbers, f"{head}\n{body}{system_out}</testsuite>\n"


def _counts(numbers: Counter[str]) -> str:
    return f'tests="{numbers["tests"]}" failures="{numbers["failure"]}" errors="{numbers["error"]}" time="0"'


def _test(case: _Case, suite: str) -> Iterator[str]:
    head = f'<testcase name="{escape(case.name)}" classname="guardrail.{suite}"{case.place} time="0"'
    text, summary = escape(case.text, quote=False), escape(case.summary)
    if case.outcome == "skipped":
        yield f'{head}><skipped message="{summary}"/></testcase>\n'
    elif case.outcome:
        kind = "deny" if case.outcome == "failure" else "not evaluated"
        yield f'{head}><{case.outcome} message="{summary}" type="{kind}">{text}</{case.outcome}></testcase>\n'
    elif case.text:
        yield f"{head}><system-out>warning: {text}</system-out></testcase>\n"
    else:
        yield f"{head}/>\n"
