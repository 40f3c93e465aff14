"""Inputs that grow in one direction each, and what checking them takes: `python benchmarks/growth.py` writes GROWTH.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.own_rules import write_rules  # noqa: E402
from benchmarks.plans import write_plan  # noqa: E402
from benchmarks.run import BUSY, Run, run  # noqa: E402
from guardrail import __version__  # noqa: E402

PACKS = "rules: {packs: [tagging, instance-sizes, budget, waste]}\n"
AMI = "ami-12345678"

SHOWS = """
Nothing grows faster than its input. Of many projects one plan at a time is in memory: what grows with them are the rows of the
report, the text that they are written as, and prices that another project has not asked for yet.
"""
"""What the table shows, to be read again whenever it is written."""

Inputs = list[str | Path]
"""What to give to `guardrail check`, beside `--config guardrail.yaml`."""


@dataclass(frozen=True, slots=True)
class Growth:
    """One direction to grow in: writes inputs of a size to a folder.

    small  a size for a quick look
    large  sizes that are measured
    """

    write: Callable[[Path, int], Inputs]
    small: int
    large: tuple[int, ...]


def resources(folder: Path, size: int) -> Inputs:
    """A plan of so many resources."""
    write_plan(folder / "plan.json", size)
    return configured(folder, "budgets: [{name: all, monthly: 10000000}]\n")


def instances(folder: Path, size: int) -> Inputs:
    """Configuration in which one block has so many instances."""
    block = f'resource "aws_instance" "web" {{\n  count = {size}\n  ami = "{AMI}"\n  instance_type = "m5.large"\n'
    tags = '  tags = { Name = "web-${count.index}", team = "core" }\n}\n'
    return configuration(folder, block + tags)


def keyed(folder: Path, size: int) -> Inputs:
    """Configuration in which one block iterates over the instances of another one."""
    return configuration(
        folder,
        f"""\
