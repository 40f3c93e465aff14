"""The overlay as its file spells it: what it names, and what is wrong with it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from guardrail.catalog.overlay import plans_of, read_overlay
from guardrail.catalog.terms import read_terms
from guardrail.errors import ConfigError
from tests.catalog.test_terms import paid


@pytest.mark.parametrize(
    "text, message",
    [
        ("discounts: [{percent: 120}]", "prices.yaml:2: discounts.0.percent: "),
        ("discounts: [{percentage: 10}]", "prices.yaml:2: unknown key 'discounts.0.percentage'"),
        ("prices: [{sku: X, price: -1}]", "prices.yaml:2: prices.0.price: "),
        ("prices: [{sku: X, price: NaN}]", "prices.yaml:2: prices.0.price: "),
        ("coverage: [{percent: 10}]", "prices.yaml:2: coverage.0: needs one of savings_plan"),
        ("coverage: [{percent: 10, price: 1, discount: 5}]", "coverage.0: a price cannot be combined"),
        ("coverage: [{vendor: azure, percent: 1, savings_plan: {term: 1yr}, price: 1}]", "a price cannot be combined"),
        (
            "coverage: [{vendor: azure, percent: 1, savings_plan: {term: 1yr}, upfront: 1}]",
            "upfront can be used with a price",
        ),
        ("coverage: [{vendor: aws, percent: 100, dev_test: true}]", "only Azure has prices of its own for dev/test"),
        ("coverage: [{percent: 10, savings_plan: {term: 1yr}}]", "needs vendor: aws or azure"),
        ("coverage: [{vendor: gcp, percent: 10, reservation: {term: 1yr}}]", "needs vendor: aws or azure"),
        ("coverage: [{vendor: aws, percent: 10, savings_plan: {term: 1yr}}]", "has kind, term and payment"),
        ("coverage: [{vendor: aws, percent: 10, reservation: {term: 1yr}}]", "has term and payment"),
        (
            "coverage: [{vendor: azure, percent: 10, reservation: {term: 1yr, payment: no_upfront}}]",
            "a reservation of Azure has a term only",
        ),
        ("coverage: [{vendor: aws, percent: 10, savings_plan: {kind: ec2, term: 1yr}}]", "savings_plan.kind"),
        (
            "coverage: [{vendor: azure, percent: 1, savings_plan: {term: 1yr}, reservation: {term: 1yr}}]",
            "for more, write an entry each",
        ),
        ("discounts: [{percent: 10, until: soon}]", "must be a day like 2026-01-31"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, message, tmp_path):
    (tmp_path / "prices.yaml").write_text(f"version: 1\n{text}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_overlay(tmp_path / "prices.yaml")
    assert message in str(caught.value)


def test_plans_are_named_by_their_purchase_option(tmp_path):
    (tmp_path / "prices.yaml").write_text(
        "version: 1\ncoverage:\n"
        "- {vendor: aws, percent: 1, until: 2020-01-01, savings_plan: {kind: compute, term: 3yr, payment: no_upfront}}\n"
        "- {vendor: aws, percent: 1, reservation: {term: 1yr, payment: all_upfront}}\n"
        "- {vendor: azure, percent: 1, reservation: {term: 5yr}}\n"
        "- {percent: 1, discount: 5}\n",
        encoding="utf-8",
    )
    assert plans_of(read_overlay(tmp_path / "prices.yaml")) == {
        ("aws", "savings_plan_compute_3yr_no_upfront"),
        ("aws", "reserved_1yr_all_upfront"),
        ("azure", "reserved_5yr"),
    }


def test_the_files_in_the_documentation_can_be_read(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "pricing.md").read_text(encoding="utf-8")
    overlay, rates = re.findall(r"^```yaml\n(version: 1\n.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "prices.yaml").write_text(overlay, encoding="utf-8")
    (tmp_path / "rates.yaml").write_text(rates, encoding="utf-8")
    terms = read_terms(tmp_path / "prices.yaml", tmp_path / "rates.yaml", "EUR", date(2026, 9, 1))
    assert terms is not None
    assert paid(terms, sku="SGF4MSKWRV77VRXR")[0] == Decimal("0.92") * (
        Decimal("0.7") * Decimal("0.63") + Decimal("0.3") * Decimal("0.07")
    )
