"""The list of types that cost nothing: in order, of the right vendor, and at odds with no definition."""

from __future__ import annotations

import tomllib

import pytest

from guardrail import data
from guardrail.costs import Library

FREE = tomllib.loads((data.pricing_dir() / "free.toml").read_text(encoding="utf-8"))
PREFIXES = {"aws": "aws_", "azure": "azurerm_", "gcp": "google_"}


@pytest.mark.parametrize("vendor", [*PREFIXES, "other"])
def test_types_are_listed_once_and_in_order(vendor):
    types = FREE[vendor]["types"]
    assert types == sorted(set(types))


@pytest.mark.parametrize("vendor, prefix", PREFIXES.items())
def test_types_stand_under_their_vendor(vendor, prefix):
    assert [name for name in FREE[vendor]["types"] if not name.startswith(prefix)] == []
    assert [name for name in FREE["other"]["types"] if name.startswith(prefix)] == []


def test_no_type_is_both_free_and_priced():
    library = Library()
    assert library.free_types().keys() & library.priced_types().keys() == set()


def test_what_a_vendor_charges_for_is_not_on_the_list():
    charged = {
        "aws_instance",
        "azurerm_managed_disk",
        "google_compute_disk",
        "aws_scheduler_schedule",
        "google_bigquery_job",
    }
    assert charged & Library().free_types().keys() == set()
