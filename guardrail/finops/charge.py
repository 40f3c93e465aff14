"""Charges of a bill, summed, as what everything here starts from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

DIRECT = "direct"
"""The origin of a charge that nobody shares."""


@dataclass(frozen=True, slots=True)
class Charge:
    """Rows of a bill that agree in all that is asked for, or a team's share of them.

    of        dimension -> value, None where the bill tells none
    month     like 2026-10
    open      the bill of the month may still change
    amount    exact, of the rows that have it; None where none has
    rows      rows of the bill that it is of, whole or in part
    without   how many of them do not have the amount
    quantity  consumed, in the unit that the dimension `unit` tells
    """

    of: Mapping[str, str | None]
    month: str
    source: str
    open: bool
    currency: str
    amount: Fraction | None
    rows: int = 1
    without: int = 0
    quantity: Fraction | None = None


def exact(amount: Decimal | None) -> Fraction | None:
    """Return a decimal as a fraction; None stays None."""
    return None if amount is None else Fraction(amount)


def total(amounts: Iterable[Fraction | None]) -> Fraction | None:
    """Return the sum of what is known, None where nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Fraction()) if known else None


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


def apportioned(amounts: Sequence[Fraction], places: int, to: Decimal | None = None) -> list[Decimal]:
    """Round amounts so that they come to their rounded sum: each down, then those that lost most up by one unit.

    An amount that has no more decimals than `places` stays as it is; among equal losses the first goes up.
    `to` is what they have to come to where their sum has been rounded with others already.
    """
    scale = 10**places
    down = [amount * scale // 1 for amount in amounts]
    lost = [amount * scale - whole for amount, whole in zip(amounts, down, strict=True)]
    units = (sum(lost, Fraction()) + Fraction(1, 2)) // 1 if to is None else int(Fraction(to) * scale) - sum(down)
    up = set(sorted(range(len(amounts)), key=lambda number: (-lost[number], number))[:units])
    return [_decimal(whole + (number in up), places) for number, whole in enumerate(down)]


def _decimal(units: int, places: int) -> Decimal:
    """Return a number of units as a decimal, whatever precision is set for arithmetic."""
    return Decimal((int(units < 0), tuple(map(int, str(abs(units)))), -places))
