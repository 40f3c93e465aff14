"""Where in the repository the files lie that a report names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from guardrail.model.finding import Finding
from guardrail.model.report import ProjectReport, Report

_USUAL_FILE = "main.tf"


def repository_files(report: Report, here: Path) -> dict[tuple[str, str], str]:
    """Return where in the repository the files of findings are, by project name and file, for those that are there."""
    top = _top(here)
    found: dict[tuple[str, str], str] = {}
    for project in report.projects:
        for file in {finding.file for finding in project.findings if finding.file}:
            if path := _found(file, _folders(project, here), top):
                found[project.name, file] = path.relative_to(top).as_posix()
    return found


def seen_from_repository(report: Report, here: Path) -> Report:
    """Return the report with its projects' folders told from the repository's top, and files only that are there.

    A finding without a file gets one of its project's folder, without a line.
    """
    top = _top(here)
    whole = tuple(_relocated(finding, [here], top, top) for finding in report.findings)
    return replace(report, projects=tuple(_seen(project, here, top) for project in report.projects), findings=whole)


def _seen(project: ProjectReport, here: Path, top: Path) -> ProjectReport:
    folders = list(_folders(project, here))
    home = next((folder for folder in folders[:2] if folder.is_dir() and folder.is_relative_to(top)), None)
    if home is None:
        return project
    usual = _usual_file(home)
    findings = (_relocated(finding, folders, home, top) for finding in project.findings)
    return replace(
        project,
        path=home.relative_to(top).as_posix(),
        findings=tuple(finding if finding.file else replace(finding, file=usual, line=None) for finding in findings),
    )


def _relocated(finding: Finding, folders: list[Path], home: Path, top: Path) -> Finding:
    """Return a finding whose file is told from `home`, or without one if it is not there."""
    path = _found(finding.file, folders, top) if finding.file else None
    return replace(finding, file=Path(os.path.relpath(path, home)).as_posix() if path else None)


def _usual_file(folder: Path) -> str | None:
    names = sorted(path.name for path in folder.glob("*.tf"))
    return _USUAL_FILE if _USUAL_FILE in names else next(iter(names), None)


def _folders(project: ProjectReport, here: Path) -> Iterator[Path]:
    """Give the places that a project's files are told from: its folder, the folder of its plan, where we are."""
    yield from ((here / project.path).resolve(), (here / project.path).resolve().parent, here.resolve())


def _found(file: str, folders: Iterator[Path] | list[Path], top: Path) -> Path | None:
    places = ((folder / file).resolve() for folder in folders)
    return next((path for path in places if path.is_file() and path.is_relative_to(top)), None)


def _top(here: Path) -> Path:
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here).resolve()
