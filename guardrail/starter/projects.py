"""The projects of a repository: its root modules and plans, each with a name, an environment and its usage."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail import git
from guardrail.errors import GuardrailError
from guardrail.starter.environments import Environment, environment_in, environment_of, environments, workspaces
from guardrail.starter.infracost import InfracostProject, infracost_projects, usage_beside, usage_problem
from guardrail.terraform.configuration.code.files import NO_ROOTS
from guardrail.terraform.configuration.code.roots import (
    folders_of_other_tools,
    listed,
    root_modules,
    roots_aside,
    unread_by_us,
)
from guardrail.terraform.inputs import plan_at
from guardrail.terraform.terragrunt.unit import units as units_below

_CONTAINERS = frozenset(
    (
        *("accounts", "deploy", "deployments", "env", "environments", "envs", "iac", "infra", "infrastructure"),
        *("cdktf.out", "live", "plans", "projects", "roots", "src", "stacks", "terraform", "tf"),
    )
)
# What others wrote; terraform-aws-modules have a folder `wrappers` beside each module, which calls it.
_SKIPPED = frozenset(("node_modules", "venv", "vendor", "wrappers"))
_PLAN_NAME = re.compile(r"(?:^|[-_.])(?:tf)?plan(?:[-_.][\w.-]*)?\.json$", re.IGNORECASE)
_PLAN_WORD = re.compile(r"^(?:tf)?plan$|[-_.](?:tf)?plan$|^(?:tf)?plan[-_.]", re.IGNORECASE)
_HEAD = 65_536  # bytes of a file that tell whether it is a plan


class Project(Struct, frozen=True):
    """One project, as guardrail.yaml would have it. `why` says how a choice is known, by key."""

    name: str
    path: str = ""
    plan: str = ""
    var_files: tuple[str, ...] = ()
    vars: dict[str, Any] = field(default_factory=dict)
    workspace: str = ""
    terragrunt: bool = False
    env: str = ""
    usage: str = ""
    suffix: str = ""
    """what its name ends with, where several projects are of one folder"""
    why: dict[str, str] = field(default_factory=dict)

    def is_plan(self, folder: Path) -> bool:
        """Return whether a plan is read, not configuration."""
        return bool(self.plan) or plan_at(folder / self.path).is_file()


class Found(Struct):
    """The projects of a repository, and what there is to say about what was left out."""

    projects: list[Project] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_projects(folder: Path) -> Found:
    """Look for projects in a folder. What cannot be read is a note."""
    found = Found()
    try:
        source, known = infracost_projects(folder)
    except GuardrailError as error:
        found.notes.append(str(error))
        source, known = "", []
    plans = _plans(folder)
    tools = folders_of_other_tools(folder)
    units = [] if plans else _of_terragrunt(folder)
    paths = sorted(root.relative_to(folder).as_posix() for root in _roots(folder, found, others=bool(plans or tools)))
    for path in paths:
        beside = folder if len(paths) == 1 and path != "." else None
        entries = [one for one in known if one.path == path]
        found.projects += _projects(folder, path, entries, source, beside, found)
    roots = {(folder / path).resolve() for path in paths}
    outside = [plan for plan in plans if roots.isdisjoint((folder / plan).resolve().parents)]
    found.projects += [_of_plan(plan) for plan in outside] + units
    found.projects = _named(found.projects, folder.resolve().name or "main")
    found.projects = [_with_usage(folder, project, known, source, found) for project in found.projects]
    lost = [one.path for one in known if one.path not in paths and not (folder / one.path).exists()]
    found.notes += [f"{source} names {path}, which is not there" for path in dict.fromkeys(lost)]
    # Folders that this user may not look into; all other walks leave them out without a word.
    refused: list[OSError] = []
    for _, names, _ in os.walk(folder, onerror=refused.append):
        names[:] = [name for name in names if not name.startswith(".") and name not in _SKIPPED]
    found.notes += [
        f"cannot be read: {Path(str(one.filename)).relative_to(folder).as_posix()} ({one.strerror})" for one in refused
    ]
    if not outside:
        found.notes += [unread_by_us(tool, files) for tool, files in tools if not (units and tool.name == "Terragrunt")]
    return found


def _roots(folder: Path, found: Found, *, others: bool) -> list[Path]:
    """Return the root modules. What is called an example or a module is one only if there are no `others` and nothing else."""
    try:
        roots = root_modules(folder)
        roots += roots_aside(folder) if roots == [folder] else []
        roots = [root for root in roots if root.resolve().is_relative_to(folder.resolve())]
    except GuardrailError as error:
        found.notes.append(str(error))
        return []
    # A folder that is an example by its name is still a project where there is nothing else to check.
    whole = {root: set(root.relative_to(folder).parts) for root in roots}
    roots = [root for root in roots if not whole[root] & _SKIPPED]
    likely = [root for root in roots if not whole[root] & NO_ROOTS]
    if likely or others:
        left_out = [root for root in roots if root not in likely]
        if left_out:
            shown = listed(root.relative_to(folder) for root in left_out)
            found.notes.append(f"no projects of their own, by their folders' names: {shown}")
        return likely
    return roots


def _projects(
    folder: Path, path: str, known: list[InfracostProject], source: str, beside: Path | None, found: Found
) -> Iterator[Project]:
    """Yield the projects of a root module: those that infracost.yml lists, else one for each environment or workspace."""
    env, why = environment_of(folder / path, path)
    named = [one for one in known if one.var_files or one.vars or one.workspace] or known
    if len(named) > 1 or any(one.var_files or one.vars or one.workspace for one in named):
        for one in named:
            yield _as_known(one, source, env, several=len(named) > 1)
        return
    project = Project(path, path, env=env, why={"env": why} if why else {})
    if known and known[0].name:
        project = replace(project, name=known[0].name, why={**project.why, "name": f"from {source}"})
    if known and not env and (told := environment_in(known[0].name)):
        project = replace(project, env=told, why={**project.why, "env": f"{source} says so"})

    def is_there(file: Path) -> bool:
        if git.top_of(folder) is None or git.comes_with(file, proposed=True):
            return True
        # guardrail.yaml is for everybody who checks the repository out.
        found.notes.append(f"{file.relative_to(folder).as_posix()} is not in git, so that no project can name it")
        return False

    several = environments(folder / path, beside, is_there)
    spaces = workspaces(folder / path)
    if several:
        yield from (_in_environment(project, one, folder, several=len(several) > 1) for one in several)
    elif len(spaces) > 1:
        for space in spaces:
            told = environment_in(space)
            known_by = {**project.why, "env": "the workspace's name says so"} if told else project.why
            yield replace(project, workspace=space, env=told or env, suffix=space, why=known_by)
    else:
        yield project


def _as_known(one: InfracostProject, source: str, env: str, *, several: bool) -> Project:
    told = environment_in(f"{one.workspace} {' '.join(one.var_files)} {one.name}") or env
    what = one.workspace or "-".join(Path(name).name.partition(".")[0] for name in one.var_files)
    why = {"name": f"from {source}"} if one.name else {}
    return Project(
        one.name or one.path,
        one.path,
        var_files=one.var_files,
        vars=one.vars,
        workspace=one.workspace,
        env=told,
        usage=one.usage,
        suffix=what if several and not one.name else "",
        why=why | ({"env": f"{source} says so"} if told else {}),
    )


def _in_environment(project: Project, one: Environment, folder: Path, *, several: bool) -> Project:
    files = tuple(file.relative_to(folder).as_posix() for file in one.files)
    why = {**project.why, "env": "the name of its variables says so"} if one.env else project.why
    return replace(project, var_files=files, env=one.env or project.env, suffix=one.name if several else "", why=why)


def _of_plan(plan: Path) -> Project:
    name = _PLAN_WORD.sub("", plan.stem) or plan.parent.as_posix()
    env = environment_in(plan.as_posix())
    return Project(name, plan=plan.as_posix(), env=env, why={"env": "its path says so"} if env else {})


def _of_terragrunt(folder: Path) -> list[Project]:
    """Return a project for each environment that there are units of Terragrunt for, else for each folder of them."""
    places: dict[str, str] = {}
    for unit in units_below(folder):
        parts = unit.relative_to(folder).parts
        depth = next((n for n, part in enumerate(parts, start=1) if environment_in(part)), 1)
        place = "/".join(parts[:depth]) or "."
        places[place] = environment_in(place)
    return [
        Project(path, path, terragrunt=True, env=env, why={"env": "the folder's name says so"} if env else {})
        for path, env in sorted(places.items())
    ]


def _plans(folder: Path) -> list[Path]:
    """Return the plans below a folder, by their names and what they begin with; none of hidden folders and of examples."""
    found = []
    for path in sorted(folder.rglob("*.json")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") or part in _SKIPPED | NO_ROOTS for part in inside.parts[:-1])
        if _PLAN_NAME.search(path.name) and not hidden and _is_plan(path, folder):
            found.append(inside)
    return found


def _is_plan(path: Path, folder: Path) -> bool:
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return b'"format_version"' in head and (b'"resource_changes"' in head or b'"planned_values"' in head)


def _named(projects: list[Project], top: str) -> list[Project]:
    """Return the projects with a name of their own each: the telling part of the folder, and the environment or workspace."""
    short = [p.name if "name" in p.why else _short(p.name, top) for p in projects]
    folders = dict.fromkeys(zip(short, (project.path or project.plan for project in projects), strict=True))
    times = Counter(name for name, _ in folders)
    names = [
        name if times[name] == 1 else (project.path or project.plan).replace("/", "-")
        for project, name in zip(projects, short, strict=True)
    ]
    names = [
        f"{name}-{project.suffix}" if project.suffix else name for project, name in zip(projects, names, strict=True)
    ]
    # What is still alike is numbered: a configuration with two projects of one name is refused.
    alike = {name: count() for name, times in Counter(names).items() if times > 1}
    return [
        replace(project, name=f"{name}-{next(alike[name]) + 1}" if name in alike else name)
        for project, name in zip(projects, names, strict=True)
    ]


def _short(path: str, top: str) -> str:
    """Return what of a path tells a project: envs/prod is prod. Of the top folder, it is the repository's name."""
    parts = [part for part in Path(path).parts if part not in {".", "/"}]
    telling = [part for part in parts if part.lower() not in _CONTAINERS] or parts[-1:]
    return "-".join(telling) or top


def _with_usage(folder: Path, project: Project, known: list[InfracostProject], source: str, found: Found) -> Project:
    """Return a project with its usage file: its own in infracost.yml, that of a folder above there, else the one beside it."""
    above = [one.usage for one in known if one.usage and project.path and Path(project.path).is_relative_to(one.path)]
    usage = project.usage or (above[-1] if above else usage_beside(folder, project.path or "."))
    problem = usage_problem(folder / usage) if usage else ""
    if problem and problem not in found.notes:
        found.notes.append(problem)
    why = {**project.why, "usage": f"from {source}"} if (project.usage or above) and not problem else project.why
    return replace(project, usage="" if problem else usage, why=why)
