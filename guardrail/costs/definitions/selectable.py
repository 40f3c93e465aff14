"""What all definitions together can select from the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from guardrail.catalog import Match, Pattern
from guardrail.catalog.wanted import Want, Wanted
from guardrail.costs.definitions.fields import Field
from guardrail.costs.definitions.library import Library
from guardrail.costs.definitions.tariff import Charge

_INSERTED = re.compile(r"\$\{[^}]*\}")


def wanted(library: Library, plans: Iterable[tuple[str, str]] = ()) -> Wanted:
    """Collect what the definitions ask of the catalog, and the savings plans and reservations of an overlay.

    Raises DefinitionError for a definition that cannot be loaded.
    """
    return Wanted((want for _, _, want in wants(library)), plans)


def wants(library: Library) -> Iterator[tuple[str, Charge, Want]]:
    """Give what each component of each type asks for, as far as it is known without a resource."""
    for name, vendor in library.priced_types().items():
        tariff = library.find(name)
        for charge in tariff.charges if tariff else ():
            attributes = tuple((key, _match(field)) for key, field in charge.attributes)
            option = None if charge.purchase_option.program else str(charge.purchase_option.source)
            family = _match(charge.family) if charge.family else None
            yield name, charge, Want(vendor, str(charge.service.source), family, attributes, option)


def _match(field: Field) -> Match | None:
    """Return what is asked of an attribute: of a text with expressions in it what is sure, None for an expression."""
    if field.program:
        return None
    if field.template:
        sure = _INSERTED.split(str(field.source).removeprefix("~"))
        if any("${" in part or "}" in part for part in sure):
            return None
        return Pattern(".*".join(sure) if field.is_pattern else f"^{'.*'.join(map(re.escape, sure))}$")
    return Pattern(str(field.source)) if field.is_pattern else str(field.source)
