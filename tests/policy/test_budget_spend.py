"""What is spent of a budget, by a snapshot, and what a period comes to with the rest of it at the estimate."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins

from guardrail.data import rules_dir
from guardrail.files.model import validated
from guardrail.model.billed.costs import KnownSnapshot
from guardrail.model.billed.snapshot import BilledBudget, BilledMonth, BudgetMonth, Snapshot, absent, digest_of
from guardrail.model.finding import FindingStatus
from guardrail.model.report import ProjectReport
from guardrail.model.unknown import Unknown
from guardrail.policy import Budget, Judge, Project, RuleSelection, load_rules
from guardrail.policy.billed import Billed
from guardrail.policy.budget_spend import billed_of, end_of, months_of, period_name
from guardrail.policy.budgets import Period
from guardrail.policy.spend import Spend
from tests.policy.judging import resource, specs

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def budget(**more):
    return validated(Budget, {"name": "shop", "match": {"project": "shop"}, "spend": 1000, **more})


def month(name, through=None, **more):
    at = datetime.fromisoformat(f"{through}T00:00:00+00:00") if through else end_of(name)
    return BilledMonth(month=name, through=at, open=False, **more)


def amount(name, *amounts, gaps=0):
    return BudgetMonth(month=name, **dict(zip(("amount", "more", "less"), amounts, strict=False)), gaps=gaps)


def known(months, amounts, of=None):
    match = digest_of(to_builtins((of or budget()).match))
    billed = BilledBudget(name="shop", match=match, months=tuple(amounts))
    made = Snapshot(
        tool="1",
        generated_at=NOW,
        currency="USD",
        cost="effective",
        month=None,
        months=tuple(months),
        budgets=(billed,),
    )
    return KnownSnapshot("ledger.snapshot.json", made, "", "")


NOVEMBER = known([month("2026-11", "2026-11-16")], [amount("2026-11", "400")])


def test_a_period_is_what_is_spent_and_the_rest_of_it_at_the_estimate():
    found = billed_of(budget(), NOVEMBER, NOW)
    assert [found.least, found.most, found.rest * 730] == [400, 400, 15 * 24]
    assert list(found.projected(Spend(known=Decimal(730)))) == [760, 760]


@pytest.mark.parametrize(
    "period, now, months, name",
    [
        ("month", "2026-11-20", 1, "2026-11"),
        ("quarter", "2026-11-20", 3, "2026-Q4"),
        ("quarter", "2026-01-01", 3, "2026-Q1"),
        ("year", "2026-12-31", 12, "2026"),
    ],
)
def test_periods_are_those_of_the_calendar(period, now, months, name):
    at = datetime.fromisoformat(f"{now}T00:00:00+00:00")
    assert len(months_of(Period(period), at)) == months
    assert period_name(Period(period), at) == name


UNKNOWN = {
    "no snapshot is named": (None, {}, "guardrail.yaml names no snapshot"),
    "it is not there": (absent("x.json"), {}, "x.json is not there"),
    "another budget": (NOVEMBER, {"name": "other"}, "does not know this budget"),
    "another match": (NOVEMBER, {"match": {"project": "search"}}, "when the budget counted something else"),
    "no bill of the period": (known([month("2026-10")], [amount("2026-10", "9")]), {}, "has no bill of 2026-11"),
}


@pytest.mark.parametrize("snapshot, changes, why", UNKNOWN.values(), ids=UNKNOWN)
def test_what_no_bill_tells_is_not_known(snapshot, changes, why):
    found = billed_of(budget(**changes), snapshot, NOW)
    assert (found.least, found.most) == (None, None)
    assert why in found.why
    values = found.values(Spend(), Decimal(1000))
    assert all(isinstance(value, Unknown) for part in values.values() for value in part.values())


OPEN = {
    "a source without a bill": (known([month("2026-11", without=("b",))], [amount("2026-11", "4")]), "month", "no bill of b for 2026-11"),
    "a charge without an amount": (known([month("2026-11")], [amount("2026-11", "4", gaps=2)]), "month", "2 charges of 2026-11 have no amount"),
    "bills begin later": (known([month("2026-11")], [amount("2026-11", "4")]), "quarter", "no bill of 2026-10"),
    "a month that ends early": (
        known([month("2026-10", "2026-10-20"), month("2026-11")], [amount("2026-10", "1"), amount("2026-11", "3")]),
        "quarter",
        "the bills of 2026-10 end at 2026-10-20",
    ),
    "a month that the budget lacks": (known([month("2026-11")], []), "month", "no bill of 2026-11"),
}  # fmt: skip


@pytest.mark.parametrize("snapshot, period, why", OPEN.values(), ids=OPEN)
def test_what_may_be_missing_leaves_a_lower_bound(snapshot, period, why):
    found = billed_of(budget(period=period), snapshot, NOW)
    assert found.least is not None
    assert found.most is None
    assert why in found.why


def test_of_bills_that_end_on_several_days_the_rest_begins_at_least_and_at_most(judged):
    latest = datetime(2026, 11, 21, tzinfo=UTC)
    snapshot = known([month("2026-11", "2026-11-16", latest=latest)], [amount("2026-11", "400")])
    found = billed_of(budget(), snapshot, NOW)
    assert list(found.projected(Spend(known=Decimal(730)))) == [400 + 10 * 24, 400 + 15 * 24]
    assert judged(snapshot, 730, spend=700)[0] == [FindingStatus.UNKNOWN]


def test_charges_of_nobody_count_at_least_and_at_most():
    found = billed_of(budget(), known([month("2026-11")], [amount("2026-11", "100", "30", "-20")]), NOW)
    assert [found.least, found.most] == [80, 130]


def test_a_month_that_is_told_in_two_periods_counts_in_its_own():
    both = known([month("2026-10"), month("2026-11", "2026-11-16")], [amount("2026-10", "7"), amount("2026-11", "4")])
    assert billed_of(budget(), both, NOW).least == 4
    assert billed_of(budget(period="quarter"), both, NOW).least == 11
    assert billed_of(budget(), both, datetime(2026, 12, 1, tzinfo=UTC)).least is None


AMOUNTS = st.decimals(-1000, 1000, places=2)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.decimals(0, 3, places=2))
def test_within_is_what_holds_for_every_amount_in_between(one, two, limit, cost, rest):
    least, most = sorted((one, two))
    values = Billed(least, most, rest).values(Spend(known=cost), limit)
    low, high = (amount + cost * rest for amount in (least, most))
    within = values["projected"]["within"]
    if low > limit:
        assert within is False
    elif high <= limit:
        assert within is True
    else:
        assert isinstance(within, Unknown)


@pytest.fixture(scope="module")
def judged():
    (rule,) = [
        one
        for one in load_rules(RuleSelection(packs=("budget",)), rules_dir()).rules
        if one.rule.id == "budget-spend-exceeded"
    ]

    def call(snapshot, monthly, before=None, **changes):
        judge = Judge([rule], specs, NOW, snapshot=snapshot)
        one = resource(before={} if before is not None else None, cost={"monthly": monthly, "before": before or 0})
        found = judge.budgets([budget(**changes)], [(Project("shop"), ProjectReport("shop", ".", (one,)))])
        return [finding.status for finding in found], judge.spends

    return call


def test_the_rule_judges_by_the_snapshot(judged):
    assert judged(NOVEMBER, 1000)[0] == []
    assert judged(NOVEMBER, 1500)[0] == [FindingStatus.FAIL]
    assert judged(NOVEMBER, 1500, before=1400)[0] == [FindingStatus.PRE_EXISTING]
    assert judged(None, 1)[0] == [FindingStatus.UNKNOWN]
    assert judged(None, 1, spend=None) == ([], [])


def test_reports_get_what_is_spent(judged):
    (spend,) = judged(NOVEMBER, 730)[1]
    assert (spend.name, spend.period, spend.limit, spend.spent) == ("shop", "2026-11", 1000, 400)
    assert (spend.projected, spend.projected_most) == (760, 760)
    (spend,) = judged(absent("x.json"), 730)[1]
    assert (spend.spent, spend.projected, spend.why) == (None, None, "x.json is not there")
