"""Selecting a price: one ladder, none, or several; from CSV files that are checked line by line."""

from decimal import Decimal
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.catalog import ABSENT, Ambiguous, Ladder, NoPrice, Pattern, Selector, open_catalog, snapshot
from guardrail.catalog.query import Product, Tier
from guardrail.errors import CatalogError
from guardrail.model.cost import PriceSource

HEADER = ",".join(snapshot.COLUMNS)
ROWS = """\
eu-west-1,Storage,volumeApiName=gp3,GB-Mo,on_demand,,,0.088,SKU1,list,2025-10-28
eu-west-1,Storage,volumeApiName=gp2,GB-Mo,on_demand,,,0.11,SKU2,list,2025-10-28
eu-west-1,Storage,volumeApiName=gp2,GB-Mo,spot,,,0.05,SKU3,list,2025-10-28
eu-west-1,API,group=S3-Tier1;usagetype=EU-Requests-Tier1,Requests,on_demand,,,0.000005,SKU4,list,2024-01-01
eu-west-1,API,group=S3-Tier1;usagetype=EU-Requests-GIR-Tier1,Requests,on_demand,,,0.00002,SKU5,list,2024-01-01
eu-west-1,Transfer,kind=out,GB,on_demand,10,100,0.08,SKU6,list,2025-10-28
eu-west-1,Transfer,kind=out,GB,on_demand,0,10,0.09,SKU6,list,2025-10-28
eu-west-1,Transfer,kind=out,GB,on_demand,100,Inf,0.05,SKU6,list,2025-10-28
eu-west-1,Same,name=a,Hrs,on_demand,,,1,SKU7,list,2025-10-28
eu-west-1,Same,name=b,Hrs,on_demand,,,1.00,SKU8,list,2025-10-28
"""


@pytest.fixture
def pricing(tmp_path):
    folder = tmp_path / "pricing"
    (folder / "catalog" / "aws").mkdir(parents=True)
    (folder / "specs").mkdir()
    (folder / "catalog" / "aws" / "Service One.csv").write_text(f"{HEADER}\n{ROWS}", encoding="utf-8")
    (folder / "specs" / "aws.csv").write_text(
        f"{','.join(snapshot.SPEC_COLUMNS)}\nt3.large,2,8,x86_64,,t3,true,there\nx,,,,,,,there\n", encoding="utf-8"
    )
    return folder


@pytest.fixture
def catalog(pricing, tmp_path):
    snapshot.compile(pricing, tmp_path / "catalog.sqlite")
    return open_catalog(tmp_path / "catalog.sqlite")


def ask(catalog, family=None, option="on_demand", region="eu-west-1", **attributes):
    return catalog.find(Selector("aws", "Service One", region, family, tuple(attributes.items()), option))


@pytest.mark.parametrize(
    "question, price",
    [
        ({"volumeApiName": "gp3"}, "0.088"),
        ({"volumeApiName": "gp2"}, "0.11"),
        ({"volumeApiName": "gp2", "option": "spot"}, "0.05"),
        ({"family": "API", "usagetype": Pattern("-Requests-Tier1$")}, "0.000005"),
        ({"family": Pattern("^AP"), "usagetype": Pattern("GIR")}, "0.00002"),
        ({"family": "Storage", "usagetype": ABSENT, "volumeApiName": "gp3"}, "0.088"),
    ],
)
def test_a_selector_finds_the_one_price_that_it_means(catalog, question, price):
    found = ask(catalog, **question)
    assert isinstance(found, Ladder)
    assert [tier.price for tier in found.tiers] == [Decimal(price)]


