"""What providers choose where the configuration leaves an attribute out, laid over what it leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from guardrail.model.resource import Side
from guardrail.model.unknown import Json, Unknown, is_written

Defaults = Callable[[str], Mapping[str, Mapping[str, Json]]]
"""Resource type -> attribute -> path inside of it, "" for itself -> the provider's default. Lists have no places in paths."""

# What is left out here may stand in the launch template.
_ELSEWHERE = "launch_template"


def no_defaults(_type: str) -> Mapping[str, Mapping[str, Json]]:
    """Know no defaults."""
    return {}


def by_attribute(defaults: Mapping[str, Json]) -> Mapping[str, Mapping[str, Json]]:
    """Return defaults by dotted path as `Defaults` has them."""
    found: dict[str, dict[str, Json]] = {}
    for path, value in defaults.items():
        name, _, inside = path.partition(".")
        found.setdefault(name, {})[inside] = value
    return found


def with_defaults(side: Side, value: Json, defaults: Mapping[str, Json]) -> Json:
    """Return the value of an attribute with the provider's default where the configuration leaves it out.

    It is the same object where there is nothing to lay over it.
    """
    if side.get(_ELSEWHERE):
        return value
    for inside, default in defaults.items():
        value = _laid(side, value, inside.split(".") if inside else [], default)
    return value


def _laid(side: Side, value: Json, steps: list[str], default: Json) -> Json:
    if not steps:
        return default if _is_left_out(side, value) else value
    if isinstance(value, list):
        parts = [_laid(side, part, steps, default) for part in value]
        return value if _are_same(parts, value) else parts
    if not isinstance(value, dict):
        return value
    step, *rest = steps
    part = value.get(step)
    filled = _laid(side, part, rest, default)
    return value if filled is part else {**value, step: filled}


def _is_left_out(side: Side, value: Json) -> bool:
    if isinstance(value, Unknown):
        return side.written is not None and not is_written(value.path, side.written)
    return value is None


def _are_same(parts: Iterable[Json], others: Iterable[Json]) -> bool:
    return all(one is other for one, other in zip(parts, others, strict=True))
