"""Definitions held against the shipped catalog and against one of their own."""

from __future__ import annotations

import shutil

import pytest

from guardrail import data
from guardrail.catalog import open_catalog, snapshot
from guardrail.costs import Library
from guardrail.costs.definitions.lint import left_out, lint, priced_regions
from guardrail.costs.definitions.used_prices import price_patterns

DEFINITION = """
schema = 1
[[component]]
name = "Thing"
unit = "hours"
quantity = 730
price = {{ service = "Things", {price} }}
"""


FAULTS = {
    'family = "Thing", size = "small"': (None, ""),
    'family = "Thing"': ("ambiguous", "several prices of Things fit in here"),
    'family = "Thing", size = "=attr.size"': (None, ""),
    'family = "Thing", size = "${attr.size}all"': (None, ""),
    'family = "Thing", color = "=attr.color"': ("ambiguous", ""),
    'family = "Think", size = "small"': ("no-match", "nothing has family = Think"),
    'family = "Thing", size = "huge ${attr.size}"': ("no-match", "nothing has size ~ ^huge\\ .*$"),
    'color = "red", size = "large", unit = "Hrs"': (None, ""),
    'color = "blue", size = "large"': ("no-match", "nothing has all that is asked; without color = blue or size"),
    'family = "Thing", region = "elsewhere"': ("no-match", "nothing of it in elsewhere"),
}


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    """What is wrong with each price, by itself and where a gap is stated: price -> faults, price -> faults."""
    folder = tmp_path_factory.mktemp("lint")
    catalog = folder / "pricing" / "catalog" / "aws"
    catalog.mkdir(parents=True)
    (catalog / "Things.csv").write_text(
        f"{','.join(snapshot.COLUMNS)}\n"
        "here,Thing,color=red;size=small,Hrs,on_demand,,,1,,list,2026-01-01\n"
        "here,Thing,color=red;size=large,Hrs,on_demand,,,2,,list,2026-01-01\n"
        "here,Other,color=blue;size=tiny,Hrs,on_demand,,,2,,list,2026-01-01\n",
        encoding="utf-8",
    )
    snapshot.compile(folder / "pricing", folder / "catalog.sqlite")
    definitions = folder / "definitions" / "aws"
    definitions.mkdir(parents=True)
    for number, price in enumerate(FAULTS):
        text = DEFINITION.format(price=price)
        (definitions / f"aws_thing_{number}.toml").write_text(text, encoding="utf-8")
        text = text.replace("quantity", 'gap = "it is secret"\nquantity')
        (definitions / f"aws_gap_{number}.toml").write_text(text, encoding="utf-8")
    found = lint(Library([folder / "definitions"]), open_catalog(folder / "catalog.sqlite"))
    told = [(fault.type_name, fault.kind, fault.reason) for fault in found]
    return [
        {price: [rest for name, *rest in told if name == f"aws_{kind}_{number}"] for number, price in enumerate(FAULTS)}
        for kind in ("thing", "gap")
    ]


@pytest.mark.parametrize("price", FAULTS)
def test_kinds_of_faults(faults, price):
    kind, reason = FAULTS[price]
    plain, stated = (side[price] for side in faults)
    assert [one for one, _ in plain] == ([kind] if kind else [])
    assert reason in "".join(said for _, said in plain)
    assert stated == ([["gap", "it is secret"]] if kind == "no-match" else plain)


def test_what_the_shipped_catalog_does_not_have_is_known(catalog):
    """And nothing that is said to be missing is there. The shipped definitions ask for exactly one price each."""
    library = Library()
    faults = {(fault.type_name, fault.component): fault.kind for fault in lint(library, catalog)}
    missing = {
        (name, charge.component.name): "gap" for name, charge, _ in price_patterns(library) if charge.component.gap
    }
    assert faults == missing


LINE = '[[component]]\nname = "Thing"\nunit = "hours"\nquantity = 1\nprice = {{ service = "Things", family = "Thing", size = "small" }}\n{}'
CHILD = '[refs]\nother = {{ types = ["aws_thing"] }}\n[[child]]\nas = "aws_other"\n{}'
LEFT_OUT = {
    LINE.format(""): False,
    LINE.format("when = \"=attr.kind == 'a'\"\n"): True,
    LINE.format("when = \"=attr.kind == 'a'\"\n") + LINE.format("when = \"=attr.kind != 'a'\"\n"): False,
    'free_when = [{ condition = "=attr.kind != \'a\'", reason = "b" }]\n'
    + LINE.format("when = \"=attr.kind == 'a'\"\n"): False,
    'free_when = [{ condition = "=attr.kind == \'b\'", reason = "b" }]\n'
    + LINE.format("when = \"=attr.kind == 'a'\"\n"): True,
    'not_covered = "other kinds"\n' + LINE.format("when = \"=attr.kind == 'a'\"\n"): False,
    CHILD.format('when = "=ref.other != null"\nattributes = "=ref.other"\n'): True,
    CHILD.format("for_each = \"=get(ref.other, 'disk', [])\"\n"): True,
    CHILD.format('block = "disk"\n'): True,
    CHILD.format('with = { size = "=attr.size" }\n'.replace("{", "{{").replace("}", "}}").format()): False,
    "": True,
}


@pytest.mark.parametrize("text", LEFT_OUT)
def test_a_definition_says_what_it_has_no_line_for(tmp_path, text):
    """Lines that hang on a reference or a condition may all be absent, which is neither free nor a mistake of the plan."""
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "aws_of_ours.toml").write_text(f"schema = 1\n{text}", encoding="utf-8")
    fault = left_out(Library([tmp_path]), "aws_of_ours")
    assert (fault is not None and fault.kind == "not-covered") is LEFT_OUT[text]


def test_regions_of_prices(catalog, tmp_path, monkeypatch):
    """By component; None where the price has no region. What `otherwise` asks for counts for its component."""
    types = ("aws_lb", "aws_cloudwatch_dashboard", "azurerm_postgresql_flexible_server", "google_compute_instance")
    for path in (data.pricing_dir() / "definitions").glob("*/*.toml"):
        if path.stem in types or path.stem.startswith("_"):  # what others are like
            folder = tmp_path / "definitions" / path.parent.name
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder)
    monkeypatch.setattr(data, "pricing_dir", lambda: tmp_path)
    found = priced_regions(Library(), catalog)
    assert found["aws_lb"]["Load balancer capacity units"] == frozenset({"eu-west-1", "eu-west-2", "us-east-1"})
    assert set(found["aws_cloudwatch_dashboard"].values()) == {None}
    compute = found["azurerm_postgresql_flexible_server"]["Compute (${attr.sku_name})"]
    assert compute is not None
    assert {"eastus", "northeurope"} <= compute
    assert not any(name.startswith("Licence (SQL Server)") for name in found["google_compute_instance"])
