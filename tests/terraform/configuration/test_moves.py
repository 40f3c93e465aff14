"""Addresses that were: what `moved` and `removed` blocks say, instance by instance, through modules and chains."""

import json

import pytest

from guardrail.terraform.comparison import compare
from guardrail.terraform.configuration.code.modules import FolderModules
from guardrail.terraform.configuration.code.moved_blocks import moves_of
from guardrail.terraform.inputs import read_plans
from guardrail.terraform.plan.json import moves as module
from guardrail.terraform.plan.json.moves import Moves, address_of, segments
from tests.terraform.real_terraform import changed

CASES = [
    # moved: (module, from, to); address now; addresses before; the one that it was
    ([("", "x.a", "x.b")], "x.b", ["x.a"], "x.a"),
    ([("", "x.a", "x.b")], 'x.b["k.1"]', ['x.a["k.1"]'], 'x.a["k.1"]'),
    ([("", "x.a", "x.b")], "x.c", ["x.a"], None),
    ([("", "x.a", "x.b")], "x.b", ["x.z"], None),
    ([("", "x.a[0]", 'x.a["k"]')], 'x.a["k"]', ["x.a[0]", "x.a[1]"], "x.a[0]"),
    ([("", "x.a[0]", 'x.a["k"]')], 'x.a["l"]', ["x.a[0]", "x.a[1]"], None),
    ([("", "x.a", 'x.a["k"]')], 'x.a["k"]', ["x.a"], "x.a"),
    ([("", "x.a", "x.b"), ("", "x.b", "x.c")], "x.c", ["x.a"], "x.a"),
    ([("", "x.a", "x.b"), ("", "x.b", "x.a")], "x.a", ["x.c"], None),
    ([("", "module.m", "module.n")], 'module.n["k"].module.o.x.a[2]', ['module.m["k"].module.o.x.a[2]'], 'module.m["k"].module.o.x.a[2]'),
    ([("", "module.m[0]", "module.n")], "module.n.x.a", ["module.m[0].x.a"], "module.m[0].x.a"),
    ([("", "x.a", "module.m.x.a")], "module.m.x.a", ["x.a"], "x.a"),
    ([("", "module.m.x.a", "x.a")], "x.a", ["module.m.x.a"], "module.m.x.a"),
    ([("m", "x.a", "x.b")], 'module.m["k"].x.b', ['module.m["k"].x.a'], 'module.m["k"].x.a'),
    ([("m", "x.a", "x.b")], "x.b", ["x.a"], None),
    ([], "x.a[0]", ["x.a"], "x.a"),
    ([], "x.a", ["x.a[0]"], "x.a[0]"),
    ([], "module.m[0].x.a", ["module.m.x.a"], "module.m.x.a"),
    ([], "x.a[1]", ["x.a"], None),
]  # fmt: skip


@pytest.mark.parametrize("moved, address, base, former", CASES)
def test_a_resource_is_found_where_it_was(moved, address, base, former):
    told = tuple((scope(key), segments(old), segments(new)) for key, old, new in moved)
    assert Moves(told).former(address, base, {address}) == former


def scope(key):
    return tuple(f"module.{name}" for name in key.split(".") if name)


def test_what_is_still_there_has_not_moved():
    assert Moves((((), segments("x.a"), segments("x.b")),)).former("x.b", ["x.a"], {"x.a", "x.b"}) is None


@pytest.mark.parametrize("text", ['module.a["x.y"].module.b[0].t.n["[\\"]"]', "t.n", "module.a", "t.n[3]"])
def test_addresses_come_together_again(text):
    assert address_of(segments(text)) == text


def test_blocks_of_all_modules_are_read(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "main.tf").write_text(
        'module "m" { source = "./m" }\nmoved {\n  from = x.a["k"]\n  to   = module.m.x.b\n}\n'
        "removed {\n  from = x.gone\n  lifecycle {\n    destroy = false\n  }\n}\nremoved {\n  from = x.destroyed\n}\n",
        encoding="utf-8",
    )
    (tmp_path / "m/main.tf.json").write_text(json.dumps({"moved": [{"from": "x.c", "to": "x.d"}]}), encoding="utf-8")
    found = moves_of(FolderModules(tmp_path))
    assert found.former("module.m.x.b", ['x.a["k"]'], ()) == 'x.a["k"]'
    assert found.former("module.m.x.d", ["module.m.x.c"], ()) == "module.m.x.c"
    assert [found.is_forgotten(name) for name in ("x.gone", "x.gone[1]", "x.destroyed", "module.m.x.gone")] == [
        True,
        True,
        False,
        False,
    ]


