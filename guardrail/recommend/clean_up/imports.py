"""`import` blocks for what a bill names: which type an id is of, and by which id Terraform imports that."""

from __future__ import annotations

import re

from guardrail.terraform.edit.literals import literal

_LAST = re.compile(r"[^/:]+$")
# Pattern of the id -> type of Terraform, and the group that is its id there. Types of which a bill does not tell enough
# (a queue is imported by its URL, a virtual machine of Azure may be of Linux or Windows) have none.
_PATTERNS: tuple[tuple[str, str, int], ...] = (
    (r"(?:arn:aws[\w-]*:ec2:.*:instance/)?(i-[0-9a-f]+)", "aws_instance", 1),
    (r"(?:arn:aws[\w-]*:ec2:.*:volume/)?(vol-[0-9a-f]+)", "aws_ebs_volume", 1),
    (r"(?:arn:aws[\w-]*:ec2:.*:natgateway/)?(nat-[0-9a-f]+)", "aws_nat_gateway", 1),
    (r"(?:arn:aws[\w-]*:ec2:.*:elastic-ip/)?(eipalloc-[0-9a-f]+)", "aws_eip", 1),
    (r"(?:arn:aws[\w-]*:ec2:.*:snapshot/)?(snap-[0-9a-f]+)", "aws_ebs_snapshot", 1),
    (r"arn:aws[\w-]*:kms:[^:]*:[^:]*:key/(.+)", "aws_kms_key", 1),
    (r"arn:aws[\w-]*:s3:::([^/]+)", "aws_s3_bucket", 1),
    (r"arn:aws[\w-]*:rds:[^:]*:[^:]*:db:(.+)", "aws_db_instance", 1),
    (r"arn:aws[\w-]*:lambda:[^:]*:[^:]*:function:([^:]+)", "aws_lambda_function", 1),
    (r"arn:aws[\w-]*:dynamodb:[^:]*:[^:]*:table/([^/]+)", "aws_dynamodb_table", 1),
    (r"arn:aws[\w-]*:elasticloadbalancing:[^:]*:[^:]*:loadbalancer/(?:app|net|gwy)/.+", "aws_lb", 0),
    (r"arn:aws[\w-]*:elasticloadbalancing:[^:]*:[^:]*:loadbalancer/([^/]+)", "aws_elb", 1),
    (r"arn:aws[\w-]*:logs:[^:]*:[^:]*:log-group:([^:]+)(?::\*)?", "aws_cloudwatch_log_group", 1),
    (r"arn:aws[\w-]*:secretsmanager:[^:]*:[^:]*:secret:.+", "aws_secretsmanager_secret", 0),
    (r"arn:aws[\w-]*:ecr:[^:]*:[^:]*:repository/(.+)", "aws_ecr_repository", 1),
    (r"arn:aws[\w-]*:eks:[^:]*:[^:]*:cluster/(.+)", "aws_eks_cluster", 1),
    (r"(?i)/subscriptions/.+/microsoft\.compute/disks/[^/]+", "azurerm_managed_disk", 0),
    (r"(?i)/subscriptions/.+/microsoft\.network/publicipaddresses/[^/]+", "azurerm_public_ip", 0),
    (r"(?i)/subscriptions/.+/microsoft\.network/loadbalancers/[^/]+", "azurerm_lb", 0),
    (r"(?i)/subscriptions/.+/microsoft\.network/natgateways/[^/]+", "azurerm_nat_gateway", 0),
    (r"(?i)/subscriptions/.+/microsoft\.storage/storageaccounts/[^/]+", "azurerm_storage_account", 0),
    (r"(?i)/subscriptions/.+/microsoft\.web/serverfarms/[^/]+", "azurerm_service_plan", 0),
    (r"(?i)/subscriptions/.+/microsoft\.sql/servers/[^/]+/databases/[^/]+", "azurerm_mssql_database", 0),
    (r"(?://[^/]+/.*?)?(projects/[^/]+/zones/[^/]+/disks/[^/]+)", "google_compute_disk", 1),
    (r"(?://[^/]+/.*?)?(projects/[^/]+/zones/[^/]+/instances/[^/]+)", "google_compute_instance", 1),
    (r"(?://[^/]+/.*?)?(projects/[^/]+/regions/[^/]+/addresses/[^/]+)", "google_compute_address", 1),
    (r"(?://[^/]+/.*?)?(projects/[^/]+/global/snapshots/[^/]+)", "google_compute_snapshot", 1),
)
_COMPILED = tuple((re.compile(pattern), type_, group) for pattern, type_, group in _PATTERNS)


def import_block(id_: str) -> str:
    """Return an `import` block for what a bill calls so; "" where its type does not follow from that."""
    for pattern, type_, group in _COMPILED:
        if found := pattern.fullmatch(id_):
            own = found[group]
            last = _LAST.search(own)
            name = re.sub(r"\W", "_", last[0] if last else own, flags=re.ASCII)
            return f"import {{\n  to = {type_}.imported_{name}\n  id = {literal(own)}\n}}\n"
    return ""
