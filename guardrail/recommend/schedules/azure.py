"""Machines and clusters of Azure: the provider has no resource that starts them again."""

from __future__ import annotations

from guardrail.model.plan.new_resource import Expression, NewResource
from guardrail.model.unknown import Json
from guardrail.recommend.schedules.stops import Place, Stop
from guardrail.terraform.edit.addition import text_of

_CALLS = (
    "stop and start it by a runbook of Azure Automation or a pipeline (a schedule of Azure Automation has no action for AKS), "
    "and give its hours as default_node_pool.monthly_hrs in the usage file"
)


def machine(place: Place) -> Stop | str:
    """A machine, which a schedule of DevTest Labs stops every evening."""
    if place.get("priority") == "Spot":
        return "is Spot: it is not stopped by a schedule"
    hours = place.hours
    body: dict[str, Json] = {
        "virtual_machine_id": Expression(f"{place.reference}.id", mentions=(place.change.address,)),
        "location": Expression(f"{place.reference}.location", mentions=(place.change.address,)),
        "daily_recurrence_time": hours.end_of_day,
        "timezone": hours.windows_zone or hours.zone,
        "notification_settings": ({"enabled": False},),
    }
    notes = [
        "starting it stays manual, so that nothing is certain: give the hours that it has run as monthly_hrs in the usage file"
    ]
    if hours.windows_zone is None:
        notes.append(f"Azure has Windows' name for the time zone {hours.zone}: write it there")
    return Stop(
        usage={place.change.address: {"monthly_hrs": float(hours.monthly)}},
        how="its schedule stops it every evening, and nothing starts it again",
        notes=(*notes, "its disks and addresses cost the same while it is stopped"),
        code=text_of(NewResource("azurerm_dev_test_global_vm_shutdown_schedule", place.label, body)),
    )


def cluster(place: Place) -> Stop | str:
    """A cluster of AKS with its node pools, stopped and started by calls."""
    hours = float(place.hours.monthly)
    pools = place.referring(["azurerm_kubernetes_cluster_node_pool"], "kubernetes_cluster_id")
    usage: dict[str, dict[str, Json]] = {place.change.address: {"default_node_pool": {"monthly_hrs": hours}}}
    usage |= {pool.address: {"monthly_hrs": hours} for pool, _ in pools}
    name, group = (place.side.get(name) for name in ("name", "resource_group_name"))
    known = [value if isinstance(value, str) else "..." for value in (name, group)]
    calls = "\n".join(f"az aks {verb} --name {known[0]} --resource-group {known[1]}" for verb in ("stop", "start"))
    return Stop(
        usage=usage,
        how="azurerm_kubernetes_cluster has no attribute that stops it",
        notes=(
            _CALLS,
            "its disks, addresses and load balancers cost the same while it is stopped",
        ),
        code=calls,
    )
