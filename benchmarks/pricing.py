"""Measures `guardrail pricing sync` on AWS price lists of real size: rows a second, and peak memory.

`python benchmarks/pricing.py [--mb 300]` generates an offer file, of the shape and the width of AmazonEC2's, as CSV and
as JSON, and one of a third of the size with savings plans for what is in it; syncs each in a process of its own, and
writes PRICING.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

RESULTS = Path(__file__).parent / "PRICING.md"
BASE = "offers/v1.0/aws"
PATH = f"{BASE}/AmazonEC2/20260901000000/eu-west-1/index"
TITLES = ("SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange",
          "EndingRange", "Unit", "PricePerUnit", "Currency", "RelatedTo", "LeaseContractLength", "PurchaseOption",
          "OfferingClass", "Product Family", "serviceCode", "Location", "Location Type", "Instance Type",
          "Operating System", "License Model", "Tenancy", "CapacityStatus", "Pre Installed S/W", "usageType",
          "operation", "Region Code")  # fmt: skip
PLANS = "savingsPlan/v1.0/aws/AWSComputeSavingsPlan"
PLAN_TITLES = ("SKU", "RateCode", "Unit", "EffectiveDate", "DiscountedRate", "Currency", "DiscountedSKU",
               "DiscountedServiceCode", "DiscountedUsageType", "DiscountedOperation", "PurchaseOption",
               "LeaseContractLength", "LeaseContractLengthUnit", "ServiceCode", "UsageType", "Operation", "Description",
               "Instance Family", "Location", "Location Type", "Granularity", "Product Family", "DiscountedRegionCode",
               "DiscountedInstanceType")  # fmt: skip
OVERLAY = """version: 1
coverage:
- {vendor: aws, percent: 50, savings_plan: {kind: compute, term: 1yr, payment: no_upfront}}
- {vendor: aws, percent: 50, savings_plan: {kind: compute, term: 3yr, payment: all_upfront}}
"""
FILLING = 60  # columns that nothing selects by; AmazonEC2 has about 90 in all


def generate(root: Path, size: int, *, as_json: bool) -> int:
    """Write an offer file of so many bytes and its indexes; return its rows."""
    file = root / f"{PATH}.{'json' if as_json else 'csv'}"
    file.parent.mkdir(parents=True)
    rows = _json(file, size) if as_json else _csv(file, size)
    index = f"/{BASE}/AmazonEC2/current/region_index.json"
    _write(root / index[1:], {"regions": {"eu-west-1": {"currentVersionUrl": f"/{PATH}.json"}}})
    _write(root / BASE / "index.json", {"offers": {"AmazonEC2": {"currentRegionIndexUrl": index}}})
    return rows


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def _csv(file: Path, size: int) -> int:
    count = 0
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, quoting=csv.QUOTE_ALL)
        writer.writerows([("FormatVersion", "v1.0"), ("Publication Date", "2026-09-01T00:00:00Z")])
        writer.writerow([*TITLES, *(f"Filling {n}" for n in range(FILLING))])
        while text.tell() < size:
            for _ in range(1000):
                writer.writerow(_row(count))
                count += 1
    return count


def _row(number: int) -> list[str]:
    """Return a row: one in eight is such that a definition selects it, and half are reservations."""
    product, kind = divmod(number, 8)
    on_demand = kind < 4  # noqa: PLR2004 - half of them
    term = ["OnDemand", "", "", ""] if on_demand else ["Reserved", "1yr", "No Upfront", "standard"]
    status = ("Used", "AllocatedCapacityReservation", "UnusedCapacityReservation", "Used")[kind % 4]
    software = "NA" if kind == 0 else "SQL Ent"
    sku = f"SKU{number // 2:013}"
    return [sku, "JRTCKXETXF", f"{sku}.JRTCKXETXF.6YS6EN2CT7", term[0], "$0.1 per On Demand Linux m5.large Instance",
            "2026-09-01", "0", "Inf", "Hrs", f"0.{number % 10_000_000:010}", "USD", "", *term[1:], "Compute Instance",
            "AmazonEC2", "EU (Ireland)", "AWS Region", f"m{product // 4}.large", "Linux", "No License required",
            "Shared", status, software, f"EU-BoxUsage:m{product}.large", "RunInstances", "eu-west-1",
            *(["a value"] * FILLING)]  # fmt: skip


def _json(file: Path, size: int) -> int:
    """Nothing is held in memory: a child's peak is no lower than what its parent has when it starts."""
    numbers = range(0, size // 1064, 2)
    names = ("locationType", "instanceType", "operatingSystem", "licenseModel", "tenancy", "capacitystatus",
             "preInstalledSw", "usagetype", "operation", "regionCode")  # fmt: skip
    with file.open("w", encoding="utf-8") as text:
        text.write('{"offerCode":"AmazonEC2","publicationDate":"2026-09-01T00:00:00Z","products":{')
        for number in numbers:
            row = _row(number)
            attributes = dict(zip(names, row[18:28], strict=True)) | {f"filling{n}": "a value" for n in range(FILLING)}
            product = {"sku": row[0], "productFamily": "Compute Instance", "attributes": attributes}
            text.write(f"{',' if number else ''}{json.dumps(row[0])}:{json.dumps(product)}")
        text.write('},"terms":{"OnDemand":{')
        for number in numbers:
            row = _row(number)
            rate = {"unit": "Hrs", "beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": row[9]}}
            offer = {"offerTermCode": row[1], "sku": row[0], "priceDimensions": {row[2]: rate}, "termAttributes": {}}
            text.write(f"{',' if number else ''}{json.dumps(row[0])}:{json.dumps({f'{row[0]}.{row[1]}': offer})}")
        text.write("}}}")
    return len(numbers)


