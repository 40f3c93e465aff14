"""Charges as the lines of an answer, which come to what they are of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from guardrail.finops.charge import DIRECT, Charge
from guardrail.finops.exact import Amount, apportioned, decimal_of, total, units

_Key = tuple[str, tuple[str | None, ...]]
"""Currency, and a value for each dimension."""


class Line(Struct, frozen=True):
    """A line of the answer.

    keys      a value for each dimension, None where the bill tells none
    amount    None where no row has it
    direct    what of it is not a share of somebody else's cost
    partial   some rows of it do not have the amount
    open      a bill in it may still change
    """

    keys: tuple[str | None, ...]
    currency: str
    amount: Decimal | None
    direct: Decimal | None
    partial: bool
    open: bool


def lines_of(
    charges: Iterable[Charge], by: Sequence[str], to: Mapping[str, Decimal | None] | None = None
) -> tuple[Line, ...]:
    """Return charges as lines, those of a currency together; in each the largest first, what has no name last.

    Lines are ordered by the first dimension, within it by the second, and so on. `to` is what they come to by currency,
    where that has been rounded already.
    """
    grouped: defaultdict[_Key, list[Charge]] = defaultdict(list)
    for one in charges:
        grouped[one.currency, tuple(one.of.get(name) for name in by)].append(one)
    keys = _ordered(grouped, by)
    known = {key: amount for key in keys if (amount := total(one.amount for one in grouped[key])) is not None}
    whole: dict[_Key, Decimal] = {}
    for currency in sorted({currency for currency, _ in known}):
        alike = [key for key in known if key[0] == currency]
        amounts = apportioned([known[key] for key in alike], to=units((to or {}).get(currency)))
        whole.update(zip(alike, map(decimal_of, amounts), strict=True))
    return tuple(_line(key, grouped[key], whole.get(key)) for key in keys)


def _ordered(grouped: Mapping[_Key, list[Charge]], by: Sequence[str]) -> list[_Key]:
    """Return keys by the sums of their beginnings: of the first dimension, then of the first two, and so on."""
    sums: defaultdict[_Key, Amount] = defaultdict(int)
    for (currency, keys), charges in grouped.items():
        amount = total(one.amount for one in charges) or 0
        for depth in range(1, len(keys) + 1):
            sums[currency, keys[:depth]] += amount

    def place(key: _Key) -> tuple[object, ...]:
        currency, keys = key
        levels = [
            (
                value is None,
                value != DIRECT,
                0 if name == "month" else -sums[currency, keys[: depth + 1]],
                value or "",
            )
            for depth, (name, value) in enumerate(zip(by, keys, strict=True))
        ]
        return (currency, *levels)

    return sorted(grouped, key=place)


def _line(key: _Key, charges: Sequence[Charge], amount: Decimal | None) -> Line:
    currency, keys = key
    direct = [one.amount for one in charges if one.of.get("origin") in {None, DIRECT}]
    return Line(
        keys,
        currency,
        amount,
        rounded(total(direct) if direct else 0),
        partial=any(one.without for one in charges),
        open=any(one.open for one in charges),
    )


def rounded(amount: Amount | None) -> Decimal | None:
    """Return an exact amount as a decimal of 18 places, None for None."""
    return None if amount is None else decimal_of(apportioned([amount])[0])
