"""Where in the repository the files lie that a report names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from guardrail.model.finding import Finding
from guardrail.model.remedy import Edit
from guardrail.model.report import ProjectReport, Report
from guardrail.paths import followed

_USUAL_FILE = "main.tf"


def repository_files(report: Report, here: Path) -> dict[tuple[str, str], str]:
    """Return where in the repository the files of findings and resources are, by project name and file.

    Only those that are there.
    """
    top = repository_top(here)
    found: dict[tuple[str, str], str] = {}
    for project in report.projects:
        sources = [resource.change.source for resource in project.resources if resource.change.source]
        named = {place.file for source in sources for place in (source, *source.calls)}
        for file in named | {finding.file for finding in project.findings if finding.file}:
            if path := _found(file, _folders(project, here), top):
                found[project.name, file] = path.relative_to(top).as_posix()
    return found


def seen_from_repository(report: Report, here: Path) -> Report:
    """Return the report with its projects' folders told from the repository's top, and files only that are there.

    A finding without a file gets one of its project's folder, without a line. What concerns the whole run does so
    where there is but one project.
    """
    top = repository_top(here)
    projects = tuple(_seen(project, here, top) for project in report.projects)
    only = _home(report.projects[0], list(_folders(report.projects[0], here)), top) if len(projects) == 1 else None
    usual = _usual_file(only) if only else None
    default = (only / usual).relative_to(top).as_posix() if only and usual else None
    whole = (_relocated(finding, [here], top, top) for finding in report.findings)
    return replace(report, projects=projects, findings=tuple(_with_file(finding, default) for finding in whole))


def _seen(project: ProjectReport, here: Path, top: Path) -> ProjectReport:
    folders = list(_folders(project, here))
    home = _home(project, folders, top)
    usual = _usual_file(home)
    findings = (_relocated(finding, folders, home, top) for finding in project.findings)
    return replace(
        project,
        path=home.relative_to(top).as_posix(),
        findings=tuple(_with_file(finding, usual) for finding in findings),
    )


def _home(project: ProjectReport, folders: list[Path], top: Path) -> Path:
    """Return the folder of a project's root module: the topmost that its resources are written in, if that is known."""
    files = {resource.change.source.file for resource in project.resources if resource.change.source}
    known = [path.parent for file in files if (path := _found(file, folders, top))]
    if known:
        return min(known, key=lambda path: (len(path.parts), path))
    inside = (folder for folder in folders if folder.is_relative_to(top))
    return next((folder for folder in inside if os.path.isdir(folder)), top)  # noqa: PTH112 - never raises


def _with_file(finding: Finding, file: str | None) -> Finding:
    return finding if finding.file or not file else replace(finding, file=file, line=None, end_line=None)


def _relocated(finding: Finding, folders: list[Path], home: Path, top: Path) -> Finding:
    """Return a finding whose file is told from `home`, or without one if it is not there."""

    def told(file: str) -> str | None:
        path = _found(file, folders, top)
        return Path(os.path.relpath(path, home)).as_posix() if path else None

    return replace(
        finding,
        file=told(finding.file) if finding.file else None,
        calls=tuple(replace(call, file=file) for call in finding.calls if (file := told(call.file))),
        edit=_relocated_edit(finding.edit, told) if finding.edit else None,
    )


def _relocated_edit(edit: Edit, told: Callable[[str], str | None]) -> Edit | None:
    """Return an edit with each file as it is told; None if one of them is not there."""
    lines = tuple(replace(one, file=file) for one in edit.replacements if (file := told(one.file)))
    return replace(edit, replacements=lines) if len(lines) == len(edit.replacements) else None


def _usual_file(folder: Path) -> str | None:
    names = sorted(path.name for path in folder.glob("*.tf"))
    return _USUAL_FILE if _USUAL_FILE in names else next(iter(names), None)


def _folders(project: ProjectReport, here: Path) -> Iterator[Path]:
    """Give the places that a project's files are told from: its folder, the folder of its plan, where we are."""
    if project.path.isprintable():
        yield from (followed(here / project.path), followed(here / project.path).parent)
    yield followed(here)


def _found(file: str, folders: Iterable[Path], top: Path) -> Path | None:
    """Return the file if it is in the repository. Names may come from a result that nobody has looked at."""
    places = (followed(folder / file) for folder in folders) if file.isprintable() else ()
    return next((path for path in places if os.path.isfile(path) and path.is_relative_to(top)), None)  # noqa: PTH113 - never raises


def repository_top(here: Path) -> Path:
    """Return the top of the repository that an absolute folder lies in; the folder itself outside of one."""
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here).resolve()
