"""Judges a run of the past: its plans by a whole check, or what its result holds of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from guardrail import __version__
from guardrail.cel import engine_version
from guardrail.check.provenance import policy_hashes
from guardrail.check.run import check
from guardrail.config import Settings, Source
from guardrail.costs import Library
from guardrail.load import engine_of, loaded_rules, prices, provider_defaults, snapshot_of
from guardrail.model.approval import ApprovalSource
from guardrail.model.cost import ResourceCost
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.report import ProjectReport, Report
from guardrail.model.resource import UNTOLD
from guardrail.model.runs.hashes import Hashes
from guardrail.model.runs.input import InputKind
from guardrail.model.unknown import Json, Unknown
from guardrail.policy import NO_REPOSITORY, CompiledRule, Judge, LoadedRules, Project, RuleScope
from guardrail.policy.judging.matching import applies, plays_in
from guardrail.policy.variables.context import PLAN_LISTS
from guardrail.replay.stored import StoredRun
from guardrail.terraform.address import key_value, parse
from guardrail.terraform.plan.tag_carriers import SOMETHING_ELSE, tag_attribute
from guardrail.waivers import waived

_OF_TAGS = re.compile(r"""(?:\(\s*"tags\."\s*\+\s*\w+\s*\)|"tags(?:\.[^"]*)?")\s+in\s+resource\.unknown""")
_TOLD = frozenset(
    {"address", "type", "name", "module", "provider", "region", "environment", "action", "tags", "file", "line"}
    | {"cost", "costs"}
)
"""What a result holds of a resource: no attributes."""

_READ_FOR_RESULTS = frozenset({InputKind.SETTINGS.value, InputKind.WAIVERS.value, InputKind.SNAPSHOT.value})
"""Kinds of files that a result is judged by; usage and prices went into its costs."""


class Policy(Struct, frozen=True):
    """Rules with all that they judge by, loaded once for all runs."""

    settings: Settings
    loaded: LoadedRules
    library: Library


class Judged(Struct, frozen=True):
    """What a policy finds in a run. `report` is None where only a part of the run could be judged.

    not_replayed  rules that are about something in the run and read what its result does not hold
    left_out      rules that nothing can be said of, on either side
    """

    findings: tuple[Finding, ...]
    verdict: str
    report: Report | None = None
    hashes: Hashes | None = None
    not_replayed: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()


def policy_of(settings: Settings) -> Policy:
    """Load the rules of the settings. Raises RuleError or ConfigError."""
    library = Library(settings.definitions)
    return Policy(settings, loaded_rules(settings, library), library)


def judge(policy: Policy, run: StoredRun, stored: Report | None, now: datetime) -> Judged:
    """Judge a run as of a day. Raises InputError for a plan that cannot be read, and LimitError.

    Projects of which the plan is there are priced and judged anew; of the others, what the result says of their costs and
    tags is judged. Waivers in comments of the configuration are those that the result has found.
    """
    settings = _settings(policy.settings, stored, now)
    resting = [one for one in stored.projects if one.name not in run.plans] if stored else []
    if not run.plans:
        return _of_result(policy, settings, resting, stored, is_whole=True)
    catalog = prices(settings)
    # An engine remembers what it has priced: one for all runs would hold all of them.
    engine = engine_of(settings, policy.library, catalog)
    settings = replace(settings, sources=_sources(settings, run, stored))
    report = check(settings, engine=engine, loaded=policy.loaded)
    report = replace(report, projects=tuple(_with_comments(one, stored, now) for one in report.projects))
    if resting:
        part = _of_result(policy, settings, resting, stored, is_whole=False)
        budgets = {rule.rule.id for rule in policy.loaded.rules if rule.rule.scope is RuleScope.BUDGET}
        found = [one for one in report.all_findings if one.rule not in budgets]
        return replace(part, findings=(*found, *part.findings), left_out=part.left_out | budgets)
    hashes = report.hashes
    if hashes:
        hashes = replace(hashes, files=policy_hashes(settings))
    return Judged(report.all_findings, report.verdict.value, report, hashes)


