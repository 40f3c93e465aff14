"""Estimates and bills in one currency, at rates that somebody has written down."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from msgspec.structs import replace

from guardrail.errors import ConfigError
from guardrail.finops.accuracy.estimate import Estimate, Item
from guardrail.finops.accuracy.pairing import Billed
from guardrail.finops.exact import Amount
from guardrail.finops.rates import Rate, Rates


def in_currency(
    bill: Sequence[Billed], estimates: Sequence[Estimate], currency: str, rates: Rates, month: str
) -> tuple[list[Billed], list[Estimate], tuple[str, ...]]:
    """Return all amounts in one currency at the month's rates, exactly, and notes that tell the rates.

    Raises ConfigError for a rate that is not there.
    """
    used: dict[str, Rate] = {}

    def rate(of: str) -> Fraction:
        if of == currency:
            return Fraction(1)
        found = rates.get((month, of, currency))
        if found is None:
            what = f"no rate of {month} from {of} to {currency}"
            raise ConfigError(what, fix="a row of --rates has it: month,from,to,rate,source")
        used[of] = found
        return Fraction(found.value)

    charges = [_billed(one, currency, rate(one.currency)) for one in bill]
    held = [_estimate(one, currency, rate(one.chosen.currency)) for one in estimates]
    notes = (f"{of} of {month} at {one.value} {currency} ({one.source})" for of, one in sorted(used.items()))
    return charges, held, tuple(notes)


def _billed(one: Billed, currency: str, rate: Fraction) -> Billed:
    return replace(
        one,
        currency=currency,
        cost=one.cost * rate,
        unit_price=_times(one.unit_price, rate),
        listed=_times(one.listed, rate),
        contracted=_times(one.contracted, rate),
    )


def _estimate(one: Estimate, currency: str, rate: Fraction) -> Estimate:
    versions = (
        {address: [_item(item, rate) for item in items] for address, items in version.items()}
        for version in one.versions
    )
    return replace(one, chosen=replace(one.chosen, currency=currency), versions=tuple(versions))


def _item(item: Item, rate: Fraction) -> Item:
    return replace(item, monthly=_times(item.monthly, rate), price=_times(item.price, rate))


def _times(amount: Amount | None, rate: Fraction) -> Amount | None:
    return None if amount is None else amount * rate
