"""A run over a fleet: what is to be judged, by whom, and what came of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from guardrail import __version__
from guardrail.config import Settings
from guardrail.errors import ConfigError
from guardrail.fleet import pool
from guardrail.fleet.judging import Done, Job, Policy
from guardrail.fleet.outcome import NOT_EVALUATED, VerdictName
from guardrail.fleet.pool import Limits
from guardrail.fleet.results import Results, Told, file_name, locked
from guardrail.fleet.workspaces import Shard, Workspace
from guardrail.ledger.records.facts import moment
from guardrail.ledger.storage.store import open_store
from guardrail.model.exit_code import ExitCode
from guardrail.model.report import FailOn, Verdict
from guardrail.model.runs.hashes import hashed
from guardrail.progress import tell

NAMED = 20
"""Workspaces that could not be evaluated which a run names; `fleet collect` has all."""

_PART = re.compile(r"([0-9]{1,5})/([0-9]{1,5})")

Engine = Callable[[Job, Sequence[Workspace], Limits], Iterator[Done]]
"""Gives what became of each workspace, as it is done."""


class Run(Struct):
    """What a run came to, as far as it is.

    total     workspaces of its part of the fleet
    kept      those that an earlier run had done already
    failures  the first of those that could not be evaluated, with the reason
    """

    shard: Shard
    total: int
    kept: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many workspaces are done, now or before."""
        return self.verdicts.total()

    def add(self, one: Done) -> None:
        """Count what became of a workspace."""
        self.kept += one.kept
        self.verdicts[one.verdict] += 1
        if one.verdict == NOT_EVALUATED and len(self.failures) < NAMED:
            self.failures.append((one.name, one.why))

    @property
    def verdict(self) -> VerdictName:
        """The answer in one word."""
        return verdict_of(self.verdicts)

    def exit_code(self, fail_on: FailOn) -> ExitCode:
        """Return the exit code that the verdict stands for."""
        return exit_code_of(self.verdict, fail_on)


def verdict_of(verdicts: Counter[str]) -> VerdictName:
    """Return what the verdicts of workspaces come to: what could not be evaluated has neither passed nor failed."""
    worse: tuple[VerdictName, ...] = (NOT_EVALUATED, "fail", "warn")
    return next((one for one in worse if verdicts[one]), "pass")


def exit_code_of(verdict: str, fail_on: FailOn) -> ExitCode:
    """Return the exit code that a verdict stands for."""
    if verdict == NOT_EVALUATED:
        return ExitCode.NOT_EVALUATED
    blocked = {FailOn.DENY: {Verdict.FAIL}, FailOn.WARN: {Verdict.FAIL, Verdict.WARN}, FailOn.NEVER: set()}[fail_on]
    return ExitCode.BLOCKED if verdict in blocked else ExitCode.OK


def run(
    settings: Settings,
    workspaces: Sequence[Workspace],
    where: str,
    *,
    shard: Shard,
    engine: Engine,
    limits: Limits,
    again: bool = False,
) -> Iterator[Run]:
    """Judge one part of a fleet, and give the run after each workspace: what it has come to so far.

    Each outcome is written as it is reached, so that a run that is interrupted goes on where it was. Raises ConfigError,
    RuleError or CatalogError for what would keep every workspace from being judged, and StoppedError.
    """
    policy, results = Policy(settings), Results(open_store(where))
    mine = [one for one in workspaces if shard.has(one.name)]
    so_far = Run(shard, len(mine))
    with locked(results, shard):
        job, known = Job(settings, where, policy.key, str(Path.cwd()), token_hex(8), again), results.known()
        mine = [replace(one, is_known=file_name(one.name) in known) for one in mine]
        listed = results.put_list(workspaces)
        told = Told(
            shard=shard.number,
            of=shard.of,
            list=listed,
            policy=policy.key,
            rules=policy.rules,
            budgets=budgets_hash(settings),
            prices=policy.prices,
            begun=moment(datetime.now(UTC)),
            run=job.run,
            currency=settings.currency,
            tool=__version__,
        )
        results.tell(told)
        del policy  # the workers have their own
        yield so_far
        for one in engine(job, mine, limits):
            so_far.add(one)
            tell("workspaces done", so_far.done, so_far.total)
            yield so_far
        results.tell(replace(told, is_finished=True))


def local(processes: int) -> Engine:
    """Return what judges in so many processes of this machine."""
    return lambda job, workspaces, limits: pool.judged(job, workspaces, min(processes, len(workspaces)), limits)


def dask(scheduler: str, processes: int) -> Engine:
    """Return what judges on a Dask cluster: that of a scheduler's address, "" for processes of this machine. Raises ConfigError."""
    from guardrail.fleet import cluster  # noqa: PLC0415 - needs an extra

    cluster.refuse_without_dask()
    return lambda job, workspaces, limits: cluster.judged(job, workspaces, limits, scheduler, processes)


def budgets_hash(settings: Settings) -> str:
    """Return what tells these budgets from others: outcomes hold what their workspaces add to each."""
    return hashed(msgspec.json.encode(one).decode() for one in settings.budgets)


def part(text: str) -> Shard:
    """Return the part of the fleet that "3/16" means. Raises ConfigError."""
    if found := _PART.fullmatch(text):
        number, of = map(int, found.groups())
        if 1 <= number <= of:
            return Shard(number, of)
    raise ConfigError(f"{text!r} is no part like 3/16", where="--shard", fix="from 1/16 to 16/16")
