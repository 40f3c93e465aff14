"""How far a run is, for whoever watches it: layers that have many things to go through say how many are done.

Nothing here prints. Where nobody watches, as in a pipe or in CI, counting costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Watcher = Callable[[str, int, int], None]
"""Told what is done ("resources priced"), how many of them, and of how many."""

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Tell a watcher of all that is counted inside."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def counted(what: str, items: Sequence[Item]) -> Iterable[Item]:
    """Give the items, and tell the watcher of each before its turn. One item alone is not worth counting."""
    watcher = _watcher.get()
    return items if watcher is None or len(items) <= 1 else _counted(what, items, watcher)


def tell(what: str, done: int, total: int) -> None:
    """Tell the watcher how many are done, where it is no loop that does them."""
    if watcher := _watcher.get():
        watcher(what, done, total)


def _counted(what: str, items: Sequence[Item], watcher: Watcher) -> Iterator[Item]:
    for done, item in enumerate(items):
        watcher(what, done, len(items))
        yield item
