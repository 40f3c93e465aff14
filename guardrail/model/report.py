"""The outcome of a run: all that a report, a platform or an exit code may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.model.cost import ResourceCost, counted
from guardrail.model.exit_code import ExitCode
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.money import ZERO
from guardrail.model.not_evaluated import NotEvaluated
from guardrail.model.runs.input import Input
from guardrail.model.runs.missing_fact import MissingFact, missing_facts

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


class Bound(StrEnum):
    """What is known of an amount from which something may be missing."""

    EXACT = "exact"
    AT_LEAST = "at-least"
    AT_MOST = "at-most"
    NOT_KNOWN = "not-known"
    ABOUT = "about"  # part of it stands on assumed usage, which may be more or less


class Totals(Struct, frozen=True):
    """Sums of what is known, and what is missing from them.

    unpriced        resources with something that has no price, before the change or after it
    usage_based     resources that depend on usage which is not given
    not_evaluated   blocks that stand for resources nobody could tell, changes left to a later plan, and the like
    assumed         resources of which something stands on an assumption: the sums hold it
    gap_before, gap_after      whether anything, of whatever kind, is missing from the sum before and after
    delta_gap_before, ..       whether anything is missing from either side of the delta
    unpriced_before            whether more than usage is missing before, so that no percentage can be told
    assumed_usage_before, ..   the parts of the sums that stand on assumed usage
    on_assumed_usage           resources of which something stands on assumed usage; `usage_based` does not hold these
    before_on_assumed_usage, ..  whether a sum stands on it; of the delta, what is assumed alike on both sides cancels out
    usage_profile              the profile that the usage is assumed by, "" for none
    """

    monthly_before: Decimal = ZERO
    monthly_cost: Decimal = ZERO
    monthly_delta: Decimal = ZERO
    unpriced: int = 0
    usage_based: int = 0
    not_evaluated: int = 0
    assumed: int = 0
    gap_before: bool = False
    gap_after: bool = False
    delta_gap_before: bool = False
    delta_gap_after: bool = False
    unpriced_before: bool = False
    assumed_usage_before: Decimal = ZERO
    assumed_usage: Decimal = ZERO
    assumed_usage_delta: Decimal = ZERO
    on_assumed_usage: int = 0
    before_on_assumed_usage: bool = False
    after_on_assumed_usage: bool = False
    delta_on_assumed_usage: bool = False
    usage_profile: str = ""

    @property
    def delta_percent(self) -> Decimal | None:
        """The delta in percent of what was; None where that is zero, or not completely priced: there is no such number."""
        if not self.monthly_before or self.unpriced_before:
            return None
        return self.monthly_delta / self.monthly_before * 100

    @property
    def before_bound(self) -> Bound:
        """What `monthly_before` is to what was paid."""
        return _bound(is_assumed=self.before_on_assumed_usage, is_open=self.gap_before)

    @property
    def cost_bound(self) -> Bound:
        """What `monthly_cost` is to what will be paid."""
        return _bound(is_assumed=self.after_on_assumed_usage, is_open=self.gap_after)

    @property
    def delta_bound(self) -> Bound:
        """What `monthly_delta` is to the change of the bill."""
        bound = bound_of_delta(gap_before=self.delta_gap_before, gap_after=self.delta_gap_after)
        return Bound.ABOUT if self.delta_on_assumed_usage and bound is not Bound.NOT_KNOWN else bound

    @property
    def lower_bound(self) -> bool:
        """Whether anything is missing from the sums."""
        return self.gap_before or self.gap_after

    def __add__(self, other: Totals) -> Totals:
        amounts = (getattr(self, name) + getattr(other, name) for name in _SUMMED)
        flags = (getattr(self, name) or getattr(other, name) for name in _FLAGS)
        values = dict(zip((*_SUMMED, *_FLAGS), (*amounts, *flags), strict=True))
        return Totals(**values, usage_profile=self.usage_profile or other.usage_profile)


_FLAGS = (
    "gap_before",
    "gap_after",
    "delta_gap_before",
    "delta_gap_after",
    "unpriced_before",
    "before_on_assumed_usage",
    "after_on_assumed_usage",
    "delta_on_assumed_usage",
)
_SUMMED = tuple(name for name in Totals.__struct_fields__ if name not in {*_FLAGS, "usage_profile"})


def _bound(*, is_assumed: bool, is_open: bool) -> Bound:
    # Less may be used than is assumed, or more: a sum that stands on it is no bound, whatever else is missing.
    if is_assumed:
        return Bound.ABOUT
    return Bound.AT_LEAST if is_open else Bound.EXACT


def bound_of_delta(*, gap_before: bool, gap_after: bool) -> Bound:
    """Say what a difference of known amounts is to the real one, by the sides that something is missing from."""
    if gap_before and gap_after:
        return Bound.NOT_KNOWN
    return Bound.AT_LEAST if gap_after else Bound.AT_MOST if gap_before else Bound.EXACT


def totals(resources: tuple[ResourceCost, ...], not_evaluated: tuple[NotEvaluated, ...] = ()) -> Totals:
    """Sum the resources of one project."""
    several = counted(resources)
    changing = [(resource, number) for resource, number in several if not resource.stays]
    gaps = [resource.delta_gaps for resource, _ in changing] + [one.opens_delta for one in not_evaluated]
    sides = [(resource.sides, number) for resource, number in several]
    befores = [(resource.before, number) for resource, number in several if resource.before]
    afters = [(resource.after, number) for resource, number in several if resource.after]
    return Totals(
        sum((side.total * number for side, number in befores), ZERO),
        sum((side.total * number for side, number in afters), ZERO),
        sum((resource.total_delta * number for resource, number in changing), ZERO),
        unpriced=sum(number for both, number in sides if any(side.unpriced for side in both)),
        usage_based=sum(number for both, number in sides if any(side.usage_based for side in both)),
        not_evaluated=len(not_evaluated),
        assumed=sum(number for side, number in afters if side.assumed),
        gap_before=any(side.is_lower_bound for side, _ in befores) or any(one.before for one in not_evaluated),
        gap_after=any(side.is_lower_bound for side, _ in afters) or any(one.after for one in not_evaluated),
        delta_gap_before=any(before for before, _ in gaps),
        delta_gap_after=any(after for _, after in gaps),
        unpriced_before=any(side.unpriced for side, _ in befores) or any(one.before for one in not_evaluated),
        assumed_usage_before=sum((side.assumed_usage * number for side, number in befores), ZERO),
        assumed_usage=sum((side.assumed_usage * number for side, number in afters), ZERO),
        assumed_usage_delta=sum((resource.assumed_usage_delta * number for resource, number in changing), ZERO),
        on_assumed_usage=sum(number for both, number in sides if any(side.on_assumed_usage for side in both)),
        before_on_assumed_usage=any(side.on_assumed_usage for side, _ in befores),
        after_on_assumed_usage=any(side.on_assumed_usage for side, _ in afters),
        delta_on_assumed_usage=any(resource.delta_on_assumed_usage for resource, _ in changing),
        usage_profile=next(
            (line.usage_profile for side, _ in (*afters, *befores) for line in side.on_assumed_usage), ""
        ),
    )


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
