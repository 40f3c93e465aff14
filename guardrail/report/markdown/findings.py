"""Findings as a Markdown list: what is wrong and how to mend it once, and under it every place where it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from guardrail.model.finding import Finding, FindingStatus
from guardrail.report.approvals_text import needed
from guardrail.report.format import standing, status_word
from guardrail.report.markdown.text import link, prose

# Two spaces at a line's end break it, in comments as well as in a job's summary.
_BREAK = "  \n  "


def listed_findings(findings: Sequence[Finding], places: Callable[[Finding], str], limit: int, rest: str) -> list[str]:
    """Return list items, in the order of the findings; those that say the same are one item with a list of places.

    So are those of one rule of which each says something else: 3 machines of different sizes.

    At most about `limit` places are shown, some of every item; `rest` says where the others are.
    """
    numbers = Counter((finding.rule, finding.message) for finding in findings)
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for number, finding in enumerate(findings):
        apart = "" if finding.address or finding.file else str(number)
        same = _what(finding) if numbers[finding.rule, finding.message] > 1 else ""
        alike.setdefault((finding.rule, finding.status, same, _then(finding), apart), []).append(finding)
    groups = list(alike.values())
    each = max(limit // max(len(groups), 1), 1)
    items = [_item(group, places, each, rest) for group in groups[:limit]]
    hidden = sum(map(len, groups[limit:]))
    return [*items, f"- {hidden:,} more in {rest}"] if hidden else items


def _item(group: list[Finding], places: Callable[[Finding], str], each: int, rest: str) -> str:
    """Return one rule's findings; what all say is said once, above the places."""
    first, then, shown = group[0], _then(group[0]), group[:each]
    is_same = len({finding.message for finding in group}) == 1
    heading = f"**{prose(first.rule)}**" + (f": {_what(first)}" if is_same else "")
    head = (
        f"- {heading} · {len(group):,} times"
        if group[1:]
        else " · ".join(filter(None, [f"- {heading}", places(first)]))
    )
    whole = f"{head}{_BREAK}{then}" if then else head
    if not group[1:]:
        return whole
    lines = [
        places(finding) if is_same else " · ".join(filter(None, [places(finding), _what(finding)])) for finding in shown
    ]
    more = [f"  - {len(group) - len(shown):,} more in {rest}"] if group[each:] else []
    return "\n".join([whole, *(f"  - {line}" for line in lines), *more])


def _what(finding: Finding) -> str:
    """Return what is wrong."""
    unknown = f" ({status_word(finding)})" if finding.status is FindingStatus.UNKNOWN else ""
    return f"{prose(finding.message)}{unknown}"


def _then(finding: Finding) -> str:
    """Return how to mend it, or why it is accepted."""
    if accepted := standing(finding):
        return prose(accepted)
    approval = needed(finding)
    fix = f"**Fix:** {prose(finding.fix)}" if finding.fix else ""
    mend = " ".join(filter(None, [fix, link("rule docs", finding.docs)]))
    return _BREAK.join(filter(None, [f"**{prose(approval)}**" if approval else "", mend]))
