"""Findings as alerts on files of the repository: what SARIF, JUnit, annotations and code quality reports share."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from decimal import Decimal
from enum import IntEnum

from msgspec import Struct
from msgspec.structs import replace

from guardrail.model.finding import Finding, FindingStatus, Severity
from guardrail.model.money import ZERO
from guardrail.model.remedy import Edit
from guardrail.model.report import ProjectReport, Report
from guardrail.report.approvals_text import needed
from guardrail.report.format import standing
from guardrail.report.text import safe
from guardrail.report.view import View

APPROXIMATE = "Location approximate: the plan does not say where this is written."
"""What an alert says whose place is only the folder that it comes from."""

_USUAL_FILE = "main.tf"
_TEXT_LIMIT = 1_000
_PATH_LIMIT = 400
_PLACE_IN_INPUT = re.compile(r"\[\d+\]$")  # an input with several plans counts them
_PLAN = re.compile(r"(?:\.(?:json|tfplan|plan|out|bin)|(?:^|/)tfplan|(?:^|/)stdin)$")


class Level(IntEnum):
    """How loud an alert is."""

    NOTE = 0
    WARNING = 1
    ERROR = 2


class Alert(Struct, frozen=True):
    """A finding, and where in the repository it belongs.

    project  label of its project
    path     of a file, from the repository's top, with slashes
    end      the last line of the block that begins at `line`; None where that is not known
    exact    whether path and line are where the matter is written; else they name the project's usual file
    edit     the finding's edit with its files told from the repository's top; None where it has none there
    effect   what the resource adds to the month's bill or takes from it, without a sign
    """

    finding: Finding
    project: str
    path: str
    line: int
    end: int | None
    exact: bool
    effect: Decimal
    edit: Edit | None = None

    @property
    def level(self) -> Level:
        """Error for what blocks or could not be judged; note for what was there before, is approved, or only informs."""
        finding = self.finding
        if finding.blocking or finding.status is FindingStatus.ERROR:
            return Level.ERROR
        settled = {FindingStatus.PRE_EXISTING, FindingStatus.APPROVED}
        quiet = finding.status in settled or finding.severity is Severity.INFO
        return Level.NOTE if quiet else Level.WARNING

    @property
    def message(self) -> str:
        """What is wrong, after what has become of it: that it was there before, that somebody has approved it, or that somebody has to."""
        finding = self.finding
        state = "pre-existing" if finding.status is FindingStatus.PRE_EXISTING else ""
        if finding.status is FindingStatus.APPROVED or finding.needs_approval:
            state = needed(finding) or standing(finding)
        text = safe(finding.message, _TEXT_LIMIT)
        return f"{state}. {text}" if state and state != "pre-existing" else f"{state}: {text}" if state else text

    @property
    def subject(self) -> str:
        """What it is about, in one line: the resource, or the project, after the project where there are several."""
        address = safe(self.finding.address, 160)
        return ": ".join(filter(None, [self.project, address]))

    @property
    def order(self) -> tuple[int, int, Decimal, str, str, str, str]:
        """Sorts the loudest first, then the most severe, then the dearest."""
        finding = self.finding
        names = finding.rule, self.project, finding.address, finding.message
        return (-self.level, -finding.severity.rank, -self.effect, *names)


def alerts(report: Report, *, waived: bool = False) -> list[Alert]:
    """Return every finding that nobody has waived, in its order; `waived`: those, too."""
    found = [alert for alert in _alerts(report) if waived or alert.finding.status is not FindingStatus.WAIVED]
    return sorted(found, key=lambda alert: alert.order)


def repository_path(folder: str, file: str) -> str | None:
    """Return the path of a project's file from the repository's top; None for one that is not in the repository.

    Absolute paths, addresses, what leads out of the repository and what Terraform has downloaded are not.
    """
    joined = posixpath.join(folder.replace("\\", "/"), file.replace("\\", "/"))
    path = posixpath.normpath(joined)
    parts = path.split("/")
    strange = ":" in path or len(path) > _PATH_LIMIT or safe(path) != path
    if strange or path.startswith("/") or parts[0] in {"..", "."} or ".terraform" in parts:
        return None
    return path


def folder_of(project: ProjectReport) -> str:
    """Return the folder of a project whose path may be that of its plan."""
    path = _PLACE_IN_INPUT.sub("", project.path).replace("\\", "/")
    return posixpath.dirname(path) if _PLAN.search(path) else path


def _alerts(report: Report) -> Iterator[Alert]:
    view = View(report)
    several = len(report.projects) > 1
    for finding in report.findings:
        yield Alert(finding, "", *_place("", finding), ZERO)
    for label, project in zip(view.labels, report.projects, strict=True):
        effects = {resource.change.address: abs(resource.monthly_delta or ZERO) for resource in project.resources}
        for finding in project.findings:
            place = _place(folder_of(project), finding)
            effect = effects.get(finding.address, ZERO)
            yield Alert(finding, label if several else "", *place, effect, edit_at(folder_of(project), finding))


def edit_at(folder: str, finding: Finding) -> Edit | None:
    """Return a finding's edit with the files told from the repository's top; None where one of them is not in it."""
    if finding.edit is None:
        return None
    paths = [repository_path(folder, one.file) for one in finding.edit.replacements]
    lines = tuple(replace(one, file=path) for one, path in zip(finding.edit.replacements, paths, strict=True) if path)
    return replace(finding.edit, replacements=lines) if lines and len(lines) == len(paths) else None


def _place(folder: str, finding: Finding) -> tuple[str, int, int | None, bool]:
    path = repository_path(folder, finding.file) if finding.file else None
    if path:
        is_known = finding.line is not None
        return path, finding.line or 1, finding.end_line if is_known else None, is_known
    return repository_path(folder, _USUAL_FILE) or _USUAL_FILE, 1, None, False
