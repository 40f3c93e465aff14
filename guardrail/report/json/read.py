"""Reads `guardrail.report/v1` back: results of earlier checks, which may come from people that nobody trusts.

What can be computed is computed again: totals, the verdict, sums. What the contract does not carry stays empty.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from guardrail.decode import json_decoder
from guardrail.errors import InputError
from guardrail.model.cost import UNCHANGED, Cost, Line, PriceSource, ResourceCost, ResourceStatus
from guardrail.model.difference import MOST, Difference, single
from guardrail.model.finding import Finding, Waiver, WaiverNeeds
from guardrail.model.money import decimal
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.remedy import Edit, Replacement
from guardrail.model.report import (
    CatalogInfo,
    ProjectReport,
    PullRequest,
    Report,
    Revision,
)
from guardrail.model.resource import Action, Change, Ids, Side, SourceLine, Tags
from guardrail.model.runs.input import Input
from guardrail.model.unknown import Unknown
from guardrail.report.json import document
from guardrail.report.json import finding as written
from guardrail.report.json.approval import approvable_of
from guardrail.report.json.basis import hashes_of, use_of
from guardrail.report.json.document import SCHEMA

if TYPE_CHECKING:
    from guardrail.model.billed.costs import LedgerView

MAX_BYTES = 500_000_000
"""What a result of our own may hold: some 100,000 resources."""
MAX_ARTIFACT_BYTES = 5_000_000
"""What is read of an artifact that an untrusted run has left."""

_MAX_CALLS = 40  # as deep as modules are read

# Actions that leave one side of a resource out.
_NEW, _GONE = Action.CREATE, Action.DELETE
_FIX = "give it what `guardrail check --format json` or `--out json=FILE` writes"


_decode = json_decoder(document.Result)


def is_result(path: Path) -> bool:
    """Say whether a file is a result, by how it begins."""
    try:
        with path.open("rb") as file:
            return SCHEMA.encode() in file.read(200)
    except OSError:
        return False


def read_result(path: Path, *, max_bytes: int = MAX_BYTES) -> Report:
    """Read a result file. Raises InputError for what is none, or holds more than `max_bytes`."""
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise InputError(f"{size:,} bytes are more than the {max_bytes:,} that are read", where=str(path))
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), fix=_FIX) from None
    return parse_result(data, where=str(path))


def parse_result(data: bytes, *, where: str = "") -> Report:
    """Return the report that a result spells. Raises InputError."""
    try:
        return _report(_decode(data))
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:300]
        raise InputError(f"not a result of {SCHEMA}: {problem}", where=where, fix=_FIX) from None


def _report(data: document.Result) -> Report:
    return Report(
        projects=tuple(map(_project, data.projects)),
        currency=data.currency,
        generated_at=data.generated_at,
        tool_version=data.tool_version,
        catalog=tuple(CatalogInfo(i.vendor, i.as_of, i.oldest, i.source, i.sha256) for i in data.catalog),
        findings=tuple(map(_finding, data.findings)),
        warnings=tuple(data.warnings),
        judged=data.judged,
        compares=data.compares,
        rules=tuple(data.rules),
        pull_request=_pull_request(data.pull_request) if data.pull_request else None,
        inputs=tuple(Input(one.path, one.kind, one.origin, one.sha256) for one in data.inputs),
        team_tag=data.team_tag,
        revision=Revision(data.commit or "", data.ref or "", data.event),
        usage_profile=data.usage_profile,
        ledger=_ledger(data) if data.ledger else None,
        hashes=hashes_of(data.hashes) if data.hashes else None,
        rule_use=use_of(data.rule_use),
        repository=data.repository,
    )


def _ledger(data: document.Result) -> LedgerView | None:
    from guardrail.report.json.ledger import ledger_of  # noqa: PLC0415 - few have a snapshot of a ledger

    return ledger_of(data)


def _pull_request(data: document.PullRequest) -> PullRequest:
    labels = None if data.labels is None else tuple(data.labels)
    return PullRequest(data.number, data.commit, data.author or "", data.merged_at, data.title, labels)


def _project(data: document.Project) -> ProjectReport:
    resources = tuple(map(_resource, data.resources))
    findings, warnings = tuple(map(_finding, data.findings)), data.warnings
    if data.not_evaluated is None:  # results of 0.1 say it in a warning
        missing = [_not_evaluated_of(text.removeprefix(_MISSING)) for text in warnings if text.startswith(_MISSING)]
        warnings = [text for text in warnings if not text.startswith(_MISSING)]
    else:
        missing = list(map(_not_evaluated, data.not_evaluated))
    return ProjectReport(data.name, data.path, resources, findings, tuple(warnings), tuple(missing))


_MISSING = "not evaluated: "


def _not_evaluated_of(text: str) -> NotEvaluated:
    address, separator, note = text.partition(": ")
    return NotEvaluated(address, note) if separator else NotEvaluated("", text)


def _not_evaluated(data: document.NotEvaluated) -> NotEvaluated:
    source = SourceLine(data.file, data.line) if data.file is not None and data.line is not None else None
    return NotEvaluated(
        data.address,
        data.note,
        data.reason,
        data.remedy,
        data.type,
        data.module,
        data.before,
        data.after,
        data.later,
        source,
    )


def _resource(data: document.Resource) -> ResourceCost:
    after: Cost | None = _cost(data.components, _known(data.monthly_cost))
    before: Cost | None = _cost(data.components_before, _known(data.monthly_before))
    if data.action is _NEW and not data.components_before and data.monthly_before == "0":
        before = None
    if data.action is _GONE and not data.components and data.monthly_cost == "0":
        after = None
    if after is not None:
        after = replace(after, status=data.status, note=data.note, reason=data.reason, remedy=data.remedy)
    elif before is not None:
        before = replace(before, status=data.status, note=data.note, reason=data.reason, remedy=data.remedy)
    alike = data.action in UNCHANGED and after and before and before.lines == after.lines
    is_compared = not (alike and (data.delta_unpriced or data.monthly_delta is None))
    if alike and is_compared:
        before = after
    differences = tuple(map(_difference, data.differences[:MOST]))
    omitted = data.differences_omitted + max(len(data.differences) - MOST, 0)
    return ResourceCost(_change(data), before, after, is_compared, differences, omitted, data.planned)


def _difference(data: document.Difference) -> Difference:
    before, after = (
        single(value) if reason is None else Unknown(str(single(data.path)), str(single(reason)))
        for value, reason in ((data.before, data.before_unknown), (data.after, data.after_unknown))
    )
    return Difference(str(single(data.path)), before, after, _known(data.effect), str(single(data.of)))


def _change(data: document.Resource) -> Change:
    tags = _tags(data.tags, unknown=data.tags_unknown)
    gone, new = data.action is _GONE, data.action is _NEW
    before = tags if gone or data.tags_before is None else _tags(data.tags_before, unknown=False)
    return Change(
        data.address,
        data.type,
        name="",
        action=data.action,
        before=None if new else Side({}),
        after=None if gone else Side({}),
        module=data.module,
        provider=data.provider,
        region=data.region,
        before_region=data.region,
        tags=Tags() if gone else tags,
        before_tags=before,
        previous_address=data.previous_address,
        importing=data.action is Action.IMPORT,
        source=_source(data),
        ids=Ids(data.id, data.arn),
    )


def _source(data: document.Resource) -> SourceLine | None:
    if data.file is None or data.line is None:
        return None
    return SourceLine(data.file, data.line, _calls(data.calls), data.end_line)


def _calls(places: list[written.Place]) -> tuple[SourceLine, ...]:
    return tuple(SourceLine(call.file, call.line, end_line=call.end_line) for call in places[:_MAX_CALLS])


def _tags(values: document.TagsOrUnknown, *, unknown: bool) -> Tags:
    found = {key: Unknown(f"tags.{key}") if value is None else value for key, value in values.items()}
    return Tags(found, unknown=Unknown("tags") if unknown else None)


def _cost(components: list[document.Component], monthly: Decimal | None) -> Cost:
    """Return one side's cost. Of the side that is not billed any more the status is told by its lines."""
    lines = tuple(map(_line, components))
    if any(line.usage_profile for line in lines):
        given = Cost(tuple(line.without_assumed_usage for line in lines), ResourceStatus.PARTIAL)
        return Cost(lines, ResourceStatus.PARTIAL, given=given)
    amounts = [line for line in lines if line.monthly_cost is not None]
    if monthly is None and (amounts or not lines):
        return Cost(lines, ResourceStatus.UNSUPPORTED)
    if not lines:
        return Cost(lines, ResourceStatus.FREE)
    return Cost(lines, ResourceStatus.PRICED if len(amounts) == len(lines) else ResourceStatus.PARTIAL)


