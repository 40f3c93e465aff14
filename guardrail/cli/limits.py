"""What a run may take, in time and memory: past either it ends at once, in one line, with exit code 2.

A change can be written so that reading, pricing or judging it takes without end; what does not end must not pass, and
must not hold a runner either.
"""

from __future__ import annotations

import _thread
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, TypeVar

import click

from guardrail.errors import LimitError
from guardrail.model.exit_code import ExitCode
from guardrail.resident import resident

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_SECONDS = 300
"""What a run may take in CI, where nobody is there to end it."""
DEFAULT_MEGABYTES = 2048

_LOOK = 0.2  # seconds between two looks at clock and memory
_GRACE = 0.6  # seconds in which the main thread may end by itself, before the process is ended
_DOING = {
    "terraform": "reading plans and configuration",
    "costs": "pricing",
    "catalog": "reading prices",
    "policy": "judging",
    "cel": "evaluating an expression",
    "report": "writing the report",
    "fix": "looking for edits",
}


def memory_option(what: str, *, envvar: str | None = None) -> Callable[[Command], Command]:
    """Return the option that bounds the memory of `what`, in MB."""
    return click.option(
        "--max-memory",
        "megabytes",
        type=click.IntRange(min=0),
        default=DEFAULT_MEGABYTES,
        show_default=True,
        envvar=envvar,
        metavar="MB",
        help=f"Memory limit for {what}; 0 for none.",
    )


def timeout_option(what: str, *, most: int | None = None, **more: Any) -> Callable[[Command], Command]:
    """Return the option that bounds the time of `what`, in seconds. Where there is a `most`, it cannot be without a bound."""
    return click.option(
        "--timeout",
        "seconds",
        type=click.IntRange(1 if most else 0, most),
        metavar="SECONDS",
        help=f"Time limit for {what}{'' if most else '; 0 for none'}.",
        **{"default": DEFAULT_SECONDS, "show_default": True, **more},
    )


def limit_options(command: Command) -> Command:
    """Add what bounds a run."""
    for option in (
        memory_option("the run", envvar="GUARDRAIL_MAX_MEMORY"),
        timeout_option(
            "the run",
            default=lambda: DEFAULT_SECONDS if os.environ.get("CI") else 0,
            show_default=f"{DEFAULT_SECONDS} in CI, else none",
            envvar="GUARDRAIL_TIMEOUT",
        ),
    ):
        command = option(command)
    return command


@contextmanager
def limited(seconds: int, megabytes: int) -> Iterator[None]:
    """Bound what is done inside. Raises LimitError past a bound, where the process is not ended before.

    The main thread is asked to stop first, so that what it has open is closed; where it does not listen, because it is
    inside a library that is not written in Python, the process ends.
    """
    over, done = threading.Event(), threading.Event()
    exceeded: list[LimitError] = []
    main = threading.get_ident()
    started = monotonic()

    def watch() -> None:
        while (error := _past(monotonic() - started, seconds, megabytes, main)) is None:
            if done.wait(_LOOK):
                return
        exceeded.append(error)
        over.set()
        # Raises KeyboardInterrupt in the main thread, so that files and databases are closed on the way out.
        _thread.interrupt_main()
        if not done.wait(_GRACE):
            _end(error)

    watcher = threading.Thread(target=watch, name="limits", daemon=True)
    try:
        try:
            watcher.start()  # the first look may end the run before anything is done
            yield
        finally:
            done.set()
            watcher.join()
    except (KeyboardInterrupt, MemoryError) as error:
        if over.is_set():
            raise exceeded[0] from None
        if isinstance(error, MemoryError):
            raise LimitError("there is not enough memory on this machine", fix="check fewer projects at once") from None
        raise
    if over.is_set():  # a library's callback may swallow the interrupt, and what is past a bound must not pass
        raise exceeded[0]


def _past(elapsed: float, seconds: int, megabytes: int, main: int) -> LimitError | None:
    """Return what is to be said of a bound that is passed."""
    if seconds and elapsed > seconds:
        what = f"took longer than {seconds} s, and was ended while {_doing(main)}"
        return LimitError(what, fix="nothing was judged; allow more with --timeout SECONDS")
    if megabytes and resident() > megabytes * 1024**2:
        what = f"took more than {megabytes:,} MB of memory, and was ended while {_doing(main)}"
        return LimitError(what, fix="nothing was judged; allow more with --max-memory MB")
    return None


def _doing(main: int) -> str:
    """Say what the main thread is at, by the part of guardrail that it is in."""
    frame = sys._current_frames().get(main)  # noqa: SLF001 - the documented way to another thread's stack
    while frame:
        package, _, rest = frame.f_globals.get("__name__", "").partition(".")
        part = rest.partition(".")[0]
        if package == "guardrail" and part in _DOING:
            return _DOING[part]
        frame = frame.f_back
    return "starting"


def _end(error: LimitError) -> None:
    os.write(2, f"guardrail: {error}\n".encode())
    # Without cleaning up, for which the main thread would have to listen.
    os._exit(ExitCode.NOT_EVALUATED)
