"""The report in few lines, as compilers write them: what blocks, each with its place, for hooks and editors."""

from __future__ import annotations

from collections.abc import Iterator

from guardrail.model.finding import Finding
from guardrail.model.report import Report
from guardrail.report.approvals_text import needed
from guardrail.report.format import status_word
from guardrail.report.text import no_line_commands, safe
from guardrail.report.view import View, place

LINES = 40
"""More than anybody reads when a commit is refused."""

_MESSAGE_LIMIT = 300


def concise(report: Report, *, lines: int = LINES) -> str:
    """Return the verdict and the findings that count, what blocks first, in at most so many lines.

    A finding is "file:line: status: rule: address: message", without what is not known of it. How to mend what blocks is
    said once for all findings of a rule that stand together. What finds no room is counted.
    """
    view = View(report)
    findings = [
        *view.report.as_told(view.blocking),
        *view.report.as_told(view.pending),
        *view.unread,
        *view.errors,
        *view.report.as_told(view.warnings),
    ]
    text, shown = [_headline(view), *filter(None, [view.supplied_line])][:lines], 0
    for entry in _entries(view, findings):
        is_last = shown + 1 == len(findings)
        if len(text) + len(entry) > lines - (not is_last):
            break
        text += entry
        shown += 1
    if shown < len(findings) and len(text) < lines:
        text.append(f"{len(findings) - shown:,} more: `guardrail check` lists them")
    elif shown < len(findings):
        text[0] += f" · {view.tally}" if view.tally not in text[0] else ""
    return no_line_commands("\n".join(text) + "\n")


def _headline(view: View) -> str:
    verdict = view.report.verdict if view.report.judged else "estimate"
    return f"{verdict.upper()}  {view.headline}"


def _entries(view: View, findings: list[Finding]) -> Iterator[list[str]]:
    """Give the lines of each finding; the fix stands below the last of those that share it."""
    for index, finding in enumerate(findings):
        lines = [_line(view, finding)]
        is_shared = any(
            (other.rule, other.fix, needed(other)) == (finding.rule, finding.fix, needed(finding))
            for other in findings[index + 1 : index + 2]
        )
        if finding.blocking and finding.fix and not is_shared:
            lines.append(f"  fix: {safe(finding.fix, _MESSAGE_LIMIT)}")
        if (approval := needed(finding)) and not is_shared:
            lines.append(f"  approval: {approval[:1].lower()}{approval[1:]}")
        yield lines


def _line(view: View, finding: Finding) -> str:
    message = safe(finding.message, _MESSAGE_LIMIT)
    subject = " ".join(filter(None, [view.project_label(finding), safe(finding.address, 160)]))
    return ": ".join(filter(None, [place(finding), status_word(finding), safe(finding.rule, 80), subject, message]))
