"""The variables that a rule sees: their names, types and meaning, and those that belong to no single resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from guardrail.cel import OPEN, KeyAccess, Path
from guardrail.model.cost import ResourceCost
from guardrail.model.reason import Reason
from guardrail.model.resource import Action
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.spend import Spend
from guardrail.policy.variables.cost_groups import BY_MODULE, BY_TAG, COST

NO_REPOSITORY = Unknown("project.repository", "neither git nor the CI says it", Reason.NOT_EVALUATED)


@dataclass(frozen=True, slots=True)
class Project:
    """The project that resources belong to. `env` is what the configuration says, "" if nothing; `repository` is owner/name."""

    name: str
    path: str = "."
    env: str = ""
    repository: str | Unknown = NO_REPOSITORY

    def values(self) -> dict[str, Json]:
        """Return what rules read below `project`."""
        return {"name": self.name, "path": self.path, "env": self.env, "repository": self.repository}


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that expressions may use: its type as CEL has it, and its meaning for the documentation."""

    name: str
    type: str
    meaning: str


VARIABLES = tuple(
    Variable(*row)
    for row in (
        ("resource.address", "string", 'as Terraform prints it: `module.web["a"].aws_instance.this[0]`'),
        ("resource.type", "string", "Terraform type: `aws_instance`"),
        ("resource.name", "string", "name in the configuration: `this`"),
        ("resource.module", "string", "module part of the address, empty in the root module"),
        ("resource.provider", "string", "short name of the provider: `aws`, `azurerm`, `google`"),
        (
            "resource.provider_alias",
            "string",
            "alias of the provider configuration that it uses; empty for the one without",
        ),
        (
            "resource.environment",
            "string",
            "`env` of the project in guardrail.yaml, else the tag `env` or `environment` in any case; null where neither is given",
        ),
        ("resource.region", "string", "region or location in the vendor's spelling; null where it cannot be told"),
        ("resource.action", "string", "create, update, replace, delete, no-op, forget, import or move"),
        ("resource.before", "map", "attributes before the change; all null for a new resource"),
        ("resource.after", "map", "attributes after the change; all null for a deleted resource"),
        (
            "resource.set",
            "map",
            'whether the configuration sets an attribute: `resource.set.type`, `resource.set["root_block_device.0.iops"]`',
        ),
        ("resource.tags", "map", "effective tags or labels, inherited ones included"),
        (
            "resource.tags_of.instances",
            "list",
            "the tags of machines that it brings along, as a group does; each has `tags`, `own` (those that it gives itself, without those of a template) and `of` (the attribute)",
        ),
        ("resource.tags_of.volumes", "list", "the same of volumes and disks that it brings along"),
        ("resource.tag_origins", "map", "where each tag comes from: `resource`, or the default tags of a provider"),
        ("resource.unknown", "list", 'paths known only after apply: `"instance_type"`, `"tags.env"`'),
        ("resource.cost.monthly", "number", "monthly cost after the change; unknown if part of it has no price"),
        ("resource.cost.known", "number", "the part of it that is known: a lower bound"),
        (
            "resource.cost.with_usage",
            "number",
            "the same as `monthly`, but unknown too if usage that it depends on is not given",
        ),
        (
            "resource.cost.assumed_usage",
            "number",
            "what usage costs that `--assume-usage` assumes; no other amount holds it, 0 without a profile",
        ),
        ("resource.cost.before", "number", "monthly cost before the change; unknown if part of it has no price"),
        ("resource.cost.delta", "number", "what the change adds to the month; 0 if nothing changes"),
        (
            "resource.cost.delta_percent",
            "number",
            "the delta in percent of what was; null where that is 0, as of a new resource",
        ),
        ("resource.cost.priced", "bool", "whether all has a price, apart from usage that nobody gave"),
        ("resource.cost.status", "string", "priced, partial, free or unsupported"),
        (
            "resource.cost.lines",
            "list",
            "its lines: group, name, unit, quantity, price (of a unit), monthly, status, assumed_usage, usage_profile; unknown what has no price",
        ),
        (
            "resource.costs",
            "map",
            'name of a line -> monthly, quantity and unit: `resource.costs["Instance usage"].monthly`; null where there is none',
        ),
        ("resource.file", "string", "file that it is written in; unknown where nothing tells"),
        ("resource.line", "number", "its line there"),
        ("resource.module_source", "string", "source of its module, as the call says it; empty in the root module"),
        ("resource.module_version", "string", "version that the call asks for; empty where it asks for none"),
        (
            "resource.instance.type",
            "string",
            "machine type, the largest if there are several; null if there is none, as of a serverless database",
        ),
        ("resource.instance.types", "list", "all machine types that the resource names"),
        ("resource.instance.families", "list", "the family of each of them: `m5`"),
        ("resource.instance.vcpu", "number", "virtual processors of the machine type; of several the most"),
        ("resource.instance.memory_gib", "number", "its memory in GiB; of several the most"),
        ("resource.instance.family", "string", "its family: `m5`"),
        (
            "resource.instance.current_generation",
            "bool",
            "whether the vendor counts it to the current generation; of several, all of them",
        ),
        ("resource.instance.gpus", "number", "its GPUs, with those that are attached to it; of several types the most"),
        ("resource.instance.arch", "string", "its processor's architecture"),
        (
            "resource.instance.successors",
            "list",
            "for each type of a previous generation: path of the attribute, type, successor (null where none is known)",
        ),
        (
            "plan.monthly",
            "number",
            "monthly cost of all resources after the change; unknown if part of it has no price",
        ),
        ("plan.known", "number", "the part of it that is known: a lower bound"),
        (
            "plan.with_usage",
            "number",
            "the same as `monthly`, but unknown too if usage that it depends on is not given",
        ),
        (
            "plan.assumed_usage",
            "number",
            "what usage costs that `--assume-usage` assumes; no other amount holds it, 0 without a profile",
        ),
        ("plan.before", "number", "monthly cost before the change; unknown if part of it has no price"),
        ("plan.delta", "number", "what the change adds to the month; unknown if part of it has no price"),
        (
            "plan.known_delta",
            "number",
            "the part of the delta that is known: a lower bound, unknown where there is none",
        ),
        ("plan.delta_percent", "number", "the delta in percent of what was; null where that is 0"),
        ("plan.known_delta_percent", "number", "`known_delta` in percent of what was; null where that is 0"),
        (
            "plan.cost.by_module",
            "map",
            "address of a module (without keys of instances, empty for the root) -> what it costs: monthly, known, with_usage, before, delta, ...",
        ),
        (
            "plan.unpriced",
            "number",
            "how many resources have no price or only part of one, including what was not evaluated",
        ),
        ("plan.not_evaluated", "number", "how many blocks were not evaluated, changes deferred, modules not there"),
        *((f"plan.counts.{action.replace('-', '_')}", "number", f"how many resources: {action}") for action in Action),
        ("plan.resources", "list", "all resources; each has what `resource` has"),
        (
            "plan.data",
            "list",
            "data sources that resources mention; each has what `resource` has, their types begin with `data.`",
        ),
        ("plan.modules", "list", "module blocks: address (without keys of instances), source, version"),
        (
            "plan.providers",
            "list",
            "providers that modules use: name, source, constraint (empty: any version), module, and version of the lock file",
        ),
        ("plan.variables", "map", "variables of the root module"),
        ("plan.outputs", "map", "outputs of the root module"),
        ("plan.workspace", "string", "workspace; unknown for the JSON of a plan, unless TF_WORKSPACE is set"),
        ("project.name", "string", "name of the project"),
        ("project.path", "string", "its path"),
        ("project.repository", "string", "owner/name of the repository, as the CI or the remote `origin` tells it"),
        ("project.env", "string", "its environment as `guardrail.yaml` says, empty if it does not"),
        ("pr", "map", "the pull request: number, title, labels, author; empty outside of one"),
        ("budget.name", "string", "name of the budget"),
        ("budget.monthly", "number", "its limit on the month, null if it has none"),
        ("budget.increase", "number", "its limit on what a change adds, null if it has none"),
        ("budget.increase_percent", "number", "its limit on what a change adds in percent, null if it has none"),
        (
            "budget.cost.monthly",
            "number",
            "monthly cost of its resources after the change; unknown if part of it has no price",
        ),
        ("budget.cost.known", "number", "the part of it that is known: a lower bound"),
        (
            "budget.cost.with_usage",
            "number",
            "the same as `monthly`, but unknown too if usage that it depends on is not given",
        ),
        (
            "budget.cost.assumed_usage",
            "number",
            "what usage costs that `--assume-usage` assumes; no other amount holds it, 0 without a profile",
        ),
        ("budget.cost.before", "number", "monthly cost before the change; unknown if part of it has no price"),
        ("budget.cost.delta", "number", "what the change adds to the month; unknown if part of it has no price"),
        (
            "budget.cost.known_delta",
            "number",
            "the part of the delta that is known: a lower bound, unknown where there is none",
        ),
        ("budget.cost.delta_percent", "number", "the delta in percent of what was; null where that is 0"),
        ("budget.cost.known_delta_percent", "number", "`known_delta` in percent of what was; null where that is 0"),
        (
            "budget.cost.unpriced",
            "number",
            "how many of its resources have no price or only part of one, including what was not evaluated",
        ),
        ("budget.cost.not_evaluated", "number", "how many blocks that may be among them were not evaluated"),
        ("budget.spend", "number", "its limit on what is billed in its period, null if it has none"),
        ("budget.period", "string", "month, quarter or year"),
        (
            "budget.spent.known",
            "number",
            "what bills say of the period so far, at least; unknown without a snapshot of the ledger, or where that is too old",
        ),
        ("budget.spent.most", "number", "the same, at most: with charges of which nothing tells whose they are"),
        (
            "budget.projected.known",
            "number",
            "what the period comes to, at least: what is spent, and the rest of it at the cost after the change",
        ),
        (
            "budget.projected.most",
            "number",
            "the same, at most; unknown where part of the cost has no price; usage that is not given is left out",
        ),
        (
            "budget.projected.within",
            "bool",
            "whether that stays within `spend`: false if `known` does not, true if `most` does, else unknown; null without `spend`",
        ),
        (
            "budget.forecast.known",
            "number",
            "what the period will come to without this change, at least; unknown without a snapshot of the ledger, or where that is too old",
        ),
        ("budget.forecast.most", "number", "the same, at most: with charges of which nothing tells whose they are"),
        (
            "budget.forecast.low",
            "number",
            "above which it will be in four cases of five; unknown where there is too little history",
        ),
        ("budget.forecast.high", "number", "below which it will be in four cases of five; unknown likewise"),
        (
            "budget.forecast.with_change",
            "number",
            "`known` with what the change adds if it is merged now; unknown if part of that has no price",
        ),
        (
            "budget.forecast.within",
            "bool",
            "whether the forecast with this change stays within `spend`: false if it does not without charges of nobody, true if it does with them, else unknown; null without `spend`",
        ),
        ("budget.open.pull_requests", "number", "open pull requests beside this one that change what it comes to"),
        ("budget.open.added", "number", "what they add to the period if they are merged now"),
        ("budget.open.if_all_merge", "number", "the forecast with this change and all of them"),
        ("currency", "string", "currency of all amounts: `USD`"),
        ("now", "string", "the time of the run: `2026-01-31T12:00:00Z`"),
        ("today", "string", "its day: `2026-01-31`"),
    )
)
"""Every name that an expression may use, beside `params` and `variables` of its own rule."""

