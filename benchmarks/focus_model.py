"""Holds files in FOCUS against the requirement model of FOCUS, whose rules are data.

    python benchmarks/focus_model.py MODEL.json FILE... [--without CRITERION]... [--markdown]

MODEL.json is the model that the FinOps Foundation publishes with its validator (github.com/finopsfoundation/focus_validator,
`focus_validator/rules`). FILE is CSV, or Parquet. A criterion says what a vendor supports; those given do not hold. Exit code 1
where a rule that says MUST fails, those aside whose check contradicts their text.

A rule that is "dynamic" in the model is about what no file shows (what is on the invoice, what the vendor publishes), and is not
judged; nor is one of a column that is not there, or of a criterion that does not hold. Rules that only bundle others are as good
as those.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb

Row = Mapping[str, str | None]
PASSED, FAILED, UNJUDGED = "passed", "failed", "not applicable"
MISTAKEN = {
    "BilledCost-C-005-C": "the check compares names, and AWS's issuer is called Amazon Web Services, Inc.",
    "CommitmentDiscountCategory-C-005-M": "null is none of the values that the check takes, and the column may be null",
    "CommitmentDiscountStatus-C-003-C": "the check wants a value where the text wants null",
    "CommitmentDiscountStatus-C-004-C": "the check's condition is that there is no commitment, the text's that there is one",
    "CommitmentDiscountStatus-C-005-M": "the check takes Active, Expired, Pending; the specification Used, Unused",
    "EffectiveCost-C-005-C": "the check takes all purchases, the text those that cover future charges",
    "InvoiceId-C-004-C": "the check takes all rows, the text those without an invoice",
    "InvoiceId-C-005-C": "the check takes all rows, the text those with an invoice",
    "PricingCategory-C-007-M": "null is none of the values that the check takes, and taxes have to have null",
    "PricingQuantity-C-008-M": "the check wants a value in rows that other rules want null in",
}
"""Rules whose check contradicts their text. They are counted as failed, and named apart."""
CLOSE = Decimal("1e-9")
"""How far a product may be from what it has to be: AWS rounds costs at their tenth decimal."""
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
CURRENCY = re.compile(r"[A-Z]{3}")
UNIT = re.compile(r"(\d+ )?[A-Za-z]+([ /-](\d+ )?[A-Za-z]+)*")


@dataclass(frozen=True, slots=True)
class Data:
    """A file: its columns, and its rows, in which what is empty is null."""

    columns: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Model:
    """Rules by their ids, and the criteria that do not hold."""

    rules: Mapping[str, Any]
    without: frozenset[str]

    def outcome(self, name: str, data: Data) -> tuple[str, str]:
        """Return what becomes of a rule, and why."""
        rule = self.rules[name]
        criteria = rule["ValidationCriteria"]
        requirement = criteria["Requirement"]
        if self.without & set(rule["ApplicabilityCriteria"]):
            return UNJUDGED, "the vendor does not support it"
        if rule["Type"] == "Dynamic" or not requirement:
            return UNJUDGED, "no file shows it"
        bundled = _named(requirement)
        if bundled:
            return self._bundle([self.outcome(one, data)[0] for one in bundled])
        if criteria["Keyword"] == "MAY":
            return PASSED, ""
        if requirement["CheckFunction"] == "ColumnPresent":
            there = requirement["ColumnName"] in data.columns
            return (PASSED, "") if there else (FAILED, "the column is not there")
        absent = _columns(requirement) - set(data.columns)
        if absent:
            return UNJUDGED, f"{', '.join(sorted(absent))} is not there"
        return _judged(criteria, data)

    def _bundle(self, outcomes: Sequence[str]) -> tuple[str, str]:
        if FAILED in outcomes:
            return FAILED, "one that it bundles fails"
        return (PASSED, "") if PASSED in outcomes else (UNJUDGED, "none that it bundles is judged")


def _judged(criteria: Mapping[str, Any], data: Data) -> tuple[str, str]:
    requirement, condition = criteria["Requirement"], criteria["Condition"]
    rows = [row for row in data.rows if not condition or holds(condition, row)]
    if not rows:
        return UNJUDGED, "no row that it is about"
    if requirement["CheckFunction"] == "CheckDistinctCount":
        wrong = _many(requirement, rows)
    else:
        wrong = sum(not holds(requirement, row) for row in rows)
    return (FAILED, f"{wrong:,} of {len(rows):,}") if wrong else (PASSED, "")


def holds(check: Any, row: Row) -> bool:
    """Say whether a row is as a check of the model wants it. What is null is of every type and format."""
    checks = check if isinstance(check, list) else check.get("Items")
    if checks is not None:
        joined = any if not isinstance(check, list) and check["CheckFunction"] == "OR" else all
        return joined(holds(one, row) for one in checks)
    if "CheckFunction" not in check:  # the model wraps some conditions once more
        return all(holds(one, row) for one in check.values())
    value = row.get(check.get("ColumnName", ""))
    return CHECKS[check["CheckFunction"]](check, value, row)


def _equal(value: str | None, wanted: Any) -> bool:
    if value is None or wanted is None:
        return value is None and wanted is None
    number = _number(value)
    return value == str(wanted) or (isinstance(wanted, int) and number is not None and number == wanted)


def _number(value: str | None) -> Decimal | None:
    try:
        return None if value is None else Decimal(value)
    except InvalidOperation:
        return None


def _of_format(pattern: re.Pattern[str]) -> Callable[[Any, str | None, Row], bool]:
    return lambda _check, value, _row: value is None or pattern.fullmatch(value) is not None


def _pairs(_check: Any, value: str | None, _row: Row) -> bool:
    try:
        found = {} if value is None else json.loads(value)
    except ValueError:
        return False
    return isinstance(found, dict) and not any(isinstance(one, (dict, list)) for one in found.values())


def _product(check: Any, _value: str | None, row: Row) -> bool:
    a, b, result = (_number(row.get(check[name])) for name in ("ColumnAName", "ColumnBName", "ResultColumnName"))
    return a is None or b is None or (result is not None and abs(a * b - result) <= CLOSE)


def _not_below(check: Any, value: str | None, _row: Row) -> bool:
    number = _number(value)
    return number is None or number >= check["Value"]


def _many(check: Any, rows: Sequence[Row]) -> int:
    """Return how many values of a column stand beside more than one of another."""
    beside: defaultdict[str, set[str | None]] = defaultdict(set)
    for row in rows:
        if (value := row.get(check["ColumnAName"])) is not None:
            beside[value].add(row.get(check["ColumnBName"]))
    return sum(len(found) > check["ExpectedCount"] for found in beside.values())


CHECKS: Mapping[str, Callable[[Any, str | None, Row], bool]] = {
    "CheckValue": lambda check, value, _: _equal(value, check["Value"]),
    "CheckNotValue": lambda check, value, _: not _equal(value, check["Value"]),
    "CheckSameValue": lambda check, _, row: row.get(check["ColumnAName"]) == row.get(check["ColumnBName"]),
    "CheckNotSameValue": lambda check, _, row: row.get(check["ColumnAName"]) != row.get(check["ColumnBName"]),
    "CheckGreaterOrEqualThanValue": _not_below,
    "CheckDecimalValue": lambda _, value, __: _number(value) is not None,
    "CheckNationalCurrency": lambda _, value, __: value is not None and CURRENCY.fullmatch(value) is not None,
    "ColumnByColumnEqualsColumnValue": _product,
    "TypeString": lambda _, __, ___: True,
    "FormatString": lambda _, value, __: value is None or value.strip() != "",
    "TypeDecimal": _of_format(NUMBER),
    "FormatNumeric": _of_format(NUMBER),
    "TypeDateTime": _of_format(TIME),
    "FormatDateTime": _of_format(TIME),
    "FormatUnit": _of_format(UNIT),
    "FormatCurrency": _of_format(CURRENCY),
    "FormatKeyValue": _pairs,
}


def _named(requirement: Mapping[str, Any]) -> list[str]:
    """Return the rules that one bundles."""
    items = requirement.get("Items", [requirement])
    return [one["ModelRuleId"] for one in items if one.get("CheckFunction") == "CheckModelRule"]


def _columns(check: Any) -> set[str]:
    if isinstance(check, list):
        return set().union(*map(_columns, check))
    own = {value for name, value in check.items() if name.endswith(("ColumnName", "ColumnAName", "ColumnBName"))}
    return own.union(*map(_columns, check.get("Items", ())))


def read(path: Path) -> Data:
    """Return a file's rows as texts: times of Parquet as FOCUS writes them in CSV."""
    if path.suffix == ".parquet":
        with duckdb.connect() as database:
            database.execute("set timezone = 'UTC'")
            found = database.execute("select * from read_parquet(?)", [str(path)])
            columns = [name for name, *_ in found.description or ()]
            rows = [dict(zip(columns, map(_text, row), strict=True)) for row in found.fetchall()]
        return Data(columns, rows)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = [{name: value or None for name, value in row.items()} for row in reader]
        return Data(list(reader.fieldnames or ()), rows)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if hasattr(value, "strftime") else format(value, "f" * (value != str(value)))