def _settings(settings: Settings, stored: Report | None, now: datetime) -> Settings:
    """Return the settings as they hold for one run of the past: its day, its pull request, its repository."""
    return replace(
        settings,
        now=now,
        compare_with="",
        complete=False,
        uncovered=(),
        inline_waivers=False,
        pr=_pull_request(stored),
        repository=(stored.repository if stored else "") or NO_REPOSITORY,
    )


def _pull_request(stored: Report | None) -> dict[str, Json]:
    """Return what rules read as `pr`: unknown where the result does not say it, and for a plan alone."""
    if stored and stored.pull_request is None:
        return {}
    pull = stored.pull_request if stored else None
    told: dict[str, Json] = {
        "number": pull.number if pull else None,
        "title": pull.title if pull else None,
        "author": (pull.author or None) if pull else None,
        "labels": list(pull.labels) if pull and pull.labels is not None else None,
    }
    return {name: Unknown(f"pr.{name}", "not stored", None) if one is None else one for name, one in told.items()}


def _sources(settings: Settings, run: StoredRun, stored: Report | None) -> tuple[Source, ...]:
    paths = {one.name: one.path for one in stored.projects} if stored else {}
    found: dict[Path, Source] = {}
    for name, plan in run.plans.items():
        # Several plans in one file are told apart by their number: "shop[0]", "shop[1]".
        shared = list(run.plans.values()).count(plan) > 1
        own = name.rpartition("[")[0] if shared else name
        known = next((one for one in settings.projects if one.name == configured(name, settings)), None)
        usage = known.usage if known else next((one.usage for one in settings.sources), None)
        env = settings.environments.get(configured(name, settings), "")
        found.setdefault(plan, Source(str(plan), own, paths.get(name, plan.as_posix()), env, usage))
    return tuple(found.values())


def configured(name: str, settings: Settings) -> str:
    """Return the name that guardrail.yaml has for a project: one with several plans is checked as "name (plan)"."""
    known = settings.environments
    return next((one for one in known if name == one or name.startswith((f"{one} (", f"{one}["))), name)


def _with_comments(project: ProjectReport, stored: Report | None, now: datetime) -> ProjectReport:
    """Return a project with its findings waived that comments of its configuration had waived in the run, and approved that reviews had."""
    former = next((one for one in stored.projects if one.name == project.name), None) if stored else None
    waivers = {
        (one.rule, one.address): one.waiver
        for one in (former.findings if former else ())
        if one.waiver and one.waiver.in_comment and one.waiver.expires >= now.date()
    }
    approvals = {
        (one.rule, one.address, one.amount): one.approval
        for one in (former.findings if former else ())
        if one.approval and one.approval.given and one.approval.given.source is not ApprovalSource.FILE
    }

    def settled(one: Finding) -> Finding:
        if one.status is FindingStatus.FAIL and (one.rule, one.address) in waivers:
            waiver = waivers[one.rule, one.address]
            return replace(one, status=FindingStatus.WAIVED, blocking=False, waiver=waiver)
        if one.needs_approval and (approval := approvals.get((one.rule, one.address, one.amount))):
            return replace(one, status=FindingStatus.APPROVED, blocking=False, approval=approval)
        return one

    return replace(project, findings=tuple(map(settled, project.findings)))


