"""Findings as rows of the JSON of a report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import asdict

from guardrail.model.finding import Finding, Waiver
from guardrail.model.money import plain
from guardrail.model.remedy import Edit
from guardrail.model.resource import SourceLine
from guardrail.model.unknown import Json, Unknown
from guardrail.report.json.approval import approval_document
from guardrail.report.json.text import encode

_MAX_DEPTH = 20
_PLAIN = frozenset({str, bool, type(None)})
_NESTED = (dict, list, tuple, Mapping)  # in this order: to ask an abstract class takes its time
_MAX_INT = 10**4000  # Python refuses to spell longer ones


def finding_rows(findings: Sequence[Finding]) -> Iterator[str]:
    """Write each finding. Those of a rule that shows the same of several resources share their evidence."""
    shown: dict[int, Json] = {}
    for finding in findings:
        evidence = shown.get(id(finding.evidence))
        if evidence is None:
            evidence = shown[id(finding.evidence)] = {key: _value(one) for key, one in finding.evidence.items()}
        yield encode(_finding(finding, evidence))


def _finding(finding: Finding, evidence: Json) -> dict[str, Any]:
    row = {
        "rule": finding.rule,
        "title": finding.title,
        "severity": finding.severity,
        "enforcement": finding.enforcement,
        "status": finding.status,
        "blocking": finding.blocking,
        "project": finding.project,
        "address": finding.address,
        "message": finding.message,
        "fix": finding.fix,
        "docs": finding.docs,
        "file": finding.file,
        "line": finding.line,
        **block_place(finding.end_line, finding.calls),
        "evidence": evidence,
        "waiver": _waiver(finding.waiver) if finding.waiver else None,
    }
    if finding.edit:
        row["edit"] = _edit(finding.edit)
    if finding.amount is not None:
        row["amount"] = plain(finding.amount)
    if finding.saving is not None:
        row["saving"] = plain(finding.saving)
    if finding.machine_type:
        row["machine_type"] = finding.machine_type
    if finding.waits_for:
        row["waits_for"] = finding.waits_for
    if finding.approval:
        row["approval"] = approval_document(finding.approval)
    if finding.waiver_needs:
        row["waiver_needs"] = asdict(finding.waiver_needs)
    return row


def _edit(edit: Edit) -> dict[str, Any]:
    return {"description": edit.description, "replacements": [asdict(one) for one in edit.replacements]}


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "rule": waiver.rule,
        "address": waiver.address,
        "reason": waiver.reason,
        "expires": waiver.expires.isoformat(),
        "owner": waiver.owner,
        "where": waiver.where,
        "up_to": plain(waiver.up_to),
        **({"in_comment": True} if waiver.in_comment else {}),
    }


def block_place(end_line: int | None, calls: Sequence[SourceLine]) -> dict[str, Any]:
    """Return where a block ends, and the module blocks that lead to it, as far as there is something to say."""
    places = [{"file": call.file, "line": call.line, **block_place(call.end_line, ())} for call in calls]
    return {**({"end_line": end_line} if end_line else {}), **({"calls": places} if places else {})}


def _value(value: Json, depth: int = 0) -> Json:
    """Return evidence as JSON can hold it: null for what is not known, nothing nested without end."""
    if type(value) in _PLAIN:
        return value
    if not isinstance(value, _NESTED):
        return scalar(value)
    if depth == _MAX_DEPTH:
        return "…"
    if isinstance(value, (list, tuple)):
        return [part if type(part) in _PLAIN else _value(part, depth + 1) for part in value]
    return {str(key): part if type(part) in _PLAIN else _value(part, depth + 1) for key, part in value.items()}


def scalar(value: Json) -> Json:
    """Return a single value; text for a number that JSON, or its readers, have no room for."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, Unknown):
        return None
    if isinstance(value, int):
        return value if abs(value) < _MAX_INT else "a number of more than 4,000 digits"
    if isinstance(value, float) and math.isfinite(value):
        return value
    return plain(value) if isinstance(value, Decimal) and value.is_finite() else str(value)
