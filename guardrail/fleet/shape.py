"""The JSON of `guardrail fleet collect`: guardrail.fleet/v1. Amounts are exact decimals as texts; null is what is not known."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from guardrail.files.document import Document
from guardrail.fleet.collect import Fleet, Row, RuleCount
from guardrail.fleet.compare import Compared, Comparison
from guardrail.fleet.outcome import NOT_EVALUATED, VerdictName
from guardrail.model.finding import Finding
from guardrail.model.money import plain
from guardrail.model.totals import Totals
from guardrail.replay.outcome import Change, Kind, Standing

FORMAT: Literal["guardrail.fleet/v1"] = "guardrail.fleet/v1"


class AmountsDocument(Document):
    """Sums of a month, and what is missing from them."""

    monthly_before: str
    monthly_cost: str
    monthly_delta: str
    lower_bound: bool
    """whether anything is missing from the sums"""
    unpriced: int
    """resources with something that has no price"""
    usage_based: int
    """resources that depend on usage which is not given"""
    not_evaluated: int
    """blocks and the like that could not be evaluated"""


class CountsDocument(Document):
    """How many workspaces there are."""

    workspaces: int
    """all that are named, missing ones included"""
    passed: int = Field(alias="pass")
    warn: int
    fail: int
    not_evaluated: int
    missing: int
    resources: int


class RuleDocument(Document):
    """What a rule says over the whole fleet."""

    rule: str
    severity: str
    workspaces: int
    """in which it says anything"""
    standings: dict[str, int]
    """findings by what they come to: fails, error, unknown, warns, pre-existing, approved, waived"""
    saving: str | None
    """what a month would cost less if all were mended, as far as the rule tells"""
    example_workspace: str
    example_subject: str
    example_message: str


class BudgetDocument(Document):
    """What a budget's resources come to over the whole fleet."""

    name: str
    monthly: str | None
    """the limit"""
    known: str
    """what is known of the cost"""
    delta: str
    unpriced: int
    """resources, and whole workspaces, of which the cost is not known"""
    not_evaluated: int


class FindingDocument(Document):
    """A finding about a budget, or about a waiver."""

    rule: str
    subject: str
    standing: str
    message: str
    fix: str
    blocking: bool


class WorkspaceDocument(Document):
    """A workspace."""

    name: str
    place: str
    env: str
    verdict: VerdictName
    why: str | None
    """what could not be evaluated"""
    resources: int
    blocking: int
    """findings that block"""
    monthly_before: str | None
    """null for a workspace that could not be read"""
    monthly_cost: str | None
    monthly_delta: str | None
    unpriced: int | None
    lower_bound: bool | None
    """whether anything is missing from these amounts"""


class MissingDocument(Document):
    """A workspace without a result that counts."""

    name: str
    shard: int
    """the number of the part that it is of"""
    why: str


class ChangeDocument(Document):
    """One thing that stands otherwise than in the former run."""

    project: str
    rule: str
    subject: str
    kind: str
    before: str
    after: str
    message: str


class ComparedDocument(Document):
    """A workspace that stands otherwise than in the former run."""

    name: str
    verdict_before: VerdictName
    verdict: VerdictName
    newly_blocked: bool
    changes: tuple[ChangeDocument, ...]


class RuleChangeDocument(Document):
    """How many findings of a rule have changed in one way."""

    rule: str
    kind: str
    findings: int
    workspaces: int


class ComparisonDocument(Document):
    """What stands otherwise than in the run of `--against`."""

    compared: int
    newly_blocked: int
    no_longer_blocked: int
    edited: int
    """workspaces with other contents than in the former run"""
    prices_differ: bool
    not_compared: tuple[str, ...]
    """workspaces that one of both runs has not evaluated"""
    perhaps_blocked: tuple[str, ...]
    """those of them that fail now: whether they did before is not known"""
    rules: tuple[RuleChangeDocument, ...]
    workspaces: tuple[ComparedDocument, ...]


class FleetDocument(Document):
    """What `guardrail fleet collect --format json` prints."""

    format: Literal["guardrail.fleet/v1"] = Field(default=FORMAT, alias="schema")
    verdict: VerdictName
    """of all workspaces and budgets together; with `--against`, whether anything newly fails"""
    currency: str
    judged_from: str | None
    """the first time that a workspace was judged as of"""
    judged_to: str | None
    counts: CountsDocument
    totals: AmountsDocument
    rules: tuple[RuleDocument, ...]
    budgets: tuple[BudgetDocument, ...]
    findings: tuple[FindingDocument, ...]
    workspaces: tuple[WorkspaceDocument, ...]
    missing: tuple[MissingDocument, ...]
    missing_shards: tuple[str, ...]
    notes: tuple[str, ...]
    comparison: ComparisonDocument | None


