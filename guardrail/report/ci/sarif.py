"""The report as SARIF 2.1.0, for code scanning: one run, one result for each rule and place, within GitHub's limits."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from guardrail.model.approval import Approval
from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity, Waiver, fingerprint
from guardrail.model.remedy import Edit, Replacement
from guardrail.model.report import Report
from guardrail.report.ci.alerts import APPROXIMATE, Alert, Level, alerts
from guardrail.report.format import bottom_line, count, standing
from guardrail.report.json.text import Written, encode, finished, joined, listed
from guardrail.report.markdown.text import prose
from guardrail.report.text import is_web_page, safe

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/guardrail-finops/guardrail"

# What GitHub takes of one upload, rules as many as results.
_MAX_RESULTS = 25_000
_MAX_BYTES = 10_000_000  # compressed
_NAME_LIMIT = 255
_TEXT_LIMIT = 1_000
_LISTED = 20  # addresses in one result

_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note"}
_PROBLEMS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "recommendation"}

_Group = Sequence[Alert]


def sarif(
    report: Report,
    *,
    category: str = "",
    max_results: int = _MAX_RESULTS,
    max_bytes: int = _MAX_BYTES,
    waived: bool = False,
) -> str:
    """Return the log. Waived findings are left out, those that were there before the change or are approved are notes.

    `waived`: waived findings are results with suppressions, as the standard has them. GitHub's code scanning does not read
    these, and would open an alert for each. `category` tells the results of one upload from those of others; by default it is the name of the only project.
    What is over a limit is left out from the least severe and cheapest on, and the log says how much it is.
    """
    groups = _grouped(alerts(report, waived=waived))
    included = groups[:max_results]
    while True:
        text = _log(report, category, included, len(groups) - len(included))
        if not included or len(text) <= max_bytes or len(gzip.compress(text.encode(), mtime=0)) <= max_bytes:
            return text
        # How well a log compresses cannot be told before: halving finds a fit in a few rounds. The groups are sorted.
        included = included[: len(included) // 2]


def _grouped(found: Iterable[Alert]) -> list[_Group]:
    """Gather what code scanning takes for one alert: one rule at one line."""
    groups: defaultdict[tuple[str, str, int, Waiver | Approval | None], list[Alert]] = defaultdict(list)
    for alert in found:
        groups[_rule_id(alert.finding), alert.path, alert.line, _suppressing(alert.finding)].append(alert)
    return list(groups.values())


def _log(report: Report, category: str, groups: Sequence[_Group], left_out: int) -> str:
    rules: dict[str, Finding] = {}
    for group in groups:
        rules.setdefault(_rule_id(group[0].finding), group[0].finding)
    indexes = {name: index for index, name in enumerate(rules)}
    driver: dict[str, Written] = {
        "name": encode("guardrail"),
        "semanticVersion": encode(safe(report.tool_version, _NAME_LIMIT)),
        "informationUri": encode(_HOME),
        "rules": listed(encode(_rule(name, finding)) for name, finding in rules.items()),
    }
    run: dict[str, Written] = {
        "tool": joined({"driver": joined(driver)}),
        # GitHub takes what is before the last slash for the category, hence none within it and one behind.
        "automationDetails": encode({"id": f"guardrail/{_category(report, category)}/"}),
        "columnKind": encode("unicodeCodePoints"),
        "invocations": encode([_invocation(report, left_out)]),
        "results": listed(encode(_result(group, indexes)) for group in groups),
    }
    runs = ["[", *joined(run), "]"]
    log: dict[str, Written] = {"$schema": encode(_SCHEMA), "version": encode("2.1.0"), "runs": runs}
    return finished(joined(log))


def _category(report: Report, category: str) -> str:
    name = category or (report.projects[0].name if len(report.projects) == 1 else "default")
    return safe(name, _NAME_LIMIT).replace("/", "-")


def _rule_id(finding: Finding) -> str:
    return safe(finding.rule, _NAME_LIMIT)


def _rule(name: str, finding: Finding) -> dict[str, Any]:
    title, fix = safe(finding.title, _TEXT_LIMIT) or name, safe(finding.fix, _TEXT_LIMIT)
    level = _default_level(finding)
    waive = "To accept it for a while, add a waiver to the waivers file that guardrail.yaml names"
    entry = f"{waive}: rule: {name}, the address, a reason, and the last day on which it holds."
    if finding.waiver_needs and finding.waiver_needs.refused:
        entry = "It takes no exceptions."
    page = {"helpUri": finding.docs} if is_web_page(finding.docs) else {}
    how = f"How to fix: {fix}" if fix else "How to fix: change the resource so that the rule holds."
    return {
        "id": name,
        "name": name,
        "shortDescription": {"text": title},
        "fullDescription": {"text": title},
        **page,
        "help": {
            "text": f"{how}\n\n{entry}",
            "markdown": f"**{prose(title)}**\n\n{prose(how, _TEXT_LIMIT)}\n\n{prose(entry)}",
        },
        "defaultConfiguration": {"level": _LEVELS[level]},
        "properties": {
            "tags": ["cost", "terraform", finding.severity.value],
            "problem.severity": _PROBLEMS[level],
        },
    }


def _default_level(finding: Finding) -> Level:
    if finding.enforcement is not Enforcement.ADVISORY:
        return Level.ERROR
    return Level.NOTE if finding.severity is Severity.INFO else Level.WARNING


def _invocation(report: Report, left_out: int) -> dict[str, Any]:
    """Return how the run went, and how much of it is not in the log."""
    judged = not any(finding.status is FindingStatus.ERROR for finding in report.all_findings)
    invocation: dict[str, Any] = {"executionSuccessful": judged}
    missing = [one for project in report.projects for one in project.not_evaluated]
    sentences = [f"not evaluated: {safe(one.text, _TEXT_LIMIT)}" for one in missing[:_LISTED]]
    sentences += [f"not evaluated: {len(missing) - _LISTED:,} more"] if missing[_LISTED:] else []
    if report.totals.lower_bound:
        sentences.append(bottom_line(report.totals, report.currency, judged=report.judged or report.compares))
    if left_out:
        sentences.append(
            f"{count(left_out, 'result')} left out, the least severe and cheapest: the log would be over a limit."
        )
    if sentences:
        invocation["toolExecutionNotifications"] = [
            {"level": "warning", "message": {"text": text}} for text in sentences
        ]
    return invocation


def _result(group: _Group, indexes: dict[str, int]) -> dict[str, Any]:
    first = group[0]
    name = _rule_id(first.finding)
    addresses = dict.fromkeys(safe(alert.finding.address, 160) for alert in group if alert.finding.address)
    names = sorted(f"{alert.finding.project}|{alert.finding.subject}" for alert in group)
    where: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(first.path, safe="/")},
            "region": {"startLine": first.line, **({"endLine": first.end} if first.end else {})},
        }
    }
    if addresses:
        where["logicalLocations"] = [
            {"fullyQualifiedName": address, "kind": "resource"} for address in list(addresses)[:_LISTED]
        ]
    fixes = [_fix(edit) for edit in dict.fromkeys(alert.edit for alert in group if alert.edit)]
    return {
        "ruleId": name,
        "ruleIndex": indexes[name],
        "level": _LEVELS[max(alert.level for alert in group)],
        "message": {"text": _message(group)},
        "locations": [where],
        "partialFingerprints": {"guardrail/v1": fingerprint(first.finding.rule, *names)},
        **({"fixes": fixes[:_LISTED]} if fixes else {}),
        **({"suppressions": [_suppression(excuse, first.finding)]} if (excuse := _suppressing(first.finding)) else {}),
    }


def _suppressing(finding: Finding) -> Waiver | Approval | None:
    """Return what excuses a finding. One that was there before the change is a note, waived or not."""
    if finding.status is FindingStatus.APPROVED:
        return finding.approval.given if finding.approval else None
    return finding.waiver if finding.status is FindingStatus.WAIVED else None


def _suppression(excuse: Waiver | Approval, finding: Finding) -> dict[str, Any]:
    kind = "inSource" if isinstance(excuse, Waiver) and excuse.in_comment else "external"
    return {"kind": kind, "status": "accepted", "justification": safe(standing(finding), _TEXT_LIMIT)}


def _fix(edit: Edit) -> dict[str, Any]:
    """Return an edit as a fix: whole lines go, and whole lines come."""
    files: dict[str, list[Replacement]] = {}
    for one in edit.replacements:
        files.setdefault(one.file, []).append(one)
    changes = [
        {"artifactLocation": {"uri": quote(file, safe="/")}, "replacements": [_replacement(one) for one in lines]}
        for file, lines in files.items()
    ]
    return {"description": {"text": safe(edit.description, _TEXT_LIMIT)}, "artifactChanges": changes}


def _replacement(one: Replacement) -> dict[str, Any]:
    if one.last_line < one.first_line:
        place = {"startLine": one.first_line, "startColumn": 1, "endLine": one.first_line, "endColumn": 1}
        return {"deletedRegion": place, "insertedContent": {"text": f"{one.text}\n"}}
    end = len(one.was.rpartition("\n")[2]) + 1
    place = {"startLine": one.first_line, "startColumn": 1, "endLine": one.last_line, "endColumn": end}
    return {"deletedRegion": place, "insertedContent": {"text": one.text}}


def _message(group: _Group) -> str:
    """Return what is wrong, each message once, followed by the addresses that it is about."""
    subjects_by_message: dict[str, list[str]] = {}
    for alert in group:
        subjects_by_message.setdefault(alert.message, []).append(alert.subject)
    lines = [
        _line(message, list(filter(None, subjects)))
        for message, subjects in list(subjects_by_message.items())[:_LISTED]
    ]
    more = [f"{len(subjects_by_message) - _LISTED:,} more messages"] if len(subjects_by_message) > _LISTED else []
    return "\n".join([*lines, *more, *([] if group[0].exact else [APPROXIMATE])]) or _rule_id(group[0].finding)


def _line(message: str, subjects: Sequence[str]) -> str:
    more = [f"{len(subjects) - _LISTED:,} more"] if len(subjects) > _LISTED else []
    about = ", ".join([*subjects[:_LISTED], *more])
    return f"{message} ({about})" if about else message