FUNCTIONS = tuple(
    Variable(*row)
    for row in (
        (
            "resource.references(type)",
            "list",
            "resources and data sources (`data.aws_ami`) of a type that it refers to; each has what `resource` has",
        ),
        ("resource.referrers(type)", "list", "resources of a type that refer to it"),
        (
            "plan.cost.by_tag(key)",
            "map",
            'value of a tag -> what its resources cost, as `by_module`; "" is what lacks the tag: `plan.cost.by_tag("team")["shop"].monthly`',
        ),
        (
            "price.of(resource, attributes)",
            "number",
            'its monthly cost with other attributes: `price.of(resource, {"instance_type": "m7g.large"})`',
        ),
    )
)
"""Functions that look at the plan. A type may be a glob and has to be written out, or be a parameter; without one, all are meant."""

_OF_TOTALS = ("monthly", "known", "delta", "known_delta", "delta_percent", "known_delta_percent")
KNOWN_COST: frozenset[Path] = frozenset(
    {
        *(("resource", "cost", name) for name in ("monthly", "known", "delta", "delta_percent", "lines")),
        ("resource", "costs"),
        *((*parent, name) for parent in (("plan",), ("budget", "cost")) for name in _OF_TOTALS),
        *(("budget", "projected", name) for name in ("known", "most", "within")),
        *(("budget", "forecast", name) for name in ("with_change", "within")),
        ("budget", "open", "if_all_merge"),
    }
)
"""Amounts that leave out usage that is not given."""
WITH_USAGE: frozenset[Path] = frozenset(
    (*parent, "with_usage") for parent in (("resource", "cost"), ("plan",), ("budget", "cost"))
)
"""Amounts that are unknown where usage is not given."""

