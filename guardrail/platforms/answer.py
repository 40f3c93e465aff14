"""What a platform has answered, taken apart without trust in its shape."""

from __future__ import annotations

from typing import Any


def listed(data: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; none for anything else."""
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []


def get(data: Any, *path: str) -> Any:
    """Return the value at a path of names; None where there is no such thing."""
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data


def text(data: Any, *path: str) -> str:
    """Return the text at a path of names; "" where there is none."""
    found = get(data, *path)
    return found if isinstance(found, str) else ""
