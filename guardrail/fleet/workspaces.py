"""Workspaces: what is judged one by one, each a plan, a state or a folder of configuration, and by which name."""

from __future__ import annotations

import csv
import os
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
from guardrail.paths import matching
from guardrail.report.format import count
from guardrail.terraform.configuration.code.roots import root_modules
from guardrail.terraform.inputs import PLAN_NAMES

_PLANS = (".json", ".tfplan", ".plan")
_COLUMNS = frozenset(("name", "place", "env", "usage"))
_SHOWN = 3  # in a sentence


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
    said: list[str] = []
    found = [one for given in inputs for one in _at(given, said)]
    found += [one for given in lists for one in _listed(given)]
    if not inputs and not lists:
        found = [Workspace(one.name, one.plan, one.env, str(one.usage or "")) for one in settings.projects]
    if not found:
        fix = "name plans, states or folders: FOLDER, 'plans/*.json', s3://bucket/prefix or --list FILE"
        if not inputs and not lists:
            where = str(settings.config_file or "")
            raise ConfigError(
                "no project in it" if where else "no workspaces and no guardrail.yaml", where=where, fix=fix
            )
        raise ConfigError("no workspace in it", where=", ".join((*inputs, *lists)), fix=fix)
    by_name: dict[str, Workspace] = {}
    for one in found:
        other = by_name.setdefault(one.name, one)
        if other != one:
            both = (
                f"{other.place} and {one.place}"
                if other.place != one.place
                else f"{one.place}, with another env or usage"
            )
            what = f"two workspaces are called {one.name!r}: {both}"
            raise ConfigError(what, fix="give them names: a list with the columns name and place")
    several = sorted(by_name.values(), key=lambda one: natural(one.name))
    twice = len(found) - len(by_name)
    said += [f"{count(twice, 'workspace')} named more than once: judged once"] if twice else []
    return several, [*said, *_under_several_names(several)]


def _under_several_names(several: Iterable[Workspace]) -> Iterator[str]:
    """Say which workspaces are one and the same: one configuration may be several environments, but one plan is one cost."""
    first: dict[tuple[str, str, str], Workspace] = {}
    others = []
    for one in several:
        place = one.place if one.is_object else os.path.realpath(one.place)
        other = first.setdefault((place, one.env, one.usage), one)
        if other is not one:
            others.append(f"{other.name} and {one.name} are both {other.place}")
    if others:
        more = f", and {len(others) - _SHOWN:,} more" if others[_SHOWN:] else ""
        yield f"what has two names is judged, and costs, twice: {'; '.join(others[:_SHOWN])}{more}"


def name_of(path: str) -> str:
    """Return how a workspace is called by its place: without the ending, and by its folder where a plan is called as all are."""
    place = PurePosixPath(spelled(path))
    if place.name in PLAN_NAMES and place.parent.name:
        return place.parent.as_posix()
    return place.with_suffix("").as_posix() if place.suffix in _PLANS else place.as_posix()


