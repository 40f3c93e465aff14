"""Values of KPIs, or why there are none: what the terminal, JSON, Markdown and pages show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from guardrail.errors import ConfigError
from guardrail.finops.kpis.kpi_file import Direction, Kpi

_PLACES = 18
_DIGITS = 60  # of a number that SQL gives; longer ones are no amounts
Cell = Decimal | str | None
Row = Mapping[str, Cell]

COLUMNS = ("value", "numerator", "denominator", "missing", "of")
"""What the SQL of a KPI may give."""

ABSENT = {
    "charges": "a bill of {month}: `guardrail ledger import` adds one",
    "matched": "a bill of {month}: `guardrail ledger import` adds one",
    "allocated": "a bill of {month}: `guardrail ledger import` adds one",
    "runs": "runs: `guardrail ledger add` adds results of `guardrail check`",
    "lines": "runs: `guardrail ledger add` adds results of `guardrail check`",
    "lines_before": "runs with what was there before: `guardrail ledger add` adds results of `guardrail check`",
    "findings": "findings: no run in the ledger has any",
    "inventory": "states: `terraform show -json | guardrail ledger add -` adds one",
    "metrics": "metrics: `guardrail ledger import` adds those of monitoring",
    "decisions": "decisions: `guardrail ledger decide` records one",
    "rates": "exchange rates: `guardrail ledger import --rates` adds them",
    "compared": "an estimate and a bill of {month} of the same resources",
    "savings": "a merged change that was to save something, and bills around it",
    "budgets": "a bill of {month}, and a budget in guardrail.yaml that says what may be billed",
    "budgeted": "a bill of {month}, and a budget in guardrail.yaml that says what may be billed",
    "anomalies": "an anomaly in {month}: `guardrail anomalies` found none",
    "recommendations": "recommendations: kpis.recommendations in guardrail.yaml names the JSON of `guardrail recommend`",
    "units": "units of {month}: kpis.units in guardrail.yaml names a CSV with month, unit, value",
}
"""What is said where a view that a KPI needs has no row."""


class KpiValue(Struct, frozen=True):
    """A value of a KPI.

    of           which of several it is, a service for example; None for the only one
    group        the team or the project that it is of, None for nobody's, and where nothing is told apart
    value        None where it is not known; `missing` then says why
    numerator, denominator  what it was divided from, exact; None where the SQL gives the value itself
    previous     the value of the month before, None where it is not known
    """

    of: str | None = None
    group: str | None = None
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    missing: str = ""
    previous: Decimal | None = None


class KpiAnswer(Struct, frozen=True):
    """A KPI with its values, one or more.

    target   what guardrail.yaml says, else the file
    is_told  whether it is told by team or project, where that was asked for; else its one value says why not
    """

    kpi: Kpi
    values: tuple[KpiValue, ...]
    target: Decimal | None = None
    is_shipped: bool = True
    is_told: bool = True

    def meets(self, one: KpiValue) -> bool | None:
        """Say whether a value reaches the target; None where either is not there, or nothing is better."""
        if one.value is None or self.target is None or self.kpi.direction is Direction.NONE:
            return None
        return one.value >= self.target if self.kpi.direction is Direction.UP else one.value <= self.target


class Kpis(Struct, frozen=True):
    """KPIs of a month.

    by     team or project, "" for the whole
    open   source and month of bills that may still change
    notes  what a reader should know, a line each
    """

    month: str
    currency: str
    by: str
    answers: tuple[KpiAnswer, ...]
    open: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def one(self, kpi: str) -> KpiValue | None:
        """Return the first value of a KPI, None where it is not among those that were asked for."""
        return next((each.values[0] for each in self.answers if each.kpi.id == kpi), None)


def absent(views: Sequence[str], month: str) -> str:
    """Say what is needed where views have no row."""
    return f"needs {ABSENT[views[0]].format(month=month)}"


def values_of(rows: Sequence[Row], where: str) -> list[KpiValue]:
    """Return what the rows of a KPI's SQL say. Raises ConfigError for what is no answer."""
    if not rows:
        raise ConfigError("sql gives no row", where=where, fix="a sum without `group by` gives one, whatever there is")
    found = [_value(row, where) for row in rows]
    names = [one.of for one in found]
    if len(found) > 1 and (None in names or len(set(names)) < len(names)):
        raise ConfigError("sql gives several rows, which a column `of` does not tell apart", where=where)
    return found


def _value(row: Row, where: str) -> KpiValue:
    if unknown := [name for name in row if name not in COLUMNS]:
        fix = f"it gives numerator and denominator, or value; and may give missing and of: {', '.join(COLUMNS)}"
        raise ConfigError(f"sql gives a column {unknown[0]!r:.60}", where=where, fix=fix)
    if ("value" in row) == ("denominator" in row and "numerator" in row):
        raise ConfigError("sql gives neither value nor numerator and denominator, or both", where=where)
    of, missing = (_text(row, name, where) for name in ("of", "missing"))
    if missing:
        return KpiValue(of, missing=missing)
    try:
        value, numerator, denominator = (_number(row, name) for name in ("value", "numerator", "denominator"))
    except ValueError as error:
        return KpiValue(of, missing=str(error))
    if "value" in row:
        return KpiValue(of, value=value, missing="" if value is not None else "not told: the facts give no value")
    if numerator is None or denominator is None:
        lacks = "numerator" if numerator is None else "denominator"
        return KpiValue(of, None, None, numerator, denominator, f"not told: the facts give no {lacks}")
    if not denominator:
        return KpiValue(of, None, None, numerator, denominator, "nothing to divide by: the denominator is 0")
    return KpiValue(of, None, ratio(numerator, denominator), numerator, denominator)


def ratio(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Return a ratio, rounded at the 18th decimal."""
    whole = Fraction(numerator) / Fraction(denominator)
    units = round(whole * 10**_PLACES)
    return Decimal((int(units < 0), tuple(map(int, str(abs(units)))), -_PLACES))


def _number(row: Row, name: str) -> Decimal | None:
    """Return a number. Raises ValueError, with what to say, for what is none, or too long to be one."""
    found = row.get(name)
    if isinstance(found, str):
        msg = f"not told: the {name} is {found[:40]!r}, which is no number"
        raise ValueError(msg)  # noqa: TRY004 - it is what SQL has given, which is no bug of a caller
    if found is not None and (abs(found.adjusted()) > _DIGITS or len(found.as_tuple().digits) > _DIGITS):
        msg = f"not told: the {name} has more than {_DIGITS} digits"
        raise ValueError(msg)
    return found


def _text(row: Row, name: str, where: str) -> str | None:
    found = row.get(name)
    if found is None or isinstance(found, str):
        return (found[:200] or None) if found else None
    raise ConfigError(f"sql gives a number as `{name}`, which is a text", where=where)


def with_previous(now: Iterable[KpiValue], before: Iterable[KpiValue]) -> list[KpiValue]:
    """Return values with those of the month before beside them."""
    earlier = {(one.group, one.of): one.value for one in before}
    return [
        KpiValue(
            one.of, one.group, one.value, one.numerator, one.denominator, one.missing, earlier.get((one.group, one.of))
        )
        for one in now
    ]
