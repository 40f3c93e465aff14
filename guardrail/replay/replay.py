"""Replays the runs of a folder, one after the other, and says what stands otherwise than before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from guardrail.errors import InputError, LimitError
from guardrail.model.finding import RECOMMENDATION, Finding
from guardrail.model.report import UNREAD, Report
from guardrail.model.runs.hashes import Hashes, verdict_hash
from guardrail.model.runs.input import InputKind
from guardrail.policy.completeness import UNCOVERED
from guardrail.policy.rules.rule import RESERVED_IDS
from guardrail.progress import counted
from guardrail.replay.judged import Judged, Policy, judge
from guardrail.replay.outcome import Replay, Replayed, changes, standings
from guardrail.replay.stored import Stored, StoredRun, Unreadable
from guardrail.report.json.read import read_result

_NOT_RULES = RESERVED_IDS | {RECOMMENDATION, UNCOVERED}
"""Findings about a run's surroundings, which are not stored."""
_POLICY_FILES = frozenset(
    kind.value for kind in (InputKind.SETTINGS, InputKind.WAIVERS, InputKind.USAGE, InputKind.OVERLAY, InputKind.RATES)
) | {InputKind.SNAPSHOT.value, InputKind.DEFINITIONS.value, InputKind.COMPARED.value}
"""Kinds of files that can be compared with what a replay reads: those of the configuration are not stored."""


def replay(
    stored: Stored, head: Policy, base: Policy | None, *, now: datetime | None, today: datetime, against: str = ""
) -> Replay:
    """Judge every run by the rules of `head`, and compare with those of `base`, or with the verdict in its result.

    Each run is judged as of its own day, or of `now` where that is given. A run that cannot be read is named in the outcome
    and does not stop the others.
    """
    runs: list[Replayed] = []
    unreadable = list(stored.unreadable)
    for run in counted("runs replayed", stored.runs):
        try:
            runs.append(_replayed(run, head, base, now, today))
        except (InputError, LimitError) as error:
            why = str(error).removeprefix(f"{error.where}: ")
            unreadable.append(Unreadable(error.where or run.name, why))
    return Replay(tuple(runs), tuple(dict.fromkeys(unreadable)), against)


def _replayed(run: StoredRun, head: Policy, base: Policy | None, given: datetime | None, today: datetime) -> Replayed:
    result = read_result(run.result) if run.result else None
    dated = (("--now", given), ("result", result.generated_at if result else None), ("plan", run.planned_at))
    by, now = next(((name, day) for name, day in dated if day), ("today", today))
    after = _judged(head, run, result, now)
    before = _judged(base, run, result, now) if base else None
    left_out = after.left_out | (before.left_out if before else frozenset())
    if before:
        former, verdict = before.findings, before.verdict
    elif result and result.judged:
        former, verdict = result.all_findings, result.verdict.value
    else:
        former, verdict = after.findings, ""
    projects = tuple(one.name for one in result.projects) if result else tuple(run.plans)
    stood, stands = (standings(_of_rules(found, left_out)) for found in (former, after.findings))
    return Replayed(
        run.name,
        projects,
        now,
        by,
        (verdict, after.verdict),
        changes(stood, stands, projects),
        differs=None if before or not result else _differing(result.hashes, after.hashes),
        same_verdict=None if before or not result else _is_same(result, after),
        not_replayed=after.not_replayed,
    )


def _judged(policy: Policy, run: StoredRun, result: Report | None, now: datetime) -> Judged:
    judged = judge(policy, run, result, now)
    for one in judged.findings:  # of several plans, one that cannot be read is a finding
        if one.rule == UNREAD:
            raise InputError(one.message, where=run.name, fix=one.fix)
    return judged


def _of_rules(findings: Iterable[Finding], left_out: frozenset[str]) -> list[Finding]:
    return [one for one in findings if one.rule not in left_out and one.rule not in _NOT_RULES]


def _differing(then: Hashes | None, now: Hashes | None) -> tuple[str, ...] | None:
    """Name what differs between a result and its replay, as far as both tell; None where they do not."""
    if then is None or now is None:
        return None
    files = ({kind: one for kind, one in side.files.items() if kind in _POLICY_FILES} for side in (then, now))
    was, is_ = (replace(side, files=kept) for side, kept in zip((then, now), files, strict=True))
    # A catalog that later runs have read from is none of this run's.
    used = {vendor: one for vendor, one in is_.catalog.items() if vendor in was.catalog}
    return was.differing(replace(is_, catalog=used))


def _is_same(result: Report, after: Judged) -> bool | None:
    if result.hashes is None or not result.hashes.verdict or after.report is None:
        return None
    return verdict_hash(after.report) == result.hashes.verdict
