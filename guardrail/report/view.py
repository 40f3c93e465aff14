"""What the reports for people show of a run, and in which order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from guardrail.model.cost import ResourceCost, ResourceStatus
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.order import natural
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.report import UNREAD, ProjectReport, Report
from guardrail.model.resource import Action, SourceLine
from guardrail.model.runs.input import SUBJECTS, Input, Origin
from guardrail.report.format import bottom_line, count, status_word
from guardrail.report.parts import gaps
from guardrail.report.parts.gaps import Gap
from guardrail.report.parts.rows import Alike, Natural, Row, by_cost, by_effect, has_effect, worth
from guardrail.report.parts.sums import NOT_EVALUATED, ROOT_MODULE, Sum, module, services, summed, teams
from guardrail.report.text import safe

if TYPE_CHECKING:
    from guardrail.report.parts.billed import Billed

_WARNING = {FindingStatus.FAIL, FindingStatus.UNKNOWN}
_ACCEPTED = {FindingStatus.WAIVED, FindingStatus.APPROVED, FindingStatus.PRE_EXISTING}
_LIMIT = 80
_PLANS = 3  # that a command names
_NOTE_LIMIT = 400
_NAMED = 5  # files in one line
_TAG_LIMIT = 40
_LONGEST_ADDRESS = 300  # a longer one cannot be pasted whole, and cut it would not match


class View:
    """A report sorted into the parts that people read."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.labels = _labels(report.projects)

    @cached_property
    def projects(self) -> list[tuple[str, ProjectReport]]:
        """The projects with their labels, the greatest effect on cost first."""
        return sorted(zip(self.labels, self.report.projects, strict=True), key=_by_total)

    @cached_property
    def rows(self) -> list[Row]:
        """All resources, the greatest effect on cost first."""
        labels = self.labels if len(self.labels) > 1 else [""] * len(self.labels)
        pairs = zip(labels, self.report.projects, strict=True)
        rows = [Row(label, resource, project.name) for label, project in pairs for resource in project.resources]
        return sorted(rows, key=by_effect)

    @cached_property
    def changed(self) -> list[Row]:
        """Resources whose cost changes, or changes by an amount that is not known."""
        return [row for row in self.rows if row.resource.changes and has_effect(row)]

    @cached_property
    def changed_alike(self) -> list[Alike]:
        """Those of `changed`, what is alike together, the greatest effect first: 50 machines are one line to read."""
        groups: defaultdict[object, list[Row]] = defaultdict(list)
        for row in self.changed:
            one = row.resource
            key = one.change.type, one.change.action, one.before, one.after, one.differences, row.project
            groups[key].append(row)
        return sorted((Alike(tuple(rows)) for rows in groups.values()), key=lambda one: -abs(one.effect))

    @cached_property
    def same_cost(self) -> list[Row]:
        """Resources that change without an effect on cost."""
        return [row for row in self.rows if row.resource.changes and not has_effect(row)]

    @cached_property
    def unchanged(self) -> list[Row]:
        """Resources that stay as they are."""
        return [row for row in self.rows if not row.resource.changes]

    @cached_property
    def without_cost(self) -> list[str]:
        """What becomes of the resources that change without an effect on cost: "3 created at no cost"."""
        phrases = {Action.CREATE: "created at no cost", Action.DELETE: "deleted at no cost"}
        groups: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self.same_cost:
            groups[phrases.get(row.resource.change.action, "changed at the same cost")].append(row)
        order = ("changed at the same cost", *phrases.values())
        groups["unchanged"] = self.unchanged
        return [
            f"{len(rows):,} {words}" + ("" if words in phrases.values() else f": {worth(rows, self.report.currency)}")
            for words in (*order, "unchanged")
            if (rows := groups[words])
        ]

    @cached_property
    def by_service(self) -> list[Sum]:
        """What each service costs, the greatest delta first. What was not evaluated stands for itself."""
        parts = [part for resource in self._resources for part in services(resource) if part[0]]
        return summed(parts, [(NOT_EVALUATED, one) for one in self._missing])

    @cached_property
    def by_module(self) -> list[Sum]:
        """What each module instance costs."""
        return summed(
            [(module(resource), resource) for resource in self._resources],
            [(one.module or ROOT_MODULE, one) for one in self._missing],
        )

    @cached_property
    def by_team(self) -> list[Sum]:
        """What each team pays for, by the tag that the configuration names; [] where no resource has one."""
        tag = self.report.team_tag
        parts = [part for resource in self._resources if any(resource.sides) for part in teams(resource, tag)]
        sums = summed(parts, [(NOT_EVALUATED, one) for one in self._missing])
        return sums if any(not one.name.startswith("(") for one in sums) else []

    @cached_property
    def by_project(self) -> list[Sum]:
        """What each project costs, by its label."""
        return [Sum(label, project.totals, len(project.resources)) for label, project in self.projects]

    @cached_property
    def sums(self) -> list[tuple[str, list[Sum]]]:
        """The sums by service, module and team, each with its name, where there are several of a kind."""
        team = safe(self.report.team_tag, _TAG_LIMIT).capitalize()
        found = [("Service", self.by_service), ("Module", self.by_module), (team, self.by_team)]
        return [(name, sums) for name, sums in found if len(sums) > 1]

    @cached_property
    def billed(self) -> Billed | None:
        """What bills have come to beside the estimates, None where nothing tells it."""
        if self.report.ledger is None:
            return None
        from guardrail.report.parts.billed import billed  # noqa: PLC0415 - few have a snapshot of a ledger

        return billed(self.report.ledger, self.rows, self.report.currency)

    @property
    def _resources(self) -> Iterator[ResourceCost]:
        return (resource for project in self.report.projects for resource in project.resources)

    @property
    def _missing(self) -> list[NotEvaluated]:
        return [one for project in self.report.projects for one in project.not_evaluated]

    def place_of(self, row: Row) -> SourceLine | None:
        """Return the line to look at for a resource: that of the module call where many come from one line."""
        source = row.resource.change.source
        # One line of a module that is called often says little: the calls differ.
        if source and source.calls and self._from_one_line[source.file, source.line] > 1:
            return source.calls[-1]
        return source

    @cached_property
    def _from_one_line(self) -> Counter[tuple[str, int]]:
        sources = (resource.change.source for resource in self._resources)
        return Counter((source.file, source.line) for source in sources if source)

    @cached_property
    def bill(self) -> list[Row]:
        """Resources with cost lines, the dearest first; one that goes away is listed by what it did cost."""
        return sorted((row for row in self.rows if row.side and row.side.lines), key=by_cost)

    @cached_property
    def free(self) -> list[Row]:
        """Resources that cost nothing."""
        return [row for row in self.rows if row.resource.status is ResourceStatus.FREE]

    @cached_property
    def unpriced(self) -> list[Gap]:
        """What has no price, by reason: unsupported types are counted, everything else is named."""
        return gaps.unpriced(self.rows, self.report.currency)

    @cached_property
    def not_evaluated(self) -> list[Gap]:
        """What stands for resources that nobody could tell; a project of which nothing was read is in `unread`."""
        return gaps.not_evaluated(self.labels, self.report.projects)

    @cached_property
    def remedies(self) -> list[str]:
        """What to do so that what has no price gets one, each once, what helps most resources first."""
        # Of a comparison, what has no price may be of the side whose path the report does not name.
        return gaps.remedies(self.rows, () if self.report.compares else self.report.projects)

    @cached_property
    def usage_based(self) -> list[Gap]:
        """Lines that depend on usage which nobody gave, by resource type."""
        return gaps.usage_based(self.rows, self.report.currency)

    @cached_property
    def assumed(self) -> list[Gap]:
        """Each assumption once, with the types and the number of the resources that stand on it."""
        return gaps.assumed(self.rows)

    @cached_property
    def findings(self) -> list[Finding]:
        """All findings: what blocks first, then by severity, rule and address."""
        return sorted(self.report.all_findings, key=_by_weight)

    @cached_property
    def blocking(self) -> list[Finding]:
        """Findings that keep the change from passing, and that nobody can approve."""
        return [finding for finding in self.findings if finding.blocking and not finding.needs_approval]

    @cached_property
    def pending(self) -> list[Finding]:
        """Findings that keep the change from passing until somebody approves them."""
        return [finding for finding in self.findings if finding.needs_approval]

    @cached_property
    def approvable(self) -> list[Finding]:
        """Those of them that a command to paste can approve."""
        return [f for f in self.pending if max(len(f.address), len(f.rule)) <= _LONGEST_ADDRESS]

    @cached_property
    def waivable(self) -> list[Finding]:
        """Blocking findings that an entry to paste can waive, those about a resource first."""
        found = (f for f in (*self.blocking, *self.pending) if not (f.waiver_needs and f.waiver_needs.refused))
        fit = [f for f in found if max(len(f.address), len(f.rule)) <= _LONGEST_ADDRESS]
        return sorted(fit, key=lambda finding: not finding.address)

    @cached_property
    def errors(self) -> list[Finding]:
        """Rules that could not be evaluated: neither passed nor failed."""
        return [f for f in self.findings if f.status is FindingStatus.ERROR and f.rule != UNREAD and not f.blocking]

    @cached_property
    def unread(self) -> list[Finding]:
        """Plans and root modules that could not be read."""
        return [finding for finding in self.findings if finding.rule == UNREAD]

    @cached_property
    def warnings(self) -> list[Finding]:
        """Violations and unanswered questions that do not block."""
        return [f for f in self.findings if f.status in _WARNING and not f.blocking]

    @cached_property
    def accepted(self) -> list[Finding]:
        """Findings that were there before the change, or that somebody has approved or waived."""
        return [f for f in self.findings if f.status in _ACCEPTED and not f.blocking]

    @cached_property
    def quiet(self) -> bool:
        """Whether there is nothing to tell: no change, nothing that blocks, no warning."""
        if not self.report.judged:
            return not self.rows and not self._is_incomplete and not self.unread
        # What is approved is told, even where nothing else is.
        has_findings = (
            self.report.counts.approved
            or self.blocking
            or self.pending
            or self.unread
            or self.errors
            or self.warnings
            or self.notes
            or self.supplied
        )
        return not has_findings and not any(map(has_news, self.report.projects))

    @cached_property
    def notes(self) -> list[str]:
        """What a reader should know of the input: the run's warnings, then those of each project."""
        several = len(self.labels) > 1
        found = dict.fromkeys(safe(text, _NOTE_LIMIT) for text in self.report.warnings)
        for label, project in zip(self.labels, self.report.projects, strict=True):
            prefix = f"{label}: " if several else ""
            found.update(dict.fromkeys(prefix + safe(text, _NOTE_LIMIT) for text in project.warnings))
        return list(found)

    @cached_property
    def supplied(self) -> list[Input]:
        """What judges the change and is its own: it adds or edits it. What is judged goes without saying."""
        return [one for one in self.report.inputs if one.origin is Origin.CHANGE and one.kind not in SUBJECTS]

    @cached_property
    def supplied_line(self) -> str:
        """What judges the change and is its own, in one line; "" for nothing."""
        named = [f"{safe(one.path, _LIMIT)} ({one.kind})" for one in self.supplied[:_NAMED]]
        more = f" and {len(self.supplied) - _NAMED:,} more" if self.supplied[_NAMED:] else ""
        return f"this change edits the policy that it is checked by: {', '.join(named)}{more}" if named else ""

    @cached_property
    def headline(self) -> str:
        """The run in one sentence: what the rules say, then what it does to the bill."""
        report = self.report
        money = bottom_line(report.totals, report.currency, judged=report.judged or report.compares)
        unread = [f"{count(len(self.unread), 'project')} not read"] if self.unread else []
        if not report.judged:
            cost = money if self.rows or self._is_incomplete else "no resources"
            return " · ".join([*unread, cost])
        counts = report.counts
        number = counts.blocking - counts.needs_approval
        phrases = [count(number, "blocking finding")] if number else []
        if counts.needs_approval:
            waiting = f"{counts.needs_approval:,}" if number else count(counts.needs_approval, "finding")
            phrases.append(f"{waiting} need{'s' if counts.needs_approval == 1 else ''} approval")
        phrases += unread
        phrases += [f"{count(counts.errors, 'rule answer')} missing"] if counts.errors else []
        if not phrases:
            phrases = (
                [count(counts.warnings, "warning")] if counts.warnings else ["no changes" if self.quiet else "passed"]
            )
        return f"{', '.join(phrases)} · {money}" if self.rows or self._is_incomplete else ", ".join(phrases)

    @property
    def _is_incomplete(self) -> bool:
        return bool(self.report.totals.not_evaluated)

    @cached_property
    def tally(self) -> str:
        """What else the rules found, in numbers: "2 warnings · 1 unknown · 3 pre-existing · 1 waived"."""
        numbers = Counter(status_word(finding) for finding in (*self.report.as_told(self.warnings), *self.accepted))
        words = {word: word for word in numbers} | {"warning": "warnings" if numbers["warning"] != 1 else "warning"}
        return " · ".join(f"{number:,} {words[word]}" for word, number in numbers.items())

    def project_label(self, finding: Finding) -> str:
        """Return the name to print before an address, "" where all is in one project."""
        if len(self.labels) < 2:  # noqa: PLR2004
            return ""
        return self._found_in.get(id(finding)) or safe(finding.project, _LIMIT)

    @cached_property
    def _found_in(self) -> dict[int, str]:
        pairs = zip(self.labels, self.report.projects, strict=True)
        return {id(finding): label for label, project in pairs for finding in project.findings}


