"""What bills come to by team, service, address and so on: lines that come to the bill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from guardrail.bills.closed import ClosedMonth
from guardrail.errors import ConfigError, did_you_mean
from guardrail.finops.allocation.file import Allocation, Measured
from guardrail.finops.allocation.sharing import with_teams
from guardrail.finops.charge import Charge, collapsed
from guardrail.finops.closing import statements
from guardrail.finops.exact import total
from guardrail.finops.lines import Line, lines_of, rounded


class Total(Struct, frozen=True):
    """All lines of a currency."""

    currency: str
    amount: Decimal | None
    partial: bool


class Matched(Struct, frozen=True):
    """How much of a bill was matched with addresses by what: `evidence` is id, tag, group or none."""

    evidence: str
    currency: str
    amount: Decimal | None
    rows: int


class Asked(Struct, frozen=True):
    """A question: by what, which cost (billed, effective, contracted, list), and from which month to which.

    allocated  whether shared costs are split
    team       the team whose statement it is, None for all
    """

    by: tuple[str, ...]
    cost: str
    first: str
    last: str
    allocated: bool = False
    team: str | None = None

    @property
    def of_teams(self) -> bool:
        """Whether the answer depends on whose a charge is."""
        return self.allocated or self.team is not None or not {"team", "origin"}.isdisjoint(self.by)

    @property
    def of_addresses(self) -> bool:
        """Whether the answer depends on what charges are matched with."""
        return not {"project", "address", "evidence"}.isdisjoint(self.by)


class Spend(Struct, frozen=True):
    """An answer.

    matched  empty where no address was asked for
    open     source and month of the bills that may still change
    missing  source, month and number of rows that do not have the amount
    absent   source and month of the bills that should be there, and are not
    notes    what could not be done as asked
    """

    asked: Asked
    lines: tuple[Line, ...]
    totals: tuple[Total, ...]
    matched: tuple[Matched, ...] = ()
    open: tuple[tuple[str, str], ...] = ()
    missing: tuple[tuple[str, str, int], ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def answer(
    asked: Asked,
    bill: Sequence[Charge],
    there: Iterable[tuple[str, str]],
    allocation: Allocation,
    measured: Mapping[str, Measured],
    closed: Sequence[ClosedMonth] = (),
) -> Spend:
    """Return what charges come to.

    bill      the charges of the months, by all dimensions that the question and the allocation look at; with closed
              months those of all months from the first of them on, by closing.KEPT, too
    there     source and month of all bills that there are
    measured  values of the files that the allocation names
    closed    months that stay as they were closed
    Lines come to the bill, or to what of it falls on the team. Raises ConfigError for a team that there is not.
    """
    to: dict[str, Decimal | None] = {}
    there = sorted(there)
    earliest = min(month for _, month in there) if there else asked.first
    notes: tuple[str, ...] = (f"no bill before {earliest} is in the ledger",) if asked.first < earliest else ()
    if asked.allocated:
        charges, said = statements(bill, allocation, measured, asked.by, closed, asked.cost)
        notes += said
    else:
        charges = with_teams(bill, allocation) if asked.of_teams else list(bill)
    if closed:
        charges, bill = ([one for one in group if asked.first <= one.month <= asked.last] for group in (charges, bill))
    if asked.team is not None:
        teams = lines_of(charges, ("team",))
        _refuse_unknown(asked.team, [line.keys[0] for line in teams])
        to = {line.currency: line.amount for line in teams if line.keys == (asked.team,)}
        charges = [one for one in charges if one.of["team"] == asked.team]
    return Spend(
        asked,
        lines_of(charges, asked.by, to),
        _totals(charges, to),
        matched_of(bill) if asked.of_addresses else (),
        open_of(charges),
        missing_of(bill),
        absent_of(there, asked.first, asked.last),
        notes,
    )


def _totals(charges: Iterable[Charge], to: Mapping[str, Decimal | None]) -> tuple[Total, ...]:
    """Return what charges come to, by currency: amounts in two are never summed."""
    return tuple(
        Total(
            currency,
            to[currency] if currency in to else rounded(total(one.amount for one in alike)),
            partial=any(one.without for one in alike),
        )
        for currency, alike in sorted(_by_currency(charges).items())
    )


def _refuse_unknown(team: str, teams: Sequence[str | None]) -> None:
    known = [name for name in teams if name is not None]
    if team not in known:
        fix = did_you_mean(team, known) or (f"teams are {', '.join(known)}" if known else "no charge has a team")
        raise ConfigError(f"no cost falls on a team {team!r}", fix=fix)


def matched_of(bill: Iterable[Charge]) -> tuple[Matched, ...]:
    """Return how much was matched by what: the surest evidence first, none last."""
    order = ("id", "tag", "group", "none")
    found: list[Matched] = []
    for currency, charges in sorted(_by_currency(bill).items()):
        by_evidence: defaultdict[str, list[Charge]] = defaultdict(list)
        for one in charges:
            by_evidence[one.of["evidence"] or "none"].append(one)
        found += [
            Matched(evidence, currency, rounded(total(one.amount for one in alike)), _rows(alike))
            for evidence, alike in sorted(by_evidence.items(), key=lambda item: order.index(item[0]))
        ]
    return tuple(found)


def missing_of(bill: Iterable[Charge]) -> tuple[tuple[str, str, int], ...]:
    """Return source, month and number of the rows that do not have the amount."""
    found = sorted(collapsed(bill, ()), key=lambda one: (one.source, one.month, one.currency))
    return tuple((one.source, one.month, one.without) for one in found if one.without)


def open_of(bill: Iterable[Charge]) -> tuple[tuple[str, str], ...]:
    """Return source and month of the bills that may still change."""
    return tuple(sorted({(one.source, one.month) for one in bill if one.open}))


def absent_of(there: Iterable[tuple[str, str]], first: str, last: str) -> tuple[tuple[str, str], ...]:
    """Return source and month of the bills that are not there: months after the first one that a source has."""
    months: defaultdict[str, set[str]] = defaultdict(set)
    for source, month in there:
        months[source].add(month)
    return tuple(
        (source, month)
        for source, found in sorted(months.items())
        for month in months_between(max(first, min(found)), last)
        if month not in found
    )


def months_between(first: str, last: str) -> list[str]:
    """Return the months from one to another, like 2026-10, both included."""
    year, month = map(int, first.split("-"))
    found: list[str] = []
    while (text := f"{year:04}-{month:02}") <= last:
        found.append(text)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)  # noqa: PLR2004 - December
    return found


def _by_currency(charges: Iterable[Charge]) -> dict[str, list[Charge]]:
    found: defaultdict[str, list[Charge]] = defaultdict(list)
    for one in charges:
        found[one.currency].append(one)
    return dict(found)


def _rows(charges: Iterable[Charge]) -> int:
    return sum(one.rows for one in charges)