def main() -> int:
    """Print what becomes of the rules, and return the exit code."""
    arguments = argparse.ArgumentParser(description="Holds files in FOCUS against the requirement model of FOCUS.")
    arguments.add_argument("model", type=Path)
    arguments.add_argument("files", type=Path, nargs="+")
    arguments.add_argument("--without", action="append", default=[], metavar="CRITERION")
    arguments.add_argument("--markdown", action="store_true")
    given = arguments.parse_args()
    document = json.loads(given.model.read_text(encoding="utf-8"))
    unknown = set(given.without) - document["ApplicabilityCriteria"].keys()
    if unknown:
        arguments.error(f"no criterion of the model: {', '.join(sorted(unknown))}")
    model = Model(document["ModelRules"], frozenset(given.without))
    is_broken = False
    if given.markdown:
        print("| file | rows | passed | failed | not applicable | fails |\n|---|--:|--:|--:|--:|---|")
    for path in given.files:
        data = read(path)
        outcomes = {name: model.outcome(name, data) for name in model.rules}
        counts = Counter(outcome for outcome, _ in outcomes.values())
        failed = {
            name: why
            for name, (outcome, why) in outcomes.items()
            if outcome == FAILED and not _named(model.rules[name]["ValidationCriteria"]["Requirement"])
        }
        is_broken |= any(
            model.rules[name]["ValidationCriteria"]["Keyword"].startswith("MUST") for name in failed.keys() - MISTAKEN
        )
        numbers = [counts[PASSED], counts[FAILED], counts[UNJUDGED]]
        if given.markdown:
            print(
                f"| {path.name} | {len(data.rows):,} | {' | '.join(map(str, numbers))} | {', '.join(sorted(failed.keys() - MISTAKEN))} |"
            )
            continue
        print(f"{path}: {len(data.rows):,} rows, {numbers[0]} passed, {numbers[1]} failed, {numbers[2]} not applicable")
        for name, why in failed.items():
            rule = model.rules[name]["ValidationCriteria"]
            mistake = f"; the model is wrong: {MISTAKEN[name]}" if name in MISTAKEN else ""
            print(f"  {name} ({why}{mistake}): {rule['MustSatisfy']}")
    return is_broken


if __name__ == "__main__":
    sys.exit(main())
