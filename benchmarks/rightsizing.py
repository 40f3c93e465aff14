"""Rightsizing against known answers: `python benchmarks/rightsizing.py FOLDER` prints what agrees.

FOLDER holds `aws-rightsizing/*.csv`, an export of AWS's own rightsizing recommendations, and `utilization/*_cpu_*.csv`, the
series of CPU utilization of the Numenta Anomaly Benchmark (`realAWSCloudwatch`). Neither is part of this repository.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from guardrail.catalog import open_catalog  # noqa: E402
from guardrail.config import Flags, settings  # noqa: E402
from guardrail.costs import Library  # noqa: E402
from guardrail.load import engine_of, prices, readable_plans  # noqa: E402
from guardrail.model.remedy import Assignment  # noqa: E402
from guardrail.recommend.facts import facts_of_files  # noqa: E402
from guardrail.recommend.proposal import Proposal  # noqa: E402
from guardrail.recommend.recommend import evaluated, recommend, scene_of  # noqa: E402
from guardrail.recommend.recommendation import Recommendations  # noqa: E402
from guardrail.recommend.rightsizing.candidates import Market  # noqa: E402
from guardrail.recommend.rightsizing.projected import projected  # noqa: E402
from guardrail.recommend.scene import NO_FACTS, Hours, Scene  # noqa: E402

DISCOUNT = "10.5"  # percent: what that account paid less than list prices, as its own figures show
TOLERANCE = Decimal("0.005")
REGIONS = {
    "EU (Ireland)": "eu-west-1",
    "US East (N. Virginia)": "us-east-1",
    "South America (Sao Paulo)": "sa-east-1",
    "Asia Pacific (Sydney)": "ap-southeast-2",
    "US West (Oregon)": "us-west-2",
    "EU (Frankfurt)": "eu-central-1",
    "Asia Pacific (Tokyo)": "ap-northeast-1",
    "US East (Ohio)": "us-east-2",
}
VERDICTS = {
    **dict.fromkeys(("24ae8d", "53ea38", "c6585a", "cc0c53", "e47b3b"), "smaller"),
    **dict.fromkeys(("fe7f93", "77c1ca"), "keep"),
}
"""Whether half the vCPUs would do, by series."""
LARGE, VOLUMES_OF = 5_000, 5


def main() -> None:
    """Print what agrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=LARGE, help="resources in the large state")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="guardrail-") as name:
        work = Path(name)
        for lines in (aws(given.folder, work), series(given.folder, work), large(given.size, work)):
            for line in lines:
                print(line)


