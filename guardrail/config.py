"""guardrail.yaml and the command line's flags, as one frozen `Settings`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue

from guardrail import git
from guardrail.config_path import find_config
from guardrail.errors import ConfigError
from guardrail.files import Place, Section, YamlFile, checked, read_yaml
from guardrail.files.repository import repository_top
from guardrail.model.finding import Enforcement, OnUnknown
from guardrail.model.report import TEAM_TAG, FailOn
from guardrail.policy import Budget, RuleSelection, RuleSetting
from guardrail.terraform.configuration.files import checkout_of
from guardrail.terraform.configuration.roots import NO_ROOTS
from guardrail.terraform.options import NO_CHOICES, Choices, Vars


def _days(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,4}d", text):
        msg = "a number of days, like 90d"
        raise ValueError(msg)
    return text


_RELATIVE = "paths are relative to guardrail.yaml"
_LONGEST_PATH = 1024  # what macOS takes; Linux takes 4,096


class ProjectConfig(Section):
    """One project of the repository: a plan, the usage that goes with it, and the environment it is for."""

    name: Annotated[str, Field(min_length=1)]
    """shown in reports; budgets and rules match it"""
    path: str | None = None
    """folder of the configuration, relative to guardrail.yaml"""
    plan: str | None = None
    """plan JSON (a glob may match several), relative to guardrail.yaml"""
    var_files: tuple[str, ...] = ()
    """files of variables for the configuration in `path`, relative to guardrail.yaml; later ones win"""
    vars: dict[str, JsonValue] = Field(default_factory=dict)
    """values of variables of the configuration in `path`, by name; they win over var_files"""
    workspace: str = ""
    """Terraform workspace to evaluate the configuration in `path` in"""
    source: str | None = None
    """folder of the configuration that `plan` is made from, relative to guardrail.yaml, where it is not beside it"""
    terragrunt: bool = False
    """whether `path` is a unit of Terragrunt's, or a folder of units, each of which is a project of its own"""
    usage: str | None = None
    """usage file, relative to guardrail.yaml"""
    env: str = ""
    """environment, for rules with limits by environment"""


class OnIncomplete(StrEnum):
    """What becomes of a change with something in it that could not be evaluated."""

    WARN = "warn"
    DENY = "deny"


DEFAULT_PACKS = ("budget", "instance-sizes", "waste")
"""Packs that are active where guardrail.yaml names none: those that need not be told anything of an organization first."""


class RulesConfig(RuleSelection):
    """Which rules judge, and how they are set. Paths are relative to guardrail.yaml."""

    packs: tuple[str, ...] = DEFAULT_PACKS
    """shipped packs"""
    pre_existing: Literal["report", "block"] = "report"
    """whether violations that were there before the change block it"""
    inline_waivers: bool = True
    """whether comments in the configuration (guardrail:ignore) waive"""


