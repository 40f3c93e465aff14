"""The outcome of a run: all that a report, a platform or an exit code may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.model.cost import ResourceCost
from guardrail.model.exit_code import ExitCode
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.runs.input import Input
from guardrail.model.runs.missing_fact import MissingFact, missing_facts
from guardrail.model.totals import Totals, totals

if TYPE_CHECKING:
    from guardrail.model.billed.costs import LedgerView
    from guardrail.model.runs.hashes import Hashes


class Verdict(StrEnum):
    """The answer in one word."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"


class FailOn(StrEnum):
    """Which verdict makes the exit code 1 (`--fail-on`)."""

    DENY = "deny"
    WARN = "warn"
    NEVER = "never"


UNREAD = "unreadable-input"
"""The rule that a plan or a root module breaks which could not be read: nothing of it is priced or judged."""
TEAM_TAG = "team"
"""The tag that names the team which pays for a resource, unless the configuration names another."""


class CatalogInfo(Struct, frozen=True):
    """Which prices were used: the vendor, the dates of the oldest and the newest price read, and their file's hash."""

    vendor: str
    as_of: str
    oldest: str
    source: str
    sha256: str


class PullRequest(Struct, frozen=True):
    """The proposed change that a run was for: its number on the platform, and the commit at its head.

    author     who has opened it, as the platform calls them; "" where nothing tells
    merged_at  when it was merged; None before that, and where nothing tells
    title, labels   as rules read them; None where nothing tells
    """

    number: int
    commit: str = ""
    author: str = ""
    merged_at: datetime | None = None
    title: str | None = None
    labels: tuple[str, ...] | None = None


class Event(StrEnum):
    """What made a CI system start a run."""

    PULL_REQUEST = "pull_request"
    PUSH = "push"
    SCHEDULE = "schedule"
    MERGE_QUEUE = "merge_queue"
    MANUAL = "manual"
    OTHER = "other"


class Revision(Struct, frozen=True):
    """What a run was of, as far as its environment tells: "" and None where it does not.

    commit  the commit that was checked out; of a pull request its head, never a merge that the platform makes for the run
    ref     the branch or tag, without refs/heads/
    """

    commit: str = ""
    ref: str = ""
    event: Event | None = None


class ProjectReport(Struct, frozen=True, dict=True):
    """One project of a run: one plan, priced and judged. Resources stand in the plan's order.

    `looked` are the files and folders that reading it has looked at beside plans, configuration and variables, there or not.
    """

    name: str
    path: str
    resources: tuple[ResourceCost, ...]
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    not_evaluated: tuple[NotEvaluated, ...] = ()
    looked: frozenset[Path] = frozenset()

    @cached_property
    def totals(self) -> Totals:
        """Sums over the project's resources."""
        return totals(self.resources, self.not_evaluated)

    @property
    def is_unread(self) -> bool:
        """Whether it could not be read, so that its having no resources says nothing."""
        return any(finding.rule == UNREAD for finding in self.findings)

    @property
    def as_given(self) -> ProjectReport:
        """The project without what is assumed of usage: what is known of it."""
        return replace(self, resources=tuple(one.as_given for one in self.resources))

    def without_attributes(self) -> ProjectReport:
        """Return it without the attributes of its resources, which no report shows: what differs is in `differences`."""
        kept = tuple(replace(one, change=one.change.without_attributes()) for one in self.resources)
        return replace(self, resources=kept)


class RuleUse(Struct, frozen=True):
    """How far a rule was of use in a run: one that matched nothing, or that never applied, has guarded nothing.

    matched  how many resources, plans or budgets its `match` fits
    applied  whether its `when` was true, or not known, for any of them
    """

    matched: int
    applied: bool


_WARNING = {FindingStatus.FAIL, FindingStatus.UNKNOWN}


class Counts(Struct, frozen=True):
    """How many resources and findings a run has: each report that says a number says this one.

    changed   resources that are not the same after the change, in themselves or in their cost
    needs_approval  those of `blocking` that somebody may approve
    warnings  violations and open questions that do not block; of answers that wait for one missing fact, one
    errors    rules that could not be evaluated and do not block; `unread` are projects that could not be read
    """

    resources: int
    changed: int
    blocking: int
    warnings: int
    errors: int
    unread: int
    waived: int
    pre_existing: int
    needs_approval: int = 0
    approved: int = 0


