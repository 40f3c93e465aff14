"""The report as JSON for other programs: everything that a run knows, under the contract `guardrail.report/v1`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import asdict

from guardrail.model.cost import Cost, Line, PriceSource, ResourceCost
from guardrail.model.difference import Difference
from guardrail.model.money import plain
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.report import CatalogInfo, ProjectReport, PullRequest, Report
from guardrail.model.resource import NO_IDS, Tags
from guardrail.model.runs.input import Input
from guardrail.model.runs.missing_fact import MissingFact
from guardrail.model.totals import Totals
from guardrail.model.unknown import Unknown
from guardrail.report.json.basis import hashes_document, use_document
from guardrail.report.json.document import SCHEMA
from guardrail.report.json.finding_rows import block_place, finding_rows, scalar
from guardrail.report.json.text import encode, finished, joined, listed

if TYPE_CHECKING:
    from guardrail.model.billed.costs import LedgerView, RealCost


def json_v1(report: Report) -> str:
    """Return the report as ASCII, keys in the contract's order, each resource and each finding on its own line."""
    lacking = report.missing_facts
    return finished(
        joined(
            {
                "schema": encode(SCHEMA),
                "verdict": encode(report.verdict.value),
                "judged": encode(report.judged),
                **({"compares": encode(True)} if report.compares else {}),
                "currency": encode(report.currency),
                "generated_at": encode(report.generated_at.isoformat()),
                "tool_version": encode(report.tool_version),
                "commit": encode(report.revision.commit or None),
                "ref": encode(report.revision.ref or None),
                "event": encode(report.revision.event),
                **({"repository": encode(report.repository)} if report.repository else {}),
                "pull_request": encode(_pull_request(report.pull_request)),
                "rules": encode(report.rules),
                **({"rule_use": encode(use_document(report))} if report.rule_use else {}),
                **({"hashes": encode(hashes_document(report.hashes, report))} if report.hashes else {}),
                "catalog": encode([_catalog(info) for info in report.catalog]),
                "inputs": listed(encode(_input(one)) for one in report.inputs),
                **({"usage_profile": encode(report.usage_profile)} if report.usage_profile else {}),
                "team_tag": encode(report.team_tag),
                "counts": encode(asdict(report.counts)),
                "totals": encode(_totals(report.totals)),
                "projects": listed(_project(project, report) for project in report.projects),
                "findings": listed(finding_rows(report.findings)),
                **({"missing_facts": encode([_missing_fact(one) for one in lacking])} if lacking else {}),
                "warnings": encode(report.warnings),
                **({"ledger": encode(_ledger(report.ledger))} if report.ledger else {}),
            }
        )
    )


def _ledger(view: LedgerView) -> dict[str, Any]:
    from guardrail.report.json.ledger import ledger_document  # noqa: PLC0415 - few have a snapshot of a ledger

    return ledger_document(view)


def _billed(cost: RealCost) -> dict[str, Any]:
    return {"month": cost.month, "amount": plain(cost.amount), "open": cost.open}


def _missing_fact(fact: MissingFact) -> dict[str, Any]:
    return {
        "name": fact.name,
        "project": fact.findings[0].project,
        "blocking": fact.blocking,
        "rules": fact.rules,
        "subjects": fact.subjects,
        "findings": len(fact.findings),
    }


def _catalog(info: CatalogInfo) -> dict[str, Any]:
    return {
        "vendor": info.vendor,
        "as_of": info.as_of,
        "oldest": info.oldest,
        "source": info.source,
        "sha256": info.sha256,
    }


def _input(one: Input) -> dict[str, Any]:
    return {"path": one.path, "kind": one.kind, "origin": one.origin, "sha256": one.sha256}


def _pull_request(pull: PullRequest | None) -> dict[str, Any] | None:
    if pull is None:
        return None
    merged_at = pull.merged_at.isoformat() if pull.merged_at else None
    return {
        "number": pull.number,
        "commit": pull.commit,
        "author": pull.author or None,
        "merged_at": merged_at,
        **({} if pull.title is None else {"title": pull.title}),
        **({} if pull.labels is None else {"labels": pull.labels}),
    }


def _totals(totals: Totals) -> dict[str, Any]:
    return {
        "monthly_before": plain(totals.monthly_before),
        "monthly_cost": plain(totals.monthly_cost),
        "monthly_delta": plain(totals.monthly_delta),
        "unpriced": totals.unpriced,
        "usage_based": totals.usage_based,
        "not_evaluated": totals.not_evaluated,
        "assumed": totals.assumed,
        "lower_bound": totals.lower_bound,
        "monthly_before_bound": totals.before_bound,
        "monthly_cost_bound": totals.cost_bound,
        "monthly_delta_bound": totals.delta_bound,
        **(_assumed_usage_of(totals) if totals.on_assumed_usage else {}),
    }


def _assumed_usage_of(totals: Totals) -> dict[str, Any]:
    return {
        "on_assumed_usage": totals.on_assumed_usage,
        "assumed_usage_before": plain(totals.assumed_usage_before),
        "assumed_usage_cost": plain(totals.assumed_usage),
        "assumed_usage_delta": plain(totals.assumed_usage_delta),
    }


def _project(project: ProjectReport, report: Report) -> list[str]:
    return joined(
        {
            "name": encode(project.name),
            "path": encode(project.path),
            "totals": encode(_totals(project.totals)),
            "resources": listed(_resources(project, report)),
            "findings": listed(finding_rows(project.findings)),
            "not_evaluated": encode([_not_evaluated(one) for one in project.not_evaluated]),
            "warnings": encode(project.warnings),
        }
    )


