"""What guardrail.yaml may hold, with the meaning of each key."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import field

from guardrail.config.anomalies import AnomaliesConfig
from guardrail.config.approvers import ApprovalsConfig, Approver
from guardrail.config.notify import NotifyConfig
from guardrail.errors import did_you_mean
from guardrail.files.section import AfterValidator, Field, Section
from guardrail.model.finding import Enforcement, OnUnknown
from guardrail.model.report import TEAM_TAG
from guardrail.policy import Budget, RuleSelection, RuleSetting, WaiverTerms
from guardrail.terraform.configuration.code.files import NO_ROOTS


def _days(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,4}d", text):
        msg = "must be a number of days, like 90d"
        raise ValueError(msg)
    return text


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
    vars: dict[str, Any] = field(default_factory=dict)
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
    waivers: WaiverTerms = WaiverTerms()
    """what a waiver of any rule needs to count; rules may ask for more"""
    strict_waivers: bool = False
    """whether what is wrong with a waiver blocks: one that is unused, expired, refused, too broad or there twice"""


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
    on_unpriced: OnUnknown | None = None
    """what the rule unpriced-resource does: warn, deny or pass; default: what its file says, warn"""
    definitions: tuple[str, ...] = ()
    """folders of your own cost definitions, which win over the shipped ones"""
    default_region: dict[str, str] = field(default_factory=dict)
    """vendor (aws, azure, gcp) -> region to price in where the plan does not say it"""
    assume_usage: Literal["none", "small", "medium", "large"] = "none"
    """profile by which usage is assumed where no usage file gives it; reports mark what stands on it, rules do not count it"""


class ReportConfig(Section):
    """What reports show beside costs and findings."""

    team_tag: Annotated[str, Field(min_length=1, max_length=128)] = TEAM_TAG
    """tag (or label) that names the team a resource belongs to: reports sum costs by it"""
    ids: bool = True
    """whether the JSON tells the ids and ARNs of resources, by which a bill can be matched"""
    author: bool = True
    """whether the JSON tells who has opened the pull request"""


class LedgerConfig(Section):
    """Where the facts of runs, states and bills are kept."""

    path: Annotated[str, Field(min_length=1)] = "ledger"
    """folder, relative to guardrail.yaml, or the address of an object store: s3://bucket/prefix"""
    snapshot: Annotated[str, Field(min_length=1)] | None = None
    """file that `guardrail ledger snapshot` has written, relative to guardrail.yaml: real costs beside estimates, and what is spent of budgets"""
    max_age: Annotated[str, AfterValidator(_days)] = "7d"
    """an older snapshot tells nothing"""
    address_tag: Annotated[str, Field(max_length=128)] = ""
    """tag (or label) on bills whose value is the Terraform address of the resource: charges that no id matches are matched by it"""
    project_tag: Annotated[str, Field(max_length=128)] = ""
    """tag (or label) on bills whose value is the name of the project: charges of no address are of that project as a sum"""


class RightsizingConfig(Section):
    """When metrics allow a smaller machine."""

    cpu_p99: Annotated[float, Field(gt=0, le=100)] = 70.0
    """the 99th percentile of the CPU, in percent, that the smaller machine may come to"""
    memory_max: Annotated[float, Field(gt=0, le=100)] = 85.0
    """the most memory in use, in percent of what the smaller machine has"""
    min_days: Annotated[int, Field(ge=1, le=366)] = 14
    """days with metrics; with fewer, nothing smaller is recommended"""
    less_memory: bool = False
    """whether half the memory is told as an alternative where nobody measures memory: with low confidence, and in no sum"""


class SpotConfig(Section):
    """Where machines may be interrupted."""

    environments: tuple[str, ...] = ()
    """environments of projects in which they may; without any, Spot is recommended and not in the sum"""
    min_machines: Annotated[int, Field(ge=1)] = 2
    """machines that a group has at least"""
    max_band: Annotated[int, Field(ge=0, le=4)] = 1
    """how often AWS may interrupt: 0 less than 5% of machines in a month, 1 5-10%, 2 10-15%, 3 15-20%, 4 more"""


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PRODUCTION = frozenset({"prod", "production", "prd", "live"})


