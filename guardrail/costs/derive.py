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

    The policy's attributes default one by one even where others of the same block are given, which is when the plan
    calls the missing ones known after apply. Of several instance types the first is priced.
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


def compute_instance(get: Callable[[str], Json]) -> Mapping[str, Json]:
    """Read the optional blocks of a Google VM as they are configured.

    The provider fills them in itself, so a plan calls each that is not configured known after apply.
    """
    return _configured(get, ("scheduling", "guest_accelerator"))


def container_cluster(get: Callable[[str], Json]) -> Mapping[str, Json]:
    """Read the node pools of a GKE cluster as they are configured: a plan calls none known after apply."""
    return _configured(get, ("node_pool", "node_config", "node_locations"))


def container_node_pool(get: Callable[[str], Json]) -> Mapping[str, Json]:
    """Say how many nodes a zone of a GKE node pool has; null if the configuration leaves it open.

    Of its three ways to say so, a plan calls those that are not used known after apply.
    """
    scaling = _first(get("autoscaling"))
    counts = (get("node_count"), _part(scaling, "min_node_count"), get("initial_node_count"))
    known = (count for count in counts if isinstance(count, int | float))
    total = _part(scaling, "total_min_node_count")
    return _configured(get, ("node_config", "node_locations")) | {
        "nodes_per_zone": next(known, None),
        "nodes_in_all": total if isinstance(total, int | float) and total > 0 else None,
    }


def _configured(get: Callable[[str], Json], names: tuple[str, ...]) -> dict[str, Json]:
    return {name: [] if isinstance(get(name), Unknown) else get(name) for name in names}


def _part(block: Json, key: str) -> Json:
    block = _first(block)
    return block.get(key) if isinstance(block, dict) else None


def _first(blocks: Json) -> Json:
    return blocks[0] if isinstance(blocks, list) and blocks else None if isinstance(blocks, list) else blocks


def _given(value: Json, default: Json) -> Json:
    return default if value is None or isinstance(value, Unknown) else value


DERIVATIONS: Mapping[str, Derivation] = {
    function.__name__: function
    for function in (mixed_instances, compute_instance, container_cluster, container_node_pool)
}
"""Name in a definition's `derive` -> function."""
