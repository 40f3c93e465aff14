"""Values spelled so that equal ones can be told from those that Python only takes for equal."""

from __future__ import annotations

from marshal import dumps
from typing import Any

_WITHOUT_REFERENCES = 2  # the last version that writes equal values alike, wherever else they are referred to


def exact(value: Any) -> bytes:
    """Return what is equal only for equal values of the same kinds, inside of them too: to Python, True is 1, and so is 1.0."""
    try:
        return dumps(value, _WITHOUT_REFERENCES)
    except ValueError:  # something in it is not of JSON: not known, or an amount
        return repr(value).encode("utf-8", "surrogatepass")
