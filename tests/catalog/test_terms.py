"""What a company pays: discounts, fixed prices, coverage and private services over list prices, and currencies."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from guardrail.catalog.query import Ladder, Product, Tier
from guardrail.catalog.terms import read_terms
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


class Rates:
    """What a catalog has of m5.large: prices by purchase option and unit; of `known` options it has all there is."""

    def __init__(self, prices=(), known=()):
        self.prices, self.known = dict(prices), set(known)

    def otherwise(self, _vendor, _ladder, option):
        return [ladder(price, unit, option) for unit, price in self.prices.get(option, {}).items()]

    def has_rates(self, _vendor, _service, _region, option):
        return option in self.known


def ladder(price, unit="Hrs", option="on_demand", region="eu-west-1", sku="SKU1"):
    source = PriceSource(sku, "AWS Price List", "2026-08-01", "AmazonEC2", region, option)
    product = Product("Compute Instance", {"instanceType": "m5.large"}, unit, option)
    return Ladder(product, (Tier(Decimal(0), None, Decimal(price), source),))


def paid(terms, price="1", rates=None, vendor="aws", **product):
    tier = terms.applied(vendor, ladder(price, **product), rates or Rates()).tiers[0]
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


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", "0.7"),
        ("coverage: [{percent: 100, discount: 37}]", "0.63"),  # a committed hour has no other discount
        ("coverage: [{percent: 50, price: 0.4}]", "0.55"),
        ("discounts: [{percent: 10}]", "0.63"),
    ],
)
def test_what_is_committed_has_no_discount_of_sustained_use(text, expected, terms):
    (tier,) = terms(text).applied("gcp", ladder("1", unit="GiBy.h"), Rates()).sustained(Decimal("0.7")).tiers
    assert tier.price == Decimal(expected)


@pytest.mark.parametrize("given", [{"unit": "GB-Mo"}, {"option": "spot"}, {"option": "reserved_1yr_no_upfront"}])
def test_coverage_is_for_hours_on_demand(terms, given):
    assert paid(terms("coverage: [{percent: 50, discount: 40}]"), **given) == (Decimal(1), None)


PLAN_RATES = {
    "savings_plan_compute_1yr_no_upfront": {"Hrs": "0.6"},
    "savings_plan_compute_3yr_all_upfront": {"Hrs": "1.5"},
    "savings_plan_3yr": {"1 Hour": "0.5"},
    "reserved_1yr_no_upfront": {"Hrs": "0.7"},
    "reserved_1yr_partial_upfront": {"Hrs": "0.3", "Quantity": "2628"},
    "reserved_convertible_3yr_all_upfront": {"Quantity": "13140"},
    "reserved_3yr_partial_upfront": {"Quantity": "13140"},
    "reserved_3yr": {"1 Hour": "13140"},
}
PLAN_1YR = "savings_plan: {kind: compute, term: 1yr, payment: no_upfront}"


@pytest.mark.parametrize(
    "entry, expected",
    [
        (f"vendor: aws, percent: 100, {PLAN_1YR}", "0.6"),
        (f"vendor: aws, percent: 50, {PLAN_1YR}", "0.8"),
        (f"vendor: aws, percent: 100, discount: 10, {PLAN_1YR}", "0.54"),
        ("vendor: aws, percent: 100, savings_plan: {kind: compute, term: 3yr, payment: all_upfront}", "1"),
        ("vendor: aws, percent: 100, savings_plan: {kind: ec2_instance, term: 1yr, payment: no_upfront}", "1"),
        ("vendor: aws, percent: 100, reservation: {term: 1yr, payment: no_upfront}", "0.7"),
        ("vendor: aws, percent: 100, reservation: {term: 1yr, payment: partial_upfront}", "0.6"),
        ("vendor: aws, percent: 100, reservation: {term: 3yr, payment: all_upfront, offering: convertible}", "0.5"),
        ("vendor: aws, percent: 100, reservation: {term: 3yr, payment: partial_upfront}", "1"),
        ("vendor: azure, percent: 100, savings_plan: {term: 3yr}", "0.5"),
        ("vendor: azure, percent: 50, reservation: {term: 3yr}", "0.75"),
    ],
)
def test_coverage_by_name_costs_what_the_vendor_asks(terms, entry, expected):
    vendor, unit = ("azure", "1 Hour") if "azure" in entry else ("aws", "Hrs")
    found = terms(f"coverage: [{{{entry}}}]")
    assert paid(found, rates=Rates(PLAN_RATES, PLAN_RATES), vendor=vendor, unit=unit)[0] == Decimal(expected)


def test_of_coverage_the_first_entry_that_extends_to_a_price_counts(terms):
    found = terms(f"coverage: [{{vendor: aws, percent: 50, {PLAN_1YR}}}, {{percent: 10, discount: 10}}]")
    option = "savings_plan_compute_1yr_no_upfront"
    assert paid(found, rates=Rates(known=[option]))[0] == Decimal("0.99")
    assert found.gaps() == []


def test_rates_that_no_sync_brought_are_said_to_lack_and_none_is_made_up(terms):
    found = terms(f"coverage: [{{vendor: aws, percent: 50, {PLAN_1YR}}}]")
    for region in ("eu-west-1", "eu-west-1", "us-east-1", "eu-west-2", "eu-west-3"):
        assert paid(found, region=region) == (Decimal(1), None)
    (said,) = found.gaps()
    places = "AmazonEC2 in eu-west-1, AmazonEC2 in us-east-1, AmazonEC2 in eu-west-2 ..."
    assert f"no rates of savings_plan_compute_1yr_no_upfront in the catalog for {places}: priced without" in said


def test_amounts_and_list_prices_are_in_the_currency_of_the_report(terms, tmp_path):
    rates = tmp_path / "rates.yaml"
    rates.write_text("version: 1\ndate: 2026-08-31\nrates: {EUR: 0.9}\n", encoding="utf-8")
    euros = terms("discounts: [{percent: 10}]", "EUR", rates)
    assert paid(euros) == (Decimal("0.81"), Decimal("0.9"))
    assert any("0.9 for a US dollar as of 2026-08-31" in note for note in euros.notes)


def test_a_currency_needs_a_rate(tmp_path):
    with pytest.raises(ConfigError, match="need an exchange rate"):
        read_terms(None, None, "EUR", TODAY)
    rates = tmp_path / "rates.yaml"
    rates.write_text("version: 1\ndate: 2026-08-31\nrates: {CHF: 0.9}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no rate for EUR"):
        read_terms(None, rates, "EUR", TODAY)


def test_before_and_after_are_at_the_one_rate(run, tmp_path):
    change = {"actions": ["update"], "before": {"tags": {"a": "1"}}, "after": {"tags": {"a": "2"}}, "after_unknown": {}}
    changed = {**PLAN, "resource_changes": [{**PLAN["resource_changes"][0], "change": change}]}
    (tmp_path / "plan.json").write_text(json.dumps(changed), encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text("version: 1\npricing: {currency: EUR, rates: r.yaml}\n", encoding="utf-8")

    def totals(rate):
        text = f"version: 1\ndate: 2026-08-31\nrates: {{EUR: {rate}}}\n"
        (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
        return json.loads(run("estimate", "plan.json", "--format", "json").stdout)["totals"]

    whole, half = totals(1), totals("0.5")
    assert half["monthly_before"] == half["monthly_cost"]
    assert Decimal(half["monthly_cost"]) * 2 == Decimal(whole["monthly_cost"]) > 0


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
    assert f"at list prices the monthly cost after the change is ${total:.2f}" in after["warnings"]
    for name in ("table", "markdown"):
        said = " ".join(run("estimate", "plan.json", "--format", name).stdout.split())
        assert name != "table" or f"is ${total:.2f}" in said
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
