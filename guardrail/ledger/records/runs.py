"""What a result of `check` or `estimate` says, as facts: a file for each of its projects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from guardrail.errors import InputError
from guardrail.ledger.records.facts import Fact, Record, amount, fact, identity, moment, stamp
from guardrail.ledger.storage.layout import month_of
from guardrail.model.cost import Cost, Line, ResourceCost
from guardrail.model.finding import Finding, fingerprint
from guardrail.model.report import ProjectReport, Report
from guardrail.model.resource import Tags


def facts_of_run(report: Report, environments: Mapping[str, str], project: str = "") -> Iterator[Fact]:
    """Give the facts of a result, without assumed usage: a bill is compared with what was known. `project` names the one that it has, instead of the name in the result.

    `environments`: the environment of each project that guardrail.yaml names. Raises InputError for a project without a
    name. Projects of one name are told apart by their paths.
    """
    if project and len(report.projects) != 1:
        raise InputError(f"--project names one project, and the result has {len(report.projects)}")
    given = [one.name for one in report.projects]
    names = [
        project or (one.name if given.count(one.name) == 1 else f"{one.name} ({one.path})") for one in report.projects
    ]
    for name in names:
        if not name or names.count(name) > 1:
            what = f"two projects are called {name!r}" if name else "a project has no name"
            raise InputError(what, fix="give each its own: `guardrail check --project NAME`")
    for name, one in zip(names, report.projects, strict=True):
        head = f"{stamp(report.generated_at)}-{report.revision.commit[:12] or 'none'}"
        records = list(_records(report, one.as_given, name, environments.get(name) or environments.get(one.name, "")))
        yield fact("runs", name, month_of(report.generated_at), head, records)


def _records(report: Report, project: ProjectReport, name: str, environment: str) -> Iterator[Record]:
    """Give the run, its lines before and after, and its findings. What is made of them all tells the run from others."""
    lines = [
        {"record": record, **line}
        for record, is_after in (("line", True), ("line_before", False))
        for resource in project.resources
        for line in _lines(resource, is_after=is_after)
    ]
    findings = [_finding(one, name) for one in (*project.findings, *report.findings)]
    whole = _run(report, project, name, environment)
    run = identity(whole, lines, findings)
    for record in (whole, *lines, *findings):
        yield {"record": record["record"], "run": run, **record}


def _run(report: Report, project: ProjectReport, name: str, environment: str) -> dict[str, Any]:
    totals, revision, pull = project.totals, report.revision, report.pull_request
    return {
        "record": "run",
        "at": moment(report.generated_at),
        "project": name,
        "environment": environment or None,
        "commit": revision.commit or None,
        "ref": revision.ref or None,
        "event": revision.event,
        "pull_request": pull.number if pull else None,
        "author": (pull.author or None) if pull else None,
        "merged_at": moment(pull.merged_at) if pull and pull.merged_at else None,
        "verdict": report.verdict if report.judged else None,
        "currency": report.currency,
        "before": amount(totals.monthly_before),
        "before_bound": totals.before_bound,
        "after": amount(totals.monthly_cost),
        "after_bound": totals.cost_bound,
        "delta": amount(totals.monthly_delta),
        "delta_bound": totals.delta_bound,
        "unpriced": totals.unpriced,
        "usage_based": totals.usage_based,
        "not_evaluated": totals.not_evaluated,
        "tool": report.tool_version,
        "catalog_as_of": _newest_price(project),
    }


def _newest_price(project: ProjectReport) -> str | None:
    """Return the day of the newest price that the project's amounts stand on, whatever else a run has looked up."""
    sides = (side for one in project.resources for side in one.sides)
    return max((line.price.as_of for side in sides for line in side.lines if line.price), default=None)


def _lines(resource: ResourceCost, *, is_after: bool) -> Iterator[dict[str, Any]]:
    """Give a row for each component; one that has no amount, and says why, for a resource without any."""
    change = resource.change
    side = resource.after if is_after else resource.before
    if side is None:
        return
    of = {
        "address": change.address,
        "id": change.ids.id,
        "arn": change.ids.arn,
        "type": change.type,
        "region": change.region if isinstance(change.region, str) else None,
        "action": change.action,
        "tags": _tags(change.tags if is_after or change.after is None else change.before_tags),
    }
    for line in side.lines:
        yield {**of, **_line(line)}
    if not side.lines:
        yield {**of, **_without_lines(side)}


def _line(line: Line) -> dict[str, Any]:
    price = line.price
    return {
        "component": line.name,
        "component_group": line.group or None,
        "unit": line.unit,
        "quantity": amount(line.monthly_quantity),
        "unit_price": amount(line.unit_price),
        "monthly": amount(line.monthly_cost),
        "status": line.status,
        "usage_key": line.usage_key or None,
        "meter": line.meter or None,
        "service": price.service if price else None,
        "sku": (price.sku or None) if price else None,
        "source": price.source if price else None,
        "as_of": price.as_of if price else None,
    }


def _without_lines(side: Cost) -> dict[str, Any]:
    return {"component": None, "monthly": amount(side.monthly), "status": side.status}


def _tags(tags: Tags) -> dict[str, str]:
    return {key: value for key, value in sorted(tags.values.items()) if isinstance(value, str)}


def _finding(finding: Finding, project: str) -> dict[str, Any]:
    waiver = finding.waiver
    return {
        "record": "finding",
        "rule": finding.rule,
        "address": finding.address or None,
        "status": finding.status,
        "severity": finding.severity,
        "enforcement": finding.enforcement,
        "blocking": finding.blocking,
        "saving": amount(finding.saving),
        "fingerprint": fingerprint(finding.rule, project, finding.address),
        "waiver": waiver.reason if waiver else None,
        "waiver_expires": waiver.expires.isoformat() if waiver else None,
        "waiver_owner": (waiver.owner or None) if waiver else None,
        **_approval(finding),
    }


def _approval(finding: Finding) -> dict[str, Any]:
    """Return who has approved a finding, and what; nothing where nobody has."""
    given = finding.approval.given if finding.approval else None
    if given is None:
        return {}
    return {
        "approved_by": given.by,
        "approved_in": given.source,
        "approval_reason": given.reason or None,
        "approval_expires": given.expires.isoformat() if given.expires else None,
        "approval_amount": amount(given.amount),
    }
