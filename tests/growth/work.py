"""What work takes: the lines of Python that it runs, which no other process on the machine changes, and the memory that it holds."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

Work = Callable[[], object]

MORE = 1.15
"""What comes after the first N may take that much more each than the first: 1 where work grows in proportion, 2 and more where it
grows with the square. Three times as much then takes less than 3.3 times as long."""


def lines_of(work: Work) -> int:
    """Return how many lines work runs, each round of a loop and of a comprehension counted.

    What the standard library and packages run in Python counts; what they do in C does not: `benchmarks/growth.py` times that.
    """
    counted = 0

    def count(_frame: Any, _event: str, _arg: Any) -> Any:
        nonlocal counted
        counted += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return counted


def most_held(work: Work) -> int:
    """Return the most bytes that work holds at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def times_more(measure: Callable[[Work], int], prepare: Callable[[int], Work], size: int) -> float:
    """Return how much more each of what comes after the first N takes than each of these, from sizes 1, N and 3N.

    What a run takes whatever its size is in none of them.
    """
    works = [prepare(each) for each in (1, size, 3 * size)]
    # What is loaded or remembered once a process, also for rules that only the smallest wakes.
    for work in (works[-1], works[0]):
        work()
    least, once, thrice = map(measure, works)
    first, later = (once - least) / (size - 1), (thrice - once) / (2 * size)
    assert first > 0, f"{size} take no more than one"
    return later / first
