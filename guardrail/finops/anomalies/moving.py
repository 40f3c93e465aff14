"""Costs that only go by another name from some day on: a team's tag was added or changed, or a service is called otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from msgspec.structs import replace

from guardrail.finops.anomalies.event import Cause, Event, State
from guardrail.finops.anomalies.series import Key

_CANDIDATES = 50  # of more falls on one day nothing tells which one it was
_ALIKE = 20  # what goes away and what comes may differ by a twentieth


def with_moves(events: Sequence[Event]) -> list[Event]:
    """Return events with those explained that begin on one day and cancel each other, where only the owner or the service differs."""
    found = list(events)
    falls: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, event in enumerate(found):
        if event.is_fall and event.state is State.UNEXPLAINED:
            for place in _places(event):
                falls[place].append(number)
    for number, event in enumerate(found):
        if event.is_fall or event.state is not State.UNEXPLAINED:
            continue
        others = [
            other
            for place in _places(event)
            if len(falls[place]) <= _CANDIDATES
            for other in falls[place]
            if found[other].state is State.UNEXPLAINED and _cancel(event, found[other])
        ]
        if len(set(others)) == 1:
            other = found[others[0]]
            found[number] = _moved(event, other)
            found[others[0]] = _moved(other, event)
    return found


def _places(event: Event) -> list[tuple[object, ...]]:
    """Return what an event shares with one that differs from it in the owner, or in the service."""
    key = event.key
    same = (key.project, key.address, key.currency, event.first)
    return [("owner", key.service, *same), ("service", key.owner, *same)]


def _cancel(rise: Event, fall: Event) -> bool:
    """Say whether what comes a day is what goes away a day."""
    come, gone = rise.difference // rise.days, -fall.difference // fall.days
    return abs(come - gone) * _ALIKE <= come


def _moved(event: Event, other: Event) -> Event:
    """Return an event explained by another one."""
    what, name = _difference(event.key, other.key)
    cause = Cause(what, event.first, None, name, begin=event.first)
    return replace(event, causes=(*event.causes, cause), known=event.difference, state=State.EXPLAINED)


def _difference(key: Key, other: Key) -> tuple[str, str]:
    return ("owner", other.owner) if key.owner != other.owner else ("service", other.service)
