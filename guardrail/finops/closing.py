"""Closed months: what fell on whom stays as it was, and what changes later is an adjustment of the next open month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from guardrail.bills.closed import KEPT, ClosedLine, ClosedMonth
from guardrail.errors import ConfigError, InputError
from guardrail.finops.allocation.file import Allocation, Measured
from guardrail.finops.allocation.sharing import with_shares, with_teams
from guardrail.finops.charge import ADJUSTMENT, Charge, collapsed
from guardrail.finops.exact import decimal_of, units
from guardrail.finops.lines import Line, lines_of
from guardrail.model.money import plain

_Key = tuple[str, tuple[str | None, ...]]
"""Currency, and values of KEPT but for the origin."""


def closed_on(month: str, day: int) -> datetime:
    """Return from when a month may be closed: the day of the next one."""
    year, number = map(int, month.split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC) + timedelta(days=day - 1)


def refuse_closing(
    month: str, closed: Sequence[ClosedMonth], there: Iterable[str], allocation: Allocation, now: datetime
) -> None:
    """Raise InputError or ConfigError for a month that cannot be closed.

    there  the months that there is a bill of
    """
    months = sorted(set(there))
    if allocation.close is None:
        raise ConfigError("allocation.yaml closes no months", fix="say from which day on: close: {day: 5}")
    if month not in months:
        raise InputError(f"the ledger has no bill of {month}", fix=f"there are bills of {', '.join(months)}")
    done = [one.month for one in closed]
    if month in done:
        raise InputError(
            f"{month} is closed already", fix="what has changed since is an adjustment of the next open month"
        )
    if done and month < max(done):
        raise InputError(f"{month} is before {max(done)}, which is closed", fix="months are closed in their order")
    waiting = [one for one in months if done and max(done) < one < month]
    if waiting:
        raise InputError(
            f"{waiting[0]} is not closed yet", fix=f"close it first: `guardrail ledger close {waiting[0]}`"
        )
    begin = closed_on(month, allocation.close.day)
    if now < begin:
        raise InputError(f"{month} may be closed from {begin:%Y-%m-%d} on", fix="allocation.yaml says so: close")


def closed_lines(charges: Sequence[Charge], month: str) -> list[ClosedLine] | None:
    """Return what of statements a month is closed with; None where some charge does not have the amount.

    charges  with their shares, and the adjustments of earlier months, by KEPT
    """
    of_month = [one for one in charges if one.month == month]
    if any(one.without for one in of_month):
        return None
    # Rounded apart, as they will be compared apart: among equal remainders the order of all lines decides.
    own = _kept([one for one in of_month if not _is_adjustment(one.of)])
    earlier = lines_of([one for one in of_month if _is_adjustment(one.of)], KEPT)
    return [
        ClosedLine(dict(zip(KEPT, line.keys, strict=True)), line.currency, line.amount)
        for line in (*own, *earlier)
        if line.amount is not None
    ]


def with_closed(
    charges: Sequence[Charge], closed: Sequence[ClosedMonth], cost: str
) -> tuple[list[Charge], tuple[str, ...]]:
    """Put closed months as they were closed in the place of what they are now, and the difference into the next open one.

    charges  with their shares, of all months from the first closed one on, by KEPT and all else that is asked for
    Of all months together, what falls on teams stays what the bills are now. Returns notes of what was adjusted, or waits.
    Raises ConfigError for a month that was closed without this cost.
    """
    months = [one.month for one in closed]
    found = [one for one in charges if one.month not in months]
    target = min((one.month for one in found if one.month > max(months)), default=None)
    carried: defaultdict[str, defaultdict[_Key, int]] = defaultdict(lambda: defaultdict(int))
    for one in closed:
        for line in _lines(one, cost):
            found.append(_charge(line, one.month))
            of = (line.of["origin"] or "").removeprefix(ADJUSTMENT) if _is_adjustment(line.of) else one.month
            carried[of][_key(line.of, line.currency)] += units(line.amount) or 0
    notes = []
    for month in months:
        adjustments = _adjustments([one for one in charges if one.month == month], carried[month], month, target)
        if not adjustments:
            continue
        sums: defaultdict[str, int] = defaultdict(int)
        for adjustment in adjustments:
            sums[adjustment.currency] += int(adjustment.amount or 0)
        told = ", ".join(f"{plain(decimal_of(amount))} {currency}" for currency, amount in sorted(sums.items()))
        if target:
            found += adjustments
            notes.append(f"{month} was closed, and has changed since by {told}: adjustments of {target}")
        else:
            notes.append(f"{month} was closed, and has changed since by {told}: it waits for the bill of an open month")
    return found, tuple(notes)


def _kept(charges: Sequence[Charge]) -> list[Line]:
    """Return charges by KEPT; those of a team come to what its line in an overview by team says."""
    found: list[Line] = []
    alike: defaultdict[tuple[tuple[str | None, ...], str], list[Charge]] = defaultdict(list)
    for one in charges:
        alike[(one.of["team"],), one.currency].append(one)
    for team in lines_of(charges, ("team",)):
        found += lines_of(alike[team.keys, team.currency], KEPT, {team.currency: team.amount})
    return found


def _is_adjustment(of: Mapping[str, str | None]) -> bool:
    return (of.get("origin") or "").startswith(ADJUSTMENT)


def _lines(closed: ClosedMonth, cost: str) -> Sequence[ClosedLine]:
    if cost not in closed.lines:
        fix = f"it has {', '.join(sorted(closed.lines)) or 'none'}"
        raise ConfigError(f"{closed.month} was closed without its {cost} cost, which its bill did not tell", fix=fix)
    return closed.lines[cost]


def _charge(line: ClosedLine, month: str) -> Charge:
    return Charge(
        {**line.of, "month": month}, month, line.of["source"] or "", False, line.currency, units(line.amount), rows=0
    )


def _key(of: Mapping[str, str | None], currency: str) -> _Key:
    return currency, tuple(of.get(name) for name in KEPT if name != "origin")


def _adjustments(now: Sequence[Charge], was: Mapping[_Key, int], month: str, target: str | None) -> list[Charge]:
    """Return what a closed month has come to since, by all of KEPT but the origin, which tells the month."""
    differs = {key: -amount for key, amount in was.items()}
    without: defaultdict[_Key, int] = defaultdict(int)
    for line in _kept(now):
        key = _key(dict(zip(KEPT, line.keys, strict=True)), line.currency)
        differs[key] = differs.get(key, 0) + (units(line.amount) or 0)
    for one in now:
        without[_key(one.of, one.currency)] += one.without
    names = [name for name in KEPT if name != "origin"]
    found = []
    for key, amount in sorted(differs.items(), key=repr):
        if amount or without[key]:
            at = target or month
            of = {**dict(zip(names, key[1], strict=True)), "origin": f"{ADJUSTMENT}{month}", "month": at}
            charge = Charge(of, at, of["source"] or "", False, key[0], amount, rows=0)
            found.append(replace(charge, without=without[key]))
    return found


def statements(
    bill: Sequence[Charge],
    allocation: Allocation,
    measured: Mapping[str, Measured],
    by: Sequence[str],
    closed: Sequence[ClosedMonth],
    cost: str,
) -> tuple[list[Charge], tuple[str, ...]]:
    """Return charges with their teams and shares, closed months as they were closed; and what is to be said of them.

    bill  of all months from the first closed one on
    """
    dimensions = list(dict.fromkeys((*by, *KEPT))) if closed else list(by)
    charges, notes = with_shares(with_teams(bill, allocation), allocation, measured, dimensions)
    if not closed:
        return charges, notes
    charges, said = with_closed(charges, closed, cost)
    return collapsed(charges, list(dict.fromkeys((*by, "team", "origin")))), notes + said
