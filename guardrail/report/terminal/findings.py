"""Findings for a terminal: each rule once, below it what is wrong and where, with the line of the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from guardrail.files.excerpt import Excerpts
from guardrail.model.finding import Finding, FindingStatus
from guardrail.report.format import count, status_word
from guardrail.report.text import safe
from guardrail.report.view import View, place

_MESSAGE_LIMIT = 600
_LINE_LIMIT = 200
_WITH_LINES = 3  # findings of a rule whose lines are shown: of many, places alone are easier to read


def rule_blocks(findings: Sequence[Finding], view: View, limit: int, excerpts: Excerpts) -> Iterator[RenderableType]:
    """Give findings by rule, in their order, at most `limit` of them."""
    by_rule: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings[:limit]:
        by_rule.setdefault((finding.rule, finding.fix), []).append(finding)
    for group in by_rule.values():
        yield from _rule(group, view, excerpts)
    if findings[limit:]:
        yield Text(f"  {len(findings) - limit:,} more (--details lists them)", "dim")


def _rule(group: list[Finding], view: View, excerpts: Excerpts) -> Iterator[RenderableType]:
    first = group[0]
    head = Text.assemble((safe(first.rule, 80), "bold"), f"  {first.severity.value}")
    head.append(f"  {count(len(group), 'finding')}" if group[1:] else "", "dim")
    yield _indented(head)
    said = ""
    for finding in group:
        message = safe(finding.message, _MESSAGE_LIMIT)
        unknown = f" ({status_word(finding)})" if finding.status is FindingStatus.UNKNOWN else ""
        if message + unknown != said:
            said = message + unknown
            yield _indented(Text(said), 4)
        where = " ".join(filter(None, [view.project_label(finding), safe(finding.address, 160)]))
        lines = [where, place(finding)]
        yield from (_indented(Text("  ".join(filter(None, lines)), "cyan"), 6) for _ in [0] if any(lines))
        if len(group) <= _WITH_LINES:
            yield from _source(finding, excerpts)
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