REPOSITORY: Path = ("project", "repository")
RELATIONS = ("references", "referrers")
LOOKUPS = frozenset({*RELATIONS, "price.of"})
PLAN_LOOKUPS = frozenset({BY_TAG})
PLAN_LISTS = ("resources", "data", "modules", "providers", "variables", "outputs", "workspace")
"""What there is below `plan` beside sums and counts."""

NULLABLE: frozenset[Path] = frozenset(
    {
        *(("resource", "tags"), ("resource", "costs"), ("plan", "variables"), ("plan", "outputs")),
        *((*COST, BY_MODULE), (*COST, BY_TAG, "*")),
    }
)
"""Maps that read null at a key that they lack."""

_ROOTS = {
    "resource": {"resource", "plan", "project", "pr", "currency", "now", "today"},
    "plan": {"plan", "project", "pr", "currency", "now", "today"},
    "budget": {"budget", "pr", "currency", "now", "today"},
}


@cache
def schema(scope: str) -> Mapping[str, Any]:
    """Return the names that a rule of this scope may use, as `guardrail.cel` takes them."""
    names: dict[str, Any] = {}
    for variable in VARIABLES:
        *parents, last = variable.name.split(".")
        if variable.name.partition(".")[0] in _ROOTS[scope]:
            level = names
            for parent in parents:
                level = level.setdefault(parent, {})
            level[last] = OPEN
    if scope == "resource":
        names["resource"] |= dict.fromkeys(LOOKUPS, OPEN)
    if "plan" in names:
        names["plan"]["cost"] |= dict.fromkeys(PLAN_LOOKUPS, OPEN)
    return names


