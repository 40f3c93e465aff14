"""Recommendations as JSON for programs."""

from __future__ import annotations

import json
from typing import Any

from guardrail.finops.commitments.text import document_of
from guardrail.model.money import plain
from guardrail.model.remedy import Edit
from guardrail.recommend.output.shape import SCHEMA
from guardrail.recommend.proposal import Evidence
from guardrail.recommend.recommendation import Recommendation, Recommendations


def as_json(found: Recommendations) -> str:
    """Return all of it: money as decimal strings, null where it is not known."""
    document = {
        "schema": SCHEMA,
        "currency": found.currency,
        "kinds": found.kinds,
        "totals": {
            "monthly_cost": plain(found.monthly),
            "lower_bound": found.is_lower_bound,
            "saving": plain(found.saving),
            "frees": plain(found.frees),
            "open": len(found.open),
            "blocking": len(found.blocking),
            "resources": found.judged,
        },
        "recommendations": [_one(one, is_blocking=one in found.blocking) for one in found.all],
        "not_judged": [{"kind": one.kind, "reason": one.reason, "addresses": one.addresses} for one in found.unjudged],
        "notes": found.notes,
        "commitments": [document_of(one) for one in found.advices],
    }
    return json.dumps(document, indent=2) + "\n"


def _one(one: Recommendation, *, is_blocking: bool) -> dict[str, Any]:
    proposal, dismissal = one.proposal, one.dismissal
    return {
        "kind": proposal.kind,
        "id": proposal.id,
        "project": one.project,
        "address": proposal.address,
        "title": proposal.title,
        "status": one.status,
        "blocking": is_blocking,
        "saving": plain(one.saving),
        "unknown": one.unknown or None,
        "counted": one.is_counted,
        "frees": plain(one.frees),
        "monthly_before": plain(one.monthly_before),
        "monthly_after": plain(one.monthly_after),
        "confidence": proposal.confidence,
        "effort": proposal.effort,
        "set": [{"path": ".".join(step.path), "value": step.value} for step in proposal.steps],
        "add": [{"type": new.type, "name": new.name} for new in proposal.adds],
        "delete": proposal.deletes,
        "moved": one.moved,
        "evidence": [_evidence(each) for each in (*proposal.evidence, *one.prices)],
        "notes": proposal.notes,
        "alternatives": proposal.alternatives,
        "code": proposal.code or None,
        "reason": one.reason or None,
        "dismissal": None
        if dismissal is None
        else {"reason": dismissal.reason, "expires": str(dismissal.expires), "owner": dismissal.owner}
        | {"where": dismissal.where},
        "edit": _edit(one.edit),
        "no_edit": one.no_edit or None,
        "proved": one.is_proved,
        "file": one.source.file if one.source else None,
        "line": one.source.line if one.source else None,
    }


def _evidence(one: Evidence) -> dict[str, str]:
    return {"name": one.name, "value": one.value, "source": one.source, "as_of": one.as_of}


def _edit(edit: Edit | None) -> dict[str, Any] | None:
    if edit is None:
        return None
    return {
        "description": edit.description,
        "replacements": [
            {
                "file": one.file,
                "first_line": one.first_line,
                "last_line": one.last_line,
                "was": one.was,
                "text": one.text,
            }
            for one in edit.replacements
        ],
    }
