"""All resources of a plan, to find the one that another refers to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from guardrail.costs.definition import Reference
from guardrail.model.resource import Change, Side

_IDENTITIES = (
    *("id", "name", "arn", "identifier", "self_link", "cluster_identifier", "replication_group_id"),
    "family",  # a task definition without its revision
)


class Inventory:
    """Looks up resources by address, by what mentions them, and by the identity that they already have."""

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        self._changes = {change.address: change for change in changes}
        self._by_type: defaultdict[str, list[Change]] = defaultdict(list)
        for change in self._changes.values():
            self._by_type[change.type].append(change)
        self._mentions: dict[str, list[Change]] | None = None
        self._identities: dict[str, Mapping[str, Change]] = {}
        self._places: dict[tuple[tuple[str, ...], tuple[str, ...], bool], Mapping[str, int]] = {}
        self._naming: dict[tuple[str, str], Mapping[str, list[Change]]] = {}

    def find(self, change: Change, reference: Reference, *, before: bool) -> list[tuple[Change, Side]]:
        """Return the resources that are meant and one side of each, in the order in which they are mentioned."""
        if not any(name in self._by_type for name in reference.types):
            return []
        found = self._back(change, reference) if reference.back else self._forward(change, reference, before=before)
        sides = [(other, other.before if before else other.billed_after) for other in found]
        return [(other, side) for other, side in sides if side is not None]

    def place(self, change: Change, types: tuple[str, ...], alike: tuple[str, ...], *, before: bool) -> int:
        """Count the resources ahead of one, in the order of the plan, that have its region and its values of `alike`."""
        key = (types, alike, before)
        if key not in self._places:
            counts: defaultdict[str, int] = defaultdict(int)
            places: dict[str, int] = {}
            for other in (other for name in types for other in self._by_type[name]):
                side = other.before if before else other.billed_after
                if side is not None:
                    region = other.before_region if before else other.region
                    kind = repr((region, [side.get(name) for name in alike]))
                    places[other.address] = counts[kind]
                    counts[kind] += 1
            self._places[key] = places
        return self._places[key].get(change.address, 0)

    def _forward(self, change: Change, reference: Reference, *, before: bool) -> list[Change]:
        names = [reference.attribute] if reference.attribute else list(change.references)
        mentioned = dict.fromkeys(address for name in names for address in change.references.get(name, ()))
        found = [self._changes[address] for address in mentioned if address in self._changes]
        found = [other for other in found if other.type in reference.types]
        return found or list(self._by_identity(change, reference, before=before))

    def _by_identity(self, change: Change, reference: Reference, *, before: bool) -> Iterator[Change]:
        """Existing resources are known by value: a name, an id or an ARN."""
        side = change.before if before else change.billed_after
        if side is None or reference.attribute is None:
            return
        for value in _texts(side.get(reference.attribute)):
            for name in reference.types:
                other = self._identity_index(name).get(value)
                if other is not None:
                    yield other

    def _identity_index(self, type_name: str) -> Mapping[str, Change]:
        if type_name not in self._identities:
            index: dict[str, Change] = {}
            for other in self._by_type[type_name]:
                for identity in _identities(other):
                    index.setdefault(identity, other)
            self._identities[type_name] = index
        return self._identities[type_name]

    def _back(self, change: Change, reference: Reference) -> list[Change]:
        if self._mentions is None:
            mentions: defaultdict[str, list[Change]] = defaultdict(list)
            for other in self._changes.values():
                for target in dict.fromkeys(address for found in other.references.values() for address in found):
                    mentions[target].append(other)
            self._mentions = mentions
        found = [other for other in self._mentions.get(change.address, []) if other.type in reference.types]
        if reference.attribute is None:
            return found
        found = [other for other in found if change.address in other.references.get(reference.attribute, ())]
        by_value = (
            other
            for type_name in reference.types
            for identity in _identities(change)
            for other in self._naming_index(type_name, reference.attribute).get(identity, ())
        )
        return list({other.address: other for other in (*found, *by_value)}.values())

    def _naming_index(self, type_name: str, attribute: str) -> Mapping[str, list[Change]]:
        """Return what an attribute says -> the resources that say so; also by the last part of "kind/name"."""
        if (type_name, attribute) not in self._naming:
            index: defaultdict[str, list[Change]] = defaultdict(list)
            for other in self._by_type[type_name]:
                values = {text for side in (other.after, other.before) if side for text in _texts(side.get(attribute))}
                for name in values | {text.rpartition("/")[2] for text in values}:
                    index[name].append(other)
            self._naming[type_name, attribute] = index
        return self._naming[type_name, attribute]


def _identities(change: Change) -> Iterator[str]:
    found = (side.values.get(key) for side in (change.after, change.before) if side for key in _IDENTITIES)
    yield from dict.fromkeys(value for value in found if isinstance(value, str) and value)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