def test_a_catalog_that_is_made_anew_is_read_anew(catalog, pricing, tmp_path):
    assert [tier.price for tier in ask(catalog, volumeApiName="gp3").tiers] == [Decimal("0.088")]
    file = pricing / "catalog" / "aws" / "Service One.csv"
    file.write_text(f"{HEADER}\n{ROWS.replace('volumeApiName=gp3', 'volumeApiName=gp4')}", encoding="utf-8")
    snapshot.compile(pricing, tmp_path / "catalog.sqlite")
    again = open_catalog(tmp_path / "catalog.sqlite")
    assert isinstance(ask(again, volumeApiName="gp3"), NoPrice)
    assert [tier.price for tier in ask(again, volumeApiName="gp4").tiers] == [Decimal("0.088")]


@pytest.mark.parametrize(
    "question, hint",
    [
        ({"volumeApiName": "gp9"}, "no volumeApiName 'gp9' in eu-west-1"),
        ({"volumeApiName": "gp3", "region": "eu-north-9"}, "no price shipped for eu-north-9"),
        ({"volumeApiName": "gp3", "option": "spot"}, "no spot price of it in eu-west-1"),
        ({"family": "API", "usagetype": ABSENT}, "no such price in eu-west-1"),
        ({"family": "Storage", "kind": "out"}, "none with kind 'out' in eu-west-1"),
    ],
)
def test_what_the_catalog_does_not_have_is_a_gap_with_a_hint(catalog, question, hint):
    found = ask(catalog, **question)
    assert isinstance(found, NoPrice)
    assert found.nearest == hint


def test_several_prices_that_differ_are_ambiguous_and_none_is_chosen(catalog):
    found = ask(catalog, "API", group="S3-Tier1")
    assert isinstance(found, Ambiguous)
    assert len(found.products) == 2


def test_several_products_at_the_same_price_leave_nothing_open(catalog):
    found = ask(catalog, "Same")
    assert isinstance(found, Ladder)
    assert found.tiers[0].price == 1


def test_tiers_stand_in_order_and_carry_their_source(catalog):
    found = ask(catalog, "Transfer")
    assert [(tier.start, tier.end) for tier in found.tiers] == [(0, 10), (10, 100), (100, None)]
    source = found.tiers[0].source
    assert (source.sku, source.source, source.as_of, source.region) == ("SKU6", "list", "2025-10-28", "eu-west-1")


def test_the_catalog_says_how_old_the_prices_are_that_were_used(catalog):
    assert catalog.used() == ()
    ask(catalog, "API", usagetype=Pattern("GIR"))
    ask(catalog, volumeApiName="gp3")
    (used,) = catalog.used()
    assert (used.vendor, used.oldest, used.as_of, used.source) == ("aws", "2024-01-01", "2025-10-28", "list")
    assert len(used.sha256) == 64


def test_machine_types_have_the_facts_that_are_known(catalog):
    assert catalog.spec("aws", "t3.large") == {
        "vcpu": 2.0, "memory_gib": 8.0, "arch": "x86_64", "family": "t3", "current_generation": True,
    }  # fmt: skip
    assert catalog.spec("aws", "x") == {}
    assert catalog.spec("aws", "nope") is None


def test_azure_takes_the_names_of_its_sizes_in_any_case():
    shipped = open_catalog()
    shouted = shipped.spec("azure", "STANDARD_NC24ADS_A100_V4")
    assert shouted
    assert (
        shouted
        == shipped.spec("azure", "standard_nc24ads_a100_v4")
        == shipped.spec("azure", "Standard_NC24ads_A100_v4")
    )
    assert shipped.spec("aws", "M5.LARGE") is None


def ladder(*bounds):
    source = PriceSource("", "list", "2026-01-01", "s", "r")
    tiers = tuple(
        Tier(Decimal(start), None if end is None else Decimal(end), Decimal(price), source)
        for start, end, price in bounds
    )
    return Ladder(Product("f", {}, "GB", "on_demand"), tiers)


amounts = st.decimals(min_value=0, max_value=10**6, places=3)
steps = st.lists(st.integers(min_value=1, max_value=1000), min_size=0, max_size=4)


