"""Rules as organizations write them for themselves, as many as are missing from a number."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

# Types, expression (`N` is a number that makes each rule another one), message. In order: tags, names, regions, costs,
# machines, databases, storage, and what only few resources have.
KINDS = (
    ("aws_*", 'has(resource.tags.owner) || has(resource.tags.team) || "wave-N" in resource.tags', "nobody owns it"),
    ("*", '!("legacy-N" in resource.tags)', "has the tag legacy-N of {resource.tags}"),
    ("aws_*", '!resource.tags.exists(k, k.startsWith("tmp-N"))', "has temporary tags"),
    (
        "aws_*",
        '!has(resource.tags.env) || resource.tags.env.matches("^(prod|staging|dev)(-N)?$")',
        "no such environment",
    ),
    ("*", 'resource.region == null || !(resource.region in ["ap-east-1", "me-south-N"])', "lies in {resource.region}"),
    ("*", '!resource.module.contains("sandbox-N")', "{resource.address} is of a sandbox"),
    ("aws_*", "resource.cost.known <= N00000.0", "costs {resource.cost.known} a month"),
    ("aws_*", "resource.cost.delta <= N0000.0 || resource.cost.before > 0.0", "adds {resource.cost.delta} a month"),
    (
        "aws_instance",
        '!(resource.instance.type in ["x1e.Nxlarge", "p4d.24xlarge"])',
        "{resource.instance.type} is no choice",
    ),
    ("aws_instance", "resource.instance.types.all(t, !t.startsWith('uN-'))", "high memory: {resource.instance.types}"),
    ("*", "resource.instance.vcpu == null || resource.instance.vcpu <= 10N", "{resource.instance.vcpu} processors"),
    (
        "aws_db_instance",
        "resource.after.allocated_storage <= 10N00",
        "{resource.after.allocated_storage} GB is too much",
    ),
    ("aws_db_instance", "resource.after.storage_encrypted == true || N > 100", "is not encrypted"),
    ("aws_instance", 'get(resource.after.root_block_device, "0.volume_size", 8) <= N00', "has a large root volume"),
    (
        "aws_s3_bucket",
        'resource.after.bucket == null || !resource.after.bucket.contains("scratch-N")',
        "is for scratch",
    ),
    (
        "aws_lambda_function",
        "resource.after.memory_size == null || resource.after.memory_size <= N0240",
        "is too large",
    ),
)


def write_rules(folder: Path, count: int) -> None:
    """Write so many rules, a file each."""
    numbered = ((number, *kind) for number in range(1, count + 1) for kind in KINDS)
    for place, (number, types, expression, message) in enumerate(islice(numbered, count), 1):
        validation = {"expression": expression.replace("N", str(number)), "message": message.replace("N", str(number))}
        rule = {
            "id": f"own-rule-{place}",
            "title": f"Rule {place} of the organization",
            "severity": "low",
            "enforcement": "advisory",
            "match": {"types": [types]},
            "validations": [validation],
        }
        (folder / f"{rule['id']}.yaml").write_text(json.dumps(rule), encoding="utf-8")  # JSON is YAML, too
