"""Where guardrail.yaml lies, and which files of that name are something else's."""

from __future__ import annotations

import re
from pathlib import Path

from guardrail.errors import nearest
from guardrail.paths import is_named_file

FILE_NAMES = ("guardrail.yaml", "guardrail.yml", ".guardrail.yaml", ".guardrail.yml")

KEYS = (
    "version",
    "projects",
    "rules",
    "budgets",
    "waivers",
    "approvers",
    "approvals",
    "pricing",
    "report",
    "ledger",
    "anomalies",
    "notify",
    "recommend",
    "kpis",
    "on_incomplete",
    "not_roots",
)
"""The keys that a guardrail.yaml can have at its top."""

_TOP_KEY = re.compile(rb"^['\"]?([A-Za-z_][\w-]*)['\"]?[ \t]*:", re.MULTILINE)
_HEAD = 65_536  # bytes that are looked at
_LIKE = 0.8  # "verison" is meant to be version, "permissions" is not


def find_config(start: Path) -> Path | None:
    """Return the nearest guardrail.yaml in a folder or above it, not beyond the repository's top."""
    for folder in (start, *start.parents):
        for name in FILE_NAMES:
            if is_config(folder / name):
                return folder / name
        if (folder / ".git").exists():
            return None
    return None


def is_config(path: Path) -> bool:
    """Say whether a file is a guardrail.yaml, by its name and its keys; one that cannot be read is, to be complained of."""
    if path.name not in FILE_NAMES or not is_named_file(path):
        return False
    try:
        with path.open("rb") as file:
            return has_our_keys(file.read(_HEAD))
    except OSError:
        return True


def has_our_keys(text: bytes) -> bool:
    """Say whether the text of a file named like ours may be ours.

    A workflow or a manifest can have that name, too. Only where every key is somebody else's it is theirs: a file that
    is empty, broken or misspelled is ours, as its rules would silently not apply otherwise.
    """
    keys = {key.decode() for key in _TOP_KEY.findall(text.removeprefix(b"\xef\xbb\xbf"))}
    return not keys or not keys.isdisjoint(KEYS) or any(nearest(key, KEYS, _LIKE) for key in keys)
