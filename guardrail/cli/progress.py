"""How far a download is: a bar on a terminal, a line per file elsewhere."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from guardrail.catalog.sync import Told
    from guardrail.http.download import Progress

_SHOWN = 40  # characters of an address; the end tells files apart


def told() -> tuple[Told, AbstractContextManager[object]]:
    """Return whom a sync tells what happens, and what must be open meanwhile. All of it goes to standard error."""
    from guardrail.catalog.sync import Told  # noqa: PLC0415 - only when it runs

    if not sys.stderr.isatty():
        return Told(lambda line: click.echo(line, err=True), lambda _name: _nothing), nullcontext()
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.progress import BarColumn, DownloadColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

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

    return Told(lambda line: console.print(line, markup=False, highlight=False), bar), bars


def _nothing(_received: int, _total: int | None) -> None:
    return
