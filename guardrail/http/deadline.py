"""Deadlines: the time within which something has to be done, however slowly a server answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import Struct


class Clock(Struct, frozen=True):
    """Time as a session sees it; tests bring their own."""

    now: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Deadline:
    """So many seconds from when it is made, waits and answers together; without a number: never."""

    seconds: float = float("inf")
    clock: Clock = field(default_factory=Clock)
    end: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "end", self.clock.steady() + self.seconds)

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.end - self.clock.steady()

    def within(self, seconds: float) -> Deadline:
        """Return the earlier one of this deadline and of one in so many seconds."""
        return Deadline(min(seconds, self.left), self.clock)

    def wait(self, seconds: float) -> bool:
        """Wait, or say at once that it would take too long."""
        if seconds > self.left:
            return False
        if seconds > 0:
            self.clock.sleep(seconds)
        return True
