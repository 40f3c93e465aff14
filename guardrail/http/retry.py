"""Whether a request is asked again, and after how long: urllib3 counts and spaces tries, the rest is what GitHub asks for."""

from __future__ import annotations

from datetime import UTC, datetime

from urllib3 import Retry
from urllib3.exceptions import InvalidHeader, MaxRetryError

from guardrail.http.deadline import Clock
from guardrail.http.response import Response

MAX_WAIT = 60.0
"""Seconds that a server may ask to be waited for; what asks for more is given up."""

# Three tries, after 1 and 2 seconds. urllib3 spaces them from the second failure on, and this counts as the first:
# a server that fails is not asked again at once.
_TRIES = Retry(
    total=3,
    backoff_factor=0.5,
    backoff_jitter=0.5,
    status_forcelist=[500, 502, 503, 504],
    allowed_methods=None,
    respect_retry_after_header=False,
).increment()

_LIMITED = frozenset({403, 429})
_LIMIT_WAITS = 5  # waits for limits of one request
_SECONDARY_WAIT = 60.0  # seconds, doubled each time: what GitHub asks for where it names no time
_SECONDARY_TRIES = 2
_LONGEST_RETRY_AFTER = 6 * 3600  # seconds, to which urllib3 shortens what a server asks for


class Retries:
    """The tries of one request. `repeatable`: asking twice does no more than asking once."""

    def __init__(self, clock: Clock, *, repeatable: bool = True) -> None:
        self._clock = clock
        self._repeatable = repeatable
        self._tries = _TRIES
        self._limits = 0

    def after_failure(self) -> float | None:
        """Return the seconds to wait after no answer, or none that was whole; None: give up."""
        return self._after_another_try() if self._repeatable else None

    def after(self, response: Response) -> float | None:
        """Return the seconds to wait after an answer that is no success; None where asking again is no use."""
        if limited(response):
            return self._after_limit(response)
        if not self._repeatable or not _TRIES.is_retry("", response.status):
            return None
        wait, named = self._after_another_try(), seconds_asked_for(response, self._clock)
        return wait if wait is None or named is None else _bounded(named)

    def _after_limit(self, response: Response) -> float | None:
        """A request that meets a limit was not carried out, whatever it would have done."""
        self._limits += 1
        if self._limits > _LIMIT_WAITS:
            return None
        named = seconds_asked_for(response, self._clock)
        if named is not None:
            return _bounded(named)
        # GitHub's limit on what strains it names no time; it asks for a minute, and longer each time.
        if "secondary rate limit" in response.said().lower():
            return _SECONDARY_WAIT * 2 ** (self._limits - 1) if self._limits <= _SECONDARY_TRIES else None
        return self._after_another_try()

    def _after_another_try(self) -> float | None:
        try:
            self._tries = self._tries.increment()
        except MaxRetryError:
            return None
        return self._tries.get_backoff_time()


def limited(response: Response) -> bool:
    """Return whether an answer is a limit on how much may be asked, and not a refusal."""
    if response.status == 429:  # noqa: PLR2004 - Too Many Requests
        return True
    if response.status not in _LIMITED:
        return False
    return "retry-after" in response.headers or _used_up(response) or "rate limit" in response.said().lower()


def again_at(response: Response, clock: Clock) -> str:
    """Return the time from which the server will answer again, as people read it; "" where it names none."""
    seconds = seconds_asked_for(response, clock)
    if seconds is None or seconds == _LONGEST_RETRY_AFTER:
        return ""
    try:
        moment = datetime.fromtimestamp(clock.now() + seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return ""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def seconds_asked_for(response: Response, clock: Clock) -> float | None:
    """Return the seconds that the server asks us to wait: by Retry-After, else until its limit is reset."""
    if header := response.headers.get("retry-after", ""):
        try:
            return _TRIES.parse_retry_after(header)
        except (InvalidHeader, ValueError, TypeError, OverflowError):
            pass  # no number and no date: as if it were not there
    if not _used_up(response):
        return None
    reset = response.headers.get("x-ratelimit-reset", "").strip()
    # A second more: the server's clock need not be ours.
    return max(float(reset[:12]) - clock.now(), 0.0) + 1 if reset.isdecimal() else None


def _bounded(seconds: float) -> float | None:
    """Return a wait that a server asks for, None for one that no job should wait."""
    return seconds if seconds <= MAX_WAIT else None


def _used_up(response: Response) -> bool:
    """Return whether the limit is reached. A limit of 0 is how GitHub Enterprise Server says that there is none."""
    return response.headers.get("x-ratelimit-remaining") == "0" and response.headers.get("x-ratelimit-limit") != "0"
