"""Every definition's bill: attributes and usage in, the expected lines out, at the prices of the shipped catalog."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from guardrail.catalog import Catalog
from guardrail.costs import Engine, Library, Usage
from guardrail.costs.definitions.definition import Reference
from guardrail.costs.usage.profiles import NO_PROFILE, Profile
from guardrail.model.cost import Cost
from guardrail.model.money import decimal, plain
from guardrail.model.resource import Action, Change, Side

BILLS = Path(__file__).parent.parent / "data" / "bills"
CASE_KEYS = {"name", "region", "attributes", "unknown", "derived", "usage", "refs", "monthly", "lines", "status"}
LINE_KEYS = {"name", "group", "unit", "quantity", "unit_price", "cost", "status", "note", "at_least"}
LIBRARY = Library()


@cache
def bills() -> Mapping[str, list[dict[str, Any]]]:
    """Return each type and the cases of its bill."""
    files = sorted(BILLS.glob("*/*.toml"))
    return {path.stem: tomllib.loads(path.read_text(encoding="utf-8"))["case"] for path in files}


@cache
def cases() -> list[tuple[str, dict[str, Any]]]:
    return [(type_name, case) for type_name, bill in bills().items() for case in bill]


@pytest.mark.parametrize("type_name", sorted(path.stem for path in BILLS.glob("*/*.toml")))
def test_bill(type_name: str, catalog: Catalog) -> None:
    for case in bills()[type_name]:
        assert not case.keys() - CASE_KEYS, case["name"]
        cost = priced(type_name, case, catalog)
        lines = [_shown(line, wanted) for line, wanted in zip(cost.lines, case["lines"], strict=False)]
        names = [line.name for line in cost.lines]
        assert lines == case["lines"], case["name"]
        assert len(names) == len(lines), (case["name"], names)
        assert (plain(cost.monthly) or "") == _plain(case["monthly"]), case["name"]
        if "status" in case:
            assert cost.status == case["status"], case["name"]


@pytest.mark.parametrize("type_name", sorted(LIBRARY.priced_types()))
def test_every_definition_loads_and_has_a_bill(type_name: str) -> None:
    assert LIBRARY.find(type_name) is not None
    vendor = LIBRARY.priced_types()[type_name]
    assert (BILLS / vendor / f"{type_name}.toml").is_file()


def test_every_bill_is_of_a_definition() -> None:
    assert bills().keys() <= LIBRARY.priced_types().keys()


@pytest.mark.parametrize("stranger", ["a text", -7, [["x"]], {"x": []}])
def test_values_of_another_kind_are_a_gap_or_a_price_in_any_bill_and_never_a_failure(
    stranger: Any, catalog: Catalog
) -> None:
    """One attribute at a time is of another kind than the definition is made for, as in a plan of a provider yet to come."""
    for type_name, (case, *_) in bills().items():
        attributes = case.get("attributes", {})
        for name in attributes:
            cost = priced(type_name, {**case, "attributes": {**attributes, name: stranger}}, catalog)
            assert all(line.monthly_cost is None or line.monthly_cost >= 0 for line in cost.lines), (type_name, name)


def priced(
    type_name: str, case: Mapping[str, Any], catalog: Catalog, library: Library = LIBRARY, profile: Profile = NO_PROFILE
) -> Cost:
    """Price the resource of a case, which stands first among those that it refers to."""
    tariff = library.find(type_name)
    assert tariff is not None
    changes = _changes(type_name, case, tariff.definition.refs)
    usage = Usage({}, {changes[0].address: case.get("usage", {})})
    after = Engine(library, catalog, usage=usage, profile=profile).estimate(changes)[0].after
    assert after is not None
    return after


def _changes(type_name: str, case: Mapping[str, Any], refs: Mapping[str, Reference]) -> list[Change]:
    """Return the resource of a case and those that it refers to: `refs` names them as the definition does."""
    subject = f"{type_name}.this"
    mentions: dict[str, dict[str, tuple[str, ...]]] = {subject: {}}
    others: dict[str, Mapping[str, Any]] = {}
    found: dict[str, str] = {}
    for name, given in case.get("refs", {}).items():
        reference = refs[name]
        origin = found[reference.of] if reference.of else subject
        for number, attributes in enumerate(given if isinstance(given, list) else [given]):
            address = f"{reference.types[0]}.{name}_{number}"
            found.setdefault(name, address)
            others[address] = attributes
            source, target = (address, origin) if reference.back else (origin, address)
            attribute = reference.attribute or name
            mentioned = mentions.setdefault(source, {})
            mentioned[attribute] = (*mentioned.get(attribute, ()), target)
    side = Side(case.get("attributes", {}), marks(case.get("unknown", [])))
    if "derived" in case:
        side = replace(side, written=frozenset(case["derived"]))
    return [
        _change(subject, side, case, mentions[subject]),
        *(_change(address, Side(values), case, mentions.get(address, {})) for address, values in others.items()),
    ]


def _change(
    address: str,
    side: Side,
    case: Mapping[str, Any],
    references: Mapping[str, tuple[str, ...]],
) -> Change:
    type_name, _, name = address.rpartition(".")
    region = case.get("region")
    return Change(address, type_name, name, Action.CREATE, None, side, region=region, references=references)


def marks(paths: list[str]) -> dict[str, Any]:
    """Return Terraform's `after_unknown` for dotted paths such as "root_block_device.0.volume_size"."""
    marks: dict[str, Any] = {}
    for path in paths:
        _mark(marks, path.split("."))
    return marks


def _mark(level: Any, steps: list[str]) -> None:
    step, *below = steps
    key = int(step) if isinstance(level, list) else step
    if not below:
        level[key] = True
        return
    if isinstance(level, dict):
        level.setdefault(key, [{} for _ in range(int(below[0]) + 1)] if below[0].isdecimal() else {})
    _mark(level[key], below)


def _shown(line: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a case says about a line, in its words."""
    assert not wanted.keys() - LINE_KEYS
    amounts = {"quantity": line.monthly_quantity, "unit_price": line.unit_price, "cost": line.monthly_cost}
    said = {name: getattr(line, name) for name in ("name", "group", "unit", "status", "note", "at_least")}
    return {key: _amount(amounts[key], text) if key in amounts else said[key] for key, text in wanted.items()}


def _amount(amount: Decimal | None, wanted: str) -> str:
    """Return the amount as the case spells it if they are equal ("5.00"), else plainly."""
    if amount is not None and wanted and decimal(wanted) == amount:
        return wanted
    return plain(amount) or ""


@lru_cache(maxsize=1024)
def _plain(text: str) -> str:
    return plain(decimal(text)) or "" if text else ""
