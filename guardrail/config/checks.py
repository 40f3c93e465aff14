"""Checks of guardrail.yaml beyond its schema: files that it names and that are missing, projects that contradict themselves."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from pathlib import Path

from guardrail.config.file import ConfigFile, ProjectConfig
from guardrail.config.policy_at import PolicyAt
from guardrail.errors import ConfigError
from guardrail.files import Place, YamlFile
from guardrail.paths import followed
from guardrail.terraform.configuration.code.files import checkout_of

_RELATIVE = "paths are relative to guardrail.yaml"
_LONGEST_PATH = 1024  # what macOS takes; Linux takes 4,096


def misnamed(
    config: ConfigFile, file: YamlFile, base: Path, folder: Path, at: PolicyAt | None = None
) -> Iterator[ConfigError]:
    """Give what names a file that is not there, where it is named, and projects and budgets that cannot be told apart.

    Files of the policy are looked for below `base`, or where `at` has them, those of the configuration that is judged
    below `folder`.
    """
    named: list[tuple[Place, str | None]] = [(("waivers",), config.waivers)]
    named += [(("rules", "paths", i), name) for i, name in enumerate(config.rules.paths)]
    named += [
        (("rules", "set", rule, "params_from", param), name)
        for rule, one in config.rules.set.items()
        for param, name in one.params_from.items()
    ]
    named += [(("pricing", "definitions", i), name) for i, name in enumerate(config.pricing.definitions)]
    own = config.pricing
    named += [(("pricing", key), getattr(own, key)) for key in ("catalog", "overlay", "rates")]
    named += [(("projects", i, "usage"), project.usage) for i, project in enumerate(config.projects)]
    inputs = [
        (("projects", i, key), getattr(one, key))
        for i, one in enumerate(config.projects)
        for key in ("path", "plan", "source")
    ]
    variables = [
        (("projects", i, "var_files", j), name)
        for i, one in enumerate(config.projects)
        for j, name in enumerate(one.var_files)
    ]
    written: list[tuple[Place, str | None]] = [
        (("ledger", "snapshot"), config.ledger.snapshot)
    ]  # a run says where it is not there
    written += [(("kpis", key), getattr(config.kpis, key)) for key in ("units", "recommendations")]  # `kpi` says it
    written += [(("kpis", "paths", i), name) for i, name in enumerate(config.kpis.paths)]
    for place, name in (*named, *inputs, *variables, *written):
        if name and ("\0" in name or len(name) > _LONGEST_PATH):
            what = f"{'.'.join(map(str, place))} is not a valid path"
            yield ConfigError(what, where=file.where(place), fix=f"name a file, in at most {_LONGEST_PATH} characters")
            return
    yield from _not_there(named, at.located if at else base.joinpath, file, at)
    folders = [(("rules", "sources", name, "folder"), one.folder) for name, one in config.rules.sources.items()]
    yield from (fault for place, name in folders if name and (fault := _not_here(place, name, file, at)))
    yield from _misnamed_variables(variables, folder, file)
    seen: set[str] = set()
    for i, project in enumerate(config.projects):
        for what, fix in _contradictions(project, seen):
            yield ConfigError(what, where=file.where(("projects", i)), fix=fix)
        if project.source is not None and not (folder / project.source).is_dir():
            what = f"projects.{i}.source: no such folder: {project.source}"
            yield ConfigError(what, where=file.where(("projects", i, "source")), fix=_RELATIVE)
        seen.add(project.name)
    yield from _budgets_of_one_name(config, file)


def _contradictions(project: ProjectConfig, others: Container[str]) -> Iterator[tuple[str, str]]:
    """Give what is wrong with a project beside others of these names, each with what to do about it."""
    name = repr(project.name)
    if project.name in others:
        yield f"two projects are called {name}", "give each its own name"
    if (project.path is None) == (project.plan is None):
        yield f"project {name} needs either a path or a plan", ""
    if project.plan is not None and (project.var_files or project.vars or project.workspace or project.terragrunt):
        fix = "use var_files, vars, workspace and terragrunt with path only"
        yield f"project {name} has a plan, which contains its variables: {fix}", ""
    if project.source is not None and project.plan is None:
        yield f"project {name} has a source but no plan: source is the folder that a plan was made from", ""


def _budgets_of_one_name(config: ConfigFile, file: YamlFile) -> Iterator[ConfigError]:
    """Approvals, alerts and what a change loosens go by the name of a budget: a second one would hide behind the first."""
    seen: set[str] = set()
    for i, budget in enumerate(config.budgets):
        if budget.name in seen:
            where = file.where(("budgets", i))
            yield ConfigError(f"two budgets are called {budget.name!r}", where=where, fix="give each its own name")
        seen.add(budget.name)


def _not_there(
    named: Iterable[tuple[Place, str | None]], located: Callable[[str], Path], file: YamlFile, at: PolicyAt | None
) -> Iterator[ConfigError]:
    for place, name in named:
        if name and not located(name).exists():
            missing = ConfigError(_no_such_file(place, name), where=file.where(place), fix=_RELATIVE)
            yield _not_here(place, name, file, at) or missing


def _misnamed_variables(variables: Sequence[tuple[Place, str]], folder: Path, file: YamlFile) -> Iterator[ConfigError]:
    for place, name in variables:
        if not (folder / name).is_file():
            yield ConfigError(_no_such_file(place, name), where=file.where(place), fix=_RELATIVE)
    top = checkout_of(folder)
    for place, name in variables:
        if top and not followed(folder / name).is_relative_to(top):
            what = f"{'.'.join(map(str, place))}: {name} is outside of the checkout"
            yield ConfigError(what, where=file.where(place), fix="use --var-file, which can name any file")


def _no_such_file(place: Place, name: str) -> str:
    return f"{'.'.join(map(str, place))}: no such file: {name}"


def _not_here(place: Place, name: str, file: YamlFile, at: PolicyAt | None) -> ConfigError | None:
    """Return the error for a file in a submodule whose commit is not here, None for any other."""
    why = at.why_missing(name) if at else ""
    fix = "check out submodules with their history"
    return ConfigError(f"{'.'.join(map(str, place))}: {name} {why}", where=file.where(place), fix=fix) if why else None
