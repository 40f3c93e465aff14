"""What was never paid for before: an account, a service of it, a region of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from guardrail.bills.daily import DailyCharges, FirstSpend
from guardrail.finops.anomalies.event import Event, State
from guardrail.finops.anomalies.explaining import Causes
from guardrail.finops.anomalies.series import Days, Key, Owner, key_of
from guardrail.finops.exact import units

LEAST = timedelta(days=28)
"""How long before its bill has to begin: some things are used once a month."""
_TOGETHER = timedelta(days=3)  # how long after the first spend an event begins that is the same matter


class Scope(Struct, frozen=True):
    """An account, a service of it, or a region of it: the other two are None where it is for all of them."""

    account: str
    service: str | None = None
    region: str | None = None

    @property
    def name(self) -> str:
        """What reports call it."""
        if self.service is not None:
            return f"service {self.service}"
        return f"region {self.region}" if self.region is not None else f"account {self.account}"


class NewScopes(Struct, frozen=True):
    """What was paid for the first time, and when; and what may have been, as bills begin too short a time before."""

    new: dict[Scope, date]
    may_be: tuple[Scope, ...]


def new_scopes(firsts: Iterable[FirstSpend], days: Days, since: date) -> NewScopes:
    """Return what was paid for the first time since a day. A new account is one matter, whatever is in it."""
    begins = {source: begin for source, (begin, _) in days.sources.items()}
    first: dict[Scope, date] = {}
    began: dict[Scope, date] = {}
    for one in firsts:
        begins[one.source] = min(begins.get(one.source, one.day), one.day)
    for one in firsts:
        for scope in _scopes(one.account, one.service, one.region):
            first[scope] = min(first.get(scope, one.day), one.day)
            began[scope] = min(began.get(scope, begins[one.source]), begins[one.source])
    late = {scope: day for scope, day in first.items() if day >= since and day > began[scope]}
    accounts = {scope.account for scope in late if scope == Scope(scope.account)}
    told = [
        scope
        for scope in sorted(late, key=lambda one: one.name)
        if scope == Scope(scope.account) or scope.account not in accounts
    ]
    is_sure = {scope: late[scope] >= began[scope] + LEAST for scope in told}
    return NewScopes(
        {scope: late[scope] for scope in told if is_sure[scope]}, tuple(scope for scope in told if not is_sure[scope])
    )


def _scopes(account: str | None, service: str | None, region: str | None) -> Iterator[Scope]:
    if account is None:
        return
    yield Scope(account)
    if service is not None:
        yield Scope(account, service=service)
    if region is not None:
        yield Scope(account, region=region)


def with_first_spends(
    events: Sequence[Event],
    new: dict[Scope, date],
    charges: Sequence[DailyCharges],
    days: Days,
    owner: Owner,
    causes: Causes,
) -> list[Event]:
    """Return events with what is new about them, and one more for what is new and no event: however little it costs."""
    within: defaultdict[Scope, list[DailyCharges]] = defaultdict(list)
    for one in charges:
        if one.kind != "other":
            of = one.of
            for scope in _scopes(of.get("account"), of.get("service"), of.get("region")):
                if scope in new:
                    within[scope].append(one)
    found = list(events)
    numbers: defaultdict[Key, list[int]] = defaultdict(list)
    for number, event in enumerate(events):
        numbers[event.key].append(number)
    # A new service that is all there is in a new region is one matter.
    apart: defaultdict[tuple[date, tuple[int, ...]], list[Scope]] = defaultdict(list)
    for scope, first in new.items():
        keys = {key_of(one, owner) for one in within[scope]}
        together = [
            number
            for key in sorted(keys)
            for number in numbers[key]
            if not found[number].is_fall and first <= found[number].first <= first + _TOGETHER
        ]
        for number in together:
            found[number] = replace(found[number], new=(*found[number].new, scope.name))
        if not together:
            apart[first, tuple(map(id, within[scope]))].append(scope)
    for (first, _), scopes in apart.items():
        found += _own_events(scopes, first, within[scopes[0]], days, owner, causes)
    return found


def _own_events(
    scopes: Sequence[Scope], first: date, within: Sequence[DailyCharges], days: Days, owner: Owner, causes: Causes
) -> Iterator[Event]:
    """Give what is new as an event, by currency."""
    by_currency: defaultdict[str, list[DailyCharges]] = defaultdict(list)
    for one in within:
        by_currency[one.currency].append(one)
    for currency, alike in sorted(by_currency.items()):
        paid: defaultdict[date, int] = defaultdict(int)
        for one in alike:
            for day, amount in zip(one.days, one.amounts, strict=True):
                if day >= first and amount is not None:
                    paid[day] += units(amount) or 0
        if not paid:
            continue
        keys = {key_of(one, owner) for one in alike}
        last = max(paid)
        changes = [[cause for cause in causes.of(key, first, last) if cause.what == "change"] for key in sorted(keys)]
        was = sum(paid.values())
        is_explained = all(changes)
        yield Event(
            _common(keys, scopes, currency),
            first,
            last,
            len(paid),
            0,
            was,
            0,
            0,
            known=was if is_explained else 0,
            causes=tuple(dict.fromkeys(cause for found in changes for cause in found)),
            state=State.EXPLAINED if is_explained else State.UNEXPLAINED,
            provisional=sum(
                days.is_provisional({one.source for one in alike}, (day - days.first).days) for day in paid
            ),
            is_running=last == days.last,
            new=tuple(scope.name for scope in scopes),
        )


def _common(keys: Iterable[Key], scopes: Iterable[Scope], currency: str) -> Key:
    """Return what keys have in common."""
    owners, services, places = (
        {*found} for found in zip(*((k.owner, k.service, (k.project, k.address)) for k in keys), strict=True)
    )
    project, address = places.pop() if len(places) == 1 else ("", "")
    service = services.pop() if len(services) == 1 else next((one.service for one in scopes if one.service), "")
    return Key(owners.pop() if len(owners) == 1 else "", service, project, address, currency)
