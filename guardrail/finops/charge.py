"""Charges of a bill, summed, as what everything here starts from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from guardrail.finops.exact import Amount, total

DIRECT = "direct"
"""The origin of a charge that nobody shares."""
ADJUSTMENT = "adjustment "
"""Begins the origin of what a closed month has come to since: "adjustment 2026-10"."""


class Charge(Struct, frozen=True):
    """Rows of a bill that agree in all that is asked for, or a team's share of them.

    of        dimension -> value, None where the bill tells none
    month     like 2026-10
    open      the bill of the month may still change
    amount    exact, in units of 10^-18, of the rows that have it; None where none has
    rows      rows of the bill that it is of, whole or in part
    without   how many of them do not have the amount
    quantity  consumed, in 10^-18 of the unit that the dimension `unit` tells
    """

    of: Mapping[str, str | None]
    month: str
    source: str
    open: bool
    currency: str
    amount: Amount | None
    rows: int = 1
    without: int = 0
    quantity: Amount | None = None


def collapsed(charges: Iterable[Charge], dimensions: Sequence[str]) -> list[Charge]:
    """Return charges summed by fewer dimensions, in the order in which they first come."""
    alike: defaultdict[tuple[object, ...], list[Charge]] = defaultdict(list)
    for one in charges:
        values = tuple(one.of.get(name) for name in dimensions)
        alike[values, one.month, one.source, one.open, one.currency].append(one)
    return [
        replace(
            found[0],
            of={name: found[0].of.get(name) for name in dimensions},
            amount=total(one.amount for one in found),
            rows=sum(one.rows for one in found),
            without=sum(one.without for one in found),
            quantity=total(one.quantity for one in found),
        )
        for found in alike.values()
    ]
