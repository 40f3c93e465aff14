"""Recommendations of the example, followed: its estimate is lower by what was said, to the cent, and no other rule fails."""

import json
import shutil
import subprocess
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.recommendations import unproved
from guardrail.config import Flags, settings

SHOP = Path(__file__).parents[2] / "examples" / "shop"
GIT = shutil.which("git") or "git"


def test_each_recommendation_for_the_examples_plan_holds_by_itself():
    counts: Counter[str] = Counter()
    chosen = settings(Flags(config=SHOP / "guardrail.yaml"), SHOP)
    assert list(unproved(chosen, counts)) == []
    assert counts["proved"] >= 3


def test_the_edits_of_the_examples_configuration_hold_together(run, tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns("plan.json", "guardrail.yaml"))
    subprocess.run([GIT, "init", "-q", folder], check=True)
    usage = ("--usage-file", "infracost-usage.yml")

    def total():
        document = json.loads(run("estimate", ".", *usage, "--format", "json", cwd=folder).stdout)
        return Decimal(document["totals"]["monthly_cost"])

    found = json.loads(run("recommend", ".", *usage, "--format", "json", cwd=folder).stdout)
    edits = [one for one in found["recommendations"] if one["counted"] and one["edit"]]
    assert all(one["proved"] for one in edits)
    before, diff = total(), run("recommend", ".", *usage, "--fix-diff", cwd=folder).stdout
    subprocess.run([GIT, "apply"], input=diff.encode(), cwd=folder, check=True)
    assert edits, "the bastion runs on a machine of a former generation"
    assert before - total() == sum(Decimal(one["saving"]) for one in edits)


AWS_EXPORT = [
    # type, type recommended, region, hours, of them on demand, saving that AWS tells for an account at 10.5% below list
    ("c4.8xlarge", "c4.4xlarge", "us-east-1", 336, "336", "519.41325"),
    ("t3.medium", "t3.small", "us-west-2", 336, "228.5830033", "9.245148416"),
]


@pytest.mark.parametrize("row", AWS_EXPORT, ids=["on demand", "107.4 hours under a plan"])
def test_savings_are_those_of_aws(row, tmp_path):
    from benchmarks.rightsizing import priced, saving  # noqa: PLC0415 - needs the path that this file has set

    old, new, region, hours, on_demand, told = row
    names = {"us-east-1": "US East (N. Virginia)", "us-west-2": "US West (Oregon)"}
    export = {"Instance ID": "i-1", "Instance type": old, "OS": "Linux/UNIX", "Region": names[region]}
    export |= {"Total running hours": str(hours), "On-Demand hours": on_demand}
    ours = saving(priced([export], tmp_path), export, new)
    assert ours is not None
    assert abs(ours - Decimal(told)) < Decimal("0.005") * Decimal(told)
