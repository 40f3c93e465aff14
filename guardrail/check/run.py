"""The story: read plans, price both sides, judge, waive, and say what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import TYPE_CHECKING

from msgspec.structs import replace

from guardrail import __version__
from guardrail.approvals import approved
from guardrail.catalog import Catalog
from guardrail.cel import engine_version
from guardrail.check.caveats import (
    UsageInUse,
    input_notes,
    not_covered,
    not_evaluated,
    policy_notes,
    price_notes,
    profile_notes,
    usage_notes,
    usage_open_notes,
)
from guardrail.config import Settings, Source
from guardrail.costs import Engine, Library, Repricing
from guardrail.load import (
    each_plan,
    earlier,
    engine_of,
    loaded_rules,
    prices,
    provider_defaults,
    repository_of,
    snapshot_of,
    usage_of,
)
from guardrail.model.finding import Finding
from guardrail.model.plan.not_evaluated import joined
from guardrail.model.plan.planned import planned_of
from guardrail.model.report import ProjectReport, Report
from guardrail.model.resource import Change
from guardrail.model.runs.comparison import compared, known_before, project_at, remarks
from guardrail.model.runs.hashes import Hashes
from guardrail.policy import NO_COMPARISON, Judge, LoadedRules, Project, Surroundings
from guardrail.terraform.options import WORKSPACE
from guardrail.terraform.plan.reader import Plan
from guardrail.waivers import waived, waived_inline

if TYPE_CHECKING:
    from guardrail.model.billed.costs import BudgetSpend, KnownSnapshot, LedgerView


def estimate(settings: Settings, *, with_attributes: bool = False) -> Report:
    """Price what the settings name, without judging it. Raises GuardrailError.

    `with_attributes`: the resources keep their attributes, which no report shows.
    """
    catalog = prices(settings)
    library = Library(settings.definitions)
    base = earlier(settings)
    engine = engine_of(settings, library, catalog)
    projects: list[ProjectReport] = []
    in_use = UsageInUse()
    with closing(each_plan(settings)) as read:
        is_only, plans = _whether_one(read)
        for source, plan in plans:
            bill = priced(source, plan, engine, settings, in_use.alone(source, plan, library))
            in_use.add(source, plan)
            bill = since(base, bill, is_only=is_only)
            projects.append(bill if with_attributes else bill.without_attributes())
    library.keep_compiled()
    known = snapshot_of(settings)
    notes = [*usage_notes(in_use, library, settings), *_notes_of(known)]
    report = _report(tuple(projects), settings, catalog, notes, judged=False)
    ledger = _beside_bills(known, report.projects)
    return _against(base, replace(report, compares=bool(settings.compare_with), ledger=ledger), settings)


def check(
    settings: Settings,
    *,
    read: list[tuple[Source, Plan]] | None = None,
    with_remedies: bool = False,
    engine: Engine | None = None,
    loaded: LoadedRules | None = None,
    more: Sequence[Finding] = (),
) -> Report:
    """Price what the settings name (or the plans that are given) and judge it. Raises GuardrailError.

    Without plans that are given, each is read when its turn comes, and only what reports show of it is kept: memory holds one
    plan at a time. `with_remedies`: findings say what their rules would have done about them. `engine`: one that has priced
    these plans, or nearly these, already; it remembers what is equal. `loaded`: the rules of the settings, if they have been
    loaded already. `more`: findings of no rule, which waivers may excuse as well.
    """
    engine = engine or engine_of(settings, Library(settings.definitions), prices(settings))
    catalog, library = engine.catalog, engine.library
    loaded = loaded or loaded_rules(settings, library)
    rules = loaded.on(settings.now.date()).rules
    blocks = settings.rules.pre_existing == "block"
    judge = Judge(
        rules,
        catalog.spec,
        settings.now,
        settings.pr,
        pre_existing_blocks=blocks,
        with_remedies=with_remedies,
        currency=settings.currency,
        defaults=provider_defaults(library),
        snapshot=snapshot_of(settings),
    )
    base = earlier(settings)
    repository = repository_of(settings, rules)
    bills: list[tuple[Project, ProjectReport]] = []
    found: list[Finding] = []
    in_use = UsageInUse()
    plan_hashes: dict[str, str] = {}
    with closing(_each(settings, read)) as each:
        is_only, plans = _whether_one(each)
        for source, plan in plans:
            judge.no_change = judge.no_change or no_change(settings, base, [plan])
            project = Project(source.name, source.path, source.env, repository)
            bill = priced(source, plan, engine, settings, in_use.alone(source, plan, library))
            bill = with_plans(since(base, bill, is_only=is_only))
            found += not_evaluated(source, plan, bill.not_evaluated if base else plan.not_evaluated, settings)
            judged: Sequence[Finding] = ()
            if not plan.fault:
                beside = surroundings(source, plan, engine)
                judged = judge.project(project, bill.resources, bill.not_evaluated, beside)
            if base and (former := project_at(base, bill, is_only=is_only)):
                judged = known_before(judged, former.findings, blocks=judge.pre_existing_blocks)
            found += waived_inline(judged, plan, source, rules, settings)
            in_use.add(source, plan)
            bills.append((project, bill.without_attributes() if read is None else bill))
            if plan.sha256:
                plan_hashes[source.name] = plan.sha256
    found += more
    found += not_covered(settings)
    found += judge.budgets(settings.budgets, bills)
    library.keep_compiled()
    judge.keep_compiled()
    findings = approved(waived(found, rules, settings), settings)
    of_project: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        of_project[finding.project].append(finding)
    whole = tuple(of_project.pop("", ()))
    projects = tuple(replace(bill, findings=tuple(of_project[bill.name])) for _, bill in bills)
    notes = [
        *loaded.loosened,
        *policy_notes(rules, bills, settings),
        *usage_open_notes(judge),
        *usage_notes(in_use, library, settings),
        *_notes_of(judge.snapshot),
    ]
    report = _report(projects, settings, catalog, notes, judged=True, findings=whole)
    ledger = _beside_bills(judge.snapshot, projects, judge.spends)
    hashes = Hashes(
        engine_version(rules[0].engine if rules else None),
        __version__,
        loaded.hashes,
        {one.vendor: one.sha256 for one in report.catalog},
        plans=plan_hashes,
    )
    ids = tuple(rule.rule.id for rule in rules)
    return _against(base, replace(report, rules=ids, ledger=ledger, hashes=hashes, rule_use=judge.use), settings)


def no_change(settings: Settings, base: Report | None, read: Iterable[Plan]) -> str:
    """Say why nothing tells what a run changes: a folder that is compared with nothing is all new. "" where something does."""
    if base or settings.compare_with or not any(plan.is_configuration for plan in read):
        return ""
    return NO_COMPARISON


def _notes_of(known: KnownSnapshot | None) -> list[str]:
    if known is None:
        return []
    from guardrail.check.real_costs import notes  # noqa: PLC0415 - few have a snapshot of a ledger

    return notes(known)


def _beside_bills(
    known: KnownSnapshot | None, projects: Sequence[ProjectReport], spends: Sequence[BudgetSpend] = ()
) -> LedgerView | None:
    if known is None:
        return None
    from guardrail.check.real_costs import ledger_view  # noqa: PLC0415 - few have a snapshot of a ledger

    return ledger_view(known, projects, spends)


def _each(settings: Settings, read: list[tuple[Source, Plan]] | None) -> Generator[tuple[Source, Plan]]:
    yield from each_plan(settings) if read is None else read


def _whether_one(read: Iterator[tuple[Source, Plan]]) -> tuple[bool, Iterator[tuple[Source, Plan]]]:
    """Say whether there is one plan alone, and give them all; no more than the first two are read for it."""
    begun = list(islice(read, 2))
    return len(begun) == 1, chain(begun, read)


def since(base: Report | None, bill: ProjectReport, *, is_only: bool) -> ProjectReport:
    """Return a project as a change from what an earlier run has said of it."""
    if base is None or bill.is_unread:
        return bill
    former = project_at(base, bill, is_only=is_only)
    resources = compared(former.resources if former else (), bill.resources)
    missing = joined(former.not_evaluated if former else (), bill.not_evaluated)
    return replace(bill, resources=resources, not_evaluated=missing)


def _against(base: Report | None, report: Report, settings: Settings) -> Report:
    """Return a report with what is to be said of the earlier one."""
    said = remarks(base, report, settings.compare_with) if base else []
    return replace(report, warnings=(*report.warnings, *said))


def with_plans(bill: ProjectReport) -> ProjectReport:
    """Return a project in which what changes and has no amount tells what is planned: by that an approval knows it again."""
    resources = tuple(
        replace(one, planned=planned_of(one.change)) if any(one.delta_gaps) else one for one in bill.resources
    )
    return replace(bill, resources=resources)


def priced(
    source: Source, plan: Plan, engine: Engine, settings: Settings, beside: Sequence[Change] = ()
) -> ProjectReport:
    """Price one plan, and what its usage file has beside. Raises InputError for that file, DefinitionError for a definition."""
    resources = engine.with_usage(usage_of(source)).estimate((*plan.changes, *beside), plan.data)
    findings = tuple(not_evaluated(source, plan, (), settings)) if plan.fault else ()
    missing = tuple(one.free if engine.is_free(one.type) else one for one in plan.not_evaluated)
    return ProjectReport(source.name, source.path, resources, findings, input_notes(plan), missing, plan.looked)


def surroundings(source: Source, plan: Plan, engine: Engine) -> Surroundings:
    """Return what rules read of a plan beside its resources. Raises InputError for its usage file."""
    facts, workspace = plan.facts, source.choices.environ.get(WORKSPACE)
    if workspace and not plan.is_configuration:
        facts = replace(facts, workspace=workspace)
    return Surroundings(facts, plan.data, Repricing(engine.with_usage(usage_of(source)), plan.changes, plan.data))


def _report(
    projects: tuple[ProjectReport, ...],
    settings: Settings,
    catalog: Catalog,
    notes: list[str],
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
        warnings=(*notes, *profile_notes(settings), *price_notes(projects, used, settings), *catalog.notes()),
        judged=judged,
        team_tag=settings.team_tag,
        with_ids=settings.with_ids,
        usage_profile=settings.usage_profile,
        repository=settings.repository if isinstance(settings.repository, str) else "",
    )
