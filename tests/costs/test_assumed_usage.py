"""Usage profiles: what they assume, how it is marked, and that nothing of it is taken for known."""

from decimal import Decimal

import pytest

from guardrail.costs import Engine, Usage
from guardrail.costs.usage.profiles import ProfileName, assumptions, profile
from guardrail.model.cost import LineStatus, ResourceStatus
from guardrail.model.resource import Action, Change, Side
from guardrail.model.totals import Bound, totals
from guardrail.policy.spend import spend
from tests.costs import test_bills
from tests.costs.test_bills import LIBRARY

LAMBDA = {"memory_size": 512, "architectures": ["x86_64"]}


def change(type_name, attributes, before=None):
    action = Action.UPDATE if before else Action.CREATE
    was = Side(before) if before else None
    there = "us-east-1"
    return Change(
        f"{type_name}.x",
        type_name,
        "x",
        action,
        was,
        Side(attributes),
        region=there,
        before_region=there if was else None,
    )


@pytest.fixture
def priced(catalog):
    def price(one, name="medium", usage=None):
        engine = Engine(LIBRARY, catalog, usage=Usage(by_address={one.address: usage or {}}), profile=profile(name))
        (resource,) = engine.estimate([one])
        return resource

    return price


def declared():
    """Give every usage key of every shipped definition, and whether it has a default."""
    for name in LIBRARY.priced_types():
        tariff = LIBRARY.find(name)
        for key, usage in tariff.definition.usage.items() if tariff else ():
            yield (name, key), usage.default is not None


def test_every_usage_key_has_a_value_in_every_profile_or_is_left_out_with_a_reason():
    told = {(one.type, one.key): one for one in assumptions()}
    assert len(told) == len(assumptions()), "a key is in two tables"
    keys = dict(declared())
    assert sorted(key for key, has_default in keys.items() if not has_default and key not in told) == []
    assert sorted(key for key in told if key not in keys) == []
    # What the vendor documents is priced with or without a profile.
    assert sorted(key for key in told if keys[key]) == []


def test_every_assumption_says_what_it_stands_for_and_grows_with_the_profile():
    for one in assumptions():
        assert one.basis
        assert one.basis == one.basis.strip()
        if one.values:
            small, medium, large = (one.values[name] for name in ProfileName)
            assert 0 <= small <= medium <= large, one


def test_a_line_on_assumed_usage_is_marked_and_not_known(priced):
    cost = priced(change("aws_lambda_function", LAMBDA)).after
    requests = cost.lines[0]
    assert (requests.status, requests.usage_profile) == (LineStatus.ASSUMED, "medium")
    # 30 million requests at $0.20 for a million; 200 ms of half a GB for each at $0.0000166667.
    assert requests.monthly_cost == requests.assumed_usage == Decimal(6)
    assert requests.note == "assumed usage (profile medium): monthly_requests 30,000,000"
    assert (
        cost.total == cost.assumed_usage == Decimal(6) + Decimal(30_000_000) * Decimal("0.1") * Decimal("0.0000166667")
    )
    assert cost.known == 0
    assert cost.status is ResourceStatus.PARTIAL
    assert cost.as_given.usage_based
    assert not cost.usage_based


def test_usage_that_is_given_wins_key_by_key(priced):
    cost = priced(change("aws_lambda_function", LAMBDA), usage={"monthly_requests": 1_000_000}).after
    requests, duration = cost.lines
    assert (requests.status, requests.usage_profile, requests.monthly_cost) == (LineStatus.PRICED, "", Decimal("0.2"))
    assert duration.note == "assumed usage (profile medium): request_duration_ms 200"
    assert cost.known == Decimal("0.2")
    both = {"monthly_requests": 1_000_000, "request_duration_ms": 100}
    assert not priced(change("aws_lambda_function", LAMBDA), usage=both).after.on_assumed_usage