def state(path: Path, resources: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write a state: by address the attributes of each resource."""
    entries = [
        {"address": address, "mode": "managed", "type": address.partition(".")[0], "name": address.partition(".")[2]}
        | {"provider_name": "registry.terraform.io/hashicorp/aws", "values": values}
        for address, values in resources.items()
    ]
    path.write_text(json.dumps({"format_version": "1.0", "values": {"root_module": {"resources": entries}}}))
    return path


def aws(folder: Path, work: Path) -> Iterator[str]:
    """Compare savings and projected CPU with those that AWS has recommended."""
    rows = [row for file in sorted((folder / "aws-rightsizing").glob("*.csv")) for row in csv.DictReader(file.open())]
    scene = priced(rows, work)
    market = Market("aws", open_catalog(None, None).machine_types("aws"))
    agree, all_, without, cpu_agrees, cpu = 0, 0, [], 0, 0
    for row in rows:
        for number in ("1", "2"):
            told, type_ = (row[f"Recommended instance type {number}{what}"] for what in (" Estimated savings", ""))
            if not told:
                continue
            ours = saving(scene, row, type_)
            if ours is None:
                without.append(f"{row['Instance type']} {row['OS']} {row['Region']}")
                continue
            all_ += 1
            agree += abs(ours - Decimal(told)) < TOLERANCE * Decimal(told)
            if abs(ours - Decimal(told)) >= TOLERANCE * Decimal(told):
                yield f"  differs: {row['Instance ID']} -> {type_}: {told} of AWS, {ours:.4f} here"
        told = row["Recommended instance type 1 Projected CPU utilization"]
        old, new = (market.machine(row[name]) for name in ("Instance type", "Recommended instance type 1"))
        if told and old and new:
            cpu += 1
            there = projected(float(row["CPU utilization"]), old.vcpu, new.vcpu)
            cpu_agrees += abs(there - float(told)) < 0.001 * there
    yield f"savings of AWS: {agree} of {all_} within {TOLERANCE:.1%}; without a price: {len(without)} {sorted(set(without))}"
    yield f"projected CPU: {cpu_agrees} of {cpu} within 0.1%"


def priced(rows: list[dict[str, str]], work: Path) -> Scene:
    """Price the machines of an export at that account's prices, with their hours under commitments."""
    resources, usage, hours = {}, {}, {}
    for row in rows:
        address = f"aws_instance.{row['Instance ID']}"
        zone = f"{REGIONS[row['Region']]}a"
        resources[address] = {
            "id": row["Instance ID"],
            "instance_type": row["Instance type"],
            "availability_zone": zone,
        }
        usage[address] = {"operating_system": "windows" if "Windows" in row["OS"] else "linux"}
        all_, on_demand = (Decimal(row[name]) for name in ("Total running hours", "On-Demand hours"))
        hours[row["Instance ID"]] = Hours(all_, on_demand, "aws", "")
    (work / "usage.yml").write_text(json.dumps({"version": "0.1", "resource_usage": usage}))
    (work / "own.yaml").write_text(f"version: 1\ndiscounts: [{{vendor: aws, percent: {DISCOUNT}}}]\n")
    given = state(work / "aws.json", resources)
    flags = Flags(inputs=(str(given),), usage=work / "usage.yml")
    chosen = replace(settings(flags, work), reads_states=True, overlay=work / "own.yaml")
    chosen = replace(chosen, recommend=replace(chosen.recommend, min_saving=0))
    engine = engine_of(chosen, Library(), prices(chosen))
    ((source, plan),) = readable_plans(chosen)
    return scene_of(source, plan, engine, chosen, replace(NO_FACTS, hours=hours))


def saving(scene: Scene, row: Mapping[str, str], type_: str) -> Decimal | None:
    """Return what a row's recommendation saves: another type, or, without one, the end of the machine."""
    address = f"aws_instance.{row['Instance ID']}"
    change = scene.costs[address].change
    hours = scene.hours(change)
    share = hours.share if hours else Decimal(1)
    if not type_:  # AWS counts the machine alone, without its disk
        cost = scene.costs[address].after
        machine = (
            next((line.monthly_cost for line in cost.lines if line.name.startswith("Instance")), None) if cost else None
        )
        return None if machine is None else machine * share
    steps = (Assignment(("instance_type",), type_),)
    found = evaluated(scene, Proposal("rightsizing", "aws", address, type_, steps, on_demand=share))
    return found.saving if found else None


def series(folder: Path, work: Path) -> Iterator[str]:
    """Judge the series of the Numenta Anomaly Benchmark: each as the CPU of a machine with 4 vCPUs."""
    resources: dict[str, dict[str, Any]] = {}
    rows = [["id", "metric", "at", "value", "period"]]
    for file in sorted((folder / "utilization").glob("*_cpu_*.csv")):
        name = file.stem.rpartition("_")[2]
        zone = {"id": name, "availability_zone": "us-east-1a"}
        if file.stem.startswith("rds"):
            database = {"instance_class": "db.m5.xlarge", "engine": "mysql", "allocated_storage": 20}
            resources[f"aws_db_instance.{name}"] = zone | database
        else:
            resources[f"aws_instance.{name}"] = zone | {"instance_type": "m6a.xlarge"}
        rows += [[name, "cpu", one["timestamp"], one["value"], "300"] for one in csv.DictReader(file.open())]
    with (work / "cpu.csv").open("w", newline="") as written:
        csv.writer(written).writerows(rows)
    found = _recommended(state(work / "series.json", resources), work / "cpu.csv")
    smaller = {one.subject.partition(".")[2] for one in found.open if one.proposal.id == "machine-size"}
    agree = sum((name in smaller) == (verdict == "smaller") for name, verdict in VERDICTS.items())
    yield f"series of CPU: {agree} of {len(VERDICTS)} verdicts; smaller: {', '.join(sorted(smaller))}"


def large(size: int, work: Path) -> Iterator[str]:
    """Measure a state of so many resources, most of them machines with metrics of 30 days."""
    kinds = ("m5.large", "m5.2xlarge", "c5.xlarge", "r5.2xlarge", "t3.medium", "m4.large", "m6i.4xlarge", "c6i.2xlarge")
    resources: dict[str, dict[str, Any]] = {}
    rows: list[list[Any]] = [["id", "metric", "day", "n", "mean", "p50", "p95", "p99", "max", "unit"]]
    for number in range(size):
        zone = f"{('us-east-1', 'eu-west-1', 'us-west-2')[number % 3]}a"
        if number % VOLUMES_OF == 0:
            volume = {"id": f"vol-{number}", "type": "gp2", "size": 50 + number % 997, "availability_zone": zone}
            resources[f"aws_ebs_volume.v{number}"] = volume
            continue
        disk = [{"volume_type": "gp3", "volume_size": 20 + number % 211}]
        machine = {"id": f"i-{number}", "instance_type": kinds[number % len(kinds)], "availability_zone": zone}
        resources[f"aws_instance.m{number}"] = machine | {"root_block_device": disk}
        for day in range(1, 31):
            for metric in ("cpu", "memory"):
                mean = 3 + (number * 7 + day) % 40
                rows.append(
                    [
                        f"i-{number}",
                        metric,
                        f"2026-10-{day:02}",
                        288,
                        mean,
                        mean,
                        mean * 1.2,
                        mean * 1.5,
                        mean * 1.6,
                        "percent",
                    ]
                )
    with (work / "large.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    given = state(work / "large.json", resources)
    begin = time.process_time()
    found = _recommended(given, work / "large.csv")
    took = time.process_time() - begin
    yield f"{size:,} resources, {len(rows) - 1:,} days of metrics: {len(found.open):,} recommendations in {took:.1f} s of processor time"


def _recommended(given: Path, metrics: Path) -> Recommendations:
    chosen = settings(Flags(inputs=(str(given),)), given.parent)
    return recommend(chosen, facts_of_files([metrics]))


if __name__ == "__main__":
    main()
