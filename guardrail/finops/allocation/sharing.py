"""Whose each charge is, and what falls on whom of the costs that several share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from guardrail.errors import ConfigError
from guardrail.finops.allocation.file import Allocation, Measure, Measured, Shared, Split
from guardrail.finops.charge import DIRECT, Charge, collapsed
from guardrail.finops.exact import Amount
from guardrail.policy.glob import matches_any

Period = tuple[str, str]
"""Month and currency: costs are split within both."""
Weights = Mapping[str, Amount]
"""Team -> its part; parts need not come to 1."""
Dimensions = Mapping[str, str | None]
"""What a charge tells of each dimension."""
Pool = tuple[int, Period]
"""Which shared cost, in which month and currency."""


def with_teams(charges: Iterable[Charge], allocation: Allocation) -> list[Charge]:
    """Return charges with the dimension `team`: what the first rule that finds one says, None for nobody's."""
    teams = Teams(allocation)
    return [replace(one, of={**one.of, "team": teams.of(one.of), "origin": DIRECT}) for one in charges]


class Teams:
    """Whose charges are: what the first rule says that finds a team."""

    def __init__(self, allocation: Allocation) -> None:
        self._rules = [(rule.match.wanted(), rule.looks_at(), rule.to) for rule in allocation.rules]

    def of(self, dimensions: Dimensions) -> str | None:
        """Return whose a charge is, None for nobody's."""
        for wanted, name, to in self._rules:
            team = dimensions.get(name) if name else to
            if team is not None and fits(dimensions, wanted):
                return team
        return None


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
    sharing = Sharing.of(charges, allocation, measured)
    found: list[Charge] = []
    pools: defaultdict[Pool, list[Charge]] = defaultdict(list)
    for one in charges:
        pool = sharing.pool(one.of, one.month, one.currency)
        (found if pool is None else pools[pool]).append(one)
    dimensions = list(dict.fromkeys((*by, "team", "origin")))
    for pool, alike in sorted(pools.items(), key=lambda item: item[0]):
        name, weights = sharing.names[pool[0]], sharing.weights[pool]
        found += [share for one in collapsed(alike, dimensions) for share in _shares(one, name, weights)]
    return collapsed(found, dimensions), sharing.notes


class Sharing(Struct, frozen=True):
    """Who bears what is shared.

    names    the shared costs, in the order in which charges are looked for in them
    matches  which charges each takes: globs by dimension, and whether those alone that are nobody's
    weights  the teams' parts of each pool, that is a shared cost in a month and a currency; none for one that falls on nobody
    notes    what falls on nobody, and why
    """

    names: Sequence[str]
    matches: Sequence[tuple[Mapping[str, Sequence[str]], bool]]
    weights: Mapping[Pool, Weights]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, charges: Sequence[Charge], allocation: Allocation, measured: Mapping[str, Measured]) -> Sharing:
        """Return who bears what of these charges. Raises ConfigError for a measure in several units."""
        matches = [(one.match.wanted(), one.match.unallocated) for one in allocation.shared]
        kept: list[Charge] = []
        pools: set[Pool] = set()
        for one in charges:
            number = _shared_by(one.of, matches)
            if number is None or allocation.shared[number].split is Split.NONE:
                kept.append(one)
            else:
                pools.add((number, (one.month, one.currency)))
        costs = _costs_of_teams(kept)
        weights = {
            (number, period): _weights(allocation.shared[number], period, costs[period], charges, measured)
            for number, period in sorted(pools)
        }
        names = [one.name for one in allocation.shared]
        notes = (
            f"{names[number]}: not split in {month}: no team has a part in what it is split by"
            for (number, (month, _)), parts in weights.items()
            if not parts
        )
        return cls(names, matches, {pool: parts for pool, parts in weights.items() if parts}, tuple(notes))

    def pool(self, of: Dimensions, month: str, currency: str) -> Pool | None:
        """Return the pool that a charge with its team is shared in, None for one that stays where it is."""
        number = _shared_by(of, self.matches)
        pool = None if number is None else (number, (month, currency))
        return pool if pool in self.weights else None


def fits(of: Dimensions, wanted: Mapping[str, Sequence[str]]) -> bool:
    """Say whether what a charge tells fits globs by dimension. What it does not tell fits none."""
    return all((value := of.get(name)) is not None and matches_any(globs, value) for name, globs in wanted.items())


def _shared_by(of: Dimensions, shared: Sequence[tuple[Mapping[str, Sequence[str]], bool]]) -> int | None:
    for number, (wanted, unallocated) in enumerate(shared):
        if not (unallocated and of["team"] is not None) and fits(of, wanted):
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
    counted = [one for one in charges if (one.month, one.currency) == period and fits(one.of, wanted) and one.quantity]
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
