"""Inputs of a file laid over those of the files that it includes."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from guardrail.terraform.language.types import ANY
from guardrail.terraform.language.values import Unknown, Value, lazy_object, object_, tuple_, unknown

SHALLOW, DEEP, NO_MERGE = "shallow", "deep", "no_merge"


class Inputs(Struct, frozen=True):
    """Inputs by name. Where `rest` is set, there may be more, whose names are not known."""

    values: Mapping[str, Value] = field(default_factory=dict)
    rest: Unknown | None = None

    def get(self, name: str) -> Value | None:
        """Return an input; None where it is surely not given."""
        return self.values.get(name) or (unknown(ANY, self.rest) if self.rest else None)

    def as_value(self) -> Value:
        """Return them as one value."""
        if self.rest is None:
            return object_(self.values)
        return lazy_object(self.values, lambda name: self.get(name) or unknown(), is_open=True)


def inputs_of(value: Value) -> Inputs:
    """Return the inputs that the attribute `inputs` sets; a value that is not a map sets none."""
    if isinstance(value.raw, dict):
        return Inputs({name: part.marked(value.marks) for name, part in value.raw.items()})
    return Inputs(rest=value.raw) if isinstance(value.raw, Unknown) else Inputs()


def merged(below: Inputs, above: Inputs, strategy: str) -> Inputs:
    """Return inputs over others; inputs of which nothing is known may give any name anew."""
    if above.rest is not None:  # so that nothing below is sure to count
        return above
    values = dict(below.values)
    for name, value in above.values.items():
        values[name] = _deep(values[name], value) if strategy == DEEP and name in values else value
    return Inputs(values, below.rest)


def _deep(below: Value, above: Value) -> Value:
    """Merge as Terragrunt's `deep` does: maps key by key, lists one behind the other, anything else is replaced."""
    if isinstance(below.raw, dict) and isinstance(above.raw, dict):
        parts = dict(below.raw.items())
        for name, value in above.raw.items():
            parts[name] = _deep(parts[name], value) if name in parts else value
        return object_(parts).marked(below.marks | above.marks)
    if isinstance(below.raw, tuple) and isinstance(above.raw, tuple):
        return tuple_([*below.raw, *above.raw]).marked(below.marks | above.marks)
    return above
