"""The story: read plans, price both sides, judge, waive, and say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from guardrail import __version__, data
from guardrail.catalog import Catalog, open_catalog
from guardrail.config import Settings, Source
from guardrail.costs import NO_USAGE, Engine, Library, Usage, load_usage
from guardrail.errors import InputError
from guardrail.model.comparison import compared, known_before, project_at, remarks, settled
from guardrail.model.finding import Finding
from guardrail.model.money import ZERO, rounded
from guardrail.model.report import CatalogInfo, ProjectReport, Report
from guardrail.policy import CompiledRule, Judge, Project, apply_waivers, load_rules, read_waivers
from guardrail.policy.completeness import incomplete
from guardrail.terraform.inputs import read_plans
from guardrail.terraform.plan import Plan

if TYPE_CHECKING:
    from guardrail.catalog.terms import Terms


def estimate(settings: Settings) -> Report:
    """Price what the settings name, without judging it. Raises GuardrailError."""
    catalog = prices(settings)
    library = Library(settings.definitions)
    read, base = plans(settings), _earlier(settings)
    bills = [_priced(source, plan, library, catalog, settings) for source, plan in read]
    projects = tuple(_since(base, bill, is_only=len(read) == 1) for bill in bills)
    report = _report(projects, settings, catalog, judged=False)
    return _against(base, replace(report, compares=bool(settings.compare_with)), settings)


def check(settings: Settings, *, read: list[tuple[Source, Plan]] | None = None, with_remedies: bool = False) -> Report:
    """Price what the settings name (or the plans that are given) and judge it. Raises GuardrailError.

    `with_remedies`: findings say what their rules would have done about them.
    """
    catalog = prices(settings)
    library = Library(settings.definitions)
    rules = rules_of(settings, library)
    judge = Judge(
        rules,
        catalog.spec,
        settings.now,
        settings.pr,
        pre_existing_blocks=settings.rules.pre_existing == "block",
        with_remedies=with_remedies,
    )
    read, base = plans(settings) if read is None else read, _earlier(settings)
    bills = [
        (Project(source.name, source.path, source.env), _since(base, bill, is_only=len(read) == 1))
        for source, plan in read
        for bill in [_priced(source, plan, library, catalog, settings)]
    ]
    found: list[Finding] = []
    for (source, plan), (project, bill) in zip(read, bills, strict=True):
        found += incomplete(source.name, plan.incomplete)
        judged: Sequence[Finding] = judge.project(project, bill.resources)
        if base and (former := project_at(base, bill, is_only=len(read) == 1)):
            judged = known_before(judged, former.findings, blocks=judge.pre_existing_blocks)
        found += _waived_inline(judged, plan, source, rules, settings)
    found += judge.budgets(settings.budgets, [(project, bill.resources) for project, bill in bills])
    findings = waived(found, rules, settings)
    projects = tuple(
        replace(bill, findings=tuple(finding for finding in findings if finding.project == bill.name))
        for _, bill in bills
    )
    whole = tuple(finding for finding in findings if not finding.project)
    report = _report(projects, settings, catalog, judged=True, findings=whole)
    return _against(base, replace(report, rules=tuple(rule.rule.id for rule in rules)), settings)


def prices(settings: Settings) -> Catalog:
    """Open the catalog that the settings name, at the prices that are paid. Raises CatalogError or ConfigError."""
    return open_catalog(settings.catalog, _terms(settings))


def _terms(settings: Settings) -> Terms | None:
    """Read the overlay and the rates, if there are any; else nothing of either is loaded."""
    if settings.overlay is None and settings.currency == "USD":
        return None
    from guardrail.catalog.terms import read_terms  # noqa: PLC0415 - only where list prices are not what is paid

    return read_terms(settings.overlay, settings.rates, settings.currency, settings.now.date())


def plans(settings: Settings, place: Callable[[str], str] = str) -> list[tuple[Source, Plan]]:
    """Read every plan that the settings name, each at its `place`. Raises InputError for one that cannot be read."""
    folder = settings.source_folder
    read = [(source, read_plans(place(source.plan), folder, settings.choices)) for source in settings.sources]
    if settings.compare_with:
        from guardrail.terraform.base import Base, refuse_plans  # noqa: PLC0415 - only where there is a base

        for source, found in read:
            refuse_plans(found, source.plan)
        if not _is_result(settings.compare_with):
            with Base(settings.compare_with) as base:
                read = [(source, base.against(source.plan, found, settings.choices)) for source, found in read]
    return [named for source, found in read for named in _named(source, found)]


def _is_result(base: str) -> bool:
    from guardrail.report.read_json import is_result  # noqa: PLC0415 - only where there is a base

    return is_result(Path(base))


def _earlier(settings: Settings) -> Report | None:
    """Read the earlier result that this run is compared with, if it is one. Raises InputError."""
    if not settings.compare_with or not _is_result(settings.compare_with):
        return None
    from guardrail.report.read_json import read_result  # noqa: PLC0415 - only where there is a base

    base = read_result(Path(settings.compare_with))
    if base.currency != settings.currency:
        what = f"is in {base.currency}, and this run in {settings.currency}"
        raise InputError(what, where=settings.compare_with, fix="make both with the same pricing.currency")
    return base


def _since(base: Report | None, bill: ProjectReport, *, is_only: bool) -> ProjectReport:
    """Return a project as a change from what an earlier run has said of it."""
    former = project_at(base, bill, is_only=is_only) if base else None
    return (
        bill if base is None else replace(bill, resources=compared(former.resources if former else (), bill.resources))
    )


def _against(base: Report | None, report: Report, settings: Settings) -> Report:
    """Return a report with what is to be said of the earlier one."""
    said = remarks(base, report, settings.compare_with) if base else []
    return replace(report, warnings=(*report.warnings, *said))


def _priced(source: Source, plan: Plan, library: Library, catalog: Catalog, settings: Settings) -> ProjectReport:
    """Price one plan. Raises InputError for its usage file, DefinitionError for a definition."""
    usage = usage_of(source)
    engine = Engine(library, catalog, usage=usage, default_regions=settings.default_region)
    resources = engine.estimate(plan.changes)
    if plan.is_configuration:
        resources = tuple(map(settled, resources))
    stale = usage.unused((r.change.address for r in resources), (r.change.type for r in resources))
    missing = [f"not evaluated: {line}" for line in plan.incomplete]
    hints = [f"{usage.where}: nothing in the plan is called {name}" for name in stale]
    return ProjectReport(source.name, source.path, resources, warnings=(*plan.warnings, *missing, *hints))


def usage_of(source: Source) -> Usage:
    """Read the usage file that belongs to a source, if there is one. Raises InputError."""
    return load_usage(source.usage) if source.usage else NO_USAGE


def rules_of(settings: Settings, library: Library) -> tuple[CompiledRule, ...]:
    """Load the rules that the settings choose. Raises RuleError or ConfigError."""
    types = {*library.priced_types(), *library.free_types()}
    where = str(settings.config_file or "")
    return load_rules(settings.rules, data.rules_dir(), base=settings.base, types=types, where=where)


def _named(source: Source, found: list[Plan]) -> list[tuple[Source, Plan]]:
    """Several plans in one input are told apart by their folder, or by their place in it."""
    if len(found) == 1:
        return [(source, found[0])]
    places = [f"/{plan.folder}" if plan.folder else f"[{index}]" for index, plan in enumerate(found)]
    return [
        (replace(source, name=source.name + place, path=source.path + place), plan)
        for place, plan in zip(places, found, strict=True)
    ]


def waived(findings: list[Finding], rules: tuple[CompiledRule, ...], settings: Settings) -> tuple[Finding, ...]:
    """Apply the waivers file, if there is one; what it says of itself follows. Raises ConfigError."""
    if settings.waivers is None:
        return tuple(findings)
    return apply_waivers(
        findings,
        read_waivers(settings.waivers),
        today=settings.now.date(),
        unwaivable={rule.rule.id for rule in rules if not rule.rule.waivable},
        rules={rule.rule.id for rule in rules},
        report_unused=settings.complete,
    )


def _waived_inline(
    findings: Sequence[Finding], plan: Plan, source: Source, rules: tuple[CompiledRule, ...], settings: Settings
) -> Sequence[Finding]:
    """Apply the waivers in the comments of a project's configuration to its findings."""
    if not plan.waivers or not settings.inline_waivers:
        return findings
    unwaivable, known = {rule.rule.id for rule in rules if not rule.rule.waivable}, {rule.rule.id for rule in rules}
    today = settings.now.date()
    applied = apply_waivers(findings, plan.waivers, today=today, unwaivable=unwaivable, rules=known)
    return [replace(finding, project=source.name) for finding in applied]


