"""The report as a message to a chat: a headline, what costs most, what blocks, and where to read on.

Every text goes in as plain text, never as the chat's own markup: what a plan says can neither call people nor hide a
link. Both services refuse a message that is too large, so each part is bounded.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from guardrail.model.finding import Finding
from guardrail.model.report import Report, Verdict
from guardrail.report.format import count
from guardrail.report.parts.amounts import change_amounts, total_amounts
from guardrail.report.parts.rows import named
from guardrail.report.text import cut, safe
from guardrail.report.view import View

SIGNS = {Verdict.PASS: "✅", Verdict.WARN: "⚠️", Verdict.FAIL: "❌"}
"""What stands before a verdict where people read it."""

_LISTED = 5  # of the changes, and of the findings
_TEXT = 300  # characters of one of them
_HEADER = 150  # characters that Slack takes in a header
_LINK = 2_000


def slack(report: Report, *, about: str = "", link: str = "") -> dict[str, Any]:
    """Return the body of a Slack webhook, in Block Kit. `about`: repository and change; `link`: where to read on."""
    title = _title(report)
    parts = [about, *_parts(report)]
    # A longer headline is not cut: its end says what the amounts lack.
    blocks: list[dict[str, Any]] = [
        {"type": "header" if len(title) <= _HEADER else "section", "text": plain_text(title)}
    ]
    blocks += [{"type": "section", "text": plain_text(part)} for part in parts if part]
    if usable_link(link):
        button = {"type": "button", "text": plain_text("Report"), "url": link}
        blocks.append({"type": "actions", "elements": [button]})
    # The text is for notifications, and the only part in which Slack looks for markup.
    return {"text": html.escape(title, quote=False), "blocks": blocks}


def teams(report: Report, *, about: str = "", link: str = "") -> dict[str, Any]:
    """Return the body of a Teams workflow's webhook: a message with one Adaptive Card."""
    body = [text_run(_title(report), weight="Bolder", size="Medium"), text_run(about, isSubtle=True)]
    body += [text_run(line) for part in _parts(report) for line in part.split("\n")]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [one for one in body if one["inlines"][0]["text"]],
    }
    if usable_link(link):
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Report", "url": link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _title(report: Report) -> str:
    sign = f"{SIGNS[report.verdict]} " if report.judged else ""
    return f"{sign}Guardrail: {View(report).headline}"


def _parts(report: Report) -> list[str]:
    """Return the total, the changes that move the bill most, and what blocks, each in lines."""
    view = View(report)
    before, after, delta = total_amounts(report.totals, report.currency)
    changed = [f"{named(row, _TEXT)}: {change_amounts(row.resource, report.currency)[2]}" for row in view.changed]
    parts = [f"Per month: {before} before, {after} after, {delta}", _list("Changes", changed)]
    for name, found in (
        ("Blocking", view.blocking),
        ("Needs approval", view.pending),
        ("Not read", view.unread),
        ("Rules not evaluated", view.errors),
    ):
        parts.append(_list(name, [_finding(one) for one in view.report.as_told(found)]))
    parts.append(f"{count(len(view.warnings), 'warning')}" if view.warnings else "")
    return [part for part in parts if part]


def _finding(finding: Finding) -> str:
    about = f" ({safe(finding.address, _TEXT)})" if finding.address else ""
    return f"{safe(finding.rule, 100)}: {safe(finding.message, _TEXT)}{about}"


def _list(name: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    shown = [f"• {cut(line, _TEXT)}" for line in lines[:_LISTED]]
    more = [f"and {len(lines) - _LISTED:,} more"] if len(lines) > _LISTED else []
    return "\n".join([f"{name} ({len(lines):,})", *shown, *more])


def usable_link(link: str) -> bool:
    """Say whether a link is one that both services take."""
    return link.startswith(("https://", "http://")) and len(link) <= _LINK


def plain_text(text: str) -> dict[str, Any]:
    """Return text as Slack shows it, as it is."""
    return {"type": "plain_text", "text": text, "emoji": False}


def text_run(text: str, **style: Any) -> dict[str, Any]:
    """Return text for Teams: a text block would be read as Markdown; the runs of a rich one are shown as they are."""
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}