_NAMES = tuple(tuple(variable.name.split(".")) for variable in VARIABLES)
_LOOKED_UP = {(relation,) for relation in RELATIONS}
SIDES: tuple[Path, ...] = (("resource", "after"), ("resource", "before"))
SET: Path = ("resource", "set")


def needed(reads: Iterable[Path]) -> frozenset[Path]:
    """Return the variables to bind for what is read: whole ones, but single attributes of `after`, `before` and `set`."""
    return frozenset[Path]().union(*map(_needed, reads))


@lru_cache(maxsize=4096)
def _needed(read: Path) -> frozenset[Path]:
    if read[:2] == COST and read[2:3] in {(BY_TAG,), (BY_MODULE,)}:
        # Of a group that is named, only that is bound: whether it is there says what is not known of it.
        return frozenset({read[: 5 if read[2] == BY_TAG else 4]})
    looked_up = frozenset({read} if read[1:] == ("price.of",) else ())
    side, attribute = read[:2], read[2:3]
    if attribute and (side in {*SIDES, SET} or side[1:] in _LOOKED_UP):
        return looked_up | {side + attribute}
    return looked_up | {name for name in _NAMES if read[: len(name)] == name or name[: len(read)] == read}


TAGS = ("resource", "tags")
TAG_NAMES = ("resource", "tag_names")
MACHINES = ("resource", "machines")


def compared(reads: Iterable[Path], tags: KeyAccess) -> tuple[Path, ...]:
    """Return what tells resources apart for an expression that reads these variables, and this of the tags.

    Most resources differ in tags that no rule asks for; all facts about machines follow from their types.
    """
    found: set[Path] = set()
    for path in reads:
        if path[0] != "resource":
            continue  # the same for all resources
        if path == TAGS and not tags.whole:
            found |= {(*TAGS, key) for key in tags.keys} | ({TAG_NAMES} if tags.names else set())
        else:
            found.add(MACHINES if path[1] == "instance" else path)
    return tuple(sorted(found))


def open_by_usage(values: Mapping[Path, Json]) -> dict[Path, Json]:
    """Return values with the amounts that leave out usage as not known."""
    return {
        path: Unknown(".".join(path), "not given") if path in KNOWN_COST or path[:2] == COST else one
        for path, one in values.items()
    }


def nested(values: Mapping[Path, Json]) -> dict[str, Json]:
    """Return paths and their values as the maps that expressions go through."""
    tree: dict[str, Json] = {}
    for path, value in values.items():
        if path[:2] == COST:
            if path[:-1] in values:
                continue  # its map is bound, with this group in it
            value = _with_named(path, values)  # noqa: PLW2901
        level = tree
        for step in path[:-1]:
            level = level.setdefault(step, {})
        level[path[-1]] = value
    return tree


def _with_named(path: Path, values: Mapping[Path, Json]) -> Json:
    """Return what is below `plan.cost`: to a map of groups, those are added that are asked for by name and may be there."""
    named = {other[-1]: one for other, one in values.items() if other[:-1] == path and one is not None}
    return {**values[path], **named} if named else values[path]


def picked(values: Mapping[str, Json], paths: Iterable[Path]) -> dict[Path, Json]:
    """Return the values at those of the paths whose first name is there."""
    found: dict[Path, Json] = {}
    for path in paths:
        if path[0] in values:
            value: Json = values
            for step in path:
                value = value[step]
            found[path] = value
    return found


def plan_values(resources: Sequence[ResourceCost], sums: Spend) -> dict[str, Json]:
    """Return what a rule reads below `plan`, but for its lists.

    That, and all else that is no sum, is `guardrail.policy.variables.around`.
    """
    counts = dict.fromkeys((action.replace("-", "_") for action in Action), 0)
    for resource in resources:
        counts[resource.change.action.replace("-", "_")] += 1
    return {**sums.values("plan"), "counts": counts}


def run_values(now: datetime, pr: Mapping[str, Json], currency: str) -> dict[str, Json]:
    """Return what is the same for a whole run: `pr`, `currency`, `now`, `today`."""
    return {
        "currency": currency,
        "pr": dict(pr),
        "now": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "today": now.date().isoformat(),
    }