def test_circles_end(monkeypatch):
    monkeypatch.setattr(module, "_CHAIN", 3)
    many = tuple(((), segments(f"x.a{n}"), segments(f"x.a{n + 1}")) for n in range(10))
    assert Moves(many).former("x.a5", ["x.a3"], ()) == "x.a3"
    assert Moves(many).former("x.a5", ["x.a1"], ()) is None


THING = 'resource "terraform_data" "{}" {{ {} }}\n'
MOVED = "moved {{\n  from = {}\n  to   = {}\n}}\n"
REMOVED = "removed {{\n  from = {}\n  lifecycle {{ destroy = {} }}\n}}\n"


def things(**named):
    return "".join(THING.format(name, repeat) for name, repeat in named.items())


def moved(*pairs):
    return "".join(
        MOVED.format(start.replace("~", "terraform_data"), end.replace("~", "terraform_data")) for start, end in pairs
    )


def calls(*modules):
    return "".join(f'module "{name}" {{\n  source = "./{source}"\n  {repeat}\n}}\n' for name, source, repeat in modules)


BEFORE = {
    "main.tf": things(
        renamed="", first="", second="", counted="", single="count = 2", many='for_each = toset(["x", "y.z"])', few="count = 2",
        taken="", target="", into="", forgotten="count = 2", destroyed="", gone="", later="",
    )
    + calls(("old", "child", ""), ("each", "child", 'for_each = toset(["a", "b.c"])'), ("deep", "outer", ""), ("left", "child", "")),
    "child/main.tf": things(inner="", other="count = 2"),
    "outer/main.tf": calls(("child", "child", "")).replace("./", "../") + things(leaf=""),
}  # fmt: skip
AFTER = {
    "main.tf": things(
        new="", third="", counted="count = 2", single="", several='for_each = toset(["x", "y.z"])', keyed='for_each = toset(["k"])',
        target="", untold="",
    )
    + calls(("one", "child", "count = 1"), ("both", "child", 'for_each = toset(["a", "b.c"])'), ("deep", "outer", ""), ("home", "child", ""))
    + moved(
        ("~.second", "~.third"), ("~.renamed", "~.new"), ("~.first", "~.second"), ("~.many", "~.several"), ("~.few[1]", '~.keyed["k"]'),
        ("~.taken", "~.target"), ("module.old", "module.one[0]"), ("module.each", "module.both"), ("~.into", "module.home.terraform_data.extra"),
        ("module.deep.module.child.terraform_data.inner", "~.lifted"),
    )
    + REMOVED.format("terraform_data.forgotten", "false") + REMOVED.format("terraform_data.destroyed", "true")
    + REMOVED.format("module.left", "false") + things(lifted=""),
    "child/main.tf": things(extra="", inside="", other="count = 2") + moved(("~.inner", "~.inside")),
    "outer/main.tf": calls(("renewed", "child", "")).replace("./", "../") + moved(("module.child", "module.renewed")) + things(twig=""),
    "outer/moves.tf.json": json.dumps({"moved": [{"from": "terraform_data.leaf", "to": "terraform_data.twig"}]}),
}  # fmt: skip


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def told(before, after):
    """What guardrail makes of a change: address -> previous address and fate."""
    (old,), (new,) = (read_plans(str(folder)) for folder in (before, after))
    fates = {"no-op": "stays", "move": "stays", "update": "stays"}
    return {
        change.address: (change.previous_address, fates.get(change.action.value, change.action.value))
        for change in compare(old, new).changes
    }


def test_real_terraform_moves_the_same(tmp_path):
    real = changed(tmp_path / "real", lambda folder: write(folder, BEFORE), lambda folder: write(folder, AFTER))
    fates = {("no-op",): "stays", ("update",): "stays"}
    planned = {
        one["address"]: (
            one.get("previous_address"),
            fates.get(tuple(one["change"]["actions"]), one["change"]["actions"][0]),
        )
        for one in real["resource_changes"]
    }
    assert told(write(tmp_path / "before", BEFORE), write(tmp_path / "after", AFTER)) == planned
    assert {fate for _, fate in planned.values()} == {"stays", "create", "delete", "forget"}
