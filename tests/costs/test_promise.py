"""The promise, over every bill: what is hidden never makes a total smaller without a word.

A price is taken out of the catalog, an attribute becomes known only after apply, a resource that is referred to is no
longer in the plan: the sum is as large as it was, or is a lower bound, or an assumption is stated.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from guardrail.catalog import Catalog
from guardrail.catalog.query import NoPrice
from guardrail.model.cost import Cost
from tests.costs.test_bills import LIBRARY, cases, priced


def says_so(cost: Cost, before: Cost) -> bool:
    return cost.known >= before.known or cost.is_lower_bound or cost.assumed


@cache
def complete(number: int, catalog: Catalog) -> tuple[Cost | None, int]:
    """What a bill comes to, None where a price is missing already; and for how many prices the catalog was asked."""
    asked = Without(catalog, None)
    cost = priced(*cases()[number], asked)  # type: ignore[arg-type] # as much of a catalog as is asked
    return None if cost.unpriced else cost, asked.asked


def hidden(case: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The case with an attribute that is set and known only after apply."""
    attributes = {key: value for key, value in case.get("attributes", {}).items() if key != name}
    found = {**case, "attributes": attributes, "unknown": [*case.get("unknown", []), name]}
    return {**found, "derived": [*case["derived"], name]} if "derived" in case else found


def test_attributes_known_only_after_apply(catalog):
    silent, tried = [], 0
    for number, (type_name, case) in enumerate(cases()):
        before, _ = complete(number, catalog)
        for name in case.get("attributes", {}) if before else ():
            tried += 1
            if before and not says_so(priced(type_name, hidden(case, name), catalog), before):
                silent.append((type_name, case["name"], name))
    assert silent == []
    assert tried > 800


def elsewhere(case: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The case with an attribute that names a resource which is not in the plan."""
    return {**case, "attributes": {name: "elsewhere", **case.get("attributes", {})}}


@pytest.mark.parametrize("naming", [hidden, elsewhere])
def test_resources_that_are_referred_to_and_not_in_the_plan(catalog, naming):
    silent, tried = [], 0
    for number, (type_name, case) in enumerate(cases()):
        definition = LIBRARY.find(type_name).definition  # type: ignore[union-attr] # every bill is of a definition
        for name in case.get("refs", {}):
            reference = definition.refs[name]
            # What mentions this resource from elsewhere, nobody can miss; what hangs on another reference goes with it.
            if reference.back or reference.of or reference.attribute is None:
                continue
            before, _ = complete(number, catalog)
            rest = {
                key: value for key, value in case["refs"].items() if key != name and definition.refs[key].of != name
            }
            without = {**naming(case, reference.attribute), "refs": rest}
            tried += 1
            if before and not says_so(priced(type_name, without, catalog), before):
                silent.append((type_name, case["name"], name))
    assert silent == []
    assert tried > 80


def test_every_attribute_that_refers_to_something_is_in_a_bill():
    """Two references may go through one attribute: a launch template gives a size, and other things where it is known."""
    references = {
        (type_name, name): reference
        for type_name in LIBRARY.priced_types()
        for name, reference in LIBRARY.find(type_name).definition.refs.items()  # type: ignore[union-attr] # priced
    }
    named = {(type_name, name) for type_name, case in cases() for name in case.get("refs", {})}
    in_bills = {(type_name, references[type_name, name].attribute) for type_name, name in named}
    in_definitions = {
        (type_name, reference.attribute)
        for (type_name, _), reference in references.items()
        if reference.attribute and not reference.back and not reference.of and not reference.alike
    }
    assert in_definitions - in_bills == set()


class Without:
    """A catalog that lacks the price of one line, counted in the order in which they are asked for."""

    def __init__(self, catalog: Any, missing: int | None) -> None:
        self._catalog, self._missing, self.asked = catalog, missing, 0

    def find(self, selector: Any) -> Any:
        self.asked += 1
        if self.asked - 1 == self._missing:
            return NoPrice(selector, "no such price")
        return self._catalog.find(selector)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalog, name)


def test_prices_that_the_catalog_lacks(catalog):
    silent, tried = [], 0
    for number, (type_name, case) in enumerate(cases()):
        before, asked = complete(number, catalog)
        for missing in range(asked if before else 0):
            cost = priced(type_name, case, Without(catalog, missing))  # type: ignore[arg-type] # as above
            tried += 1
            if before and not (cost.known >= before.known or cost.is_lower_bound):
                silent.append((type_name, case["name"], missing))
    assert silent == []
    assert tried > 1000
