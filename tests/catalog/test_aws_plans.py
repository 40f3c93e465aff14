"""AWS's savings plans: rates beside the prices on demand, and coverage that pays them."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal

import pytest
from msgspec.structs import replace

from guardrail import data
from guardrail.catalog import Ladder, open_catalog
from guardrail.catalog.store import synced_catalog
from guardrail.costs.definitions.used_prices import used_prices
from guardrail.errors import CatalogError
from tests.catalog import price_lists
from tests.catalog.syncs import LAMBDA, LIBRARY, PLAN, REGIONS, SERVICES, bare, rows, wants
from tests.catalog.test_terms import PLAN as GATEWAY

OTHER = "savings_plan_ec2_instance_3yr_all_upfront"


def rates(path):
    return [row for row in rows(path) if row[6].startswith("savings_plan_")]


def test_rates_stand_beside_prices_on_demand_and_change_none(synced, lists):
    synced(lists / "same", used=bare(), vendors=("aws",))
    plain = rows(synced_catalog())
    assert "aws AWSComputeSavingsPlan eu-west-1: " in str(synced(lists / "same", vendors=("aws",)))
    assert [row for row in rows(synced_catalog()) if not row[6].startswith("savings_plan_")] == plain
    assert {row[6] for row in rates(synced_catalog())} == {PLAN}
    catalog = open_catalog()
    demanded, planned = catalog.find(LAMBDA), catalog.find(replace(LAMBDA, purchase_option=PLAN))
    assert isinstance(demanded, Ladder)
    assert isinstance(planned, Ladder)
    assert planned.tiers[0].price == demanded.tiers[0].price * Decimal("0.8")
    assert planned.tiers[0].source.sku == demanded.tiers[0].source.sku
    assert catalog.has_rates("aws", "AmazonEKS", "eu-west-1", PLAN)
    assert not catalog.has_rates("aws", "AmazonEKS", "eu-west-1", OTHER)


def test_json_has_the_same_rates_as_csv_and_only_those_asked_for_are_kept(synced, lists, tmp_path):
    synced(lists / "same", vendors=("aws",))
    by_csv = rates(synced_catalog())
    folder = tmp_path / "json"
    shutil.copytree(lists / "same", folder)
    shutil.rmtree(folder / "savingsPlan")
    price_lists.write_savings_plans(folder, published(), {PLAN: "0.8", OTHER: "0.3"}, form="json", version="2")
    synced(folder, vendors=("aws",))
    assert rates(synced_catalog()) == by_csv
    both = used_prices(LIBRARY, [("aws", PLAN), ("aws", OTHER)])
    synced(folder, used=both, vendors=("aws",))
    assert {row[6] for row in rates(synced_catalog())} == {PLAN, OTHER}


def published():
    found = price_lists.facts(data.pricing_dir(), "aws", REGIONS, SERVICES["aws"])
    return {service: price_lists.published("aws", service, facts, wants()) for service, facts in found.items()}


def test_rates_stay_with_their_prices_until_a_sync_brings_new_ones(synced, lists):
    synced(lists / "same", vendors=("aws",))
    before = rates(synced_catalog())
    synced(lists / "same", vendors=("azure",))
    assert rates(synced_catalog()) == before
    synced(lists / "dearer", vendors=("aws",), services=("AWSLambda",), regions=("eu-west-1",))
    after = rates(synced_catalog())
    assert len(after) == len(before)
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert {(old[:3], Decimal(new[9]) / Decimal(old[9])) for old, new in changed} == {
        (("aws", "AWSLambda", "eu-west-1"), Decimal(2))
    }
    synced(lists / "same", used=bare(), vendors=("aws",), services=("AWSLambda",))
    assert {row[1] for row in rates(synced_catalog())} == {"AmazonEKS"}
    assert not open_catalog().has_rates("aws", "AWSLambda", "eu-west-1", PLAN)


@pytest.mark.parametrize("column", ["Product Family", "DiscountedSKU", "DiscountedRate", "PurchaseOption", "Currency"])
def test_a_column_that_is_renamed_is_noticed(column, synced, lists, tmp_path):
    assert_refused(lists, tmp_path, synced, "csv", (column, "Else"), f"a price list without {column}")


@pytest.mark.parametrize(
    "key", ["publicationDate", "products", "productFamily", "purchaseTerm", "savingsPlan", "rateCode", "discountedRate"]
)
def test_a_key_that_is_renamed_is_noticed(key, synced, lists, tmp_path):
    assert_refused(lists, tmp_path, synced, "json", (f'"{key}"', '"else"'), "savings.?plan")


@pytest.mark.parametrize("change", [("No Upfront", "Never Upfront"), ("USD", "EUR")])
def test_a_file_without_the_rates_that_are_asked_for_is_refused(change, synced, lists, tmp_path):
    assert_refused(lists, tmp_path, synced, "csv", change, f"the list has no rates of {PLAN}")


def test_rates_whose_products_are_called_otherwise_are_refused(synced, lists, tmp_path):
    assert_refused(lists, tmp_path, synced, "csv", ("AWSLambda", "AWSLambdas"), "rates of .*, and now has 0")


def assert_refused(lists, tmp_path, synced, form, change, message):
    synced(lists / "same", vendors=("aws",))
    old = synced_catalog().read_bytes()
    folder = tmp_path / "changed"
    shutil.copytree(lists / "same", folder)
    shutil.rmtree(folder / "savingsPlan")
    price_lists.write_savings_plans(folder, published(), {PLAN: "0.8"}, form=form, version="2")
    for file in (folder / "savingsPlan").rglob(f"index.{form}"):
        file.write_text(file.read_text().replace(*change))
    with pytest.raises(CatalogError, match=message) as caught:
        synced(folder, vendors=("aws",))
    assert caught.value.fix
    assert synced_catalog().read_bytes() == old


def test_where_no_plans_are_sold_none_is_missing(synced, lists, tmp_path):
    folder = tmp_path / "less"
    shutil.copytree(lists / "same", folder)
    index = folder / "savingsPlan/v1.0/aws/AWSComputeSavingsPlan/current/region_index.json"
    found = json.loads(index.read_text())
    found["regions"] = [one for one in found["regions"] if one["regionCode"] != "eu-west-1"]
    index.write_text(json.dumps(found))
    assert "aws AWSComputeSavingsPlan eu-west-1: not sold there" in synced(folder, vendors=("aws",))
    assert open_catalog().has_rates("aws", "AWSLambda", "eu-west-1", PLAN)
    assert {row[2] for row in rates(synced_catalog())} == {"eu-central-1"}


def test_coverage_by_a_savings_plan_in_a_report(run, synced, lists, tmp_path):
    change = {**GATEWAY["resource_changes"][0], "type": "aws_eks_cluster", "address": "aws_eks_cluster.this"}
    (tmp_path / "plan.json").write_text(json.dumps({**GATEWAY, "resource_changes": [change]}), encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text("version: 1\npricing: {overlay: prices.yaml}\n", encoding="utf-8")
    (tmp_path / "prices.yaml").write_text(
        "version: 1\ncoverage:\n- vendor: aws\n  percent: 50\n"
        "  savings_plan: {kind: compute, term: 1yr, payment: no_upfront}\n",
        encoding="utf-8",
    )
    synced(lists / "same", used=bare(), vendors=("aws",))
    without = json.loads(run("estimate", "plan.json", "--format", "json").stdout)
    assert f"no rates of {PLAN} in the catalog for AmazonEKS in eu-west-1" in str(without["warnings"])
    assert run("pricing", "sync", "--vendor", "aws", "--from", lists / "same").exit_code == 0
    covered = json.loads(run("estimate", "plan.json", "--format", "json").stdout)
    assert "no rates of" not in str(covered["warnings"])
    listed, paid = (Decimal(report["totals"]["monthly_cost"]) for report in (without, covered))
    assert paid == listed * Decimal("0.9")
    assert f"at list prices the monthly cost after the change is ${listed:.2f}" in covered["warnings"]
    assert (
        "$0.09 per Hours (your price; list price $0.10, sku "
        in run("explain", "aws_eks_cluster.this", "plan.json").stdout
    )
