"""Definitions held against the shipped catalog and against one of their own."""

from __future__ import annotations

import pytest

from guardrail.catalog import open_catalog, snapshot
from guardrail.costs import Library
from guardrail.costs.lint import lint

DEFINITION = """
schema = 1
[[component]]
name = "Thing"
unit = "hours"
quantity = 730
price = {{ service = "Things", {price} }}
"""


@pytest.mark.parametrize(
    "price, kind",
    [
        ('family = "Thing", size = "small"', None),
        ('family = "Thing"', "ambiguous"),
        ('family = "Thing", size = "=attr.size"', None),
        ('family = "Thing", size = "${attr.size}all"', None),
        ('family = "Thing", color = "=attr.color"', "ambiguous"),
        ('family = "Think", size = "small"', "no-match"),
        ('family = "Thing", size = "huge ${attr.size}"', "no-match"),
        ('family = "Thing", region = "elsewhere"', "no-match"),
    ],
)
def test_kinds_of_faults(price, kind, tmp_path):
    catalog = tmp_path / "pricing" / "catalog" / "aws"
    catalog.mkdir(parents=True)
    (catalog / "Things.csv").write_text(
        f"{','.join(snapshot.COLUMNS)}\n"
        "here,Thing,color=red;size=small,Hrs,on_demand,,,1,,list,2026-01-01\n"
        "here,Thing,color=red;size=large,Hrs,on_demand,,,2,,list,2026-01-01\n",
        encoding="utf-8",
    )
    snapshot.compile(tmp_path / "pricing", tmp_path / "catalog.sqlite")
    folder = tmp_path / "definitions" / "aws"
    folder.mkdir(parents=True)
    (folder / "aws_thing.toml").write_text(DEFINITION.format(price=price), encoding="utf-8")
    library = Library([tmp_path / "definitions"])
    faults = [f for f in lint(library, open_catalog(tmp_path / "catalog.sqlite")) if f.type_name == "aws_thing"]
    assert [fault.kind for fault in faults] == ([kind] if kind else [])
