"""What rules read of their variables: which values belong to which, and those that belong to no single resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct

from guardrail.cel import OPEN, KeyAccess, Path
from guardrail.model.cost import ResourceCost
from guardrail.model.reason import Reason
from guardrail.model.resource import Action
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.spend import Spend
from guardrail.policy.variables.cost_groups import BY_MODULE, BY_TAG, COST
from guardrail.policy.variables.names import VARIABLES

NO_REPOSITORY = Unknown("project.repository", "neither git nor the CI says it", Reason.NOT_EVALUATED)


class Project(Struct, frozen=True):
    """The project that resources belong to. `env` is what the configuration says, "" if nothing; `repository` is owner/name."""

    name: str
    path: str = "."
    env: str = ""
    repository: str | Unknown = NO_REPOSITORY

    def values(self) -> dict[str, Json]:
        """Return what rules read below `project`."""
        return {"name": self.name, "path": self.path, "env": self.env, "repository": self.repository}


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
SUCCESSORS = ("resource", "instance", "successors")
UNKNOWN = ("resource", "unknown")
MARKS = ("resource", "marks")


def compared(reads: Iterable[Path], accesses: Callable[[Path], KeyAccess]) -> tuple[Path, ...]:
    """Return what tells resources apart for an expression that reads these variables, of which `accesses` tells what it looks at.

    Most resources differ in tags that no rule asks for, and in places that are unknown, which follow from Terraform's marks; all
    facts about machines follow from their types, but where those stand is another matter.
    """
    found: set[Path] = set()
    for path in reads:
        if path[0] != "resource":
            continue  # the same for all resources
        if path == TAGS and not (tags := accesses(TAGS)).whole:
            found |= {(*TAGS, key) for key in tags.keys} | ({TAG_NAMES} if tags.names else set())
        elif path == UNKNOWN:
            places = accesses(UNKNOWN)
            found |= {MARKS} if places.whole or places.names else {(*UNKNOWN, place) for place in places.keys}
        elif path[1] == "instance" and path != SUCCESSORS:
            found.add(MACHINES)
        else:
            found.add(path)
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
    counts = Counter(resource.change.action for resource in resources)
    return {**sums.values("plan"), "counts": {action.replace("-", "_"): counts[action] for action in Action}}


def run_values(now: datetime, pr: Mapping[str, Json], currency: str) -> dict[str, Json]:
    """Return what is the same for a whole run: `pr`, `currency`, `now`, `today`."""
    return {
        "currency": currency,
        "pr": dict(pr),
        "now": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "today": now.date().isoformat(),
    }
