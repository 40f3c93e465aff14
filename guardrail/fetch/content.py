"""The files of a pack as they came, before anything is written: named, counted and measured."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from guardrail.errors import InputError
from guardrail.policy.rules.packs.lock import MAX_BYTES, MAX_FILES, RULE_SUFFIXES

MAX_ENTRIES = 20_000
"""Of an archive or a repository; a pack takes what lies in its subfolder of them."""
_MAX_TOTAL = 20_000_000  # bytes of all rule files
_MAX_NAME = 200  # characters of a path
_ODD = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]|^\s|\s$')  # what some system cannot have in a name, or reads as a path


class Entry(Struct, frozen=True):
    """One entry of an archive or a repository, not read yet. `is_file`: a regular file, no link, folder or device."""

    name: str
    size: int
    is_file: bool


class Content(Struct, frozen=True):
    """The rule files of a pack by their path in it, and what tells which they are."""

    files: Mapping[str, bytes]
    commit: str = ""
    version: str = ""

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file."""
        return {name: hashlib.sha256(data).hexdigest() for name, data in sorted(self.files.items())}


def chosen(entries: Iterable[Entry], subfolder: str, where: str, *, is_archive: bool = False) -> dict[str, str]:
    """Return the entries that are a pack's rule files: path in the pack -> name there. Raises InputError.

    A single folder around everything, which hosting services put into their archives, is no part of any path.
    """
    listed = list(entries)
    if len(listed) > MAX_ENTRIES:
        raise InputError(f"holds more than {MAX_ENTRIES:,} files", where=where, fix="pack the rules alone")
    tops = {entry.name.partition("/")[0] for entry in listed if is_archive}
    around = f"{tops.pop()}/" if len(tops) == 1 else ""
    wanted = f"{subfolder.strip('/')}/" if subfolder.strip("/") else ""
    found = _below(listed, around + wanted) or _below(listed, wanted)
    if not found:
        place = f"the subfolder {subfolder}" if wanted else "it"
        raise InputError(f"{place} holds no rules", where=where, fix="rules are files called *.yaml")
    for path, entry in found.items():
        shown = path[:_MAX_NAME].encode("unicode_escape").decode()  # it may have control characters in it
        if not entry.is_file:
            raise InputError(f"{shown} is a link or no file", where=where, fix="a pack holds files only")
        if is_odd(path):
            raise InputError(f"{shown} is no name that a file of a pack can have", where=where)
        if entry.size > MAX_BYTES:
            raise InputError(f"{shown} is larger than 2 MB", where=where, fix="a rule is a small file")
    if len(found) > MAX_FILES:
        raise InputError(f"holds more than {MAX_FILES:,} rules", where=where, fix="name a subfolder")
    if sum(entry.size for entry in found.values()) > _MAX_TOTAL:
        raise InputError(f"holds more than {_MAX_TOTAL // 10**6} MB of rules", where=where, fix="name a subfolder")
    # On macOS and Windows the one would overwrite the other.
    if len({path.casefold() for path in found}) < len(found):
        raise InputError("holds two files of one name, apart from upper and lower case", where=where)
    return {path: entry.name for path, entry in found.items()}


def read(names: Mapping[str, str], take: Callable[[str], bytes], where: str) -> dict[str, bytes]:
    """Read chosen entries. What is larger than it said is refused. Raises InputError."""
    found = {path: take(name) for path, name in names.items()}
    if large := next((path for path, data in found.items() if len(data) > MAX_BYTES), None):
        raise InputError(f"{large} is larger than 2 MB", where=where, fix="a rule is a small file")
    return found


def _below(entries: list[Entry], folder: str) -> dict[str, Entry]:
    """Return the rule files below a folder, by their path from there."""
    inside = (entry for entry in entries if entry.name.startswith(folder))
    return {
        entry.name.removeprefix(folder): entry for entry in inside if PurePosixPath(entry.name).suffix in RULE_SUFFIXES
    }


def is_odd(path: str) -> bool:
    """Return whether a path leads out of its folder, or could on some system."""
    parts = path.split("/")
    return len(path) > _MAX_NAME or any(part in {"", ".", ".."} or _ODD.search(part) for part in parts)
