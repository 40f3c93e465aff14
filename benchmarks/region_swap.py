"""Moves recorded plans to other regions, and writes how many of their resources still have every price.

    python benchmarks/region_swap.py FOLDER

FOLDER has the recorded cases (`benchmarks/recorded.py` says how). Every region and zone in the values of a plan becomes one of the target.
`benchmarks/accuracy/regions.csv` is written anew, and `docs/generate.py` makes docs/accuracy.md of it. A line without a price has to name the
`guardrail pricing sync` that may bring it: where one does not, the script says so and fails.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.accuracy import share
from benchmarks.recorded import Case, Estimator, cases
from guardrail.model.cost import SYNC, Cost, LineStatus, ResourceCost
from guardrail.model.reason import Reason

DATA = Path(__file__).parent / "accuracy"
TARGETS = {
    "aws": ("eu-central-1", "ap-southeast-2", "sa-east-1"),
    "azure": ("uksouth", "westus3", "japaneast"),
    "gcp": ("europe-west1", "asia-south1"),
}
_PLACES = {
    "aws": re.compile(
        r"\b(?:us|eu|ap|sa|ca|me|af|il|mx)-(?:gov-)?(?:north|south|east|west|central)+(?:north|south|east|west)?-\d(?=[a-f]?\b)"
    ),
    "gcp": re.compile(
        r"\b(?:us|europe|asia|australia|southamerica|northamerica|me|africa)-(?:north|south|east|west|central)+\d(?=\b)"
    ),
}


@dataclass(frozen=True)
class Swapped:
    """How many resources of one vendor's plans have every price where they are recorded, and how many of these elsewhere."""

    vendor: str
    region: str
    resources: int
    priced: int


def main() -> None:
    """Swap, estimate, write and print. Exits with 1 if a line without a price names no command."""
    estimator = Estimator()
    recorded = list(cases(Path(sys.argv[1])))
    silent: set[str] = set()
    rows = []
    for vendor in dict.fromkeys(case.vendor for case in recorded):
        own = {
            (case.name, cost.change.address)
            for case in recorded
            if case.vendor == vendor
            for cost in estimator.costs(case.plan, case.usage)
            if cost.after and is_priced(cost.after)
        }
        for region in TARGETS[vendor]:
            moved = [
                (case.name, cost)
                for case in recorded
                if case.vendor == vendor
                for cost in elsewhere(estimator, case, region)
            ]
            priced = {(name, cost.change.address) for name, cost in moved if cost.after and is_priced(cost.after)}
            rows.append(Swapped(vendor, region, len(own), len(own & priced)))
            silent |= {line for _, cost in moved for line in without_command(cost)}
            print(f"{vendor} {region}: {share(len(own & priced), len(own))}")
    with (DATA / "regions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Swapped))
        writer.writerows(astuple(row) for row in rows)
    for line in sorted(silent):
        print(f"no price, and no command that may bring it: {line}")
    raise SystemExit(bool(silent))


def elsewhere(estimator: Estimator, case: Case, region: str) -> tuple[ResourceCost, ...]:
    """Price a case whose plan is moved to another region."""
    moved = swapped(json.loads(case.plan.read_bytes()), mover(estimator.regions(case.vendor), case.vendor, region))
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder, "plan.json")
        plan.write_text(json.dumps(moved), encoding="utf-8")
        return estimator.costs(plan, case.usage, {case.vendor: region})


def mover(known: frozenset[str], vendor: str, region: str) -> Callable[[str], str]:
    """Return what makes a text name a place in the region instead of the one that it names; `known`: Azure's regions."""
    if vendor == "azure":  # "East US" and "eastus" are names of one region
        return lambda text: region if text.replace(" ", "").lower() in known else text
    return lambda text: _PLACES[vendor].sub(region, text)


def swapped(value: Any, move: Callable[[str], str]) -> Any:
    """Return a value of a plan with every text in it moved."""
    if isinstance(value, dict):
        return {key: swapped(part, move) for key, part in value.items()}
    if isinstance(value, list):
        return [swapped(part, move) for part in value]
    return move(value) if isinstance(value, str) else value


def is_priced(cost: Cost) -> bool:
    """Say whether it costs something and no line lacks a price; amounts may still depend on usage."""
    lacking = {LineStatus.NO_PRICE, LineStatus.AMBIGUOUS}
    return bool(cost.lines) and not any(line.status in lacking for line in cost.lines)


def without_command(cost: ResourceCost) -> Iterator[str]:
    """Give the lines that have no price and do not say which sync may bring it."""
    for line in cost.after.lines if cost.after else ():
        if line.reason is Reason.NO_PRICE and SYNC not in line.remedy:
            yield f"{cost.change.type}: {line.name}: {line.note}; {line.remedy}"


if __name__ == "__main__":
    main()
