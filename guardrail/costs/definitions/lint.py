"""Definitions held against a catalog: what finds no price at all, known or not, and what finds several."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product as pairs

from msgspec import Struct

from guardrail.catalog import Catalog, Ladder, Match, Pattern
from guardrail.catalog.query import Product, matches
from guardrail.catalog.units import factor
from guardrail.catalog.used_prices import PricePattern
from guardrail.cel.analysis.coverage import cover_all
from guardrail.costs.definitions.fields import Field
from guardrail.costs.definitions.library import Library
from guardrail.costs.definitions.tariff import Charge, expression
from guardrail.costs.definitions.used_prices import ABSENCE, price_patterns
from guardrail.errors import CatalogError

_SHOWN = 3  # regions that a message names
_ANCHOR = "begin it with ^ and end it with $, or say in `unanchored` why not"
_ANCHORED = re.compile(r"^(?:\(\?[a-z]+\))?\^.*(?<!\\)\$$", re.DOTALL)
_SPELLED_OUT = re.compile(r"""(['"])~(.*?)\1""")
"""A pattern that an expression spells out: `=let.is_daily ? '~^Daily$' : '~^Continuous$'`."""
_Answered = tuple[int, tuple[object, ...] | None]
"""The place of a question; what a resource decides, where an answer is a product that has it."""


class Fault(Struct, frozen=True):
    """A component that the catalog does not answer as it should.

    kind  "unanchored": a pattern does not say what the whole of a value is, and the definition does not say why;
          "not-covered": its lines, free_when and not_covered together leave cases without a word;
          "gap": there is no price, and the definition says why; "no-match": there is none, and nobody knows why;
          "ambiguous": several fit
    """

    kind: str
    type_name: str
    component: str
    reason: str


class _Question(Struct, frozen=True):
    """What one component of a type asks."""

    type_name: str
    charge: Charge
    pattern: PricePattern
    let: Mapping[str, object]

    def is_of(self, region: str) -> bool:
        """Say whether it is asked in a region: some are asked in one alone."""
        field = self.charge.region
        return field is None or bool(field.program or field.template) or field.source == region

    def kind(self) -> tuple[str | None, str | None]:
        """Return the family and the purchase option that a product must have to be the answer, None where no one is named."""
        family = self.pattern.family
        return family if isinstance(family, str) else None, self.pattern.purchase_option

    def conditions(self) -> Iterator[tuple[str, Callable[[Product], bool]]]:
        """Give each thing that is asked of a price, in words, and whether a product is so."""
        pattern, unit = self.pattern, self.charge.component.price.unit
        if unit is not None:
            yield f"unit {unit}", lambda product: factor(unit, product.unit) is not None
        if pattern.purchase_option is not None:
            yield pattern.purchase_option, lambda product: product.purchase_option == pattern.purchase_option
        if pattern.family is not None:
            yield f"family {_spelled(pattern.family)}", partial(_is, None, pattern.family)
        for key, match in pattern.attributes:
            if match is not None:
                yield f"{key} {_spelled(match)}", partial(_is, key, match)

    def missing(self, products: Iterable[Product]) -> str:
        """Say what stands in the way: a condition that no product meets, or without which one would fit."""
        conditions = list(self.conditions())
        met = [[test(product) for _, test in conditions] for product in products]
        never = [name for place, (name, _) in enumerate(conditions) if not any(row[place] for row in met)]
        if not met:
            return "the catalog has nothing of it"
        if any(all(row) for row in met) and self.charge.region:
            return f"nothing of it in {self.charge.region.source}"
        if never:
            return f"nothing has {' or '.join(never)}"
        alone = [name for place, (name, _) in enumerate(conditions) if any(_all_but(row, place) for row in met)]
        return "nothing has all that is asked" + (f"; without {' or '.join(alone)} there would be" if alone else "")

    def decided(self) -> tuple[str, ...]:
        """Return the attributes that a resource decides."""
        return tuple(
            key
            for key, field in self.charge.attributes
            if field.source != ABSENCE and (field.program or field.template)
        )


_Asked = tuple[int, _Question, list[Callable[[Product], bool]], tuple[str, ...]]
"""A question with its place, its conditions and what a resource decides of it."""


def lint(library: Library, catalog: Catalog) -> Iterator[Fault]:
    """Give the faults of every definition, in the order of types. Raises DefinitionError."""
    shelves = _shelves(catalog)
    asked: defaultdict[tuple[str, str], list[_Question]] = defaultdict(list)
    for name, charge, pattern in price_patterns(library):
        tariff = library.find(name)
        let = tariff.definition.let if tariff else {}
        asked[pattern.vendor, pattern.service].append(_Question(name, charge, pattern, let))
    faults = [
        fault
        for key, questions in asked.items()
        for fault in _of_service(catalog, key, shelves.get(key, []), questions)
    ]
    faults += [fault for questions in asked.values() for question in questions for fault in _open(question)]
    faults += [fault for name in library.priced_types() if (fault := left_out(library, name))]
    yield from sorted(faults, key=lambda fault: (fault.type_name, fault.component))


def ambiguous(library: Library, catalog: Catalog, places: Collection[tuple[str, str, str]]) -> Iterator[Fault]:
    """Give the components that find several prices in some vendors, services and regions. Raises DefinitionError."""
    asked: defaultdict[tuple[str, str], list[_Question]] = defaultdict(list)
    for name, charge, pattern in price_patterns(library):
        asked[pattern.vendor, pattern.service].append(_Question(name, charge, pattern, {}))
    for key, questions in sorted(asked.items()):
        regions = [region for *service, region in sorted(places) if tuple(service) == key]
        yield from (fault for fault in _of_service(catalog, key, regions, questions) if fault.kind == "ambiguous")


def unambiguous(library: Library, catalog: Catalog) -> None:
    """Raise CatalogError where a sync brought prices that a definition cannot tell apart: lines would have no price."""
    places = {(one.vendor, one.service, one.region) for one in catalog.synced()}
    faults = list(ambiguous(library, catalog, places))
    if not faults:
        return
    named = "; ".join(f"{fault.type_name}: {fault.component}: {fault.reason}" for fault in faults[:_SHOWN])
    more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    raise CatalogError(
        f"definitions cannot tell apart what the lists have now: {named}{more}",
        fix="the old catalog stays in use: update guardrail, mend a definition of your own; --force takes it as it is",
    )


def priced_regions(library: Library, catalog: Catalog) -> dict[str, dict[str, frozenset[str] | None]]:
    """Return in which regions a catalog has any price for each component of each type; None: its price has no region.

    Components without a price that anyone has published are left out. Raises DefinitionError.
    """
    shelves = _shelves(catalog)
    asked: defaultdict[tuple[str, str], list[_Question]] = defaultdict(list)
    found: defaultdict[str, dict[str, frozenset[str] | None]] = defaultdict(dict)
    for name, charge, pattern in price_patterns(library):
        tariff = library.find(name)
        region = charge.region or (tariff.region if tariff else None)
        if not charge.component.gap:
            is_fixed = region is not None and not region.program and not region.template
            found[name][charge.component.name] = None if is_fixed else frozenset()
            asked[pattern.vendor, pattern.service].append(_Question(name, charge, pattern, {}))
    for key, questions in asked.items():
        fitting = _Fitting(questions)
        for place in shelves.get(key, []):
            for ladder in catalog.ladders(*key, place):
                for number, _ in fitting.of(ladder.product):
                    of_type, component = found[questions[number].type_name], questions[number].charge.component.name
                    regions = of_type[component]
                    if regions is not None and place not in regions:
                        of_type[component] = regions | {place}
    return dict(found)


def _open(question: _Question) -> Iterator[Fault]:
    """Give the patterns of a component that fit names which nobody has thought of: `~LoadBalancerUsage$`."""
    charge = question.charge
    if charge.component.unanchored:
        return
    for key, field in (*charge.attributes, *((("family", charge.family),) if charge.family else ())):
        for pattern in _patterns(field, question.let):
            if not _ANCHORED.match(pattern):
                reason = f"{key} ~ {pattern} also fits longer names: {_ANCHOR}"
                yield Fault("unanchored", question.type_name, charge.component.name, reason)


def _patterns(field: Field, let: Mapping[str, object]) -> list[str]:
    """Return the patterns that a field is or spells out, by itself or by a name of `let`."""
    source = str(field.source)
    if field.is_pattern:
        return [source.removeprefix("~")]
    named = source.removeprefix("=let.")
    return [found[2] for found in _SPELLED_OUT.finditer(str(let.get(named, source)))] if field.program else []


def left_out(library: Library, name: str) -> Fault | None:
    """Return the fault of a definition of which it may be that no line applies, without saying what that means."""
    tariff = library.find(name)
    if tariff is None or tariff.definition.not_covered:
        return None
    conditions = [str(condition.source) for condition, _ in tariff.free_when]
    conditions += [str(charge.when.source) if charge.when else "=true" for charge in tariff.charges]
    # As many children as a list has items may be none.
    conditions += [str(part.when.source) if part.when else "=true" for part in tariff.parts if part.items is None]
    let = {key: expression(value) for key, value in tariff.definition.let.items()}
    # One line without a condition is enough, and many conditions are too many to try all cases of.
    if "=true" in conditions or cover_all((condition.removeprefix("=") for condition in conditions), let):
        return None
    reason = (
        "there may be no line at all: say in [[free_when]] when it is free, and in not_covered what it has no line for"
    )
    return Fault("not-covered", name, "", reason)


def _shelves(catalog: Catalog) -> dict[tuple[str, str], list[str]]:
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for vendor, service, region in catalog.shelves():
        found[vendor, service].append(region)
    return found


class _Fitting:
    """Which questions a product may be the answer to; regions have the same products, so each is looked at once."""

    def __init__(self, questions: Sequence[_Question]) -> None:
        # By what most products differ in: each of thousands is held against few of a service's hundreds of questions.
        self._questions: defaultdict[tuple[str | None, str | None], list[_Asked]] = defaultdict(list)
        for place, question in enumerate(questions):
            asked = (place, question, [test for _, test in question.conditions()], question.decided())
            self._questions[question.kind()].append(asked)
        self._known: dict[tuple[object, ...], tuple[_Answered, ...]] = {}
        self.products: list[Product] = []

    def of(self, product: Product) -> tuple[_Answered, ...]:
        """Return the place of each question, and what a resource has decided if this is the answer.

        What a resource decides is a value, as a rule: where the product has none, it is not known whether another one
        is the answer as well.
        """
        key = (product.family, product.unit, product.purchase_option, *product.attributes.items())
        if key not in self._known:
            self.products.append(product)
            self._known[key] = tuple(self._answered(product))
        return self._known[key]

    def _answered(self, product: Product) -> Iterator[_Answered]:
        kinds = pairs((product.family, None), (product.purchase_option, None))
        for place, question, tests, decided in (one for kind in kinds for one in self._questions.get(kind, ())):
            if all(test(product) for test in tests):
                values = tuple(product.attributes.get(name) for name in decided)
                family = question.pattern.family is None and product.family
                yield place, None if None in values else (product.purchase_option, family, *values)


def _of_service(
    catalog: Catalog,
    key: tuple[str, str],
    regions: list[str],
    questions: list[_Question],
) -> Iterator[Fault]:
    answered: set[int] = set()
    doubtful: defaultdict[int, dict[str, None]] = defaultdict(dict)
    fitting = _Fitting(questions)
    for region in regions:
        first: dict[_Answered, object] = {}
        asked = [question.is_of(region) for question in questions]
        for ladder in catalog.ladders(*key, region):
            of_unit: dict[str | None, tuple[object, ...]] = {}
            for place, decided in fitting.of(ladder.product):
                if asked[place]:
                    answered.add(place)
                    # Several products at one price are no ambiguity to the catalog, so they are none here.
                    if decided is not None:
                        unit = questions[place].charge.component.price.unit
                        prices = of_unit.get(unit) or of_unit.setdefault(unit, _prices(ladder, unit))
                        if first.setdefault((place, decided), prices) != prices:
                            doubtful[place][region] = None
    found = {id(questions[number].charge) for number in answered}
    # What is sold in another way has its price by the other selector.
    found |= {id(one.charge) for one in questions if id(one.charge.otherwise) in found}
    found |= {id(one.charge.otherwise) for one in questions if id(one.charge) in found}
    for number, question in enumerate(questions):
        if id(question.charge) not in found:
            yield _unanswered(question, fitting.products)
        elif doubtful[number]:
            places = ", ".join(list(doubtful[number])[:_SHOWN]) + (" ..." if len(doubtful[number]) > _SHOWN else "")
            reason = f"several prices of {question.pattern.service} fit in {places}"
            yield Fault("ambiguous", question.type_name, question.charge.component.name, reason)


def _prices(ladder: Ladder, unit: str | None) -> tuple[object, ...]:
    """Return what tells one price from another, per a unit: the tiers and what each costs."""
    same = ladder.per(unit)
    return (same.product.unit, *((tier.start, tier.end, tier.price) for tier in same.tiers))


def _unanswered(question: _Question, products: Sequence[Product]) -> Fault:
    """Return the fault of a question without an answer; `products`: all that the catalog has of its service."""
    component = question.charge.component
    if component.gap:
        return Fault("gap", question.type_name, component.name, component.gap)
    reason = f"{question.pattern.service}: {question.missing(products)}"
    return Fault("no-match", question.type_name, component.name, reason)


def _is(key: str | None, match: Match, product: Product) -> bool:
    """Say whether an attribute, without a key the family, is as asked."""
    return matches(match, product.family if key is None else product.attributes.get(key))


def _all_but(row: list[bool], place: int) -> bool:
    return all(row[:place]) and all(row[place + 1 :])


def _spelled(match: Match) -> str:
    if isinstance(match, Pattern):
        return f"~ {match.text}"
    return f"= {match}" if isinstance(match, str) else "absent"
