"""A catalog with rates of commitments, made up and so that they can be computed by head."""

import pytest
from msgspec.structs import replace

from guardrail.catalog import open_catalog, snapshot
from guardrail.catalog.snapshot import Row
from tests.catalog import price_lists

DAY = "2026-11-01"
LINUX = (
    "capacitystatus=Used;instanceType={};licenseModel=No License required;operatingSystem={};preInstalledSw=NA;"
    "tenancy=Shared"
)
HOURS = 8760


def rows(region, family, attributes, unit, prices):
    """Rows of a product: its price by purchase option; a fee stands behind the hourly price."""
    found = []
    for option, price in prices.items():
        hourly, _, fee = price.partition("+")
        row = Row(region, family, attributes, unit, option, "", "", hourly, "", "made", DAY)
        found += [row] if hourly else []
        found += [replace(row, unit="Quantity", price=fee)] if fee else []
    return found


def machine(size, price, system="Linux", region="us-east-1"):
    """A machine at 60% as a compute plan, 55% as one of its family, and 50% reserved, for a year without upfront."""
    cost = float(price)
    fee = round(cost * 0.4 * HOURS * 3, 6)
    prices = {
        "on_demand": price,
        "savings_plan_compute_1yr_no_upfront": str(round(cost * 0.6, 6)),
        "savings_plan_ec2_instance_1yr_no_upfront": str(round(cost * 0.55, 6)),
        "savings_plan_compute_3yr_all_upfront": str(round(cost * 0.4, 6)),
        "reserved_1yr_no_upfront": str(round(cost * 0.5, 6)),
        "reserved_1yr_partial_upfront": f"{round(cost * 0.2, 6)}+{round(cost * 0.25 * HOURS, 6)}",
        "reserved_3yr_all_upfront": f"+{fee}",
        "reserved_convertible_1yr_no_upfront": str(round(cost * 0.58, 6)),
    }
    return rows(region, "Compute Instance", LINUX.format(size, system), "Hrs", prices)


def database(size, price):
    prices = {"on_demand": price, "reserved_1yr_no_upfront": str(float(price) * 0.6)}
    of = f"databaseEngine=PostgreSQL;deploymentOption=Single-AZ;instanceType={size};licenseModel=No license required"
    return rows("us-east-1", "Database Instance", of, "Hrs", prices)


@pytest.fixture(scope="session")
def catalog_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rates")
    machines = [
        *machine("m5.large", "0.1"),
        *machine("m5.xlarge", "0.2"),
        *machine("c5.large", "0.08"),
        *machine("m5.large", "0.2", system="Windows"),
    ]
    price_lists.write_snapshot(folder, "aws", "AmazonEC2", machines)
    price_lists.write_snapshot(
        folder, "aws", "AmazonRDS", [*database("db.m5.large", "0.2"), *database("db.m5.xlarge", "0.4")]
    )
    serverless = rows(
        "us-east-1",
        "Compute",
        "usagetype=Fargate-vCPU-Hours:perCPU",
        "vCPU-Hours",
        {"on_demand": "0.04", "savings_plan_compute_1yr_no_upfront": "0.032"},
    )
    price_lists.write_snapshot(folder, "aws", "AmazonECS", serverless)
    azure = rows(
        "westeurope",
        "Compute",
        "armSkuName=Standard_D4s_v5;operatingSystem=Linux",
        "1 Hour",
        {"on_demand": "0.2", "savings_plan_1yr": "0.15", "reserved_1yr": "1051.2", "reserved_3yr": "2628"},
    )
    price_lists.write_snapshot(folder, "azure", "Virtual Machines", azure)
    google = [
        *rows(
            "us-central1",
            "Compute",
            "description=Commitment v1: N2 Cpu in Americas for 1 Year;resourceGroup=CPU",
            "h",
            {"commit_1yr": "0.02"},
        ),
        *rows(
            "us-central1",
            "Compute",
            "description=Commitment v1: N2 Ram in Americas for 1 Year;resourceGroup=RAM",
            "GiBy.h",
            {"commit_1yr": "0.003"},
        ),
    ]
    price_lists.write_snapshot(folder, "gcp", "Compute Engine", google)
    (folder / "sources.csv").write_text("id,title,kind,url,as_of,note\nmade,made,vendor,https://example.com,2026,\n")
    snapshot.compile(folder, folder / "rates.sqlite")
    return folder / "rates.sqlite"


@pytest.fixture
def catalog(catalog_file):
    return open_catalog(catalog_file)
