"""Measures how a command line grows with its input."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest

from tests.growth.work import Work, lines_of, times_more

Inputs = Callable[[Path, int], Iterable[str | Path]]
"""Writes inputs of a size to a folder, and returns a command line."""


@pytest.fixture
def growth(command, tmp_path) -> Callable[..., float]:
    """Return how many more lines each of what comes after the first N runs, of a command line over inputs of a size."""

    def prepare(write: Inputs, size: int) -> Work:
        folder = tmp_path / str(size)
        folder.mkdir()
        args = [*write(folder, size)]

        def work() -> None:
            ran = command(*args, cwd=folder)
            assert ran.exit_code in {0, 1}, ran.stderr

        return work

    def grown(write: Inputs, size: int) -> float:
        return times_more(lines_of, partial(prepare, write), size)

    return grown