def _not_production(environments: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := next((one for one in environments if one.lower() in _PRODUCTION), None):
        msg = f"{wrong!r} is production, which is never stopped"
        raise ValueError(msg)
    return environments


def _known_zone(zone: str) -> str:
    from zoneinfo import available_timezones  # noqa: PLC0415 - reads many files, which only who names a zone pays

    known = available_timezones()
    if known and zone not in known:  # some systems have no list of time zones
        msg = f"{zone!r} is no time zone; {did_you_mean(zone, sorted(known)) or 'use one like Europe/Berlin'}"
        raise ValueError(msg)
    return zone


_HOURS = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"


def _hours_of_a_day(hours: str) -> str:
    if not re.match(_HOURS, hours):
        msg = f"{hours!r} is no begin and end of a day, like 07:00-19:00"
        raise ValueError(msg)
    begin, _, end = hours.partition("-")
    if begin == end:
        msg = f"{hours!r} begins when it ends, so that nothing would ever stop"
        raise ValueError(msg)
    return hours


class SchedulesConfig(Section):
    """What may be stopped while nobody works, and when somebody does."""

    environments: Annotated[tuple[str, ...], AfterValidator(_not_production)] = (
        *("dev", "development", "test", "testing", "qa", "uat", "integration"),
        *("staging", "stage", "sandbox", "demo", "preview", "review"),
    )
    """environments (env of the project, else the tag env or environment) that may be stopped, in any case; production never is"""
    hours: Annotated[str, AfterValidator(_hours_of_a_day), Field(json_schema_extra={"pattern": _HOURS})] = "07:00-19:00"
    """from when to when they run; an end before the begin is on the next day"""
    days: Annotated[tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Field(min_length=1)] = (
        *("mon", "tue", "wed", "thu", "fri"),
    )
    """days on which they start"""
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    """time zone of the hours"""


class CleanUpConfig(Section):
    """When something is idle, or old."""

    idle_days: Annotated[int, Field(ge=1, le=366)] = 14
    """days with metrics; with fewer, nothing is called idle"""
    idle_cpu: Annotated[float, Field(ge=0, le=100)] = 2.0
    """the most CPU, in percent, of a machine that is idle"""
    snapshot_days: Annotated[int, Field(ge=0)] = 90
    """a snapshot or image that is younger is kept"""


class RecommendConfig(Section):
    """What is recommended, and what becomes of recommendations that are open."""

    dismissals: str | None = None
    """file of recommendations that nobody will follow, relative to guardrail.yaml: each with its reason and an end"""
    min_saving: Annotated[float, Field(ge=0)] = 1.0
    """a month; what saves less is not recommended"""
    block_above: Annotated[float, Field(ge=0)] | None = None
    """a month; a recommendation that is open and saves more blocks: exit code 1"""
    in_check: bool = False
    """whether `guardrail check` tells the recommendations for resources that the change creates or changes"""
    rightsizing: RightsizingConfig = RightsizingConfig()
    clean_up: CleanUpConfig = CleanUpConfig()
    spot: SpotConfig = SpotConfig()
    schedules: SchedulesConfig = SchedulesConfig()


class KpisConfig(Section):
    """KPIs of one's own, and what they need that no ledger has."""

    paths: tuple[str, ...] = ()
    """Folders of KPIs of one's own, or files. One of the id of a shipped KPI takes its place."""
    units: str | None = None
    """CSV of what is counted each month, for unit costs: month, unit, value."""
    recommendations: str | None = None
    """JSON of `guardrail recommend --format json`."""
    targets: dict[str, Annotated[Decimal, Field(allow_inf_nan=False)]] = field(default_factory=dict)
    """By the id of a KPI, what is to be reached."""


class ConfigFile(Section):
    """guardrail.yaml: what to check, by which rules, against which budgets."""

    version: Literal[1]
    projects: tuple[ProjectConfig, ...] = ()
    rules: RulesConfig = RulesConfig()
    budgets: tuple[Budget, ...] = ()
    waivers: str | None = None
    """waivers file, relative to guardrail.yaml"""
    approvers: tuple[Approver, ...] = ()
    """who may approve findings of rules with `enforcement: approval`; read from the base of a change"""
    approvals: ApprovalsConfig = ApprovalsConfig()
    pricing: PricingConfig = PricingConfig()
    report: ReportConfig = ReportConfig()
    ledger: LedgerConfig = LedgerConfig()
    recommend: RecommendConfig = RecommendConfig()
    anomalies: AnomaliesConfig = AnomaliesConfig()
    notify: NotifyConfig = NotifyConfig()
    kpis: KpisConfig = KpisConfig()
    on_incomplete: OnIncomplete = OnIncomplete.WARN
    """whether what a change adds and cannot be evaluated blocks it (deny), or only warns; what was so before, and is written as it was, never blocks"""
    not_roots: tuple[str, ...] = tuple(sorted(NO_ROOTS))
    """names of folders whose configuration is not planned by itself; a root module elsewhere needs a project"""


def on_unpriced(config: ConfigFile) -> dict[str, RuleSetting]:
    """Return what `pricing.on_unpriced`, where it is said, sets of the rule that reports what has no price."""
    rule_id, pricing = "unpriced-resource", config.pricing
    if pricing.on_unpriced is None or rule_id in config.rules.set:
        return {}
    enforcement = {OnUnknown.WARN: Enforcement.ADVISORY, OnUnknown.DENY: Enforcement.MANDATORY, OnUnknown.PASS: None}[
        pricing.on_unpriced
    ]
    return {rule_id: RuleSetting(enabled=enforcement is not None, enforcement=enforcement)}
