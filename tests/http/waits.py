"""A clock for sessions under test: waiting takes no time, and is remembered."""

from __future__ import annotations

from guardrail.http import Clock, Patience

START = 1_800_000_000.0


class Waits:
    """Time that passes only by sleeping. `slept` holds every wait, in seconds."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    @property
    def time(self) -> float:
        return START + sum(self.slept)

    def patience(self, total: float | None = None) -> Patience:
        clock = Clock(now=lambda: self.time, steady=lambda: self.time, sleep=self.slept.append, jitter=lambda: 0.0)
        return Patience(total=total, clock=clock)
