"""What to commit to, from lines of bills and rates of a catalog."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.finops.commitments.advice import Wanted, advised, ladder
from guardrail.finops.commitments.metered import hours_of
from guardrail.finops.commitments.products import product_of
from guardrail.finops.commitments.rates import rated
from guardrail.model.billed.metered import HOUR, Metered

BEGIN = 1_788_220_800  # 2026-09-01T00:00:00Z
TODAY = date(2026, 11, 20)
PLAN = "arn:plan"


def line(hour=0, quantity="1", price="0.1", meter="BoxUsage:m5.large", hours=1, **more):
    """A line of a bill of AWS, `hour` hours after the begin of September 2026."""
    start = BEGIN + hour * HOUR
    amount = Decimal(quantity)
    values = {
        "source": "aws",
        "month": "2026-09" if hour < 720 else "2026-10",
        "currency": "USD",
        "provider": "AWS",
        "service": "Amazon Elastic Compute Cloud",
        "region": "us-east-1",
        "name": "",
        "series": "",
        "meter": meter,
        "operation": "RunInstances",
        "unit": "Hrs",
        "start": start,
        "end": start + hours * HOUR,
        "quantity": amount,
        "on_demand": amount * Decimal(price),
        "effective": amount * Decimal(price),
        "list_price": Decimal(price),
        **more,
    }
    return Metered(**values)


def always(days=30, **more):
    return [line(hour, **more) for hour in range(days * 24)]


SEPTEMBER = [("aws", "2026-09", False)]
BOTH = [*SEPTEMBER, ("aws", "2026-10", False)]


def advice(lines, catalog, wanted=None, bills=SEPTEMBER, **more):
    (hours,) = hours_of(lines, bills, **more)
    return advised(hours, catalog, wanted or Wanted(), TODAY)


def bought(found):
    return {(one.offer.kind, one.offer.scope): (one.amount, one.offer.unit) for one in found.buy.judged.purchases}


def test_what_always_runs_is_reserved_for_the_shortest_term_without_upfront(catalog):
    found = advice(always(quantity="4"), catalog)
    assert bought(found) == {("reservation", "m5 (Linux) in us-east-1"): (4, "m5.large")}
    assert (found.buy.months, found.buy.payment) == (12, "no_upfront")
    assert found.buy.judged.now.saving == Fraction("0.05") * 4 * 730
    assert found.buy.judged.break_months == 6
    others = {(one.kinds, one.months, one.payment) for one in found.alternatives}
    assert (("compute savings plan",), 12, "no_upfront") in others
    assert (("reservation",), 36, "all_upfront") in others


def test_what_changes_its_family_from_hour_to_hour_is_put_under_a_compute_plan(catalog):
    lines = [
        line(hour, quantity="10", meter="BoxUsage:m5.large" if hour % 2 else "BoxUsage:c5.large", price=price)
        for hour in range(720)
        for price in ["0.1" if hour % 2 else "0.08"]
    ]
    found = advice(lines, catalog)
    ((kind, _),) = bought(found)
    assert kind == "compute savings plan"
    assert found.buy.judged.now.saving > 0


def test_a_family_is_reserved_in_its_smallest_size_since_sizes_cover_each_other(catalog):
    # one xlarge in even hours, two large ones in odd hours: the same in normalized units
    lines = [
        line(hour, quantity="1", meter="BoxUsage:m5.xlarge", price="0.2") if hour % 2 else line(hour, quantity="2")
        for hour in range(720)
    ]
    found = advice(lines, catalog)
    assert bought(found) == {("reservation", "m5 (Linux) in us-east-1"): (2, "m5.large")}
    assert found.buy.judged.now.used == 1


def test_sizes_of_windows_do_not_cover_each_other(catalog):
    lines = always(operation="RunInstances:0002", price="0.2")
    (hours,) = hours_of(lines, SEPTEMBER)
    kinds = {(one.kind, one.scope) for one in rated(hours, catalog).offers if one.breadth == 0}
    assert kinds == {
        ("reservation", "m5.large (Windows) in us-east-1"),
        ("convertible reservation", "m5.large (Windows) in us-east-1"),
    }


def test_a_database_is_reserved_and_no_compute_plan_covers_it(catalog):
    found = advice(always(meter="InstanceUsage:db.m5.large", operation="CreateDBInstance:0014", price="0.2"), catalog)
    assert bought(found) == {("reservation", "db.m5 (PostgreSQL) in us-east-1"): (1, "db.m5.large")}


def test_serverless_use_is_covered_by_a_compute_plan(catalog):
    lines = always(meter="USE1-Fargate-vCPU-Hours:perCPU", operation="", unit="vCPU-Hours", price="0.04", quantity="5")
    assert bought(advice(lines, catalog)) == {("compute savings plan", "all that it covers"): (Fraction("0.16"), "$/h")}


@pytest.mark.parametrize(
    "wanted, expected",
    [
        (Wanted(36), ("all_upfront", Decimal("1051.2"))),  # 0.04 an hour for 26,280 hours
        (Wanted(12, "partial_upfront"), ("partial_upfront", Decimal(219))),
    ],
)
def test_term_and_payment_may_be_wanted(wanted, expected, catalog):
    found = advice(always(), catalog, wanted)
    assert (found.buy.payment, found.buy.judged.upfront) == expected


def test_a_term_without_rates_is_said_to_have_none(catalog):
    found = advice(always(), catalog, Wanted(36, "no_upfront"))
    assert found.buy is None
    assert found.reason == "no rate for this term and way to pay"


def test_nothing_is_bought_for_what_runs_a_third_of_the_time(catalog):
    lines = [line(hour) for hour in range(720) if hour % 3 == 0]
    found = advice([*lines, line(719, quantity="0.001")], catalog)
    assert found.buy is None
    assert found.reason == "nothing pays"


def test_fewer_than_14_days_plan_nothing(catalog):
    found = advice(always(days=10), catalog, bills=[("aws", "2026-09", True)])
    assert found.reason.startswith("there are 9 whole days of use, and 14 are the least")


def test_an_open_bill_counts_without_its_last_day(catalog):
    (hours,) = hours_of(always(days=20), [("aws", "2026-09", True)])
    assert hours.days == 19
    (hours,) = hours_of(always(days=20), SEPTEMBER)
    assert hours.days == 30  # a final bill tells that nothing was used after it
    assert catalog


def test_what_is_used_for_a_part_of_an_hour_is_a_part(catalog):
    half = replace(line(0, quantity="0.5"), start=BEGIN + 1800, end=BEGIN + 3 * 1800)
    (hours,) = hours_of([half], SEPTEMBER)
    ((used,),) = [[one.used for one in hours.lines.values()]]
    assert used[:3] == [250_000_000_000_000_000, 250_000_000_000_000_000, 0]
    assert catalog


def test_lines_of_days_are_spread_and_said_to_be(catalog):
    lines = [line(day * 24, quantity="24", hours=24) for day in range(30)]
    found = advice(lines, catalog)
    assert found.coarse
    assert bought(found) == {("reservation", "m5 (Linux) in us-east-1"): (1, "m5.large")}


def test_lines_of_a_month_are_not_planned_for(catalog):
    lines = [*always(), line(0, quantity="720", hours=720)]
    found = advice(lines, catalog)
    assert found.notes[0] == "1 lines are of more than a day, or of no time: they are not planned for"
    assert bought(found) == {("reservation", "m5 (Linux) in us-east-1"): (1, "m5.large")}


def test_a_month_without_a_bill_is_left_out_and_named(catalog):
    other = [line(hour, source="b") for hour in range(24)]
    bills = [("aws", "2026-09", False), ("aws", "2026-10", False), ("aws", "2026-11", False)]
    later = [replace(line(hour + 1464), month="2026-11") for hour in range(24)]
    lines = [*always(days=61), *later, *other]
    found = advice(lines, catalog, bills=[*bills, ("b", "2026-09", False), ("b", "2026-11", False)])
    assert found.months == ("2026-09", "2026-11")
    assert found.notes[0] == "b has no bill of 2026-10: the month is left out, not taken for 0"


def covered(hour, quantity, effective, **more):
    return line(hour, quantity, commitment=PLAN, covered=True, effective=Decimal(effective), **more)


def unused(hour, effective):
    return line(hour, "0", commitment=PLAN, effective=Decimal(effective), on_demand=None, meter="SavingsPlan")


SCENARIOS = {
    # FOCUS's worked examples: all used, none, three quarters, and all with use on demand beside it
    1: ([covered(0, "1", "1.00", price="1.5")], 1, Decimal("0.5")),
    2: ([unused(0, "1.00")], 0, Decimal(-1)),
    3: ([covered(0, "1", "0.75", price="1.5"), unused(0, "0.25")], Fraction(3, 4), Decimal("0.5")),
    4: ([covered(0, "1", "1.00", price="1.5"), line(0, price="0.5")], 1, Decimal("0.5")),
}


@pytest.mark.parametrize("number", SCENARIOS)
def test_focus_scenarios_used_and_unused_come_to_what_was_bought(number, catalog):
    lines, used, saving = SCENARIOS[number]
    (hours,) = hours_of([*lines, line(1)], SEPTEMBER)
    (existing,) = hours.existing.values()
    _, used_cost, cost = existing.by_month["2026-09"]
    assert cost == 1
    assert used_cost is not None
    assert (existing.used("2026-09"), existing.saving("2026-09")) == (used, saving)
    on_demand = sum(sum(one.used) for one in hours.lines.values()) / 10**18
    assert on_demand == (2 if number == 4 else 1)
    assert catalog


def test_existing_commitments_cover_first_what_they_leave_unused(catalog):
    lines = [*always(quantity="2")]
    for hour in range(720):
        lines += [covered(hour, "10", "0.6"), unused(hour, "0.06")]  # at 0.06 an hour: one more m5.large
    found = advice(lines, catalog)
    assert bought(found) == {("reservation", "m5 (Linux) in us-east-1"): (1, "m5.large")}
    assert found.existing[0].used("2026-09") == Fraction(10, 11)


def test_where_a_commitment_loses_nothing_is_bought(catalog):
    lines = always(quantity="2")
    for hour in range(720):
        lines += [covered(hour, "1", "0.06"), unused(hour, "0.06")]
    found = advice(lines, catalog)
    assert found.buy is None
    assert found.reason.startswith(f"what is committed already costs more than it saves ({PLAN})")


def test_what_open_pull_requests_delete_is_not_planned_for(catalog):
    found = advice(always(quantity="3"), catalog, leaving=always(quantity="1"))
    assert bought(found) == {("reservation", "m5 (Linux) in us-east-1"): (2, "m5.large")}


def test_without_operations_the_price_on_demand_tells_the_system(catalog):
    assert bought(advice(always(operation=""), catalog)) == {
        ("reservation", "m5 (Linux) in us-east-1"): (1, "m5.large")
    }
    found = advice(always(operation="", price="0.11"), catalog)
    assert (found.buy, found.reason) == (None, "no rate")
    assert (
        found.unrated[0].reason == "the bill has no operation that tells its system, and no price of the catalog does"
    )


def test_what_has_no_rate_names_the_sync_that_may_bring_one(catalog):
    found = advice(always(meter="BoxUsage:x9.large"), catalog)
    assert (found.buy, found.reason) == (None, "no rate")
    assert found.unrated[0].on_demand == 72
    assert found.unrated[0].sync == (
        "guardrail pricing sync --commitments --vendor aws --service AmazonEC2 --region us-east-1"
    )


def test_a_bill_in_another_currency_is_planned_at_list_prices_in_dollars(catalog):
    found = advice(always(currency="EUR", price="0.09"), catalog)
    assert (found.currency, found.billed) == ("USD", "EUR")
    assert found.buy.judged.now.on_demand == 73
    assert found.notes[0] == "the bill is in EUR: planned at list prices in US dollars, as rates are"


def test_what_loses_for_one_service_stops_no_other(catalog):
    database = {"meter": "InstanceUsage:db.m5.large", "operation": "CreateDBInstance:0014", "price": "0.2"}
    lines = [*always(), *always(quantity="5", **database)]
    for hour in range(720):
        lines += [covered(hour, "1", "0.1", **database), unused(hour, "0.2")]
    found = advice(lines, catalog)
    assert bought(found) == {("reservation", "m5 (Linux) in us-east-1"): (1, "m5.large")}
    assert found.unrated[0].reason == f"what is committed for it already costs more than it saves ({PLAN})"


def test_the_fee_of_a_month_in_an_open_bill_is_no_loss_yet(catalog):
    lines = [*always(quantity="2"), *[covered(hour, "1", "0.05") for hour in range(720)]]
    october = [replace(line(hour), month="2026-10") for hour in range(720, 768)]
    fee = replace(unused(720, "500"), month="2026-10")
    found = advice([*lines, *october, fee], catalog, bills=[*SEPTEMBER, ("aws", "2026-10", True)])
    assert found.buy is not None


def test_azure_machines_are_reserved_or_under_a_savings_plan(catalog):
    azure = {
        "provider": "Microsoft",
        "service": "Virtual Machines",
        "region": "westeurope",
        "name": "D4s v5",
        "series": "Virtual Machines Dsv5 Series",
        "meter": "id",
        "operation": "",
        "price": "0.2",
    }
    found = advice(always(**azure), catalog)
    assert bought(found) == {("reservation", "Standard_D4s_v5 (Linux) in westeurope"): (1, "Standard_D4s_v5")}
    assert found.buy.judged.now.saving == Fraction("0.08") * 730  # 1051.2 a year are 0.12 an hour
    assert ("savings plan",) in {one.kinds for one in found.alternatives}


@pytest.mark.parametrize(
    "service, meter, series, expected",
    [
        ("Virtual Machines", "D2 v2/DS2 v2", "Dv2/DSv2 Series", ("Standard_D2_v2", "Linux")),
        ("Virtual Machines", "E4-2ds v5", "Virtual Machines Edsv5 Series", ("Standard_E4-2ds_v5", "Linux")),
        ("Virtual Machines", "B2s", "Virtual Machines BS Series Windows", ("Standard_B2s", "Windows")),
        ("Virtual Machines", "D4s v5 Spot", "Virtual Machines Dsv5 Series", None),
        ("Cloud Services", "D2 v2", "Dv2 Series", None),
    ],
)
def test_meters_of_azure(service, meter, series, expected):
    found = product_of("Microsoft", service, "EastUS", "id", "", meter, series)
    assert (found and (found.name, found.what)) == expected
    assert found is None or found.region == "eastus"


@pytest.mark.parametrize(
    "meter, operation, name, expected",
    [
        ("EUW1-BoxUsage:m5.large", "RunInstances", "", ("m5.large", "Linux", True)),
        ("BoxUsage:m5.large", "RunInstances:0002", "", ("m5.large", "Windows", False)),
        ("BoxUsage:m5.large", "RunInstances:0006", "", None),  # with SQL Server
        ("DedicatedUsage:m5.large", "RunInstances", "", ("m5.large", "Linux, dedicated", False)),
        ("SpotUsage:m5.large", "RunInstances", "", None),
        ("EU-Multi-AZUsage:db.r5.xlarge", "CreateDBInstance:0014", "", ("db.r5.xlarge", "PostgreSQL, Multi-AZ", True)),
        ("InstanceUsage:db.r5.xlarge", "CreateDBInstance:0005", "", None),  # with a licence
        ("NodeUsage:cache.r6g.large", "CreateCacheCluster:0002", "", ("cache.r6g.large", "Redis", False)),
        ("SKU.RATE", "", "$0.096 per On Demand Linux m5.large Instance Hour", ("m5.large", "Linux", True)),
        ("NatGateway-Hours", "NatGateway", "", None),
        ("USW2-Lambda-GB-Second-ARM", "", "", ("Lambda-GB-Second-ARM", "", False)),
    ],
)
def test_usage_types_of_aws(meter, operation, name, expected):
    found = product_of("Amazon Web Services", "", "eu-west-1", meter, operation, name)
    assert (found and (found.name, found.what, found.flexible)) == expected


@pytest.mark.parametrize(
    "name, expected",
    [
        ("N2 Instance Core running in Americas", "N2 vCPU"),
        ("N1 Predefined Instance Ram running in Frankfurt", "N1 memory"),
        ("N2D AMD Custom Instance Core running in EMEA", "N2D AMD vCPU"),
        ("E2 Custom Extended Instance Ram running in Iowa", "E2 memory"),
        ("Spot Preemptible N2 Instance Core running in Americas", None),
        ("Commitment v1: N2 Cpu in Americas for 1 Year", None),
        ("Storage PD Capacity", None),
    ],
)
def test_skus_of_google(name, expected):
    found = product_of("Google Cloud", "Compute Engine", "us-central1", "sku", "", name)
    assert (found and found.name) == expected


def test_google_commits_to_vcpus_and_memory_of_a_series(catalog):
    google = {"provider": "Google Cloud", "region": "us-central1", "operation": "", "meter": "sku"}
    lines = [
        *always(name="N2 Instance Core running in Americas", quantity="8", price="0.03", **google),
        *always(name="N2 Custom Instance Core running in Americas", quantity="2", price="0.032", **google),
        *always(name="N2 Instance Ram running in Americas", quantity="32", price="0.004", unit="GiBy.h", **google),
    ]
    found = advice(lines, catalog)
    assert bought(found) == {
        ("committed use", "N2 vCPU in us-central1"): (10, "vCPU"),
        ("committed use", "N2 memory in us-central1"): (32, "GiB"),
    }
    assert "flexible committed use" in found.notes[-1]
    credited = [replace(one, effective=one.effective / 2) for one in lines[:720]]
    assert advice(credited, catalog).unrated[0].reason.startswith("credits lower its cost")


def test_the_newest_days_decide_and_older_months_are_judged(catalog):
    lines = [line(hour, quantity="1" if hour < 720 else "4") for hour in range(1464)]
    found = advice(lines, catalog, Wanted(days=31), bills=BOTH)
    assert bought(found) == {("reservation", "m5 (Linux) in us-east-1"): (4, "m5.large")}
    month, worst = found.buy.judged.worst
    assert month == "2026-09"
    assert worst.saving == (Fraction("0.1") - Fraction("0.2")) * 730


@settings(max_examples=50)
@given(st.integers(0, 10**20), st.integers(0, 100 * 3600), st.integers(1, 25 * 3600))
def test_what_is_spread_over_hours_comes_to_what_is_told(quantity, start, length):
    told = Decimal(quantity).scaleb(-18)
    one = replace(line(0), start=BEGIN + start, end=BEGIN + start + length, quantity=told, on_demand=told)
    found = hours_of([one], SEPTEMBER)
    if not quantity:
        return
    (hours,) = found
    (used,) = [each.used for each in hours.lines.values()]
    assert sum(used) == quantity
    assert all(each >= 0 for each in used)


def test_old_rates_are_said_to_be_old(catalog):
    (hours,) = hours_of(always(), SEPTEMBER)
    assert not [note for note in advised(hours, catalog, Wanted(), TODAY).notes if "rates are of" in note]
    later = advised(hours, catalog, Wanted(), date(2027, 6, 1))
    assert later.notes[-1].startswith("rates are of 2026-11-01: `guardrail pricing sync --commitments` brings newer")


def test_a_ladder_ends_in_four_parts():
    assert ladder(12, date(2026, 11, 30)) == (
        (date(2026, 11, 30), date(2027, 11, 30)),
        (date(2027, 2, 28), date(2028, 2, 28)),
        (date(2027, 5, 30), date(2028, 5, 30)),
        (date(2027, 8, 30), date(2028, 8, 30)),
    )