def spelled(text: str) -> str:
    """Return text that can be written down: the name of a file may hold bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode()


def _at(given: str, said: list[str]) -> Iterator[Workspace]:
    """Give what an input of the command line stands for: objects below an address, what fits a glob, or what is in a folder.

    What is there and is no workspace is added to `said`.
    """
    if "://" in given:
        store = ObjectStore(given)
        for key, version in store.versions().items():
            if key.endswith(_PLANS):
                yield Workspace(name_of(key), f"{given.rstrip('/')}/{key}", version=version)
        return
    path = Path(given)
    if re.search(r"[*?\[]", given) and not path.exists():
        anchor = Path(path.anchor or ".")
        matches = matching(anchor, given[len(path.anchor) :])
        yield from (Workspace(name_of(one.as_posix()), one.as_posix()) for one in matches)
    elif path.is_dir():
        yield from (Workspace(name_of(_below(one, path)), one.as_posix()) for one in _in_folder(path, said))
    elif path.exists():
        yield Workspace(name_of(path.as_posix()), path.as_posix())
    else:
        raise InputError("no such file or folder", where=given, fix="name plans, states, or folders of them")


def _in_folder(folder: Path, said: list[str]) -> Iterable[Path]:
    """Return the root modules in a folder; without any, the plans and states below it. Raises InputError."""
    below, roots = list(_below_it(folder)), root_modules(folder)
    if roots:
        if plans := [path for path in below if path.parent not in roots and _is_shown_by_terraform(path)]:
            told = _named(plans, "plan or state", "plans and states")
            fix = f"name them with a glob, '{folder.as_posix()}/**/*.json'"
            said.append(f"{folder}: the root modules in it are judged, and not {told} ({fix})")
        return roots
    if links := [path for path in below if path.is_dir()]:
        said.append(f"{folder}: what links to folders is not followed: {_named(links, 'link')}")
    return [path for path in below if path.suffix in _PLANS and not path.is_dir()]


def _below_it(folder: Path) -> Iterator[Path]:
    """Give the files below a folder, and the links to folders, which are not followed. A link that leads nowhere is a file.

    Raises InputError for a folder that cannot be read: what is in it would be missing, and nobody would know.
    """

    def refuse(error: OSError) -> None:
        raise InputError(f"cannot be read: {error.strerror}", where=str(error.filename)) from None

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in names if not name.startswith("."))
        yield from (path for name in folders if (path := Path(place, name)).is_symlink())


def _is_shown_by_terraform(path: Path) -> bool:
    """Say whether a file is a plan or a state by its ending, or by what `terraform show -json` begins with."""
    if path.suffix not in _PLANS or not path.is_file():
        return False
    if path.suffix != ".json":
        return True
    with path.open("rb") as file:
        return b'"format_version"' in file.read(64)


def _named(paths: Sequence[Path], one: str, several: str = "") -> str:
    more = f" and {len(paths) - _SHOWN:,} more" if paths[_SHOWN:] else ""
    shown = ", ".join(spelled(path.as_posix()) for path in sorted(paths)[:_SHOWN])
    return f"{count(len(paths), one, several)}: {shown}{more}"


def _below(path: Path, folder: Path) -> str:
    """Return how a path is called below a folder; the folder itself by its own name."""
    inside = path.relative_to(folder).as_posix()
    if inside in PLAN_NAMES or inside == ".":
        return folder.resolve().name or folder.as_posix()
    return inside


def _listed(given: str) -> Iterator[Workspace]:
    """Give what a list names: a place a line, or CSV with a heading of `name`, `place`, `env` and `usage`."""
    try:
        data = sys.stdin.buffer.read() if given == "-" else Path(given).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=given) from None
    except UnicodeDecodeError:
        raise InputError("is no text in UTF-8", where=given) from None
    if "\0" in text:
        raise InputError("is no text: it holds zero bytes", where=given)
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1)]
    told = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if told and _is_heading(told[0][1]):
        yield from _rows(told, given)
        return
    yield from (_workspace(place) for _, place in told)


def _is_heading(line: str) -> bool:
    """Say whether a line names columns, perhaps wrongly: a folder may well be called `env`."""
    words = [word.strip() for word in re.split(r"[,;\t]", line.casefold())]
    return "place" in words or (len(words) > 1 and not _COLUMNS.isdisjoint(words))


def _rows(lines: list[tuple[int, str]], where: str) -> Iterator[Workspace]:
    """Give the workspaces of lines of CSV, the first of which names the columns."""
    rows = csv.reader(line for _, line in lines)
    heading: list[str] = []
    try:
        for row in rows:
            cells, at = [cell.strip() for cell in row], f"{where}:{lines[rows.line_num - 1][0]}"
            if not heading:
                heading = _checked_heading(cells, at)
                continue
            if len(cells) != len(heading):
                raise InputError(f"has {count(len(cells), 'cell')}, and the heading {len(heading)}", where=at)
            told = dict(zip(heading, cells, strict=True))
            if not told["place"]:
                raise InputError("names no place", where=at)
            yield _workspace(**told)
    except csv.Error as error:
        raise InputError(f"is no CSV: {error}", where=f"{where}:{lines[rows.line_num - 1][0]}") from None


def _checked_heading(cells: list[str], where: str) -> list[str]:
    unknown = [name for name in cells if name not in _COLUMNS]
    if unknown or "place" not in cells or len(set(cells)) < len(cells):
        what = f"has a column {unknown[0]!r}" if unknown else f"has the columns {', '.join(cells)}"
        fix = "columns are `place`, and any of `name`, `env` and `usage`, with commas between them"
        raise InputError(what, where=where, fix=fix)
    return cells


def _workspace(place: str, name: str = "", env: str = "", usage: str = "") -> Workspace:
    """Return a workspace of a list: a path is the same however it is written, ./a as a."""
    place = place if "://" in place else Path(place).as_posix()
    return Workspace(name or _object_name(place), place, env, usage)


def _object_name(place: str) -> str:
    """Return how a place of a list is called: an object by its path in the bucket."""
    scheme, mark, rest = place.partition("://")
    return name_of(rest.partition("/")[2] or rest) if mark else name_of(Path(scheme).as_posix())
