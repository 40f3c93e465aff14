"""What a company pays: discounts, fixed prices, coverage and private services over list prices, and currencies."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guardrail.catalog.overlay import read_terms
from guardrail.catalog.query import Ladder, Product, Tier
from guardrail.errors import ConfigError
from guardrail.model.cost import PriceSource

TODAY = date(2026, 9, 1)
PLAN: dict[str, Any] = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "configuration": {
        "provider_config": {
            "aws": {
                "name": "aws",
                "full_name": "registry.terraform.io/hashicorp/aws",
                "expressions": {"region": {"constant_value": "eu-west-1"}},
            }
        },
        "root_module": {},
    },
    "resource_changes": [
        {
            "address": "aws_nat_gateway.this",
            "mode": "managed",
            "type": "aws_nat_gateway",
            "name": "this",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": None, "after": {}, "after_unknown": {}},
        }
    ],
}


@pytest.fixture
def terms(tmp_path):
    def read(text, currency="USD", rates=None):
        overlay = tmp_path / "prices.yaml"
        overlay.write_text(f"version: 1\n{text}", encoding="utf-8")
        return read_terms(overlay, rates, currency, TODAY)

    return read


def paid(terms, price="1", unit="Hrs", option="on_demand", region="eu-west-1", sku="SKU1"):
    source = PriceSource(sku, "AWS Price List", "2026-08-01", "AmazonEC2", region, option)
    product = Product("Compute Instance", {"instanceType": "m5.large"}, unit, option)
    tier = terms.applied("aws", Ladder(product, (Tier(Decimal(0), None, Decimal(price), source),))).tiers[0]
    return tier.price, tier.source.list_price


@pytest.mark.parametrize(
    "text, expected",
    [
        ("discounts: [{vendor: aws, percent: 10}]", "0.9"),
        ("discounts: [{service: AmazonE*, region: eu-*, percent: 12.5}]", "0.875"),
        ("discounts: [{vendor: azure, percent: 10}]", "1"),
        ("discounts: [{percent: -20}]", "1.2"),
        ("discounts: [{sku: SKU1, percent: 50}, {percent: 10}]", "0.5"),
        ("discounts: [{percent: 10, until: 2026-08-31}]", "1"),
        ("discounts: [{percent: 10, until: 2026-09-01}]", "0.9"),
        ("discounts: [{percent: 10, from: 2026-09-02}]", "1"),
        ("discounts: [{percent: 10, from: 2026-09-01}]", "0.9"),
        ("prices: [{sku: SKU1, price: 0.3}]\ndiscounts: [{percent: 50}]", "0.3"),
        ("prices: [{sku: SKU2, price: 0.3}]", "1"),
        ("coverage: [{percent: 50, discount: 40}]", "0.8"),
        ("coverage: [{percent: 100, price: 0.25}]", "0.25"),
        ("coverage: [{percent: 50, price: 0, upfront: 8760, months: 12}]", "1"),
        ("coverage: [{percent: 100, price: 0.1, upfront: 876, months: 12}]", "0.2"),
        ("coverage: [{percent: 50, discount: 40}]\ndiscounts: [{percent: 10}]", "0.75"),
        ("coverage: [{percent: 50, discount: 40, attributes: {instanceType: m5.*}}]", "0.8"),
        ("coverage: [{percent: 50, discount: 40, attributes: {instanceType: c5.*}}]", "1"),
    ],
)
def test_the_first_entry_that_fits_and_holds_counts(terms, text, expected):
    price, listed = paid(terms(text))
    assert price == Decimal(expected)
    assert listed == (None if Decimal(expected) == 1 else Decimal(1))


@pytest.mark.parametrize("given", [{"unit": "GB-Mo"}, {"option": "spot"}, {"option": "reserved_1yr_no_upfront"}])
def test_coverage_is_for_hours_on_demand(terms, given):
    assert paid(terms("coverage: [{percent: 50, discount: 40}]"), **given) == (Decimal(1), None)


def test_amounts_and_list_prices_are_in_the_currency_of_the_report(terms, tmp_path):
    rates = tmp_path / "rates.yaml"
    rates.write_text("version: 1\ndate: 2026-08-31\nrates: {EUR: 0.9}\n", encoding="utf-8")
    euros = terms("discounts: [{percent: 10}]", "EUR", rates)
    assert paid(euros) == (Decimal("0.81"), Decimal("0.9"))
    assert any("0.9 for a US dollar as of 2026-08-31" in note for note in euros.notes)


@pytest.mark.parametrize(
    "text, message",
    [
        ("discounts: [{percent: 120}]", "prices.yaml:2: discounts.0.percent: "),
        ("discounts: [{percentage: 10}]", "prices.yaml:2: unknown key 'discounts.0.percentage'"),
        ("prices: [{sku: X, price: -1}]", "prices.yaml:2: prices.0.price: "),
        ("prices: [{sku: X, price: NaN}]", "prices.yaml:2: prices.0.price: "),
        ("coverage: [{percent: 10}]", "coverage needs a discount or a price"),
        ("coverage: [{percent: 10, price: 1, discount: 5}]", "coverage needs a discount or a price"),
        ("discounts: [{percent: 10, until: soon}]", "must be a day like 2026-01-31"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(terms, text, message):
    with pytest.raises(ConfigError) as caught:
        terms(text)
    assert message in str(caught.value)


def test_a_currency_needs_a_rate(tmp_path):
    with pytest.raises(ConfigError, match="need an exchange rate"):
        read_terms(None, None, "EUR", TODAY)
    rates = tmp_path / "rates.yaml"
    rates.write_text("version: 1\ndate: 2026-08-31\nrates: {CHF: 0.9}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no rate for EUR"):
        read_terms(None, rates, "EUR", TODAY)


def test_reports_show_what_is_paid_and_the_list(run, tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps(PLAN), encoding="utf-8")
    before = json.loads(run("estimate", "plan.json", "--format", "json").stdout)
    (tmp_path / "prices.yaml").write_text("version: 1\ndiscounts: [{vendor: aws, percent: 25}]\n", encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text("version: 1\npricing: {overlay: prices.yaml}\n", encoding="utf-8")
    ran = run("estimate", "plan.json", "--format", "json")
    after = json.loads(ran.stdout)
    lines = [side["projects"][0]["resources"][0]["components"][0] for side in (before, after)]
    assert "list_price" not in lines[0]["price"]
    assert lines[1]["price"]["list_price"] == lines[0]["unit_price"]
    assert Decimal(lines[1]["unit_price"]) == Decimal(lines[0]["unit_price"]) * Decimal("0.75")
    total = Decimal(before["totals"]["monthly_cost"])
    assert total > 0
    assert f"at list prices the month after the change costs {total:.2f} USD" in after["warnings"]
    for name in ("table", "markdown"):
        said = " ".join(run("estimate", "plan.json", "--format", name).stdout.split())
        assert f"costs {total:.2f} USD" in said
        assert "your prices" in said
    (tmp_path / "result.json").write_text(ran.stdout, encoding="utf-8")
    again = json.loads(run("report", "result.json", "--format", "json").stdout)
    assert again["projects"] == after["projects"]


def test_a_private_service_is_priced_by_a_definition_of_ones_own(run, tmp_path):
    folder = tmp_path / "definitions" / "acme"
    folder.mkdir(parents=True)
    (folder / "acme_cluster.toml").write_text(
        'schema = 1\nregion = "global"\n[[component]]\nname = "Cluster"\nunit = "hours"\nquantity = 730\n'
        'price = { service = "Platform", family = "Cluster", size = "=attr.size" }\n',
        encoding="utf-8",
    )
    (tmp_path / "prices.yaml").write_text(
        "version: 1\nservices:\n- {vendor: acme, service: Platform, family: Cluster, attributes: {size: small},\n"
        "   unit: Hrs, price: 0.5, as_of: 2026-01-01}\n",
        encoding="utf-8",
    )
    (tmp_path / "guardrail.yaml").write_text(
        "version: 1\npricing: {overlay: prices.yaml, definitions: [definitions]}\n", encoding="utf-8"
    )
    change = {**PLAN["resource_changes"][0], "type": "acme_cluster", "address": "acme_cluster.this"}
    change["change"] = {"actions": ["create"], "before": None, "after": {"size": "small"}, "after_unknown": {}}
    (tmp_path / "plan.json").write_text(json.dumps({**PLAN, "resource_changes": [change]}), encoding="utf-8")
    ran = run("estimate", "plan.json", "--format", "json")
    assert json.loads(ran.stdout)["totals"]["monthly_cost"] == "365"


def test_the_files_in_the_documentation_can_be_read(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "pricing.md").read_text(encoding="utf-8")
    overlay, rates = re.findall(r"^```yaml\n(version: 1\n.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "prices.yaml").write_text(overlay, encoding="utf-8")
    (tmp_path / "rates.yaml").write_text(rates, encoding="utf-8")
    terms = read_terms(tmp_path / "prices.yaml", tmp_path / "rates.yaml", "EUR", TODAY)
    assert terms is not None
    assert paid(terms, sku="SGF4MSKWRV77VRXR")[0] == Decimal("0.92") * (
        Decimal("0.7") * Decimal("0.63") + Decimal("0.3") * Decimal("0.07")
    )
