"""What the rules found, by rule: what is wrong, where, the line of the configuration, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from guardrail.files.excerpt import Excerpt, Excerpts
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.remedy import Edit
from guardrail.report.format import count, standing, status_word
from guardrail.report.html.blocks import left_out, rest
from guardrail.report.html.element import Child, Html, code, element, lines, link
from guardrail.report.text import safe
from guardrail.report.view import View, place

_LISTED = 2_000  # findings
_OPEN = 20  # places of a rule that are not folded
_WITH_LINES = 5  # findings of a rule whose lines are shown: of many, places alone are easier to read
_EDITS, _LINES = 100, 40
_LINE_LIMIT = 200


def by_rule(findings: Sequence[Finding], view: View, excerpts: Excerpts) -> list[Html]:
    """Return findings in their order, those of a rule together; of too many, some of every rule."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.rule, finding.fix, standing(finding)), []).append(finding)
    shown = list(groups.values())[:_LISTED]
    each = max(_LISTED // max(len(groups), 1), 1)
    hidden = sum(map(len, list(groups.values())[_LISTED:]))
    return [*(_rule(group, each, view, excerpts) for group in shown), *left_out(hidden, "findings are")]


def _rule(group: list[Finding], limit: int, view: View, excerpts: Excerpts) -> Html:
    """Return one rule's findings: what all say is said once, above the places."""
    first, accepted = group[0], standing(group[0])
    number = f" · {count(len(group), 'finding')}" if group[1:] else ""
    said = _what(first) if len({_what(finding) for finding in group}) == 1 else ""
    find = excerpts if len(group) <= _WITH_LINES else lambda _: None
    places = [_place(finding, view, find, said) for finding in group[:limit]]
    items = [element("li", place) for place in places if place]
    return element(
        "section",
        element("h3", code(first.rule, 80), " ", element("span", first.severity.value + number, class_="dim")),
        element("p", first.title, class_="dim") if first.title else None,
        element("p", said) if said else None,
        element("ul", items[:_OPEN]) if items else None,
        rest(f"{len(items) - _OPEN:,} more", element("ul", items[_OPEN:])) if items[_OPEN:] else None,
        left_out(len(group) - limit, "findings of this rule are"),
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
    fix: list[Child] = [element("b", "Fix: "), finding.fix, " "] if finding.fix else []
    return element("p", fix, page)


def _place(finding: Finding, view: View, excerpts: Excerpts, said: str) -> list[Child]:
    """Return where a finding is, and what is wrong there unless that has been `said`; [] for nothing."""
    label, where = view.project_label(finding), place(finding)
    parts: list[Child] = [element("span", label, class_="dim")] if label else []
    parts += [code(finding.address)] if finding.address else []
    parts += [element("span", code(where), class_="dim")] if where else []
    parts += [] if said else [_what(finding)]
    source = excerpts(finding)
    spaced = [child for part in parts for child in (part, " ")]
    return [*spaced, _line(source)] if source else spaced


def _line(found: Excerpt) -> Html:
    """Return a line of the configuration, with a mark on what is meant."""
    text = safe(found.text.expandtabs(4), _LINE_LIMIT)
    start, end = found.start, found.start + found.length
    number = element("span", f"{found.line} | ", class_="dim")
    return element("pre", element("code", number, text[:start], element("mark", text[start:end]), text[end:]))


def edits(findings: Iterable[Finding]) -> list[Html]:
    """Return the edits that make findings go, each once, as differences of lines."""
    found = list(dict.fromkeys(finding.edit for finding in findings if finding.edit))
    if not found:
        return []
    how = element("p", element("code", "guardrail check --fix"), " makes them.")
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
