"""A clock for sessions under test: waiting takes no time, and is remembered."""

from __future__ import annotations

from guardrail.http import Clock, Deadline

START = 1_800_000_000.0


class Waits:
    """Time that passes only by sleeping. `slept` holds every wait, in seconds."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    @property
    def time(self) -> float:
        return START + sum(self.slept)

    def deadline(self, seconds: float = float("inf")) -> Deadline:
        """Return a deadline by this time. Waits are whole seconds: what is added by chance, under one, is left out."""
        return Deadline(
            seconds,
            Clock(now=lambda: self.time, steady=lambda: self.time, sleep=lambda wait: self.slept.append(int(wait))),
        )
