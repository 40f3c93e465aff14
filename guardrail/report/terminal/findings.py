"""Findings for a terminal: each rule once, below it what is wrong and where, with the line of the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from guardrail.files.excerpt import Excerpts
from guardrail.model.finding import Finding, FindingStatus
from guardrail.report.approvals_text import needed
from guardrail.report.format import count, status_word
from guardrail.report.text import safe
from guardrail.report.view import View, place

_MESSAGE_LIMIT = 600
_LINE_LIMIT = 200
_WITH_LINES = 3  # findings of a rule whose lines are shown: of many, places alone are easier to read


def rule_blocks(findings: Sequence[Finding], view: View, limit: int, excerpts: Excerpts) -> Iterator[RenderableType]:
    """Give findings by rule, in their order: about `limit` of them, some of every rule."""
    by_rule: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault((finding.rule, finding.fix, needed(finding)), []).append(finding)
    each = max(limit // len(by_rule), 1)
    for group in list(by_rule.values())[:limit]:
        yield from _rule(group, each, view, excerpts)
    hidden = sum(map(len, list(by_rule.values())[limit:]))
    if hidden:
        yield Text(f"  {hidden:,} more (--details lists them)", "dim")


def _rule(group: list[Finding], limit: int, view: View, excerpts: Excerpts) -> Iterator[RenderableType]:
    """Give one rule's findings: each message once, and below it the places."""
    first = group[0]
    head = Text.assemble((safe(first.rule, 80), "bold"), f"  {first.severity.value}")
    yield _indented(head.append(f"  {count(len(group), 'finding')}" if group[1:] else "", "dim"))
    by_message: dict[str, list[Finding]] = {}
    for finding in group[:limit]:
        unknown = f" ({status_word(finding)})" if finding.status is FindingStatus.UNKNOWN else ""
        by_message.setdefault(safe(finding.message, _MESSAGE_LIMIT) + unknown, []).append(finding)
    for message, same in by_message.items():
        yield _indented(Text(message), 4)
        for finding in same:
            where = [view.project_label(finding), safe(finding.address, 160)]
            text = "  ".join(filter(None, [" ".join(filter(None, where)), place(finding)]))
            if text:
                yield _indented(Text(text, "cyan"), 6)
            if len(group) <= _WITH_LINES:
                yield from _source(finding, excerpts)
    if group[limit:]:
        yield _indented(Text(f"{len(group) - limit:,} more (--details lists them)", "dim"), 4)
    if approval := needed(first):
        yield _indented(Text(approval), 4)
    if first.fix:
        yield _indented(Text(f"Fix: {safe(first.fix, _MESSAGE_LIMIT)}"), 4)


def _source(finding: Finding, excerpts: Excerpts) -> Iterator[RenderableType]:
    """Give the line of the configuration, and carets below what is meant."""
    found = excerpts(finding)
    if found is None:
        return
    number, text = f"{found.line}", safe(found.text.expandtabs(4), _LINE_LIMIT)
    yield _indented(Text.assemble((f"{number} | ", "dim"), text, no_wrap=True, overflow="ellipsis"), 6)
    marks = " " * found.start + "^" * max(min(found.length, len(text) - found.start), 1)
    if found.start < len(text):
        yield _indented(
            Text.assemble((f"{'':{len(number)}} | ", "dim"), (marks, "red"), no_wrap=True, overflow="crop"), 6
        )


def _indented(text: Text, columns: int = 2) -> Padding:
    if not text.no_wrap:
        text.overflow = "fold"
    return Padding(text, (0, 0, 0, columns))
