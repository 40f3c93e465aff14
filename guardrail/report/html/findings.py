"""What the rules found, by rule: what is wrong, where, the line of the configuration, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.remedy import Edit
from guardrail.report.approvals_text import needed
from guardrail.report.format import count, standing, status_word
from guardrail.report.html.blocks import left_out, rest
from guardrail.report.html.element import Child, Html, code, element, lines, link, prose
from guardrail.report.html.places import Places
from guardrail.report.suggestions import commands
from guardrail.report.text import safe

_LISTED = 2_000  # findings
_OPEN = 20  # places of a rule that are not folded
_WITH_LINES = 5  # findings of a rule whose lines are shown: of many, places alone are easier to read
_EDITS, _LINES = 100, 40
_LINE_LIMIT = 200


def by_rule(findings: Sequence[Finding], places: Places) -> list[Html]:
    """Return findings in their order, those of a rule together; of too many, some of every rule."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.rule, finding.fix, standing(finding) or needed(finding)), []).append(finding)
    shown = list(groups.values())[:_LISTED]
    each = max(_LISTED // max(len(groups), 1), 1)
    hidden = sum(map(len, list(groups.values())[_LISTED:]))
    return [*(_rule(group, each, places) for group in shown), *left_out(hidden, "findings are")]


def _rule(group: list[Finding], limit: int, places: Places) -> Html:
    """Return one rule's findings: what all say is said once, above the places."""
    first, accepted, approval = group[0], standing(group[0]), needed(group[0])
    number = f" · {count(len(group), 'finding')}" if group[1:] else ""
    common = _what(first) if len({_what(finding) for finding in group}) == 1 else ""
    with_lines = len(group) <= _WITH_LINES
    parts = [_place(finding, places, common, with_line=with_lines) for finding in group[:limit]]
    items = [element("li", part) for part in parts if part]
    return element(
        "section",
        element("h3", code(first.rule, 80), " ", element("span", first.severity.value + number, class_="dim")),
        element("p", first.title, class_="dim") if first.title else None,
        element("p", prose(common)) if common else None,
        element("ul", items[:_OPEN]) if items else None,
        rest(f"{len(items) - _OPEN:,} more", element("ul", items[_OPEN:])) if items[_OPEN:] else None,
        left_out(len(group) - limit, "findings of this rule are"),
        element("p", element("b", approval)) if approval else None,
        element("p", accepted) if accepted else _then(first),
        class_="rule blocks" if first.blocking else "rule",
    )


def _what(finding: Finding) -> str:
    """Return what is wrong."""
    return finding.message + (f" ({status_word(finding)})" if finding.status is FindingStatus.UNKNOWN else "")


def _then(finding: Finding) -> Html | None:
    """Return how to mend it, and where its rule is explained."""
    page = link("About this rule", finding.docs)
    if not finding.fix and page is None:
        return None
    fix: list[Child] = [element("b", "Fix: "), prose(finding.fix), " "] if finding.fix else []
    return element("p", fix, page)


def _place(finding: Finding, places: Places, common: str, *, with_line: bool) -> list[Child]:
    """Return where a finding is, and what is wrong there unless that has been `said`; [] for nothing."""
    label, where = places.view.project_label(finding), places.of_finding(finding)
    parts: list[Child] = [element("span", label, class_="dim")] if label else []
    parts += [code(finding.address)] if finding.address else []
    parts += [element("span", where, class_="dim")] if where else []
    parts += [] if common else [prose(_what(finding))]
    spaced = [child for part in parts for child in (part, " ")]
    line = places.line(finding) if with_line else None
    return [*spaced, line] if line else spaced


def edits(findings: Iterable[Finding]) -> list[Html]:
    """Return the edits that make findings go, each once, as differences of lines."""
    findings = list(findings)
    found = list(dict.fromkeys(finding.edit for finding in findings if finding.edit))
    if not found:
        return []
    made_by = commands(findings)
    named = [part for command in made_by for part in (element("code", command), " and ")][:-1]
    how = element("p", *named, f" make{'' if made_by[1:] else 's'} them.")
    shown = [_edit(edit) for edit in found[:_EDITS]]
    return [how, *shown, *left_out(len(found) - _EDITS, "edits are")]


def _edit(edit: Edit) -> Html:
    texts: list[Html] = []
    for one in edit.replacements:
        texts.append(element("span", f"@@ {one.file}:{one.first_line} @@", class_="dim"))
        if one.last_line >= one.first_line:
            texts += [element("del", f"- {_shown(line)}") for line in one.was.split("\n")]
        texts += [element("ins", f"+ {_shown(line)}") for line in one.text.split("\n")]
    hidden = [element("span", f"… {len(texts) - _LINES:,} more lines", class_="dim")] if texts[_LINES:] else []
    return element("figure", element("p", edit.description), lines([*texts[:_LINES], *hidden]))


def _shown(line: str) -> str:
    return safe(line.replace("\t", "    "), _LINE_LIMIT)
