"""What the process says to its caller."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes; the same for every command and output format."""

    OK = 0
    BLOCKED = 1
    NOT_EVALUATED = 2
    BUG = 3
    NOT_DELIVERED = 4
    INTERRUPTED = 130
