"""Which resources a resource refers to, and which refer to it, as far as plan or configuration tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from guardrail.model.not_evaluated import NotEvaluated
from guardrail.model.plan_facts import PlanFacts
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


@dataclass(slots=True)
class _Edges:
    """What a resource refers to on one side.

    found  by address
    open   attributes of which nothing tells what they refer to: each with what may be meant
    """

    found: dict[str, Change] = field(default_factory=dict)
    open: list[tuple[str, Sequence[Change]]] = field(default_factory=list)


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
        self._referrers: dict[bool, defaultdict[str, list[tuple[Change, str]]]] = {}

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
            fitting = [one for one in candidates if matches(pattern, one.type)]
            if any(one.address not in found for one in fitting):
                return _undecided(path, attribute, fitting)
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
        for other, attribute in self._back(past=past).get(change.address, ()):
            if matches(pattern, other.type):
                if attribute and other is not change:
                    return _undecided(path, f"{attribute} of {other.address}", [change])
                found += [] if attribute else [other]
        return found

    def _back(self, *, past: bool) -> defaultdict[str, list[tuple[Change, str]]]:
        """Return address -> what refers to it, with the attribute where it may be another one that is meant."""
        if past not in self._referrers:
            back: defaultdict[str, list[tuple[Change, str]]] = defaultdict(list)
            for other in self._changes.values():
                edges = self._of(other, past=past)
                for address in edges.found:
                    back[address].append((other, ""))
                for attribute, candidates in edges.open:
                    for address in dict.fromkeys(one.address for one in candidates if one.address not in edges.found):
                        back[address].append((other, attribute))
            self._referrers[past] = back
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
                    edges.open.append((attribute, instances))
                else:
                    edges.found |= {one.address: one for one in chosen}
        if past and change.before_references is None:
            # A plan does not tell how things were configured; what there was is known by its identity.
            for name in side.names():
                edges.found |= {one.address: one for one in self._named(side.get(name))}
            return
        for attribute, places in change.through_locals.items():
            value = side.get(attribute)
            edges.found |= {one.address: one for one in self._named(value)}
            # Beside a resource that is mentioned, a local value most often is its key: aws_eip.this[local.zone].
            if attribute not in _TAGS and attribute not in mentions and _has_unknown(value):
                modules = {module for _, module in places}
                edges.open.append((attribute, [one for module in sorted(modules) for one in self._new.get(module, ())]))

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

    def _named(self, value: Json) -> Iterator[Change]:
        for text in _texts(value):
            yield from self._by_identity.get(text, ())

    @cached_property
    def _by_identity(self) -> defaultdict[str, list[Change]]:
        found: defaultdict[str, list[Change]] = defaultdict(list)
        for change in self._changes.values():
            for identity in _identities(change, _IDENTITIES):
                found[identity].append(change)
        return found

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
