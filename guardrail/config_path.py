"""Where guardrail.yaml lies."""

from __future__ import annotations

from pathlib import Path

FILE_NAMES = ("guardrail.yaml", "guardrail.yml", ".guardrail.yaml", ".guardrail.yml")


def find_config(start: Path) -> Path | None:
    """Return the nearest guardrail.yaml in a folder or above it, not beyond the repository's top."""
    for folder in (start, *start.parents):
        for name in FILE_NAMES:
            if (folder / name).is_file():
                return folder / name
        if (folder / ".git").exists():
            return None
    return None
