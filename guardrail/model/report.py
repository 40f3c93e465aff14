"""The outcome of a run: all that a report, a platform or an exit code may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from guardrail.model.cost import ResourceCost
from guardrail.model.exit_code import ExitCode
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.money import ZERO


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


@dataclass(frozen=True, slots=True)
class CatalogInfo:
    """Which prices were used: the vendor, the dates of the oldest and the newest price read, and their file's hash."""

    vendor: str
    as_of: str
    oldest: str
    source: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The proposed change that a run was for: its number on the platform, and the commit at its head."""

    number: int
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of what is known. `unpriced` counts resources with something that has no price, `usage_based` those that
    depend on usage which is not given; both are missing from the sums.
    """

    monthly_before: Decimal = ZERO
    monthly_cost: Decimal = ZERO
    monthly_delta: Decimal = ZERO
    unpriced: int = 0
    usage_based: int = 0

    @property
    def delta_percent(self) -> Decimal | None:
        """The delta in percent of what was; None where that is zero, since there is no such number."""
        return self.monthly_delta / self.monthly_before * 100 if self.monthly_before else None

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.monthly_before + other.monthly_before,
            self.monthly_cost + other.monthly_cost,
            self.monthly_delta + other.monthly_delta,
            self.unpriced + other.unpriced,
            self.usage_based + other.usage_based,
        )


def totals(resources: tuple[ResourceCost, ...]) -> Totals:
    """Sum the resources of one project."""
    before = sum((r.monthly_before or ZERO for r in resources), ZERO)
    after = sum((r.monthly_cost or ZERO for r in resources), ZERO)
    delta = sum((r.monthly_delta or ZERO for r in resources), ZERO)
    return Totals(
        before,
        after,
        delta,
        sum(r.unpriced for r in resources),
        sum(bool(r.after and r.after.usage_based) for r in resources),
    )


@dataclass(frozen=True)
class ProjectReport:
    """One project of a run: one plan, priced and judged. Resources stand in the plan's order."""

    name: str
    path: str
    resources: tuple[ResourceCost, ...]
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()

    @cached_property
    def totals(self) -> Totals:
        """Sums over the project's resources."""
        return totals(self.resources)


@dataclass(frozen=True)
class Report:
    """A whole run.

    judged        False for an estimate, which no rule has seen
    compares      whether an estimate is of a change, so that what differs matters more than the bill
    rules         ids of the rules that judged it; those without a finding have passed
    findings      of the run as a whole (unused waivers, budgets over several projects); a project's own are in it
    warnings      what a reader should know of the input (recovered debris, a stale catalog), one line each
    pull_request  the change that the run was for, where its environment tells
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

    @cached_property
    def totals(self) -> Totals:
        """Sums over all projects."""
        return sum((project.totals for project in self.projects), Totals())

    @cached_property
    def all_findings(self) -> tuple[Finding, ...]:
        """The findings of the run and of every project."""
        return self.findings + tuple(f for project in self.projects for f in project.findings)

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
