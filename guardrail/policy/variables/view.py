"""One side of a resource, as the variables that a rule sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from guardrail.cel import Handle, Path
from guardrail.model.cost import ResourceCost
from guardrail.model.exact import exact
from guardrail.model.reason import Reason
from guardrail.model.resource import Action, Side, Tags
from guardrail.model.unknown import Json, Unknown, has_marks, with_unknowns
from guardrail.policy.variables.amounts import AMOUNTS
from guardrail.policy.variables.cost_lines import costs_by_name
from guardrail.policy.variables.defaults import with_defaults
from guardrail.policy.variables.environment import tagged_environment
from guardrail.policy.variables.machine import (
    FACTS,
    FROM_TEMPLATES,
    VENDORS,
    Specs,
    attached_gpus,
    facts,
    machine_types,
    named_types,
)
from guardrail.policy.variables.machine_attributes import WITHOUT_MACHINES
from guardrail.policy.variables.successors import successor
from guardrail.policy.variables.tags_of import tags_of

if TYPE_CHECKING:
    from guardrail.policy.variables.around import Around

SENSITIVE = "(sensitive)"

_UNREAD = object()

_NO_CONFIGURATION = "not known: the plan has no configuration of it"
_CONFIGURED = "check a plan in JSON, with its configuration section"
_MAY_BE_CHOSEN = "not set, and may be chosen by the provider"
# Attributes that effective tags are read from, whose marks say which of them are secret.
_TAG_ATTRIBUTES = ("tags", "tags_all", "labels", "effective_labels", "terraform_labels", "user_labels", "tag")


def _may_be_chosen(path: str) -> Unknown:
    return Unknown(path, _MAY_BE_CHOSEN, Reason.NOT_EVALUATED, f"set {path}, or check a plan")


class ResourceView:
    """One side of a resource as a rule sees it: how it will be, or (`past`) how it was.

    `shown`: as it may leave the process, without what Terraform marks as sensitive. `settled`: what is left out, and may be
    null or the provider's to choose, is null. `around` is the plan that it stands in, `prefix` the path by which a rule
    reads it: that of a list where it is an element of one.
    """

    __slots__ = (
        *(
            "_instance",
            "_values",
            "around",
            "change",
            "cost",
            "existing",
            "past",
            "prefix",
            "settled",
            "shown",
            "side",
            "specs",
        ),
        "tags",
    )

    def __init__(
        self,
        resource: ResourceCost,
        specs: Specs,
        *,
        past: bool = False,
        shown: bool = False,
        settled: bool = False,
        around: Around | None = None,
        prefix: Path = ("resource",),
    ) -> None:
        self.around, self.prefix, self.past = around, prefix, past
        self.settled = settled
        self.change = change = resource.change
        self.specs = specs
        self.shown = shown
        past = past or change.action is Action.DELETE
        self.side = change.after if not past or change.action is Action.DELETE else change.before
        self.existing = change.before if past else change.billed_after
        self.tags = change.before_tags if past else change.tags
        self.cost = ResourceCost(change, resource.before, resource.before) if past and change.after else resource
        self._instance: dict[str, Json] | None = None
        self._values: dict[Path, Json] = {}

    def as_shown(self, *, settled: bool, alike: bool) -> ResourceView:
        """Return the resource as it may leave the process. `alike`: what has been read of it may, and need not be read again."""
        shown = ResourceView(self.cost, self.specs, shown=True, settled=settled, around=self.around, prefix=self.prefix)
        if alike:
            shown._values = self._values
        return shown

    @property
    def is_plain(self) -> bool:
        """Whether nothing of it is sensitive, and nothing left out that may be null or the provider's to choose."""
        for side in (self.change.before, self.change.after):
            if side and (side.open or side.open_inside or (side.sensitive and has_marks(side.sensitive))):
                return False
        return True

    def read(self, path: Path) -> Json:
        """Return the value of one of the variables below `resource`: to be read only, as several findings show it."""
        value = self._values.get(path, _UNREAD)
        if value is _UNREAD:
            value = self._values[path] = reader(path)(self)
        return value

    def machines(self) -> list[str | Unknown]:
        """The machine types that the resource names."""
        return machine_types(self.change.type, self._machine_attribute)

    def _machine_attribute(self, name: str) -> Json:
        """An attribute that names machines; what the provider would choose for a pool that there is not is no unknown machine."""
        value, flags = self._existing(name), WITHOUT_MACHINES.get(self.change.type, ())
        if isinstance(value, Unknown) and self.existing and any(self._existing(flag) is True for flag in flags):
            return self.existing.configured(name)
        return value

    def gpus(self) -> float | Unknown:
        """How many GPUs are attached to its machines."""
        # Nobody gets GPUs that were not asked for, but from a template that has some.
        if self.existing is None or self.change.type in FROM_TEMPLATES:
            return attached_gpus(self.change.type, self._existing)
        return attached_gpus(self.change.type, self.existing.configured)

    def _existing(self, name: str) -> Json:
        return self.attribute(self.existing, name)

    @property
    def instance(self) -> dict[str, Json]:
        """Facts about the machine type."""
        if self._instance is None:
            types = self.machines()
            if SENSITIVE in types:
                self._instance = dict.fromkeys(("type", "types", "families", *FACTS), SENSITIVE)
            else:
                called, attached = self.hidden_machine(), self.gpus()
                self._instance = facts(self.change.provider, types, self.specs, called=called, attached=attached)
        return self._instance

    def hidden_machine(self) -> str | None:
        """What to call its machine types where one is sensitive: what a machine is may be used, but a gap in its facts would name it."""
        if self.existing is None or not has_marks(self.existing.sensitive):
            return None
        return SENSITIVE if SENSITIVE in machine_types(self.change.type, self.existing.shown) else None

    def successors(self) -> list[Json]:
        """Where the resource names machine types of a previous generation, and what to move to."""
        vendor = VENDORS.get(self.change.provider, self.change.provider)
        named = named_types(self.change.type, self._existing)
        return [
            {"path": path, "type": one, "successor": successor(vendor, one, self.specs)}
            for path, one in named
            if isinstance(one, str) and facts(self.change.provider, [one], self.specs)["current_generation"] is False
        ]

    @property
    def region(self) -> str | Unknown | None:
        """The region on this side."""
        return self.change.before_region if self.existing is self.change.before else self.change.region

    def provider_alias(self) -> str | Unknown:
        """The alias of the provider's configuration, "" for the one without."""
        alias = self.change.provider_config.rpartition(":")[2].partition(".")[2]
        if alias or (self.around and self.around.has_configuration):
            return alias
        return Unknown("resource.provider_alias", "the plan does not say it", Reason.NOT_EVALUATED, _CONFIGURED)

    def environment(self) -> str | Unknown | None:
        """The environment that the project says, else the resource's tag `env` or `environment`; None where neither is there."""
        if self.around and self.around.project.env:
            return self.around.project.env
        return tagged_environment(self.effective_tags())

    def related(self, relation: str, pattern: str) -> Json:
        """The resources of these types that it refers to ("references"), or that refer to it ("referrers")."""
        if self.around is None:
            return Unknown(f"resource.{relation}({pattern})", "not known: the rest of the plan is not there", None)
        return self.around.related(self, relation, pattern)

    def repriced(self) -> Handle | None:
        """What says the price of the resource with other attributes."""
        return self.around.repriced(self) if self.around else None

    @property
    def defaults(self) -> Mapping[str, Mapping[str, Json]]:
        """What the provider chooses, as far as the plan that it stands in tells."""
        return self.around.defaults(self.change.type) if self.around else {}

    def attribute(self, side: Side | None, name: str) -> Json:
        """An attribute of one side, None where it has none."""
        if side is None:
            return None
        value = side.shown(name) if self.shown else side.get(name)
        defaults = self.defaults.get(name)
        filled = with_defaults(side, value, defaults) if defaults else value
        if filled is not value or self.settled:
            return filled
        if name in side.open:
            return _may_be_chosen(name)
        inside = side.open_inside.get(name)
        return with_unknowns(value, inside, name, _may_be_chosen) if inside else value

    def configured(self, name: str) -> Json:
        """An attribute of the side that is judged, without what the configuration leaves to the provider."""
        if self.side is None:
            return None
        value = self.side.configured(name)
        return self.side.shown(name) if self.shown and self.side.has_secrets(name) else value

    def is_default(self, name: str) -> bool:
        """Say whether an attribute is read as its provider's default, at its top."""
        default = self.defaults.get(name, {}).get("")
        if self.side is None or default is None:
            return False
        return bool(self.attribute(self.side, name) == default) and self.side.get(name) != default

    def attributes(self, side: Side | None) -> dict[str, Json]:
        """All attributes of one side."""
        if side is None:
            return {}
        names = side.names() | side.open | self.defaults.keys()
        return {name: self.attribute(side, name) for name in sorted(names)}

    def sets(self, path: str) -> bool | Unknown:
        """Whether the configuration sets what stands at a path."""
        side = self.side
        if side is self.change.before and self.change.after and side and not side.is_set:
            # A plan has no configuration of what was: what keeps its value is taken to be set as it is now.
            name = path.partition(".")[0]
            side = self.change.after if side.get(name) == self.change.after.get(name) else side
        is_set = side.sets(path) if side else None
        return (
            Unknown(f"resource.set.{path}", _NO_CONFIGURATION, Reason.NOT_EVALUATED, "") if is_set is None else is_set
        )

    def set_names(self) -> dict[str, Json]:
        """Whether the configuration sets each attribute that there is."""
        return {name: self.sets(name) for name in sorted(self.side.names() | self.side.open)} if self.side else {}

    def effective_tags(self) -> dict[str, Json] | Unknown:
        """The effective tags, each value a text or unknown."""
        if self.tags.unknown:
            return self.tags.unknown
        values = dict(self.tags.values)
        if not self.shown or self.existing is None:
            return values
        for attribute in filter(self.existing.has_secrets, _TAG_ATTRIBUTES):
            safe = self.existing.shown(attribute)
            hidden = safe if isinstance(safe, dict) else dict.fromkeys(values, SENSITIVE)
            values |= {key: SENSITIVE for key in values if hidden.get(key) == SENSITIVE}
        return values

    def tag(self, key: str) -> str | Unknown | None:
        """One effective tag, None where there is none."""
        tags = self.effective_tags() if self.shown else self.tags.unknown or self.tags.values
        return tags if isinstance(tags, Unknown) else tags.get(key)

    def unknown_paths(self) -> list[str]:
        """What is known only after apply, attributes and effective tags alike."""
        side = self.side
        paths: set[str] = set()
        nested: list[tuple[str, Json]] = []
        for name, mark in side.unknown.items() if side else ():
            if mark is True or isinstance(mark, str):
                paths.add(name)
            elif mark:
                nested.append((name, mark))
        if side and not self.settled:
            paths.update(side.open)
            nested += side.open_inside.items()
        if paths:
            paths -= {name for name in self.defaults.keys() & paths if self._is_known(name)}
        for name, mark in nested:
            paths.update(_marked(name, mark))
        return sorted(paths.union(_unknown_tags(self.tags)))

    def unknown_among(self, places: tuple[str, ...]) -> tuple[str, ...]:
        """Which of some places are known only after apply."""
        side, above = self.side, _with_those_above(places)
        if (side and (any(map(side.unknown.get, above)) or side.open or side.open_inside)) or _unknown_tags(self.tags):
            found = self.unknown_paths()
            return tuple(place for place in places if place in found)
        return ()  # as nearly always

    def marks(self) -> Json:
        """What the places that are known only after apply follow from: told sooner than they are."""
        side = self.side
        if side and (side.open or side.open_inside):
            return self.unknown_paths()
        known = filter(self._is_known, sorted(self.defaults.keys() & side.unknown.keys())) if side else ()
        return (exact(side.unknown) if side else b"", tuple(_unknown_tags(self.tags)), *known)

    def _is_known(self, name: str) -> bool:
        return not isinstance(self.attribute(self.side, name), Unknown)


