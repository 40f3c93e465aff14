"""What a test of a KPI expects, held to what came of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from guardrail.finops.kpis.answer import KpiValue
from guardrail.finops.kpis.kpi_file import KpiTest
from guardrail.model.money import plain, rounded


class Tested(Struct, frozen=True):
    """A test that has run: what does not fit, "" for nothing."""

    kpi: str
    name: str
    where: str
    mismatch: str


def rows_with_month(test: KpiTest, columns: Mapping[str, Mapping[str, str]]) -> dict[str, list[dict[str, Any]]]:
    """Return a test's rows with the month and the currency that are asked for, where they say none. Amounts are texts."""
    found: dict[str, list[dict[str, Any]]] = {}
    for view, rows in test.views.items():
        usual = {"month": test.month, "billing_currency": test.currency, "currency": test.currency}
        there = {name: value for name, value in usual.items() if name in columns[view]}
        found[view] = [{**there, **{name: _told(value) for name, value in row.items()}} for row in rows]
    # What bills have is one table under two names.
    for one, other in (("charges", "matched"), ("matched", "charges")):
        if one in found and other in columns:
            found.setdefault(other, found[one])
    return found


def _told(value: Any) -> Any:
    """Return a number as text, which keeps it exact."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def mismatch(test: KpiTest, values: Sequence[KpiValue]) -> str:
    """Say what of a test's values is not as it expects, "" for nothing."""
    if test.values is not None:
        got = {one.of or "": one.value for one in values}
        if got.keys() != test.values.keys():
            return f"expected values of {', '.join(test.values) or 'nothing'}, got {', '.join(got) or 'nothing'}"
        wrong = [name for name, expected in test.values.items() if not _same(expected, got[name])]
        return f"expected {wrong[0]} {test.values[wrong[0]]}, got {plain(got[wrong[0]])}" if wrong else ""
    if len(values) != 1:
        return f"expected one value, got {len(values)}: `values` expects several"
    (one,) = values
    if test.missing is not None:
        if one.value is not None:
            return f"expected no value, got {plain(one.value)}"
        return "" if test.missing in one.missing else f"expected the reason {test.missing!r}, got {one.missing!r}"
    if one.value is None:
        return f"expected {test.value}, got no value: {one.missing}"
    for name in ("value", "numerator", "denominator"):
        expected, got_one = getattr(test, name), getattr(one, name)
        if expected is not None and not _same(expected, got_one):
            return f"expected the {name} {expected}, got {plain(got_one)}"
    return ""


def _same(expected: Decimal | None, got: Decimal | None) -> bool:
    """Say whether a value is what is expected, to the decimals that are written there."""
    if expected is None or got is None:
        return expected is got
    places = max(0, -int(expected.as_tuple().exponent))
    return rounded(got, places) == expected
