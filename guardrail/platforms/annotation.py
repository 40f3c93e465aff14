"""A finding as platforms show it at a line of a change."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    """How loud an annotation is. What is high blocks the change."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class Annotation(Struct, frozen=True):
    """What to show. `path` is "" where the line is not known, which `line` then means nothing for."""

    summary: str
    details: str
    severity: Severity
    path: str = ""
    line: int = 0
