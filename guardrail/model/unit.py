"""Units of quantities, as words: "730 hours", and a price per hour."""

from __future__ import annotations

_PLURALS = {"ies": "y", "sses": "ss", "/s": "/s", "s": ""}
_NO_PLURALS = {"ms", "MBps", "time-series"}


def singular(unit: str) -> str:
    """Return the unit of one: "hour" of "hours", "query" of "queries"; "GB", "IOPS" and "1M requests" stay as they are."""
    if unit[:1].isdigit() or unit in _NO_PLURALS:
        return unit
    for plural, one in _PLURALS.items():
        if unit.endswith(plural):
            return unit.removesuffix(plural) + one
    return unit
