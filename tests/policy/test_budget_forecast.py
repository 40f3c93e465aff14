"""What rules read of a budget's forecast, this change and other pull requests, on both engines."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins

from guardrail.files.model import validated
from guardrail.model.billed.costs import KnownSnapshot
from guardrail.model.billed.snapshot import (
    BilledBudget,
    BilledMonth,
    ForecastOfBudget,
    OpenPullRequest,
    Snapshot,
    absent,
    digest_of,
)
from guardrail.model.report import ProjectReport
from guardrail.model.unknown import Unknown
from guardrail.policy import NO_COMPARISON, Budget, Judge, Project
from guardrail.policy.budget_forecast import Outlook
from guardrail.policy.budget_spend import billed_of
from guardrail.policy.spend import Spend
from tests.policy.judging import ENGINES, resource, rule, specs

NOW = datetime(2026, 11, 10, tzinfo=UTC)
OPEN = (
    OpenPullRequest(project="shop", number=7, monthly="1000"),
    OpenPullRequest(project="shop", number=8, monthly="365"),
    OpenPullRequest(project="search", number=7, monthly="-73"),
)


def budget(**more):
    return validated(Budget, {"name": "all", "spend": 12000, **more})


def known(forecast="11400", opened=OPEN, budget=budget(), why="", **more):  # noqa: B008 - it is never changed
    told = (
        None
        if forecast is None
        else ForecastOfBudget(**{"period": "2026-11", "amount": forecast, "shared": "0", **more})
    )
    match = digest_of(to_builtins(budget.match))
    billed = BilledBudget(name="all", match=match, forecast=told, forecast_why=why, open=opened)
    month = BilledMonth(month="2026-11", through=NOW, open=True)
    made = Snapshot(
        tool="1", generated_at=NOW, currency="USD", cost="effective", month=None, months=(month,), budgets=(billed,)
    )
    return KnownSnapshot("ledger.snapshot.json", made, "", "")


def judged(snapshot, expression, engine, delta=0, number=7, budget=budget(), **more):  # noqa: B008 - it is never changed
    judge = Judge(
        [rule(expression, engine=engine, scope="budget")], specs, NOW, snapshot=snapshot, pr={"number": number}, **more
    )
    one = resource(before={}, cost={"before": 100, "monthly": None if delta is None else 100 + delta})
    found = judge.budgets([budget], [(Project("shop"), ProjectReport("shop", ".", (one,)))])
    return [finding.status.value for finding in found], judge.spends[0]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "expression, status",
    [
        ("budget.forecast.known == 11400.0 && budget.forecast.most == 11400.0", []),
        ("budget.forecast.low == 10800.0 && budget.forecast.high == 12000.0", []),
        ("budget.forecast.with_change > 11952.0 && budget.forecast.with_change < 11953.0", []),
        ("budget.forecast.within", []),
        ("budget.open.pull_requests == 2", []),
        ("budget.open.added > 201.0 && budget.open.added < 202.0", []),
        ("budget.open.if_all_merge <= budget.spend", ["fail"]),
    ],
)
def test_rules_read_the_forecast_this_change_and_the_others(engine, expression, status):
    assert judged(known(half="600"), expression, engine, delta=800)[0] == status


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "expression, snapshot, delta",
    [
        ("budget.forecast.high < 20000.0", known(), 0),  # too little history
        ("budget.forecast.known < 20000.0", known(None, why="no weekday"), 0),
        ("budget.forecast.known < 20000.0", known(period="2026-10"), 0),
        ("budget.forecast.known < 20000.0", absent("x.json"), 0),
        ("budget.forecast.known < 20000.0", None, 0),
        ("budget.forecast.most < 20000.0", known(at_least=True), 0),
        ("budget.forecast.within", known(shared="900"), 0),
        ("budget.forecast.within", known(shared=None), 0),
        ("budget.forecast.with_change < 20000.0", known(), None),
        ("budget.open.added < 20000.0", known(opened=(OpenPullRequest(project="shop", number=8, monthly="1", unpriced=1),)), 0),
        ("budget.open.pull_requests < 9", None, 0),
    ],
)  # fmt: skip
def test_what_nothing_tells_is_unknown_and_never_0_or_a_pass(engine, expression, snapshot, delta):
    assert judged(snapshot, expression, engine, delta=delta)[0] == ["unknown"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_forecast_that_was_too_dear_before_the_change_is_pre_existing(engine):
    assert judged(known("12001"), "budget.forecast.within", engine, delta=10)[0] == ["pre-existing"]
    assert judged(known("11999"), "budget.forecast.within", engine, delta=10)[0] == ["fail"]
    assert judged(known("11999"), "budget.forecast.within", engine)[0] == []


def test_only_the_pull_request_of_this_run_and_its_projects_is_no_other():
    assert judged(known(), "true", "python", number=7)[1].forecast.others == 2
    assert judged(known(), "true", "python", number=9)[1].forecast.others == 3
    assert judged(known(), "true", "python", number=None)[1].forecast.others == 3


def test_a_folder_that_is_compared_with_nothing_has_no_change_that_could_be_told():
    found = judged(known(), "true", "python", delta=50, no_change=NO_COMPARISON)[1].forecast
    assert (found.known, found.change, found.if_all_merge) == (11400, None, None)


def test_a_snapshot_of_before_there_were_forecasts_is_read_and_says_what_to_do():
    found = billed_of(budget(), known(None), NOW).outlook
    assert (found.least, found.why) == (None, "ledger.snapshot.json has no forecast of this budget")
    assert found.remedy == "make it anew: `guardrail ledger snapshot --out FILE`"


def test_a_budget_that_counts_another_cost_now_is_not_known():
    found = billed_of(budget(cost="billed"), known(), NOW)
    assert (found.least, found.outlook.least) == (None, None)
    assert billed_of(budget(cost="effective"), known(), NOW).outlook.least == 11400


def test_amounts_by_month_are_the_limit_of_the_period_and_unknown_where_one_is_missing():
    months = budget(spend=None, amounts={"2026-10": 100, "2026-11": 200, "2026-12": 300}, period="quarter")
    assert months.limit(["2026-10", "2026-11", "2026-12"]) == 600
    lacking = budget(spend=None, amounts={"2026-10": 100})
    assert isinstance(lacking.limit(["2026-11"]), Unknown)
    statuses, spend = judged(known(budget=lacking), "budget.forecast.within", "python", budget=lacking)
    assert (statuses, spend.limit) == (["unknown"], None)


AMOUNTS = st.decimals(-1000, 1000, places=2)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.decimals(0, 3, places=2))
def test_within_is_what_holds_for_every_forecast_in_between(one, two, limit, delta, rest):
    least, most = sorted((one, two))
    values = Outlook(least, most, None, rest, 0, Decimal(0)).values(Spend(delta=delta), limit)
    within = values["forecast"]["within"]
    low, high = least + delta * rest, most + delta * rest
    if low > limit or high <= limit:
        assert within is (high <= limit)
    else:
        assert isinstance(within, Unknown)
