"""Imports a made bill of a million rows, shows its ledger and sums it up: time of the processor and memory, each command in a process of its own.

python benchmarks/bills.py [ROWS]
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHOP = Path(__file__).parent.parent / "examples" / "shop-ledger" / "bill.csv"


def main(rows: int) -> None:
    """Print a line for each command."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        bill = folder / "bill.csv"
        made(bill, rows)
        print(f"{rows:,} rows, {bill.stat().st_size / 1e6:.0f} MB")
        allocation = ["--allocation", str(SHOP.parent / "allocation.yaml"), "--from", "2026-08"]
        for name, args in (
            ("ledger import", [str(bill)]),
            ("ledger import", [str(bill)]),
            ("ledger show", []),
            ("ledger verify", []),
            ("spend", ["--from", "2026-08"]),
            ("spend", ["--by", "service,month", "--from", "2026-08"]),
            ("spend", ["--by", "address", "--from", "2026-08"]),
            ("spend", ["--by", "resource", "--from", "2026-08"]),
            ("spend", ["--by", "tag:env,account,region,category,meter", "--from", "2026-08"]),
            ("spend", ["--allocated", *allocation]),
            ("spend", ["--allocated", "--team", "shop", *allocation]),
            ("spend", ["--from", "2026-08", "--format", "focus", "--out", str(folder / "out.csv")]),
            ("spend", ["--from", "2026-08", "--format", "focus", "--out", str(folder / "out.parquet")]),
            ("spend", ["--allocated", *allocation, "--format", "focus", "--out", str(folder / "out.csv")]),
        ):
            measured([*name.split(), *args, "--ledger", str(folder / "ledger")])
        kept = sum(path.stat().st_size for path in (folder / "ledger").rglob("*.parquet"))
        print(f"kept in {kept / 1e6:.1f} MB")


def made(target: Path, rows: int) -> None:
    """Write the bill of the example again and again, each time for other resources, until it has so many rows."""
    with SHOP.open(newline="", encoding="utf-8") as file:
        names, *shop = csv.reader(file)
    place = names.index("ResourceId")
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for number in range(rows):
            row = list(shop[number % len(shop)])
            row[place] = row[place] and f"{row[place]}-{number // len(shop)}"
            writer.writerow(row)


def measured(args: list[str]) -> None:
    """Run a command and print what it took."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "guardrail", *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - begun
    cpu = used.ru_utime + used.ru_stime
    print(
        f"{' '.join(args[:-2])}: {took:.1f} s, {cpu:.1f} s of the processor, {used.ru_maxrss / 1e3:.0f} MB, exit code {process.returncode}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
