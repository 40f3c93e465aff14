"""Workspaces: what is judged one by one, each a plan, a state or a folder of configuration, and by which name."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from msgspec import Struct

from guardrail.config import Settings
from guardrail.errors import ConfigError, InputError
from guardrail.ledger.storage.remote import ObjectStore
from guardrail.model.order import natural
from guardrail.terraform.configuration.code.roots import root_modules
from guardrail.terraform.inputs import PLAN_NAMES

_PLANS = (".json", ".tfplan", ".plan")
_COLUMNS = ("name", "place", "env", "usage")


class Workspace(Struct, frozen=True):
    """One workspace.

    name     by which rules, budgets and results know it: the project that it is
    place    a path, or the address of an object
    env      environment, "" for that of the project of guardrail.yaml with this name
    usage    its usage file, "" for that of the project
    version  what tells the contents of an object from others (its ETag), "" where nothing does
    is_known whether a result of it was there when the run began
    """

    name: str
    place: str
    env: str = ""
    usage: str = ""
    version: str = ""
    is_known: bool = False

    @property
    def is_object(self) -> bool:
        """Whether it lies in an object store."""
        return "://" in self.place


class Shard(NamedTuple):
    """One of several parts of a fleet: `number` of `of`, counted from 1."""

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def has(self, name: str) -> bool:
        """Say whether a workspace is of this part: by its name alone, so that every machine comes to the same."""
        return shard_of(name, self.of) == self.number


def shard_of(name: str, of: int) -> int:
    """Return the number of the part that a workspace is of."""
    return int.from_bytes(sha256(name.encode("utf-8", "surrogatepass")).digest()[:8]) % of + 1


def workspaces(inputs: Sequence[str], lists: Sequence[str], settings: Settings) -> tuple[list[Workspace], list[str]]:
    """Return the workspaces that are named, sorted by name, and what is to be said of them.

    Without any, they are the projects of guardrail.yaml. Raises ConfigError where there are none, or two of one name;
    InputError for a list or a place that cannot be read.
    """
    found = [one for given in inputs for one in _at(given)]
    found += [one for given in lists for one in _listed(given)]
    if not inputs and not lists:
        found = [Workspace(one.name, one.plan, one.env, str(one.usage or "")) for one in settings.projects]
    if not found:
        named = ", ".join((*inputs, *lists)) or "guardrail.yaml"
        fix = "name plans, states or folders: FOLDER, 'plans/*.json', s3://bucket/prefix or --list FILE"
        raise ConfigError("no workspace in it", where=named, fix=fix)
    by_name: dict[str, Workspace] = {}
    for one in found:
        other = by_name.setdefault(one.name, one)
        if other != one:
            what = f"two workspaces are called {one.name!r}: {other.place} and {one.place}"
            raise ConfigError(what, fix="give them names: a list with the columns name and place")
    twice = len(found) - len(by_name)
    said = [f"{twice:,} workspaces are named more than once, and judged once"] if twice else []
    return sorted(by_name.values(), key=lambda one: natural(one.name)), said


def name_of(path: str) -> str:
    """Return how a workspace is called by its place: without the ending, and by its folder where a plan is called as all are."""
    place = PurePosixPath(spelled(path))
    if place.name in PLAN_NAMES and place.parent.name:
        return place.parent.as_posix()
    return place.with_suffix("").as_posix() if place.suffix in _PLANS else place.as_posix()


def spelled(text: str) -> str:
    """Return text that can be written down: the name of a file may hold bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode()


def _at(given: str) -> Iterator[Workspace]:
    """Give what an input of the command line stands for: objects below an address, what fits a glob, or what is in a folder."""
    if "://" in given:
        store = ObjectStore(given)
        for key, version in store.versions().items():
            if key.endswith(_PLANS):
                yield Workspace(name_of(key), f"{given.rstrip('/')}/{key}", version=version)
        return
    path = Path(given)
    if re.search(r"[*?\[]", given) and not path.exists():
        anchor = Path(path.anchor or ".")
        matches = sorted(anchor.glob(given[len(path.anchor) :]))
        yield from (Workspace(name_of(one.as_posix()), one.as_posix()) for one in matches)
    elif path.is_dir():
        yield from (Workspace(name_of(_below(one, path)), one.as_posix()) for one in _in_folder(path))
    elif path.exists():
        yield Workspace(name_of(path.as_posix()), path.as_posix())
    else:
        raise InputError("no such file or folder", where=given, fix="name plans, states, or folders of them")


def _in_folder(folder: Path) -> Iterable[Path]:
    """Return the root modules in a folder; without any, the plans and states below it."""
    if roots := root_modules(folder):
        return roots
    files = (path for path in folder.rglob("*") if path.suffix in _PLANS and path.is_file())
    return [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def _below(path: Path, folder: Path) -> str:
    """Return how a path is called below a folder; the folder itself by its own name."""
    inside = path.relative_to(folder).as_posix()
    if inside in PLAN_NAMES or inside == ".":
        return folder.resolve().name or folder.as_posix()
    return inside


def _listed(given: str) -> Iterator[Workspace]:
    """Give what a list names: a place a line, or CSV with a heading of `name`, `place`, `env` and `usage`."""
    try:
        text = sys.stdin.read() if given == "-" else Path(given).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=given) from None
    except UnicodeDecodeError:
        raise InputError("is no text in UTF-8", where=given) from None
    lines = text.splitlines()
    heading = [cell.strip() for cell in next(csv.reader(lines[:1]), [])]
    if "place" in heading:
        yield from _rows(lines, heading, given)
        return
    for line in lines:
        if (place := line.strip()) and not place.startswith("#"):
            yield Workspace(_object_name(place), place)


def _rows(lines: list[str], heading: list[str], where: str) -> Iterator[Workspace]:
    if unknown := [name for name in heading if name not in _COLUMNS]:
        raise InputError(f"has a column {unknown[0]!r}", where=where, fix=f"known: {', '.join(_COLUMNS)}")
    rows = csv.reader(lines)
    next(rows)
    for row in filter(None, rows):
        if len(row) != len(heading):
            what = f"has {len(row)} cells, and the heading {len(heading)}"
            raise InputError(what, where=f"{where}:{rows.line_num}")
        told = {name: cell.strip() for name, cell in zip(heading, row, strict=True)}
        if not told["place"]:
            raise InputError("names no place", where=f"{where}:{rows.line_num}")
        name = told.get("name") or _object_name(told["place"])
        yield Workspace(name, told["place"], told.get("env", ""), told.get("usage", ""))


def _object_name(place: str) -> str:
    """Return how a place of a list is called: an object by its path in the bucket."""
    scheme, mark, rest = place.partition("://")
    return name_of(rest.partition("/")[2] or rest) if mark else name_of(Path(scheme).as_posix())
