"""The process that judges workspaces, started and spoken to by `pool`.

It reads a job, says that it is ready, and then reads one workspace after the other and answers each. It is a process of its own since what a plan takes in
time and memory cannot be bound in one that others share; where its parent is gone, there is nothing left to read, and it ends.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import threading
from typing import IO, Any

from msgspec import Struct

from guardrail.errors import GuardrailError
from guardrail.fleet.judging import Done, Judging, UnreachableError
from guardrail.fleet.workspaces import Workspace
from guardrail.resident import resident

TOO_LARGE = 75
"""Exit code of a worker that took more memory than a workspace may."""

ORPHANED = 76
"""Exit code of a worker whose parent is gone."""

_LOOK = 0.1  # seconds between two looks at the memory and the parent


class Reply(Struct, frozen=True):
    """What a worker says of a workspace.

    done      what became of it; None where it could not be done
    fault     why it could not
    again     whether it may be done the next time
    is_fatal  whether nothing else can be done either
    size      bytes of memory that the worker has now
    """

    done: Done | None = None
    fault: str = ""
    again: bool = False
    is_fatal: bool = False
    size: int = 0


def main() -> None:
    """Answer until there is nothing more to read."""
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    megabytes, job = _next(asked)
    threading.Thread(target=_bounded, args=(megabytes << 20, os.getppid()), daemon=True).start()
    try:
        judging = Judging(job)
    except GuardrailError as error:
        _say(answers, Reply(fault=str(error), is_fatal=True))
        return
    _say(answers, Reply())
    gc.freeze()  # rules and prices stay as long as the process
    while (workspace := _next(asked)) is not None:
        _say(answers, _judged(judging, workspace))


def _judged(judging: Judging, workspace: Workspace) -> Reply:
    try:
        return Reply(judging.judge(workspace), size=resident())
    except UnreachableError as error:
        return Reply(fault=str(error), again=True)
    except GuardrailError as error:
        return Reply(fault=str(error), is_fatal=True)


def _next(pipe: IO[bytes]) -> Any:
    """Return what the parent says next, None where it says no more."""
    try:
        return pickle.load(pipe)  # noqa: S301 - our own parent has written it
    except EOFError:
        return None


def _say(pipe: IO[bytes], reply: Reply) -> None:
    pickle.dump(reply, pipe)
    pipe.flush()


def _bounded(most: int, parent: int) -> None:
    """End the process once it has more memory than it may (0: no bound), or nobody waits for its answers: a read may hang."""
    while os.getppid() == parent:
        if most and resident() > most:
            os._exit(TOO_LARGE)
        _pause.wait(_LOOK)
    os._exit(ORPHANED)


_pause = threading.Event()
