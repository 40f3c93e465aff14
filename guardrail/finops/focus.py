"""A bill as FOCUS, with whose each row is: what is shared is a row for each team that bears some of it."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from math import lcm
from typing import TextIO

from msgspec import Struct, field

from guardrail.bills.focus import OURS, FocusColumn, FocusRow
from guardrail.finops.allocation.sharing import Pool, Sharing, Teams, Weights
from guardrail.finops.charge import DIRECT
from guardrail.finops.exact import apportioned, text_of, units

Cells = list[str | None]


class Written(Struct):
    """What was written: how many rows, and by column how many of them lack a value that FOCUS wants."""

    rows: int = 0
    lacking: Counter[str] = field(default_factory=Counter)

    def notes(self) -> Iterator[str]:
        """Tell what FOCUS wants, and the bills do not say."""
        for name, count in sorted(self.lacking.items()):
            yield f"{name}: empty in {count:,} of {self.rows:,} rows, whose bills do not say it; FOCUS 1.2 wants it in each"


class FocusWriter(Struct):
    """Writes charges as rows of FOCUS.

    columns  those of the charges' values; `OURS` come after them
    sharing  who bears what is shared; None where all stays with those whose it is
    team     the team whose rows are written, None for all

    The shares of a pool come to it, and those of a row to the row, in each column to the last decimal: what has come
    together so far is split, and a row's share is what a team's part has grown by.
    """

    columns: Sequence[FocusColumn]
    teams: Teams
    sharing: Sharing | None
    team: str | None = None
    _splits: dict[Pool, _Split] = field(default_factory=dict)
    _known: dict[tuple[str | None, ...], tuple[str | None, Pool | None]] = field(default_factory=dict)

    def write(self, rows: Iterable[FocusRow], file: TextIO) -> Written:
        """Write rows as CSV."""
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([one.name for one in (*self.columns, *OURS)])
        required = [(number, one.name) for number, one in enumerate(self.columns) if one.required]
        done = Written()
        for row in rows:
            for cells in self._shared(row):
                done.rows += 1
                for number, name in required:
                    if cells[number] is None:
                        done.lacking[name] += 1
                writer.writerow(cells)
        return done

    def _shared(self, row: FocusRow) -> Iterator[Cells]:
        alike = (*row.of.values(), row.month, row.currency)
        if alike not in self._known:
            of = {**row.of, "team": self.teams.of(row.of)}
            self._known[alike] = of["team"], self.sharing.pool(of, row.month, row.currency) if self.sharing else None
        whose, pool = self._known[alike]
        if not self.sharing or not pool:
            if self.team is None or self.team == whose:
                yield [*row.values, *_ours(row, whose, DIRECT)]
            return
        if pool not in self._splits:
            self._splits[pool] = _Split(self.sharing.weights[pool])
        split = self._splits[pool]
        shares = {
            number: split.shares(number, units(Decimal(text)) or 0)
            for number, one in enumerate(self.columns)
            if one.shared and (text := row.values[number]) is not None
        }
        for place, team in enumerate(split.teams):
            if self.team is None or self.team == team:
                cells = list(row.values)
                for number, amounts in shares.items():
                    cells[number] = text_of(amounts[place])
                yield [*cells, *_ours(row, team, self.sharing.names[pool[0]])]


class _Split:
    """How a pool falls on teams: whole weights, and what has been split so far, by column."""

    def __init__(self, weights: Weights) -> None:
        self.teams = list(weights)
        scale = lcm(*(part.denominator for part in weights.values()))
        self._weights = [int(part * scale) for part in weights.values()]
        self._whole = sum(self._weights)
        self._split: defaultdict[int, tuple[int, list[int]]] = defaultdict(lambda: (0, [0] * len(self.teams)))

    def shares(self, column: int, amount: int) -> list[int]:
        """Return what of an amount falls on each team, in order."""
        before, parts = self._split[column]
        whole = before + amount
        now = [part // self._whole for part in apportioned([whole * one for one in self._weights], self._whole)]
        self._split[column] = whole, now
        return [new - old for new, old in zip(now, parts, strict=True)]


def _ours(row: FocusRow, team: str | None, allocation: str) -> Cells:
    """Return what fills `OURS`, in their order."""
    return [row.address, allocation, row.evidence, row.project, row.place, row.source, team]
