"""The arithmetic of commitments, against brute force, a linear program and its own laws."""

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrail.finops.commitments.coverage import Coverage, Draw, Series
from guardrail.finops.commitments.plan import Demand, judged, planned
from guardrail.finops.commitments.records import Purchase
from tests.finops.commitments.made import UNIT, months_of, offer, usage

CENT = Fraction(1, 100)


def one_pool(hours, price, cost):
    pool = usage("m5.large", price, hours)
    return Demand.of([pool], months_of(len(hours))), offer(
        {pool.key: 1}, breadth=0, cost=cost, step="1", unit="m5.large"
    )


def test_closed_form_is_unbeaten_by_brute_force_in_300_of_300():
    chance = random.Random(7)  # noqa: S311 - nothing secret
    for _ in range(300):
        hours = [chance.randint(0, 30) for _ in range(chance.randint(20, 200))]
        cost = Fraction(chance.randint(20, 95), 100)
        demand, one = one_pool(hours, "1", cost)
        found = planned(demand, [one])
        bought = found.purchases[0].amount if found.purchases else Fraction(0)

        def total(amount, hours=hours, cost=cost):
            return amount * cost * len(hours) + sum(max(hour - amount, 0) for hour in hours)

        assert total(bought) == min(map(total, range(max(hours) + 1)))


def test_the_amount_is_the_quantile_of_demand():
    # 60% of the price on demand pays for what is used in more than 60% of the hours.
    demand, one = one_pool([1] * 39 + [5] * 61, "1", "0.6")
    assert planned(demand, [one]).purchases[0].amount == 5
    demand, one = one_pool([1] * 41 + [5] * 59, "1", "0.6")
    assert planned(demand, [one]).purchases[0].amount == 1


def plans(chance, kinds):
    hours = chance.randint(24, 60)
    pools = [
        usage(f"t{kind}", Fraction(chance.randint(50, 2000), 1000), [chance.randint(0, 15) for _ in range(hours)])
        for kind in range(kinds)
    ]
    rates = {pool.key: round(pool.price * chance.randint(45, 90)) * CENT or CENT for pool in pools}
    return pools, rates, hours


def test_a_sweep_over_many_products_is_the_optimum_of_a_linear_program():
    optimize = pytest.importorskip("scipy.optimize", reason="the linear program needs scipy, which has HiGHS")
    chance = random.Random(7)  # noqa: S311 - nothing secret
    for _ in range(60):
        pools, rates, hours = plans(chance, chance.randint(1, 5))
        found = planned(Demand.of(pools, months_of(hours)), [offer(rates, step="0.000001")])
        costs = [float(hours)] + [-float(pool.price) for _ in range(hours) for pool in pools]
        rows = []
        for hour in range(hours):
            row = [0.0] * len(costs)
            row[0] = -1.0
            for number, pool in enumerate(pools):
                row[1 + hour * len(pools) + number] = float(rates[pool.key])
            rows.append(row)
        limits = [(0, None)] + [(0, pool.used[hour] / UNIT) for hour in range(hours) for pool in pools]
        answer = optimize.linprog(costs, A_ub=rows, b_ub=[0.0] * hours, bounds=limits, method="highs")
        assert float(found.now.saving) == pytest.approx(-answer.fun * 730 / hours, rel=1e-5, abs=1e-6)


def test_no_amount_of_a_plan_over_many_products_saves_more():
    chance = random.Random(11)  # noqa: S311 - nothing secret
    for _ in range(30):
        pools, rates, hours = plans(chance, chance.randint(1, 4))
        one, demand = offer(rates), Demand.of(pools, months_of(hours))
        best = planned(demand, [one]).now.saving
        most = sum(rates[pool.key] * max(pool.used) / UNIT for pool in pools)
        for part in range(41):
            amount = most * part / 40 // one.step * one.step
            assert judged(demand, [Purchase(one, amount)]).now.saving <= best


prices = st.integers(1, 400).map(lambda cents: Fraction(cents, 100))
uses = st.lists(st.fractions(0, 6, max_denominator=8), min_size=1, max_size=6)


@settings(max_examples=60)
@given(st.lists(st.tuples(prices, prices, prices), min_size=1, max_size=4), st.data())
def test_a_plan_never_does_worse_than_nothing_or_one_sort_alone(rates, data):
    hours = data.draw(st.integers(1, 8))
    pools = [
        usage(
            f"t{number}",
            price,
            data.draw(st.lists(st.fractions(0, 6, max_denominator=8), min_size=hours, max_size=hours)),
        )
        for number, (price, _, _) in enumerate(rates)
    ]
    narrow = [
        offer({pool.key: 1}, breadth=0, cost=cost, step="1") for pool, (_, cost, _) in zip(pools, rates, strict=True)
    ]
    broad = offer({pool.key: rate for pool, (_, _, rate) in zip(pools, rates, strict=True)})
    demand = Demand.of(pools, months_of(hours))
    both = planned(demand, [*narrow, broad]).now
    assert both.saving >= 0
    alone = [planned(demand, narrow), planned(demand, [broad])]
    assert both.saving >= max(one.now.saving for one in alone)
    assert 0 <= both.avoided <= both.on_demand
    assert 0 <= both.used <= 1
    assert both.saving == both.on_demand - (both.committed + (both.on_demand - both.avoided))


