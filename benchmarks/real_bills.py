"""Imports every bill below a folder, each into a ledger of its own, and holds its totals against plain sums of its columns.

    python benchmarks/real_bills.py FOLDER [--markdown]

A file that is refused is shown with the reason. Exit code 1 where a total differs.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from guardrail.errors import GuardrailError
from guardrail.ledger.importing import Importing
from guardrail.ledger.store import Folder
from guardrail.ledger.views import open_ledger
from guardrail.model.money import plain

BILLED = (
    "BilledCost",
    "lineItem/UnblendedCost",
    "line_item_unblended_cost",
    "CostInBillingCurrency",
    "Cost",
    "PreTaxCost",
    "cost/myCost",
)


def main(folder: Path, *, is_markdown: bool) -> int:
    """Print a line for each file, and return the exit code."""
    wrong = 0
    if is_markdown:
        print("| file | format, rows | billed | effective | plain sum |")
        print("|---|---|--:|--:|--:|")
    for path in sorted(folder.rglob("*.csv")):
        name, summed = path.relative_to(folder).as_posix(), plain_sum(path)
        row = imported(path)
        if isinstance(row, str) and "more than 18 decimals" in row:
            print(f"| {name} | refused: {row} | | | |" if is_markdown else f"{name}: refused: {row}")
            name, row = f"{name}, with --round", imported(path, rounds=True)
        if isinstance(row, str):
            print(f"| {name} | refused: {row} | | | |" if is_markdown else f"{name}: refused: {row}")
            continue
        rows, billed, effective = row
        is_same = summed is None or summed in {billed, effective}
        wrong += not is_same
        told = [plain(amount) or "not in it" for amount in (billed, effective, summed)]
        mark = "" if is_same else " DIFFERS"
        if is_markdown:
            print(f"| {name} | {rows:,} | {' | '.join(told)}{mark} |")
        else:
            print(f"{name}: {rows:,} rows, billed {told[0]}, effective {told[1]}, plain sum {told[2]}{mark}")
    return 1 if wrong else 0


def imported(path: Path, *, rounds: bool = False) -> tuple[int, Decimal | None, Decimal | None] | str:
    """Return rows, billed and effective total of a bill in a ledger, or why it is refused."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Folder(Path(scratch))
        try:
            Importing("real", "", datetime(2026, 11, 28, tzinfo=UTC), rounds).run([path], store)
            ((rows, billed, effective),) = open_ledger(store).rows(
                "select count(*), sum(billed_cost), sum(effective_cost) from charges"
            )
        except GuardrailError as error:
            return str(error).replace(str(path), path.name)
    return rows, billed, effective


def plain_sum(path: Path) -> Decimal | None:
    """Return the sum of the column that says what is billed, with nothing but the standard library; None for none."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return summed(csv.DictReader(file))


def summed(rows: Iterator[dict[str, str]] | csv.DictReader[str]) -> Decimal | None:
    """Sum the first column that is one of those that say what is billed."""
    total: Decimal | None = None
    for row in rows:
        named = {key.casefold(): value for key, value in row.items() if key}
        text = next((named[name.casefold()] for name in BILLED if name.casefold() in named), None)
        if text is None:
            continue
        try:
            total = (total or Decimal(0)) + Decimal(text)
        except InvalidOperation:
            continue
    return total


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), is_markdown="--markdown" in sys.argv))
