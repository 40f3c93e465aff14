"""Machines, groups of machines and databases of Google Cloud."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence

from guardrail.model.plan.new_resource import Expression, NewResource
from guardrail.model.remedy import Assignment
from guardrail.model.unknown import Json
from guardrail.recommend.schedules.stops import Place, Stop, first
from guardrail.terraform.edit.literals import literal

# Read in 2026-11.
_SQL = "https://cloud.google.com/sql/docs/mysql/start-stop-restart-instance"


def instance(place: Place) -> Stop | str:
    """A machine, by a policy of Compute Engine."""
    scheduling = place.block("scheduling")
    if scheduling.get("preemptible") is True or scheduling.get("provisioning_model") == "SPOT":
        return "is Spot: it is not stopped by a schedule"
    if place.get("scratch_disk"):
        return "has disks of its own, whose data is lost when it stops"
    if place.get("resource_policies"):
        return "has a resource policy already, and takes one only"
    policy = f"google_compute_resource_policy.{place.label}_hours"
    scope = f"{place.change.module}." if place.change.module else ""
    region = place.change.region
    name = place.side.get("name")
    hours = place.hours
    added = NewResource(
        "google_compute_resource_policy",
        f"{place.label}_hours",
        {
            # The machine refers to the policy, so that the policy cannot take its name from the machine.
            "name": f"{name}-hours"[:63] if isinstance(name, str) else f"schedule-{_digest(place)}",
            **({"region": region} if isinstance(region, str) else {}),
            "instance_schedule_policy": (
                {
                    "time_zone": "Etc/UTC" if hours.zone == "UTC" else hours.zone,
                    "vm_start_schedule": ({"schedule": hours.start},),
                    "vm_stop_schedule": ({"schedule": hours.stop},),
                },
            ),
        },
    )
    attached = Assignment(("resource_policies",), [Expression(f"{policy}.id", f"{policy}.id", (f"{scope}{policy}",))])
    return Stop(
        adds=(added,),
        steps=(attached,),
        notes=(
            "needs compute.instances.start and compute.instances.stop for the service agent of Compute Engine",
            "its disks and reserved addresses are paid for while it is stopped",
        ),
    )


def database(place: Place) -> Stop | str:
    """A database of Cloud SQL, by jobs that set its activation policy."""
    if place.get("master_instance_name"):
        return f"is a read replica, which cannot be stopped ({_SQL})"
    if any(place.referring([place.change.type], "master_instance_name")):
        return "has read replicas, which go on running"
    if first(place.get("settings")).get("activation_policy") == "NEVER":
        return "is stopped already"
    uri = f'"https://sqladmin.googleapis.com/v1/projects/${{{place.reference}.project}}/instances/${{{place.reference}.name}}"'
    bodies = [{"settings": {"activationPolicy": policy}} for policy in ("ALWAYS", "NEVER")]
    return _by_jobs(
        *(place, uri, "PATCH", bodies, "roles/cloudsql.editor"),
        (
            "its storage and backups cost the same while it is stopped, and its public address is charged then",
            "Terraform sets the policy back whenever it is applied: let it ignore changes of settings[0].activation_policy",
        ),
    )


_EMPTY = "what is on its machines goes with them, and Terraform sets the size back whenever it is applied: let it ignore changes of "


def node_pool(place: Place) -> Stop | str:
    """A node pool of GKE, by jobs that set its size."""
    if place.get("autoscaling"):
        return "an autoscaler decides how many machines it has, and would start them again"
    nodes = place.number("node_count")
    if not nodes:
        return "how many machines it has is not known (node_count)"
    parts = "".join(
        f"/{what}/${{{place.reference}.{name}}}"
        for what, name in (("projects", "project"), ("locations", "location"), ("clusters", "cluster"))
    )
    uri = f'"https://container.googleapis.com/v1{parts}/nodePools/${{{place.reference}.name}}:setSize"'
    bodies = [{"nodeCount": number} for number in (nodes, 0)]
    return _by_jobs(place, uri, "POST", bodies, "roles/container.clusterAdmin", (f"{_EMPTY}node_count",))


def instance_group(place: Place) -> Stop | str:
    """A managed group of machines, by jobs that set its size."""
    if any(place.referring(["google_compute_autoscaler", "google_compute_region_autoscaler"], "target")):
        return "an autoscaler decides how many machines it has: give it scaling_schedules, and a minimum of 0"
    if any(place.get(name) for name in ("stateful_disk", "stateful_internal_ip", "stateful_external_ip")):
        return "it keeps disks or addresses of its machines"
    size = place.number("target_size")
    if not size:
        return "how many machines it has is not known (target_size)"
    uri = f'"${{{place.reference}.self_link}}"'
    bodies = [{"targetSize": number} for number in (size, 0)]
    return _by_jobs(place, uri, "PATCH", bodies, "roles/compute.instanceAdmin.v1", (f"{_EMPTY}target_size",))


def _by_jobs(
    place: Place, uri: str, method: str, bodies: Sequence[Mapping[str, Json]], role: str, notes: Sequence[str]
) -> Stop:
    """Start and stop by jobs of Cloud Scheduler that call an API, as an account that may do that."""
    own = (place.change.address,)
    scope = f"{place.change.module}." if place.change.module else ""
    account, label = f"google_service_account.{place.label}_schedule", f"{place.label}_schedule"
    project = Expression(f"{place.reference}.project", mentions=own)
    region = place.change.region
    adds = [
        NewResource("google_service_account", label, {"account_id": f"schedule-{_digest(place)}", "project": project}),
        NewResource(
            "google_project_iam_member",
            label,
            {
                "project": project,
                "role": role,
                "member": Expression(f"{account}.member", mentions=(f"{scope}{account}",)),
            },
        ),
    ]
    for verb, when, body in zip(("start", "stop"), (place.hours.start, place.hours.stop), bodies, strict=True):
        sent = base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()
        target = {
            "http_method": method,
            "uri": Expression(uri, mentions=own),
            "headers": {"Content-Type": "application/json"},
            "body": Expression(f"base64encode(jsonencode({literal(body)}))", sent),
            "oauth_token": (
                {"service_account_email": Expression(f"{account}.email", mentions=(f"{scope}{account}",))},
            ),
        }
        adds.append(
            NewResource(
                "google_cloud_scheduler_job",
                f"{place.label}_{verb}",
                {
                    "name": Expression(f'"${{{place.reference}.name}}-{verb}"', mentions=own),
                    "project": project,
                    **({"region": region} if isinstance(region, str) else {}),
                    "schedule": when,
                    "time_zone": "Etc/UTC" if place.hours.zone == "UTC" else place.hours.zone,
                    "http_target": (target,),
                },
            )
        )
    needs = f"needs Cloud Scheduler in the project, and an account with {role}: {account} of the edit"
    return Stop(adds=tuple(adds), notes=(needs, *notes))


def _digest(place: Place) -> str:
    return hashlib.sha256(place.change.address.encode()).hexdigest()[:10]
