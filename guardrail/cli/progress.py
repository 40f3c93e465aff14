"""How far a run or a download is: shown on a terminal; elsewhere a line for each file that is fetched, and nothing of a run."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from guardrail.progress import watched_by

if TYPE_CHECKING:
    from guardrail.catalog.sync import SyncProgress
    from guardrail.http.download import Progress

_SHOWN = 40  # characters of an address; the end tells files apart
_PATIENCE = 2.0  # seconds before a run says anything: most are over by then
_PAUSE = 0.1  # seconds between two looks at how far it is


@contextmanager
def shown_progress() -> Iterator[None]:
    """Show on standard error how far a run is, once it takes over two seconds, and leave nothing of it behind.

    Only for people who watch: not in a pipe, not in CI, and not on the terminal that pre-commit gives to hooks.
    """
    is_watched = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if not is_watched or os.environ.get("CI") or os.environ.get("PRE_COMMIT"):
        yield
        return
    state = ["reading"]
    done = threading.Event()

    def tell(what: str, number: int, total: int) -> None:
        state[0] = f"{number:,} of {total:,} {what}"

    shower = threading.Thread(target=_show, args=(state, done), name="progress", daemon=True)
    shower.start()
    try:
        with watched_by(tell):
            yield
    finally:
        done.set()
        shower.join()


def _show(state: list[str], done: threading.Event) -> None:
    """Write the state over what was written before, whenever it is another. Spaces erase: not every terminal knows more."""
    if done.wait(_PATIENCE):
        return
    import shutil  # only for a run that takes so long

    width, last = shutil.get_terminal_size((80, 24)).columns - 1, ""
    while not done.wait(_PAUSE):
        line = f"guardrail: {state[0]} ..."[:width]
        if line != last:
            click.echo("\r" + line.ljust(len(last)), nl=False, err=True)
            last = line
    click.echo("\r" + " " * len(last) + "\r", nl=False, err=True)


def sync_progress() -> tuple[SyncProgress, AbstractContextManager[object]]:
    """Return whom a sync tells what happens, and what must be open meanwhile. All of it goes to standard error."""
    from guardrail.catalog.sync import SyncProgress

    if not sys.stderr.isatty():
        return SyncProgress(lambda line: click.echo(line, err=True), lambda _name: _nothing), nullcontext()
    from rich.console import Console  # only on a terminal
    from rich.progress import BarColumn, DownloadColumn, TextColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), DownloadColumn())
    bars = Bars(*columns, console=console, transient=True)

    def bar(name: str) -> Progress:
        for shown in bars.task_ids:  # one after the other is fetched: what came before is done
            bars.remove_task(shown)
        task = bars.add_task(name[-_SHOWN:], total=None)

        def tell(received: int, total: int | None) -> None:
            if task in bars.task_ids:
                bars.update(task, completed=received, total=total, visible=received != total)

        return tell

    return SyncProgress(lambda line: console.print(line, markup=False, highlight=False), bar), bars


def _nothing(_received: int, _total: int | None) -> None:
    return
