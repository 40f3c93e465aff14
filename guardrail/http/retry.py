"""How long to wait for a server before asking again, and when to give up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from guardrail.http.response import Response

TRIES = 3
"""How often something is asked that fails for reasons which pass: 5xx, no connection."""

_LIMITED = frozenset({403, 429})
_PASSING = frozenset({500, 502, 503, 504})
_SECONDARY_WAIT = 60.0  # seconds, doubled each time: what GitHub asks for where it names no time
_SECONDARY_TRIES = 2
_LIMIT_WAITS = 5  # waits for limits of one request


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as a session sees it; tests bring their own. `jitter` is a number from 0 to 1."""

    now: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


@dataclass(slots=True)
class Patience:
    """How much of our time a session may take, in seconds.

    longest  a single wait that a server may ask for
    total    of the whole session, waits and answers; None: no limit
    """

    longest: float = 60.0
    total: float | None = None
    clock: Clock = field(default_factory=Clock)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock.steady()

    @property
    def left(self) -> float:
        """Seconds that are left of the total."""
        return float("inf") if self.total is None else self.total - (self.clock.steady() - self.started)

    def wait(self, seconds: float) -> bool:
        """Wait, or say at once that it would take too long."""
        if seconds > self.left:
            return False
        self.clock.sleep(seconds)
        return True

    def back_off(self, attempt: int) -> float:
        """Return how long to wait after the nth failure (from 0): 1, 2, 4 seconds and up to half of that more."""
        return float(2**attempt) * (1 + self.clock.jitter() / 2)

    def wait_before_next(self, response: Response, failures: int, limits: int) -> float | None:
        """Return the seconds to wait before asking again, None if that is no use.

        failures, limits  how often this request has failed for reasons that pass, and has met a limit
        """
        asked_for = self._asked_for(response)
        if response.status in _PASSING:
            if failures + 1 >= TRIES:
                return None
            return self._bounded(asked_for) if asked_for is not None else self.back_off(failures)
        if not limited(response) or limits >= _LIMIT_WAITS:
            return None
        if asked_for is not None:
            return self._bounded(asked_for)
        if "secondary rate limit" in response.said().lower():
            return _SECONDARY_WAIT * 2**limits if limits < _SECONDARY_TRIES else None
        return self.back_off(limits) if limits + 1 < TRIES else None

    def again_at(self, response: Response) -> str:
        """Return the time from which the server will answer again, as people read it; "" where it names none."""
        seconds = self._asked_for(response)
        if seconds is None:
            return ""
        try:
            moment = datetime.fromtimestamp(self.clock.now() + seconds, UTC)
        except (OverflowError, OSError, ValueError):
            return ""
        return f"{moment:%Y-%m-%d %H:%M} UTC"

    def _bounded(self, seconds: float) -> float | None:
        return seconds if seconds <= self.longest else None

    def _asked_for(self, response: Response) -> float | None:
        """Return the seconds that the server asks us to wait: by Retry-After, else until its limit is reset."""
        header = response.headers.get("retry-after", "").strip()
        if header.isdecimal():
            return float(header[:10])
        if header and (moment := _date(header)) is not None:
            return max(moment - self.clock.now(), 0.0)
        if not _used_up(response):
            return None
        reset = response.headers.get("x-ratelimit-reset", "").strip()
        # A second more: the server's clock need not be ours.
        return max(float(reset[:12]) - self.clock.now(), 0.0) + 1 if reset.isdecimal() else None


def limited(response: Response) -> bool:
    """Say whether an answer is a limit on how much may be asked, and not a refusal."""
    if response.status == 429:  # noqa: PLR2004 - Too Many Requests
        return True
    if response.status not in _LIMITED:
        return False
    return "retry-after" in response.headers or _used_up(response) or "rate limit" in response.said().lower()


def _used_up(response: Response) -> bool:
    """A limit of 0 is how GitHub Enterprise Server says that there is none."""
    return response.headers.get("x-ratelimit-remaining") == "0" and response.headers.get("x-ratelimit-limit") != "0"


def _date(header: str) -> float | None:
    try:
        return parsedate_to_datetime(header).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
