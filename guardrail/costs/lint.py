"""Definitions held against a catalog: what finds no price at all, and what finds several."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from guardrail.catalog import Catalog, Ladder
from guardrail.catalog.query import matches
from guardrail.catalog.wanted import Want
from guardrail.costs.library import Library
from guardrail.costs.tariff import Charge
from guardrail.costs.wants import wants


@dataclass(frozen=True, slots=True)
class Fault:
    """A component that the catalog does not answer as it should. `kind`: "no-match" or "ambiguous"."""

    kind: str
    type_name: str
    component: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Question:
    """What one component of a type asks."""

    type_name: str
    charge: Charge
    want: Want

    def is_of(self, region: str) -> bool:
        """Say whether it is asked in a region: some are asked in one alone."""
        field = self.charge.region
        return field is None or bool(field.program or field.template) or field.source == region

    def fits(self, ladder: Ladder) -> bool:
        """Say whether a price may be the answer."""
        want, unit, product = self.want, self.charge.component.price.unit, ladder.product
        if unit not in {None, product.unit} or want.purchase_option not in {None, product.purchase_option}:
            return False
        if want.family is not None and not matches(want.family, product.family):
            return False
        return all(match is None or matches(match, product.attributes.get(key)) for key, match in want.attributes)

    def is_ambiguous(self, ladders: list[Ladder]) -> bool:
        """Say whether prices differ that agree in all that a resource decides."""
        decided = [key for key, field in self.charge.attributes if field.program or field.template]
        groups: defaultdict[tuple[object, ...], set[tuple[object, ...]]] = defaultdict(set)
        for ladder in ladders:
            product = ladder.product
            values = tuple(product.attributes.get(key) for key in decided)
            if None in values:
                continue  # what a resource decides is a value, as a rule; whether it may be absent is not known here
            group = (product.purchase_option, self.want.family is None and product.family, *values)
            groups[group].add((product.unit, *((tier.start, tier.end, tier.price) for tier in ladder.tiers)))
        return any(len(prices) > 1 for prices in groups.values())


def lint(library: Library, catalog: Catalog) -> Iterator[Fault]:
    """Give the faults of every definition, in the order of types. Raises DefinitionError."""
    shelves = _shelves(catalog)
    asked: defaultdict[tuple[str, str], list[_Question]] = defaultdict(list)
    for name, charge, want in wants(library):
        asked[want.vendor, want.service].append(_Question(name, charge, want))
    faults = [
        fault
        for key, questions in asked.items()
        for fault in _of_service(catalog, key, shelves.get(key, []), questions)
    ]
    yield from sorted(faults, key=lambda fault: (fault.type_name, fault.component))


def _shelves(catalog: Catalog) -> dict[tuple[str, str], list[str]]:
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for vendor, service, region in catalog.shelves():
        found[vendor, service].append(region)
    return found


def _of_service(
    catalog: Catalog,
    key: tuple[str, str],
    regions: list[str],
    questions: list[_Question],
) -> Iterator[Fault]:
    answered: defaultdict[int, int] = defaultdict(int)
    doubtful: defaultdict[int, list[str]] = defaultdict(list)
    for region in regions:
        ladders = catalog.ladders(*key, region)
        for number, question in enumerate(questions):
            found = [ladder for ladder in ladders if question.fits(ladder)] if question.is_of(region) else []
            answered[number] += len(found)
            if question.is_ambiguous(found):
                doubtful[number].append(region)
    for number, question in enumerate(questions):
        name, component, want = question.type_name, question.charge.component.name, question.want
        if not answered[number]:
            yield Fault("no-match", name, component, f"{want.service} has no such price in any region")
        elif doubtful[number]:
            places = ", ".join(doubtful[number][:3]) + (" ..." if len(doubtful[number]) > 3 else "")  # noqa: PLR2004
            yield Fault("ambiguous", name, component, f"several prices of {want.service} fit in {places}")
