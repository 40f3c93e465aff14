"""From attributes, usage and prices to lines: what each part of a definition does."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from guardrail.catalog import NoPrice, open_catalog, snapshot
from guardrail.costs import Engine, Library, Usage
from guardrail.errors import DefinitionError
from guardrail.model.cost import LineStatus, ResourceStatus
from guardrail.model.reason import Reason
from guardrail.model.resource import Action, Change, Side
from guardrail.model.unknown import Unknown
from tests.costs.test_bills import priced as bill_of

PRICES = """\
eu-west-1,Storage,type=ssd,GB-Mo,on_demand,,,0.10,S1,list,2025-10-28
eu-west-1,Storage,type=hdd,GB-Mo,on_demand,,,0.05,S2,list,2025-10-28
eu-west-1,Requests,type=ssd,Requests,on_demand,0,1000000,0.000002,S3,list,2025-10-28
eu-west-1,Requests,type=ssd,Requests,on_demand,1000000,Inf,0.000001,S3,list,2025-10-28
eu-west-1,Fee,type=ssd,Quantity,reserved,,,1200,S4,list,2025-10-28
us-east-1,Storage,type=ssd,GB-Mo,on_demand,,,0.08,S5,list,2025-10-28
us-east-1,Requests,type=ssd,Requests,on_demand,0,1000000,0.000002,S6,list,2025-10-28
"""
DISK = """\
schema = 1
docs = "https://example.com/pricing"
[usage.requests]
unit = "requests"
help = "Requests in a month"
[usage."reads.gb"]
unit = "GB"
help = "Data read"
default = 0
[defaults]
type = "ssd"
[assume]
size = 10
[table.words]
ssd = "solid"
hdd = "spinning"
[let]
type = "=lower(attr.type)"
[[component]]
name = "Storage (${table.words[let.type]})"
unit = "GB"
quantity = "=attr.size"
price = { service = "Disks", family = "Storage", type = "=let.type" }
[[component]]
name = "Requests"
unit = "1M requests"
per = 1_000_000
when = "=let.type == 'ssd'"
quantity = "=usage.requests + usage.reads.gb"
price = { service = "Disks", family = "Requests", type = "ssd" }
"""
SERVER = """\
schema = 1
[[child]]
block = "disk"
as = "demo_disk"
with = { type = "=get(each, 'type', null)", size = "=get(each, 'gb', null)" }
times = "=attr.count"
[[component]]
name = "Reservation"
unit = "months"
when = "=attr.reserved == true"
quantity = 1
upfront_months = 12
price = { service = "Disks", family = "Fee", type = "ssd", purchase_option = "reserved" }
"""
CLUSTER = """\
schema = 1
[refs]
template = { types = ["demo_server"], attribute = "template" }
users = { types = ["demo_user"], back = true, all = true }
[[child]]
as = "demo_server"
attributes = "=ref.template"
when = "=ref.template != null"
with = { count = 2 }
group = "${name}"
[[component]]
name = "Users"
unit = "GB"
quantity = "=size(ref.users)"
price = { service = "Disks", family = "Storage", type = "ssd" }
"""


@pytest.fixture
def engine(tmp_path):
    def make(usage=None, default_regions=None, **definitions):
        folder = tmp_path / "definitions" / "aws"
        folder.mkdir(parents=True, exist_ok=True)
        texts = {"demo_disk": DISK, "demo_server": SERVER, "demo_cluster": CLUSTER} | definitions
        for name, text in texts.items():
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        pricing = tmp_path / "pricing"
        (pricing / "catalog" / "aws").mkdir(parents=True, exist_ok=True)
        (pricing / "catalog" / "aws" / "Disks.csv").write_text(
            f"{','.join(snapshot.COLUMNS)}\n{PRICES}", encoding="utf-8"
        )
        snapshot.compile(pricing, tmp_path / "catalog.sqlite")
        usage = usage or Usage({"demo_disk": {"requests": 500_000}})
        catalog = open_catalog(tmp_path / "catalog.sqlite")
        return Engine(Library([folder.parent]), catalog, usage=usage, default_regions=default_regions)

    return make


def change(type_="demo_disk", after=None, before=None, *, action=Action.CREATE, region="eu-west-1", **kwargs):
    name = kwargs.pop("name", "a")
    after = Side(after) if isinstance(after, dict) else after
    sides = {"before": before and Side(before), "after": after}
    return Change(f"{type_}.{name}", type_, name, action, region=region, before_region=region, **sides, **kwargs)


def bill(engine, *changes):
    """The lines of the first resource: (group, name, quantity, cost, status)."""
    cost = engine.estimate(changes)[0].after
    return [
        (
            line.group,
            line.name,
            line.monthly_quantity and str(line.monthly_quantity.normalize()),
            _text(line.monthly_cost),
            line.status,
        )
        for line in cost.lines
    ]


def _text(amount):
    return None if amount is None else format(amount.normalize(), "f")


REQUESTS = ("", "Requests (first 1)", "0.5", "1", LineStatus.PRICED)


def test_attributes_defaults_and_usage_make_lines(engine):
    assert bill(engine(), change(after={"size": 100})) == [
        ("", "Storage (solid)", "1E+2", "10", LineStatus.PRICED),
        REQUESTS,
    ]


def test_an_attribute_known_after_apply_is_assumed_only_where_the_definition_says_so(engine):
    lines = engine().estimate([change(after=Side({}, {"size": True}))])[0].after.lines
    assert lines[0].status is LineStatus.ASSUMED
    assert lines[0].note == "assumed size = 10, known after apply"
    assert lines[0].monthly_cost == 1


def test_what_could_not_be_evaluated_is_not_assumed_to_be_anything(engine):
    lines = engine().estimate([change(after=Side({}, {"size": "variable size has no value"}))])[0].after.lines
    assert (lines[0].status, lines[0].monthly_cost) == (LineStatus.UNKNOWN, None)
    assert lines[0].note == "size: not evaluated: variable size has no value"
    assert lines[0].remedy.startswith("give the variable a value")


def test_an_attribute_known_after_apply_is_never_a_number(engine):
    cost = engine().estimate([change(after=Side({"size": 5}, {"type": True}))])[0].after
    assert [line.status for line in cost.lines] == [LineStatus.UNKNOWN, LineStatus.UNKNOWN]
    assert cost.lines[0].note == "known after apply: type"
    assert cost.monthly is None
    assert cost.unpriced


def test_usage_that_nobody_gave_leaves_the_line_open_at_its_price(engine):
    cost = engine(Usage()).estimate([change(after={"size": 100})])[0].after
    _, requests = cost.lines
    assert (requests.status, requests.unit_price, requests.monthly_cost) == (LineStatus.USAGE, 2, None)
    assert requests.note == "depends on usage: requests"
    assert (cost.status, cost.monthly, cost.unpriced, cost.usage_based) == (ResourceStatus.PARTIAL, 10, False, True)


def test_a_quantity_that_the_plan_does_not_say_is_open_at_its_price(engine):
    storage = engine().estimate([change(after={"type": "hdd"})])[0].after.lines[0]
    assert (storage.status, storage.monthly_cost, storage.unit_price) == (LineStatus.UNKNOWN, None, Decimal("0.05"))
    assert (storage.note, storage.remedy) == (
        "size: the plan does not say it",
        "set size, or check a plan that says it",
    )


def test_what_several_attributes_would_say_names_none_as_missing(catalog):
    attributes = {"type": "pd-ssd", "snapshot": "elsewhere"}
    (line,) = bill_of("google_compute_disk", {"region": "us-central1", "attributes": attributes}, catalog).lines
    assert line.note == "how much it is: the plan does not say it"
    assert line.remedy == "set what decides it (image, size, snapshot, type), or check a plan that says it"


@pytest.mark.parametrize(
    "type_name, remedy",
    [
        ("azurerm_cosmosdb_sql_container", "check a plan that has the account as well"),
        ("azurerm_linux_function_app", "check a plan that has its service plan as well"),
        ("aws_vpc_endpoint", "write a cost definition, and name its folder in pricing.definitions of guardrail.yaml"),
    ],
)
def test_what_is_not_covered_says_what_to_do(catalog, type_name, remedy):
    kind = {"vpc_endpoint_type": "Resource"} if type_name == "aws_vpc_endpoint" else {}
    cost = bill_of(type_name, {"region": "eastus", "attributes": kind}, catalog)
    assert (cost.reason, cost.remedy) == (Reason.NOT_COVERED, remedy)


def test_a_quantity_over_several_tiers_is_a_line_a_tier(engine):
    lines = engine(Usage({"demo_disk": {"requests": 2_500_000}})).estimate([change(after={"size": 0})])[0].after.lines
    assert [(line.name, line.monthly_quantity, line.unit_price, line.monthly_cost) for line in lines[1:]] == [
        ("Requests (first 1)", 1, 2, 2),
        ("Requests (over 1)", Decimal("1.5"), 1, Decimal("1.5")),
    ]


def test_what_lies_beyond_the_last_tier_is_a_gap_not_a_zero(engine):
    usage = Usage({"demo_disk": {"requests": 2_500_000}})
    cost = engine(usage).estimate([change(after={"size": 0}, region="us-east-1")])[0].after
    assert [(line.name, line.status, line.monthly_quantity, line.monthly_cost) for line in cost.lines[1:]] == [
        ("Requests", LineStatus.PRICED, 1, 2),
        ("Requests (beyond)", LineStatus.NO_PRICE, Decimal("1.5"), None),
    ]
    assert cost.unpriced


def test_nested_usage_keys_are_read_by_their_path(engine):
    usage = Usage({"demo_disk": {"requests": 0, "reads": {"gb": 500_000}}})
    assert bill(engine(usage), change(after={"size": 1}))[1] == REQUESTS


def test_a_type_the_catalog_does_not_have_is_a_gap_not_a_zero(engine):
    cost = engine().estimate([change(after={"size": 5, "type": "tape"})])[0].after
    (line,) = cost.lines
    assert (line.status, line.name, line.monthly_cost) == (LineStatus.NO_PRICE, "Storage (…)", None)
    assert line.note.startswith("no type 'tape' in eu-west-1")
    assert cost.monthly is None


@pytest.mark.parametrize(
    "region, status",
    [("us-east-1", LineStatus.PRICED), (None, LineStatus.UNKNOWN), (Unknown("region"), LineStatus.UNKNOWN)],
)
def test_the_region_is_the_resources_own(engine, region, status):
    line = engine().estimate([change(after={"size": 5}, region=region)])[0].after.lines[0]
    assert line.status is status


def test_a_default_region_stands_in_only_where_the_plan_says_nothing(engine):
    priced = engine(default_regions={"aws": "us-east-1"})
    assert priced.estimate([change(after={"size": 10}, region=None)])[0].after.lines[0].monthly_cost == Decimal("0.8")
    assert priced.estimate([change(after={"size": 10})])[0].after.lines[0].monthly_cost == 1


def test_blocks_are_priced_by_another_types_definition(engine):
    usage = Usage()
    server = {"count": 3, "disk": [{"gb": 10}, {"gb": 20, "type": "HDD"}]}
    assert bill(engine(usage), change("demo_server", server)) == [
        ("disk[0]", "Storage (solid)", "3E+1", "3", LineStatus.PRICED),
        ("disk[0]", "Requests", None, None, LineStatus.USAGE),
        ("disk[1]", "Storage (spinning)", "6E+1", "3", LineStatus.PRICED),
    ]


def test_an_upfront_fee_is_spread_over_its_months(engine):
    (line,) = engine().estimate([change("demo_server", {"count": 1, "reserved": True})])[0].after.lines
    assert (line.monthly_cost, line.unit_price) == (100, 1200)


def test_references_are_followed_both_ways(engine):
    server = change("demo_server", {"disk": [{"gb": 10, "type": "hdd"}]}, name="template")
    users = [
        change("demo_user", {"id": i}, name=f"u{i}", references={"cluster": ("demo_cluster.a",)}) for i in range(3)
    ]
    cluster = change("demo_cluster", {"template": "x"}, references={"template": ("demo_server.template",)})
    assert bill(engine(), cluster, server, *users) == [
        ("", "Users", "3", "0.3", LineStatus.PRICED),
        ("a.disk", "Storage (spinning)", "2E+1", "1", LineStatus.PRICED),
    ]


def test_an_existing_resource_is_found_by_the_name_it_has(engine):
    server = change("demo_server", {"id": "s-123", "disk": []}, name="template")
    cluster = change("demo_cluster", {"template": "s-123"})
    assert engine().estimate([cluster, server])[0].after.lines


def test_a_resize_in_place_shows_its_delta_and_a_replace_is_one_resource(engine):
    for action in (Action.UPDATE, Action.REPLACE):
        (priced,) = engine().estimate([change(after={"size": 50}, before={"size": 20}, action=action)])
        assert (priced.monthly_before, priced.monthly_cost, priced.monthly_delta) == (3, 6, 3)


def test_a_move_costs_nothing_a_delete_saves_and_forget_does_not(engine):
    disk = {"size": 20}
    moved, deleted, forgotten = engine().estimate([
        change(after=disk, before=disk, action=Action.MOVE, name="m"),
        change(before=disk, action=Action.DELETE, name="d"),
        change(before=disk, action=Action.FORGET, name="f"),
    ])  # fmt: skip
    assert (moved.monthly_cost, moved.monthly_delta) == (3, 0)
    assert (deleted.monthly_before, deleted.monthly_cost, deleted.monthly_delta) == (3, 0, -3)
    assert (forgotten.monthly_cost, forgotten.monthly_delta) == (3, 0)


def test_types_without_a_definition_are_unsupported_and_listed_ones_free(engine):
    priced = engine().estimate([change("demo_magic", {}), change("aws_vpc", {})])
    assert [one.status for one in priced] == [ResourceStatus.UNSUPPORTED, ResourceStatus.FREE]
    assert priced[0].monthly_cost is None
    assert priced[1].monthly_cost == 0


def test_what_is_sensitive_is_priced_but_not_shown(engine):
    secret = Side({"type": "hdd", "size": 10}, {}, {"type": True})
    (line,) = engine().estimate([change(after=secret)])[0].after.lines
    assert (line.name, line.monthly_cost) == ("Storage (…)", Decimal("0.5"))


def test_a_value_that_a_definition_is_not_made_for_is_a_gap_in_one_bill(engine):
    cost = engine().estimate([change(after={"size": "a lot"}), change(after={"size": -1}, name="b")])
    said = [(priced.after.lines[0].status, priced.after.lines[0].note) for priced in cost]
    assert said[0][1].startswith("the definition does not cover this")
    assert said == [(LineStatus.NO_PRICE, said[0][1]), (LineStatus.NO_PRICE, "size = -1 is negative")]


def test_equal_resources_are_priced_once(engine, monkeypatch):
    priced = engine()
    asked = []

    def find(selector):
        asked.append(selector)
        return NoPrice(selector)

    monkeypatch.setattr(priced.catalog, "find", find)
    priced.estimate([change(after={"size": 7}, name=f"n{i}") for i in range(50)])
    assert len(asked) == 2


@pytest.mark.parametrize(
    "text, message",
    [
        ("schema = 2\n", "schema: input should be 1"),
        ("schema = 1\nsize = 3\n", "unknown key 'size'"),
        (
            "schema = 1\n[[component]]\nname = 'x'\nunit = 'GB'\nquantity = 1\nprices = {}\n",
            "unknown key 'component.0.prices'",
        ),
        ("schema = 1\n[[component]]\nname = 'x'\n", "'component.0.unit' is missing"),
        ("schema = 1\nregion = '=regoin'\n", "region: no such name: regoin (column 1)"),
        ("schema = 1\n[let]\na = '=usage.x'\n", "let.a: no such name: usage.x (column 7)"),
        ("schema = 1\nderive = 'nope'\n", "no such derivation: nope"),
        ("schema = 1\nlike = 'demo_disc'\n", "like: no definition of 'demo_disc' in the same folder"),
        ("schema = 1\nlike = '../aws/demo_server'\n", "like: no definition of '../aws/demo_server' in the same folder"),
        ("schema = 1\nlike = 'demo_disk'\n", "like: demo_disk is like this one"),
        ("schema = \n", "Invalid value"),
    ],
)
def test_a_definition_that_is_wrong_is_refused_with_its_place(engine, text, message):
    with pytest.raises(DefinitionError) as caught:
        engine(demo_disk=text).estimate([change(after={})])
    assert caught.value.what == message
    assert "demo_disk.toml" in caught.value.where


LIKE = """\
schema = 1
like = "demo_disk"
[let]
size = "=attr.size * 2"
[[component]]
name = "Twice"
unit = "GB"
quantity = "=let.size"
price = { service = "Disks", family = "Storage", type = "ssd" }
"""


def test_a_definition_like_another_has_its_lines_before_its_own(engine):
    usage = Usage({name: {"requests": 500_000} for name in ("demo_disk", "demo_volume")})
    priced = engine(usage, demo_volume=LIKE)
    size = {"size": 105, "type": "ssd"}
    *lines, last = bill(priced, change("demo_volume", after=size))
    assert lines == bill(priced, change(after=size))
    assert (last[1], Decimal(last[2])) == ("Twice", Decimal(210))


OPTIONAL = """\
schema = 1
[refs]
target = { types = ["demo_target"], back = true }
[usage.rare]
unit = "requests"
help = "Requests of a rare kind"
[[component]]
name = "Rare requests"
unit = "requests"
optional = "=attr.is_rare != true"
tier_from = 1_000_000
quantity = "=ref.target == null ? usage.rare : ref.target.usage.capacity"
price = { service = "Disks", family = "Requests", type = "ssd" }
"""


COMMON = """\
[[component]]
name = "Storage"
unit = "GB"
quantity = 1
price = { service = "Disks", family = "Storage", type = "ssd" }
"""
STORAGE = ("", "Storage", "1", "0.1", LineStatus.PRICED)
OPEN = ("", "Rare requests", None, None, LineStatus.USAGE)


@pytest.mark.parametrize(
    "usage, after, expected",
    [
        ({}, {}, [STORAGE]),
        ({}, {"is_rare": True}, [OPEN, STORAGE]),
        ({"rare": 10}, {}, [("", "Rare requests", "1E+1", "0.00001", LineStatus.PRICED), STORAGE]),
    ],
)
def test_an_optional_line_is_left_out_until_its_usage_is_given(engine, usage, after, expected):
    priced = engine(Usage({"demo_optional": usage}), demo_optional=OPTIONAL + COMMON)
    assert bill(priced, change("demo_optional", after)) == expected


def test_an_optional_line_that_is_the_only_one_is_shown(engine):
    assert bill(engine(Usage(), demo_optional=OPTIONAL), change("demo_optional", {})) == [OPEN]


def test_an_open_line_shows_the_price_of_the_tier_it_would_start_in(engine):
    (line,) = (
        engine(Usage(), demo_optional=OPTIONAL).estimate([change("demo_optional", {"is_rare": True})])[0].after.lines
    )
    assert line.unit_price == Decimal("0.000001")


def test_usage_given_for_a_resource_that_is_referred_to_can_be_read(engine):
    target = change("demo_target", {}, references={"resource": ("demo_optional.a",)})
    usage = Usage(by_address={"demo_target.a": {"capacity": 77}})
    priced = engine(usage, demo_optional=OPTIONAL)
    assert bill(priced, change("demo_optional", {}), target) == [
        ("", "Rare requests", "77", "0.000077", LineStatus.PRICED)
    ]


LEFT_TO_THE_PROVIDER = """\
schema = 1
[defaults]
size = 8
[assume]
size = 20
[[component]]
name = "Storage"
unit = "GB"
quantity = "=attr.size"
price = { service = "Disks", family = "Storage", type = "ssd" }
"""


@pytest.mark.parametrize(
    "written, quantity, status",
    [
        (frozenset({"type"}), 8, LineStatus.PRICED),
        (frozenset({"size"}), None, LineStatus.UNKNOWN),
        (None, 20, LineStatus.ASSUMED),
    ],
)
def test_a_default_holds_for_what_the_configuration_leaves_to_the_provider(engine, written, quantity, status):
    disk = change("demo_plain", after=Side({}, {"size": True}, written=written))
    (line,) = engine(demo_plain=LEFT_TO_THE_PROVIDER).estimate([disk])[0].after.lines
    assert (line.monthly_quantity, line.status) == (quantity, status)


NESTED = """\
schema = 1
[refs]
template = { types = ["demo_template"], attribute = "template" }
[defaults]
disk = []
[[component]]
name = "Storage"
unit = "GB"
quantity = "=get(attr.disk, '0.gb', 8) + get(ref.template, 'disk.0.gb', 100)"
price = { service = "Disks", family = "Storage", type = "ssd" }
"""


@pytest.mark.parametrize(
    "own, others, quantity",
    [
        ((), (), 108),
        (["disk"], (), None),
        (["disk.gb"], (), None),
        (["disk.type"], (), 108),
        ((), ["disk"], None),
        ((), ["disk.gb"], None),
    ],
)
def test_what_the_configuration_leaves_out_of_a_block_reads_as_absent(engine, own, others, quantity):
    block = Side({"disk": [{"type": "ssd"}]}, {"disk": [{"gb": True}]})
    disk = change(
        "demo_nested", after=replace(block, written=frozenset(own)), references={"template": ("demo_template.t",)}
    )
    template = change("demo_template", name="t", after=replace(block, written=frozenset(others)))
    (line,) = engine(demo_nested=NESTED).estimate([disk, template])[0].after.lines
    assert line.monthly_quantity == quantity
    assert line.status is (LineStatus.PRICED if quantity else LineStatus.UNKNOWN)


def test_a_parent_says_what_to_assume_of_what_it_hands_on(engine):
    definition = SERVER.replace('times = "=attr.count"', "assume = { gb = 40, size = 40 }")
    server = change("demo_server", after=Side({"disk": [{}]}, {"disk": [{"gb": True}]}))
    storage = engine(demo_server=definition).estimate([server])[0].after.lines[0]
    assert (storage.monthly_quantity, storage.note) == (40, "assumed size = 40, known after apply")


SCALED = """\
schema = 1
[refs]
cluster = { types = ["demo_cluster"], attribute = "cluster" }
targets = { types = ["demo_target"], attribute = "resource_id", back = true, all = true, of = "cluster" }
[[component]]
name = "Capacity"
unit = "GB"
quantity = "=size(ref.targets)"
price = { service = "Disks", family = "Storage", type = "ssd" }
"""


def test_references_lead_on_from_references_by_address_and_by_value(engine):
    service = change("demo_service", after={}, references={"cluster": ("demo_cluster.c",)})
    cluster = change("demo_cluster", name="c", after=Side({"name": "web"}, {"id": True}))
    targets = [
        change("demo_target", name="mentions", after={}, references={"resource_id": ("demo_cluster.c",)}),
        change("demo_target", name="names", after={"resource_id": "cluster/web"}),
        change("demo_target", name="another", after={"resource_id": "cluster/db"}),
    ]
    (line,) = engine(demo_service=SCALED).estimate([service, cluster, *targets])[0].after.lines
    assert line.monthly_quantity == 2


RACK = """\
schema = 1
[[child]]
block = "slot"
as = "demo_disk"
with = { type = "hdd", size = "=get(each, 'gb', null)" }
assume = { size = "=attr.usual * 2" }
usage = { requests = 0 }
"""


def test_a_parent_computes_what_to_assume(engine):
    rack = change("demo_rack", Side({"slot": [{}, {"gb": 5}], "usual": 20}, {"slot": [{"gb": True}, {}]}))
    lines = bill(engine(demo_rack=RACK), rack)
    assert [(group, quantity, status) for group, _, quantity, _, status in lines] == [
        ("slot[0]", "4E+1", LineStatus.ASSUMED),
        ("slot[1]", "5", LineStatus.PRICED),
    ]


def test_usage_below_a_block_and_its_number_is_that_blocks_own(engine):
    definition = RACK.replace('type = "hdd"', 'type = "ssd"').replace("usage = { requests = 0 }", "")
    usage = Usage({"demo_rack": {"requests": 1, "slot[1]": {"requests": 7_000_000}}})
    rack = change("demo_rack", {"slot": [{"gb": 5}, {"gb": 5}], "usual": 20})
    lines = bill(engine(usage, demo_rack=definition), rack)
    assert [(group, quantity) for group, name, quantity, *_ in lines if name.startswith("Requests")] == [
        ("slot[0]", "0.000001"),
        ("slot[1]", "1"),
        ("slot[1]", "6"),
    ]


RULE = """\
schema = 1
[refs]
place = { types = ["demo_rule"], alike = ["project"] }
[[component]]
name = "Rules ahead of this one"
unit = "GB"
quantity = "=ref.place"
price = { service = "Disks", family = "Storage", region = "eu-west-1", type = "ssd" }
"""


def test_resources_that_pay_something_together_know_their_place_among_those_alike(engine):
    kinds = [("eu-west-1", "a"), ("eu-west-1", "a"), ("us-east-1", "a"), ("eu-west-1", "b"), ("eu-west-1", "a")]
    gone = change("demo_rule", before={"project": "a"}, action=Action.DELETE, name="gone")
    rules = [
        change("demo_rule", {"project": project}, region=region, name=f"n{number}")
        for number, (region, project) in enumerate(kinds)
    ]
    _, *priced = engine(demo_rule=RULE).estimate([gone, *rules])
    assert [cost.after.lines[0].monthly_quantity for cost in priced] == [0, 1, 0, 0, 2]


def test_a_reference_leads_on_from_an_earlier_one_only(engine):
    with pytest.raises(DefinitionError, match="targets looks from 'clusters', which is no earlier reference"):
        engine(demo_service=SCALED.replace('of = "cluster"', 'of = "clusters"')).estimate(
            [change("demo_service", after={})]
        )


def test_a_fee_may_be_spread_over_a_term_that_is_computed(engine):
    definition = SERVER.replace("upfront_months = 12", 'upfront_months = "=attr.years * 12"')
    server = change("demo_server", after={"disk": [], "reserved": True, "years": 2, "count": 1})
    (line,) = engine(demo_server=definition).estimate([server])[0].after.lines
    assert line.monthly_cost == 50


GATEWAY = """\
schema = 1
free_when = [
  { condition = "=attr.tier == 'free'", reason = "the free tier" },
  { condition = "=attr.parent_id != null", reason = "priced with its parent" },
]
not_covered = "a gateway of a private link"
[defaults]
tier = "paid"
[[component]]
name = "Gateway"
unit = "GB"
when = "=attr.kind == 'public'"
quantity = 10
price = { service = "Disks", family = "Storage", type = "ssd" }
"""


@pytest.mark.parametrize(
    "after, status, note, monthly",
    [
        ({"kind": "public"}, ResourceStatus.PRICED, "", "1"),
        ({"kind": "public", "tier": "free"}, ResourceStatus.FREE, "the free tier", "0"),
        ({"kind": "private", "parent_id": "x"}, ResourceStatus.FREE, "priced with its parent", "0"),
        ({"kind": "private"}, ResourceStatus.UNSUPPORTED, "a gateway of a private link", None),
        ({"kind": "public", "tier": Unknown("tier")}, ResourceStatus.PARTIAL, "", None),
        ({"kind": "private", "tier": Unknown("tier")}, ResourceStatus.UNSUPPORTED, "a gateway of a private link", None),
        ({"kind": Unknown("kind")}, ResourceStatus.PARTIAL, "", None),
    ],
)
def test_free_is_what_a_definition_says_and_never_what_is_left(engine, after, status, note, monthly):
    cost = engine(demo_gateway=GATEWAY).estimate([change("demo_gateway", after)])[0].after
    assert (cost.status, cost.note, _text(cost.monthly)) == (status, note, monthly)
    assert cost.unpriced is (status in {ResourceStatus.UNSUPPORTED, ResourceStatus.PARTIAL})
    assert cost.reason == (Reason.NOT_COVERED if status is ResourceStatus.UNSUPPORTED else None)


PLANT = """\
schema = 1
[[child]]
for_each = "=[1]"
as = "demo_gateway"
attributes = "=attr.gateway"
group = "gateway"
"""


@pytest.mark.parametrize(
    "gateway, expected",
    [
        ({"kind": "private", "tier": "free"}, ResourceStatus.UNSUPPORTED),
        ({"kind": "private"}, ResourceStatus.PARTIAL),
        ({"kind": "public"}, ResourceStatus.PRICED),
    ],
)
def test_a_part_that_is_not_covered_is_a_line_and_a_free_one_is_none(engine, gateway, expected):
    priced = engine(demo_gateway=GATEWAY, demo_plant=PLANT)
    cost = priced.estimate([change("demo_plant", {"gateway": gateway})])[0].after
    assert cost.status is expected
    assert cost.unpriced is (expected is not ResourceStatus.PRICED)


POOL = """\
schema = 1
[usage.units]
unit = "units"
help = "Units that run on average"
[defaults]
size = -1
[[component]]
name = "Units"
unit = "GB"
quantity = "=attr.size >= 0 ? attr.size : usage.units"
floor = "=attr.minimum"
assumed = "=attr.image == null ? 'Linux, as no image is named' : ''"
price = { service = "Disks", family = "Storage", type = "ssd" }
"""
FLEET = """\
schema = 1
[[child]]
as = "demo_pool"
with = { size = 2, image = "=attr.image" }
times = "=attr.count"
floor = "=attr.minimum"
assumed = "=attr.image == 'own' ? 'an image of one GB' : ''"
"""


@pytest.mark.parametrize(
    "type_, after, usage, expected",
    [
        ("demo_pool", {"minimum": 3, "image": "x"}, {}, ("3", "0.3", LineStatus.USAGE, True)),
        ("demo_pool", {"minimum": 3, "image": "x"}, {"units": 5}, ("5", "0.5", LineStatus.PRICED, False)),
        ("demo_pool", {"minimum": 3, "size": 4, "image": "x"}, {}, ("4", "0.4", LineStatus.PRICED, False)),
        ("demo_pool", {"minimum": 0, "image": "x"}, {}, (None, None, LineStatus.USAGE, False)),
        ("demo_pool", {"minimum": Unknown("minimum"), "image": "x"}, {}, (None, None, LineStatus.USAGE, False)),
        ("demo_pool", {"minimum": 3, "size": Unknown("size")}, {}, ("3", "0.3", LineStatus.UNKNOWN, True)),
        ("demo_pool", {"size": 4}, {}, ("4", "0.4", LineStatus.ASSUMED, False)),
        ("demo_fleet", {"minimum": 3, "image": "x"}, {}, ("6", "0.6", LineStatus.USAGE, True)),
        ("demo_fleet", {"minimum": 0, "image": "x"}, {}, (None, None, LineStatus.USAGE, False)),
        ("demo_fleet", {"minimum": None, "image": "x"}, {}, (None, None, LineStatus.UNKNOWN, False)),
        ("demo_fleet", {"count": 0, "image": "x"}, {}, ("0", "0", LineStatus.PRICED, False)),
        ("demo_fleet", {"count": 1, "image": "own"}, {}, ("2", "0.2", LineStatus.ASSUMED, False)),
    ],
)
def test_a_minimum_is_summed_as_the_least_and_what_is_taken_for_granted_is_said(engine, type_, after, usage, expected):
    priced = engine(Usage({type_: usage}), demo_pool=POOL, demo_fleet=FLEET)
    cost = priced.estimate([change(type_, after)])[0].after
    (line,) = cost.lines
    assert (_text(line.monthly_quantity), _text(line.monthly_cost), line.status, line.at_least) == expected
    assert cost.at_least is line.at_least
    assert ("assumed" in line.note) is (line.status is LineStatus.ASSUMED)