resource "aws_ebs_volume" "data" {{
  for_each          = toset(slice([for pair in setproduct(range(100), range({size // 100 + 1})) : join("-", pair)], 0, {size}))
  availability_zone = "us-east-1a"
  size              = 10
  tags              = {{ team = "core" }}
}}
resource "aws_ebs_snapshot" "data" {{
  for_each  = aws_ebs_volume.data
  volume_id = each.value.id
  tags      = {{ team = each.key }}
}}
""",
    )


def keyed_plan(folder: Path, size: int) -> Inputs:
    """A plan in which one block iterates over the instances of another one."""
    keys = [f"disk-{number}" for number in range(size)]
    volume = {"size": 10, "type": "gp3", "availability_zone": "us-east-1a", "tags": {"team": "core"}}
    changes = [created("aws_ebs_volume", "data", key, volume) for key in keys]
    changes += [created("aws_ebs_snapshot", "data", key, {"tags": {"team": key}}, ["volume_id"]) for key in keys]
    blocks = [
        written("aws_ebs_volume", "data", {}, for_each_expression={"references": ["var.disks"]}),
        written(
            "aws_ebs_snapshot",
            "data",
            {"volume_id": {"references": ["each.value.id", "each.value"]}},
            for_each_expression={"references": ["aws_ebs_volume.data"]},
        ),
    ]
    return planned(folder, changes, {"resources": blocks})


def mentioned_by_all(folder: Path, size: int) -> Inputs:
    """A plan in which each instance of one block mentions every instance of another."""
    changes = [created("aws_subnet", "all", number, {"vpc_id": "vpc-1"}) for number in range(size)]
    changes += [
        created("aws_autoscaling_group", "each", number, {"min_size": 1, "max_size": 2, "tags": {"team": "core"}})
        for number in range(size)
    ]
    blocks = [
        written("aws_subnet", "all", {}, count_expression={"constant_value": size}),
        written(
            "aws_autoscaling_group",
            "each",
            {"vpc_zone_identifier": {"references": ["aws_subnet.all"]}},
            count_expression={"constant_value": size},
        ),
    ]
    return planned(folder, changes, {"resources": blocks})


def modules(folder: Path, size: int) -> Inputs:
    """Configuration that calls one module so many times."""
    (folder / "part").mkdir()
    (folder / "part" / "main.tf").write_text(f"""\
variable "name" {{}}
resource "aws_instance" "this" {{
  ami           = "{AMI}"
  instance_type = "t3.micro"
  tags          = {{ Name = var.name }}
}}
output "id" {{
  value = aws_instance.this.id
}}
""")
    calls = (f'module "m{number}" {{\n  source = "./part"\n  name = "{number}"\n}}\n' for number in range(size))
    return configuration(folder, "".join(calls))


def blocks(folder: Path, size: int) -> Inputs:
    """Configuration of one resource with so many nested blocks."""
    head = f'resource "aws_instance" "web" {{\n  ami = "{AMI}"\n  instance_type = "m5.large"\n'
    disk = '  ebs_block_device {{\n    device_name = "/dev/sd{}"\n    volume_size = {}\n  }}\n'
    return configuration(folder, head + "".join(disk.format(number, number + 1) for number in range(size)) + "}\n")


def rules(folder: Path, size: int) -> Inputs:
    """So many rules over a hundred resources."""
    (folder / "rules").mkdir()
    write_rules(folder / "rules", size)
    write_plan(folder / "plan.json", 100)
    return configured(folder, "rules: {packs: [], paths: [rules]}\n", packs="")


def budgets(folder: Path, size: int) -> Inputs:
    """So many budgets, each for a tag, over as many resources."""
    lines = [
        f"  - {{name: team-{number}, monthly: 100, match: {{tags: {{team: team-{number}}}}}}}\n"
        for number in range(size)
    ]
    planned(folder, [created("aws_instance", "web", number, machine(f"team-{number}")) for number in range(size)])
    return configured(folder, "budgets:\n" + "".join(lines))


def waivers(folder: Path, size: int) -> Inputs:
    """So many waivers, each for a glob of addresses, over as many findings."""
    lines = [
        f"  - {{rule: 'required-*', address: 'aws_instance.web-{number}*', reason: agreed, expires: 2026-12-01}}\n"
        for number in range(size)
    ]
    (folder / "waivers.yaml").write_text("waivers:\n" + "".join(lines))
    planned(folder, [created("aws_instance", f"web-{number}", None, machine("core")) for number in range(size)])
    return configured(folder, "waivers: waivers.yaml\n")


def projects(folder: Path, size: int) -> Inputs:
    """So many plans of a hundred resources."""
    names = [f"plan-{number}.json" for number in range(size)]
    for number, name in enumerate(names):
        write_plan(folder / name, 100, seed=number)
    lines = [f"  - {{name: project-{number}, plan: {name}}}\n" for number, name in enumerate(names)]
    configured(folder, "budgets: [{name: all, monthly: 10000000}]\nprojects:\n" + "".join(lines))
    return []


CASES: Mapping[str, Growth] = {
    "resources": Growth(resources, 100, (3_000, 9_000)),
    "instances of a block": Growth(instances, 60, (3_000, 9_000)),
    "instances over another resource's": Growth(keyed, 40, (1_000, 3_000)),
    "the same in a plan": Growth(keyed_plan, 50, (1_000, 3_000)),
    "instances that mention all of another": Growth(mentioned_by_all, 40, (1_000, 3_000)),
    "modules": Growth(modules, 15, (300, 900)),
    "nested blocks": Growth(blocks, 40, (1_000, 3_000)),
    "rules": Growth(rules, 20, (200, 600)),
    "budgets and resources": Growth(budgets, 60, (1_000, 3_000)),
    "waivers and findings": Growth(waivers, 60, (1_700, 5_000)),
    "projects": Growth(projects, 2, (100, 300)),
}


def machine(team: str) -> dict[str, Any]:
    """An instance of a team."""
    return {"ami": AMI, "instance_type": "t3.micro", "tags": {"team": team}}


def created(
    kind: str, name: str, key: str | int | None, values: dict[str, Any], computed: Sequence[str] = ()
) -> dict[str, Any]:
    """A resource that a plan creates."""
    after = values | ({"tags_all": values["tags"]} if "tags" in values else {})
    return {
        "address": f"{kind}.{name}" + ("" if key is None else f"[{json.dumps(key)}]"),
        "mode": "managed",
        "type": kind,
        "name": name,
        **({} if key is None else {"index": key}),
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": ["create"],
            "before": None,
            "after": after,
            "after_unknown": dict.fromkeys(("id", *computed), True),
            "before_sensitive": False,
            "after_sensitive": {},
        },
    }


def written(kind: str, name: str, expressions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A block of the configuration in a plan."""
    head = {"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name, "provider_config_key": "aws"}
    return {**head, "expressions": expressions, "schema_version": 0, **more}


def planned(folder: Path, changes: list[dict[str, Any]], root: Mapping[str, Any] | None = None) -> Inputs:
    """Write a plan, and a configuration of guardrail with the shipped rules."""
    provider = {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}}}
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.9.8",
        "resource_changes": changes,
        "configuration": {"provider_config": provider, "root_module": root or {}},
    }
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    return configured(folder)


def configuration(folder: Path, text: str) -> Inputs:
    """Write a root module, and a configuration of guardrail with the shipped rules."""
    (folder / "main.tf").write_text('provider "aws" {\n  region = "us-east-1"\n}\n' + text, encoding="utf-8")
    configured(folder)
    return ["."]


def configured(folder: Path, text: str = "", packs: str = PACKS) -> Inputs:
    """Write guardrail.yaml."""
    (folder / "guardrail.yaml").write_text("version: 1\n" + packs + text, encoding="utf-8")
    return ["plan.json"]


def table(folder: Path, names: Sequence[str]) -> Iterator[str]:
    """Measure every size of the cases of these names, a row each."""
    env = {**os.environ, "GUARDRAIL_CACHE_DIR": str(folder / "cache")}
    yield "| what grows | size | CPU | times | peak memory | times |"
    yield "|---|---:|---:|---:|---:|---:|"
    # Compiles the checkout's catalog, once; a wheel has it compiled.
    run([sys.executable, "-m", "guardrail", "estimate", HERE.parent / "examples" / "shop" / "plan.json"], env)
    for name in names:
        smaller: Run | None = None
        for size in CASES[name].large:
            with tempfile.TemporaryDirectory(dir=folder) as place:
                # In a process of its own: what this one holds would count as the peak of its children.
                with ProcessPoolExecutor(1, get_context("spawn")) as writer:
                    inputs = writer.submit(CASES[name].write, Path(place), size).result()
                command = [sys.executable, "-m", "guardrail", "check", "--format", "json", "--max-memory", "0"]
                took = run([*command, *inputs], env, cwd=place)
            cpu = f"{took.cpu / smaller.cpu:.1f}" if smaller else ""
            memory = f"{took.megabytes / smaller.megabytes:.1f}" if smaller else ""
            yield f"| {name} | {size:,} | {took.cpu:.1f} s | {cpu} | {took.megabytes:,.0f} MB | {memory} |"
            smaller = took


def main() -> None:
    """Measure, and write GROWTH.md if every case was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CASE", help="; ".join(CASES))
    names = parser.parse_args().names or list(CASES)
    before, rows = os.getloadavg()[0], []
    with tempfile.TemporaryDirectory() as folder:
        for row in table(Path(folder), names):
            print(row, flush=True)
            rows.append(row)
    after = os.getloadavg()[0]
    busy = f"Others used the machine meanwhile: its load was {before:.1f} at the start and {after:.1f} at the end."
    others = busy if max(before, after - 1) > BUSY else "Nothing else ran on the machine."
    head = f"""\
# Growth

`python benchmarks/growth.py`, {datetime.now(UTC):%Y-%m-%d}, guardrail {__version__}, Python {platform.python_version()}, \
{platform.system()} {platform.machine()}, {os.cpu_count()} processors.

`guardrail check --format json` as a process of its own, once, on inputs that grow in one direction (what each is stands in
`benchmarks/growth.py`). "times" is what three times the size takes against the row above; the start of the process, some
0.5 s and 90 MB, is in all. {others}

"""
    if names == list(CASES):
        (HERE / "GROWTH.md").write_text(head + "\n".join(rows) + "\n" + SHOWS, encoding="utf-8")


if __name__ == "__main__":
    main()
