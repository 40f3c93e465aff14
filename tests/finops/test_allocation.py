"""Who pays for what: rules, shared costs, and that shares come to the bill."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.errors import ConfigError
from guardrail.files.model import validated
from guardrail.finops.allocation.file import Allocation
from guardrail.finops.allocation.sharing import with_teams
from guardrail.finops.charge import Charge
from guardrail.finops.exact import apportioned, decimal_of, text_of, units
from guardrail.finops.spend import Asked, answer
from guardrail.model.money import plain

OCTOBER = "2026-10"
ALL_SHARED = """
version: 1
rules: [{{tag: team}}]
shared:
  - {{name: platform, match: {{team: platform}}, split: {split}}}
  - {{name: nobody, match: {{unallocated: true}}, split: {split}}}
"""


@pytest.fixture
def allocation(tmp_path):
    """Write allocation.yaml."""
    return (tmp_path / "allocation.yaml").write_text


def cents(text):
    return Decimal(text).quantize(Decimal("0.01"))


@pytest.mark.parametrize("split, shop, search", [("proportional", "370.26", "130.99"), ("even", "339.01", "162.24")])
def test_n_shared_costs_of_october_fall_on_shop_and_search(document, allocation, split, shop, search):
    allocation(ALL_SHARED.format(split=split))
    found = document("--allocated", "--month", OCTOBER)["amounts"]
    assert {team: cents(amount) for (team,), amount in found.items()} == {
        "shop": Decimal(shop),
        "search": Decimal(search),
    }
    assert sum(map(Decimal, found.values())) == Decimal("501.2469999994933")


def test_a_statement_shows_what_is_direct_what_is_shared_by_which_rule_and_the_total(spend, document, allocation):
    allocation(ALL_SHARED.format(split="proportional"))
    lines = spend("--allocated", "--team", "shop", "--by", "origin").stdout.splitlines()
    assert lines == [
        "shop: effective cost by origin, 2026-10, shared costs split",
        "",
        "origin    effective",
        "direct      $273.54",
        "platform     $59.96",
        "nobody       $36.76",
        "total       $370.26",
    ]
    whole = document("--allocated")["amounts"][("shop",)]
    assert document("--allocated", "--team", "shop")["totals"][0]["amount"] == whole
    found = document("--allocated", "--team", "shop")
    assert found["by"] == ["origin", "service"]
    assert sum(Decimal(line["amount"]) for line in found["lines"]) == Decimal(whole)


def test_shared_costs_stay_where_nobody_has_a_part_in_them(spend, allocation):
    allocation("""
