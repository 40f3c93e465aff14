"""What a usage file alone says that there is: data transfer belongs to a region, and to no resource of a plan."""

from __future__ import annotations

from collections.abc import Iterator

from guardrail.costs.definitions.library import Library
from guardrail.costs.usage.file import Usage
from guardrail.model.resource import Action, Change, Side


def alone(usage: Usage, library: Library) -> tuple[Change, ...]:
    """Return the entries of a usage file that are priced without a resource of a plan: the same before and after a change."""
    return tuple(_alone(usage, library))


def _alone(usage: Usage, library: Library) -> Iterator[Change]:
    for address in usage.by_address:
        type_name, _, name = address.partition(".")
        tariff = library.find(type_name)
        if tariff is None or not tariff.definition.in_usage_file:
            continue
        region = usage.of(address, type_name).get("region") or None
        side = Side({})
        yield Change(
            address,
            type_name,
            name,
            Action.NO_OP,
            side,
            side,
            provider=tariff.vendor,
            region=region,
            before_region=region,
        )
