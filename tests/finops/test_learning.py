"""What a bill tells of usage is the usage that leads to that bill, by every shipped definition that allows it."""

from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from guardrail.costs import Engine, Usage
from guardrail.costs.inventory import Inventory
from guardrail.finops.accuracy.pairing import Billed
from guardrail.finops.learning import learn
from guardrail.finops.unit import unit_of
from guardrail.model.money import HOURS_PER_MONTH
from guardrail.model.resource import Action, Change, Side
from tests.costs.test_bills import LIBRARY, _changes, cases

BEGIN, UNTIL = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
HOURS = Fraction(744, int(HOURS_PER_MONTH))


def row(address, quantity, unit, *meters, begin=BEGIN, end=UNTIL, source="aws", month="2026-10", price=None, rows=1):
    return Billed(
        *(source, "USD", "shop", address, "id", "Usage", None, False, meters, unit_of(unit), None, None),
        *(None if quantity is None else Fraction(quantity), price, None, None, 0, rows, begin, end, month),
    )


def learned(catalog, changes, rows, usage=None, until=UNTIL):
    usage = usage or Usage()
    return learn(changes, Inventory(changes), Engine(LIBRARY, catalog), LIBRARY, usage, rows, until)


def resource(kind, **attributes):
    return Change(f"{kind}.a", kind, "a", Action.CREATE, None, Side(attributes), region="us-east-1")


@pytest.fixture
def gateway(catalog):
    """Learn from rows of a NAT gateway."""

    def call(*rows, **more):
        found, not_found = learned(catalog, [resource("aws_nat_gateway")], rows, **more)
        return [(one.key, one.value) for one in found], [one.why for one in not_found]

    return call


def test_what_is_used_is_that_of_a_month_of_730_hours(gateway):
    assert gateway(row("aws_nat_gateway.a", 744, "GB", "NatGateway-Bytes")) == (
        [("monthly_data_processed_gb", 730)],
        [],
    )


def test_the_region_in_front_of_a_meter_is_none_of_it(gateway):
    assert gateway(row("aws_nat_gateway.a", 744, "GB", "USW2-NatGateway-Bytes", "NatGateway-Bytes"))[0]


def test_only_the_hours_count_that_it_was_there_for(gateway):
    tenth = datetime(2026, 10, 11, tzinfo=UTC)
    hours = row("aws_nat_gateway.a", 504, "Hrs", "NatGateway-Hours", begin=tenth)
    found = row("aws_nat_gateway.a", 504, "GB", "NatGateway-Bytes", begin=tenth)
    assert gateway(hours, found)[0] == [("monthly_data_processed_gb", 730)]


def test_a_month_without_use_is_a_month_of_nothing(catalog):
    september = {"begin": datetime(2026, 9, 1, tzinfo=UTC), "end": BEGIN, "month": "2026-09"}
    rows = [
        row("aws_nat_gateway.a", 720, "Hrs", "NatGateway-Hours", **september),
        row("aws_nat_gateway.a", 744, "Hrs", "NatGateway-Hours"),
        row("aws_nat_gateway.a", 1464, "GB", "NatGateway-Bytes"),
    ]
    ((one,), _) = learned(catalog, [resource("aws_nat_gateway")], rows)
    assert (one.value, one.days) == (730, 61)
    assert one.months == {"2026-09": 0, "2026-10": Fraction(round(Fraction(1464) / HOURS * 100), 100)}
    assert one.quantile == one.months["2026-10"]


def test_a_unit_that_cannot_be_compared_tells_nothing(gateway):
    assert gateway(row("aws_nat_gateway.a", 744, "Hrs", "NatGateway-Bytes")) == (
        [],
        ["the bill counts in another unit, or does not say how much"],
    )
    assert gateway(row("aws_nat_gateway.a", None, "GB", "NatGateway-Bytes"))[1]


def test_of_two_exports_of_the_same_cost_one_counts(gateway):
    twice = [
        row("aws_nat_gateway.a", 744, "GB", "NatGateway-Bytes", source=name, rows=n) for n, name in ((9, "a"), (3, "b"))
    ]
    assert gateway(*twice)[0] == [("monthly_data_processed_gb", 730)]


def test_what_is_as_the_definition_has_it_is_not_told(catalog):
    machine = resource("aws_instance", instance_type="m5.large")
    assert learned(catalog, [machine], [row("aws_instance.a", 744, "Hrs", "BoxUsage:m5.large")]) == ([], [])
    ((one,), _) = learned(catalog, [machine], [row("aws_instance.a", 372, "Hrs", "BoxUsage:m5.large")])
    assert (one.key, one.value) == ("monthly_hrs", 365)


def test_what_nobody_is_billed_for_or_nothing_reads_tells_nothing(catalog):
    rows = [row("aws_nat_gateway.b", 744, "GB", "NatGateway-Bytes"), row("aws_sns_topic_policy.a", 1, "GB", "X")]
    assert learned(catalog, [resource("aws_nat_gateway"), resource("aws_sns_topic_policy")], rows) == ([], [])


def _round_trip(type_name, case, catalog):
    """Yield for each line of a case that follows one key: the key, what it was, and what is learned from its bill."""
    changes = _changes(type_name, case, {})
    usage = Usage(by_address={changes[0].address: case["usage"]})
    bill = Engine(LIBRARY, catalog).with_usage(usage).bill(changes[0], Inventory(changes), before=False)
    lines = [one.line for one in bill.workings if one.line.usage_key and one.line.meter and one.line.monthly_quantity]
    followed = Counter((line.usage_key, line.meter, line.unit) for line in lines)
    # Of tiers the bill has the sum.
    lines = [line for line in lines if followed[line.usage_key, line.meter, line.unit] == 1]
    rows = [
        row(changes[0].address, Fraction(line.monthly_quantity or 0) * HOURS, line.unit, line.meter) for line in lines
    ]
    found, not_found = learned(catalog, changes, rows, usage) if rows else ([], [])
    for key in dict.fromkeys(line.usage_key for line in lines):
        given = _given(case["usage"], key)
        if isinstance(given, int | float) and not isinstance(given, bool):
            yield key, given, next((one.value for one in found if one.key == key), None), not_found


def _given(usage, key):
    for step in key.split("."):
        usage = usage.get(step) if isinstance(usage, dict) else None
    return usage


def test_the_usage_that_a_bill_was_made_with_is_learned_from_it(catalog):
    """Of all shipped definitions, line by line that follows one key and has a meter; what is not learned says why."""
    right, wrong, seen = 0, [], set()
    for type_name, case in cases():
        if not case.get("usage") or case.get("refs") or type_name in seen:
            continue
        seen.add(type_name)
        for key, given, told, why in _round_trip(type_name, case, catalog):
            if told is not None and abs(told - Fraction(given)) <= Fraction(given) / 100:
                right += 1
            elif told is not None or not why:
                wrong.append((type_name, key, given, told))
    assert wrong == []
    assert right >= 180
