"""What a replay has found: findings that a run of the past would have had, or not have had, with other rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.report import Verdict
from guardrail.replay.stored import Unreadable


class Standing(StrEnum):
    """What a rule says of one thing in one run, from the mildest to the worst."""

    PASSES = "passes"
    WAIVED = "waived"
    APPROVED = "approved"
    PRE_EXISTING = "pre-existing"
    UNKNOWN = "unknown"
    WARNS = "warns"
    FAILS = "fails"
    ERROR = "error"


class Kind(StrEnum):
    """How a standing has changed."""

    NEWLY_FAILS = "newly fails"
    NEWLY_PASSES = "newly passes"  # it blocks no more, whether it warns or not
    NEWLY_WARNS = "newly warns"
    NO_LONGER_WARNS = "no longer warns"


_BLOCKS = frozenset({Standing.FAILS, Standing.ERROR})
_WARNS = frozenset({Standing.UNKNOWN, Standing.WARNS})
_ORDER = list(Standing)


class Change(Struct, frozen=True):
    """One thing that stands otherwise than before. `subject` is an address, "budget:NAME" or "plan"."""

    project: str
    rule: str
    subject: str
    before: Standing
    after: Standing
    message: str

    @property
    def kind(self) -> Kind | None:
        """How it has changed; None where it makes no difference to the run, such as from unknown to a warning."""
        if (self.after in _BLOCKS) != (self.before in _BLOCKS):
            return Kind.NEWLY_FAILS if self.after in _BLOCKS else Kind.NEWLY_PASSES
        if (self.after in _WARNS) != (self.before in _WARNS):
            return Kind.NEWLY_WARNS if self.after in _WARNS else Kind.NO_LONGER_WARNS
        return None


class Replayed(Struct, frozen=True):
    """One run of the past, judged again.

    now           the day that it was judged for
    dated_by      where that comes from: "--now", "result", "plan" or "today"
    verdicts      before and after; "" before where there is nothing to compare with
    differs       what else than the rules' text may have changed the verdict; None where nothing tells
    same_verdict  whether amounts and findings have the hash that the result tells; None where it tells none, or not all can be judged
    not_replayed  rules that read what a result does not hold
    """

    name: str
    projects: tuple[str, ...]
    now: datetime
    dated_by: str
    verdicts: tuple[str, str]
    changes: tuple[Change, ...] = ()
    differs: tuple[str, ...] | None = None
    same_verdict: bool | None = None
    not_replayed: tuple[str, ...] = ()

    @property
    def is_compared(self) -> bool:
        """Whether there is a verdict to compare with."""
        return bool(self.verdicts[0])

    @property
    def is_newly_blocked(self) -> bool:
        """Whether it fails as a whole, and did not before."""
        before, after = self.verdicts
        return after == Verdict.FAIL and before not in {"", Verdict.FAIL}


class Replay(Struct, frozen=True):
    """All runs. `against` says what they are compared with: a revision, or "" for the verdicts in the results."""

    runs: tuple[Replayed, ...]
    unreadable: tuple[Unreadable, ...]
    against: str = ""

    @property
    def counts(self) -> Counter[Kind]:
        """How many findings have changed in each way."""
        return Counter(one.kind for run in self.runs for one in run.changes if one.kind)

    def by_rule(self, kind: Kind) -> list[tuple[str, Counter[str]]]:
        """Return the rules whose findings have changed in this way, with how many in each project; most first."""
        rules: dict[str, Counter[str]] = {}
        for one in (one for run in self.runs for one in run.changes if one.kind is kind):
            rules.setdefault(one.rule, Counter())[one.project] += 1
        return sorted(rules.items(), key=lambda each: (-each[1].total(), each[0]))

    @property
    def not_replayed(self) -> Counter[str]:
        """How many runs could not be judged by each rule, as their results lack what it reads."""
        return Counter(rule for run in self.runs for rule in run.not_replayed)


Key = tuple[str, str, str]


def standings(findings: Iterable[Finding]) -> dict[Key, tuple[Standing, str]]:
    """Return what each rule says of each thing, with its words; of several answers the worst."""
    return worst(((one.project, one.rule, one.subject), standing_of(one), one.message) for one in findings)


def worst(answers: Iterable[tuple[Key, Standing, str]]) -> dict[Key, tuple[Standing, str]]:
    """Return the worst of the answers to each thing, with its words."""
    found: dict[Key, tuple[Standing, str]] = {}
    for key, standing, message in answers:
        if key not in found or _ORDER.index(standing) > _ORDER.index(found[key][0]):
            found[key] = (standing, message)
    return found


def standing_of(finding: Finding) -> Standing:
    """Return what a finding says of the thing that it is about."""
    if finding.status is FindingStatus.ERROR:
        return Standing.ERROR
    if finding.blocking:
        return Standing.FAILS
    return Standing.WARNS if finding.status is FindingStatus.FAIL else Standing(finding.status.value)


def changes(
    before: Mapping[Key, tuple[Standing, str]], after: Mapping[Key, tuple[Standing, str]], order: Sequence[str]
) -> tuple[Change, ...]:
    """Return what stands otherwise, by project in this order, then by rule and subject."""
    places = {name: number for number, name in enumerate(order)}
    nothing = (Standing.PASSES, "")
    found = []
    for key in sorted(before.keys() | after.keys(), key=lambda one: (places.get(one[0], -1), one)):
        (was, former), (stands, message) = before.get(key, nothing), after.get(key, nothing)
        if was is not stands:
            found.append(Change(*key, was, stands, message or former))
    return tuple(found)
