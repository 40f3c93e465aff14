"""Findings: what a rule's answer becomes for the people who read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from guardrail.cel import Path
from guardrail.model.approval import Approvable
from guardrail.model.finding import Enforcement, Finding, FindingStatus, OnUnknown
from guardrail.model.money import plain
from guardrail.model.remedy import Remedy
from guardrail.model.resource import SourceLine
from guardrail.model.runs.missing_fact import named
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.rules.compiled import Answer, CompiledRule
from guardrail.policy.variables.context import PLAN_LISTS, RELATIONS
from guardrail.policy.variables.cost_groups import BY_TAG, COST

_NOT_EVIDENCE = frozenset(
    {
        *(("plan", name) for name in PLAN_LISTS if name != "workspace"),
        *(("resource", name) for name in ("address", "costs", "price.of")),
        ("resource", "cost", "lines"),
        *(("currency",), ("now",), ("today",)),
    }
)
_RELATIONS = {(relation,) for relation in RELATIONS}


class Subject(Struct, frozen=True):
    """What a finding is about: a resource's address, "" for a plan or a budget; what that costs a month, and what tells its plan from others."""

    address: str = ""
    project: str = ""
    source: SourceLine | None = None
    amount: Decimal | None = None
    planned: Callable[[], str] = str


def finding(
    rule: CompiledRule,
    answer: Answer,
    *,
    texts: tuple[str, ...] = (),
    evidence: Mapping[str, Json],
    blocking: bool = True,
    pre_existing: bool = False,
) -> Finding | None:
    """Return the finding for an answer that is no pass, of anything that it holds for; None where the rule lets unknown answers pass.

    `evidence` are values fit to be shown, as `evidence_of` returns them. An advisory rule blocks nothing, nor does anything with `blocking` off.
    `about` says what it is about.
    """
    declared = rule.rule
    status, message = _status(answer, texts, pre_existing=pre_existing)
    unknown = answer.unknown if status is FindingStatus.UNKNOWN else None
    if rule.source.blocks_from and status is FindingStatus.FAIL:
        message = f"{message} (blocks from {rule.source.blocks_from})"
    if status is FindingStatus.UNKNOWN:
        if declared.on_unknown is OnUnknown.PASS:
            return None
        blocking = declared.on_unknown is OnUnknown.DENY
    return Finding(
        rule=declared.id,
        title=declared.title,
        severity=declared.severity,
        enforcement=declared.enforcement,
        status=status,
        message=message,
        blocking=blocking and declared.enforcement is not Enforcement.ADVISORY,
        fix=unknown.remedy if unknown else declared.fix,
        docs=declared.docs,
        machine_type=unknown.machine_type if unknown else "",
        evidence=evidence,
    )


def about(
    subject: Subject, found: Finding, answer: Answer, *, saving: Decimal | None = None, remedy: Remedy | None = None
) -> Finding:
    """Return a finding for an answer with what it is about, and what mending it there saves and takes."""
    unknown = answer.unknown if found.status is FindingStatus.UNKNOWN else None
    made = replace(
        found,
        address=subject.address,
        project=subject.project,
        amount=subject.amount,
        waits_for=named(unknown, subject.address or _of_budget(found.evidence)) if unknown else "",
        approval=Approvable(subject.planned()) if found.enforcement is Enforcement.APPROVAL else None,
        saving=saving,
        remedy=remedy,
    )
    return made.at(subject.source)


def _of_budget(evidence: Mapping[str, Json]) -> str:
    """Return which budget an answer is about, "" for none."""
    name = evidence.get("budget.name")
    return f"budget {name}" if isinstance(name, str) else ""


def is_evidence(path: Path) -> bool:
    """Say whether findings show a variable: not what they say anyway, nor what fills pages."""
    is_whole = path[:2] == COST and len(path) < (5 if path[2] == BY_TAG else 4)
    return path not in _NOT_EVIDENCE and path[1:2] not in _RELATIONS and not is_whole


def _status(answer: Answer, texts: tuple[str, ...], *, pre_existing: bool) -> tuple[FindingStatus, str]:
    if answer.error:
        return FindingStatus.ERROR, f"the rule could not be evaluated: {answer.error}"
    if answer.unknown:
        return FindingStatus.UNKNOWN, f"could not be judged: {answer.unknown.text}"
    return FindingStatus.PRE_EXISTING if pre_existing else FindingStatus.FAIL, "; ".join(texts)


def evidence_of(values: Mapping[Path, Json]) -> dict[str, Json]:
    """Return what findings show of the values of variables."""
    return {".".join(path): as_evidence(value) for path, value in values.items() if is_evidence(path)}


_PLAIN = frozenset({str, bool, int, float, type(None)})


def as_evidence(value: Json) -> Json:
    """Return a value as findings show it."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Unknown):
        return f"({value.reason})"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Mapping):
        return {key: part if type(part) in _PLAIN else as_evidence(part) for key, part in value.items()}
    return [as_evidence(part) for part in value] if isinstance(value, list | tuple) else value
