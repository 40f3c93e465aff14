"""Auto Scaling groups, instances and databases of AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from guardrail.model.plan.new_resource import Expression, NewResource, mentions
from guardrail.model.unknown import Json
from guardrail.recommend.rightsizing.families import family_of
from guardrail.recommend.schedules.stops import Place, Stop, first
from guardrail.terraform.edit.literals import literal

# Read in 2026-11.
_RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html"
_AURORA = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-cluster-stop-start.html"
_SIZES = "Terraform sets the sizes back whenever it is applied: let it ignore changes of min_size, max_size and desired_capacity"
_WEEK = "AWS starts a database again that is stopped for seven days: a schedule of every week stops it before"


def scaling_group(place: Place) -> Stop | str:
    """To none and back, by its own scheduled actions."""
    least, most, desired = (place.number(name) for name in ("min_size", "max_size", "desired_capacity"))
    if least is None or most is None:
        return "how many machines it has is not known"
    if place.get("protect_from_scale_in") is True:
        return "its machines are protected from scale-in"
    wanted = least if desired is None else desired
    if not wanted:
        return "has no machines of its own: what scales it decides"

    def action(verb: str, when: str, sizes: Sequence[int]) -> NewResource:
        group = Expression(f"{place.reference}.name", mentions=(place.change.address,))
        return NewResource(
            "aws_autoscaling_schedule",
            f"{place.label}_{verb}",
            {
                "scheduled_action_name": verb,
                "autoscaling_group_name": group,
                "recurrence": when,
                "time_zone": _zone(place),
                **dict(zip(("min_size", "max_size", "desired_capacity"), sizes, strict=True)),
            },
        )

    hours = place.hours
    return Stop(
        adds=(action("start", hours.start, (least, most, wanted)), action("stop", hours.stop, (0, 0, 0))),
        notes=(
            "what is on its machines goes with them: they start from their image",
            _SIZES,
        ),
    )


def instance(place: Place) -> Stop | str:
    """Stopped and started by EventBridge Scheduler."""
    if first(place.get("instance_market_options")).get("market_type") == "spot":
        return "is Spot: it is not stopped by a schedule"
    type_, image = place.get("instance_type"), _image(place)
    family = family_of("aws", type_) if isinstance(type_, str) else None
    if place.get("ephemeral_block_device") or (family and family.has_local_disk):
        return "has disks of its own, whose data is lost when it stops"
    if image.get("root_device_type") == "instance-store":
        return "starts from an instance store, and cannot be stopped"
    ids = {"InstanceIds": [Expression(f"{place.reference}.id", mentions=(place.change.address,))]}
    return _called(place, "ec2", "Instances", ids, ("its volumes and Elastic IPs cost the same while it is stopped",))


def database(place: Place) -> Stop | str:
    """A database of RDS, stopped and started by EventBridge Scheduler."""
    engine = str(place.get("engine") or "")
    if place.get("replicate_source_db"):
        return f"is a read replica, which cannot be stopped ({_RDS})"
    if any(place.referring([place.change.type], "replicate_source_db")):
        return f"has read replicas, and cannot be stopped ({_RDS})"
    if engine.startswith("sqlserver") and place.get("multi_az") is True:
        return f"is SQL Server in several zones, which cannot be stopped ({_RDS})"
    if engine.startswith(("aurora", "custom-")):
        return f"is {'part of a cluster' if engine.startswith('aurora') else 'RDS Custom'}, and not stopped by itself ({_RDS})"
    ids = {"DbInstanceIdentifier": Expression(f"{place.reference}.identifier", mentions=(place.change.address,))}
    return _called(
        place, "rds", "DBInstance", ids, ("its storage and backups cost the same while it is stopped", _WEEK)
    )


def cluster(place: Place) -> Stop | str:
    """A cluster of Aurora, stopped and started with its instances."""
    if not str(place.get("engine") or "aurora").startswith("aurora"):
        return "is a Multi-AZ cluster of RDS, whose hours the estimate does not divide"
    if place.get("engine_mode") == "serverless":
        return f"is Aurora Serverless v1, which cannot be stopped ({_AURORA})"
    if place.get("global_cluster_identifier"):
        return f"is part of a global database, which cannot be stopped ({_AURORA})"
    if place.get("replication_source_identifier"):
        return f"is a replica of another cluster, which cannot be stopped ({_AURORA})"
    members = [
        side.configured("instance_class")
        for _, side in place.referring(["aws_rds_cluster_instance"], "cluster_identifier")
    ]
    if not members:
        return "has no instances here: what it costs by the hour is not known"
    if all(one == "db.serverless" for one in members):
        return "is Aurora Serverless v2, which pays by its capacity: let it pause instead (min_capacity = 0)"
    ids = {"DbClusterIdentifier": Expression(f"{place.reference}.cluster_identifier", mentions=(place.change.address,))}
    return _called(place, "rds", "DBCluster", ids, ("its storage and backups cost the same while it is stopped", _WEEK))


def _zone(place: Place) -> str:
    return "Etc/UTC" if place.hours.zone == "UTC" else place.hours.zone


def _image(place: Place) -> Mapping[str, Json]:
    """Return what a data source tells of its image."""
    named = place.change.references.get("ami", ())
    found = (one.after.values for one in place.scene.plan.data if one.address in named and one.after)
    return next(found, {})


def _called(place: Place, service: str, what: str, sent: Mapping[str, Json], notes: Sequence[str]) -> Stop:
    """Start and stop by calls of an API, with a role that may do that and nothing else."""
    label, arn = f"{place.label}_schedule", Expression(f"{place.reference}.arn", mentions=(place.change.address,))
    tags = place.get("tags")
    role = f"aws_iam_role.{label}"
    scope = f"{place.change.module}." if place.change.module else ""
    may = [f"{service}:{verb}{what}" for verb in ("Start", "Stop")]
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "scheduler.amazonaws.com"}}
    adds = [
        NewResource(
            "aws_iam_role",
            label,
            {
                "assume_role_policy": _policy(trust),
                **(
                    {"tags": Expression(f"{place.reference}.tags", tags, (place.change.address,))}
                    if tags and isinstance(tags, dict)
                    else {}
                ),
            },
        ),
        NewResource(
            "aws_iam_role_policy",
            label,
            {
                "role": Expression(f"{role}.id", mentions=(f"{scope}{role}",)),
                "policy": _policy({"Effect": "Allow", "Action": may, "Resource": arn}),
            },
        ),
    ]
    for verb, when in (("start", place.hours.aws_start), ("stop", place.hours.aws_stop)):
        target = {
            "arn": f"arn:aws:scheduler:::aws-sdk:{service}:{verb}{what}",
            "role_arn": Expression(f"{role}.arn", mentions=(f"{scope}{role}",)),
            "input": Expression(f"jsonencode({literal(sent)})", mentions=(place.change.address,)),
        }
        adds.append(
            NewResource(
                "aws_scheduler_schedule",
                f"{place.label}_{verb}",
                {
                    "schedule_expression": when,
                    "schedule_expression_timezone": place.hours.zone,
                    "flexible_time_window": ({"mode": "OFF"},),
                    "target": (target,),
                },
            )
        )
    needs = f"needs a role for EventBridge Scheduler that may do {' and '.join(may)}: {role} of the edit"
    return Stop(adds=tuple(adds), notes=(needs, *notes))


def _policy(statement: Mapping[str, Json]) -> Expression:
    """Return a policy of one statement, on lines of its own."""
    width = max(map(len, statement))
    lines = "".join(f"      {name.ljust(width)} = {literal(value)}\n" for name, value in statement.items())
    text = f'jsonencode({{\n    Version = "2012-10-17"\n    Statement = [{{\n{lines}    }}]\n  }})'
    found = tuple(mentions(statement))
    whole = {"Version": "2012-10-17", "Statement": [statement]}
    return Expression(text, None if found else json.dumps(whole), found)
