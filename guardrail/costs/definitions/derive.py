"""Attributes that data cannot derive: the exception among definitions, to be kept short.

A derivation takes a function that reads an attribute (with `Unknown` where it is not known) and returns attributes
to add. It is pure: no files, no clock, no catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from guardrail.model.unknown import Json, Unknown

Derivation = Callable[[Callable[[str], Json]], Mapping[str, Json]]


def mixed_instances(get: Callable[[str], Json]) -> Mapping[str, Json]:
    """Say how an Auto Scaling group with a mixed instances policy spreads its capacity.

    The policy's attributes default one by one even where others of the same block are given. Of several instance types
    the first is priced.
    """
    policy = get("mixed_instances_policy")
    template = _first(_part(policy, "launch_template"))
    override = _first(_part(template, "override"))
    spread = _first(_part(policy, "instances_distribution"))
    weight = _part(override, "weighted_capacity") or "1"
    return {
        "on_demand_base": _given(_part(spread, "on_demand_base_capacity"), 0),
        "on_demand_percentage": _given(_part(spread, "on_demand_percentage_above_base_capacity"), 100),
        "instance_override": _part(override, "instance_type") or "",
        "instance_weight": weight if isinstance(weight, Unknown) else int(weight),
    }


def _part(block: Json, key: str) -> Json:
    block = _first(block)
    if isinstance(block, Unknown):
        return block
    return block.get(key) if isinstance(block, dict) else None


def _first(blocks: Json) -> Json:
    return blocks[0] if isinstance(blocks, list) and blocks else None if isinstance(blocks, list) else blocks


def _given(value: Json, default: Json) -> Json:
    return default if value is None else value


DERIVATIONS: Mapping[str, Derivation] = {"mixed_instances": mixed_instances}
"""Name in a definition's `derive` -> function."""
