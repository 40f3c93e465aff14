"""Judges workspaces in processes of this machine, each bound in time and memory, and started anew before it grows large."""

from __future__ import annotations

import contextlib
import pickle
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from typing import IO, Any

from msgspec import Struct

from guardrail.errors import GuardrailError
from guardrail.fleet.judging import Done, Job, not_evaluated
from guardrail.fleet.outcome import NOT_EVALUATED
from guardrail.fleet.results import Results
from guardrail.fleet.worker import TOO_LARGE, Reply
from guardrail.fleet.workspaces import Workspace
from guardrail.ledger.storage.store import open_store

# Seconds before a second and a third attempt, where a process was killed or a store did not answer.
_PAUSES = (0.5, 5.0)
_LARGE = 220 << 20  # bytes; two workers and their parent stay under 600 MB
_STARTS = 5  # processes that may be killed before they have begun with a workspace: it is none of its doing
_START = 60.0  # seconds for loading rules and prices, which a loaded machine takes its time for


class Limits(Struct, frozen=True):
    """What one workspace may take. 0 for no limit."""

    seconds: int = 300
    megabytes: int = 2048


class StoppedError(GuardrailError):
    """What keeps any workspace from being judged: nothing can be written, or the rules have changed."""


class Worker:
    """A process that judges, started when it is needed, and again when it has ended or grown large."""

    def __init__(self, job: Job, limits: Limits) -> None:
        self.job = job
        self.limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._is_stopped = False
        self._results = Results(open_store(job.results))

    def judge(self, workspace: Workspace) -> Done:
        """Return what became of a workspace, which is written by then. Raises StoppedError."""
        reply = Reply()
        for pause in (0.0, *_PAUSES):
            time.sleep(pause)
            if self._is_stopped:
                raise StoppedError("the run was stopped")
            reply = self._asked(workspace)
            if reply.is_fatal:
                raise StoppedError(reply.fault)
            if not reply.again:
                break
        if reply.size > _LARGE:
            self.end()
        if reply.done:
            return reply.done
        why = f"{reply.fault}, {len(_PAUSES) + 1} times" if reply.again else reply.fault
        self._results.write(not_evaluated(workspace, why, self.job))
        return Done(workspace.name, NOT_EVALUATED, why)

    def stop(self) -> None:
        """End the process at once, whatever it is at, and start none any more."""
        self._is_stopped = True
        if process := self._process:
            process.kill()

    def end(self) -> None:
        """Let the process end, which has nothing to do."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin  # noqa: S101 - they are pipes
        assert process.stdout  # noqa: S101
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        if self._said:
            self._said.close()

    def _asked(self, workspace: Workspace) -> Reply:
        """Return what the process says of a workspace, or why it says nothing."""
        for _ in range(_STARTS):
            if self._process or self._is_stopped:
                break
            self._start()
            reply = self._heard((self.limits.megabytes, self.job), _START)
            if reply.fault and not reply.again:
                return reply
        if self._process is None:
            return Reply(fault="no process can be started that judges: each is killed at once", is_fatal=True)
        return self._heard(workspace, self.limits.seconds)

    def _start(self) -> None:
        # -P: this folder may hold a pull request, and none of its files is a module of ours.
        # A session of its own: Ctrl-C is for the parent, which ends what it has started.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from guardrail.fleet.worker import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            cwd=self.job.folder,
            start_new_session=True,
        )

    def _heard(self, what: Any, seconds: float) -> Reply:
        """Say something to the process and return its answer, or why there is none within so many seconds (0: any time)."""
        process = self._process
        assert process  # noqa: S101 - it was started
        is_late = threading.Event()

        def late() -> None:
            is_late.set()
            process.kill()

        watch = threading.Timer(seconds, late)
        if seconds:
            watch.start()
        try:
            return _answer(process, what)
        except (OSError, EOFError, pickle.UnpicklingError):
            pass
        finally:
            watch.cancel()
        last = self._last_words()
        self.end()
        if is_late.is_set():
            return Reply(fault=f"took longer than {seconds:g} s (allow more with --timeout SECONDS)")
        if process.returncode == TOO_LARGE:
            most = f"{self.limits.megabytes:,} MB"
            return Reply(fault=f"took more than {most} of memory (allow more with --max-memory MB)")
        how = f"by signal {-process.returncode}" if process.returncode < 0 else f"with code {process.returncode}"
        return Reply(fault=f"the process that judged it ended {how}{last}", again=True)

    def _last_words(self) -> str:
        """Return the last line that the process has said of itself."""
        assert self._said  # noqa: S101 - it was started
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return f" ({lines[-1][:200]})" if lines else ""


def _answer(process: subprocess.Popen[bytes], what: Any) -> Reply:
    assert process.stdin  # noqa: S101 - they are pipes
    assert process.stdout  # noqa: S101
    with contextlib.suppress(BrokenPipeError):  # why it has ended may be its last answer
        pickle.dump(what, process.stdin)
        process.stdin.flush()
    reply: Reply = pickle.load(process.stdout)  # noqa: S301 - our own worker has written it
    return reply


def judged(job: Job, workspaces: Iterable[Workspace], processes: int, limits: Limits) -> Iterator[Done]:
    """Give what became of each workspace, as it is done. Raises StoppedError. No process is left in any case."""
    pool = _Pool(job, workspaces, processes, limits)
    try:
        yield from pool.told()
    finally:
        pool.stop()


class _Pool:
    """Workers, and a thread for each that gives it one workspace after the other."""

    def __init__(self, job: Job, workspaces: Iterable[Workspace], processes: int, limits: Limits) -> None:
        self._waiting, self._lock = iter(workspaces), threading.Lock()
        self._told: queue.Queue[Done | Exception | None] = queue.Queue(processes * 2)
        self._is_over = False
        self._workers = [Worker(job, limits) for _ in range(processes)]
        self._threads = [threading.Thread(target=self._drive, args=(one,), daemon=True) for one in self._workers]
        for thread in self._threads:
            thread.start()

    def told(self) -> Iterator[Done]:
        """Give what the workers tell, until all of them are at their end."""
        left = len(self._threads)
        while left:
            one = self._told.get()
            if isinstance(one, Exception):
                raise one
            if one is None:
                left -= 1
            else:
                yield one

    def stop(self) -> None:
        """End what is still at work, and wait until it has ended."""
        self._is_over = True
        while any(thread.is_alive() for thread in self._threads):
            for worker in self._workers:
                worker.stop()
            with contextlib.suppress(queue.Empty):
                self._told.get(timeout=0.05)

    def _drive(self, worker: Worker) -> None:
        try:
            while (workspace := self._next()) is not None:
                self._told.put(worker.judge(workspace))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for the one who asked
            self._told.put(error)
        worker.end()
        self._told.put(None)

    def _next(self) -> Workspace | None:
        with self._lock:
            return None if self._is_over else next(self._waiting, None)