@given(quantity=amounts, used=amounts, widths=steps)
def test_the_parts_of_a_quantity_sum_to_the_whole(quantity, used, widths):
    edges = [sum(widths[:i]) for i in range(len(widths) + 1)]
    found = ladder(*zip(edges, [*edges[1:], None], range(len(edges), 0, -1), strict=True))
    parts = list(found.split(quantity, used))
    assert sum(share for _, share in parts) == quantity
    assert all(share > 0 for _, share in parts)


@given(first=amounts, second=amounts, widths=steps)
def test_a_quantity_costs_the_same_in_one_go_as_in_two(first, second, widths):
    edges = [sum(widths[:i]) for i in range(len(widths) + 1)]
    found = ladder(*zip(edges, [*edges[1:], None], range(len(edges), 0, -1), strict=True))

    def cost(quantity, used):
        return sum(share * tier.price for tier, share in found.split(quantity, used))

    assert cost(first + second, Decimal(0)) == cost(first, Decimal(0)) + cost(second, first)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=4))
def test_attributes_survive_their_spelling(attributes):
    text = snapshot.attributes_text(attributes)
    assert (snapshot.attributes_of(text) if text else {}) == attributes


@pytest.mark.parametrize(
    "line, message",
    [
        ("eu,F,a=b,GB,on_demand,,,abc,S,list,2025-01-01", "not a number: 'abc'"),
        ("eu,F,a=b,GB,on_demand,,,-1,S,list,2025-01-01", "a negative price: -1"),
        ("eu,F,a=b,GB,on_demand,,,NaN,S,list,2025-01-01", "not a finite number: 'NaN'"),
        ("eu,F,a=b,GB,on_demand,5,1,1,S,list,2025-01-01", "a tier ends before it starts: 5 to 1"),
        ("eu,F,a=b,GB,on_demand,5,,1,S,list,2025-01-01", "a tier needs both a start and an end, or neither"),
        (",F,a=b,GB,on_demand,,,1,S,list,2025-01-01", "region is empty"),
        ("eu,F,a=b,GB,on_demand,,,1,S,list,", "as_of is empty"),
        ("eu,F,a=b", "3 columns instead of 11"),
    ],
)
def test_a_line_that_is_no_price_is_refused_with_its_place(pricing, tmp_path, line, message):
    file = pricing / "catalog" / "aws" / "Broken.csv"
    file.write_text(f"{HEADER}\n{line}\n", encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        snapshot.compile(pricing, tmp_path / "broken.sqlite")
    assert caught.value.what == message
    assert caught.value.where == f"{file}:2"
    assert not list(tmp_path.glob("broken.sqlite*"))


@pytest.mark.parametrize(
    "text, message",
    [
        ("vendor,service\n", "not a price file"),
        (f"{HEADER}\neu,F,ab,GB,on_demand,,,1,S,list,2025-01-01\n", "not key=value: 'ab'"),
        (
            f"{HEADER}\n" + "eu,F,a=b,GB,on_demand,,,1,S,list,2025-01-01\n" * 2,
            "two prices for the same product: eu F a=b GB on_demand",
        ),
    ],
)
def test_a_file_that_holds_no_prices_is_refused(pricing, tmp_path, text, message):
    (pricing / "catalog" / "aws" / "Broken.csv").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        snapshot.compile(pricing, tmp_path / "broken.sqlite")
    assert caught.value.what == message


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\0" * 100])
def test_a_file_that_is_no_catalog_is_refused_in_one_line(tmp_path, content):
    file = tmp_path / "x.sqlite"
    file.write_bytes(content)
    with pytest.raises(CatalogError) as caught:
        open_catalog(file)
    assert str(file) in str(caught.value)


def test_a_catalog_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CatalogError, match="no such catalog"):
        open_catalog(tmp_path / "nope.sqlite")


def test_a_catalog_may_be_let_go_of_in_another_thread(compiled_catalog, capfd):
    last = [open_catalog(compiled_catalog)]
    other = Thread(target=last.clear)
    other.start()
    other.join()
    assert last == []
    assert capfd.readouterr().err == ""
