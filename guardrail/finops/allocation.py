"""Whose each charge is, and what falls on whom of the costs that several share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from guardrail.errors import ConfigError
from guardrail.finops.allocation_file import Allocation, Measure, Measured, Shared, Split
from guardrail.finops.charge import DIRECT, Charge, collapsed
from guardrail.finops.exact import Amount
from guardrail.policy.glob import matches_any

Period = tuple[str, str]
"""Month and currency: costs are split within both."""
Weights = Mapping[str, Amount]
"""Team -> its part; parts need not come to 1."""


def with_teams(charges: Iterable[Charge], allocation: Allocation) -> list[Charge]:
    """Return charges with the dimension `team`: what the first rule that finds one says, None for nobody's."""
    rules = [(rule.match.wanted(), rule.looks_at(), rule.to) for rule in allocation.rules]
    return [replace(one, of={**one.of, "team": _team(one, rules), "origin": DIRECT}) for one in charges]


def with_shares(
    charges: Sequence[Charge], allocation: Allocation, measured: Mapping[str, Measured], by: Sequence[str]
) -> tuple[list[Charge], tuple[str, ...]]:
    """Split what is shared among teams, by month and currency; return charges by team and origin, and what was not split.

    charges   with their teams, by all dimensions that the splits look at
    measured  values of the files that measures name
    by        the dimensions that are asked for: shares are told by these, their team and their origin

    Shares are exact fractions: they come to the cost, whatever it is summed by. A cost that falls on nobody, since no
    team has a part in what it is split by, stays where it is.
    Raises ConfigError for a measure in several units.
    """
    kept: list[Charge] = []
    pools: defaultdict[tuple[int, Period], list[Charge]] = defaultdict(list)
    matches = [(one.match.wanted(), one.match.unallocated) for one in allocation.shared]
    for one in charges:
        number = _shared_by(one, matches)
        if number is None or allocation.shared[number].split is Split.NONE:
            kept.append(one)
        else:
            pools[number, (one.month, one.currency)].append(one)
    costs = _costs_of_teams(kept)
    dimensions = list(dict.fromkeys((*by, "team", "origin")))
    found, notes = list(kept), []
    for (number, period), pool in sorted(pools.items(), key=lambda item: item[0]):
        shared = allocation.shared[number]
        weights = _weights(shared, period, costs[period], charges, measured)
        if weights:
            found += [share for one in collapsed(pool, dimensions) for share in _shares(one, shared.name, weights)]
        else:
            found += pool
            notes.append(f"{shared.name}: not split in {period[0]}: no team has a part in what it is split by")
    return collapsed(found, dimensions), tuple(notes)


def fits(charge: Charge, wanted: Mapping[str, Sequence[str]]) -> bool:
    """Say whether a charge fits globs by dimension. What it does not tell fits none."""
    return all(
        (value := charge.of.get(name)) is not None and matches_any(globs, value) for name, globs in wanted.items()
    )


def _team(charge: Charge, rules: Iterable[tuple[Mapping[str, Sequence[str]], str | None, str | None]]) -> str | None:
    for wanted, name, to in rules:
        team = charge.of.get(name) if name else to
        if team is not None and fits(charge, wanted):
            return team
    return None


def _shared_by(charge: Charge, shared: Sequence[tuple[Mapping[str, Sequence[str]], bool]]) -> int | None:
    for number, (wanted, unallocated) in enumerate(shared):
        if not (unallocated and charge.of["team"] is not None) and fits(charge, wanted):
            return number
    return None


def _costs_of_teams(kept: Iterable[Charge]) -> Mapping[Period, dict[str, Amount]]:
    costs: defaultdict[Period, dict[str, Amount]] = defaultdict(dict)
    for one in kept:
        team = one.of["team"]
        if team is not None:
            of_period = costs[one.month, one.currency]
            of_period[team] = of_period.get(team, 0) + (one.amount or 0)
    return costs


def _weights(
    shared: Shared,
    period: Period,
    costs: Mapping[str, Amount],
    charges: Sequence[Charge],
    measured: Mapping[str, Measured],
) -> Weights:
    """Return the teams' parts, only those above 0: a team whose credits exceed its costs bears nothing."""
    if shared.split is Split.FIXED:
        return {team: Fraction(share) for team, share in sorted(shared.shares.items())}
    if shared.split is Split.EVEN:
        parts: Weights = dict.fromkeys(costs, 1)
    elif shared.measure:
        parts = _measured(shared.measure, shared.name, period, charges, measured)
    else:
        parts = costs
    return {team: part for team, part in sorted(parts.items()) if part > 0 and matches_any(shared.among, team)}


def _measured(
    measure: Measure, name: str, period: Period, charges: Sequence[Charge], measured: Mapping[str, Measured]
) -> Weights:
    if measure.file:
        values = measured[measure.file]
        return {team: Fraction(value) for (month, team), value in values.items() if month == period[0]}
    wanted = measure.match.wanted() if measure.match else {}
    counted = [one for one in charges if (one.month, one.currency) == period and fits(one, wanted) and one.quantity]
    units = sorted({one.of.get("unit") or "no unit" for one in counted})
    if len(units) > 1:
        what = f"the measure of {name} is in several units: {', '.join(units)}"
        raise ConfigError(what, fix="let its match name one meter")
    parts: defaultdict[str, Amount] = defaultdict(Fraction)
    for one in counted:
        if (team := one.of["team"]) is not None:
            parts[team] += one.quantity or 0
    return parts


def _shares(charge: Charge, name: str, weights: Weights) -> list[Charge]:
    """Return what falls on each team of a charge."""
    whole = sum(weights.values())
    return [
        replace(
            charge,
            of={**charge.of, "team": team, "origin": name},
            amount=None if charge.amount is None else charge.amount * Fraction(weight) / whole,
        )
        for team, weight in weights.items()
    ]
