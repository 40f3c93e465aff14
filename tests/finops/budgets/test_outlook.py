"""What budgets come to, from charges, changes and pull requests that are made here."""

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.bills.booked import Booked, ChangedResource, Place, ProposedResource
from guardrail.bills.parts import SourceMonth
from guardrail.files.model import validated
from guardrail.finops.bill_months import converter
from guardrail.finops.budgets.outlook import Facts, outlook
from guardrail.policy.budgets import Budget

NOW = datetime(2026, 10, 11, tzinfo=UTC)
PLACE = Place("shop", "aws_instance.a", "aws_instance", {}, {})


def budget(**more):
    return validated(Budget, {"name": "all", "spend": 1000, **more})


def bill(month, source="a", through=None, *, is_open=False):
    year, number = map(int, month.split("-"))
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return SourceMonth(source, month, is_open, through or end, through or end + timedelta(days=20))


MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10")
BILLS = [bill(month) for month in MONTHS]


def charge(day, amount="10", source="a", *, budget=0, **more):
    fields = {
        "certain": True,
        "regular": "",
        "is_usage": False,
        "currency": "USD",
        "gaps": 0,
        "month": day[:7],
        **more,
    }
    value = Decimal(amount)
    return Booked(
        budget=budget,
        source=source,
        day=date.fromisoformat(day),
        more=max(value, Decimal(0)),
        less=min(value, Decimal(0)),
        **fields,
    )


def daily(first, last, amount="10", **more):
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [charge((begin + timedelta(days=n)).isoformat(), amount, **more) for n in range((end - begin).days + 1)]


def told(booked, budgets=(), bills=tuple(BILLS), now=NOW, rates=None, **more):
    facts = Facts(bills, booked, more.get("changes", ()), more.get("proposals", ()))
    found = outlook(facts, budgets or [budget()], {}, converter("USD", rates or {}), now=now, currency="USD")
    return found.budgets[0]


USUAL = daily("2026-07-01", "2026-10-10")


def test_a_month_is_what_is_booked_and_the_days_left_at_their_rate():
    found = told(USUAL)
    assert (found.spent, found.spent_most, found.forecast.amount) == (100, 100, 310)
    assert (found.forecast.booked, found.forecast.rate, found.forecast.days) == (100, 210, 21)
    assert (found.forecast.begin, found.period, found.unknown) == (date(2026, 10, 11), "2026-10", ())


def test_a_day_that_has_begun_is_spent_and_forecast_whole():
    found = told([*USUAL, charge("2026-10-11", "4")], now=NOW + timedelta(hours=9))
    assert (found.spent, found.forecast.amount, found.forecast.booked) == (104, 310, 100)


@pytest.mark.parametrize("day, days", [("2026-02-28", 1), ("2028-02-28", 2), ("2026-12-31", 1), ("2026-11-01", 30)])
def test_months_end_when_the_calendar_says(day, days):
    now = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    first = (now - timedelta(days=60)).date().isoformat()
    months = sorted({(now - timedelta(days=n)).strftime("%Y-%m") for n in range(62)})
    found = told(daily(first, (now - timedelta(days=1)).date().isoformat()), bills=[bill(m) for m in months], now=now)
    assert (found.forecast.days, found.forecast.rate) == (days, 10 * days)


def test_a_month_without_a_bill_is_missed_and_the_forecast_is_at_least_that():
    booked = [one for one in USUAL if one.month != "2026-09"]
    bills = [one for one in BILLS if one.month != "2026-09"]
    found = told(booked, [budget(period="year")], bills)
    assert (found.spent, found.spent_most) == (10 * (31 + 31 + 10), None)
    assert found.unknown[0] == "there is no bill of 2026-01 to 2026-06, 2026-09"
    assert found.forecast.at_least


def test_without_a_bill_of_the_period_nothing_is_spent_that_is_known_and_there_is_a_forecast():
    found = told(daily("2026-07-01", "2026-09-30"), bills=BILLS[:3])
    assert (found.spent, found.spent_most, found.through) == (None, None, None)
    assert (found.forecast.amount, found.forecast.begin, found.forecast.told_until) == (
        310,
        date(2026, 10, 1),
        date(2026, 10, 1),
    )
    assert found.unknown == ("there is no bill of 2026-10 yet",)


def test_bills_that_end_long_ago_forecast_nothing():
    found = told(daily("2026-07-01", "2026-07-31"), bills=BILLS[:1])
    assert found.forecast is None
    assert found.unknown[-1] == "no forecast: the bills end on 2026-08-01, 71 days ago"


