"""What there is in a repository: projects that can be checked, their machines, tags and costs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from msgspec import Struct, field

from guardrail.catalog import open_catalog
from guardrail.check.findings_by_rule import RuleFindings, findings_by_rule
from guardrail.check.run import estimate
from guardrail.config import RulesConfig, Settings, Source
from guardrail.errors import GuardrailError
from guardrail.model.cost import ResourceCost
from guardrail.model.money import ZERO
from guardrail.policy import RuleSetting, Specs
from guardrail.policy.variables.machine import facts, machine_types
from guardrail.starter.environments import automatic_files, regions
from guardrail.starter.hosting import Hosting, hosting
from guardrail.starter.projects import Project, find_projects
from guardrail.terraform.options import Choices, Vars, terraform_environment

VENDORS = {"aws": "AWS", "azurerm": "Azure", "google": "Google Cloud", "google-beta": "Google Cloud"}
REGIONS = {"AWS": ("aws", "us-east-1"), "Azure": ("azure", "eastus"), "Google Cloud": ("gcp", "us-central1")}
"""What guardrail.yaml calls each vendor, and one of its regions."""

REQUIRED_TAGS, MIS_CASED = "required-tags", "mis-cased-tag-key"
"""The rules that ask for tags by their keys."""

_MOST = Decimal("0.75")  # of the resources that can carry tags
_ENOUGH = 3  # such resources, before their tags say anything
_NO_OWNER = frozenset({"name", "description"})  # tags that tell one resource, not whose it is


class Machine(Struct, frozen=True):
    """A machine in use: its type, its processors and memory (GiB), and the resource that it is of."""

    name: str
    vcpu: float
    memory: float
    type: str
    address: str


class Survey(Struct):
    """What there is.

    `left_out` are projects that cannot be evaluated, `monthly` has the known cost of each other one, `dearest` that of the
    most expensive resource. `tags` are those that most resources carry; `untagged` of `taggable` resources lack one of them.
    `findings` has the rules of all packs that find something, by what they would save; None where they were not asked.
    """

    folder: Path
    hosting: Hosting
    projects: list[Project] = field(default_factory=list)
    left_out: list[Project] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)
    """what could not be evaluated, and the projects that it is missing from"""
    resources: int = 0
    vendors: set[str] = field(default_factory=set)
    machines: list[Machine] = field(default_factory=list)
    tags: tuple[str, ...] = ()
    taggable: int = 0
    untagged: int = 0
    dearest: tuple[Decimal, str, str] | None = None
    """monthly cost, type and address"""
    placeless: int = 0
    """priced resources whose region the configuration does not say"""
    regions: set[str] = field(default_factory=set)
    """regions that the files of variables name"""
    monthly: dict[str, Decimal] = field(default_factory=dict)
    findings: list[RuleFindings] | None = None

    @property
    def default_region(self) -> dict[str, str]:
        """The region of what has none in the configuration, by vendor; {} where the files of variables do not name just one."""
        if not self.placeless or len(self.regions) != 1 or len(self.vendors) != 1:
            return {}
        return {REGIONS[vendor][0]: region for vendor in self.vendors for region in self.regions}

    @property
    def largest(self) -> Machine | None:
        """The machine with the most processors, of those the one with the most memory."""
        return max(self.machines, key=lambda one: (one.vcpu, one.memory), default=None)


def survey(folder: Path, *, with_findings: bool = True) -> Survey:
    """Look at a folder. What cannot be evaluated is left out, with a note. Raises CatalogError.

    `with_findings`: ask the rules of all packs, too.
    """
    found = find_projects(folder)
    seen = Survey(folder, hosting(folder), notes=found.notes)
    resources: list[ResourceCost] = []
    for project in found.projects:
        try:
            resources += _resources(project, seen)
        except GuardrailError as error:
            seen.left_out.append(project)
            seen.notes.append(f"left out, as it cannot be evaluated: {error}")
        else:
            seen.projects.append(project)
    # Many projects lack the same module: said once, with the first few of them.
    for text, names in seen.missing.items():
        some = ", ".join(names[:3]) + f" and {len(names) - 3} more" * (len(names) > 3)  # noqa: PLR2004
        seen.notes.append(f"not evaluated in {some}: {text}")
    seen.resources = len(resources)
    seen.vendors = {VENDORS[one.change.provider] for one in resources if one.change.provider in VENDORS}
    seen.machines = list(_machines(resources, open_catalog().spec))
    _count_tags(seen, resources)
    seen.placeless = sum(
        one.change.provider in VENDORS
        and not isinstance(one.change.region, str)
        and one.after is not None
        and one.after.unpriced
        for one in resources
    )
    seen.regions = regions(
        file
        for project in seen.projects
        if project.path
        for file in (*automatic_files(folder / project.path), *(folder / name for name in project.var_files))
    )
    costs = [(one.after.known, one.change.type, one.change.address) for one in resources if one.after]
    seen.dearest = max((cost for cost in costs if cost[0] > 0), default=None)
    if with_findings and resources:
        _ask_rules(seen)
    return seen


def _ask_rules(seen: Survey) -> None:
    """Ask the rules of all packs what they find, for the tags that most resources carry; nobody has agreed on any others."""
    tags = list(seen.tags)
    of_tags = {
        REQUIRED_TAGS: RuleSetting(params={"required": tags}) if tags else RuleSetting(enabled=False),
        MIS_CASED: RuleSetting(params={"keys": tags}) if tags else RuleSetting(),
    }
    sources = tuple(_source(project, seen.folder) for project in seen.projects)
    chosen = Settings(
        sources,
        datetime.now(UTC),
        base=seen.folder,
        rules=RulesConfig(set=of_tags),
        default_region=seen.default_region,
    )
    try:
        asked, _ = findings_by_rule(chosen, everything=True)
    except GuardrailError as error:
        seen.notes.append(f"what rules would find cannot be told: {error}")
    else:
        seen.findings = [one for one in asked if one.findings]


def _source(project: Project, folder: Path) -> Source:
    return Source(
        str(folder / (project.path or project.plan)),
        project.name,
        project.path or project.plan,
        project.env,
        folder / project.usage if project.usage else None,
        Choices(
            (*(folder / name for name in project.var_files), Vars(project.vars, "")),
            project.workspace,
            terraform_environment(os.environ),
            terragrunt=project.terragrunt,
        ),
    )


def _resources(project: Project, seen: Survey) -> list[ResourceCost]:
    """Price a project as `guardrail check` would, and return its resources that are there after the change."""
    folder = seen.folder
    report = estimate(Settings((_source(project, folder),), datetime.now(UTC), base=folder), with_attributes=True)
    found = [one for part in report.projects for one in part.resources if one.change.after]
    seen.monthly[project.name] = sum((one.after.known for one in found if one.after), ZERO)
    missing = [one.text for part in report.projects for one in part.not_evaluated]
    remedies = [one.remedy for part in report.projects for one in part.not_evaluated if one.remedy]
    if missing:
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        fix = f" ({remedies[0]})" if remedies else ""
        seen.missing.setdefault(f"{missing[0]}{more}{fix}", []).append(project.name)
    return found


def _machines(resources: Iterable[ResourceCost], specs: Specs) -> Iterable[Machine]:
    for one in resources:
        side = one.change.after
        known = facts(one.change.provider, machine_types(one.change.type, side.get), specs) if side else {}
        name, vcpu, memory = (known.get(key) for key in ("type", "vcpu", "memory_gib"))
        if isinstance(name, str) and isinstance(vcpu, int | float) and vcpu > 0:
            yield Machine(
                name, vcpu, memory if isinstance(memory, int | float) else 0, one.change.type, one.change.address
            )


def _count_tags(seen: Survey, resources: Iterable[ResourceCost]) -> None:
    changes = [one.change for one in resources]
    carried = [
        {key for key, value in change.tags.values.items() if value != ""}
        for change in changes
        if change.taggable and change.tags.unknown is None  # of unknown tags, nothing can be counted
    ]
    seen.taggable = len(carried)
    if len(carried) < _ENOUGH:
        return
    # Keys that differ in case alone are one tag, in its most frequent spelling. With a colon, they are a system's own.
    spelled = Counter(key for keys in carried for key in keys if key.lower() not in _NO_OWNER and ":" not in key)
    times = Counter(word for keys in carried for word in {key.lower() for key in keys if key in spelled})
    usual = {key.lower(): key for key, _ in reversed(spelled.most_common())}
    seen.tags = tuple(sorted(usual[word] for word, count in times.items() if count >= _MOST * len(carried)))
    seen.untagged = sum(not keys.issuperset(seen.tags) for keys in carried)