def _line(data: document.Component) -> Line:
    return Line(
        data.name,
        data.unit,
        data.status,
        data.group,
        _known(data.monthly_quantity),
        _known(data.unit_price),
        _known(data.monthly_cost),
        _price(data.price) if data.price else None,
        data.note,
        data.reason,
        data.remedy,
        data.at_least,
        data.usage_key,
        data.meter,
        usage_profile=data.usage_profile,
        assumed_usage=decimal(data.assumed_usage),
    )


def _price(data: document.Price) -> PriceSource:
    listed = _known(data.list_price)
    return PriceSource(data.sku, data.source, data.as_of, data.service, data.region, data.purchase_option, listed)


def _finding(data: written.Finding) -> Finding:
    return Finding(
        rule=data.rule,
        title=data.title,
        severity=data.severity,
        enforcement=data.enforcement,
        status=data.status,
        message=data.message,
        blocking=data.blocking,
        address=data.address,
        fix=data.fix,
        docs=data.docs,
        file=data.file,
        line=data.line,
        project=data.project,
        evidence=data.evidence,
        waiver=_waiver(data.waiver) if data.waiver else None,
        edit=_edit(data.edit) if data.edit else None,
        amount=_known(data.amount),
        saving=_known(data.saving),
        machine_type=data.machine_type,
        waits_for=data.waits_for or (f"facts of {data.machine_type} are not known" if data.machine_type else ""),
        approval=approvable_of(data.approval) if data.approval else None,
        end_line=data.end_line,
        calls=_calls(data.calls),
        waiver_needs=_needs(data.waiver_needs) if data.waiver_needs else None,
    )


def _needs(data: written.WaiverNeeds) -> WaiverNeeds:
    return WaiverNeeds(data.refused, tuple(data.by), data.owner, data.max_days)


def _waiver(data: written.Waiver) -> Waiver:
    up_to, stated = _known(data.up_to), (data.rule, data.address, data.reason, data.expires, data.owner, data.where)
    return Waiver(*stated, up_to=up_to, in_comment=data.in_comment)


def _edit(data: written.Edit) -> Edit:
    lines = (Replacement(one.file, one.first_line, one.last_line, one.was, one.text) for one in data.replacements)
    return Edit(data.description, tuple(lines))


def _known(amount: str | None) -> Decimal | None:
    return None if amount is None else decimal(amount)
