"""The parts of a fleet: which results count, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from guardrail.errors import InputError
from guardrail.fleet.outcome import Outcome
from guardrail.fleet.results import Damaged, Results, Told, file_name
from guardrail.fleet.workspaces import shard_of
from guardrail.report.format import count

_NOT_JUDGED, _OTHERWISE = "was not judged", "was judged by other rules or prices than the newest part"
_NOT_REACHED = "has a result of an earlier run: the newest one did not come to it"
_DAMAGED = "its result has been changed or cut"
_HOURS = 12  # between parts, beyond which they are hardly of one run


class Missing(Struct, frozen=True):
    """A workspace without a result that counts, the part that it is of, and why."""

    name: str
    shard: int
    why: str


class Parts:
    """Results in one or more places, of which those count that were judged by what the newest part was judged by.

    `damaged` is what runs have said of themselves, or of the fleet, and cannot be read: nobody knows what is missing then.
    """

    def __init__(self, places: Sequence[Results]) -> None:
        of_place, self.damaged = told_of(places)
        told = [(one, place) for place, several in of_place for one in several]
        self.newest: Told = max((one for one, _ in told), key=lambda one: one.begun)
        # What remains of a fleet that was divided otherwise says nothing of this one.
        of_fleet = [(one, place) for one, place in told if one.of == self.newest.of]
        current = [pair for pair in of_fleet if pair[0].policy == self.newest.policy]
        current.sort(key=lambda pair: pair[0].begun)
        self._runs = {(one.list, one.shard): one for one, _ in current}
        others = (one for one, _ in of_fleet if one.policy != self.newest.policy)
        self._outdated = [one for one in others if (one.list, one.shard) not in self._runs]
        of_place.sort(key=lambda pair: max((one.begun for one in pair[1]), default=""), reverse=True)
        self._places = [place for place, _ in of_place]
        self.names: dict[str, str] = {}
        self._list_of: dict[str, str] = {}  # the newest one that a workspace is in
        lists = {one.list: (one.begun, place) for one, place in current}
        for digest, (_, place) in sorted(lists.items(), key=lambda item: item[1][0]):
            try:
                environments = place.list_of(digest)
            except InputError as error:
                if len(lists) == 1:
                    raise
                self.damaged.append(Damaged(error.where, error.what))
                continue
            self.names |= environments
            self._list_of |= dict.fromkeys(environments, digest)
        self._why: dict[str, str] = {}
        self._seen: set[str] = set()
        self._foreign = self._twice = 0

    def outcomes(self) -> Iterator[Outcome]:
        """Give what counts, once for each workspace: of two results the one of the newer run."""
        by_file = {file_name(name): name for name in self.names}
        for place in self._places:
            for one in place.outcomes():
                if isinstance(one, Damaged):
                    self._why[by_file.get(one.where.rpartition("/")[2], "")] = f"{_DAMAGED} ({one.where})"
                elif one.name not in self.names:
                    self._foreign += 1
                elif one.policy != self.newest.policy:
                    self._why.setdefault(one.name, _OTHERWISE)
                elif not self._is_reached(one):
                    self._why.setdefault(one.name, _NOT_REACHED)
                elif one.name in self._seen:
                    self._twice += 1
                else:
                    self._seen.add(one.name)
                    yield one

    def _is_reached(self, one: Outcome) -> bool:
        """Say whether the newest run of its part has looked at a workspace: it may not be any more what it was judged as."""
        told = self._runs.get((self._list_of[one.name], shard_of(one.name, self.newest.of)))
        return told is None or told.is_finished or told.run == one.run

    def missing(self) -> tuple[list[Missing], list[str]]:
        """Return the workspaces without a result that counts, and the parts that have none at all."""
        found, of_shard, of = [], Counter[int](), self.newest.of
        for name in self.names:
            shard = shard_of(name, of)
            of_shard[shard] += 1
            if name not in self._seen:
                found.append(Missing(name, shard, self._why.get(name, _NOT_JUDGED)))
        lacking = Counter(one.shard for one in found)
        shards = [f"{number}/{of}" for number in sorted(lacking) if of > 1 and lacking[number] == of_shard[number]]
        return found, shards

    def notes(self) -> Iterator[str]:
        """Give what is to be said of the results themselves."""
        if len({one.list for one in self._runs.values()}) > 1:
            yield "parts were run over different lists of workspaces: the workspaces of all of them are expected"
        for one in sorted(self._runs.values(), key=lambda one: (one.shard, one.begun)):
            if not one.is_finished:
                yield f"part {one.shard}/{one.of} was not finished: run it again, and it goes on where it was"
            elif _hours(one, self.newest) > _HOURS:
                yield f"part {one.shard}/{one.of} was run at {one.begun}, and the newest part at {self.newest.begun}"
        for one in self._outdated:
            yield f"part {one.shard}/{one.of} was judged by other rules or prices than the newest part: run it again"
        if self._foreign:
            yield f"{count(self._foreign, 'result')} of workspaces that the newest lists do not name: not counted"
        if self._twice:
            yield f"{count(self._twice, 'workspace')} with two results, of which the newer one counts"


def told_of(places: Sequence[Results]) -> tuple[list[tuple[Results, list[Told]]], list[Damaged]]:
    """Return what runs have said of themselves in each place, and what of it cannot be read. Raises InputError where nothing can."""
    of_place, damaged = [], []
    for place in places:
        told, unread = place.told()
        of_place.append((place, told))
        damaged += unread
    if not any(told for _, told in of_place):
        where = damaged[0].where if damaged else ", ".join(place.where for place in places)
        what = damaged[0].why if damaged else "no results of a fleet in it"
        fix = "run that part of the fleet again" if damaged else "`guardrail fleet run --to PATH` writes them"
        raise InputError(what, where=where, fix=fix)
    return of_place, damaged


def _hours(former: Told, newer: Told) -> float:
    return (datetime.fromisoformat(newer.begun) - datetime.fromisoformat(former.begun)).total_seconds() / 3600
