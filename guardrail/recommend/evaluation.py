"""What a project costs with an edit: the resource itself, and those whose price reads it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from guardrail.costs import Engine
from guardrail.costs.inventory import Inventory
from guardrail.costs.repricing import with_attribute
from guardrail.model.cost import Cost, Line, ResourceCost, ResourceStatus
from guardrail.model.money import ZERO
from guardrail.model.plan.new_resource import Expression, NewResource, mentions
from guardrail.model.remedy import Assignment
from guardrail.model.resource import NO_TAGS, Action, Change, Side
from guardrail.model.unknown import Json


class Evaluated(Struct, frozen=True):
    """What an edit comes to in a month.

    before, after  known cost of all that it moves
    gap            why the difference is not known; "" where it is
    moved          addresses whose cost differs, the edited one first
    lines          the lines that differ, those of before first
    unpriced       addresses of what is added and has no price: what that costs is not in `after`
    """

    before: Decimal
    after: Decimal
    gap: str
    moved: tuple[str, ...]
    lines: tuple[Line, ...]
    unpriced: tuple[str, ...] = ()

    @property
    def saving(self) -> Decimal | None:
        """What it saves a month, less than nothing where it costs more; None where that is not known."""
        return None if self.gap else self.before - self.after


class Evaluation:
    """Prices a project with edits of single resources, by the engine that has priced it as it is."""

    def __init__(self, engine: Engine, resources: Sequence[ResourceCost], data: Iterable[Change] = ()) -> None:
        self._engine, self._data = engine, tuple(data)
        self._costs = {one.change.address: one for one in resources}
        self._changes = [one.change for one in resources]

    @cached_property
    def _inventory(self) -> Inventory:
        return Inventory(self._changes, self._data)

    def price(self, change: Change, attributes: Mapping[str, Json]) -> Cost | None:
        """Return what a resource alone costs with other attributes, by dotted paths; None where it will not be there.

        Raises InputError for a path that leads into something that is no block.
        """
        asked = edited(change, attributes)
        side = asked.billed_after
        return None if side is None else self._engine.cost_of(asked, side, self._inventory, before=False)

    def with_steps(self, address: str, steps: Iterable[Assignment], adds: Sequence[NewResource] = ()) -> Evaluated:
        """Return what attributes that are set and resources that are added come to. Raises InputError for a path that leads nowhere."""
        change = self._costs[address].change
        asked = edited(change, {".".join(step.path): step.value for step in steps})
        return self._with_added(asked, [added(one, change) for one in adds]) if adds else self._evaluated(asked)

    def with_usage(self, address: str, given: Mapping[str, Any]) -> Evaluated:
        """Return what other usage of a resource comes to. Lines that stay, priced or not, cost the same with it."""
        priced = self._costs[address]
        side, engine = priced.change.billed_after, self._engine.with_usage_of(address, given)
        after = engine.cost_of(priced.change, side, self._inventory, before=False) if side else None
        was, will = (cost.lines if cost else () for cost in (priced.after, after))
        pairs = [[line for line in some if line not in others] for some, others in ((was, will), (will, was))]
        gap = next((line for lines in pairs for line in lines if line.monthly_cost is None), None)
        before, now = (sum((line.monthly_cost or ZERO for line in lines), ZERO) for lines in pairs)
        told = f"{address} has no complete price: {gap.note or gap.name}" if gap else ""
        return Evaluated(before, now, told, (address,), tuple(line for lines in pairs for line in lines))

    def without(self, address: str) -> Evaluated:
        """Return what it comes to that a resource goes."""
        change = self._costs[address].change
        return self._evaluated(replace(change, action=Action.DELETE, after=None))

    def readers(self, address: str) -> tuple[str, ...]:
        """Return the addresses of the resources whose price reads one."""
        return self._readers.get(address, ())

    def reads(self, address: str) -> tuple[str, ...]:
        """Return the addresses of the resources that the price of one reads."""
        return self._engine.read_by(self._costs[address].change, self._inventory)

    def priced_alike(self, address: str) -> Hashable:
        """Return what is equal for resources that differ in quantities alone: the names and prices of all lines that an edit may move."""
        names = (address, *self.readers(address))
        sides = [(self._costs[name].change, self._costs[name].after) for name in names]
        return tuple(
            (change.type, str(change.region), tuple((line.name, line.unit_price, line.status) for line in side.lines))
            for change, side in sides
            if side
        )

    def _evaluated(self, asked: Change) -> Evaluated:
        others = self.readers(asked.address)
        inventory = self._inventory
        if others:  # the others have to find it as it would be
            changes = [asked if one.address == asked.address else one for one in self._changes]
            inventory = Inventory(changes, self._data)
        moved = [self._moved(asked, inventory)]
        moved += [self._moved(self._costs[name].change, inventory) for name in others]
        moved = [moved[0], *(one for one in moved[1:] if one.total_delta or any(one.delta_gaps))]
        return _total(moved)

    def _with_added(self, asked: Change, new: Sequence[Change]) -> Evaluated:
        """Price a resource, and those whose price reads it, beside new ones.

        All that they read is there with them, and nothing else: to look through a whole plan anew for each proposal takes long.
        """
        others = self.readers(asked.address)
        names = {asked.address, *others}
        for name in (asked.address, *others):
            names |= set(self.reads(name))
        around = [asked if one.address == asked.address else one for one in self._changes if one.address in names]
        inventory = Inventory([*around, *new], self._data)
        moved = [self._moved(self._costs[name].change, inventory) for name in others]
        moved = [self._moved(asked, inventory), *(one for one in moved if one.total_delta or any(one.delta_gaps))]
        came = _total(moved)
        priced = [(one, self._engine.cost_of(one, one.after, inventory, before=False)) for one in new if one.after]
        return replace(
            came,
            after=came.after + sum((cost.known for _, cost in priced if cost), ZERO),
            moved=(*came.moved, *(one.address for one in new)),
            lines=(*came.lines, *(line for _, cost in priced if cost for line in cost.lines)),
            unpriced=tuple(one.address for one, cost in priced if cost is None or cost.unpriced),
        )

    def _moved(self, asked: Change, inventory: Inventory) -> ResourceCost:
        """Return a resource priced as it is, as before, and with the edit, as after."""
        side = asked.billed_after
        after = None if side is None else self._engine.cost_of(asked, side, inventory, before=False)
        before = self._costs[asked.address].after
        return ResourceCost(replace(asked, action=Action.UPDATE), before, after)

    @cached_property
    def _readers(self) -> Mapping[str, tuple[str, ...]]:
        """Address -> the resources whose price reads it, through any number of references."""
        readers: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for change in self._changes:
            for read in self._engine.read_by(change, self._inventory):
                if read != change.address:
                    readers[read][change.address] = None
        return {address: tuple(found) for address, found in readers.items()}


def _total(moved: Sequence[ResourceCost]) -> Evaluated:
    return Evaluated(
        sum((one.before.known for one in moved if one.before), ZERO),
        sum((one.after.known for one in moved if one.after), ZERO),
        next(filter(None, map(_gap, moved)), ""),
        tuple(one.change.address for one in moved),
        tuple(line for one in moved for line in _differing(one)),
    )


def added(new: NewResource, after: Change) -> Change:
    """Return a resource as it is planned that is written after another, with the tags of that where it takes them over."""
    values: dict[str, Json] = {}
    unknown: dict[str, Json] = {}
    for name, value in new.body.items():
        values[name], mark = _planned(value)
        if mark:
            unknown[name] = mark
    references = {name: tuple(dict.fromkeys(mentions(value))) for name, value in new.body.items()}
    address = f"{new.type}.{new.name}"
    return Change(
        f"{after.module}.{address}" if after.module else address,
        *(new.type, new.name, Action.CREATE, None, Side(values, unknown, written=frozenset(unknown))),
        module=after.module,
        provider=after.provider,
        provider_config=after.provider_config,
        region=after.region,
        tags=after.tags if "tags" in new.body else NO_TAGS,
        taggable="tags" in new.body,
        references={name: found for name, found in references.items() if found},
        source=after.source,
    )


def _planned(value: Json) -> tuple[Json, Json]:
    """Return a value as it is planned, and Terraform's mark of what is known after apply."""
    if isinstance(value, Expression):
        return value.planned, value.planned is None
    if isinstance(value, Mapping):
        parts = {name: _planned(part) for name, part in value.items()}
        return {name: part for name, (part, _) in parts.items()}, {
            name: mark for name, (_, mark) in parts.items() if mark
        }
    if isinstance(value, list | tuple):
        items = [_planned(part) for part in value]
        marks = [mark or False for _, mark in items]
        return [part for part, _ in items], marks if any(marks) else False
    return value, False