class Report(Struct, frozen=True, dict=True):
    """A whole run.

    judged        False for an estimate, which no rule has seen
    compares      whether an estimate is of a change, so that what differs matters more than the bill
    rules         ids of the rules that judged it; those without a finding have passed
    findings      of the run as a whole (unused waivers, budgets over several projects); a project's own are in it
    warnings      what a reader should know of the input (recovered debris, a stale catalog), one line each
    pull_request  the change that the run was for, where its environment tells
    revision      the commit, branch and event that the run was for
    inputs        files that the verdict depends on, each with who has written it; of an estimate, none
    team_tag      the tag (or label) by which costs are summed by team
    with_ids      whether the JSON tells the ids by which the vendor's bill calls the resources
    usage_profile the profile that usage is assumed by where none is given: "medium"; "" where none is assumed
    ledger        what bills have come to, where guardrail.yaml names a snapshot of a ledger
    hashes        what the verdict was made from; None of an estimate, and of results that do not tell
    repository    owner/name as the CI tells it, "" where nothing does
    rule_use      by rule id, how far it was of use
    """

    projects: tuple[ProjectReport, ...]
    currency: str
    generated_at: datetime
    tool_version: str
    catalog: tuple[CatalogInfo, ...] = ()
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    judged: bool = True
    compares: bool = False
    rules: tuple[str, ...] = ()
    pull_request: PullRequest | None = None
    inputs: tuple[Input, ...] = ()
    team_tag: str = TEAM_TAG
    revision: Revision = Revision()
    with_ids: bool = True
    usage_profile: str = ""
    ledger: LedgerView | None = None
    hashes: Hashes | None = None
    repository: str = ""
    rule_use: Mapping[str, RuleUse] = field(default_factory=dict)

    @cached_property
    def totals(self) -> Totals:
        """Sums over all projects."""
        return sum((project.totals for project in self.projects), Totals())

    @property
    def lacking(self) -> frozenset[tuple[str, str, str]]:
        """Vendor, service and region of prices that are missing and that the vendors' lists have."""
        sides = (
            side
            for project in self.projects
            for resource in project.resources
            for side in (resource.before, resource.after)
            if side
        )
        return frozenset(line.lacks for side in sides for line in side.lines if line.lacks)

    @cached_property
    def all_findings(self) -> tuple[Finding, ...]:
        """The findings of the run and of every project."""
        return self.findings + tuple(f for project in self.projects for f in project.findings)

    @property
    def looked(self) -> frozenset[Path]:
        """What reading the projects has looked at beside their own files."""
        return frozenset[Path]().union(*(project.looked for project in self.projects))

    @cached_property
    def missing_facts(self) -> tuple[MissingFact, ...]:
        """What is not known, and keeps several answers of rules from being known."""
        return missing_facts(self.all_findings)

    def as_told(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return findings as they are told: what waits for one missing fact is one, among what blocks if any of it does."""
        told: dict[int, Finding] = {}
        for finding in findings:
            shown = self._told.get(id(finding), finding)
            if (shown.blocking, shown.needs_approval) == (finding.blocking, finding.needs_approval):
                told.setdefault(id(shown), shown)
        return list(told.values())

    @cached_property
    def _told(self) -> dict[int, Finding]:
        return {id(one): fact.as_finding for fact in self.missing_facts for one in fact.findings}

    @cached_property
    def counts(self) -> Counts:
        """How many resources and findings there are."""
        resources = [resource for project in self.projects for resource in project.resources]
        quiet = [one for one in self.all_findings if not one.blocking]
        unread = [one for one in self.all_findings if one.rule == UNREAD]
        status = Counter(one.status for one in quiet if one.rule != UNREAD)
        return Counts(
            resources=len(resources),
            changed=sum(resource.changes for resource in resources),
            blocking=len(self.all_findings) - len(quiet),
            warnings=len(self.as_told(one for one in quiet if one.status in _WARNING)),
            errors=status[FindingStatus.ERROR],
            unread=len(unread),
            waived=status[FindingStatus.WAIVED],
            pre_existing=status[FindingStatus.PRE_EXISTING],
            needs_approval=sum(one.needs_approval for one in self.all_findings),
            approved=status[FindingStatus.APPROVED],
        )

    @cached_property
    def basis(self) -> str:
        """Which prices amounts stand on: the vendors' lists, or your own where any was applied."""
        sides = (side for project in self.projects for r in project.resources for side in (r.before, r.after) if side)
        own = any(line.price and line.price.list_price is not None for side in sides for line in side.lines)
        return "your prices" if own else "list prices"

    @property
    def verdict(self) -> Verdict:
        """Fail if anything blocks; warn if a violation or an unanswered question is left; else pass."""
        if any(finding.blocking for finding in self.all_findings):
            return Verdict.FAIL
        loud = {FindingStatus.FAIL, FindingStatus.UNKNOWN, FindingStatus.ERROR}
        if any(finding.status in loud for finding in self.all_findings):
            return Verdict.WARN
        return Verdict.PASS

    def exit_code(self, fail_on: FailOn = FailOn.DENY) -> ExitCode:
        """Return the exit code that the verdict stands for; a rule that could not be evaluated is 2, not 1."""
        if any(finding.status is FindingStatus.ERROR for finding in self.all_findings):
            return ExitCode.NOT_EVALUATED
        blocked = {FailOn.DENY: {Verdict.FAIL}, FailOn.WARN: {Verdict.FAIL, Verdict.WARN}, FailOn.NEVER: set()}
        return ExitCode.BLOCKED if self.verdict in blocked[fail_on] else ExitCode.OK
