"""What tests of a sync share: which part of the shipped facts it is about, and whom it tells."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from functools import cache

from guardrail.catalog import Selector
from guardrail.catalog.sync import SyncProgress
from guardrail.catalog.used_prices import UsedPrices
from guardrail.costs import Library
from guardrail.costs.definitions.used_prices import used_prices

NOW = datetime(2026, 9, 1, tzinfo=UTC)
PLAN = "savings_plan_compute_1yr_no_upfront"
LIBRARY = Library()
SERVICES = {"aws": ["AWSLambda", "AmazonEKS"], "azure": ["Key Vault", "Storage"], "gcp": ["Cloud Storage", "Cloud DNS"]}
REGIONS = frozenset({"eu-west-1", "eu-central-1", "westeurope", "europe-west1", "eastus", "global"})
LAMBDA = Selector("aws", "AWSLambda", "eu-west-1", "Serverless", (("group", "AWS-Lambda-Requests"),))
QUIET = SyncProgress(lambda _line: None, lambda _name: lambda _received, _total: None)
_ROWS = """
select vendor, service, region, family, attributes, unit, purchase_option, tier_start, tier_end, price, sku
from shelf join price on price.shelf = shelf.id join product on product.id = price.product
"""


@cache
def bare() -> UsedPrices:
    """What definitions ask for, without plans of an overlay."""
    return used_prices(LIBRARY)


@cache
def wants() -> UsedPrices:
    """The same with the plan."""
    return used_prices(LIBRARY, [("aws", PLAN)])


def rows(path):
    """Return every price of a catalog, without source and day."""
    with closing(sqlite3.connect(path)) as database:
        return sorted(database.execute(_ROWS))
