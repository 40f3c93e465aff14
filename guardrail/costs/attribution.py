"""What each attribute that differs does to the cost of its resource: the cost before, with it alone as it will be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from guardrail.costs.definitions.tariff import Tariff
from guardrail.costs.subject import Attributes, Subject
from guardrail.errors import DefinitionError
from guardrail.model.cost import Cost, ResourceCost
from guardrail.model.difference import MOST, Difference, Leaf, differing, leaves, substituted
from guardrail.model.money import HOURS_PER_MONTH, ZERO
from guardrail.model.resource import Action, Change
from guardrail.model.unknown import Json

# Each is a pricing of its own. What has more is a rewrite: its components tell more than its attributes.
_TRIED = 24

Price = Callable[[Subject], Cost]
"""Prices a subject by the tariff of its resource."""
Addresses = Callable[[str], str]
"""Gives the address of what a definition refers to by a name, "" where that is not one resource."""


class _Swapped(Struct, frozen=True):
    """Attributes of which one has another value."""

    attributes: Attributes
    name: str
    value: Json

    def get(self, name: str) -> Json:
        return self.value if name == self.name else self.attributes.get(name)

    def read(self, names: Iterable[str]) -> dict[str, Json]:
        found = self.attributes.read(names)
        return {**found, self.name: self.value} if self.name in found else found

    def shown(self, name: str) -> Json:
        return self.value if name == self.name else self.attributes.shown(name)

    def secrets(self, names: Iterable[str]) -> list[str]:
        return [name for name in self.attributes.secrets(names) if name != self.name]

    def names(self) -> set[str]:
        return self.attributes.names() | {self.name}


class _Input(Struct, frozen=True):
    """Something that the price depends on and that differs, and the subject as it was with this alone as it will be: None where it is sensitive."""

    leaf: Leaf
    subject: Subject | None
    ref: str = ""


Effects = Mapping[tuple[str, str], tuple[_Input, Decimal | None]]
"""By the name of a reference ("" for the resource itself) and the path of what differs."""
EffectsKey = tuple[int, int, tuple[str, ...]]
"""The costs of both sides, by identity, and the paths of what differs of the resource itself."""


def explained_by_attributes(
    priced: ResourceCost,
    tariff: Tariff | None,
    subjects: Callable[[Tariff], tuple[Subject, Subject]],
    price: Price,
    address_of: Addresses,
    remembered: dict[EffectsKey, Effects],
) -> ResourceCost:
    """Return a priced change with its differences, what moves its cost most first.

    subjects    gives what was priced, before and after
    remembered  effects: the engine makes one `Cost` of equal inputs, and keeps it
    """
    differences = _worth_telling(priced.change, tariff)
    # Equal inputs share one cost, so the quick look at identity comes first.
    moved = priced.before is not priced.after and priced.before != priced.after
    if not moved or tariff is None:
        shown = [leaf.shown() for leaf in differences if not leaf.is_default]
    else:
        reads = None if tariff.derive else tariff.attributes
        own = [leaf for leaf in differences if reads is None or leaf.steps[0] in reads]
        key = id(priced.before), id(priced.after), tuple(leaf.path for leaf in own)
        if key not in remembered:
            remembered[key] = _effects(priced, _inputs(tariff, *subjects(tariff), own), price)
        shown = list(_shown(differences, remembered[key], address_of))
    ordered = sorted(shown, key=lambda one: -abs(one.effect or ZERO))
    return replace(priced, differences=tuple(ordered[:MOST]), omitted=max(len(ordered) - MOST, 0))


def _worth_telling(change: Change, tariff: Tariff | None) -> list[Leaf]:
    if change.action in {Action.NO_OP, Action.FORGET, Action.MOVE}:
        return []
    reads: frozenset[str] | None = frozenset()
    if tariff is not None:
        reads = None if tariff.derive else tariff.attributes
    return differing(change, reads)


def _inputs(tariff: Tariff, was: Subject, will: Subject, own: Iterable[Leaf]) -> list[_Input]:
    inputs = [_of_attribute(leaf, was) for leaf in own]
    if was.region != will.region:
        region = Leaf(("region",), was.region, will.region, "region")
        inputs.append(_Input(region, replace(was, region=will.region)))
    if (by := tariff.definition.schedule) and was.usage != will.usage:
        before, after = (round(one.usage.get(by.hours, int(HOURS_PER_MONTH)), 2) for one in (was, will))
        other = replace(was, usage=will.usage, profiled=will.profiled)
        inputs.append(_Input(Leaf((by.hours,), before, after, by.hours), other))
    for name in will.refs:
        inputs += _of_reference(name, was, will)
    return inputs


def _of_attribute(leaf: Leaf, was: Subject) -> _Input:
    name, attributes = str(leaf.steps[0]), was.attributes
    if attributes.secrets([name]):
        return _Input(leaf, None)
    swapped = _Swapped(attributes, name, _inside(attributes.get(name), leaf))
    return _Input(leaf, replace(was, attributes=swapped))


def _of_reference(name: str, was: Subject, will: Subject) -> Iterator[_Input]:
    """Give what differs of a resource that is referred to; of what may not be shown, only that it does."""
    before, after = was.refs.get(name), will.refs.get(name)
    if before == after:
        return
    both = isinstance(before, dict) and isinstance(after, dict)
    different = leaves(before, after, name, "") if both else []
    if not different or len(different) > _TRIED or was.visible or will.visible:
        whole = Leaf((name,), None, None, "", is_secret=both)
        yield _Input(whole, replace(was, refs={**was.refs, name: after}), name)
        return
    for leaf in different:
        named = replace(leaf, path=leaf.path.removeprefix("."))
        yield _Input(named, replace(was, refs={**was.refs, name: _inside(before, leaf)}), name)


def _inside(value: Json, leaf: Leaf) -> Json:
    return substituted(value, leaf.steps[1:], leaf.after)


def _effects(priced: ResourceCost, inputs: list[_Input], price: Price) -> Effects:
    """Return what each input does by itself. Of a single one it is the whole difference."""
    if len(inputs) > _TRIED:
        return {}
    done: dict[tuple[str, str], tuple[_Input, Decimal | None]] = {}
    for one in inputs:
        effect = _alone(priced, None if len(inputs) == 1 else one.subject, price) if one.subject else None
        done[one.ref, one.leaf.path] = one, effect
    return done


def _alone(priced: ResourceCost, subject: Subject | None, price: Price) -> Decimal | None:
    """Return what a subject costs more than before, None where not known. Without a subject: all that differs, as the only input."""
    try:
        alone = priced if subject is None else replace(priced, after=price(subject), is_compared=False)
    except DefinitionError:  # half of either side may be what no definition is made for, where neither side is
        return None
    return None if any(alone.delta_gaps) else alone.total_delta


def _shown(
    own: Iterable[Leaf],
    effects: Effects,
    address_of: Addresses,
) -> Iterator[Difference]:
    for leaf in own:
        _, effect = effects.get(("", leaf.path), (None, ZERO if effects else None))
        if effect or not leaf.is_default:
            yield leaf.shown(effect)
    of_itself = {leaf.path for leaf in own}
    for (ref, path), (one, effect) in effects.items():
        if effect and (ref or path not in of_itself):
            yield one.leaf.shown(effect, of=(address_of(ref) or ref) if ref else "")