def edited(change: Change, attributes: Mapping[str, Json]) -> Change:
    """Return a resource with other values of attributes; what an attribute has referred to, it refers to no longer.

    What was not going to change is updated from now on. Raises InputError for a path that leads into what is no block.
    """
    side: Side | None = change.billed_after
    if side is None:
        return change
    for path, value in attributes.items():
        side = with_attribute(side, path, value)
    whole = {path for path in attributes if "." not in path}
    references = {name: found for name, found in change.references.items() if name not in whole}
    references |= {name: found for name in whole if (found := tuple(mentions(attributes[name])))}
    stays = change.action in {Action.NO_OP, Action.MOVE, Action.FORGET, Action.IMPORT}
    return replace(change, after=side, references=references, action=Action.UPDATE if stays else change.action)


def _differing(moved: ResourceCost) -> Iterator[Line]:
    was, will = (side.lines if side else () for side in (moved.before, moved.after))
    yield from (line for line in was if line not in will)
    yield from (line for line in will if line not in was)


def _without_equal(moved: ResourceCost) -> ResourceCost:
    """Return it without what lacks one and the same price on both sides, in the same quantity: an edit leaves what that costs."""
    before, after = moved.before, moved.after
    if before is None or after is None:
        return moved
    equal = [line for line in before.lines if line.sought and line.monthly_quantity is not None and line in after.lines]
    return ResourceCost(moved.change, _without(before, equal), _without(after, equal))


def _without(cost: Cost, lines: Sequence[Line]) -> Cost:
    left = tuple(line for line in cost.lines if line not in lines)
    is_whole = all(line.monthly_cost is not None for line in left)
    return replace(cost, lines=left, status=ResourceStatus.PRICED if is_whole else cost.status)


def _gap(moved: ResourceCost) -> str:
    """Return why it is not known what an edit does to a resource; "" where it is."""
    if not any(moved.delta_gaps) or not any(_without_equal(moved).delta_gaps):
        return ""
    lines = [line for side in (moved.after, moved.before) if side for line in side.lines]
    said = next((line.note for line in lines if line.monthly_cost is None and line.note), "")
    return f"{moved.change.address} has no complete price" + (f": {said}" if said else "")