def _report(
    projects: tuple[ProjectReport, ...],
    settings: Settings,
    catalog: Catalog,
    *,
    judged: bool,
    findings: tuple[Finding, ...] = (),
) -> Report:
    used = catalog.used()
    return Report(
        projects=projects,
        currency=settings.currency,
        generated_at=settings.now,
        tool_version=__version__,
        catalog=used,
        findings=findings,
        warnings=(*_stale(used, settings), *_basis(projects, settings), *catalog.notes()),
        judged=judged,
    )


def _basis(projects: tuple[ProjectReport, ...], settings: Settings) -> list[str]:
    """Say what amounts stand on where that is not the list in US dollars, and what the list makes of the bill."""
    terms = _terms(settings)
    if terms is None:
        return []
    sides = [resource.after for project in projects for resource in project.resources if resource.after]
    listed = sum((line.list_cost or ZERO for side in sides for line in side.lines), ZERO)
    said = f"at list prices the month after the change costs {rounded(listed, 2)} {settings.currency}"
    return [*terms.notes, said] if settings.overlay else list(terms.notes)


def _stale(used: tuple[CatalogInfo, ...], settings: Settings) -> list[str]:
    """Say which prices are older than the configuration finds good."""
    limit = settings.now.date() - settings.max_age
    return [
        f"some {info.vendor} prices are of {info.oldest}, older than {settings.max_age.days} days"
        for info in used
        if info.oldest and date.fromisoformat(info.oldest) < limit
    ]
