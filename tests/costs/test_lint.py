"""Definitions held against the shipped catalog and against one of their own."""

from __future__ import annotations

import pytest

from guardrail.catalog import open_catalog, snapshot
from guardrail.costs import Library
from guardrail.costs.lint import lint
from guardrail.costs.wants import wants

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
    missing = {(name, charge.component.name): "gap" for name, charge, _ in wants(library) if charge.component.gap}
    assert faults == missing
