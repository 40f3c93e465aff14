"""The prices that all definitions together can select from the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from guardrail.catalog import ABSENT, Match, Pattern
from guardrail.catalog.used_prices import PricePattern, UsedPrices
from guardrail.costs.definitions.fields import Field
from guardrail.costs.definitions.library import Library
from guardrail.costs.definitions.tariff import Charge

ABSENCE = "=null"
"""An expression that asks for rows without the attribute."""
_INSERTED = re.compile(r"\$\{[^}]*\}")


def used_prices(library: Library, plans: Iterable[tuple[str, str]] = ()) -> UsedPrices:
    """Collect the prices that the definitions can select, and the savings plans and reservations of an overlay.

    Raises DefinitionError for a definition that cannot be loaded.
    """
    return UsedPrices((pattern for _, _, pattern in price_patterns(library)), plans)


def price_patterns(library: Library) -> Iterator[tuple[str, Charge, PricePattern]]:
    """Give which prices each component of each type may select, as far as it is known without a resource."""
    for name, vendor in library.priced_types().items():
        tariff = library.find(name)
        charges = tariff.charges if tariff else ()
        for charge in (one for first in charges for one in (first, first.otherwise) if one):
            attributes = tuple((key, _match(field)) for key, field in charge.attributes)
            option = None if charge.purchase_option.program else str(charge.purchase_option.source)
            family = _match(charge.family) if charge.family else None
            yield name, charge, PricePattern(vendor, str(charge.service.source), family, attributes, option)


def _match(field: Field) -> Match | None:
    """Return what is asked of an attribute: of a text with expressions in it what is sure, None for an expression."""
    if field.source == ABSENCE:
        return ABSENT
    if field.program:
        return None
    if field.template:
        sure = _INSERTED.split(str(field.source).removeprefix("~"))
        if any("${" in part or "}" in part for part in sure):
            return None
        return Pattern(".*".join(sure) if field.is_pattern else f"^{'.*'.join(map(re.escape, sure))}$")
    return Pattern(str(field.source)) if field.is_pattern else str(field.source)
