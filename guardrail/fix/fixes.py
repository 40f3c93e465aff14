"""What can be done about the findings of a run, what cannot and why, and what it saves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from guardrail.check.run import check
from guardrail.config import Settings, Source
from guardrail.fix.attempts import Attempts, read_again
from guardrail.fix.items import Item, items_of, root_of
from guardrail.load import plans
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.money import ZERO
from guardrail.model.remedy import Assignment, Edit, Remedy
from guardrail.model.report import Report
from guardrail.policy.rules.remedies import NO_EDIT
from guardrail.report.diff import replacements
from guardrail.terraform.edit.edited_files import CannotEditError, EditedFiles
from guardrail.terraform.edit.literals import literal
from guardrail.terraform.edit.sensitive_lines import SensitiveLines
from guardrail.terraform.plan.reader import Plan


class Fixed(Struct, frozen=True):
    """A finding and what was done about it, in words and in lines.

    is_proved  that was evaluated, and the finding is gone
    edit       as if it were the only one; None where it is one only together with others, or nobody asked
    """

    finding: Finding
    done: str
    is_proved: bool
    edit: Edit | None


class Left(Struct, frozen=True):
    """A finding that stays, and why."""

    finding: Finding
    reason: str


class Fixes(Struct, frozen=True):
    """What can be done about the findings of a run.

    before  the report as things are
    after   the report with everything done; None where only a new plan can tell
    files   what was, and what is to be, in every file that changes
    read    the plans that it was about
    others  addresses of resources that change as well, since they refer to what was edited
    sensitive  finds the lines that are shown to nobody
    """

    before: Report
    after: Report | None
    fixed: tuple[Fixed, ...]
    left: tuple[Left, ...]
    files: Mapping[Path, tuple[str, str]]
    read: list[tuple[Source, Plan]]
    others: tuple[str, ...]
    sensitive: SensitiveLines

    @property
    def suggested(self) -> Report:
        """The report as things are, its findings with their edits."""
        edits = {id(one.finding): one.edit for one in self.fixed}
        projects = (
            replace(
                project,
                findings=tuple(
                    replace(one, edit=edits[id(one)]) if id(one) in edits else one for one in project.findings
                ),
            )
            for project in self.before.projects
        )
        return replace(self.before, projects=tuple(projects))

    @property
    def saving(self) -> Saving | None:
        """What a month costs before and after; None where only a new plan can tell."""
        return _saving(self.before, self.after) if self.after and any(one.is_proved for one in self.fixed) else None


class Saving(Struct, frozen=True):
    """What a month costs before and after (in the currency of the report), and what that leaves out.

    before, after  the sums of resources that have a complete price both times: others would make it look as if an edit
                   saved what only lost its price
    left_out       how many have not
    """

    before: Decimal
    after: Decimal
    left_out: int


def fixes(
    settings: Settings,
    *,
    with_edits: bool = False,
    read: list[tuple[Source, Plan]] | None = None,
    more: Sequence[Finding] = (),
) -> Fixes:
    """Find what can be done about the findings of what the settings name; no file is written. Raises GuardrailError.

    `with_edits`: what each finding's own edit is, is told as well. `read`, `more`: as of `check`; what is said besides keeps its edits.
    """
    read = plans(settings) if read is None else read
    report = check(settings, read=read, with_remedies=True, more=more)
    items = items_of(read, report)
    # All that can be tried is tried together first: usually it is one evaluation, however many findings there are.
    attempts = Attempts(settings, read, report)
    texts, kept = attempts.settle([item for item in items if item.can_be_tried])
    after = attempts.evaluated(texts) if attempts.can_evaluate else None
    roots = (root_of(source, plan) for source, plan in read)
    sensitive = SensitiveLines({root for root in roots if root})
    return Fixes(
        report,
        after,
        tuple(
            Fixed(
                item.finding,
                _description(item.remedy),
                not item.is_planned,
                _alone(item, sensitive) if with_edits else None,
            )
            for item in kept
        ),
        tuple(Left(item.finding, _why_left(item)) for item in items if item not in kept),
        texts.changes,
        read,
        _others(report, after, kept) if after else (),
        sensitive,
    )


def check_again(settings: Settings, found: Fixes) -> Report:
    """Check what the settings name once its files are edited. Raises GuardrailError."""
    return check(settings, read=read_again(settings, found.read))


def _why_left(item: Item) -> str:
    """Return why a finding stays: what an attempt came to, else what its rule says of it."""
    if item.reason:
        return item.reason
    if item.finding.status is FindingStatus.UNKNOWN:
        return item.finding.message
    return item.remedy.obstacle or NO_EDIT


def _alone(item: Item, sensitive: SensitiveLines) -> Edit | None:
    """Return the lines that an item changes by itself; None where something sensitive is written on one of them."""
    try:
        files = item.edited(EditedFiles()).changes
    except CannotEditError:
        return None
    lines = []
    for file, (old, new) in files.items():
        replaced = list(replacements(file.as_posix(), old, new))
        was = {line for one in replaced for line in range(one.first_line, one.last_line + 1)}
        if was & sensitive.of(file, old):
            return None
        lines += replaced
    return Edit(_description(item.remedy), tuple(lines)) if lines else None  # no lines: it is done already


def _description(remedy: Remedy) -> str:
    return ", ".join(
        f"{step} = {literal(step.value)}" if isinstance(step, Assignment) else str(step) for step in remedy.steps
    )


def _saving(before: Report, after: Report) -> Saving:
    was, will = (
        {(project.name, one.change.address): one for project in report.projects for one in project.resources}
        for report in (before, after)
    )
    both = {key: (one, will[key]) for key, one in was.items() if key in will}  # an edit may change how many there are
    sure = [(one, other) for one, other in both.values() if not one.unpriced and not other.unpriced]
    return Saving(
        sum((one.monthly_cost or ZERO for one, _ in sure), ZERO),
        sum((other.monthly_cost or ZERO for _, other in sure), ZERO),
        len(both) - len(sure),
    )


def _others(before: Report, after: Report, kept: list[Item]) -> tuple[str, ...]:
    """Return the addresses of resources that are there before and after, and not the same though nothing was wrong."""
    # An edit of a map of tags, or of a variable, reaches further than the findings that asked for it.
    asked = {(item.finding.project, item.finding.address) for item in kept}
    was, will = (
        {
            (project.name, one.change.address): one.change.after
            for project in report.projects
            for one in project.resources
        }
        for report in (before, after)
    )
    return tuple(
        key[1]
        for key, side in was.items()
        if key not in asked and side and (now := will.get(key)) and now.values != side.values
    )
