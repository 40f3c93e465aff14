"""Two runs over a fleet, by different rules: which workspaces the newer rules would block, and which no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from guardrail.fleet.outcome import NOT_EVALUATED, Outcome
from guardrail.fleet.parts import told_of
from guardrail.fleet.results import Results, file_name
from guardrail.model.report import Verdict
from guardrail.replay.outcome import Change, Key, Kind, Standing, changes, worst


class Compared(Struct, frozen=True):
    """A workspace that stands otherwise than in the former run."""

    name: str
    before: str
    after: str
    changes: tuple[Change, ...]

    @property
    def is_newly_blocked(self) -> bool:
        """Whether it fails, and did not before."""
        return self.after == Verdict.FAIL and self.before not in {Verdict.FAIL, NOT_EVALUATED}

    @property
    def is_freed(self) -> bool:
        """Whether it failed, and does not any more."""
        return self.before == Verdict.FAIL and self.after not in {Verdict.FAIL, NOT_EVALUATED}


class Comparison(Struct, frozen=True):
    """What stands otherwise.

    compared   workspaces that both runs have evaluated
    not_compared     names of those that one of them has not
    perhaps_blocked  those of them that fail now: whether they did before is not known
    edited     how many of those compared have other contents than in the former run: not the rules alone differ there
    prices_differ  whether prices do, too
    """

    compared: int
    workspaces: tuple[Compared, ...]
    not_compared: tuple[str, ...]
    perhaps_blocked: tuple[str, ...]
    edited: int
    prices_differ: bool

    @property
    def newly_blocked(self) -> tuple[Compared, ...]:
        """The workspaces that fail now, and did not."""
        return tuple(one for one in self.workspaces if one.is_newly_blocked)

    @property
    def freed(self) -> tuple[Compared, ...]:
        """The workspaces that failed, and do not any more."""
        return tuple(one for one in self.workspaces if one.is_freed)

    def by_rule(self, kind: Kind) -> list[tuple[str, int, int]]:
        """Return the rules whose findings have changed in this way, with findings and workspaces; most first."""
        findings, places = Counter[str](), Counter[str]()
        for workspace in self.workspaces:
            rules = Counter(one.rule for one in workspace.changes if one.kind is kind)
            findings.update(rules)
            places.update(rules.keys())
        return [
            (rule, number, places[rule]) for rule, number in sorted(findings.items(), key=lambda one: (-one[1], one[0]))
        ]


class Comparing:
    """Looks up the former result of each workspace as the newer one is read."""

    def __init__(self, former: Sequence[Results], prices: str) -> None:
        self._former = {file: place for place in reversed(former) for file in place.known()}
        of_place, self.damaged = told_of(former)
        newest = max((one for _, told in of_place for one in told), key=lambda one: one.begun)
        self._policy, self._prices_differ = newest.policy, newest.prices != prices
        self._found: list[Compared] = []
        self._not_compared: list[tuple[str, str]] = []
        self._compared = self._edited = 0

    def add(self, after: Outcome) -> None:
        """Compare a workspace. Raises InputError where its former result cannot be read."""
        place = self._former.get(file_name(after.name))
        before = place.read(after.name) if place else None
        is_known = before is not None and before.is_evaluated and before.policy == self._policy
        if before is None or not is_known or not after.is_evaluated:
            self._not_compared.append((after.name, after.verdict))
            return
        self._compared += 1
        self._edited += before.input != after.input
        changed = changes(_standings(before), _standings(after), after.projects)
        telling = tuple(one for one in changed if one.kind)
        if telling or before.verdict != after.verdict:
            self._found.append(Compared(after.name, before.verdict, after.verdict, telling))

    def comparison(self) -> Comparison:
        """Return what stands otherwise, by name."""
        found = tuple(sorted(self._found, key=lambda one: one.name))
        others = sorted(self._not_compared)
        return Comparison(
            compared=self._compared,
            workspaces=found,
            not_compared=tuple(name for name, _ in others),
            perhaps_blocked=tuple(name for name, verdict in others if verdict == Verdict.FAIL),
            edited=self._edited,
            prices_differ=self._prices_differ,
        )


def _standings(outcome: Outcome) -> dict[Key, tuple[Standing, str]]:
    told = outcome.findings
    return worst(((one.project, one.rule, one.subject), Standing(one.standing), one.message) for one in told)
