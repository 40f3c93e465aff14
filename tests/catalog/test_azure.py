"""Azure's savings plans and reservations: kept if an overlay names them, and paid as its coverage says."""

from __future__ import annotations

import json

import pytest

from guardrail.catalog import open_catalog
from guardrail.catalog.store import synced_catalog
from guardrail.costs.definitions.used_prices import used_prices
from tests.catalog.syncs import LIBRARY, rows

MACHINE = {
    "currencyCode": "USD", "tierMinimumUnits": 0.0, "retailPrice": 0.2, "unitPrice": 0.2, "armRegionName": "westeurope",
    "meterId": "m", "meterName": "D4s v5", "productName": "Virtual Machines Dsv5 Series", "skuId": "s",
    "skuName": "D4s v5", "serviceName": "Virtual Machines", "serviceFamily": "Compute", "unitOfMeasure": "1 Hour",
    "type": "Consumption", "isPrimaryMeterRegion": True, "armSkuName": "Standard_D4s_v5",
    "savingsPlan": [
        {"unitPrice": 0.1, "retailPrice": 0.1, "term": "3 Years"},
        {"unitPrice": 0.15, "retailPrice": 0.15, "term": "1 Year"},
    ],
}  # fmt: skip
RESERVED = {**MACHINE, "retailPrice": 2628.0, "type": "Reservation", "reservationTerm": "3 Years", "meterId": "r"}
TESTED = {**RESERVED, "retailPrice": 0.1, "type": "DevTestConsumption", "meterId": "t"}
OVERLAY = "version: 1\ncoverage: [{vendor: azure, percent: 50, %s}]\n"
PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "resource_changes": [
        {
            "address": "azurerm_linux_virtual_machine.this",
            "mode": "managed",
            "type": "azurerm_linux_virtual_machine",
            "name": "this",
            "provider_name": "registry.terraform.io/hashicorp/azurerm",
            "change": {
                "actions": ["create"],
                "before": None,
                "after": {"location": "westeurope", "size": "Standard_D4s_v5", "os_disk": []},
                "after_unknown": {},
            },
        }
    ],
}


@pytest.fixture
def pages(tmp_path):
    folder = tmp_path / "pages"
    (folder / "azure" / "Virtual Machines").mkdir(parents=True)
    without_plans = [{key: value for key, value in one.items() if key != "savingsPlan"} for one in (RESERVED, TESTED)]
    page = {"BillingCurrency": "USD", "Items": [MACHINE, *without_plans], "NextPageLink": None}
    (folder / "azure" / "Virtual Machines" / "0.json").write_text(json.dumps(page), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "named, kept",
    [
        ([], {"on_demand", "reserved_3yr"}),
        (["savings_plan_3yr"], {"on_demand", "reserved_3yr", "savings_plan_3yr"}),
        (["dev_test"], {"on_demand", "reserved_3yr", "dev_test"}),
        (["savings_plan_1yr", "reserved_3yr"], {"on_demand", "reserved_3yr", "savings_plan_1yr"}),
    ],
)
def test_savings_plans_are_kept_if_they_are_named(named, kept, synced, pages):
    synced(pages, used=used_prices(LIBRARY, [("azure", option) for option in named]), vendors=("azure",))
    assert {row[6] for row in rows(synced_catalog()) if row[1] == "Virtual Machines"} == kept
    place = ("azure", "Virtual Machines", "westeurope")
    assert open_catalog().rated() == {(*place, option): 1 for option in named}


@pytest.mark.parametrize(
    "named, paid",
    [
        ("savings_plan: {term: 3yr}", "109.5"),  # half of 730 hours at 0.2, half at 0.1
        ("dev_test: true", "109.5"),
        ("reservation: {term: 3yr}", "109.5"),  # 2628 for 36 months of 730 hours are 0.1 an hour
    ],
)
def test_coverage_in_a_report(named, paid, run, synced, pages, tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps(PLAN), encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text("version: 1\npricing: {overlay: prices.yaml}\n", encoding="utf-8")
    (tmp_path / "prices.yaml").write_text(OVERLAY % named, encoding="utf-8")
    assert synced
    assert run("pricing", "sync", "--vendor", "azure", "--from", pages).exit_code == 0
    (line, *_) = json.loads(run("estimate", "plan.json", "--format", "json").stdout)["projects"][0]["resources"][0][
        "components"
    ]
    assert line["monthly_cost"] == paid
    assert line["price"]["list_price"] == "0.2"
