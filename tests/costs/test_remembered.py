"""What has been priced once is not priced again, and never taken for something else."""

from typing import Any

import pytest

from guardrail.costs import Engine, Usage
from guardrail.model.resource import Action, Side
from guardrail.model.unknown import Unknown
from tests.costs.test_engine import change, engine  # noqa: F401 - a fixture

SIZES = (1, True, 1.0, "1", 20, None, [1], -1)
SIDES: list[Any] = [
    *(Side({"type": "ssd", "size": size}) for size in SIZES),
    *(Side({"type": kind, "size": 20, "note": kind}) for kind in ("hdd", "SSD", "none")),
    *(Side({"size": 20}, unknown={name: mark}) for name in ("type", "size", "note") for mark in (True, "variable x has no value")),
    *(Side({"size": 20}, unknown={"size": True}, written=written) for written in (None, frozenset(), frozenset({"size"}))),
    *(Side({"type": "ssd", "size": 20}, sensitive=marks) for marks in (True, False, {"type": True}, {"note": True})),
]  # fmt: skip
SERVERS: list[Any] = [
    {"count": 2, "disk": [{"type": "ssd", "gb": 8}, {"type": "ssd", "gb": 20}]},
    {"count": 2, "disk": [{"type": "ssd", "gb": 8}, {"type": "hdd", "gb": 20}]},
    {"count": 3, "disk": [{"type": "ssd", "gb": 8}], "reserved": True},
    {"count": 3, "disk": [{"type": "ssd", "gb": True}], "reserved": True},
    {"count": 3, "disk": []},
]


def test_one_engine_prices_many_as_many_engines_price_one(engine):  # noqa: F811 - the fixture
    changes = [
        change(kind, side if isinstance(side, Side) else Side(side), name=f"{kind}{number}", region=region)
        for kind, sides in (("demo_disk", SIDES), ("demo_server", SERVERS))
        for number, side in enumerate(sides * 2)
        for region in ("eu-west-1", "us-east-1", None, Unknown("region"))
    ]
    warm = engine()
    usage = Usage({"demo_disk": {"requests": 500_000}}, {"demo_disk.demo_disk3": {"requests": 1}})
    together = warm.with_usage(usage).estimate(changes)
    alone = [Engine(warm.library, warm.catalog, usage=usage).estimate([one])[0] for one in changes]
    assert [one.after for one in together] == [one.after for one in alone]
    assert len({id(one.after) for one in together}) < len(changes) / 2


@pytest.mark.parametrize("name", ["note", "tags"])
def test_what_no_price_reads_tells_no_two_resources_apart(engine, name):  # noqa: F811 - the fixture
    found = engine().estimate([change("demo_disk", {"size": 20, name: str(n)}, name=str(n)) for n in range(3)])
    assert len({id(one.after) for one in found}) == 1


def test_what_stays_is_priced_on_one_side(engine):  # noqa: F811 - the fixture
    side = Side({"size": 20})
    (stays,) = engine().estimate([change(after=side, before=side.values, action=Action.NO_OP)])
    assert stays.before is stays.after


READ_BY_CHILDREN = [
    "parent.gb",
    "get(parent, 'gb', 0)",
    "parent == null ? 0 : parent['gb']",
    "sum(parent.map(k, number(parent[k])))",
    "number(extract(name, '[0-9]+'))",
    "number(extract(address, '[0-9]+'))",
]


@pytest.mark.parametrize("read", READ_BY_CHILDREN)
@pytest.mark.parametrize("within", ["demo_part", "demo_whole"])
def test_what_only_a_child_reads_tells_its_parents_apart(engine, read, within):  # noqa: F811 - the fixture
    part = f"""\
schema = 1
[[component]]
name = "Storage"
unit = "GB"
quantity = "={read}"
price = {{ service = "Disks", family = "Storage", type = "ssd" }}
"""
    box = "schema = 1\n[[child]]\nas = 'demo_part'\n"
    whole = f"{box}attributes = '=attr'\n".replace("demo_part", "demo_whole")
    definitions = {"demo_part": part, "demo_whole": box, "demo_box": box if within == "demo_part" else whole}
    boxes = [change("demo_box", {"gb": gb}, name=f"box{gb}") for gb in (10, 20)]
    found = engine(**definitions).estimate(boxes)
    assert [one.monthly_cost for one in found] == [1, 2]