def test_a_few_days_of_bills_forecast_nothing():
    begun = replace(bill("2026-10"), since=datetime(2026, 10, 5, tzinfo=UTC))
    found = told(daily("2026-10-05", "2026-10-10"), bills=[begun])
    assert found.forecast is None
    assert found.unknown == ("no forecast: in the four weeks before 2026-10-11, bills tell no day of some weekday",)


def test_a_source_that_lags_behind_holds_the_forecast_back_and_one_without_daily_charges_does_not():
    lagging = bill("2026-10", "b", datetime(2026, 10, 6, tzinfo=UTC), is_open=True)
    bills = [*BILLS, *(bill(month, "b") for month in MONTHS[:3]), lagging]
    both = [*USUAL, *daily("2026-07-01", "2026-10-05", "5", source="b")]
    found = told(both, bills=bills)
    assert (found.forecast.begin, found.forecast.amount, found.spent) == (date(2026, 10, 6), 465, 125)
    support = charge("2026-10-01", "29", source="b", regular="Support, Purchase")
    alone = told([*USUAL, support], bills=bills)
    assert (alone.forecast.begin, alone.forecast.amount) == (date(2026, 10, 11), 339)


def test_a_source_without_a_bill_of_this_month_is_named():
    bills = [*BILLS, *(bill(month, "b") for month in MONTHS[:3])]
    found = told([*USUAL, *daily("2026-07-01", "2026-09-30", "5", source="b")], bills=bills)
    assert found.spent_most is None
    assert "there is no bill of b for 2026-10" in found.unknown
    assert (found.forecast.begin, found.forecast.amount) == (date(2026, 10, 1), 465)


def test_other_currencies_are_converted_at_the_rate_of_their_month_or_nothing_is_known():
    booked = daily("2026-07-01", "2026-10-10", currency="EUR")
    rates = {(month, "EUR", "USD"): Decimal("1.1") for month in MONTHS}
    assert told(booked, rates=rates).forecast.amount == 341
    found = told(booked, rates={})
    assert (found.spent, found.forecast) == (None, None)
    assert found.unknown == ("no rate of 2026-10 from EUR to USD",)
    without_past = told(booked, rates={("2026-10", "EUR", "USD"): Decimal("1.1")})
    assert without_past.spent == 110
    assert without_past.forecast.amount == 341  # from the ten days of this month that there is a rate for


def test_charges_without_an_amount_are_said_and_their_days_are_not_told():
    found = told([*USUAL, charge("2026-10-03", "0", gaps=2)])
    assert (found.spent, found.spent_most) == (100, None)
    assert (found.forecast.amount, found.forecast.at_least) == (300, True)
    assert "2 charges have no amount" in found.unknown


def test_charges_of_nobody_are_in_no_forecast_and_an_alert_that_they_decide_is_not_known():
    nobody = daily("2026-07-01", "2026-10-10", "2", certain=False)
    found = told([*USUAL, *nobody], [budget(spend=350, alerts=[10, 30, {"forecast": 100}, {"forecast": 80}])])
    assert (found.spent, found.spent_most, found.forecast.amount, found.forecast.shared) == (100, 120, 310, 62)
    assert [one.passed for one in found.alerts] == [True, None, None, True]
    assert "of 20.00 USD that bills charge, nothing tells whether it is this budget's" in found.unknown


def test_what_is_booked_once_a_month_is_expected_on_its_day_if_the_two_months_before_had_it():
    support = [
        charge(f"{month}-31"[:10] if month != "2026-09" else "2026-09-30", "29", regular="Support")
        for month in ("2026-08", "2026-09")
    ]
    credit = [charge("2026-09-01", "-20", regular="Credit")]
    found = told([*USUAL, *support, *credit], [budget(period="quarter")])
    assert [(one.name, one.day.isoformat(), one.amount) for one in found.forecast.expected] == [
        ("Support", "2026-10-30", 29),
        ("Support", "2026-11-30", 29),
        ("Support", "2026-12-30", 29),
    ]
    assert found.forecast.regular == 87
    booked = told([*USUAL, *support, charge("2026-10-01", "31", regular="Support")])
    assert (booked.forecast.regular, booked.forecast.amount) == (0, 341)


def test_usage_that_is_billed_by_the_month_counts_as_booked_and_is_said():
    found = told([*USUAL, charge("2026-10-01", "50", regular="Zones, Usage", is_usage=True)])
    assert found.forecast.amount == 360
    assert found.unknown == (
        "some usage is billed for longer than a day, and counts as booked: the days left may add to it",
    )


def changed(monthly="73", at=NOW, place=PLACE, **more):
    fields = {"merged": at or NOW, "currency": "USD", "unpriced": 0, **more}
    return ChangedResource(place=place, at=at, monthly=Decimal(monthly), **fields)


