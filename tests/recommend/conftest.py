"""States and metrics made for tests, and `guardrail recommend` over them as JSON."""

import csv
import json
from datetime import date, timedelta

import pytest

from guardrail.recommend.output.shape import RecommendationsDocument

PROVIDERS = {"aws": "hashicorp/aws", "azurerm": "hashicorp/azurerm", "google": "hashicorp/google"}


def state_of(resources):
    """The JSON of a state: by address the attributes of each resource, of which `provider` names none."""
    entries = [
        {
            "address": address,
            "mode": "managed",
            "type": address.partition(".")[0],
            "name": address.partition(".")[2],
            "provider_name": f"registry.terraform.io/{PROVIDERS[address.partition('_')[0]]}",
            "values": values,
        }
        for address, values in resources.items()
    ]
    return json.dumps({"format_version": "1.0", "values": {"root_module": {"resources": entries}}})


def days_of(id_, metric, *, p99, mean=None, most=None, days=14, unit="percent", n=288):
    """A row for each of so many days on which a metric was alike."""
    mean = p99 / 3 if mean is None else mean
    most = p99 if most is None else most
    for number in range(days):
        day = date(2026, 10, 1) + timedelta(days=number)
        yield [id_, metric, day, n, mean, mean, (mean + p99) / 2, p99, most, unit]


COLUMNS = ["id", "metric", "day", "n", "mean", "p50", "p95", "p99", "max", "unit"]


@pytest.fixture
def recommended(run, tmp_path):
    """Run `recommend` over a state, and over metrics if there are any: what it says, by address."""

    def call(resources, metrics=(), *args, exit_code=0, config=""):
        (tmp_path / "state.json").write_text(state_of(resources))
        given = []
        if metrics:
            with (tmp_path / "metrics.csv").open("w", newline="") as file:
                csv.writer(file).writerows([COLUMNS, *metrics])
            given = ["--metrics", "metrics.csv"]
        if config:
            (tmp_path / "guardrail.yaml").write_text(f"version: 1\n{config}\n")
        ran = run("recommend", "state.json", "--format", "json", "--now", "2026-11-20", *given, *args)
        assert ran.exit_code == exit_code, ran.stderr
        RecommendationsDocument.model_validate_json(ran.stdout)
        found = json.loads(ran.stdout)
        found["by_address"] = {
            one["address"]: one for one in found["recommendations"] if one["status"] in {"open", "withheld"}
        }
        found["reasons"] = {one["reason"] for one in found["not_judged"]}
        return found

    return call