def has_news(project: ProjectReport) -> bool:
    """Say whether a project has a change, something not evaluated, or a finding that nobody has accepted."""
    changes = any(resource.change.action is not Action.NO_OP for resource in project.resources)
    return (
        changes
        or bool(project.not_evaluated)
        or any(finding.blocking or finding.status not in _ACCEPTED for finding in project.findings)
    )


def place(finding: Finding) -> str:
    """Return "file:line", "file" or ""."""
    if not finding.file:
        return ""
    file = safe(finding.file, 160)
    return f"{file}:{finding.line}" if finding.line is not None else file


def _labels(projects: tuple[ProjectReport, ...]) -> list[str]:
    """Return what tells the projects apart: their names, with the paths where names are alike."""
    names = Counter(project.name for project in projects)
    return [
        safe(project.name if names[project.name] == 1 else f"{project.name} ({project.path})", _LIMIT)
        for project in projects
    ]


def _by_total(pair: tuple[str, ProjectReport]) -> tuple[Decimal, Decimal, Natural]:
    totals = pair[1].totals
    return -abs(totals.monthly_delta), -totals.monthly_cost, natural(pair[0])


def _by_weight(finding: Finding) -> tuple[bool, int, int, str, Natural, Natural, Natural]:
    order = list(FindingStatus).index(finding.status)
    names = natural(finding.project), natural(finding.address), natural(finding.message)
    return (not finding.blocking, order, -finding.severity.rank, finding.rule, *names)