def generate_plans(root: Path, products: int, size: int) -> int:
    """Write savings plans of so many bytes for the first products of an offer file; return their rates."""
    path = f"/{PLANS}/20260901000000/eu-west-1/index"
    file = root / f"{path[1:]}.csv"
    file.parent.mkdir(parents=True)
    _write(
        root / PLANS / "current" / "region_index.json",
        {"regions": [{"regionCode": "eu-west-1", "versionUrl": f"{path}.json"}]},
    )
    count = 0
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerows([("FormatVersion", "v1.0"), ("Publication Date", "2026-09-01T00:00:00Z")])
        writer.writerow(PLAN_TITLES)
        while text.tell() < size:
            for _ in range(1000):
                writer.writerow(_rate(*divmod(count, products)))
                count += 1
    return count


def _rate(plan: int, number: int) -> list[str]:
    payment, sku = ("No Upfront", "Partial Upfront", "All Upfront")[plan % 3], f"SKU{number:013}"
    years = "1" if plan % 6 < 3 else "3"  # noqa: PLR2004 - half of them
    return [f"PLAN{plan:012}", f"PLAN{plan:012}.{sku}", "Hrs", "2026-09-01T00:00:00Z", "0.05", "USD", sku, "AmazonEC2",
            f"EU-BoxUsage:m{number}.large", "RunInstances", payment, years, "year", "ComputeSavingsPlans",
            "ComputeSP:1yrNoUpfront", "", f"{years} year {payment} Compute Savings Plan", "", "Any", "AWS Region",
            "hourly", "ComputeSavingsPlans", "eu-west-1", f"m{number}.large"]  # fmt: skip


def measure(size: int, *, as_json: bool = False, with_plans: bool = False) -> str:
    """Generate, sync in a child, and say what it took as a row of a table. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "lists"
        rows = generate(root, size, as_json=as_json)
        configured: list[str] = []
        if with_plans:
            rows += generate_plans(root, rows // 2, size)
            (Path(folder) / "prices.yaml").write_text(OVERLAY, encoding="utf-8")
            (Path(folder) / "guardrail.yaml").write_text(
                "version: 1\npricing: {overlay: prices.yaml}\n", encoding="utf-8"
            )
            configured = ["--config", str(Path(folder) / "guardrail.yaml")]
        written = sum(file.stat().st_size for file in root.rglob("index.*"))
        environment = {**os.environ, "GUARDRAIL_CACHE_DIR": str(Path(folder) / "cache")}
        guardrail = [sys.executable, "-m", "guardrail", "pricing"]
        # The shipped catalog of a checkout is compiled first, so that the sync alone is measured.
        subprocess.run([*guardrail, "status"], check=True, env=environment, stdout=subprocess.DEVNULL)
        started = time.perf_counter()
        command = [*guardrail, "sync", "--vendor", "aws", "--service", "AmazonEC2", "--from", str(root), *configured]
        child = subprocess.Popen(command, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        took = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, command)
    kind = "JSON" if as_json else "CSV, and savings plans in CSV" if with_plans else "CSV"
    peak, worked = usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime
    return (
        f"| {kind} | {written / 1e6:.0f} MB | {rows:,} | {took:.1f} s | {worked:.1f} s | {rows / worked:,.0f} "
        f"| {peak:.0f} MB |"
    )


def main() -> None:
    """Measure both formats, and write what it took."""
    parser = argparse.ArgumentParser(description="Measures `guardrail pricing sync`.")
    parser.add_argument("--mb", type=int, default=300)
    size = parser.parse_args().mb * 1_000_000
    lines = [
        "# Measurements of `guardrail pricing sync`\n",
        f"`python benchmarks/pricing.py`, {date.today()}, Python {platform.python_version()}, {platform.system()}.\n",  # noqa: DTZ011
        "A generated offer file as wide as AmazonEC2's, from a folder; whole processes, from start to exit, the new",
        "catalog built and swapped. In JSON a row is a product with its price, in CSV a price; of the savings plans two of",
        "six are asked for. Other programs used the machine's two cores at the same time, several to a core: rows a second",
        "are of processor time.\n",
        "| format | files | rows | time | processor | rows a second | peak memory |",
        "|---|---:|---:|---:|---:|---:|---:|",
        measure(size),
        measure(size, as_json=True),
        measure(size // 3, with_plans=True),
    ]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
