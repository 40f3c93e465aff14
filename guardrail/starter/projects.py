"""The projects of a repository: its root modules and plans, each with a name, an environment and its usage."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from guardrail.errors import GuardrailError
from guardrail.starter.environments import environment_in, environment_of, variable_files, workspaces
from guardrail.starter.infracost import InfracostProject, infracost_projects, usage_beside, usage_problem
from guardrail.terraform.configuration.roots import NO_ROOTS, foreign, root_modules, roots_aside, unread_by_us
from guardrail.terraform.inputs import plan_at

_CONTAINERS = frozenset(
    (
        *("accounts", "deploy", "deployments", "env", "environments", "envs", "iac", "infra", "infrastructure"),
        *("live", "projects", "roots", "src", "stacks", "terraform", "tf"),
    )
)
_SKIPPED = frozenset(("node_modules", "venv", "vendor"))
_PLAN_NAME = re.compile(r"(?:^|[-_.])(?:tf)?plan(?:[-_.][\w.-]*)?\.json$", re.IGNORECASE)
_PLAN_WORD = re.compile(r"^(?:tf)?plan$|[-_.](?:tf)?plan$|^(?:tf)?plan[-_.]", re.IGNORECASE)
_HEAD = 65_536  # bytes of a file that tell whether it is a plan


@dataclass(frozen=True, slots=True)
class Project:
    """One project, as guardrail.yaml would have it. `why` says how a choice is known, by key."""

    name: str
    path: str = ""
    plan: str = ""
    env: str = ""
    usage: str = ""
    why: dict[str, str] = field(default_factory=dict)

    def is_plan(self, folder: Path) -> bool:
        """Say whether a plan is read, not configuration."""
        return bool(self.plan) or plan_at(folder / self.path).is_file()


@dataclass(slots=True)
class Found:
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
    paths = [root.relative_to(folder).as_posix() for root in _roots(folder, found)]
    for path in paths:
        found.projects.append(_project(folder, path, known, source))
        found.notes += _choices(folder, path)
    taken = {(folder / path).resolve() for path in paths}
    found.projects += [_of_plan(plan) for plan in _plans(folder, taken)]
    found.projects = _named(found.projects, folder.resolve().name or "main")
    found.projects = [_with_good_usage(folder, project, found) for project in found.projects]
    found.notes += [unread_by_us(tool, files) for tool, files in foreign(folder)]
    return found


def _roots(folder: Path, found: Found) -> list[Path]:
    try:
        roots = root_modules(folder)
        roots += roots_aside(folder) if roots == [folder] else []
        roots = [root for root in roots if root.resolve().is_relative_to(folder.resolve())]
    except GuardrailError as error:
        found.notes.append(str(error))
        return []
    whole = {root: set(root.relative_to(folder).parts) for root in roots}
    roots = [root for root in roots if not whole[root] & _SKIPPED]
    likely = [root for root in roots if not whole[root] & NO_ROOTS]
    left_out = [root.relative_to(folder).as_posix() for root in roots if likely and root not in likely]
    if left_out:
        shown = ", ".join(left_out[:3]) + (" ..." if len(left_out) > 3 else "")  # noqa: PLR2004
        found.notes.append(f"left out, by their folders' names no projects of their own: {shown}")
    return likely or roots


def _project(folder: Path, path: str, known: list[InfracostProject], source: str) -> Project:
    env, why_env = environment_of(folder / path, path)
    same = [one for one in known if one.path == path]
    above = [one for one in known if one.usage and Path(path).is_relative_to(one.path)]
    name, why = path, {"env": why_env}
    if len(same) == 1:
        named, told = same[0], environment_in(f"{same[0].workspace} {' '.join(same[0].variables)} {same[0].name}")
        if named.name:
            name, why["name"] = named.name, f"from {source}"
        if told and not env:
            env, why["env"] = told, f"{source} says so"
    usage = usage_beside(folder, path)
    if above:
        usage, why["usage"] = above[-1].usage, f"from {source}"
    return Project(name, path, env=env, usage=usage, why={key: text for key, text in why.items() if text})


def _of_plan(plan: Path) -> Project:
    name = _PLAN_WORD.sub("", plan.stem) or plan.parent.as_posix()
    env = environment_in(plan.as_posix())
    return Project(name, plan=plan.as_posix(), env=env, why={"env": "its path says so"} if env else {})


def _choices(folder: Path, path: str) -> Iterator[str]:
    """Say how a root module that serves several environments is checked: a project has neither variables nor workspace."""
    files, spaces = variable_files(folder / path), workspaces(folder / path)
    if len(files) > 1:
        first = (Path(path) / files[0]).as_posix()
        yield f"{path} has variables for {', '.join(files[:5])}: `guardrail check {path} --var-file {first}`"
    elif len(spaces) > 1:
        yield f"{path} has the workspaces {', '.join(spaces[:5])}: `guardrail check {path} --workspace {spaces[0]}`"


def _plans(folder: Path, roots: Iterable[Path]) -> list[Path]:
    taken = set(roots)
    found = []
    for path in sorted(folder.rglob("*.json")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") or part in _SKIPPED | NO_ROOTS for part in inside.parts[:-1])
        within = not taken.isdisjoint((path.parent.resolve(), *path.parent.resolve().parents))
        if _PLAN_NAME.search(path.name) and not hidden and not within and _is_plan(path, folder):
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
    """Give each project a short name of its own, made of what tells its folder from the others."""
    short = [p.name if "name" in p.why else _short(p.name, top) for p in projects]
    times = Counter(short)
    return [
        project if "name" in project.why and times[name] == 1 else replace(project, name=_unique(project, name, times))
        for project, name in zip(projects, short, strict=True)
    ]


def _unique(project: Project, short: str, times: Counter[str]) -> str:
    return short if times[short] == 1 else (project.path or project.plan).replace("/", "-")


def _short(path: str, top: str) -> str:
    parts = [part for part in Path(path).parts if part not in {".", "/"}]
    telling = [part for part in parts if part.lower() not in _CONTAINERS] or parts[-1:]
    return "-".join(telling) or top


def _with_good_usage(folder: Path, project: Project, found: Found) -> Project:
    problem = usage_problem(folder / project.usage) if project.usage else ""
    if problem and problem not in found.notes:
        found.notes.append(problem)
    return replace(project, usage="") if problem else project
