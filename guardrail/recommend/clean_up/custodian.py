"""A policy of Cloud Custodian that marks one resource to be deleted in two weeks, for whoever has no code of it."""

from __future__ import annotations

import json

from guardrail.model.resource import Change, Side

_DAYS = 14
_RESOURCES = {
    "aws_ebs_volume": ("aws.ebs", "VolumeId", "id"),
    "aws_eip": ("aws.elastic-ip", "AllocationId", "id"),
    "aws_lb": ("aws.app-elb", "LoadBalancerArn", "arn"),
    "aws_alb": ("aws.app-elb", "LoadBalancerArn", "arn"),
    "aws_elb": ("aws.elb", "LoadBalancerName", "id"),
    "aws_nat_gateway": ("aws.nat-gateway", "NatGatewayId", "id"),
    "aws_ebs_snapshot": ("aws.ebs-snapshot", "SnapshotId", "id"),
    "aws_ebs_snapshot_copy": ("aws.ebs-snapshot", "SnapshotId", "id"),
    "aws_db_instance": ("aws.rds", "DBInstanceIdentifier", "identifier"),
    "aws_db_snapshot": ("aws.rds-snapshot", "DBSnapshotIdentifier", "id"),
    "azurerm_managed_disk": ("azure.disk", "id", "id"),
    "azurerm_public_ip": ("azure.publicip", "id", "id"),
    "azurerm_lb": ("azure.loadbalancer", "id", "id"),
    "azurerm_service_plan": ("azure.appserviceplan", "id", "id"),
    "azurerm_app_service_plan": ("azure.appserviceplan", "id", "id"),
}
"""Type -> resource of Custodian, its key of the id, and the attribute of Terraform that has the id."""


def policy(change: Change, side: Side) -> str:
    """Return a policy; "" where the id is not known, or Custodian has no such resource."""
    resource, key, attribute = _RESOURCES.get(change.type, ("", "", ""))
    value = side.get(attribute) if attribute and not side.has_secrets(attribute) else None
    if not isinstance(value, str) or not value:
        return ""
    op = "release" if change.type == "aws_eip" else "delete"
    return (
        "policies:\n"
        f"  - name: clean-up-{change.type.replace('_', '-')}\n"
        f"    resource: {resource}\n"
        f"    filters: [{{{key}: {json.dumps(value)}}}]\n"
        f"    actions: [{{type: mark-for-op, tag: clean-up, op: {op}, days: {_DAYS}}}]\n"
    )