@settings(max_examples=60)
@given(st.lists(st.tuples(prices, prices, uses), min_size=1, max_size=4), st.fractions(0, 30, max_denominator=7))
def test_what_is_covered_and_what_is_left_come_to_the_use(pools, amount):
    hours = max(len(used) for _, _, used in pools)
    draws = [
        Draw(Series.of([int(hour * UNIT) for hour in (used * hours)[:hours]]), weight, price)
        for price, weight, used in pools
    ]
    coverage = Coverage(draws, hours)
    used, left = ([one.quantities for one in some] for some in ((draw.used for draw in draws), coverage.left(amount)))
    spans = [(hour, hour + 1) for hour in range(hours)]

    def is_near(left, right):
        return abs(left - right) <= Fraction(100, UNIT)  # of each use the last decimal, at prices below 5

    for hour, (worth, taken) in enumerate(coverage.drawn(amount, spans)):
        assert 0 <= taken <= amount
        covered = [all_[hour] - rest[hour] for all_, rest in zip(used, left, strict=True)]
        assert all(0 <= one <= all_[hour] for one, all_ in zip(covered, used, strict=True))
        assert is_near(sum(one * draw.weight for one, draw in zip(covered, draws, strict=True)) / UNIT, taken)
        assert is_near(sum(one * draw.price for one, draw in zip(covered, draws, strict=True)) / UNIT, worth)
        # Nothing stays unused while something is left to be covered.
        assert taken == amount or not any(rest[hour] for rest in left)


def test_reservations_and_a_plan_together_come_near_the_linear_program():
    optimize = pytest.importorskip("scipy.optimize", reason="the linear program needs scipy, which has HiGHS")
    chance = random.Random(3)  # noqa: S311 - nothing secret
    for _ in range(20):
        pools, rates, hours = plans(chance, chance.randint(1, 4))
        costs = {pool.key: round(rates[pool.key] * chance.randint(70, 110)) * CENT or CENT for pool in pools}
        narrow = [offer({pool.key: 1}, breadth=0, cost=costs[pool.key], step="0.000001") for pool in pools]
        found = planned(Demand.of(pools, months_of(hours)), [offer(rates, step="0.000001"), *narrow])
        # committed a plan and, of each pool, a reservation; by hour and pool, what each of both covers
        kinds = len(pools)
        goal = [float(hours)] + [float(costs[pool.key]) * hours for pool in pools]
        goal += [-float(pool.price) for _ in range(hours) for pool in pools for _ in range(2)]
        rows, most = [], []
        for hour in range(hours):
            plan = [0.0] * len(goal)
            plan[0] = -1.0
            for number, pool in enumerate(pools):
                at = 1 + kinds + 2 * (hour * kinds + number)
                reserved, both = [0.0] * len(goal), [0.0] * len(goal)
                reserved[1 + number], reserved[at] = -1.0, 1.0
                both[at] = both[at + 1] = 1.0
                plan[at + 1] = float(rates[pool.key])
                rows += [reserved, both]
                most += [0.0, pool.used[hour] / UNIT]
            rows.append(plan)
            most.append(0.0)
        answer = optimize.linprog(goal, A_ub=rows, b_ub=most, method="highs")
        best = -answer.fun * 730 / hours
        assert best * 0.95 - 1e-6 <= float(found.now.saving) <= best * (1 + 1e-6) + 1e-6


def test_at_less_use_a_commitment_saves_less_and_then_loses():
    demand, one = one_pool([10] * 730, "1", "0.75")
    found = planned(demand, [one])
    assert {share: outcome.saving for share, outcome in found.at.items()} == {
        100: Fraction(1825),
        90: Fraction(1095),
        80: Fraction(365),
        70: Fraction(-365),
    }
    assert found.break_even == Fraction(3, 4)
    assert found.break_months == 9


def test_the_largest_discount_is_drawn_on_first():
    small, large = usage("small", "1", [1]), usage("large", "1", [1])
    demand = Demand.of([small, large], ["2026-01"])
    plan = offer({small.key: "0.5", large.key: "0.9"})
    found = judged(demand, [Purchase(plan, Fraction(1, 2))]).now
    # half a dollar covers all of the use at half price, and nothing of the other
    assert found.avoided == 730
    assert found.used == 1


def test_narrow_commitments_come_first_and_broad_ones_take_what_they_leave():
    steady = usage("steady", "1", [4] * 100)
    turns = [usage("even", "1", [4, 0] * 50), usage("odd", "1", [0, 4] * 50)]
    demand = Demand.of([steady, *turns], months_of(100))
    narrow = [offer({pool.key: 1}, breadth=0, cost="0.6", step="1") for pool in (steady, *turns)]
    broad = offer({pool.key: "0.7" for pool in (steady, *turns)})
    found = planned(demand, [broad, *narrow])
    assert [(one.offer.breadth, one.amount) for one in found.purchases] == [(0, 4), (2, Fraction("2.8"))]
    assert found.now.saving == 730 * (4 * Fraction("0.4") + 4 * Fraction("0.3"))


def test_without_hours_or_prices_nothing_is_planned():
    assert planned(Demand.of([], []), []).purchases == ()
    unknown = usage("m5.large", None, [1, 1])
    assert planned(Demand.of([unknown], months_of(2)), [offer({unknown.key: "0.5"})]).purchases == ()
    idle = usage("m5.large", "1", [0, 0])
    assert planned(Demand.of([idle], months_of(2)), [offer({idle.key: "0.5"})]).purchases == ()
