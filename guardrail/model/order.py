"""The order of names."""

from __future__ import annotations

import re
from typing import Any

_DIGITS = re.compile(r"([0-9]+)")


def natural(text: str) -> tuple[Any, ...]:
    """Return the key by which people sort names: svc_2 before svc_10."""
    parts = _DIGITS.split(text)
    # Numbers are compared by length, then digit by digit: one of 5,000 digits is no reason to fail.
    parts[1::2] = [(len(digits), digits) for part in parts[1::2] for digits in [part.lstrip("0")]]
    return parts, text
