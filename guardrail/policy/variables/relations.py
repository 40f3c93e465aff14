"""Which resources a resource refers to, and which refer to it, as far as plan or configuration tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property

from msgspec import Struct, field

from guardrail.model.plan.facts import PlanFacts
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.reason import Reason
from guardrail.model.resource import UNTOLD, Action, Change, Side
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.glob import matches

DATA = "data."
_IDENTITIES = ("id", "arn", "self_link")
_NAMES = (*_IDENTITIES, "name", "identifier", "cluster_identifier")
_TAGS = frozenset({"tags", "tags_all", "labels", "effective_labels", "terraform_labels", "user_labels"})
_NEW = frozenset({Action.CREATE, Action.REPLACE, Action.UPDATE})
_PLAN = "check a plan in JSON, with its configuration section"


_FEW = 16
"""Candidates that are looked up one by one; of more, all are kept together, as there may be as many such edges as resources."""
_SHARED = 50
"""Resources that may have the same id, as the parts of a bucket have; what more of them have tells none of them apart."""


class _Candidates:
    """Resources of which one or another is meant."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = changes
        self.addresses = frozenset(one.address for one in changes)
        self.by_type: defaultdict[str, list[Change]] = defaultdict(list)
        for one in changes:
            self.by_type[one.type].append(one)

    def of_types(self, pattern: str) -> Iterator[Change]:
        """Give those whose type fits a pattern."""
        for type_name, changes in self.by_type.items():
            if matches(pattern, type_name):
                yield from changes


class _Back(Struct):
    """What refers to each address, the attribute where it may be another one that is meant; and what may refer to one of many."""

    by_address: defaultdict[str, list[tuple[Change, str]]] = field(default_factory=lambda: defaultdict(list))
    to_many: dict[int, tuple[_Candidates, defaultdict[str, list[tuple[Change, str]]]]] = field(default_factory=dict)

    def add_open(self, other: Change, attribute: str, candidates: _Candidates, found: Container[str]) -> None:
        """Note that an attribute of a resource refers to one of several."""
        if len(candidates.changes) <= _FEW:
            for address in dict.fromkeys(one.address for one in candidates.changes if one.address not in found):
                self.by_address[address].append((other, attribute))
            return
        _, by_type = self.to_many.setdefault(id(candidates), (candidates, defaultdict(list)))
        by_type[other.type].append((other, attribute))


class _Edges(Struct):
    """What a resource refers to on one side.

    found  by address
    open   attributes of which nothing tells what they refer to: each with what may be meant
    """

    found: dict[str, Change] = field(default_factory=dict)
    open: list[tuple[str, _Candidates]] = field(default_factory=list)


