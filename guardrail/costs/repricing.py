"""What a resource would cost with other values of some attributes: same usage, region and neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from guardrail.costs.engine import Engine
from guardrail.costs.inventory import Inventory
from guardrail.errors import InputError
from guardrail.model.cost import Cost
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json


class Repricing:
    """Prices the resources of a plan with other attributes, by the engine that has priced them as they are."""

    def __init__(self, engine: Engine, changes: Iterable[Change], data: Iterable[Change] = ()) -> None:
        self._engine, self._changes, self._data = engine, changes, data

    @cached_property
    def _inventory(self) -> Inventory:
        return Inventory(self._changes, self._data)

    def __call__(self, change: Change, attributes: Mapping[str, Json], past: bool) -> Cost | None:  # noqa: FBT001 - one of two sides
        """Return what a resource costs with these attributes; None where it is not there on that side.

        An attribute in a block is named by its dotted path, with places counted from 0. Raises InputError for a path that leads
        into something that is no block, or past the end of a list.
        """
        side = change.before if past else change.billed_after
        if side is None:
            return None
        other = side
        for path, value in attributes.items():
            other = with_attribute(other, path, value)
        names = {path.partition(".")[0] for path in attributes if "." not in path}
        # What an attribute has referred to, it refers to no longer.
        references = {name: found for name, found in change.references.items() if name not in names}
        asked = replace(change, references=references)
        asked = replace(asked, before=other) if past else replace(asked, after=other)
        cost = self._engine.cost_of(asked, other, self._inventory, before=past)
        return cost.as_given if cost else None


def with_attribute(side: Side, path: str, value: Json) -> Side:
    """Return a side with another value at a dotted path, known from now on. Raises InputError for a path that leads nowhere."""
    # Numbers of expressions are doubles, where plans have whole numbers.
    value = int(value) if isinstance(value, float) and value.is_integer() else value
    name, *steps = path.split(".")
    if not steps:
        unknown = {key: mark for key, mark in side.unknown.items() if key != name}
        return replace(side, values={**side.values, name: value}, unknown=unknown, open=side.open - {name})
    changed = deepcopy(side.values.get(name))
    marks = deepcopy(side.unknown.get(name))
    changed = _set(changed, steps, value, path)
    if isinstance(marks, dict | list):
        marks = _set(marks, steps, False, path)
    unknown = {**side.unknown, name: marks} if marks and marks is not True else dict(side.unknown)
    return replace(side, values={**side.values, name: changed}, unknown=unknown, open=side.open - {name})


def _set(inside: Any, steps: list[str], value: Json, path: str) -> Json:
    """Return what is inside of an attribute with another value at the end of these steps; what is not there is made."""
    if not steps:
        return value
    step, *others = steps
    if step.isdecimal():
        found = [] if inside is None else inside
        if not isinstance(found, list) or int(step) > len(found):
            raise InputError(f"price.of: there is no {path}")
        index = int(step)
        found = found if index < len(found) else [*found, None]
        return [*found[:index], _set(found[index], others, value, path), *found[index + 1 :]]
    if inside is not None and not isinstance(inside, dict):
        raise InputError(f"price.of: there is no {path}")
    return {**(inside or {}), step: _set((inside or {}).get(step), others, value, path)}
