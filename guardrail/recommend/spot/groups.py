"""Groups of machines that replace one that is lost, as their types say it: what they have, and what makes them Spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from guardrail.model.remedy import Assignment
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json


class Group(Struct, frozen=True):
    """A group of machines.

    machines  machine types, of which it may have any; empty: not known
    least     how many machines it has at least; None: not known
    steps     what makes it Spot; empty where no single attribute does
    how       what has to be done where no attribute does it
    unfit     why it is not for Spot, "" for one that is
    zones     subnets or zones that it spreads over; None: not known
    runs_jobs whether it repeats the work of a machine that is lost by itself, so that one machine is enough
    is_spot   whether it is Spot already
    """

    vendor: str
    machines: tuple[str, ...]
    least: int | None
    steps: tuple[Assignment, ...] = ()
    how: str = ""
    unfit: str = ""
    zones: int | None = None
    runs_jobs: bool = False
    is_spot: bool = False


def group_of(change: Change, side: Side) -> Group | None:
    """Return the group that a resource is; None for what is none: a machine alone, a database, anything else."""
    reader = _READERS.get(change.type)
    return reader(side) if reader else None


def _node_group(side: Side) -> Group:
    scaling = _block(side, "scaling_config")
    return Group(
        "aws",
        _texts(side.configured("instance_types")),
        _number(scaling.get("desired_size"), scaling.get("min_size")),
        (Assignment(("capacity_type",), "SPOT"),),
        zones=_count(side.configured("subnet_ids")),
        is_spot=side.configured("capacity_type") == "SPOT",
    )


def _scaling_group(side: Side) -> Group:
    mixed = _block(side, "mixed_instances_policy")
    distribution = mixed.get("instances_distribution")
    parts = _first(distribution)
    base = parts.get("on_demand_percentage_above_base_capacity")
    return Group(
        "aws",
        (),
        _number(side.configured("desired_capacity"), side.configured("min_size")),
        how="add a mixed_instances_policy with several machine types and Spot above a base on demand",
        zones=_count(side.configured("vpc_zone_identifier")) or _count(side.configured("availability_zones")),
        unfit="its machines are protected from scale-in" if side.configured("protect_from_scale_in") is True else "",
        is_spot=bool(mixed) and base is not None and base != 100,  # noqa: PLR2004 - percent
    )


def _batch(side: Side) -> Group:
    resources = _block(side, "compute_resources")
    kind = resources.get("type")
    to = {"EC2": "SPOT", "FARGATE": "FARGATE_SPOT"}.get(kind if isinstance(kind, str) else "")
    return Group(
        "aws",
        _texts(resources.get("instance_type")),
        _number(resources.get("max_vcpus")),
        (Assignment(("compute_resources", "0", "type"), to),) if to else (),
        unfit="" if to or kind in {"SPOT", "FARGATE_SPOT"} else "its compute resources are not known",
        zones=_count(resources.get("subnets")),
        runs_jobs=True,
        is_spot=kind in {"SPOT", "FARGATE_SPOT"},
    )


def _service(side: Side) -> Group | None:
    """A service of ECS on Fargate; one on EC2 is as its machines are."""
    strategy = side.configured("capacity_provider_strategy")
    providers = (
        [one.get("capacity_provider") for one in strategy if isinstance(one, Mapping)]
        if isinstance(strategy, list)
        else []
    )
    if side.configured("launch_type") != "FARGATE" and "FARGATE" not in providers and "FARGATE_SPOT" not in providers:
        return None
    network = _block(side, "network_configuration")
    return Group(
        "aws",
        (),
        _number(side.configured("desired_count")),
        how="use a capacity_provider_strategy of FARGATE_SPOT beside a base of FARGATE",
        unfit="it keeps volumes of its own" if side.configured("volume_configuration") else "",
        zones=_count(network.get("subnets")),
        is_spot="FARGATE_SPOT" in providers,
    )


def _scale_set(side: Side) -> Group:
    return Group(
        "azure",
        _texts([side.configured("sku") or side.configured("sku_name")]),
        _number(side.configured("instances")),
        (Assignment(("priority",), "Spot"), Assignment(("eviction_policy",), "Deallocate")),
        unfit="its machines have data disks" if side.configured("data_disk") else "",
        zones=_count(side.configured("zones")),
        is_spot=side.configured("priority") == "Spot",
    )


def _node_pool_of_azure(side: Side) -> Group:
    return Group(
        "azure",
        _texts([side.configured("vm_size")]),
        _number(side.configured("node_count"), side.configured("min_count")),
        (Assignment(("priority",), "Spot"), Assignment(("eviction_policy",), "Delete")),
        unfit="it is a system pool, which cannot be Spot" if side.configured("mode") == "System" else "",
        zones=_count(side.configured("zones")),
        is_spot=side.configured("priority") == "Spot",
    )


def _node_pool_of_google(side: Side) -> Group:
    config = _block(side, "node_config")
    scaling = _block(side, "autoscaling")
    return Group(
        "gcp",
        _texts([config.get("machine_type") or "e2-medium"]),
        _number(side.configured("node_count"), scaling.get("min_node_count"), side.configured("initial_node_count")),
        (Assignment(("node_config", "0", "spot"), True),),
        unfit="its machines have local disks" if config.get("local_ssd_count") else "",
        zones=_count(side.configured("node_locations")),
        is_spot=config.get("spot") is True or config.get("preemptible") is True,
    )


def _instance_group(side: Side) -> Group:
    stateful = any(side.configured(name) for name in ("stateful_disk", "stateful_internal_ip", "stateful_external_ip"))
    return Group(
        "gcp",
        (),
        _number(side.configured("target_size")),
        how="set scheduling { provisioning_model = SPOT } in its instance template",
        unfit="it keeps disks or addresses of its machines" if stateful else "",
        zones=_count(side.configured("distribution_policy_zones")),
    )


_READERS: Mapping[str, Callable[[Side], Group | None]] = {
    "aws_eks_node_group": _node_group,
    "aws_autoscaling_group": _scaling_group,
    "aws_batch_compute_environment": _batch,
    "aws_ecs_service": _service,
    "azurerm_linux_virtual_machine_scale_set": _scale_set,
    "azurerm_windows_virtual_machine_scale_set": _scale_set,
    "azurerm_orchestrated_virtual_machine_scale_set": _scale_set,
    "azurerm_kubernetes_cluster_node_pool": _node_pool_of_azure,
    "google_container_node_pool": _node_pool_of_google,
    "google_compute_instance_group_manager": _instance_group,
    "google_compute_region_instance_group_manager": _instance_group,
}


def with_template(group: Group, template: Change, side: Side) -> Group:
    """Return a group with what its launch template says: machine type, and whether it is Spot already."""
    if template.type == "aws_launch_template":
        options = _block(side, "instance_market_options")
        kept = any(
            _first(one.get("ebs")).get("delete_on_termination") in {False, "false"}
            for one in _blocks(side.configured("block_device_mappings"))
        )
        return replace(
            group,
            machines=_texts([side.configured("instance_type")]),
            unfit=group.unfit or ("volumes of its machines are kept when they end" if kept else ""),
            is_spot=group.is_spot or options.get("market_type") == "spot",
        )
    scheduling = _block(side, "scheduling")
    return replace(
        group,
        machines=_texts([side.configured("machine_type")]),
        is_spot=scheduling.get("provisioning_model") == "SPOT" or scheduling.get("preemptible") is True,
    )


def _block(side: Side, name: str) -> Mapping[str, Json]:
    return _first(side.configured(name))


def _first(value: Json) -> Mapping[str, Json]:
    return next(iter(_blocks(value)), {})


def _blocks(value: Json) -> list[Mapping[str, Json]]:
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, Mapping)]


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str) and one) if isinstance(value, list) else ()


def _number(*values: Json) -> int | None:
    """Return the first number that is known."""
    found = (one for one in values if isinstance(one, int | float) and not isinstance(one, bool))
    return next((int(one) for one in found), None)


def _count(value: Json) -> int | None:
    return len(value) if isinstance(value, list) and value else None
