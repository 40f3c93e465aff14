"""Closed months: statements stay as they were, and all months together come to the bills."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.bills.closed import KEPT, ClosedMonth
from guardrail.errors import ConfigError, GuardrailError
from guardrail.files.model import validated
from guardrail.finops.allocation.file import Allocation, Split
from guardrail.finops.charge import Charge
from guardrail.finops.closing import closed_lines, closed_on, refuse_closing, statements
from guardrail.finops.exact import units
from guardrail.finops.lines import lines_of
from guardrail.ledger.records.closed import closed_months, fact_of_closed
from guardrail.ledger.storage.store import Folder
from tests.finops.conftest import SHOP

AT = datetime(2027, 1, 5, tzinfo=UTC)
MONTHS = ("2026-08", "2026-09", "2026-10", "2026-11")
EVEN = validated(
    Allocation,
    {
        "version": 1,
        "rules": [{"tag": "team"}],
        "shared": [{"name": "rest", "match": {"unallocated": True}, "split": "even"}],
        "close": {"day": 5},
    },
)
PROPORTIONAL = replace(EVEN, shared=(replace(EVEN.shared[0], split=Split.PROPORTIONAL),))


def charge(month, team, amount, service="VM"):
    of = {"tag:team": team, "source": "aws", "account": "1", "service": service, "project": None, "month": month}
    return Charge(of, month, "aws", False, "USD", units(Decimal(amount)))


def total_of(lines):
    return sum(units(line.amount) or 0 for line in lines)


def told(bill, allocation=EVEN, closed=(), by=("month", "team")):
    charges, notes = statements(bill, allocation, {}, by, closed, "billed")
    lines = lines_of(charges, by)
    return {line.keys: line.amount for line in lines}, notes


def close(bill, month, allocation=EVEN, closed=()):
    charges, _ = statements([one for one in bill if one.month <= month], allocation, {}, KEPT, closed, "billed")
    lines = closed_lines(charges, month)
    return ClosedMonth(month, AT, {} if lines is None else {"billed": lines})


BILL = [
    charge("2026-08", "a", "10"),
    charge("2026-08", "b", "5"),
    charge("2026-08", None, "1"),
    charge("2026-09", "a", "7"),
]


def test_a_month_that_did_not_change_is_what_it_was():
    assert told(BILL, closed=[close(BILL, "2026-08")]) == told(BILL)


def test_a_later_bill_is_an_adjustment_of_the_next_open_month():
    closed = [close(BILL, "2026-08")]
    restated = [charge("2026-08", "a", "12"), *BILL[1:]]
    amounts, notes = told(restated, closed=closed)
    assert amounts[("2026-08", "a")] == Decimal("10.5")
    assert amounts[("2026-09", "a")] == Decimal(9)
    assert notes == ("2026-08 was closed, and has changed since by 2 USD: adjustments of 2026-09",)
    assert told(restated, closed=closed, by=("origin",))[0] == {
        ("direct",): Decimal(22),
        ("rest",): Decimal(1),
        ("adjustment 2026-08",): Decimal(2),
    }


def test_another_rule_moves_costs_between_teams_as_adjustments_that_come_to_nothing():
    closed = [close(BILL, "2026-08")]
    amounts, notes = told(BILL, PROPORTIONAL, closed)
    assert amounts[("2026-08", "a")] == Decimal("10.5")
    assert amounts[("2026-09", "b")] == Decimal("-0.166666666666666667")
    assert amounts[("2026-09", "a")] == Decimal("7.166666666666666667")
    assert "has changed since by 0 USD" in notes[0]


def test_an_adjustment_that_is_closed_is_not_made_again():
    first = close(BILL, "2026-08")
    restated = [charge("2026-08", "a", "12"), *BILL[1:], charge("2026-10", "b", "1")]
    second = close(restated, "2026-09", closed=[first])
    amounts, notes = told(restated, closed=[first, second])
    assert (amounts[("2026-09", "a")], notes) == (Decimal(9), ())
    again = [charge("2026-08", "a", "11"), *restated[1:]]
    amounts, _ = told(again, closed=[first, second])
    assert amounts[("2026-10", "a")] == Decimal(-1)


def test_without_an_open_month_changes_wait_and_are_said():
    bill = BILL[:3]
    closed = [close(bill, "2026-08")]
    amounts, notes = told([charge("2026-08", "a", "12"), *bill[1:]], closed=closed)
    assert sum(amounts.values()) == 16
    assert notes == ("2026-08 was closed, and has changed since by 2 USD: it waits for the bill of an open month",)


def test_what_a_later_bill_does_not_tell_is_partial_and_never_0():
    closed = [close(BILL, "2026-08")]
    gap = Charge(BILL[0].of, "2026-08", "aws", False, "USD", None, without=1)
    charges, _ = statements([gap, *BILL[1:]], EVEN, {}, ("month", "team"), closed, "billed")
    (line,) = [one for one in lines_of(charges, ("month", "team")) if one.keys == ("2026-09", "a")]
    assert (line.amount, line.partial) == (Decimal(-3), True)


def test_a_month_with_a_gap_is_not_closed_by_that_cost():
    gap = Charge(BILL[0].of, "2026-08", "aws", False, "USD", None, without=1)
    assert close([gap, *BILL[1:]], "2026-08").lines == {}
    with pytest.raises(ConfigError, match="closed without its list cost"):
        statements(BILL, EVEN, {}, ("team",), [close(BILL, "2026-08")], "list")


AMOUNTS = st.decimals(-1000, 1000, places=18).map(str)
TEAMS = st.sampled_from(["a", "b", "c", None])
CHARGES = st.lists(
    st.builds(charge, st.sampled_from(MONTHS), TEAMS, AMOUNTS, st.sampled_from(["VM", "Disk"])), max_size=14
)
HISTORY = st.lists(st.tuples(CHARGES, st.sampled_from([EVEN, PROPORTIONAL])), min_size=3, max_size=3)


@settings(max_examples=60, deadline=None)
@given(HISTORY, CHARGES, st.sampled_from([EVEN, PROPORTIONAL]))
def test_whatever_changes_closed_months_stay_and_all_months_come_to_the_bill(history, bill, allocation):
    closed: list[ClosedMonth] = []
    for month, (was, rules) in zip(MONTHS, history, strict=False):
        closed.append(close(was, month, rules, closed))
    bill = [*bill, charge("2026-11", "a", "1")]
    charges, _ = statements(bill, allocation, {}, ("month", "team", "origin"), closed, "billed")
    lines = lines_of(charges, ("month", "team", "origin"))
    assert total_of(lines) == sum(one.amount for one in bill)
    for one in closed:
        now = total_of(line for line in lines if line.keys[0] == one.month)
        assert now == total_of(one.lines["billed"])
    again, notes = statements(
        bill,
        allocation,
        {},
        ("month", "team", "origin"),
        [*closed, close(bill, "2026-11", allocation, closed)],
        "billed",
    )
    assert not [note for note in notes if "was closed" in note]
    assert total_of(lines_of(again, ("team",))) == sum(one.amount for one in bill)


@settings(max_examples=40, deadline=None)
@given(CHARGES.filter(bool))
def test_nothing_is_adjusted_where_nothing_has_changed(bill):
    closed: list[ClosedMonth] = []
    for month in MONTHS[:3]:
        closed.append(close(bill, month, closed=closed))
        assert not [note for note in told(bill, closed=closed)[1] if "was closed" in note]
    now = told(bill, closed=closed)[0]
    for month in MONTHS[:3]:
        alone = told([one for one in bill if one.month == month], by=("team",))[0]
        assert {keys[1:]: amount for keys, amount in now.items() if keys[0] == month} == alone


def test_closed_months_are_kept_as_facts(tmp_path):
    store = Folder(tmp_path)
    one = close(BILL, "2026-08")
    fact = fact_of_closed(one)
    assert store.put(fact.path, fact.data)
    later = fact_of_closed(ClosedMonth("2026-08", AT + timedelta(days=1), {}))
    store.put(later.path, later.data)
    assert closed_months(store) == [one]
    (tmp_path / fact.path).write_bytes(fact.data[:-9])
    with pytest.raises(GuardrailError, match=r"v1/closed/.*cannot be read.*ledger verify"):
        closed_months(store)


@pytest.mark.parametrize(
    "month, closed, allocation, now, said",
    [
        ("2026-08", [], replace(EVEN, close=None), AT, "closes no months"),
        ("2026-07", [], EVEN, AT, "no bill of 2026-07"),
        ("2026-08", ["2026-08"], EVEN, AT, "closed already"),
        ("2026-08", ["2026-09"], EVEN, AT, "in their order"),
        ("2026-10", ["2026-08"], EVEN, AT, "close 2026-09"),
        ("2026-10", [], EVEN, datetime(2026, 11, 4, 23, tzinfo=UTC), "from 2026-11-05 on"),
    ],
)
def test_what_cannot_be_closed_is_said(month, closed, allocation, now, said):
    done = [ClosedMonth(one, AT, {}) for one in closed]
    with pytest.raises(GuardrailError) as caught:
        refuse_closing(month, done, MONTHS[:3], allocation, now)
    assert said in str(caught.value)
    assert closed_on("2026-12", 5) == datetime(2027, 1, 5, tzinfo=UTC)


def test_a_month_is_closed_by_a_command_and_a_restated_bill_becomes_an_adjustment(run, tmp_path):
    (tmp_path / "bill.csv").write_text((SHOP / "bill.csv").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "allocation.yaml").write_text(
        (SHOP / "allocation.yaml").read_text(encoding="utf-8") + "close: {day: 5}\n", encoding="utf-8"
    )
    assert run("ledger", "import", "bill.csv", "--as", "shop", "--now", "2026-11-10").exit_code == 0
    ran = run("ledger", "close", "2026-08")
    assert ran.stdout == "closed 2026-08: billed, effective, contracted, list cost\n"
    before = run("spend", "--allocated", "--month", "2026-08").stdout
    with (tmp_path / "bill.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    row = next(one for one in rows if one["BillingPeriodStart"].startswith("2026-08") and "shop" in one["Tags"])
    row["BilledCost"] = row["EffectiveCost"] = str(Decimal(row["BilledCost"]) + 1)
    with (tmp_path / "bill2.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert run("ledger", "import", "bill2.csv", "--as", "shop", "--now", "2026-11-12").exit_code == 0
    after = run("spend", "--allocated", "--month", "2026-08").stdout
    assert after.startswith(before.rstrip("\n"))
    shown = run("spend", "--allocated", "--month", "2026-09", "--team", "shop").stdout
    assert "adjustment 2026-08" in shown
    assert "$1.00" in shown
    for args in (("--allocated",), ()):
        assert "$1,177.77" in run("spend", "--by", "month", "--from", "2026-08", *args).stdout
    ran = run("spend", "--allocated", "--by", "region", "--month", "2026-08")
    assert (ran.exit_code, ran.stderr.count("\n")) == (2, 1)
    assert "2026-08 is closed, and not told by region" in ran.stderr
    text = (tmp_path / "allocation.yaml").read_text(encoding="utf-8").replace("close: {day: 5}\n", "")
    (tmp_path / "allocation.yaml").write_text(text, encoding="utf-8")
    assert "2026-08 was closed: this is what bills" in run("spend", "--allocated", "--month", "2026-08").stdout
    assert run("ledger", "verify").exit_code == 0
