"""What of each cloud is billed whether it is used or not, and what uses it."""

from __future__ import annotations

from msgspec import Struct

from guardrail.policy.glob import matches

# They watch, tag, lock or copy a resource; it does nothing for them.
_BYSTANDERS = (
    *(
        "aws_cloudwatch_metric_alarm",
        "aws_ec2_tag",
        "aws_backup_selection",
        "aws_ebs_snapshot",
        "aws_shield_protection",
    ),
    *("azurerm_monitor_*", "azurerm_management_lock", "azurerm_snapshot", "azurerm_role_assignment"),
    *("google_compute_snapshot", "google_compute_disk_resource_policy_attachment", "google_monitoring_*"),
    *("google_compute_region_disk_resource_policy_attachment", "google_*_iam_*"),
)


class Unused(Struct, frozen=True):
    """A way to be of no use.

    title   what is said of it: "unattached volume"
    own     attributes of the resource itself that are set while it is in use
    by      patterns of the types that use it; () for any that refers to it, bystanders apart
    made    attribute with the time at which it was made: what is younger than a limit is kept; "" where there is none. None where
            age does not count
    data    whether data is lost with it
    names   attributes by which others may name it, beside its id
    """

    id: str
    types: tuple[str, ...]
    title: str
    own: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    made: str | None = None
    data: bool = False
    names: tuple[str, ...] = ()

    def is_use(self, type_: str) -> bool:
        """Say whether a resource of that type, which refers to it, uses it."""
        if self.by:
            return any(matches(pattern, type_) for pattern in self.by)
        return not is_bystander(type_)


def is_bystander(type_: str) -> bool:
    """Say whether resources of a type watch, tag, lock or copy others, without using them."""
    return any(matches(pattern, type_) for pattern in _BYSTANDERS)


_ROUTES = ("aws_route", "aws_route_table", "aws_default_route_table")
_BALANCED = ("aws_elb_attachment", "aws_autoscaling_group", "aws_autoscaling_attachment", "aws_ecs_service")
_LINKS = ("self_link", "name")

RULES = (
    Unused("unattached-volume", ("aws_ebs_volume",), "unattached volume", data=True),
    Unused("unattached-volume", ("azurerm_managed_disk",), "unattached disk", data=True),
    Unused(
        *("unattached-volume", ("google_compute_disk", "google_compute_region_disk"), "unattached disk"),
        own=("users",),
        data=True,
        names=_LINKS,
    ),
    Unused(
        *("unused-address", ("aws_eip",), "Elastic IP that is associated with nothing"),
        own=("association_id", "instance", "network_interface"),
        names=("allocation_id", "public_ip"),
    ),
    Unused("unused-address", ("azurerm_public_ip",), "public IP that nothing has", names=("ip_address",)),
    Unused(
        *("unused-address", ("google_compute_address", "google_compute_global_address"), "address that nothing has"),
        own=("users",),
        names=(*_LINKS, "address"),
    ),
    Unused(
        *("load-balancer-without-listener", ("aws_lb", "aws_alb"), "load balancer without a listener"),
        by=("aws_lb_listener", "aws_alb_listener"),
    ),
    Unused(
        *("load-balancer-without-target", ("aws_elb",), "load balancer without a target"),
        own=("instances",),
        by=_BALANCED,
        names=("name",),
    ),
    Unused(
        *("load-balancer-without-target", ("azurerm_lb",), "load balancer without a backend pool or rule"),
        by=("azurerm_lb_backend_address_pool", "azurerm_lb_rule", "azurerm_lb_nat_*", "azurerm_lb_outbound_rule"),
    ),
    Unused("nat-without-route", ("aws_nat_gateway",), "NAT gateway that no route leads to", by=_ROUTES),
    Unused(
        *("nat-without-route", ("azurerm_nat_gateway",), "NAT gateway of no subnet"),
        by=("azurerm_subnet_nat_gateway_association",),
    ),
    Unused("empty-plan", ("azurerm_service_plan", "azurerm_app_service_plan"), "service plan without an app"),
    Unused("old-snapshot", ("aws_ebs_snapshot", "aws_ebs_snapshot_copy"), "snapshot", made="start_time", data=True),
    Unused(
        *("old-snapshot", ("aws_db_snapshot", "aws_db_cluster_snapshot"), "snapshot"),
        made="snapshot_create_time",
        data=True,
    ),
    Unused("old-snapshot", ("azurerm_snapshot",), "snapshot", made="", data=True),
    Unused(
        *("old-snapshot", ("google_compute_snapshot",), "snapshot"), made="creation_timestamp", data=True, names=_LINKS
    ),
    Unused("old-image", ("aws_ami", "aws_ami_copy", "aws_ami_from_instance"), "image", made="", data=True),
    Unused("old-image", ("google_compute_image",), "image", made="creation_timestamp", data=True, names=_LINKS),
)
BY_TYPE = {type_: rule for rule in RULES for type_ in rule.types}
