"""Plans of any size, the same for the same size: services in modules, each with a web tier, stores, queues and functions."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

Values = dict[str, Any]

ACCOUNT = "123456789012"
PROVIDER = "registry.terraform.io/hashicorp/aws"
REGIONS = ("us-east-1", "us-west-2", "eu-central-1")
SIZES = ("large", "xlarge", "2xlarge")
TEAMS = ("checkout", "search", "catalog", "accounts", "shipping")
# Shares of a mature configuration under change: most of it stays as it is.
ACTIONS = {"no-op": 70, "update": 14, "create": 12, "replace": 2, "delete": 2}
COMPUTED = ("id", "arn")


def instance(rng: random.Random, region: str) -> Values:
    """A machine with a root volume and one more."""
    volume = {"delete_on_termination": True, "encrypted": True, "iops": 3000, "kms_key_id": "", "throughput": 125}
    return {
        "ami": "ami-0a1b2c3d4e5f60001",
        "associate_public_ip_address": False,
        "availability_zone": f"{region}a",
        "credit_specification": [],
        "ebs_block_device": [
            {**volume, "device_name": "/dev/sdf", "volume_size": rng.randrange(50, 500), "volume_type": "gp3"}
        ],
        "ebs_optimized": True,
        "instance_type": f"{rng.choice(('m5', 'c5', 'r5', 'm6i'))}.{rng.choice(SIZES)}",
        "metadata_options": [{"http_endpoint": "enabled", "http_put_response_hop_limit": 1, "http_tokens": "required"}],
        "monitoring": False,
        "root_block_device": [{**volume, "device_name": "/dev/xvda", "volume_size": 30, "volume_type": "gp3"}],
        "subnet_id": "subnet-0a10000000000000a",
        "tenancy": "default",
        "user_data": rng.randbytes(200).hex(),
        "vpc_security_group_ids": ["sg-0aa11bb22cc33dd44"],
    }


def database(rng: random.Random, region: str) -> Values:
    """A managed database."""
    return {
        "allocated_storage": rng.randrange(50, 1000),
        "availability_zone": f"{region}a",
        "backup_retention_period": 7,
        "engine": rng.choice(("postgres", "mysql")),
        "instance_class": f"db.{rng.choice(('m5', 'r5', 'm6g'))}.{rng.choice(SIZES)}",
        "multi_az": rng.choice((True, False)),
        "storage_encrypted": True,
        "storage_type": "gp3",
        "username": "app",
    }


def cache(rng: random.Random, _: str) -> Values:
    """A cache cluster of two or three nodes."""
    return {
        "engine": "redis",
        "engine_version": "7.1",
        "node_type": f"cache.{rng.choice(('m5', 'r5', 'm6g'))}.large",
        "num_cache_nodes": rng.randrange(1, 4),
    }


def bucket(rng: random.Random, region: str) -> Values:
    """A bucket."""
    name = f"example-{rng.randrange(10**9):09}"
    return {"bucket": name, "bucket_domain_name": f"{name}.s3.amazonaws.com", "force_destroy": False, "region": region}


def queue(rng: random.Random, _: str) -> Values:
    """A queue with a policy, as long as policies are."""
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*", "Sid": rng.randbytes(30).hex()}
    return {
        "fifo_queue": rng.choice((True, False, False)),
        "message_retention_seconds": 345600,
        "policy": _policy(statement),
    }


def function(rng: random.Random, _: str) -> Values:
    """A function."""
    return {
        "architectures": ["arm64"],
        "environment": [{"variables": {f"SETTING_{i}": rng.randbytes(12).hex() for i in range(8)}}],
        "handler": "app.handle",
        "memory_size": rng.choice((128, 512, 1024)),
        "runtime": "python3.13",
        "timeout": 30,
    }


def log_group(rng: random.Random, _: str) -> Values:
    """A log group."""
    return {"log_group_class": "STANDARD", "retention_in_days": rng.choice((0, 14, 90))}


def role(rng: random.Random, _: str) -> Values:
    """A role: free, and long."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Sid": rng.randbytes(60).hex()}
    return {"assume_role_policy": _policy(statement), "max_session_duration": 3600, "path": "/"}


def security_group(rng: random.Random, _: str) -> Values:
    """A security group: free, with many nested blocks."""
    rule = {"cidr_blocks": ["10.0.0.0/8"], "description": "", "protocol": "tcp", "security_groups": [], "self": False}
    ports = [rng.randrange(1024, 65536) for _ in range(6)]
    return {
        "ingress": [{**rule, "from_port": port, "to_port": port} for port in ports],
        "vpc_id": "vpc-0d4f1a2b3c4d5e6f7",
    }


