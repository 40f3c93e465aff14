"""guardrail.yaml and the command line's flags, as one frozen `Settings`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.config.anomalies import AnomaliesConfig
from guardrail.config.approvers import ApprovalsAt, ApprovalsConfig, Approver
from guardrail.config.checks import misnamed
from guardrail.config.file import ConfigFile, KpisConfig, OnIncomplete, RecommendConfig, RulesConfig, on_unpriced
from guardrail.config.notify import NotifyConfig
from guardrail.config.policy_at import PolicyAt
from guardrail.config.sources import Flags, Source, Sources
from guardrail.config_path import find_config
from guardrail.errors import ConfigError
from guardrail.files import Place, YamlFile, checked, read_yaml
from guardrail.files.repository import repository_top
from guardrail.model.report import TEAM_TAG
from guardrail.model.unknown import Unknown
from guardrail.paths import followed
from guardrail.policy import Budget, RuleSetting
from guardrail.terraform.configuration.code.files import NO_ROOTS


class Settings(Struct, frozen=True):
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
    waivers: Path | None = None
    approvers: tuple[Approver, ...] = ()
    approvals: ApprovalsConfig = field(default_factory=ApprovalsConfig)
    approvals_file: Path | None = None
    """The approvals file, there or not; None without a guardrail.yaml."""
    approvals_at: ApprovalsAt | None = None
    """Where approvers and approvals are read from; None: they are those of these settings."""
    currency: str = "USD"
    catalog: Path | None = None
    overlay: Path | None = None
    rates: Path | None = None
    max_age: timedelta = timedelta(days=365)
    definitions: tuple[Path, ...] = ()
    default_region: Mapping[str, str] = field(default_factory=dict)
    usage_profile: str = ""
    """By which usage is assumed where none is given: small, medium or large; "" for none."""
    config_file: Path | None = None
    pr: Mapping[str, Any] = field(default_factory=dict)
    """What rules read as `pr`; empty outside of a pull request."""
    repository: str | Unknown = ""
    """owner/name as the CI tells it, "" where there is none; unknown for a run of the past that does not tell it."""
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
    ledger: str = "ledger"
    snapshot: Path | None = None
    """What bills have come to, by the ledger's snapshot; it may not be there."""
    snapshot_name: str = ""
    """What guardrail.yaml calls it."""
    snapshot_max_age: timedelta = timedelta(days=7)
    address_tag: str = ""
    """Tags on bills: which one names a resource's address, and which its project; "" for none."""
    project_tag: str = ""
    recommend: RecommendConfig = field(default_factory=RecommendConfig)
    anomalies: AnomaliesConfig = field(default_factory=AnomaliesConfig)
    notify: NotifyConfig = field(default_factory=NotifyConfig)
    dismissals: Path | None = None
    kpis: KpisConfig = field(default_factory=KpisConfig)
    """Paths in it are of the folder of guardrail.yaml, which is `base`."""
    reads_states: bool = False
    """Whether the JSON of a state is an input, too: what is there, without a change."""
    uncovered: tuple[str, ...] = ()
    """Files of root modules that the change adds or edits, one a folder, that no project is for."""
    policy_folder: Path | None = None
    """Where the policy of another commit has been written to; None where it is that of the working tree."""

    @property
    def top(self) -> Path:
        """The repository that the policy lies in, or what stands for it: a pack in it is read where it lies."""
        return self.policy_folder or repository_top(followed(self.base))

    def where_budget(self, number: int) -> str:
        """Return "file:line" of a budget, "" without a guardrail.yaml."""
        return self.file.where(("budgets", number)) if self.file else ""

    def where_in_rules(self, place: Place) -> str:
        """Return "file:line" of what keys below `rules` lead to, "" without a guardrail.yaml."""
        return self.file.where(("rules", *place)) if self.file else ""


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
        paths = tuple(str(located(name)) for name in rules.paths)
        settings_of_rules = {
            rule: replace(one, params_from={n: str(located(f)) for n, f in one.params_from.items()})
            for rule, one in rules.set.items()
        }
        rules = replace(rules, paths=paths, set=settings_of_rules)
    sources = Sources(flags, file, where, folder, located, cwd)
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
        waivers=located(file.waivers) if file.waivers else None,
        approvers=file.approvers,
        approvals=file.approvals,
        approvals_file=located(file.approvals.file) if path else None,
        currency=pricing.currency,
        catalog=flags.catalog or (located(pricing.catalog) if pricing.catalog else None),
        overlay=located(pricing.overlay) if pricing.overlay else None,
        rates=located(pricing.rates) if pricing.rates else None,
        max_age=timedelta(days=int(pricing.max_age[:-1])),
        definitions=tuple(located(folder) for folder in pricing.definitions),
        default_region=pricing.default_region,
        usage_profile=(flags.assume_usage or pricing.assume_usage).removesuffix("none"),
        config_file=path,
        environments={project.name: project.env for project in file.projects},
        complete=not file.projects or not (flags.inputs or flags.project),
        shared_usage=frozenset(path for path, projects in usage.items() if projects > 1),
        projects=tuple(sources.of_file()),
        on_incomplete=file.on_incomplete,
        team_tag=file.report.team_tag,
        with_ids=file.report.ids,
        with_author=file.report.author,
        ledger=file.ledger.path if "://" in file.ledger.path else str(base / file.ledger.path),
        snapshot=located(file.ledger.snapshot) if file.ledger.snapshot else None,
        snapshot_name=file.ledger.snapshot or "",
        snapshot_max_age=timedelta(days=int(file.ledger.max_age[:-1])),
        address_tag=file.ledger.address_tag,
        project_tag=file.ledger.project_tag,
        recommend=file.recommend,
        anomalies=file.anomalies,
        notify=file.notify,
        dismissals=located(file.recommend.dismissals) if file.recommend.dismissals else None,
        kpis=file.kpis,
        not_roots=frozenset(file.not_roots),
        policy_folder=at.scratch if at else None,
    )


def _nowhere(_: Place) -> str:
    return ""


def _read(path: Path, folder: Path, at: PolicyAt | None) -> tuple[ConfigFile, YamlFile]:
    """Return what a configuration says, and the file for its lines. What it judges lies below `folder`."""
    if not path.is_file():
        raise ConfigError(
            "no such configuration",
            where=str(path),
            fix="run `guardrail init` to write one; `guardrail schema config` shows its format",
        )
    yaml_file = read_yaml(path, ConfigError)
    config = checked(ConfigFile, yaml_file, ConfigError)
    for fault in misnamed(config, yaml_file, path.parent, folder, at):
        raise fault
    return config, yaml_file