def _not_evaluated(one: NotEvaluated) -> dict[str, Any]:
    return {
        "address": one.address,
        "type": one.type,
        "module": one.module,
        "note": one.note,
        "reason": one.reason,
        "remedy": one.remedy,
        "before": one.before,
        "after": one.after,
        "later": one.later,
        "file": one.source.file if one.source else None,
        "line": one.source.line if one.source else None,
    }


class _Priced(Struct, frozen=True):
    """What resources that are priced alike have in common, most of the text: it is written once for all of them."""

    status: dict[str, Any]
    amounts: dict[str, Any]
    components: str


def _resources(project: ProjectReport, report: Report) -> Iterator[list[str]]:
    """Write each resource."""
    lines: dict[int, str] = {}
    several: dict[Hashable, _Priced] = {}

    def components(cost: Cost | None) -> str:
        for line in cost.lines if cost else ():
            if id(line) not in lines:
                lines[id(line)] = encode(_component(line))
        return f"[{','.join([lines[id(line)] for line in cost.lines] if cost else ())}]"

    real = report.ledger.real if report.ledger else {}
    for resource in project.resources:
        priced_as = resource.priced_as
        priced = several.get(priced_as)
        if priced is None:
            after, before = components(resource.after), components(resource.before)
            text = f',"components":{after},"components_before":{before}}}'
            priced = several[priced_as] = _Priced(_status(resource), _amounts(resource), text)
        row = _resource(resource, priced)
        ids = resource.change.ids
        if report.with_ids and ids is not NO_IDS:
            row |= {name: value for name, value in (("id", ids.id), ("arn", ids.arn)) if value}
        if found := real.get((project.name, resource.change.address)):
            row["billed"] = _billed(found)
        yield [encode(row)[:-1], priced.components]


def _resource(resource: ResourceCost, priced: _Priced) -> dict[str, Any]:
    change = resource.change
    source = change.source
    tags = change.before_tags if change.after is None else change.tags
    shown = _tags(tags)
    is_retagged = change.before and change.after and change.before_tags.values != tags.values
    before = _tags(change.before_tags) if is_retagged else shown
    row = {
        "address": change.address,
        "type": change.type,
        "module": change.module,
        "provider": change.provider,
        "region": change.region if isinstance(change.region, str) else None,
        "action": change.action,
        "previous_address": change.previous_address,
        **priced.status,
        "tags": shown,
        "tags_before": before if before != shown else None,
        "tags_unknown": tags.unknown is not None,
        "file": source.file if source else None,
        "line": source.line if source else None,
        **(block_place(source.end_line, source.calls) if source else {}),
        **priced.amounts,
    }
    if resource.differences:
        row["differences"] = [_difference(one) for one in resource.differences]
    if resource.omitted:
        row["differences_omitted"] = resource.omitted
    if resource.planned:
        row["planned"] = resource.planned
    return row


def _status(resource: ResourceCost) -> dict[str, Any]:
    side = resource.after or resource.before
    return {"status": resource.status, "note": side.note if side else "", **(_gap(side) if side else {})}


def _amounts(resource: ResourceCost) -> dict[str, Any]:
    return {
        "monthly_before": plain(resource.monthly_before),
        "monthly_cost": plain(resource.monthly_cost),
        "monthly_delta": plain(resource.monthly_delta),
        "unpriced": resource.unpriced,
        "delta_unpriced": resource.delta_unpriced,
    }


def _difference(one: Difference) -> dict[str, Any]:
    unknown = {"before_unknown": one.before, "after_unknown": one.after}
    return {
        "path": one.path,
        **({"of": one.of} if one.of else {}),
        "before": scalar(one.before),
        "after": scalar(one.after),
        **{name: value.reason for name, value in unknown.items() if isinstance(value, Unknown)},
        "effect": plain(one.effect),
    }


def _tags(tags: Tags) -> dict[str, str | None]:
    return {key: value if isinstance(value, str) else None for key, value in tags.values.items()}


def _assumed_usage(line: Line) -> dict[str, Any]:
    if not line.usage_profile:
        return {}
    return {"usage_profile": line.usage_profile, "assumed_usage": plain(line.assumed_usage)}


def _component(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "group": line.group,
        "unit": line.unit,
        "monthly_quantity": plain(line.monthly_quantity),
        "unit_price": plain(line.unit_price),
        "monthly_cost": plain(line.monthly_cost),
        "status": line.status,
        "note": line.note,
        **_gap(line),
        **({"at_least": True} if line.at_least else {}),
        **({"usage_key": line.usage_key} if line.usage_key else {}),
        **({"meter": line.meter} if line.meter else {}),
        **_assumed_usage(line),
        "price": _price(line.price) if line.price else None,
    }


def _gap(priced: Line | Cost) -> dict[str, str]:
    """Return the reason and the remedy, where there is something that has no price."""
    return {"reason": priced.reason, "remedy": priced.remedy} if priced.reason else {}


def _price(price: PriceSource) -> dict[str, str | None]:
    listed = {} if price.list_price is None else {"list_price": plain(price.list_price)}
    return {
        "sku": price.sku,
        "source": price.source,
        "as_of": price.as_of,
        "service": price.service,
        "region": price.region,
        "purchase_option": price.purchase_option,
        **listed,
    }
