"""Judges workspaces on a Dask cluster: each of its workers has a process of `pool` beside it, bound in time and memory.

Dask moves what a lost worker had to another one; results are files that are written whole, so that what is done twice counts
once. A scheduler that restarts has forgotten all: what is not done yet is handed to it again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from itertools import islice
from typing import TYPE_CHECKING

from guardrail.errors import ConfigError
from guardrail.fleet.judging import Done, Job, not_evaluated
from guardrail.fleet.outcome import NOT_EVALUATED
from guardrail.fleet.pool import Limits, StoppedError, Worker
from guardrail.fleet.results import Results
from guardrail.fleet.workspaces import Workspace
from guardrail.ledger.storage.store import open_store

if TYPE_CHECKING:
    from distributed import Client, Future

Batch = Sequence[Workspace]

_BATCH = 8  # workspaces: a task of some two seconds, against a few milliseconds that a scheduler takes for one
_AHEAD = 3  # batches that are handed over for each thread of the cluster: a scheduler need not know all of a million
_CONNECT = 10.0  # seconds for one attempt
_LOGGERS = ("distributed", "distributed.client", "distributed.core", "distributed.utils", "asyncio")
_PATIENCE = 300.0  # seconds without a scheduler before a run gives up


class _LostError(Exception):
    """The scheduler is not there any more, or not the one that it was."""


def refuse_without_dask() -> None:
    """Raise ConfigError where Dask is not installed."""
    try:
        import distributed  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise ConfigError("--engine dask needs Dask", fix="pip install 'guardrail-finops[dask]'") from None


def judged(job: Job, workspaces: Batch, limits: Limits, scheduler: str, processes: int) -> Iterator[Done]:
    """Give what became of each workspace, as it is done. Raises StoppedError, also for a scheduler that stays away."""
    left = {one.name: one for one in workspaces}
    lost_at = time.monotonic()
    while left:
        try:
            with _client(scheduler, processes) as client:
                for one in _through(client, job, list(left.values()), limits):
                    left.pop(one.name, None)
                    lost_at = time.monotonic()
                    yield one
        except (_LostError, OSError) as error:
            if time.monotonic() - lost_at > _PATIENCE:
                what = f"the scheduler does not answer: {error}"
                raise StoppedError(what, where=scheduler, fix="start it, and run the same command again") from None
            time.sleep(1)


def _client(scheduler: str, processes: int) -> Client:
    """Return a client, which ends what it has started.

    Without a scheduler it starts a cluster in this process: the work is done in others in any case.
    """
    from distributed import Client  # noqa: PLC0415 - an extra

    for name in _LOGGERS:  # that a scheduler is gone is told by us, and not as a traceback
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if scheduler:
        try:
            return Client(scheduler, timeout=_CONNECT, set_as_default=False)
        except ValueError as error:
            raise ConfigError(f"is no address of a scheduler: {error}", where="--scheduler") from None
    return Client(
        set_as_default=False,
        n_workers=1,
        threads_per_worker=processes,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=50,
    )


def _through(client: Client, job: Job, workspaces: Batch, limits: Limits) -> Iterator[Done]:
    """Hand workspaces over, so many at once, and give what became of each."""
    from distributed import KilledWorker, as_completed  # noqa: PLC0415 - an extra

    rest = _batches(workspaces)
    handed: dict[str, Batch] = {}
    coming = as_completed(loop=client.loop)

    def hand_over(batch: Batch) -> None:
        future = client.submit(_judge, job, limits, batch, pure=False)
        handed[future.key] = batch
        coming.add(future)

    for batch in islice(rest, _AHEAD * max(1, sum(client.nthreads().values()))):
        hand_over(batch)
    try:
        for future in coming:
            batch = handed.pop(future.key)
            try:
                yield from _result(future)
            except KilledWorker:
                # One of them may be what the workers were killed for: the others are done without it.
                yield from (_killed(job, batch) if len(batch) == 1 else ())
                for one in batch if len(batch) > 1 else ():
                    hand_over([one])
            for following in islice(rest, 1):
                hand_over(following)
        client.run(_release)
    finally:
        coming.clear()


def _result(future: Future) -> list[Done]:
    from distributed import KilledWorker  # noqa: PLC0415 - an extra

    try:
        found: list[Done] = future.result()
    except (KilledWorker, StoppedError):
        raise
    except (CancelledError, OSError) as error:
        raise _LostError(str(error)) from None
    except Exception as error:  # noqa: BLE001 - such as ModuleNotFoundError: guardrail is not there
        what = f"a worker of the cluster cannot judge: {type(error).__name__}: {error}"
        raise StoppedError(what, fix="install this version of guardrail on all of its machines") from None
    return found


def _killed(job: Job, batch: Batch) -> Iterator[Done]:
    why = "the workers of the cluster that judged it were killed"
    for one in batch:
        Results(open_store(job.results)).write(not_evaluated(one, why, job))
        yield Done(one.name, NOT_EVALUATED, why)


def _batches(workspaces: Batch) -> Iterator[Batch]:
    for begin in range(0, len(workspaces), _BATCH):
        yield workspaces[begin : begin + _BATCH]


_Key = tuple[str, Limits]

_idle: list[tuple[_Key, Worker]] = []
"""Processes of this worker of the cluster that have nothing to do; a thread takes one, or starts one."""
_lock = threading.Lock()


def _judge(job: Job, limits: Limits, batch: Batch) -> list[Done]:
    """Judge a few workspaces, on the cluster."""
    key = (job.run, limits)
    with _lock:
        mine = next((one for one in _idle if one[0] == key), None)
        if mine:
            _idle.remove(mine)
    worker = mine[1] if mine else Worker(job, limits)
    try:
        return [worker.judge(one) for one in batch]
    finally:
        with _lock:
            _idle.append((key, worker))


def _release() -> None:
    """End the processes that have nothing to do."""
    with _lock:
        idle, _idle[:] = list(_idle), []
    for _, worker in idle:
        worker.end()