def _of_result(
    policy: Policy, settings: Settings, projects: Sequence[ProjectReport], stored: Report | None, *, is_whole: bool
) -> Judged:
    """Judge what a result holds, by the rules that read nothing else."""
    bills = [_bill(one, settings) for one in projects]
    rules = policy.loaded.on(settings.now.date()).rules
    unfit = [rule for rule in rules if not _is_told(rule)]
    untold = {rule.rule.id for rule in unfit}
    playing = [
        rule for rule in rules if rule.rule.id not in untold and (is_whole or rule.rule.scope is not RuleScope.BUDGET)
    ]
    judging = Judge(
        playing,
        lambda _vendor, _name: None,  # facts about machine types follow from attributes
        settings.now,
        settings.pr,
        pre_existing_blocks=settings.rules.pre_existing == "block",
        currency=stored.currency if stored else settings.currency,
        defaults=provider_defaults(policy.library),
        snapshot=snapshot_of(settings),
    )
    found: list[Finding] = []
    done: list[ProjectReport] = []
    for project, bill in bills:
        judged = replace(bill, findings=judging.project(project, bill.resources, bill.not_evaluated))
        done.append(_with_comments(judged, stored, settings.now))
        found += done[-1].findings
    if is_whole:
        found += judging.budgets(settings.budgets, bills)
    findings = tuple(one for one in waived(found, rules, settings) if not one.rule.startswith("waiver-"))
    verdict = _report_of(findings, settings).verdict
    return Judged(
        findings,
        verdict.value,
        hashes=_hashes_of_result(policy, settings, stored),
        not_replayed=tuple(rule.rule.id for rule in unfit if _is_about(rule, bills)),
        left_out=frozenset(rule.rule.id for rule in rules) - {rule.rule.id for rule in playing},
    )


def _report_of(findings: tuple[Finding, ...], settings: Settings) -> Report:
    return Report((), settings.currency, settings.now, __version__, findings=findings)


def _hashes_of_result(policy: Policy, settings: Settings, stored: Report | None) -> Hashes | None:
    """Return the hashes of what judges a result: its plans and prices are its own."""
    told = stored.hashes if stored else None
    if told is None:
        return None
    engine = policy.loaded.rules[0].engine if policy.loaded.rules else None
    read = {kind: one for kind, one in policy_hashes(settings).items() if kind in _READ_FOR_RESULTS}
    files = {kind: one for kind, one in told.files.items() if kind not in _READ_FOR_RESULTS} | read
    return replace(told, engine=engine_version(engine), version=__version__, rules=policy.loaded.hashes, files=files)


def _bill(project: ProjectReport, settings: Settings) -> tuple[Project, ProjectReport]:
    env = settings.environments.get(configured(project.name, settings), "")
    resources = tuple(map(_resource, project.resources))
    return Project(project.name, project.path, env, settings.repository), replace(project, resources=resources)


def _resource(resource: ResourceCost) -> ResourceCost:
    """Return a resource of a result as what rules can ask: its attributes are not told, where they are not null."""
    change = resource.change
    named = parse(change.address)
    attribute = tag_attribute(change.type)
    has_tags = bool(change.tags.values or change.before_tags.values)
    told = replace(
        change,
        name=named.name if named else "",
        index=key_value(named.key) if named else None,
        before=UNTOLD if change.before else None,
        after=UNTOLD if change.after else None,
        taggable=has_tags if attribute is None else attribute != SOMETHING_ELSE,
    )
    return replace(resource, change=told)


def _is_told(rule: CompiledRule) -> bool:
    """Say whether a result holds all that a rule reads."""
    told = _TOLD | {"unknown"} if _asks_of_tags(rule) else _TOLD
    return not any(
        (path[0] == "resource" and path[1] not in told) or (path[0] == "plan" and path[1] in PLAN_LISTS)
        for path in rule.reads
    )


def _asks_of_tags(rule: CompiledRule) -> bool:
    """Say whether a rule asks only of tags whether they are known, which a result tells, and not of attributes."""
    stated = rule.rule
    texts = (*stated.variables.values(), stated.when or "", *(one.expression for one in stated.validations))
    return all("resource.unknown" not in _OF_TAGS.sub("", text) for text in texts)


def _is_about(rule: CompiledRule, bills: Sequence[tuple[Project, ProjectReport]]) -> bool:
    match, scope = rule.rule.match, rule.rule.scope
    return any(
        plays_in(match, project)
        and (scope is not RuleScope.RESOURCE or any(applies(match, one.change) for one in bill.resources))
        for project, bill in bills
    )
