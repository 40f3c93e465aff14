"""guardrail.lock and the fetched packs beside it: what `guardrail rules fetch` has brought, file by file.

Fetched packs lie in `.guardrail/packs/NAME` beside guardrail.yaml and are committed with it: a run works offline, and
what judges a change is read in a review. The lock is verified whenever a pack is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from msgspec import field, to_builtins

from guardrail.errors import ConfigError
from guardrail.files.checked import checked
from guardrail.files.section import Section
from guardrail.files.yaml_file import read_yaml
from guardrail.paths import followed, is_named_file
from guardrail.policy.rules.packs.selection import PackName, PackSource, Sha256

LOCK_NAME = "guardrail.lock"
FETCHED = Path(".guardrail") / "packs"
"""Folder of fetched packs, beside guardrail.yaml."""
RULE_SUFFIXES = frozenset({".yaml", ".yml"})
MAX_FILES = 1000
MAX_BYTES = 2_000_000
"""Of one file: what a rule file may have."""


class LockedPack(Section, omit_defaults=True, kw_only=True):
    """One pack as it was fetched."""

    source: PackSource
    commit: str = ""
    """of git"""
    version: str = ""
    """of a Python distribution"""
    fetched: str
    """the day, like 2026-01-31"""
    files: dict[str, Sha256]
    """SHA-256 of each file, by its path in the pack"""


class LockFile(Section):
    """guardrail.lock."""

    version: Literal[1]
    packs: dict[PackName, LockedPack] = field(default_factory=dict)

    def text(self) -> str:
        """Return the file's text: the same content gives the same text."""
        packs = to_builtins(self.packs)
        return json.dumps({"version": 1, "packs": packs}, indent=2, sort_keys=True) + "\n"


def read_lock(base: Path) -> LockFile:
    """Return what the lock beside guardrail.yaml says; an empty one where there is none. Raises ConfigError."""
    path = base / LOCK_NAME
    refuse_links(base, path)
    if not path.exists():
        return LockFile(version=1)
    return checked(LockFile, read_yaml(path, ConfigError), ConfigError)


def verified(name: str, source: PackSource, base: Path, where: str) -> list[Path]:
    """Return the rule files of a fetched pack, pack.yaml among them, once each is as the lock says. Raises ConfigError."""
    entry, fetch = read_lock(base).packs.get(name), f"run `guardrail rules fetch {name}` and commit what it writes"
    if entry is None:
        raise ConfigError(f"pack {name} has not been fetched: {LOCK_NAME} does not have it", where=where, fix=fetch)
    if entry.source != source:
        what = f"guardrail.yaml takes the pack {name} from {source}, but {LOCK_NAME} has it from {entry.source}"
        raise ConfigError(what, where=where, fix=fetch)
    folder = base / FETCHED / name
    digest_of = digests(folder, base)
    for path in sorted({*entry.files, *digest_of}):
        if digest_of.get(path) != entry.files.get(path):
            wrong = "is not what was fetched" if path in entry.files else f"is not in {LOCK_NAME}"
            what = f"pack {name}: the file {wrong if path in digest_of else 'is missing'}"
            raise ConfigError(what, where=str(folder / path), fix=fetch)
    return [folder / path for path in sorted(digest_of)]


def digests(folder: Path, base: Path) -> dict[str, str]:
    """Return the SHA-256 of each rule file below a folder, by path. Raises ConfigError for links, and for too many."""
    refuse_links(base, folder)
    digest_of: dict[str, str] = {}
    for path in _files(folder):
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError("is larger than 2 MB", where=str(path), fix="a rule is a small file")
        digest_of[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
        if len(digest_of) > MAX_FILES:
            raise ConfigError(f"holds more than {MAX_FILES} rules", where=str(folder), fix="name a subfolder")
    return digest_of


def refuse_links(base: Path, folder: Path) -> None:
    """Refuse links on the way to a fetched pack: they lead where nobody has looked. Raises ConfigError."""
    for place in (base / FETCHED.parent, base / FETCHED, folder, base / LOCK_NAME):
        if place.is_symlink():
            raise ConfigError(
                "is a link, and links are not followed here", where=str(place), fix="remove it, and fetch again"
            )


def _files(folder: Path) -> Iterator[Path]:
    for above, folders, names in os.walk(folder):
        for path in (Path(above, name) for name in sorted([*folders, *names])):
            if path.is_symlink():
                raise ConfigError(
                    "is a link, and a pack may not contain links",
                    where=str(path),
                    fix="replace it by the file that it leads to",
                )
            if path.suffix in RULE_SUFFIXES and path.is_file():
                yield path


def rule_files(folder: Path) -> list[Path]:
    """Return the YAML files of a folder and those below it; a link that leads to no file is one, and cannot be read."""
    return sorted(path for path in folder.rglob("*") if path.suffix in RULE_SUFFIXES and is_named_file(path))


def fetched_files(base: Path, names: Iterable[str]) -> list[Path]:
    """Return the lock beside guardrail.yaml and the files of fetched packs, as far as they are there."""
    files = [file for name in names for file in rule_files(base / FETCHED / name)]
    return [path for path in (base / LOCK_NAME, *files) if path.is_file()]


def is_within(folder: Path, top: Path) -> bool:
    """Say whether a folder lies in the repository, wherever links lead: then it is read where it lies."""
    return followed(folder).is_relative_to(followed(top))
