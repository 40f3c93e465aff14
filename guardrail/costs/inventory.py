"""All resources of a plan, to find the one that another refers to."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property

from msgspec.structs import replace

from guardrail.costs.definitions.definition import Reference
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json, Unknown

_IDENTITIES = (
    *("id", "name", "arn", "identifier", "self_link", "cluster_identifier", "replication_group_id"),
    "family",  # a task definition without its revision
)


class Inventory:
    """Looks up resources by address, by what mentions them, and by the identity that they already have."""

    def __init__(self, changes: Iterable[Change] = (), data: Iterable[Change] = ()) -> None:
        self._changes = {change.address: change for change in changes}
        self._formerly = {one.previous_address: one for one in self._changes.values() if one.previous_address}
        self._by_type: defaultdict[str, list[Change]] = defaultdict(list)
        for change in self._changes.values():
            self._by_type[change.type].append(change)
        self._data: defaultdict[str, list[Change]] = defaultdict(list)
        for source in data:
            self._data[source.address].append(source)
            if source.index is not None:
                self._data[source.address[: source.address.rindex("[")]].append(source)
        self._types = {*self._by_type, *(source.type for sources in self._data.values() for source in sources)}
        self._mentions: dict[bool, Mapping[str, list[Change]]] = {}
        self._identities: dict[str, Mapping[str, list[Change]]] = {}
        self._places: dict[tuple[tuple[str, ...], tuple[str, ...], bool], Mapping[str, int]] = {}
        self._naming: dict[tuple[str, str, bool], Mapping[str, list[Change]]] = {}
        self._through: dict[tuple[str, str, str, bool], Mapping[str, list[Change]]] = {}

    def find(self, change: Change, reference: Reference, *, before: bool) -> list[tuple[Change, Side]]:
        """Return the resources that are meant and one side of each, in the order in which they are mentioned.

        Several stand for one where nothing tells which of them is meant: an instance chosen by a key that is not known.
        """
        if not self.has_any(reference.types):
            return []
        find = self._back if reference.back else self._forward
        sides = [(other, _side(other, before=before)) for other in find(change, reference, before=before)]
        return [(other, side) for other, side in sides if side is not None]

    def has_any(self, types: Iterable[str]) -> bool:
        """Say whether there is a resource, or a data source, of one of these types."""
        return not self._types.isdisjoint(types)

    def of_types(self, types: Iterable[str]) -> list[Change]:
        """Return the resources of some types, in the order of the plan."""
        return [other for name in types for other in self._by_type.get(name, ())]

    def place(self, change: Change, types: tuple[str, ...], alike: tuple[str, ...], *, before: bool) -> int:
        """Count the resources ahead of one, in the order of the plan, that have its region and its values of `alike`."""
        key = (types, alike, before)
        if key not in self._places:
            counts: defaultdict[str, int] = defaultdict(int)
            places: dict[str, int] = {}
            for other in (other for name in types for other in self._by_type[name]):
                side = _side(other, before=before)
                if side is not None:
                    region = other.before_region if before else other.region
                    kind = repr((region, [side.get(name) for name in alike]))
                    places[other.address] = counts[kind]
                    counts[kind] += 1
            self._places[key] = places
        return self._places[key].get(change.address, 0)

    def _forward(self, change: Change, reference: Reference, *, before: bool) -> list[Change]:
        mentions = _mentions(change, before=before)
        names = [reference.attribute] if reference.attribute else list(mentions)
        addresses = dict.fromkeys(address for name in names for address in mentions.get(name, ()))
        mentioned = [other for address in addresses for other in self._at(address, before=before)]
        mentioned = [other for other in mentioned if other.type in reference.types]
        # A single mention is the answer for after; before, the same attribute may have meant another resource.
        if reference.attribute is None or (len(mentioned) == 1 and not before):
            return mentioned
        named = {other.address: other for other in self._by_identity(change, reference, before=before)}
        if not mentioned:
            return list(named.values()) or self._only_candidates(change, reference, before=before)
        if before and change.before_references is None:
            # The configuration only tells what the attribute means now.
            was, will = (side.get(reference.attribute) if side else None for side in (change.before, change.after))
            texts = set(_texts(was))
            if texts and was != will:
                alike = [one for one in mentioned if one.before and not texts.isdisjoint(_own_texts(one.before))]
                return list(named.values()) or alike
        # Values narrow several mentions down (one instance of several); without any that fits, all stay possible.
        return [other for other in mentioned if other.address in named] or mentioned

    def _only_candidates(self, change: Change, reference: Reference, *, before: bool) -> list[Change]:
        """Return the resources of the module in which a local value stands for one of them that is not known yet.

        What the local value says the plan does not tell. In a module with a single such resource it is taken to be that.
        """
        side, attribute = _side(change, before=before), reference.attribute or ""
        through = change.through_locals.get(attribute)
        if not through or side is None:
            return []
        open_paths = [f".{path}." for path in _unknown_paths(side.get(attribute))]
        modules = {
            module
            for leaf, module in through
            if any(path == f".{attribute}." or f".{leaf}." in path for path in open_paths)
        }
        pairs = ((name, module) for name in reference.types for module in sorted(modules))
        return [other for pair in pairs for other in self._by_module.get(pair, ())]

    @cached_property
    def _by_module(self) -> Mapping[tuple[str, str], list[Change]]:
        by_module: defaultdict[tuple[str, str], list[Change]] = defaultdict(list)
        for change in self._changes.values():
            by_module[change.type, change.module].append(change)
        return by_module

    def _at(self, address: str, *, before: bool) -> list[Change]:
        """Return the resource, or the instances of a data source, at an address."""
        former = self._formerly.get(address) if before else None
        found = former or self._changes.get(address)
        if found is not None:
            return [found]
        return self._data.get(address) or (self._data.get(address.rpartition("[")[0], []) if "[" in address else [])

    def _by_identity(self, change: Change, reference: Reference, *, before: bool) -> Iterator[Change]:
        """Existing resources are known by value: a name, an id or an ARN."""
        side = _side(change, before=before)
        if side is None or reference.attribute is None:
            return
        for value in _texts(side.get(reference.attribute)):
            for name in reference.types:
                alike = self._identity_index(name).get(value, ())
                yield from [other for other in alike if not _is_elsewhere(other, change, before=before)][:1]

    def _identity_index(self, type_name: str) -> Mapping[str, list[Change]]:
        if type_name not in self._identities:
            index: defaultdict[str, list[Change]] = defaultdict(list)
            for other in self._by_type.get(type_name, ()):
                for identity in _identities(other):
                    index[identity].append(other)
            self._identities[type_name] = index
        return self._identities[type_name]

    def _back(self, change: Change, reference: Reference, *, before: bool) -> list[Change]:
        formerly = change.previous_address if before and change.before_references is not None else None
        address = formerly or change.address
        mentioning = self._mentioning(before=before).get(address, [])
        referring = [other for other in mentioning if other.type in reference.types]
        attribute = reference.attribute
        if attribute is None:
            return referring
        there = replace(reference, types=(change.type,), back=False)
        referring = [other for other in referring if address in _mentions(other, before=before).get(attribute, ())]
        if before:
            referring = [
                one for one in referring if any(back is change for back in self._forward(one, there, before=True))
            ]
        for name in reference.types:
            naming = self._naming_index(name, attribute, before=before)
            named = [other for identity in _identities(change) for other in naming.get(identity, ())]
            referring += [other for other in named if not _means_another(other, there, change, before=before)]
            referring += self._through_index(name, there, before=before).get(change.address, ())
        return list({other.address: other for other in referring}.values())

    def _mentioning(self, *, before: bool) -> Mapping[str, list[Change]]:
        """Return address -> the resources that mention it."""
        if before not in self._mentions:
            mentions: defaultdict[str, list[Change]] = defaultdict(list)
            for other in self._changes.values():
                found = _mentions(other, before=before).values()
                for target in dict.fromkeys(address for addresses in found for address in addresses):
                    mentions[target].append(other)
            self._mentions[before] = mentions
        return self._mentions[before]

    def _naming_index(self, type_name: str, attribute: str, *, before: bool) -> Mapping[str, list[Change]]:
        """Return what an attribute says -> the resources that say so; also by the last part of "kind/name"."""
        key = (type_name, attribute, before)
        if key not in self._naming:
            index: defaultdict[str, list[Change]] = defaultdict(list)
            for other in self._by_type.get(type_name, ()):
                side = _side(other, before=before)
                values = set(_texts(side.get(attribute))) if side else set()
                if not values and other.before:  # not known yet: what it has been tells
                    values = set(_texts(other.before.get(attribute)))
                values |= {name for text in values for name in _named_in(text)}
                # An autoscaling target names what it scales by kind and name: "replication-group/web".
                for name in values | {text.rpartition("/")[2] for text in values}:
                    index[name].append(other)
            self._naming[key] = index
        return self._naming[key]

    def _through_index(self, type_name: str, there: Reference, *, before: bool) -> Mapping[str, list[Change]]:
        """Return address -> the resources of a type whose attribute can mean no other, as a local value stands for it."""
        attribute = there.attribute or ""
        key = (type_name, there.types[0], attribute, before)
        if key not in self._through:
            index: defaultdict[str, list[Change]] = defaultdict(list)
            for other in self._by_type.get(type_name, ()):
                if attribute in other.through_locals:
                    candidates = self._only_candidates(other, there, before=before)
                    if len(candidates) == 1:
                        index[candidates[0].address].append(other)
            self._through[key] = index
        return self._through[key]


def _is_elsewhere(other: Change, change: Change, *, before: bool) -> bool:
    """Say whether what has a name, or names one, is in another region: a plan for several regions has two tables "orders".

    Of AWS only, where names are of a region; elsewhere they are of a project or a resource group.
    """
    regions = [one.before_region if before else one.region for one in (other, change)]
    return change.type.startswith("aws_") and None not in regions and regions[0] != regions[1]


def _means_another(other: Change, there: Reference, change: Change, *, before: bool) -> bool:
    """Say whether what names a resource means another of the same name: elsewhere, or as its configuration says."""
    if _is_elsewhere(other, change, before=before):
        return True
    if before and other.before_references is None:
        return False  # the configuration only tells what it names now
    mentioned = _mentions(other, before=before).get(there.attribute or "", ())
    alike = [address for address in mentioned if address.startswith(f"{change.type}.") or f".{change.type}." in address]
    block = change.address.rpartition("[")[0] if change.address.endswith("]") else change.address
    return bool(alike) and not {change.address, change.previous_address, block} & set(alike)


def _side(change: Change, *, before: bool) -> Side | None:
    return change.before if before else change.billed_after


def _mentions(change: Change, *, before: bool) -> Mapping[str, tuple[str, ...]]:
    if before and change.before_references is not None:
        return change.before_references
    return change.references


def _identities(change: Change) -> Iterator[str]:
    identities = (side.values.get(key) for side in (change.after, change.before) if side for key in _IDENTITIES)
    yield from dict.fromkeys(value for value in identities if isinstance(value, str) and value)


def _own_texts(side: Side) -> set[str]:
    return {value for value in side.values.values() if isinstance(value, str)}


def _unknown_paths(value: Json) -> Iterator[str]:
    if isinstance(value, Unknown):
        yield value.path
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _unknown_paths(part)


def _named_in(text: str) -> Iterator[str]:
    """Give the texts in a text of JSON: what a schedule calls an API with."""
    if not text.startswith(("{", "[")):
        return
    with suppress(ValueError):
        yield from _texts(json.loads(text))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
