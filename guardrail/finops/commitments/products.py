"""What a line of a bill is: the product behind AWS's usage types and operations, Azure's meters and Google's SKUs."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from guardrail.catalog import Match, Selector
from guardrail.catalog.query import Pattern


class Product(Struct, frozen=True):
    """Something that commitments are sold for.

    service   as the catalog calls it
    name      what people call it: m5.large, Standard_D2s_v5, N2 vCPU
    what      what tells it from others of the name: Linux, PostgreSQL, "" if nothing does
    systems   what it may run, where the bill does not tell: a price on demand decides; empty where it is known
    flexible  whether a reservation of one size covers others of its family in proportion
    """

    vendor: str
    service: str
    region: str
    name: str
    what: str = ""
    systems: tuple[str, ...] = ()
    flexible: bool = False

    def running(self, system: str) -> Product:
        """Return it with the system that it runs."""
        flexible = self.service == "AmazonEC2" and system == "Linux"
        return replace(self, what=system, systems=(), flexible=flexible)

    @property
    def family(self) -> str:
        """Return the family of a machine type of AWS: m5, db.m5."""
        return self.name.rpartition(".")[0]

    @property
    def size(self) -> str:
        """Return the size of a machine type of AWS: large, 4xlarge."""
        return self.name.rpartition(".")[2]


_SIZES = {"nano": 1, "micro": 2, "small": 4, "medium": 8, "large": 16, "xlarge": 32}
_RIGID = frozenset({"g4ad", "g4dn", "g5", "g5g", "g6", "g6e", "gr6", "hpc7a", "p5", "inf1", "inf2"})
"""Families of EC2 whose sizes do not cover each other. Neither do those of u7i.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/apply_ri.html
"""
_LARGER = re.compile(r"^(\d+)xlarge$")


def is_pooled(product: Product) -> bool:
    """Say whether a reservation of one size of a product covers other sizes of its family in proportion."""
    rigid = product.family in _RIGID or product.family.startswith("u7i")
    return product.flexible and not rigid and size_factor(product.size) is not None


def size_factor(size: str) -> int | None:
    """Return how many nano a size of AWS counts as (AWS's normalization factors, times four); None for metal and the like."""
    larger = _LARGER.match(size)
    return 32 * int(larger[1]) if larger else _SIZES.get(size)


SYSTEMS = ("Linux", "Windows", "RHEL", "SUSE")
"""Systems of EC2, of which the price on demand may tell which one it is."""
_SYSTEMS = {
    "RunInstances": "Linux",
    "RunInstances:0002": "Windows",
    "RunInstances:0010": "RHEL",
    "RunInstances:000g": "SUSE",
    "RunInstances:0800": "Windows, own license",
}
"""AWS's operation -> system, of systems alone. Images with SQL Server and others have operations of their own."""
_ENGINES = {
    "CreateDBInstance:0002": "MySQL",
    "CreateDBInstance:0014": "PostgreSQL",
    "CreateDBInstance:0016": "Aurora MySQL",
    "CreateDBInstance:0018": "MariaDB",
    "CreateDBInstance:0021": "Aurora PostgreSQL",
}
"""Engines without a license, whose reservations cover all sizes of a family. Others have several licenses and editions."""
_CACHES = {
    "CreateCacheCluster:0001": "Memcached",
    "CreateCacheCluster:0002": "Redis",
    "CreateCacheCluster:0018": "Valkey",
}
_TYPED = re.compile(r"(?:^|-)(BoxUsage|DedicatedUsage|InstanceUsage|Multi-AZUsage|NodeUsage):(.+)$")
_DESCRIBED = re.compile(r"per On Demand (Linux|RHEL|SUSE|Windows) ([a-z0-9-]+\.[a-z0-9-]+) Instance Hour$")
"""What AWS writes beside a usage type, and what some FOCUS exports have alone."""
_SERVERLESS = re.compile(r"(?:^|-)(Fargate-(?:ARM-)?(?:vCPU-Hours:perCPU|GB-Hours)|Lambda-GB-Second(?:-ARM)?)$")
# One meter may be of two sizes at one price: "D2 v2/DS2 v2".
_SIZE_OF_AZURE = re.compile(r"^([A-Z]+\d+[a-z0-9-]*)((?: v\d+)?)(?:/.*)?$")
_GOOGLE = re.compile(
    r"^(?P<series>.*?) ?(?:Predefined |Custom )?(?:Extended )?(?:Instance )?(?P<what>Core|Ram) (?:running )?in .+$"
)


def vendor_of(provider: str) -> str:
    """Return the vendor whom a bill calls so: aws, azure, gcp; "" for others."""
    name = provider.lower()
    begins = {"aws": ("aws", "amazon"), "azure": ("microsoft", "azure"), "gcp": ("google", "gcp")}
    return next((vendor for vendor, begin in begins.items() if name.startswith(begin)), "")


@lru_cache(maxsize=4096)  # a bill says the same in every hour
def product_of(
    provider: str, service: str, region: str, meter: str, operation: str, name: str = "", series: str = ""
) -> Product | None:
    """Return the product of a line of a bill; None for what no commitment is known to cover.

    name, series  what Azure calls the meter and its category, what AWS and Google write beside the line
    """
    vendor = vendor_of(provider)
    if vendor == "aws":
        return _of_aws(region, name, meter, operation)
    if vendor == "azure":
        return _of_azure(region, name, series) if service == "Virtual Machines" else None
    return _of_google(region, name) if vendor == "gcp" else None


def _of_aws(region: str, name: str, meter: str, operation: str) -> Product | None:
    typed, serverless, described = _TYPED.search(meter), _SERVERLESS.search(meter), _DESCRIBED.search(name)
    if serverless:
        service = "AWSLambda" if serverless[1].startswith("Lambda") else "AmazonECS"
        return Product("aws", service, region, serverless[1])
    if not typed:
        return (
            Product("aws", "AmazonEC2", region, described[2], described[1], (), described[1] == "Linux")
            if described
            else None
        )
    use, size = typed.groups()
    if use in {"BoxUsage", "DedicatedUsage"}:
        system = _SYSTEMS.get(operation, "")
        dedicated = ", dedicated" if use == "DedicatedUsage" else ""
        if not operation:  # the price on demand tells
            systems = tuple(f"{one}{dedicated}" for one in SYSTEMS)
            return Product("aws", "AmazonEC2", region, size, "", systems)
        flexible = system == "Linux" and not dedicated
        return Product("aws", "AmazonEC2", region, size, f"{system}{dedicated}", (), flexible) if system else None
    if use == "NodeUsage":
        engine = _CACHES.get(operation)
        return Product("aws", "AmazonElastiCache", region, size, engine) if engine else None
    engine = _ENGINES.get(operation)
    zones = ", Multi-AZ" if use == "Multi-AZUsage" else ""
    return Product("aws", "AmazonRDS", region, size, f"{engine}{zones}", (), flexible=True) if engine else None


def _of_azure(region: str, name: str, series: str) -> Product | None:
    size = _SIZE_OF_AZURE.match(name)
    if not size:
        return None
    system = "Windows" if series.endswith("Windows") else "Linux"
    return Product(
        "azure", "Virtual Machines", region.lower(), f"Standard_{size[1]}{size[2].replace(' ', '_')}", system
    )


def _of_google(region: str, name: str) -> Product | None:
    found = _GOOGLE.match(name)
    # What is priced for a time of its own, or attached to something, is named before the series.
    if not found or name.startswith(("Spot", "Preemptible", "Commitment", "Sole", "Reserved", "DWS", "Calendar")):
        return None
    series = "" if found["series"] in {"N1", "Custom", ""} else found["series"].removesuffix(" Custom")
    return Product(
        "gcp", "Compute Engine", region, f"{series or 'N1'} {'vCPU' if found['what'] == 'Core' else 'memory'}"
    )


def selector_of(product: Product) -> Selector:
    """Return what selects a product's price on demand in the catalog, as the cost definitions do."""
    attributes: list[tuple[str, Match]] = []
    family: Match | None = None
    if product.service == "AmazonEC2":
        system, _, dedicated = product.what.partition(", ")
        family = Pattern("^Compute Instance( [(]bare metal[)])?$")
        attributes = [
            ("instanceType", product.name),
            ("operatingSystem", system),
            ("tenancy", "Dedicated" if dedicated == "dedicated" else "Shared"),
            ("licenseModel", "Bring your own license" if dedicated == "own license" else "No License required"),
            ("preInstalledSw", "NA"),
            ("capacitystatus", "Used"),
        ]
    elif product.service == "AmazonRDS":
        engine, _, zones = product.what.partition(", ")
        family = "Database Instance"
        attributes = [
            ("instanceType", product.name),
            ("databaseEngine", engine),
            ("deploymentOption", "Multi-AZ" if zones else "Single-AZ"),
        ]
    elif product.service == "AmazonElastiCache":
        family = "Cache Instance"
        attributes = [("instanceType", product.name), ("cacheEngine", product.what), ("locationType", "AWS Region")]
    elif product.service == "Virtual Machines":
        attributes = [("armSkuName", product.name), ("operatingSystem", product.what)]
    else:
        attributes = [("usagetype", product.name)]
    return Selector(product.vendor, product.service, product.region, family, tuple(attributes))
