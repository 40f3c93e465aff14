"""Recommendations for what a change creates or changes, as findings of a check."""

from __future__ import annotations

from guardrail.config import Settings
from guardrail.load import plans
from guardrail.model.finding import RECOMMENDATION, Enforcement, Finding, FindingStatus, Severity
from guardrail.model.money import money, plain
from guardrail.recommend.recommend import recommend
from guardrail.recommend.recommendation import Recommendation
from guardrail.recommend.verifying import Read


def recommended(settings: Settings) -> tuple[Read, list[Finding]]:
    """Read the plans, and return them with what is recommended for the resources that they create or change. Raises GuardrailError.

    What is not in the sum, since it needs another image for example, is no finding. Nor is anything of a plan that cannot be read.
    """
    read = plans(settings)
    readable = [(source, plan) for source, plan in read if not plan.fault]
    found = recommend(settings, read=readable, changed_only=True)
    blocking = {id(one) for one in found.blocking}
    return read, [_finding(one, settings.currency, blocks=id(one) in blocking) for one in found.open if one.is_counted]


def _finding(one: Recommendation, currency: str, *, blocks: bool) -> Finding:
    proposal = one.proposal
    saving = money(one.saving, currency)
    return Finding(
        rule=RECOMMENDATION,
        title="What saves money is done or dismissed",
        severity=Severity.MEDIUM if blocks else Severity.LOW,
        enforcement=Enforcement.MANDATORY if blocks else Enforcement.ADVISORY,
        status=FindingStatus.FAIL,
        message=f"{proposal.title} saves {saving} a month (confidence {proposal.confidence}, effort {proposal.effort})",
        blocking=blocks,
        address=proposal.address,
        fix="follow it, or dismiss it with a reason: `guardrail recommend` shows what it stands on",
        project=one.project,
        evidence={
            "kind": proposal.kind,
            "id": proposal.id,
            "saving": plain(one.saving),
            **{fact.name: fact.value for fact in proposal.evidence},
        },
        edit=one.edit if one.edit and one.edit.replacements else None,
    ).at(one.source)