@cache
def reader(path: Path) -> Callable[[ResourceView], Json]:
    """Return what reads a variable below `resource`, or one of those that resources are told apart by."""
    match path[1:]:
        case ("cost", name):
            of_cost = AMOUNTS[name]
            return lambda view: of_cost(view.cost)
        case ("references" | "referrers" as relation, pattern):
            return lambda view: view.related(relation, pattern)
        case ("instance", "successors"):
            return ResourceView.successors
        case (group, name):
            read = _GROUPS[group]
            return lambda view: read(view, name)
        case (name,):
            return _RESOURCE[name]
    raise KeyError(path)


_GROUPS: Mapping[str, Callable[[ResourceView, str], Json]] = {
    "instance": lambda view, name: view.instance[name],
    "tags": lambda view, key: view.tag(key),
    "tags_of": tags_of,
    "after": lambda view, name: view.attribute(view.side, name),
    "set": lambda view, place: view.sets(place),
    "unknown": lambda view, place: view.unknown_among((place,)),
    "before": lambda view, name: view.attribute(view.change.before, name),
}


@cache
def _with_those_above(places: tuple[str, ...]) -> frozenset[str]:
    """Return the names of all attributes at which a place of these may begin: a name may have a dot in it."""
    steps = (place.split(".") for place in places)
    return frozenset(".".join(some[: end + 1]) for some in steps for end in range(len(some)))


