"""All that pages are made of, as values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.dashboard.executive import Executive
from guardrail.dashboard.recommended import RecommendationFile
from guardrail.finops.anomalies import Anomalies
from guardrail.finops.budgets.answer import Budgets
from guardrail.finops.charge import Charge
from guardrail.finops.lines import Line
from guardrail.finops.spend import Matched, Spend
from guardrail.finops.spend_text import spans
from guardrail.report.text import cut

_SAID = 40  # characters of what stands in a cell


class Source(Struct, frozen=True):
    """Where bills come from: its newest month, until when that has charges, and when it was imported."""

    name: str
    month: str
    is_open: bool
    until: datetime | None
    imported_at: datetime | None


class Facts(Struct, frozen=True):
    """What there is to show. Without a bill `months` is empty, and so is all that bills tell.

    cost       which cost pages show: effective, billed, contracted or list
    months     the months that are shown, with those between them that there is no bill of
    without    those of them that there is no bill of
    charges    of these months, by team, project, service and month
    addresses  of the newest month, by team, project, service and address
    by_cost    cost -> what each month comes to
    matched    of the newest month: how much was matched with an address by what
    shared     the newest month by team with shared costs split, None where nobody has said how
    absent     source and month of the bills that should be there, and are not
    missing    source, month and number of rows that do not have the amount
    runs       what CI has estimated: a row a project, as `ledger show` tells it
    recommendations  answers of `guardrail recommend`
    anomalies  None where no bill tells single days
    executive  None where there is no bill
    budgets    None where no budget of guardrail.yaml says what may be billed
    whole_budgets  names of budgets that count all charges
    """

    now: datetime
    version: str
    cost: str
    sources: Sequence[Source] = ()
    months: Sequence[str] = ()
    without: frozenset[str] = frozenset()
    charges: Sequence[Charge] = ()
    addresses: Sequence[Charge] = ()
    by_cost: Mapping[str, Sequence[Line]] = field(default_factory=dict)
    matched: Sequence[Matched] = ()
    shared: Spend | None = None
    absent: Sequence[tuple[str, str]] = ()
    missing: Sequence[tuple[str, str, int]] = ()
    notes: Sequence[str] = ()
    runs: Sequence[Mapping[str, Any]] = ()
    recommendations: Sequence[RecommendationFile] = ()
    budgets: Budgets | None = None
    whole_budgets: frozenset[str] = frozenset()
    anomalies: Anomalies | None = None
    executive: Executive | None = None

    @property
    def newest(self) -> str:
        """The newest month that there is a bill of."""
        return self.months[-1]

    @property
    def former(self) -> str | None:
        """The month before the newest, None where the two cannot be compared: some bill of one of them is not there."""
        before = self.months[-2] if self.months[1:] else None
        lacking = {*self.without, *(month for _, month in self.absent)}
        return None if before is None or {before, self.newest} & lacking else before

    @property
    def lacking_bills(self) -> dict[str, str]:
        """The months of which some bill is not there, or none is: what to say in place of an amount that is not known."""
        sources: defaultdict[str, list[str]] = defaultdict(list)
        for source, month in self.absent:
            sources[month].append(source)
        told = {month: cut(f"no bill of {', '.join(names)}", _SAID) for month, names in sources.items()}
        return told | dict.fromkeys(self.without, "no bill")

    @property
    def open_months(self) -> frozenset[str]:
        """The months of which a bill may still change."""
        return frozenset(one.month for one in self.charges if one.open)

    @property
    def currencies(self) -> list[str]:
        """The currencies that are billed; amounts in two are never summed."""
        return sorted({one.currency for one in self.charges})

    def lacking(self) -> Iterator[str]:
        """Say what may change and what the figures lack, a sentence each, without a full stop."""
        if self.open_months:
            yield f"may still change: the bill of {spans(sorted(self.open_months))}"
        for source, months in groupby(self.absent, lambda one: one[0]):
            yield f"no bill of {source} for {spans([month for _, month in months])} is in the ledger"
        for source, alike in groupby(self.missing, lambda one: one[0]):
            rows = list(alike)
            number, months_of = sum(number for *_, number in rows), spans([month for _, month, _ in rows])
            yield f"{self.cost} cost: not in this export: {number:,} rows of {source}, {months_of}"
        yield from self.notes


def partial_in(charges: Iterable[Charge], months: Collection[str]) -> list[Charge]:
    """Return charges, those of some months as sums from which something is missing: a bill of the month is not there."""
    return [replace(one, without=one.without or 1) if one.month in months else one for one in charges]


def by_name(charges: Iterable[Charge], dimension: str) -> dict[str | None, list[Charge]]:
    """Return charges by what they say of a dimension."""
    found: defaultdict[str | None, list[Charge]] = defaultdict(list)
    for one in charges:
        found[one.of.get(dimension)].append(one)
    return dict(found)