def test_what_needs_no_usage_stays_known(priced):
    cost = priced(change("aws_nat_gateway", {})).after
    assert [line.usage_profile for line in cost.lines] == ["", "medium"]
    assert (cost.known, cost.assumed_usage) == (Decimal("32.85"), Decimal("2.7"))


AURORA = {
    "engine": "aurora-postgresql",
    "engine_mode": "provisioned",
    "serverlessv2_scaling_configuration": [{"min_capacity": 4, "max_capacity": 20}],
}


@pytest.mark.parametrize(
    "name, total, assumed", [("medium", "350.40", "0"), ("large", "1401.60", "1051.20")], ids=["within", "above"]
)
def test_a_minimum_stays_known_whatever_is_assumed(catalog, name, total, assumed):
    cluster = change("aws_rds_cluster", AURORA | {"cluster_identifier": "c"})
    instance = {"engine": "aurora-postgresql", "instance_class": "db.serverless", "cluster_identifier": "c"}
    changes = [cluster, change("aws_rds_cluster_instance", instance)]
    after, plain = (Engine(LIBRARY, catalog, profile=profile(one)).estimate(changes)[1].after for one in (name, ""))
    assert after is not None
    assert plain is not None
    line = after.lines[0]
    assert plain.lines[0].at_least
    assert (line.monthly_cost, line.assumed_usage) == (Decimal(total), Decimal(assumed))
    assert after.known == plain.known == Decimal("350.40")
    assert ("within the minimum" in line.note) is (assumed == "0")


def test_a_profile_changes_nothing_that_is_known(catalog):
    on_usage = 0
    for type_name, (case, *_) in test_bills.bills().items():
        given = {**case, "usage": {}}
        plain = test_bills.priced(type_name, given, catalog)
        for name in ("small", "large"):
            cost = test_bills.priced(type_name, given, catalog, profile=profile(name))
            assert cost.as_given == plain, type_name
            assert cost.known == plain.known, type_name
            on_usage += bool(cost.on_assumed_usage)
    assert on_usage > 300  # of 2 times some 290 types


def test_sums_tell_what_stands_on_assumed_usage_and_bound_nothing(priced):
    resource = priced(change("aws_nat_gateway", {}))
    sums = totals((resource,))
    assert (sums.monthly_cost, sums.assumed_usage, sums.usage_profile) == (Decimal("35.55"), Decimal("2.7"), "medium")
    assert (sums.cost_bound, sums.delta_bound) == (Bound.ABOUT, Bound.ABOUT)
    assert sums.on_assumed_usage == 1
    assert sums.usage_based == 0
    assert (sums + sums).assumed_usage == Decimal("5.4")


def test_what_is_assumed_alike_on_both_sides_cancels_out(priced):
    was, will = {**LAMBDA, "description": "a"}, {**LAMBDA, "description": "b"}
    sums = totals((priced(change("aws_lambda_function", will, was)),))
    assert sums.monthly_delta == 0
    assert sums.delta_bound is Bound.EXACT
    dearer = totals((priced(change("aws_lambda_function", {**LAMBDA, "memory_size": 1024}, LAMBDA)),))
    assert dearer.monthly_delta == dearer.assumed_usage_delta > 0
    assert dearer.delta_bound is Bound.ABOUT


def test_budgets_count_what_is_known(priced):
    resource, plain = (priced(change("aws_nat_gateway", {}), name) for name in ("medium", ""))
    assert spend(resource).known == spend(plain).known == Decimal("32.85")
    assert spend(resource).usage_open == spend(plain).usage_open == 1
    assert spend(resource).assumed_usage == Decimal("2.7")


def test_an_attribute_that_moves_the_cost_of_assumed_usage_says_by_how_much(priced):
    resource = priced(change("aws_lambda_function", {**LAMBDA, "memory_size": 1024}, LAMBDA))
    (difference,) = resource.differences
    assert difference.path == "memory_size"
    assert difference.effect == resource.total_delta > 0