class PricingConfig(Section):
    """Where prices come from, and what to do without one."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    """currency of all amounts, budgets included; catalogs are in US dollars, others need `rates`"""
    rates: str | None = None
    """file of exchange rates, relative to guardrail.yaml"""
    overlay: str | None = None
    """file of your own prices and discounts, relative to guardrail.yaml"""
    catalog: str | None = None
    """catalog file, relative to guardrail.yaml; default: the synced one, else the shipped one"""
    max_age: Annotated[str, AfterValidator(_days)] = "365d"
    """older prices are warned of"""
    on_unpriced: OnUnknown = OnUnknown.WARN
    """what the rule unpriced-resource does: warn, deny or pass"""
    definitions: tuple[str, ...] = ()
    """folders of your own cost definitions, which win over the shipped ones"""
    default_region: dict[str, str] = Field(default_factory=dict)
    """vendor (aws, azure, gcp) -> region to price in where the plan does not say it"""


class ReportConfig(Section):
    """What reports show beside costs and findings."""

    team_tag: Annotated[str, Field(min_length=1, max_length=128)] = TEAM_TAG
    """tag (or label) that names the team a resource belongs to: reports sum costs by it"""
    ids: bool = True
    """whether the JSON tells the ids and ARNs of resources, by which a bill can be matched"""
    author: bool = True
    """whether the JSON tells who has opened the pull request"""


class ConfigFile(Section):
    """guardrail.yaml: what to check, by which rules, against which budgets."""

    version: Literal[1]
    projects: tuple[ProjectConfig, ...] = ()
    rules: RulesConfig = RulesConfig()
    budgets: tuple[Budget, ...] = ()
    waivers: str | None = None
    """waivers file, relative to guardrail.yaml"""
    pricing: PricingConfig = PricingConfig()
    report: ReportConfig = ReportConfig()
    on_incomplete: OnIncomplete = OnIncomplete.WARN
    """whether what a change adds and cannot be evaluated blocks it (deny), or only warns; what was so before, and is written as it was, never blocks"""
    not_roots: tuple[str, ...] = tuple(sorted(NO_ROOTS))
    """names of folders whose configuration is not planned by itself; a root module elsewhere needs a project"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where one project's plan is read from: a path, or "-" for standard input."""

    plan: str
    name: str
    path: str
    env: str = ""
    usage: Path | None = None
    choices: Choices = field(default=NO_CHOICES, hash=False)
    configuration: Path | None = None
    """The folder that a plan is made from, where it is not beside it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a run needs to know, flags and file together. Paths are as the process sees them."""

    sources: tuple[Source, ...]
    now: datetime
    compare_with: str = ""
    """A folder or a commit that configuration folders are compared with."""
    base: Path = Path()
    file: YamlFile | None = None
    """guardrail.yaml as it was read, for its lines."""
    rules: RulesConfig = field(default_factory=RulesConfig)
    on_unpriced: Mapping[str, RuleSetting] = field(default_factory=dict)
    """What `pricing.on_unpriced` sets, by rule id; the rule need not play."""
    inline_waivers: bool = True
    budgets: tuple[Budget, ...] = ()
    budget_places: tuple[str, ...] = ()
    """File and line of each budget."""
    waivers: Path | None = None
    currency: str = "USD"
    catalog: Path | None = None
    overlay: Path | None = None
    rates: Path | None = None
    max_age: timedelta = timedelta(days=365)
    definitions: tuple[Path, ...] = ()
    default_region: Mapping[str, str] = field(default_factory=dict)
    config_file: Path | None = None
    pr: Mapping[str, Any] = field(default_factory=dict)
    """What rules read as `pr`; empty outside of a pull request."""
    repository: str = ""
    """owner/name as the CI tells it, "" where there is none."""
    environments: Mapping[str, str] = field(default_factory=dict)
    """Of the configuration's projects: name to environment."""
    complete: bool = True
    """Whether all projects of the configuration are in the run, so that an unused waiver is really unused."""
    shared_usage: frozenset[Path] = frozenset()
    """Usage files of several projects."""
    projects: tuple[Source, ...] = ()
    """The configuration's projects, in the run or not."""
    on_incomplete: OnIncomplete = OnIncomplete.WARN
    not_roots: frozenset[str] = NO_ROOTS
    team_tag: str = TEAM_TAG
    with_ids: bool = True
    with_author: bool = True
    uncovered: tuple[str, ...] = ()
    """Files of root modules that the change adds or edits, one a folder, that no project is for."""
    policy_folder: Path | None = None
    """Where the policy of another commit has been written to; None where it is that of the working tree."""

    @property
    def top(self) -> Path:
        """The repository that the policy lies in, or what stands for it: a pack in it is read where it lies."""
        return self.policy_folder or repository_top(self.base.resolve())

    def where_in_rules(self, place: Place) -> str:
        """Return "file:line" of what keys below `rules` lead to, "" without a guardrail.yaml."""
        return self.file.where(("rules", *place)) if self.file else ""


@dataclass(frozen=True, slots=True)
class Flags:
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


