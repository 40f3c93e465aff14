"""What was estimated of a project in a month: which run counts, and its lines as what a bill can be held to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from msgspec import Struct, field

from guardrail.finops.exact import Amount, total
from guardrail.finops.unit import Unit, unit_of

_TIER = re.compile(r" \((?:first|next|over) [^()]*\)$")
_PULL_REQUEST = "pull_request"


class Run(Struct, frozen=True):
    """A run of a project, as the ledger has it."""

    run: str
    at: datetime
    project: str
    event: str | None
    pull_request: int | None
    merged_at: datetime | None
    currency: str

    @property
    def since(self) -> datetime | None:
        """From when on what it says is so: a proposal is so once it is merged, and it may never be."""
        return self.merged_at if self.event == _PULL_REQUEST else self.at


class Chosen(Struct, frozen=True):
    """The runs that tell what was estimated of a project in a month.

    sides  the newest that was so before the month's end, then what was so before it: each a run, and whether its lines
           of before the change are meant; the first is the estimate
    note   what is odd about the choice, "" for nothing
    """

    project: str
    currency: str
    at: datetime
    sides: tuple[tuple[str, bool], ...]
    note: str = ""


class EstimateLine(Struct, frozen=True):
    """A line of a run. Quantity in its unit, money in units of 10^-18; None where it is not known."""

    address: str
    type: str
    component: str | None
    group: str | None
    unit: str | None
    quantity: Fraction | None
    unit_price: Amount | None
    monthly: Amount | None
    status: str
    usage_key: str | None
    meter: str | None
    team: str | None


class Item(Struct, frozen=True):
    """What a bill has one meter for: the lines of a price and its tiers, of a resource and of what is priced with it.

    monthly   None where no line has an amount; `partial` where some has none
    quantity  in the unit, None where it is not known
    usage_key  the key of a usage file that it follows, "" for none; of lines with several, all of them
    price     of one unit, on average over tiers; None where it is not known
    """

    address: str
    type: str
    name: str
    unit: Unit
    monthly: Amount | None
    partial: bool
    quantity: Fraction | None
    price: Amount | None
    usage_key: str
    meter: str | None
    team: str | None


class Estimate(Struct, frozen=True):
    """What was estimated of a project: items by address, of the month's estimate and of what was so before it.

    types, teams  by address, of the newest run that has it
    unsupported   types that no definition prices
    """

    chosen: Chosen
    versions: tuple[Mapping[str, Sequence[Item]], ...]
    types: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str | None] = field(default_factory=dict)
    unsupported: frozenset[str] = frozenset()


def chosen_runs(runs: Iterable[Run], begin: datetime, end: datetime) -> list[Chosen]:
    """Choose for each project what was estimated of a month: the newest run that was so before its end.

    What a pull request proposes counts once it is merged. Without such a run, the earliest later one tells what was there
    before; a proposal that may not have been merged is taken only where there is nothing else. Both are said.
    """
    by_project: defaultdict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_project[run.project].append(run)
    return [_chosen(project, found, begin, end) for project, found in sorted(by_project.items())]


def _chosen(project: str, runs: Sequence[Run], begin: datetime, end: datetime) -> Chosen:
    so = sorted(((run.since, run.run, run) for run in runs if run.since), key=lambda one: one[:2])
    past = [run for since, _, run in so if since < end]
    if past:
        in_month = [run for since, _, run in so if begin < since < end]
        before = past[: len(past) - len(in_month)][-1:]
        sides = [(run.run, False) for run in reversed([*before, *in_month])]
        # What the first one has replaced was there when the month began.
        oldest = [] if before else [(in_month[0].run, True)]
        return Chosen(project, past[-1].currency, past[-1].at, (*sides, *oldest))
    later = [run for _, _, run in so]
    if later:
        first = later[0]
        note = f"{project}: no run before the end of the month is in the ledger; the first one, of {first.at:%Y-%m-%d}, is taken"
        return Chosen(project, first.currency, first.at, ((first.run, True), (first.run, False)), note)
    proposals = sorted(runs, key=lambda run: (run.at, run.run))
    newest = next((run for run in reversed(proposals) if run.at < end), proposals[0])
    note = f"{project}: only runs of pull requests are in the ledger, which may not have been merged; that of {newest.at:%Y-%m-%d} is taken"
    return Chosen(project, newest.currency, newest.at, ((newest.run, False), (newest.run, True)), note)


def estimated(chosen: Chosen, lines: Mapping[tuple[str, bool], Sequence[EstimateLine]]) -> Estimate:
    """Return what runs say. Nothing before a change is no answer: a folder that is compared with nothing says that, too."""
    sides = [lines.get(key, ()) for key in chosen.sides if key in lines or not key[1]]
    everything = [line for side in sides for line in side]
    return Estimate(
        chosen,
        tuple(items_of(side) for side in sides),
        {line.address: line.type for line in reversed(everything)},
        {line.address: line.team for line in reversed(everything)},
        frozenset(line.type for line in everything if line.status == "unsupported"),
    )


def items_of(lines: Iterable[EstimateLine]) -> Mapping[str, list[Item]]:
    """Return items by address; an address without any has an empty list."""
    grouped: defaultdict[tuple[object, ...], list[EstimateLine]] = defaultdict(list)
    addresses: dict[str, list[Item]] = {}
    for line in lines:
        addresses.setdefault(line.address, [])
        if line.component is not None:
            # Volumes of a machine have one meter together; without a meter, only tiers of one price are one item.
            which = (line.meter,) if line.meter else (line.group, _TIER.sub("", line.component), line.usage_key)
            grouped[line.address, line.unit, which].append(line)
    for alike in grouped.values():
        addresses[alike[0].address].append(_item(alike))
    return addresses


def _item(lines: Sequence[EstimateLine]) -> Item:
    first = lines[0]
    monthly = total(line.monthly for line in lines)
    known = [line.quantity for line in lines if line.quantity is not None]
    quantity = sum(known, Fraction(0)) if known else None
    listed = next((line.unit_price for line in lines if line.unit_price is not None), None)
    return Item(
        first.address,
        first.type,
        _TIER.sub("", first.component or ""),
        unit_of(first.unit),
        monthly,
        any(line.monthly is None for line in lines),
        quantity,
        Fraction(monthly) / quantity if monthly and quantity else listed,
        " and ".join(sorted({line.usage_key or "" for line in lines})),
        first.meter,
        first.team,
    )
