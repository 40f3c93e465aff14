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


@pytest.mark.parametrize(
    "price, kind, reason",
    [
        ('family = "Thing", size = "small"', None, ""),
        ('family = "Thing"', "ambiguous", "several prices of Things fit in here"),
        ('family = "Thing", size = "=attr.size"', None, ""),
        ('family = "Thing", size = "${attr.size}all"', None, ""),
        ('family = "Thing", color = "=attr.color"', "ambiguous", ""),
        ('family = "Think", size = "small"', "no-match", "nothing has family = Think"),
        ('family = "Thing", size = "huge ${attr.size}"', "no-match", "nothing has size ~ ^huge\\ .*$"),
        ('color = "red", size = "large", unit = "Hrs"', None, ""),
        ('color = "blue", size = "large"', "no-match", "nothing has all that is asked; without color = blue or size"),
        ('family = "Thing", region = "elsewhere"', "no-match", "nothing of it in elsewhere"),
    ],
)
def test_kinds_of_faults(price, kind, reason, tmp_path):
    catalog = tmp_path / "pricing" / "catalog" / "aws"
    catalog.mkdir(parents=True)
    (catalog / "Things.csv").write_text(
        f"{','.join(snapshot.COLUMNS)}\n"
        "here,Thing,color=red;size=small,Hrs,on_demand,,,1,,list,2026-01-01\n"
        "here,Thing,color=red;size=large,Hrs,on_demand,,,2,,list,2026-01-01\n"
        "here,Other,color=blue;size=tiny,Hrs,on_demand,,,2,,list,2026-01-01\n",
        encoding="utf-8",
    )
    snapshot.compile(tmp_path / "pricing", tmp_path / "catalog.sqlite")
    folder = tmp_path / "definitions" / "aws"
    folder.mkdir(parents=True)
    (folder / "aws_thing.toml").write_text(DEFINITION.format(price=price), encoding="utf-8")
    library = Library([tmp_path / "definitions"])
    faults = [f for f in lint(library, open_catalog(tmp_path / "catalog.sqlite")) if f.type_name == "aws_thing"]
    assert [fault.kind for fault in faults] == ([kind] if kind else [])
    assert reason in "".join(fault.reason for fault in faults)
    for known in faults:
        text = DEFINITION.format(price=price).replace("quantity", 'gap = "it is secret"\nquantity')
        (folder / "aws_thing.toml").write_text(text, encoding="utf-8")
        library = Library([tmp_path / "definitions"])
        faults = [f for f in lint(library, open_catalog(tmp_path / "catalog.sqlite")) if f.type_name == "aws_thing"]
        expected = ("gap", "it is secret") if kind == "no-match" else (kind, known.reason)
        assert [(fault.kind, fault.reason) for fault in faults] == [expected]


def test_what_the_shipped_catalog_does_not_have_is_known(catalog):
    """And nothing that is said to be missing is there. The shipped definitions ask for exactly one price each."""
    library = Library()
    faults = {(fault.type_name, fault.component): fault.kind for fault in lint(library, catalog)}
    missing = {(name, charge.component.name): "gap" for name, charge, _ in wants(library) if charge.component.gap}
    assert faults == missing