@dataclass(frozen=True, slots=True)
class PolicyAt:
    """Where the policy is read from, if not from the working tree: the file (None: there is none), the folder that its
    commit was written to, and the folder of the working tree that stands for the file's own: plans are read there.
    """

    file: Path | None
    scratch: Path
    folder: Path
    top: Path
    """of the working tree"""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Submodules whose commit is not here: folder to commit."""

    def located(self, name: str) -> Path:
        """Return where the file lies that guardrail.yaml calls `name`: what is in the repository, as it was in the commit."""
        inside = git.name_of(self.folder / name, self.top)
        return self.scratch / inside if inside else self.folder / name

    def why_missing(self, name: str) -> str:
        """Say why a file is not there, "" where nothing tells."""
        path = PurePosixPath(git.name_of(self.folder / name, self.top))
        for folder, commit in self.missing.items():
            if path.is_relative_to(folder):
                return f"is in the submodule {folder}, whose commit {commit[:12]} is not here"
        return ""


def settings(flags: Flags, cwd: Path, *, at: PolicyAt | None = None) -> Settings:
    """Return flags and file together; flags win. Raises ConfigError with file and line."""
    path = at.file if at else flags.config or find_config(cwd)
    base = path.parent if path else cwd
    folder = at.folder if at else base
    located = at.located if at else base.joinpath
    file, yaml_file = _read(path, folder, at) if path else (ConfigFile(version=1), None)
    where = yaml_file.where if yaml_file else _nowhere
    usage = Counter(located(project.usage) for project in file.projects if project.usage)
    pricing, rules = file.pricing, file.rules
    if at:
        rules = rules.model_copy(update={"paths": tuple(str(located(name)) for name in rules.paths)})
    sources = _Sources(flags, file, where, folder, located, cwd)
    return Settings(
        sources=sources.all(),
        now=flags.now or datetime.now(UTC),
        compare_with=flags.compare_with,
        base=base,
        file=yaml_file,
        rules=rules,
        on_unpriced=on_unpriced(file),
        # Comments are the change's own: they are no policy from elsewhere.
        inline_waivers=file.rules.inline_waivers and at is None,
        budgets=file.budgets,
        budget_places=tuple(where(("budgets", number)) for number in range(len(file.budgets))),
        waivers=located(file.waivers) if file.waivers else None,
        currency=pricing.currency,
        catalog=flags.catalog or (located(pricing.catalog) if pricing.catalog else None),
        overlay=located(pricing.overlay) if pricing.overlay else None,
        rates=located(pricing.rates) if pricing.rates else None,
        max_age=timedelta(days=int(pricing.max_age[:-1])),
        definitions=tuple(located(folder) for folder in pricing.definitions),
        default_region=pricing.default_region,
        config_file=path,
        environments={project.name: project.env for project in file.projects},
        complete=not file.projects or not (flags.inputs or flags.project),
        shared_usage=frozenset(path for path, projects in usage.items() if projects > 1),
        projects=tuple(sources.of_file()),
        on_incomplete=file.on_incomplete,
        team_tag=file.report.team_tag,
        with_ids=file.report.ids,
        with_author=file.report.author,
        not_roots=frozenset(file.not_roots),
        policy_folder=at.scratch if at else None,
    )


def on_unpriced(config: ConfigFile) -> dict[str, RuleSetting]:
    """Return what `pricing.on_unpriced`, where it is said, sets of the rule that reports what has no price."""
    rule_id, pricing = "unpriced-resource", config.pricing
    if "on_unpriced" not in pricing.model_fields_set or rule_id in config.rules.set:
        return {}
    enforcement = {OnUnknown.WARN: Enforcement.ADVISORY, OnUnknown.DENY: Enforcement.MANDATORY, OnUnknown.PASS: None}[
        pricing.on_unpriced
    ]
    return {rule_id: RuleSetting(enabled=enforcement is not None, enforcement=enforcement)}


_Where = Callable[[Place], str]
"""File and line of a place in the configuration."""


def _nowhere(_: Place) -> str:
    return ""


def _read(path: Path, folder: Path, at: PolicyAt | None) -> tuple[ConfigFile, YamlFile]:
    """Return what a configuration says, and the file for its lines. What it judges lies below `folder`."""
    if not path.is_file():
        raise ConfigError("no such configuration", where=str(path), fix="`guardrail schema config` shows what it holds")
    yaml_file = read_yaml(path, ConfigError)
    config = checked(ConfigFile, yaml_file, ConfigError)
    for fault in misnamed(config, yaml_file, path.parent, folder, at):
        raise fault
    return config, yaml_file


def misnamed(
    config: ConfigFile, file: YamlFile, base: Path, folder: Path, at: PolicyAt | None = None
) -> Iterator[ConfigError]:
    """Give what names a file that is not there, where it is named, and projects that cannot be told apart.

    Files of the policy are looked for below `base`, or where `at` has them, those of the configuration that is judged
    below `folder`.
    """
    named: list[tuple[Place, str | None]] = [(("waivers",), config.waivers)]
    named += [(("rules", "paths", i), name) for i, name in enumerate(config.rules.paths)]
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
    for place, name in (*named, *inputs, *variables):
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
        where = file.where(("projects", i))
        if project.name in seen:
            yield ConfigError(f"two projects are called {project.name!r}", where=where, fix="give each its own name")
        if (project.path is None) == (project.plan is None):
            yield ConfigError(f"project {project.name!r} needs a path or a plan, and not both", where=where)
        if project.plan is not None and (project.var_files or project.vars or project.workspace or project.terragrunt):
            what = f"project {project.name!r} is a plan, which has its variables: var_files, vars, workspace and terragrunt go with path"
            yield ConfigError(what, where=where)
        if project.source is not None and project.plan is None:
            yield ConfigError(f"project {project.name!r} has no plan that is made from its source", where=where)
        if project.source is not None and not (folder / project.source).is_dir():
            what = f"projects.{i}.source: no such folder: {project.source}"
            yield ConfigError(what, where=file.where(("projects", i, "source")), fix=_RELATIVE)
        seen.add(project.name)


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
        if top and not (folder / name).resolve().is_relative_to(top):
            what = f"{'.'.join(map(str, place))}: {name} is outside of the checkout"
            yield ConfigError(what, where=file.where(place), fix="--var-file names one anywhere")


def _no_such_file(place: Place, name: str) -> str:
    return f"{'.'.join(map(str, place))}: no such file: {name}"


def _not_here(place: Place, name: str, file: YamlFile, at: PolicyAt | None) -> ConfigError | None:
    """Return the error for a file in a submodule whose commit is not here, None for any other."""
    why = at.why_missing(name) if at else ""
    fix = "have the checkout fetch submodules with their history"
    return ConfigError(f"{'.'.join(map(str, place))}: {name} {why}", where=file.where(place), fix=fix) if why else None


@dataclass(frozen=True, slots=True)
class _Sources:
    """What is to be read, by flags and file. Plans, folders and variables lie below `folder`, usage files where `policy` has them."""

    flags: Flags
    file: ConfigFile
    where: _Where
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
                    f"no plan matches {given}", fix="check the pattern, or allow it with --allow-no-plans"
                )
            return [given]  # the others are judged; this one cannot be read
        return matches

    def _projects(self, plan: str) -> list[ProjectConfig | None]:
        """Return the projects that an input of the command line belongs to.

        Of those of one folder, and for a plan that lies elsewhere, it is the one that --project names.
        """
        if plan == "-":
            return [None]
        path = (self.cwd / plan).resolve()
        found = [one for one in self.file.projects if self._is_in(path, one)]
        first = [one for one in found if (one.path, one.plan) == (found[0].path, found[0].plan)]
        named = [one for one in first or self.file.projects if one.name == self.flags.project]
        return [*named] or [*first] or [None]

    def _is_in(self, path: Path, project: ProjectConfig) -> bool:
        if project.plan:
            return any(match.resolve() == path for match in self.folder.glob(project.plan))
        return bool(project.path) and path.is_relative_to((self.folder / str(project.path)).resolve())

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
        plans = sorted(self.folder.glob(wanted))
        if not plans and not self.flags.allow_no_plans:
            if not is_alone:
                yield source(self.folder / wanted, project.name, wanted)
                return
            raise ConfigError(
                f"project {project.name!r}: no plan at {project.plan}",
                fix="make it with `terraform show -json tfplan`, or allow that with --allow-no-plans",
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
        where = self.where(("projects", self.file.projects.index(project), "vars"))
        own = (Vars(project.vars, where),) if project.vars else ()
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
    matches = sorted(Path(anchor or cwd).glob(given[len(anchor) :]))
    return [str(path if anchor else path.relative_to(cwd)) for path in matches if path.is_file()]


__all__ = ["FailOn", "Flags", "PolicyAt", "Settings", "Source", "settings"]