def test_a_merged_change_is_added_from_its_time_on_and_one_in_no_state_from_now_on():
    assert told(USUAL, changes=[changed()]).forecast.changes == Decimal("0.1") * 24 * 21
    found = told(
        USUAL,
        changes=[changed(at=None)],
        now=NOW + timedelta(days=1),
        bills=[*BILLS[:3], bill("2026-10", through=NOW, is_open=True)],
    )
    assert found.forecast.changes == Decimal("0.1") * 24 * 20
    assert [one.since for one in found.forecast.known] == [None]


def test_a_removal_lowers_the_forecast_and_may_take_it_below_0():
    assert told(USUAL, changes=[changed("-73")]).forecast.changes == Decimal("-50.4")
    assert told(USUAL, changes=[changed("-73000")]).forecast.amount < 0


def test_changes_of_other_budgets_do_not_count_and_those_of_nobody_knows_whom_are_said():
    of_search = [budget(match={"project": "search"})]
    found = told([], of_search, changes=[changed()])
    assert found.forecast is None
    assert "no charge and no change that is known to be this budget's" in found.unknown[0]
    env = [budget(match={"env": "prod"})]
    found = told([], env, changes=[changed()])
    assert found.forecast is None
    assert "of 1 changed resources, nothing tells whether they are this budget's" in found.unknown


def test_changes_without_a_price_or_a_rate_are_said():
    found = told(USUAL, changes=[changed(unpriced=2), changed(currency="EUR")])
    assert found.unknown == (
        "changes whose estimate is in EUR are not in the forecast: there is no rate of 2026-10",
        "2 components of merged changes have no price, and are not in the forecast",
    )


def test_open_pull_requests_are_summed_by_number_and_are_in_no_other_figure():
    proposals = [
        ProposedResource(PLACE, 7, "USD", Decimal(73), 0),
        ProposedResource(PLACE, 7, "USD", Decimal(-7), 0),
        ProposedResource(PLACE, 9, "USD", Decimal(0), 3),
    ]
    found = told(USUAL, proposals=proposals)
    assert [(one.number, one.monthly, one.unpriced) for one in found.proposals] == [(7, 66, 0), (9, 0, 3)]
    assert found.forecast.amount == 310
    assert found.if_all_merge == 310 + found.proposals[0].amount
    assert found.unknown == ("part of what #9 of shop would add has no price",)


def test_alerts_are_passed_beyond_their_share_only():
    found = told(USUAL, [budget(spend=200, alerts=[50, 49, {"forecast": 155}, {"forecast": 154, "block": True}])])
    assert [(one.of, one.threshold, one.passed) for one in found.alerts] == [
        ("spent", 100, False),
        ("spent", 98, True),
        ("forecast", 310, False),
        ("forecast", 308, True),
    ]


def test_amounts_by_month_are_summed_over_a_longer_period():
    amounts = {"2026-10": 10, "2026-11": 20, "2026-12": 30}
    assert told(USUAL, [budget(spend=None, amounts=amounts, period="quarter")]).amount == 60
    lacking = told(USUAL, [budget(spend=None, amounts=amounts, period="year", alerts=[1])])
    assert (lacking.amount, lacking.alerts[0].passed) == (None, None)
    assert lacking.unknown[0].startswith("the budget all has no amount for 2026-01, 2026-02")


def test_without_any_bill_nothing_is_known():
    found = told([], bills=[])
    assert (found.spent, found.forecast, found.if_all_merge) == (None, None, None)


def test_huge_amounts_keep_every_digit():
    huge = "99999999999999999999.000000000000000001"
    found = told(daily("2026-07-01", "2026-10-10", huge))
    assert Fraction(found.forecast.amount) == Fraction(huge) * 31
    assert Fraction(found.spent) == Fraction(huge) * 10


def test_three_times_as_many_budgets_take_about_three_times_as_long():
    def seconds(number):
        budgets = [budget(name=f"b{one}") for one in range(number)]
        booked = [replace(one, budget=which) for which in range(number) for one in USUAL]
        begin = time.process_time()
        outlook(Facts(BILLS, booked), budgets, {}, converter("USD", {}), now=NOW, currency="USD")
        return time.process_time() - begin

    seconds(10)
    assert min(seconds(150) for _ in range(2)) < 5 * min(seconds(50) for _ in range(2))


@settings(max_examples=25)
@given(st.lists(st.decimals(-1000, 1000, places=4), min_size=102, max_size=102))
def test_parts_come_to_the_forecast(amounts):
    booked = [
        charge((date(2026, 7, 1) + timedelta(days=number)).isoformat(), amount) for number, amount in enumerate(amounts)
    ]
    found = told(booked, changes=[changed()]).forecast
    assert found.amount == found.booked + found.regular + found.rate + found.changes
    assert found.low is None or found.low <= found.amount <= found.high