class Relations:
    """References between the resources of a plan, to data sources as well, each side looked at when it is asked for."""

    def __init__(
        self, changes: Iterable[Change], data: Iterable[Change], missing: Iterable[NotEvaluated], facts: PlanFacts
    ) -> None:
        self._changes = {change.address: change for change in changes}
        self._formerly = {one.previous_address: one for one in self._changes.values() if one.previous_address}
        self._data: defaultdict[str, list[Change]] = defaultdict(list)
        for source in data:
            self._data[source.address].append(source)
            if source.index is not None:
                self._data[source.address[: source.address.rindex("[")]].append(source)
        self._missing = [one for one in missing if one.after or not one.before]
        self._facts = facts
        self._edges: dict[tuple[str, bool], _Edges] = {}
        self._referrers: dict[bool, _Back] = {}
        self._of_modules: dict[tuple[str, ...], _Candidates] = {}

    def references(self, change: Change, pattern: str, *, past: bool) -> list[Change] | Unknown:
        """Return the resources and data sources of these types that a resource refers to, in the order of mention."""
        path = f"resource.references({pattern})"
        if not self._facts.has_configuration:
            return _untold(path)
        side = change.before if past else change.billed_after
        missing = next((one for one in self._missing if not one.type or matches(pattern, one.type)), None)
        # A block that was not evaluated may be what it refers to; before the change there was none such.
        if missing and not past and side is not None and side.written:
            return _not_evaluated(path, missing)
        edges = self._of(change, past=past)
        found = {address: one for address, one in edges.found.items() if matches(pattern, one.type)}
        for attribute, candidates in edges.open:
            other = next((one for one in candidates.of_types(pattern) if one.address not in found), None)
            if other:
                return _undecided(path, attribute, [next(candidates.of_types(pattern), other)])
        return list(found.values())

    def referrers(self, change: Change, pattern: str, *, past: bool) -> list[Change] | Unknown:
        """Return the resources of these types that refer to a resource, in the order of the plan."""
        path = f"resource.referrers({pattern})"
        if not self._facts.has_configuration:
            return _untold(path)
        missing = next((one for one in self._missing if not one.type or matches(pattern, one.type)), None)
        if missing and not past:
            return _not_evaluated(path, missing)
        found = []
        back = self._back(past=past)
        for candidates, by_type in back.to_many.values():
            if change.address in candidates.addresses:
                for other, attribute in (one for name in by_type if matches(pattern, name) for one in by_type[name]):
                    if other is not change and change.address not in self._of(other, past=past).found:
                        return _undecided(path, f"{attribute} of {other.address}", [change])
        for other, attribute in back.by_address.get(change.address, ()):
            if matches(pattern, other.type):
                if attribute and other is not change:
                    return _undecided(path, f"{attribute} of {other.address}", [change])
                found += [] if attribute else [other]
        return found

    def _back(self, *, past: bool) -> _Back:
        """Return what refers to what on one side."""
        if past not in self._referrers:
            back = self._referrers[past] = _Back()
            for other in self._changes.values():
                edges = self._of(other, past=past)
                for address in edges.found:
                    back.by_address[address].append((other, ""))
                for attribute, candidates in edges.open:
                    back.add_open(other, attribute, candidates, edges.found)
        return self._referrers[past]

    def _of(self, change: Change, *, past: bool) -> _Edges:
        key = (change.address, past)
        if key not in self._edges:
            edges = self._edges[key] = _Edges()
            side = change.before if past else change.billed_after
            if side is not None:
                self._follow(change, side, edges, past=past)
                # A resource that mentions itself, as its own name in a policy, refers to no other.
                edges.found.pop(change.address, None)
        return self._edges[key]

    def _follow(self, change: Change, side: Side, edges: _Edges, *, past: bool) -> None:
        mentions = change.references
        if past and change.before_references is not None:
            mentions = change.before_references
        for attribute, addresses in mentions.items():
            blocks: defaultdict[str, list[Change]] = defaultdict(list)
            for one in (one for address in addresses for one in self._at(address, past=past)):
                blocks[one.address.rpartition("[")[0] if one.index is not None else one.address].append(one)
            for instances in blocks.values():
                chosen = self._chosen(side, attribute, instances)
                if chosen is None:
                    edges.open.append((attribute, _Candidates(instances)))
                else:
                    edges.found |= {one.address: one for one in chosen}
        if past and change.before_references is None:
            # A plan does not tell how things were configured; what there was is known by its identity.
            for name in side.names():
                self._add_named(edges, name, side.get(name))
            return
        for attribute, places in change.through_locals.items():
            value = side.get(attribute)
            self._add_named(edges, attribute, value)
            # Beside a resource that is mentioned, a local value most often is its key: aws_eip.this[local.zone].
            if attribute not in _TAGS and attribute not in mentions and _has_unknown(value):
                edges.open.append((attribute, self._new_in(tuple(sorted({module for _, module in places})))))

    def _at(self, address: str, *, past: bool) -> list[Change]:
        """Return the resource at an address, or the instances of a data source; one that the plan does not show for itself."""
        former = self._formerly.get(address) if past else None
        change = former or self._changes.get(address)
        if change is not None:
            return [change] if not past or change.before is not None else []
        block = address.rpartition("[")[0] if address.endswith("]") else address
        if known := self._data.get(address) or self._data.get(block):
            return known
        module, is_data, rest = block.rpartition(DATA)
        kind, _, name = rest.partition(".")
        if not is_data or not name:
            return []
        return [Change(address, DATA + kind, name, Action.NO_OP, UNTOLD, UNTOLD, module.removesuffix("."))]

    def _chosen(self, side: Side, attribute: str, instances: list[Change]) -> list[Change] | None:
        """Return which instances of one block are meant; None where nothing tells.

        The configuration section of a plan names the block where a key is computed: `aws_eip.this[local.zone]`. An attribute
        with as many elements as there are instances means all of them (`aws_eip.this[*].id`).
        """
        if len(instances) == 1 or self._facts.is_evaluated:
            return instances
        value = side.get(attribute)
        texts = set(_texts(value))
        if not _has_unknown(value):
            return [one for one in instances if not texts.isdisjoint(_identities(one, _NAMES))] or None
        if isinstance(value, list) and len(value) == len(instances) and not any(isinstance(one, dict) for one in value):
            return instances
        return None

    def _new_in(self, modules: tuple[str, ...]) -> _Candidates:
        """Return what in these modules may have values that are not known before it is applied."""
        if modules not in self._of_modules:
            found = [one for module in modules for one in self._new.get(module, ())]
            self._of_modules[modules] = _Candidates(found)
        return self._of_modules[modules]

    def _add_named(self, edges: _Edges, attribute: str, value: Json) -> None:
        """Add what an attribute names by its identity; where very many have it, nothing tells which is meant."""
        for text in _texts(value):
            named = self._by_identity.get(text)
            if named is None:
                continue
            if len(named.changes) > _SHARED:
                edges.open.append((attribute, named))
            else:
                edges.found |= {one.address: one for one in named.changes}

    @cached_property
    def _by_identity(self) -> dict[str, _Candidates]:
        found: defaultdict[str, list[Change]] = defaultdict(list)
        for change in self._changes.values():
            for identity in _identities(change, _IDENTITIES):
                found[identity].append(change)
        return {identity: _Candidates(changes) for identity, changes in found.items()}

    @cached_property
    def _new(self) -> defaultdict[str, list[Change]]:
        """Module -> what in it may have values that are not known before it is applied."""
        found: defaultdict[str, list[Change]] = defaultdict(list)
        for change in self._changes.values():
            if change.action in _NEW:
                found[change.module].append(change)
        return found


def _untold(path: str) -> Unknown:
    return Unknown(path, "not known: the plan has no configuration section", Reason.NOT_EVALUATED, _PLAN)


def _not_evaluated(path: str, missing: NotEvaluated) -> Unknown:
    return Unknown(path, f"not evaluated: {missing.text}", missing.reason, missing.remedy)


def _undecided(path: str, attribute: str, candidates: Sequence[Change]) -> Unknown:
    block = candidates[0].address.rpartition("[")[0] or candidates[0].address
    why = f"not known: {attribute} may refer to {block}"
    return Unknown(path, why, Reason.NOT_EVALUATED, "refer to it without a local value or a computed key")


def _identities(change: Change, names: Iterable[str]) -> Iterator[str]:
    found = (side.values.get(name) for side in (change.after, change.before) if side for name in names)
    return (value for value in found if isinstance(value, str) and value)


def _has_unknown(value: Json) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_unknown, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Unknown)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
