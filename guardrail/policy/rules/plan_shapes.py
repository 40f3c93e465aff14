"""What is known, before there is a plan, of the data that rules read: attributes of resources, elements of lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from guardrail.cel import Path, Shape
from guardrail.policy.rules.resource_types import ResourceTypes
from guardrail.policy.variables.context import RELATIONS, SET, SIDES, schema
from guardrail.policy.variables.cost_groups import BY_MODULE, BY_TAG, COST, FIELDS
from guardrail.policy.variables.tags_of import KINDS

_DATA = "data."
_TEXT = Shape("s")
_MODULE = {"address": _TEXT, "source": _TEXT, "version": _TEXT}
_PROVIDER = {"name": _TEXT, "source": _TEXT, "constraint": _TEXT, "module": _TEXT, "version": _TEXT}
_TAGS_OF: dict[str, Shape | None] = {"of": _TEXT, "own": None, "tags": None}
_LINE = {
    "group": "s",
    "name": "s",
    "unit": "s",
    "quantity": "d",
    "price": "d",
    "monthly": "d",
    "status": "s",
    "assumed_usage": "d",
    "usage_profile": "s",
}


class PlanShapes(Mapping[Path, Shape | None]):
    """What is known at each path; of attributes it is found out when it is asked for. Without patterns, any may be there."""

    def __init__(self, types: ResourceTypes, patterns: Sequence[str]) -> None:
        self._types, self._patterns = types, patterns
        related = Shape("m", fields=_ByType(types), what="resource type")
        self._known: dict[Path, Shape | None] = {("resource", relation): related for relation in RELATIONS}
        self._known |= {("resource", "tags_of", kind): _list_of("an element of tags_of", _TAGS_OF) for kind in KINDS}
        group = Shape(
            "m", fields=_AnyKey(Shape("m", fields={name: Shape("d") for name in FIELDS}, of="a group of plan.cost"))
        )
        self._known |= {(*COST, BY_MODULE): group, (*COST, BY_TAG): Shape("m", fields=_AnyKey(group))}
        self._known |= {
            ("resource", "cost", "lines"): _list_of("a line", {name: Shape(kind) for name, kind in _LINE.items()}),
            ("plan", "resources"): Shape("l", element(types, "", "an element of plan.resources")),
            ("plan", "data"): Shape("l", element(types, _DATA, "an element of plan.data")),
            ("plan", "modules"): _list_of("an element of plan.modules", _MODULE),
            ("plan", "providers"): _list_of("an element of plan.providers", _PROVIDER),
        }

    @cached_property
    def _attributes(self) -> Shape | None:
        return self._types.attributes(self._patterns)

    def __getitem__(self, path: Path) -> Shape | None:
        if path in self._known:
            return self._known[path]
        if path not in {*SIDES, SET} or not self._patterns:
            raise KeyError(path)
        return _set(self._attributes) if path == SET else self._attributes

    def __iter__(self) -> Iterator[Path]:
        yield from self._known
        yield from (*SIDES, SET) if self._patterns else ()

    def __len__(self) -> int:
        return sum(1 for _ in self)


def element(types: ResourceTypes, pattern: str, of: str) -> Shape:
    """Return what is known of a resource that is an element of a list: of the types that fit a pattern, "" for any."""
    return Shape("m", fields=_Element(types, pattern), of=of)


class _Element(Mapping[str, Shape | None]):
    """What `resource` has. Attributes are known of a type that a table has."""

    def __init__(self, types: ResourceTypes, pattern: str) -> None:
        self._types, self._pattern = types, pattern

    @cached_property
    def _names(self) -> Mapping[str, object]:
        found: Mapping[str, object] = schema("resource")["resource"]
        return found

    def __getitem__(self, name: str) -> Shape | None:
        below = self._names[name]
        if name in {"after", "before", "set"} and self._pattern and not self._pattern.startswith(_DATA):
            attributes = self._types.attributes((self._pattern,))
            return _set(attributes) if name == "set" else attributes
        if name in RELATIONS:
            return Shape("m", fields=_ByType(self._types), what="resource type")
        if isinstance(below, Mapping) and below:
            return Shape("m", fields=dict.fromkeys(below), of=f"resource.{name}")
        return None

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _set(attributes: Shape | None) -> Shape | None:
    return attributes and Shape("m", fields=_Bools(attributes.fields or {}), of=attributes.of)


class _Bools(Mapping[str, Shape | None]):
    """A bool for each attribute, and for each dotted path below one."""

    def __init__(self, fields: Mapping[str, Shape | None]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> Shape | None:
        if name not in self:
            raise KeyError(name)
        return Shape("b")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.partition(".")[0] in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class _AnyKey(Mapping[str, Shape | None]):
    """The same of each key, whatever it is called."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> Shape | None:
        return self._shape

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _ByType(Mapping[str, Shape | None]):
    """What is known of resources by the pattern of their types, for every pattern that a known type fits."""

    def __init__(self, types: ResourceTypes) -> None:
        self._types = types

    def __contains__(self, pattern: object) -> bool:
        name = str(pattern)
        # Of data sources there is no table; some are called like the resource, and some are not.
        return not self._types.defined or name == "*" or name.startswith(_DATA) or self._types.has(name)

    def __getitem__(self, pattern: str) -> Shape | None:
        if pattern not in self:
            raise KeyError(pattern)
        return Shape("l", element(self._types, pattern, "what is referred to"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._types.names)

    def __len__(self) -> int:
        return len(self._types.names)


def _list_of(of: str, fields: Mapping[str, Shape | None]) -> Shape:
    return Shape("l", Shape("m", fields=fields, of=of))
