"""Parts of a difference come to it, whatever stands in estimates and on bills."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.finops.accuracy import Month, Part, compare
from guardrail.finops.accuracy.estimate import Chosen, EstimateLine, Run, chosen_runs, estimated
from guardrail.finops.accuracy.pairing import Billed
from guardrail.finops.exact import CENT
from guardrail.finops.unit import unit_of

OCTOBER = Month(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
NOW = Chosen("shop", "USD", OCTOBER.begin, (("now", False), ("before", False)))


def money(text):
    return int(Fraction(text) * 100 * CENT)


def line(address="aws_instance.a", quantity="730", price="0.1", **more):
    amounts = {
        "quantity": None if quantity is None else Fraction(quantity),
        "unit_price": money(price),
        "monthly": None if quantity is None else money(Fraction(quantity) * Fraction(price)),
    }
    told = {
        "component": "Instance",
        "group": None,
        "unit": "hours",
        "status": "priced",
        "usage_key": None,
        "meter": None,
    }
    return EstimateLine(**{"address": address, "type": address.split(".")[0], "team": "web", **amounts, **told, **more})


def row(address="aws_instance.a", quantity="744", price="0.1", days=(1, 32), **more):
    listed = money(Fraction(quantity or 0) * Fraction(price))
    told = {
        "listed": listed,
        "contracted": listed,
        "cost": listed,
        "unit_price": money(price),
        "quantity": None if quantity is None else Fraction(quantity),
    }
    begin, end = (datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=day - 1) for day in days)
    of = {
        "source": "aws",
        "currency": "USD",
        "project": "shop",
        "address": address,
        "evidence": "id",
        "category": "Usage",
    }
    rest = {
        "commitment": None,
        "of_commitment": False,
        "meters": ("BoxUsage",),
        "unit": unit_of("Hrs"),
        "service": "EC2",
    }
    return Billed(**{**of, **rest, "team": None, "rows": 1, "begin": begin, "end": end, **told, **more})


def parts(now, bill, before=(), month=OCTOBER):
    """Return the parts that are not 0, of all that is compared together."""
    estimate = estimated(NOW, {("now", False): now, ("before", False): before})
    found: dict = {}
    for one in compare(month, [estimate], bill):
        assert one.residual == 0
        for part, amount in one.parts.items():
            found[part] = found.get(part, 0) + amount
    return {part: amount for part, amount in found.items() if amount}


def test_hours_of_a_month_are_time():
    assert parts([line()], [row()]) == {Part.TIME: money("1.4")}


def test_a_month_of_storage_is_one_however_long_it_is():
    here = line("aws_ebs_volume.a", "100", "0.08", unit="GB", component="Storage")
    assert parts([here], [row("aws_ebs_volume.a", "100", "0.08", unit=unit_of("GB-Mo"))]) == {}


def test_what_comes_in_mid_month_was_not_there_before():
    assert parts([line()], [row(quantity="384", days=(16, 32))]) == {
        Part.TIME: money("1.4"),
        Part.EXISTENCE: money("-36"),
    }


def test_a_machine_that_stands_still_at_night_is_used_less():
    assert parts([line()], [row(quantity="372")]) == {Part.TIME: money("1.4"), Part.USAGE: money("-37.2")}


def test_a_machine_that_is_resized_in_mid_month_is_both_for_a_time():
    bill = [
        row(quantity="360", days=(1, 16)),
        row(quantity="384", price="0.2", days=(16, 32), meters=("BoxUsage:large",)),
    ]
    found = parts([line(price="0.2")], bill, before=[line()])
    # 146 a month; 384 hours of it are 76.8, and 360 hours of what was before are 36.
    assert found == {Part.TIME: money("2.8"), Part.EXISTENCE: money("76.8") - money("148.8") + money("36")}


def test_what_is_deleted_in_mid_month_was_there_until_then():
    assert parts([], [row(quantity="240", days=(1, 11))], before=[line()]) == {Part.EXISTENCE: money("24")}


def test_a_machine_that_is_replaced_keeps_its_line():
    bill = [row(quantity="360", days=(1, 16)), row(quantity="384", days=(16, 32))]
    assert parts([line()], bill) == {Part.TIME: money("1.4")}


def test_list_price_discount_and_commitments_are_told_apart():
    whole = row(price="0.12", contracted=money("80"), cost=money("50"), of_commitment=True)
    assert parts([line()], [whole]) == {
        Part.TIME: money("1.4"),
        Part.PRICE: money("14.88"),
        Part.DISCOUNT: money("80") - money("89.28"),
        Part.COMMITMENTS: money("-30"),
    }


@pytest.mark.parametrize("of_commitment, part", [(True, Part.COMMITMENTS), (False, Part.DISCOUNT)])
def test_without_a_contracted_cost_the_difference_is_the_commitment_s_where_there_is_one(of_commitment, part):
    one = row(contracted=None, cost=money("70"), of_commitment=of_commitment)
    assert parts([line()], [one]) == {Part.TIME: money("1.4"), part: money("-4.4")}


def test_without_a_list_cost_the_rest_is_not_explained():
    one = row(listed=None, contracted=None, cost=money("70"), unit_price=None)
    assert parts([line()], [one]) == {Part.TIME: money("1.4"), Part.UNEXPLAINED: money("-4.4")}


def test_units_that_cannot_be_compared_leave_usage_and_price_together():
    here = line(unit="nodes", meter="Box")
    assert Part.UNEXPLAINED in parts([here], [row(unit=unit_of("GB"), meters=("Box",))])
    in_thousands = row(
        quantity="0.744",
        price="0.1",
        meters=("Box",),
        listed=money("70"),
        unit_price=None,
        contracted=None,
        cost=money("74.4"),
    )
    assert Part.UNEXPLAINED in parts([line(meter="Box")], [in_thousands])


def test_what_the_catalog_has_no_price_for_is_not_modelled():
    here = line(quantity=None, price="0", status="no-price")
    here = replace(here, unit_price=None)
    assert parts([here], [row(meters=())]) == {Part.NOT_MODELLED: money("74.4")}


def test_usage_that_was_not_given_is_usage():
    here = line("aws_nat_gateway.a", None, "0.045", unit="GB", usage_key="gb", meter="Bytes", status="usage")
    found = row("aws_nat_gateway.a", "100", "0.045", unit=unit_of("GB"), meters=("Bytes",))
    assert parts([here], [found]) == {Part.USAGE: money("4.5")}


def test_what_is_used_grows_with_the_hours_that_it_was_there_for():
    lines = [
        line("aws_nat_gateway.a", meter="Hours"),
        line("aws_nat_gateway.a", "730", "0.01", unit="GB", usage_key="gb", meter="Bytes"),
    ]
    bill = [
        row("aws_nat_gateway.a", "372", days=(1, 16), meters=("Hours",)),
        row("aws_nat_gateway.a", "372", "0.01", days=(3, 9), unit=unit_of("GB"), meters=("Bytes",)),
    ]
    found = parts(
        lines,
        [
            replace(bill[0], quantity=Fraction(360), listed=money("36"), contracted=money("36"), cost=money("36")),
            bill[1],
        ],
    )
    assert found == {
        Part.TIME: money("1.4") + money("0.14"),
        Part.EXISTENCE: money("36") - money("74.4") + money("3.6") - money("7.44"),
        Part.USAGE: money("0.12"),
    }


def test_what_is_estimated_and_never_billed_is_not_billed():
    assert parts([line()], []) == {Part.NOT_BILLED: money("-73")}


def test_what_of_a_project_has_no_address_is_compared_as_a_sum():
    found = parts([line()], [row(None, evidence="group")])
    assert found == {Part.UNEXPLAINED: money("1.4")}


def test_taxes_and_what_is_paid_for_commitments():
    tax = row(None, project=None, category="Tax", evidence="none")
    paid = row(None, project=None, category="Purchase", of_commitment=True, evidence="none")
    unused = row(None, project=None, commitment="Unused", of_commitment=True, evidence="none", listed=0, contracted=0)
    assert parts([], [tax]) == {Part.NOT_MODELLED: money("74.4")}
    assert parts([], [paid]) == parts([], [unused]) == {Part.COMMITMENTS: money("74.4")}


def test_a_bill_that_is_open_is_compared_up_to_its_newest_charge():
    half = Month(OCTOBER.begin, OCTOBER.end, {"aws": datetime(2026, 10, 16, tzinfo=UTC)})
    assert parts([line()], [row(quantity="360", days=(1, 16))], month=half) == {Part.TIME: money("36") - money("73")}


def test_two_meters_of_one_unit_are_told_by_their_prices_or_not_at_all():
    lines = [line(), line(price="0.005", component="Address")]
    bill = [row(), row(price="0.005", meters=("PublicIPv4",))]
    assert parts(lines, bill) == {Part.TIME: money("1.47")}
    other = [row(price="0.11"), row(price="0.006", meters=("PublicIPv4",))]
    assert set(parts(lines, other)) == {Part.TIME, Part.PRICE}
    apart = [row(price="0.5"), row(price="0.9", meters=("PublicIPv4",))]
    assert set(parts(lines, apart)) == {Part.NOT_BILLED, Part.NOT_MODELLED}


def test_a_machine_whose_cores_and_memory_are_billed_apart_is_one():
    cores = row(quantity="1488", price="0.03", meters=("core",), unit=unit_of("hour"))
    memory = row(quantity="5952", price="0.005", meters=("memory",), unit=unit_of("gibibyte hour"))
    assert parts([line()], [cores, memory]) == {Part.TIME: money("1.4")}
    assert parts([line()], [cores, replace(memory, cost=money("20"))])[Part.DISCOUNT] == money("20") - money("29.76")


AMOUNTS = st.fractions(min_value=-1000, max_value=1000, max_denominator=10**6).map(lambda part: int(part * 100 * CENT))
MAYBE = st.none() | AMOUNTS
ROWS = st.builds(
    lambda cost, listed, contracted, quantity, address, of_commitment, commitment, category, unit, days: row(
        address,
        days=(min(days), max(days) + 1),
        cost=cost,
        listed=listed,
        contracted=contracted,
        quantity=quantity,
        of_commitment=of_commitment,
        commitment=commitment,
        category=category,
        unit=unit_of(unit),
        evidence="id" if address else "group",
    ),
    AMOUNTS,
    MAYBE,
    MAYBE,
    st.none() | st.fractions(0, 1000, max_denominator=1000),
    st.sampled_from(["aws_instance.a", "aws_instance.b", None]),
    st.booleans(),
    st.sampled_from([None, "Used", "Unused"]),
    st.sampled_from(["Usage", "Tax", "Credit", "Purchase"]),
    st.sampled_from(["Hrs", "GB-Mo", "GB", "100 Hours", ""]),
    st.tuples(st.integers(1, 31), st.integers(1, 31)),
)
LINES = st.lists(
    st.builds(
        lambda address, quantity, unit, meter, usage_key: line(
            address, quantity, unit=unit, meter=meter, usage_key=usage_key
        ),
        st.sampled_from(["aws_instance.a", "aws_instance.b", "aws_instance.c"]),
        st.none() | st.integers(0, 800),
        st.sampled_from(["hours", "GB", "1k requests"]),
        st.sampled_from([None, "BoxUsage", "Other"]),
        st.sampled_from([None, "monthly_hrs"]),
    ),
    max_size=4,
)


@given(now=LINES, before=LINES, bill=st.lists(ROWS, max_size=6))
def test_the_parts_come_to_the_difference_and_nothing_is_lost(now, before, bill):
    estimate = estimated(NOW, {("now", False): now, ("before", False): before})
    found = compare(OCTOBER, [estimate], bill)
    assert [one for one in found if one.residual] == []
    assert sum(one.bill for one in found) == sum(one.cost for one in bill)
    assert sum(one.estimate for one in found) == sum(one.monthly or 0 for one in now)


def run(name, day, event="push", merged=None, month=10):
    at = datetime(2026, month, day, tzinfo=UTC)
    merged_at = datetime(2026, month, merged, tzinfo=UTC) if merged else None
    return Run(name, at, "shop", event, 7 if event == "pull_request" else None, merged_at, "USD")


@pytest.mark.parametrize(
    "runs, sides, said",
    [
        ([run("old", 1, month=8), run("a", 5), run("b", 20), run("later", 2, month=11)], "b a old", ""),
        ([run("exact", 1), run("old", 1, month=8)], "exact", ""),
        ([run("a", 5)], "a a<", ""),
        ([run("a", 5), run("pr", 9, "pull_request")], "a a<", ""),
        ([run("a", 5), run("pr", 9, "pull_request", merged=12)], "pr a a<", ""),
        ([run("later", 2, month=11), run("last", 9, month=11)], "later< later", "no run before the end of the month"),
        ([run("pr", 9, "pull_request"), run("pr2", 12, "pull_request")], "pr2 pr2<", "only runs of pull requests"),
        ([run("pr", 9, "pull_request", month=11)], "pr pr<", "only runs of pull requests"),
    ],
)
def test_the_estimate_is_the_newest_run_that_was_so_before_the_end(runs, sides, said):
    (chosen,) = chosen_runs(runs, OCTOBER.begin, OCTOBER.end)
    assert " ".join(f"{name}{'<' if before else ''}" for name, before in chosen.sides) == sides
    assert said in chosen.note
    assert bool(said) == bool(chosen.note)


def test_without_a_commitment_what_is_less_than_the_list_is_a_discount_whatever_was_contracted():
    one = row(contracted=money("80"), cost=money("70"))
    assert parts([line()], [one]) == {Part.TIME: money("1.4"), Part.DISCOUNT: money("-4.4")}
