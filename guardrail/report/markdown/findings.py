"""Findings as a Markdown list: what is wrong and how to mend it once, and under it every place where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from guardrail.model.finding import Finding, FindingStatus
from guardrail.report.format import status_word
from guardrail.report.markdown.text import link, prose

# Two spaces at a line's end break it, in comments as well as in a job's summary.
_BREAK = "  \n  "


def listed_findings(findings: Sequence[Finding], places: Callable[[Finding], str], limit: int, rest: str) -> list[str]:
    """Return list items, in the order of the findings; those that say the same are one item with a list of places.

    At most about `limit` places are shown, some of every item; `rest` says where the others are.
    """
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for number, finding in enumerate(findings):
        apart = "" if finding.address or finding.file else str(number)
        alike.setdefault((finding.rule, _what(finding), _then(finding), apart), []).append(finding)
    groups = list(alike.values())
    each = max(limit // max(len(groups), 1), 1)
    items = [_item(group, [places(finding) for finding in group[:each]], rest) for group in groups[:limit]]
    hidden = sum(map(len, groups[limit:]))
    return [*items, f"- {hidden:,} more in {rest}"] if hidden else items


def _item(group: list[Finding], places: list[str], rest: str) -> str:
    what, then, several = _what(group[0]), _then(group[0]), len(group) > 1
    first = f"- {what} · {len(group):,} times" if several else " · ".join(filter(None, [f"- {what}", *places]))
    whole = f"{first}{_BREAK}{then}" if then else first
    if not several:
        return whole
    hidden = len(group) - len(places)
    more = [f"  - {hidden:,} more in {rest}"] if hidden else []
    return "\n".join([whole, *(f"  - {place}" for place in places), *more])


def _what(finding: Finding) -> str:
    """Return the rule and its message."""
    unknown = f" ({status_word(finding)})" if finding.status is FindingStatus.UNKNOWN else ""
    return f"**{prose(finding.rule)}**: {prose(finding.message)}{unknown}"


def _then(finding: Finding) -> str:
    """Return how to mend it, or why it is accepted."""
    if finding.status in (FindingStatus.WAIVED, FindingStatus.PRE_EXISTING):
        return _standing(finding)
    fix = f"**Fix:** {prose(finding.fix)}" if finding.fix else ""
    return " ".join(filter(None, [fix, link("rule docs", finding.docs)]))


def _standing(finding: Finding) -> str:
    """Say why a finding does not block: who accepted it, or that it was there before."""
    waiver = finding.waiver
    if waiver is None:
        return status_word(finding).capitalize()
    owner = f" by {prose(waiver.owner, 80)}" if waiver.owner else ""
    return f"Waived{owner} until {waiver.expires.isoformat()}: {prose(waiver.reason)}"
