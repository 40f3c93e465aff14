"""Several results as one: the checks of a pull request's projects, and what can only be judged over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from guardrail.check import real_costs
from guardrail.check.caveats import budget_notes
from guardrail.config import Settings
from guardrail.costs import Library
from guardrail.errors import InputError
from guardrail.load import refuse_other_profile, rules_of, snapshot_of
from guardrail.model.finding import Finding
from guardrail.model.report import ProjectReport, Report, Revision, RuleUse
from guardrail.model.runs.hashes import joined
from guardrail.policy import Judge, Project
from guardrail.policy.unmatched import COUNTS_NOTHING
from guardrail.waivers import waived

Item = TypeVar("Item")


def combine(results: Sequence[tuple[str, Report]], settings: Settings | None) -> Report:
    """Return one report of all results, each given with the name of its file.

    A single result stands as it is. Of several, what each check said of its own resources stands; budgets and the
    state of waivers are judged again over all projects, if there is a configuration, and what the checks said of them
    on their own is dropped, since each saw but a part. Raises InputError for results that do not belong together,
    ConfigError or RuleError for the configuration.
    """
    _check(results)
    reports = [report for _, report in results]
    if len(reports) == 1:
        return reports[0]
    merged = _merged(reports)
    return _judged_again(merged, settings) if settings and merged.judged else merged


def _check(results: Sequence[tuple[str, Report]]) -> None:
    """Refuse results that cannot be one report."""
    first_name, first = results[0]
    seen: dict[tuple[str, str], str] = {}
    for name, report in results:
        if report.currency != first.currency:
            raise InputError(f"is in {report.currency}, and {first_name} in {first.currency}", where=name)
        refuse_other_profile(report.usage_profile, first.usage_profile, name)
        if report.judged != first.judged:
            raise InputError(f"one of it and {first_name} is an estimate, which no rule has seen", where=name)
        for project in report.projects:
            other = seen.setdefault((project.name, project.path), name)
            if other != name:
                what = f"project {project.name!r} ({project.path}) is also in {other}"
                raise InputError(what, where=name, fix="give each its own name: `guardrail check --project NAME`")


def _merged(reports: Sequence[Report]) -> Report:
    latest = max(reports, key=lambda report: report.generated_at)
    versions = sorted({report.tool_version for report in reports})
    mixed = [f"the results were made by different versions of guardrail: {', '.join(versions)}"] if versions[1:] else []
    pulls = _once(report.pull_request for report in reports)
    revisions = _once(report.revision for report in reports)
    inputs = tuple(dict.fromkeys(one for report in reports for one in report.inputs))
    return replace(
        latest,
        projects=tuple(project for report in reports for project in report.projects),
        catalog=_once(info for report in reports for info in report.catalog),
        findings=_once(finding for report in reports for finding in report.findings),
        rules=_once(rule for report in reports for rule in report.rules),
        warnings=_once([*(warning for report in reports for warning in report.warnings), *mixed]),
        inputs=inputs,
        rule_use=_use(reports),
        hashes=joined([report.hashes for report in reports], inputs),
        pull_request=pulls[0] if len(pulls) == 1 else None,
        revision=revisions[0] if len(revisions) == 1 else Revision(),
        ledger=real_costs.joined([report.ledger for report in reports if report.ledger]),
    )


def _use(reports: Sequence[Report]) -> dict[str, RuleUse]:
    found: dict[str, RuleUse] = {}
    for name, one in (item for report in reports for item in report.rule_use.items()):
        other = found.get(name, RuleUse(0, applied=False))
        found[name] = RuleUse(one.matched + other.matched, applied=one.applied or other.applied)
    return found


def _judged_again(report: Report, settings: Settings) -> Report:
    rules = rules_of(settings, Library(settings.definitions)).rules
    # Rules on budgets read sums alone: no machine types.
    known = snapshot_of(replace(settings, currency=report.currency))
    judge = Judge(
        rules, lambda _vendor, _name: None, settings.now, settings.pr, currency=report.currency, snapshot=known
    )
    projects = [(Project(p.name, p.path, _environment(p, settings)), p) for p in report.projects]
    budgets = judge.budgets(settings.budgets, projects)
    stays = [finding for finding in report.findings if not _is_about_the_whole(finding)]
    named = {_configured_name(project, settings) for project in report.projects}
    settings = replace(settings, complete=named >= settings.environments.keys())
    warnings = [warning for warning in report.warnings if COUNTS_NOTHING not in warning]
    warnings += budget_notes(projects, settings) if settings.complete else []
    flat = [finding for project in report.projects for finding in project.findings]
    found = waived([*flat, *stays, *budgets], rules, settings)
    done: list[ProjectReport] = []
    start = 0
    for project in report.projects:
        end = start + len(project.findings)
        done.append(replace(project, findings=found[start:end]))
        start = end
    ledger = replace(report.ledger, budgets=tuple(judge.spends)) if report.ledger else None
    return replace(report, projects=tuple(done), findings=found[start:], warnings=tuple(warnings), ledger=ledger)


def _is_about_the_whole(finding: Finding) -> bool:
    """Say whether a finding is about a budget or about a waiver itself: a check of a part cannot judge these."""
    return not finding.address and (finding.subject.startswith("budget:") or finding.rule.startswith("waiver-"))


def _configured_name(project: ProjectReport, settings: Settings) -> str:
    """Return the name in the configuration: a project with several plans is checked as "name (plan)"."""
    return next(
        (name for name in settings.environments if project.name == name or project.name.startswith(f"{name} (")),
        project.name,
    )


def _environment(project: ProjectReport, settings: Settings) -> str:
    return settings.environments.get(_configured_name(project, settings), "")


def _once(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return the items without repetitions, in their order."""
    found: list[Item] = []
    for item in items:
        if item not in found:
            found.append(item)
    return tuple(found)
