"""Imports every bill below a folder, each into a ledger of its own, and holds its totals against plain sums of its columns.

    python benchmarks/real_bills.py FOLDER [--markdown]

A bill in several currencies is imported by each of them, one with more than 18 decimals is rounded. A file that is refused is
shown with the reason. The plain sums are made with nothing but the standard library. Exit code 1 where a total differs.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

from guardrail.errors import GuardrailError
from guardrail.ledger.storage.store import Folder
from guardrail.ledger.views import open_ledger
from guardrail.ledger.writing.importing import Importing
from guardrail.model.money import plain

COSTS = (
    *("BilledCost", "lineItem/UnblendedCost", "line_item_unblended_cost", "CostInBillingCurrency"),
    *("PreTaxCost", "cost/myCost", "Cost"),
)
CURRENCIES = (
    *("BillingCurrency", "lineItem/CurrencyCode", "line_item_currency_code", "BillingCurrencyCode"),
    *("cost/currencyCode", "Currency"),
)
PLACES = Decimal(1).scaleb(-18)
Sums = tuple[int, Decimal | None, Decimal | None]
"""Rows, billed cost and effective cost."""


def main(folder: Path, *, is_markdown: bool) -> int:
    """Print a line for each bill, and return the exit code."""
    wrong = 0
    if is_markdown:
        print("| file | rows | billed | effective | plain sum |\n|---|--:|--:|--:|--:|")
    for path in sorted(folder.rglob("*.csv")):
        for name, found, summed in bills_of(path, path.relative_to(folder).as_posix()):
            if isinstance(found, str):
                print(f"| {name} | refused: {found} | | | |" if is_markdown else f"{name}: refused: {found}")
                continue
            rows, billed, effective = found
            is_same = summed is None or summed in {billed, effective}
            wrong += not is_same
            told = [plain(amount) or "not in it" for amount in (billed, effective, summed)]
            mark = "" if is_same else " DIFFERS"
            if is_markdown:
                print(f"| {name} | {rows:,} | {' | '.join(told)}{mark} |")
            else:
                print(f"{name}: {rows:,} rows, billed {told[0]}, effective {told[1]}, plain sum {told[2]}{mark}")
    return 1 if wrong else 0


def bills_of(path: Path, name: str) -> list[tuple[str, Sums | str, Decimal | None]]:
    """Return the bills in a file: name, what became of each, and the plain sum of what it costs."""
    found = imported(path)
    if not isinstance(found, str):
        return [(name, found, next(iter(plain_sums(path).values()), None))]
    if "more than 18 decimals" in found:
        rounded = next(iter(plain_sums(path, rounds=True).values()), None)
        return [(name, found, None), (f"{name}, with --round", imported(path, rounds=True), rounded)]
    if "currencies" in found:
        by_currency = plain_sums(path)
        alone = [(f"{name}, {one}", imported(path, currency=one), total) for one, total in sorted(by_currency.items())]
        return [(name, found, None), *alone]
    return [(name, found, None)]


def imported(path: Path, *, rounds: bool = False, currency: str = "") -> Sums | str:
    """Return what a bill comes to in a ledger, or why it is refused."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Folder(Path(scratch))
        try:
            Importing("real", "", datetime(2026, 11, 28, tzinfo=UTC), rounds, currency).run([path], store)
            ((rows, billed, effective),) = open_ledger(store).rows(
                "select count(*), sum(billed_cost), sum(effective_cost) from charges"
            )
        except GuardrailError as error:
            return str(error).replace(str(path), path.name)
    return rows, billed, effective


def plain_sums(path: Path, *, rounds: bool = False) -> Mapping[str, Decimal]:
    """Return the sums of the first column that says what a row costs, with its credits, by currency."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            # Azure's exports in other languages: Ressourcengruppe (ResourceGroup)
            named = {key.rpartition("(")[2].rstrip(")").casefold(): value for key, value in row.items() if key}
            cost = next((named[name.casefold()] for name in COSTS if name.casefold() in named), None)
            currency = next((named[name.casefold()] for name in CURRENCIES if name.casefold() in named), "")
            try:
                amount = Decimal(cost or "")
            except InvalidOperation:
                continue
            sums[currency] += amount.quantize(PLACES, ROUND_HALF_UP) if rounds else amount
            sums[currency] += sum(Decimal(str(one["amount"])) for one in credits_of(named.get("credits") or "[]"))
    return sums


def credits_of(text: str) -> list[Mapping[str, Decimal]]:
    """Return Google's credits of a row; none where they are no JSON, as in a file that is refused."""
    try:
        return list(json.loads(text, parse_float=Decimal))
    except ValueError:
        return []


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), is_markdown="--markdown" in sys.argv))