def _marked(path: str, mark: Json) -> Iterator[str]:
    if mark is True or isinstance(mark, str):
        yield path
    elif isinstance(mark, dict | list):
        parts = mark.items() if isinstance(mark, dict) else enumerate(mark)
        for key, part in parts:
            yield from _marked(f"{path}.{key}", part)


def _unknown_tags(tags: Tags) -> list[str]:
    unknown = [f"tags.{key}" for key, value in tags.values.items() if isinstance(value, Unknown)]
    return ["tags", *unknown] if tags.unknown else unknown


_RESOURCE: Mapping[str, Callable[[ResourceView], Json]] = {
    "address": lambda view: view.change.address,
    "type": lambda view: view.change.type,
    "name": lambda view: view.change.name,
    "module": lambda view: view.change.module,
    "provider": lambda view: view.change.provider,
    "provider_alias": lambda view: view.provider_alias(),
    "region": lambda view: view.region,
    "environment": ResourceView.environment,
    # Before the change, nothing was done to it: a rule about what is done is broken anew.
    "action": lambda view: (Action.NO_OP if view.past else view.change.action).value,
    "after": lambda view: view.attributes(view.side),
    "before": lambda view: view.attributes(view.change.before),
    "set": ResourceView.set_names,
    "machines": lambda view: (view.change.provider, view.gpus(), view.hidden_machine(), *view.machines()),
    "marks": ResourceView.marks,
    "tags": ResourceView.effective_tags,
    "tag_names": lambda view: view.tags.unknown or list(view.tags.values),
    "tag_origins": lambda view: view.tags.unknown or dict(view.tags.origins),
    "unknown": ResourceView.unknown_paths,
    "costs": lambda view: costs_by_name(view.cost.after),
    "file": lambda view: view.change.source.file if view.change.source else _no_place("file"),
    "line": lambda view: view.change.source.line if view.change.source else _no_place("line"),
    "module_source": lambda view: view.around.module(view.change.module).source if view.around else "",
    "module_version": lambda view: view.around.module(view.change.module).version if view.around else "",
    "price.of": ResourceView.repriced,
}


def _no_place(name: str) -> Unknown:
    return Unknown(
        f"resource.{name}", "the plan does not say it", Reason.NOT_EVALUATED, "give the configuration: --source DIR"
    )
