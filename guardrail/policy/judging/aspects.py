"""Rules by what they look at: cost, tags, one attribute or another.

As a whole, hardly two resources are alike to all rules: they lie in different modules, or cost different sums. By one aspect
most are, and what was answered for one holds for the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from msgspec import Struct

from guardrail.cel import Path
from guardrail.model.cost import UNCHANGED, ResourceCost
from guardrail.model.resource import Change
from guardrail.policy.judging.remembered import REMEMBERED, AskedRule, Key, hashable
from guardrail.policy.rules.compiled import Answer
from guardrail.policy.variables.context import MACHINES, SUCCESSORS, TAG_NAMES, TAGS, UNKNOWN
from guardrail.policy.variables.machine import names_machines
from guardrail.policy.variables.tags_of import brings_along
from guardrail.policy.variables.view import ResourceView

_COST: Path = ("cost",)


class Answered(Struct):
    """What rules say of resources that are alike by an aspect.

    of      one of them, whose costs are kept, as they are told apart by identity
    found   answers that are not simply yes
    passed  the rules that a known cost passes
    waiting ids of those of them that would wait for usage that is not given; None until somebody asks
    """

    of: ResourceCost
    found: tuple[tuple[AskedRule, Answer], ...]
    passed: tuple[AskedRule, ...]
    waiting: tuple[str, ...] | None = None


class Aspect(Struct):
    """Rules that look at the same of a resource: what that is, and what they have answered."""

    rules: tuple[AskedRule, ...]
    reads: tuple[Path, ...]
    keys: tuple[Key, ...]
    answered: dict[Hashable, Answered] = {}

    def remember(self, key: Hashable, answered: Answered) -> None:
        """Keep what was answered for others that are alike."""
        if len(self.answered) < REMEMBERED * len(self.rules):
            self.answered[key] = answered


class Kind(Struct):
    """Resources that the same rules apply to: what of each is read, the rules by which of that they look at, and how many were judged."""

    keys: tuple[Key, ...]
    aspects: tuple[tuple[Callable[[Sequence[Any]], Hashable], Aspect], ...]
    judged: int = 0


Aspects = dict[Hashable, Aspect]
"""Those of all kinds of resources: kinds of which the same rules look at the same have one together."""


def kind_of(rules: Iterable[AskedRule], change: Change, known: Aspects) -> Kind:
    """Return the kind of a resource, to which these rules apply.

    `known` are the aspects of other kinds, and take up what this one adds.
    """
    alike: defaultdict[frozenset[Path], list[AskedRule]] = defaultdict(list)
    for one in rules:
        keys = one.rule.answer_keys
        sources = frozenset(_source(path) for path in keys if _differs(path, change))
        if len(sources) > 1 and _COST in sources:
            # Beside something else, single amounts tell fewer resources apart than the whole cost does.
            sources = sources - {_COST} | {path for path in keys if _source(path) == _COST}
        alike[sources].append(one)
    aspects: list[Aspect] = []
    for sources, same in alike.items():
        # What does not differ within this kind follows from the provider alone: machines that are none, as no type is named.
        name = (change.provider, sources, *(one.place for one in same))
        if name not in known:
            known[name] = _aspect(tuple(same), sources)
        aspects.append(known[name])
    read = tuple(dict.fromkeys(key for aspect in aspects for key in aspect.keys))
    return Kind(read, tuple((_picked([read.index(key) for key in one.keys]), one) for one in aspects))


def _picked(places: Sequence[int]) -> Callable[[Sequence[Any]], Hashable]:
    return itemgetter(*places) if places else lambda _: ()


def _aspect(rules: tuple[AskedRule, ...], sources: Iterable[Path]) -> Aspect:
    reads = sorted({path for one in rules for path in one.rule.reads})
    paths = [path for one in rules for path in one.rule.answer_keys]
    keys = (_key_of(source, frozenset(path for path in paths if _source(path) == source)) for source in sorted(sources))
    return Aspect(rules, tuple(reads), tuple(keys))


def keys_of(paths: Iterable[Path]) -> tuple[Key, ...]:
    """Return what tells resources apart by the very values of these variables; those of the cost by the whole of it."""
    return tuple(dict.fromkeys(_sides if _source(path) == _COST else _reading(path) for path in sorted(paths)))


def _source(path: Path) -> Path:
    """Return what a variable follows from: one of the cost, of tags or of what is unknown is looked at together with the others."""
    if path[1] in {"cost", "costs"}:
        return _COST
    if path[:2] == TAGS or path == TAG_NAMES:
        return TAGS
    return UNKNOWN if path[:2] == UNKNOWN else path


def _differs(path: Path, change: Change) -> bool:
    """Say whether resources of this type may differ in a variable."""
    if path in {MACHINES, SUCCESSORS}:
        return names_machines(change.type)
    return path[1] != "tags_of" or brings_along(change.type, path[2])


@cache
def _key_of(source: Path, paths: frozenset[Path]) -> Key:
    """Return what tells resources apart by what these variables follow from, the same for the same."""
    if source == _COST:
        return _sides
    if source == TAGS:
        return _tags(paths)
    if source == UNKNOWN:
        places = tuple(sorted(path[2] for path in paths))
        return lambda view: view.unknown_among(places)
    return _reading(source)


@cache
def _reading(path: Path) -> Key:
    return lambda view: hashable(view.read(path))


def _sides(view: ResourceView) -> Hashable:
    cost = view.cost
    return id(cost.before), id(cost.after), cost.is_compared, cost.change.action in UNCHANGED


def _tags(paths: frozenset[Path]) -> Key:
    whole, names = TAGS in paths, TAG_NAMES in paths
    keys = sorted(path[2] for path in paths if path[:2] == TAGS and path != TAGS)

    def tags(view: ResourceView) -> Hashable:
        told = view.tags
        if told.unknown:
            return told.unknown
        values = told.values
        if whole:
            return tuple(values.items())
        return tuple([*map(values.get, keys), *values] if names else map(values.get, keys))

    return tags
