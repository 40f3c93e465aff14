"""Amounts in other currencies, at rates that somebody has written down with their source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from guardrail.errors import ConfigError
from guardrail.finops.charge import Charge
from guardrail.finops.csv_file import number_of, rows_of
from guardrail.model.money import plain


class Rate(Struct, frozen=True):
    """What one unit of a currency is of another, and who says so."""

    value: Decimal
    source: str


Rates = Mapping[tuple[str, str, str], Rate]
"""By month (2026-10), the currency that is converted, and the one that it becomes."""
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def read_rates(path: Path) -> Rates:
    """Return the rates of a CSV file with the columns month, from, to, rate and source. Raises ConfigError with file and line."""
    found: dict[tuple[str, str, str], Rate] = {}
    for where, row in rows_of(path, ("month", "from", "to", "rate", "source")):
        key = row["month"], row["from"], row["to"]
        if not _MONTH.fullmatch(row["month"]):
            raise ConfigError(f"{row['month']!r:.40} is no month like 2026-10", where=where)
        if key in found:
            raise ConfigError(f"the rate of {' '.join(key)} is there twice", where=where)
        rate = number_of(row["rate"])
        if rate is None or rate <= 0:
            raise ConfigError(f"{row['rate']!r:.40} is no rate above 0", where=where)
        found[key] = Rate(rate, row["source"])
    return found


def converted(charges: Iterable[Charge], currency: str, rates: Rates) -> tuple[list[Charge], tuple[str, ...]]:
    """Return charges in one currency, each at the rate of its month, and notes that tell the rates.

    Amounts stay exact fractions. Raises ConfigError for a rate that is not there.
    """
    found: list[Charge] = []
    used: dict[tuple[str, str], Rate] = {}
    for one in charges:
        if one.currency == currency:
            found.append(one)
            continue
        rate = rates.get((one.month, one.currency, currency))
        if rate is None:
            what = f"no rate of {one.month} from {one.currency} to {currency}"
            raise ConfigError(
                what, fix="`guardrail ledger import --rates` adds one, or --rates has it: month,from,to,rate,source"
            )
        used[one.month, one.currency] = rate
        amount = None if one.amount is None else one.amount * Fraction(rate.value)
        found.append(replace(one, currency=currency, amount=amount))
    notes = (
        f"{of} of {month} at {plain(rate.value)} {currency} ({rate.source})"
        for (month, of), rate in sorted(used.items(), key=lambda item: item[0])
    )
    return found, tuple(notes)