def document(found: Fleet) -> FleetDocument:
    """Return a fleet as JSON describes it."""
    return FleetDocument(
        verdict=found.verdict,
        currency=found.currency,
        judged_from=found.judged_at[0] or None,
        judged_to=found.judged_at[1] or None,
        counts=_counts(found),
        totals=_amounts(found.totals),
        rules=tuple(map(_rule, found.rules)),
        budgets=tuple(
            BudgetDocument(
                name=one.name,
                monthly=plain(one.monthly),
                known=_text(one.sums.known),
                delta=_text(one.sums.delta),
                unpriced=one.sums.unpriced,
                not_evaluated=one.sums.not_evaluated,
            )
            for one in found.budgets
        ),
        findings=tuple(map(_finding, found.findings)),
        workspaces=tuple(map(_row, found.rows)),
        missing=tuple(MissingDocument(name=one.name, shard=one.shard, why=one.why) for one in found.missing),
        missing_shards=found.missing_shards,
        notes=found.notes,
        comparison=_comparison(found.comparison) if found.comparison else None,
    )


def as_json(found: Fleet) -> str:
    """Return all of it for programs."""
    return document(found).model_dump_json(by_alias=True, indent=2) + "\n"


def _counts(found: Fleet) -> CountsDocument:
    verdicts = found.verdicts
    return CountsDocument.model_validate(
        {
            "workspaces": len(found.rows) + len(found.missing),
            **{name: verdicts[name] for name in ("pass", "warn", "fail")},
            "not_evaluated": verdicts[NOT_EVALUATED],
            "missing": len(found.missing),
            "resources": sum(row.resources for row in found.rows),
        }
    )


def _amounts(totals: Totals) -> AmountsDocument:
    return AmountsDocument(
        monthly_before=_text(totals.monthly_before),
        monthly_cost=_text(totals.monthly_cost),
        monthly_delta=_text(totals.monthly_delta),
        lower_bound=totals.lower_bound,
        unpriced=totals.unpriced,
        usage_based=totals.usage_based,
        not_evaluated=totals.not_evaluated,
    )


def _rule(one: RuleCount) -> RuleDocument:
    workspace, subject, message = one.example
    return RuleDocument(
        rule=one.rule,
        severity=one.severity,
        workspaces=one.workspaces,
        standings={standing.value: one.standings[standing] for standing in Standing if one.standings[standing]},
        saving=plain(one.saving) if one.saving else None,
        example_workspace=workspace,
        example_subject=subject,
        example_message=message,
    )


def _finding(one: Finding) -> FindingDocument:
    return FindingDocument(
        rule=one.rule,
        subject=one.subject,
        standing=one.status.value,
        message=one.message,
        fix=one.fix,
        blocking=one.blocking,
    )


def _row(row: Row) -> WorkspaceDocument:
    totals = row.totals
    return WorkspaceDocument.model_validate(
        {
            **{name: getattr(row, name) for name in ("name", "place", "env", "verdict", "resources", "blocking")},
            "why": row.why or None,
            "monthly_before": plain(totals.monthly_before) if totals else None,
            "monthly_cost": plain(totals.monthly_cost) if totals else None,
            "monthly_delta": plain(totals.monthly_delta) if totals else None,
            "unpriced": totals.unpriced if totals else None,
            "lower_bound": totals.lower_bound if totals else None,
        }
    )


def _comparison(found: Comparison) -> ComparisonDocument:
    return ComparisonDocument(
        compared=found.compared,
        newly_blocked=len(found.newly_blocked),
        no_longer_blocked=len(found.freed),
        edited=found.edited,
        prices_differ=found.prices_differ,
        not_compared=found.not_compared,
        perhaps_blocked=found.perhaps_blocked,
        rules=tuple(
            RuleChangeDocument(rule=rule, kind=kind.value, findings=findings, workspaces=workspaces)
            for kind in Kind
            for rule, findings, workspaces in found.by_rule(kind)
        ),
        workspaces=tuple(map(_compared, found.workspaces)),
    )


def _compared(one: Compared) -> ComparedDocument:
    return ComparedDocument.model_validate(
        {
            "name": one.name,
            "verdict_before": one.before,
            "verdict": one.after,
            "newly_blocked": one.is_newly_blocked,
            "changes": tuple(map(_change, one.changes)),
        }
    )


def _change(one: Change) -> ChangeDocument:
    return ChangeDocument(
        project=one.project,
        rule=one.rule,
        subject=one.subject,
        kind=one.kind.value if one.kind else "",
        before=one.before.value,
        after=one.after.value,
        message=one.message,
    )


def _text(amount: Decimal) -> str:
    return plain(amount) or "0"
