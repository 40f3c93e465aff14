"""What `pricing sync --commitments` brings: rates of all savings plans, reservations and committed use."""

from __future__ import annotations

import json

import pytest

from guardrail.catalog import open_catalog
from guardrail.catalog.commitment import every_plan, may_cover
from guardrail.catalog.store import synced_catalog
from guardrail.costs.definitions.used_prices import used_prices
from tests.catalog.syncs import LIBRARY, bare, rows
from tests.catalog.test_azure import MACHINE, RESERVED


@pytest.fixture(scope="module")
def every():
    """What definitions ask for, with all plans."""
    return used_prices(LIBRARY, every_plan())


def write(path, content):
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def sku(number, description, usage, nanos):
    price = {"currencyCode": "USD", "units": "0", "nanos": nanos}
    pricing = {"usageUnit": "h", "tieredRates": [{"startUsageAmount": 0, "unitPrice": price}]}
    return {
        "skuId": number,
        "description": description,
        "category": {"resourceFamily": "Compute", "resourceGroup": "CPU", "usageType": usage},
        "serviceRegions": ["us-central1", "us-east1"],
        "pricingInfo": [{"pricingExpression": pricing}],
    }


@pytest.fixture
def lists(tmp_path):
    """A virtual machine of Azure with a savings plan and a reservation, and vCPUs of Google with commitments."""
    folder = tmp_path / "lists"
    reserved = {key: value for key, value in RESERVED.items() if key != "savingsPlan"}
    write(folder / "azure/Virtual Machines/0.json", {"Items": [MACHINE, reserved], "NextPageLink": None})
    write(
        folder / "gcp/services/0.json",
        {"services": [{"displayName": "Compute Engine", "name": "services/6F81"}]},
    )
    skus = [
        sku("od", "N2 Instance Core running in Americas", "OnDemand", 31_611_000),
        sku("c1", "Commitment v1: N2 Cpu in Americas for 1 Year", "Commit1Yr", 19_915_000),
        sku("g1", "Nvidia L4 GPU running in Americas for 1 Year", "Commit1Yr", 352_000_000),
        sku("c3", "Commitment v1: N2 Cpu in Americas for 3 Year", "Commit3Yr", 14_225_000),
    ]
    write(folder / "gcp/6F81/0.json", {"skus": skus})
    return folder


def options(service):
    return {row[6] for row in rows(synced_catalog()) if row[1] == service and row[2] in {"westeurope", "us-central1"}}


def test_all_rates_are_kept_if_commitments_are_asked_for(synced, lists, every):
    synced(lists, used=every, vendors=("azure",))
    assert options("Virtual Machines") == {"on_demand", "reserved_3yr", "savings_plan_1yr", "savings_plan_3yr"}
    synced(lists, used=every, vendors=("gcp",))
    assert options("Compute Engine") >= {"on_demand", "commit_1yr", "commit_3yr"}
    assert open_catalog().has_rates("gcp", "Compute Engine", "us-east1", "commit_3yr")


def test_without_being_asked_for_none_is_kept_that_no_definition_selects(synced, lists):
    """A commitment of a region is a resource: what its vCPUs and memory cost is kept, and not that of a GPU."""
    synced(lists, used=bare(), vendors=("gcp",))
    kept = [row for row in rows(synced_catalog()) if row[6].startswith("commit_")]
    assert kept
    assert not any("GPU" in str(row) for row in kept)


def test_the_command_asks_for_all_of_them(run, synced, lists):
    assert synced
    ran = run("pricing", "sync", "--commitments", "--vendor", "azure", "--from", lists)
    assert ran.exit_code == 0, ran.stderr
    assert "savings_plan_1yr" in options("Virtual Machines")


@pytest.mark.parametrize(
    "option, services, is_read",
    [
        ("savings_plan_compute_1yr_no_upfront", ["AmazonEC2"], True),
        ("savings_plan_compute_1yr_no_upfront", ["AmazonRDS"], False),
        ("savings_plan_ec2_instance_3yr_all_upfront", ["AWSLambda"], False),
        ("savings_plan_database_1yr_no_upfront", ["AWSLambda", "AmazonEC2"], False),
        ("savings_plan_database_1yr_no_upfront", ["AmazonRDS"], True),
        ("savings_plan_sagemaker_1yr_no_upfront", ["AmazonEC2"], False),
        ("savings_plan_new_1yr_no_upfront", ["AmazonEC2"], True),
    ],
)
def test_lists_of_plans_are_read_for_services_that_they_may_cover(option, services, is_read):
    assert may_cover(option, services) is is_read