def balancer(_: random.Random, __: str) -> Values:
    """A load balancer."""
    return {"internal": False, "load_balancer_type": "application", "subnets": ["subnet-0a10000000000000a"]}


def alarm(rng: random.Random, _: str) -> Values:
    """An alarm."""
    return {"evaluation_periods": 3, "metric_name": "CPUUtilization", "period": 60, "threshold": rng.randrange(50, 95)}


SERVICE: tuple[tuple[str, int, Callable[[random.Random, str], Values]], ...] = (
    ("aws_instance", 4, instance),
    ("aws_security_group", 3, security_group),
    ("aws_iam_role", 3, role),
    ("aws_s3_bucket", 2, bucket),
    ("aws_sqs_queue", 2, queue),
    ("aws_lambda_function", 2, function),
    ("aws_cloudwatch_log_group", 2, log_group),
    ("aws_cloudwatch_metric_alarm", 2, alarm),
    ("aws_lb", 1, balancer),
    ("aws_db_instance", 1, database),
    ("aws_elasticache_cluster", 1, cache),
)
"""What one service consists of: type, how many, how they look."""


def write_plan(path: Path, resources: int, *, seed: int | None = None) -> None:
    """Write a plan of so many resources; one of the same size is the same, without another seed."""
    rng = random.Random(resources if seed is None else seed)  # noqa: S311 - the same plan every time is what is wanted
    changes = list(islice(_changes(rng), resources))
    planned = [
        {key: change[key] for key in ("address", "mode", "type", "name", "index", "provider_name")}
        | {"schema_version": 0, "values": change["change"]["after"], "sensitive_values": {}}
        for change in changes
        if change["change"]["after"] is not None
    ]
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.9.8",
        "planned_values": {"root_module": {"child_modules": [{"address": "module.service", "resources": planned}]}},
        "resource_changes": changes,
        "configuration": {"provider_config": _providers(), "root_module": {"module_calls": {"service": _module()}}},
        "timestamp": "2026-09-14T08:12:45Z",
        "errored": False,
    }
    path.write_text(json.dumps(plan), encoding="utf-8")


def _changes(rng: random.Random) -> Iterator[Values]:
    number = 0
    while True:
        region, team = rng.choice(REGIONS), rng.choice(TEAMS)
        module = f'module.service["{team}-{number}"]'
        for kind, count, values in SERVICE:
            for index in range(count):
                yield _change(rng, module, kind, index, region, team, values(rng, region))
        number += 1


def _change(rng: random.Random, module: str, kind: str, index: int, region: str, team: str, values: Values) -> Values:
    action = rng.choices(list(ACTIONS), list(ACTIONS.values()))[0]
    tags = {"team": team, "env": "prod", "Name": f"{team}-{index}"} | rng.choice(({}, {"cost-center": "4711"}))
    number = f"{rng.randrange(16**16):016x}"
    known = values | {"tags": tags, "tags_all": tags, "name": f"{team}-{number}"}
    before = known | {"id": number, "arn": f"arn:aws:service:{region}:{ACCOUNT}:{number}"}
    after: Values | None = known if action in {"create", "replace"} else dict(before)
    if action == "update":
        after = before | {"tags": tags | {"Name": "renamed"}, "tags_all": tags | {"Name": "renamed"}}
    if action == "delete":
        after = None
    name, address = "this", f"{module}.{kind}.this[{index}]"
    return {
        "address": address,
        "module_address": module,
        "mode": "managed",
        "type": kind,
        "name": name,
        "index": index,
        "provider_name": PROVIDER,
        "change": {
            "actions": ["delete", "create"] if action == "replace" else [action],
            "before": None if action == "create" else before,
            "after": after,
            "after_unknown": dict.fromkeys(COMPUTED, True) if action in {"create", "replace"} else {},
            "before_sensitive": False if action == "create" else {},
            "after_sensitive": {} if after else False,
        },
    }


def _providers() -> Values:
    expressions = {"region": {"constant_value": REGIONS[0]}}
    return {"aws": {"name": "aws", "full_name": PROVIDER, "expressions": expressions}}


def _module() -> Values:
    resources = [
        {
            "address": f"{kind}.this",
            "mode": "managed",
            "type": kind,
            "name": "this",
            "provider_config_key": "aws",
            "expressions": {"name": {"references": ["var.name"]}},
            "count_expression": {"constant_value": count},
            "schema_version": 0,
        }
        for kind, count, _ in SERVICE
    ]
    return {"source": "./service", "module": {"resources": resources, "variables": {"name": {}}}}


def _policy(statement: Values) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


if __name__ == "__main__":
    write_plan(Path(sys.argv[2]), int(sys.argv[1]))
