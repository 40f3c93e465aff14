"""What a run reads: the inputs of the command line, else the projects of guardrail.yaml, else the current folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from guardrail.config.file import ConfigFile, ProjectConfig
from guardrail.errors import ConfigError
from guardrail.files import Place
from guardrail.paths import followed, is_named_file, matching
from guardrail.terraform.options import NO_CHOICES, Choices, Vars


class Source(Struct, frozen=True):
    """Where one project's plan is read from: a path, or "-" for standard input."""

    plan: str
    name: str
    path: str
    env: str = ""
    usage: Path | None = None
    choices: Choices = NO_CHOICES
    configuration: Path | None = None
    """The folder that a plan is made from, where it is not beside it."""

    def __hash__(self) -> int:
        return hash((self.plan, self.name, self.path, self.env))  # choices hold maps, which have no hash


class Flags(Struct, frozen=True):
    """What the command line says over the file. None: nothing."""

    inputs: tuple[str, ...] = ()
    config: Path | None = None
    usage: Path | None = None
    project: str | None = None
    catalog: Path | None = None
    now: datetime | None = None
    allow_no_plans: bool = False
    source: Path | None = None
    choices: Choices = NO_CHOICES
    compare_with: str = ""
    assume_usage: str | None = None


Where = Callable[[Place], str]
"""File and line of a place in the configuration."""


class Sources(Struct, frozen=True):
    """What is to be read, by flags and file. Plans, folders and variables lie below `folder`, usage files where `policy` has them."""

    flags: Flags
    file: ConfigFile
    where: Where
    folder: Path
    policy: Callable[[str], Path]
    cwd: Path

    def all(self) -> tuple[Source, ...]:
        """Return the inputs that are given, else the projects, else the current folder. Raises ConfigError."""
        flags, projects = self.flags, self.file.projects
        if flags.inputs:
            return tuple(self._of_inputs())
        chosen = [project for project in projects if flags.project in {None, project.name}]
        if projects and not chosen:
            known = ", ".join(project.name for project in projects)
            raise ConfigError(f"no project is called {flags.project!r}", fix=f"known: {known}")
        if chosen:
            return tuple(s for one in chosen for s in self._of_project(one, is_alone=len(chosen) == 1))
        name = flags.project or "."
        return (Source(".", name, ".", usage=flags.usage, choices=flags.choices, configuration=flags.source),)

    def of_file(self) -> Iterator[Source]:
        """Give the projects of guardrail.yaml, in the run or not."""
        for project in self.file.projects:
            yield from self._of_project(project, is_alone=False)

    def _of_inputs(self) -> Iterator[Source]:
        """Give what the command line names, each as the projects that it belongs to."""
        flags = self.flags
        found = [
            (plan, project)
            for given in flags.inputs
            for plan in self._matches(given)
            for project in self._projects(plan)
        ]
        found = [one for i, one in enumerate(found) if one not in found[:i]]
        several = Counter(plan for plan, _ in found)
        names = [
            project.name if project and (several[plan] > 1 or not flags.project) else flags.project or _name_of(plan)
            for plan, project in found
        ]
        for (plan, project), short in zip(found, names, strict=True):
            name = short if names.count(short) == 1 else f"{short} ({_name_of(plan)})"
            yield Source(
                plan,
                name,
                _name_of(plan),
                project.env if project else "",
                self._usage(project),
                self._choices(project),
                self._configuration(project),
            )

    def _matches(self, given: str) -> list[str]:
        matches = _expanded(given, self.cwd)
        if not matches and not self.flags.allow_no_plans:
            if len(self.flags.inputs) == 1:
                raise ConfigError(
                    f"no plan matches {given}", fix="check the pattern, or allow missing plans with --allow-no-plans"
                )
            return [given]  # the others are judged; this one cannot be read
        return matches

    def _projects(self, plan: str) -> list[ProjectConfig | None]:
        """Return the projects that an input of the command line belongs to.

        Of those of one folder, and for a plan that lies elsewhere, it is the one that --project names.
        """
        if plan == "-":
            return [None]
        path = followed(self.cwd / plan)
        found = [one for one in self.file.projects if self._is_in(path, one)]
        first = [one for one in found if (one.path, one.plan) == (found[0].path, found[0].plan)]
        named = [one for one in first or self.file.projects if one.name == self.flags.project]
        return [*named] or [*first] or [None]

    def _is_in(self, path: Path, project: ProjectConfig) -> bool:
        if project.plan:
            return any(followed(match) == path for match in matching(self.folder, project.plan))
        return bool(project.path) and path.is_relative_to(followed(self.folder / str(project.path)))

    def _of_project(self, project: ProjectConfig, *, is_alone: bool) -> Iterator[Source]:
        """Give the sources of a project. One without its plan is an error by itself, and among others one that is not read."""

        def source(plan: Path, name: str, path: str) -> Source:
            choices = self._choices(project) if project.plan is None else NO_CHOICES
            given = self._usage(project), choices, self._configuration(project)
            return Source(str(plan), name, path, project.env, *given)

        if project.path is not None:
            yield source(self.folder / project.path, project.name, project.path)
            return
        wanted = project.plan or ""
        plans = matching(self.folder, wanted)
        if not plans and not self.flags.allow_no_plans:
            if not is_alone:
                yield source(self.folder / wanted, project.name, wanted)
                return
            raise ConfigError(
                f"project {project.name!r}: no plan at {project.plan}",
                fix="make it with `terraform show -json tfplan`, or allow a missing plan with --allow-no-plans",
            )
        for plan in plans:
            path = plan.relative_to(self.folder).as_posix()
            name = project.name if len(plans) == 1 else f"{project.name} ({path})"
            yield source(plan, name, path)

    def _usage(self, project: ProjectConfig | None) -> Path | None:
        return self.flags.usage or (self.policy(project.usage) if project and project.usage else None)

    def _configuration(self, project: ProjectConfig | None) -> Path | None:
        own = self.folder / project.source if project and project.source else None
        return self.flags.source or own

    def _choices(self, project: ProjectConfig | None) -> Choices:
        """Return what a project says of its variables and workspace, with what the command line says over it."""
        flags = self.flags.choices
        if project is None:
            return flags
        files = (self.folder / name for name in project.var_files)
        place = ("projects", self.file.projects.index(project), "vars")
        own = (Vars(project.vars, self.where(place)),) if project.vars else ()
        return replace(
            flags,
            given=(*files, *own, *flags.given),
            workspace=flags.workspace or project.workspace,
            terragrunt=project.terragrunt,
        )


def _name_of(plan: str) -> str:
    return "stdin" if plan == "-" else Path(plan).as_posix()


def _expanded(given: str, cwd: Path) -> list[str]:
    if given == "-" or not re.search(r"[*?\[]", given) or (cwd / given).exists():
        return [given]
    anchor = Path(given).anchor
    matches = matching(Path(anchor or cwd), given[len(anchor) :])
    return [str(path if anchor else path.relative_to(cwd)) for path in matches if is_named_file(path)]