version: 1
rules: [{tag: team}]
shared: [{name: platform, match: {team: "*"}, split: proportional}]
""")
    text = spend("--allocated").stdout
    assert "platform: not split in 2026-10: no team has a part in what it is split by\n" in text
    assert [line.split() for line in text.splitlines()[3:5]] == [
        ["shop", "$273.54", "$0.00", "$273.54"],
        ["search", "$96.77", "$0.00", "$96.77"],
    ]


def charge(amount, team=None, **more):
    of = {"tag:team": team, **{key: value for key, value in more.items() if key not in Charge.__struct_fields__}}
    fields = {key: value for key, value in more.items() if key in Charge.__struct_fields__}
    whole = None if amount is None else units(Decimal(amount))
    return replace(Charge(of, OCTOBER, "aws", False, "USD", whole), **fields)


def shares(shared, charges, by=("team",), measured=None, rules=({"tag": "team"},)):
    """Return what falls on whom, as decimals by keys."""
    found = answer(
        Asked(by, "billed", OCTOBER, OCTOBER, allocated=True),
        charges,
        [],
        validated(Allocation, {"version": 1, "rules": rules, "shared": shared}),
        measured or {},
    )
    return {line.keys if len(by) > 1 else line.keys[0]: line.amount.normalize() for line in found.lines if line.amount}


def test_fixed_shares_fall_on_teams_whatever_they_cost():
    shared = [{"name": "support", "match": {"service": "Support*"}, "split": "fixed", "shares": {"a": 25, "b": 75}}]
    assert shares(shared, [charge(100, service="Support (Developer)"), charge(8, "c", service="S3")]) == {
        "b": 75,
        "a": 25,
        "c": 8,
    }


def test_a_measure_of_the_bill_splits_by_consumed_quantity():
    shared = [
        {
            "name": "gateway",
            "match": {"team": "net"},
            "split": "measure",
            "measure": {"match": {"meter": "Requests"}},
            "among": ["a", "b"],
        }
    ]
    used = [
        charge(1, "a", meter="Requests", unit="Requests", quantity=300),
        charge(1, "b", meter="Requests", unit="Requests", quantity=100),
        charge(1, "c", meter="Requests", unit="Requests", quantity=100),
    ]
    assert shares(shared, [charge(80, "net"), *used]) == {"a": 61, "b": 21, "c": 1}
    with pytest.raises(ConfigError, match="the measure of gateway is in several units: GB, Requests"):
        shares(shared, [charge(80, "net"), *used, charge(1, "a", meter="Requests", unit="GB", quantity=1)])


def test_a_measure_of_a_file_splits_by_its_values_of_the_month():
    shared = [{"name": "db", "match": {"team": "db"}, "split": "measure", "measure": {"file": "orders.csv"}}]
    measured = {"orders.csv": {(OCTOBER, "a"): Decimal(3), (OCTOBER, "new"): Decimal(1), ("2026-09", "b"): Decimal(9)}}
    assert shares(shared, [charge(8, "db"), charge(1, "a")], measured=measured) == {"a": 7, "new": 2}


def test_the_first_split_that_a_charge_fits_counts_and_none_keeps_it():
    shared = [
        {"name": "stays", "match": {"category": "Tax"}, "split": "none"},
        {"name": "rest", "match": {"unallocated": True}, "split": "even"},
    ]
    charges = [charge(10, category="Tax"), charge(6, category="Usage"), charge(1, "a"), charge(2, "b")]
    assert shares(shared, charges) == {"b": 5, "a": 4, None: 10}


def test_a_team_whose_credits_exceed_its_costs_bears_nothing_in_proportion():
    shared = [{"name": "rest", "match": {"unallocated": True}, "split": "proportional"}]
    assert shares(shared, [charge(10), charge(-5, "a"), charge(1, "b")]) == {"b": 11, "a": -5}


def test_months_and_currencies_are_split_by_themselves():
    shared = [{"name": "rest", "match": {"unallocated": True}, "split": "proportional"}]
    charges = [charge(10), charge(1, "a"), charge(10, month="2026-09"), charge(1, "b", month="2026-09")]
    assert shares(shared, charges) == {"a": 11, "b": 11}


@pytest.mark.parametrize(
    "rules, team",
    [
        ([{"tag": "team"}, {"to": "rest"}], "a"),
        ([{"match": {"account": "2222*"}, "to": "data"}, {"tag": "team"}], "data"),
        ([{"match": {"account": ["1*", "3*"]}, "to": "data"}], None),
        ([{"match": {"tags": {"env": "prod"}}, "to": "prod"}], "prod"),
        ([{"match": {"region": "*"}, "to": "somewhere"}, {"tag_of_address": "team"}], "b"),
        ([{"match": {"service": "Amazon S?", "tags": {"env": ["dev", "pr*"]}}, "tag": "team"}], "a"),
        ([{"tag": "absent"}, {"match": {"project": "shop", "address": "module.web.*"}, "to": "web"}], "web"),
    ],
)
def test_the_first_rule_that_finds_a_team_decides(rules, team):
    one = charge(
        1, "a", account="222233334444", service="Amazon S3", region=None, project="shop", address="module.web.x.y",
        **{"tag:env": "prod", "tag-of-address:team": "b"},
    )  # fmt: skip
    found = with_teams([one], validated(Allocation, {"version": 1, "rules": rules}))
    assert found[0].of["team"] == team


TEAMS = st.sampled_from([None, "a", "b", "c", "d"])
SERVICES = st.sampled_from(["s3", "ec2", "support"])
AMOUNTS = st.decimals(-(10**9), 10**9, places=18, allow_nan=False)
CHARGES = st.lists(
    st.builds(
        lambda amount, team, service, month, quantity: charge(
            amount, team, service=service, month=month, quantity=quantity, unit="GB", meter="m"
        ),
        *(AMOUNTS, TEAMS, SERVICES, st.sampled_from(["2026-09", OCTOBER]), st.integers(0, 99)),
    ),
    max_size=12,
)
SPLITS = st.sampled_from(
    [
        {"split": "proportional"},
        {"split": "even", "among": ["a", "b"]},
        {"split": "even"},
        {"split": "fixed", "shares": {"a": "33.3", "e": "66.7"}},
        {"split": "measure", "measure": {"match": {"meter": "m"}}},
        {"split": "none"},
    ]
)
MATCHES = st.sampled_from([{"team": ["c", "d"]}, {"service": "support"}, {"unallocated": True}, {"team": "*"}])
SHARED = st.lists(st.tuples(MATCHES, SPLITS), max_size=3)


@given(CHARGES, SHARED, st.sampled_from([("team",), ("team", "service"), ("month", "origin"), ("service",)]))
def test_under_any_allocation_the_lines_come_to_the_bill(charges, shared, by):
    listed = [{"name": f"n{number}", "match": match, **split} for number, (match, split) in enumerate(shared)]
    allocation = validated(Allocation, {"version": 1, "rules": [{"tag": "team"}], "shared": listed})
    asked = Asked(by, "billed", "2026-09", OCTOBER, allocated=True)
    found = answer(asked, charges, [], allocation, {})
    bill = sum(one.amount for one in charges)
    assert sum(units(line.amount) or 0 for line in found.lines) == bill
    assert [units(one.amount) for one in found.totals] == ([bill] if charges else [])
    teams = answer(replace(asked, by=("team",)), charges, [], allocation, {})
    for line in teams.lines:
        if line.keys[0] is not None:
            statement = answer(replace(asked, team=line.keys[0]), charges, [], allocation, {})
            assert [one.amount for one in statement.totals] == [line.amount]
            assert sum(units(one.amount) or 0 for one in statement.lines) == units(line.amount)


@given(st.lists(st.fractions() | st.integers(), min_size=1), st.sampled_from([1, 7, 10**16]))
def test_rounded_amounts_come_to_the_rounded_sum(amounts, unit):
    found = apportioned(amounts, unit)
    assert abs(sum(found) - sum(amounts)) <= Fraction(unit, 2)
    assert all(abs(one - exact) < unit for one, exact in zip(found, amounts, strict=True))
    assert all(one == exact for one, exact in zip(found, amounts, strict=True) if exact % unit == 0)


@given(st.decimals(-(10**19), 10**19, places=18, allow_nan=False))
def test_units_keep_all_digits_of_a_decimal(amount):
    assert decimal_of(units(amount) or 0).compare_total(amount) == 0 or amount == 0
    assert text_of(units(amount) or 0) == plain(amount)


def test_units_refuse_more_decimals_than_the_ledger_has():
    with pytest.raises(ValueError, match="more than 18 decimals"):
        units(Decimal("1e-19"))
    assert units(Decimal("1.0000000000000000000")) == 10**18
