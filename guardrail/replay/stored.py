"""The runs of the past in a folder: plans, results, and which plan a result is of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct, field

from guardrail.decode import json_decoder
from guardrail.errors import InputError
from guardrail.model.order import natural
from guardrail.model.runs.input import InputKind
from guardrail.progress import counted
from guardrail.report.json.document import SCHEMA
from guardrail.terraform.inputs import is_saved_plan
from guardrail.terraform.plan.json.envelope import plan_text

_MAX_BYTES = 2 * 1024**3  # as much as is read of one plan
_OURS = b'"guardrail.'  # begins the schema's name in all JSON that guardrail writes
_HEAD = 200
_JSON, _SAVED = (".json",), ("", ".tfplan", ".out", ".bin", ".binary", ".plan")


class StoredRun(Struct, frozen=True):
    """One run: a result and the plans that it is of, as far as they are there, or a plan alone.

    name        the file that it is known by
    result      the result file, None for a plan alone
    plans       plan files by the name of their project
    planned_at  when Terraform made the plan of a run without a result; None where it does not say so
    """

    name: str
    result: Path | None
    plans: Mapping[str, Path]
    planned_at: datetime | None = None


class Unreadable(Struct, frozen=True):
    """A file of which nothing could be replayed, and why."""

    file: str
    why: str


class Stored(Struct):
    """All runs that were found, in the order of their names, and what is neither a plan nor a result."""

    runs: list[StoredRun] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


class _Project(msgspec.Struct):
    name: str
    path: str


class _Input(msgspec.Struct):
    path: str
    kind: str
    sha256: str


class _Hashes(msgspec.Struct):
    plans: dict[str, str] = {}


class _Result(msgspec.Struct):
    """What of a result tells its plans."""

    projects: list[_Project]
    inputs: list[_Input] = []
    hashes: _Hashes | None = None


class _Plan(msgspec.Struct):
    timestamp: str | None = None


class _PlanFile(Struct, frozen=True):
    path: Path
    sha256: str
    planned_at: datetime | None


_decode_result = json_decoder(_Result)
_decode_plan = json_decoder(_Plan)


def stored_runs(places: Sequence[Path], projects: Sequence[str]) -> Stored:
    """Find the runs in files and folders, those inside of folders included. One file is held in memory at a time.

    `projects` are the names that guardrail.yaml knows: a plan without a result belongs to the one that its folder or its
    file is called by, else it is called by its path. Raises InputError for a place that is not there, or has nothing in it.
    """
    found = Stored()
    plans: list[_PlanFile] = []
    results: list[tuple[Path, _Result]] = []
    files = list(dict.fromkeys(file for place in places for file in _files(place)))
    for path in counted("stored files looked at", files):
        try:
            _sort(path, plans, results)
        except InputError as error:
            found.unreadable.append(Unreadable(path.as_posix(), str(error).removeprefix(f"{error.where}: ")))
    by_hash = {plan.sha256: plan for plan in reversed(plans)}
    used: set[Path] = set()
    for path, result in results:
        own = _plans_of(path, result, by_hash, plans, results)
        used.update(own.values())
        found.runs.append(StoredRun(path.as_posix(), path, own))
    for plan in plans:
        if plan.path not in used:
            name = _project_of(plan.path, places, projects)
            found.runs.append(StoredRun(plan.path.as_posix(), None, {name: plan.path}, plan.planned_at))
    if not found.runs and not found.unreadable:
        named = ", ".join(place.as_posix() for place in places)
        fix = "store what `terraform show -json` or `guardrail check --format json` writes"
        raise InputError("no plan and no result in it", where=named, fix=fix)
    found.runs.sort(key=lambda run: natural(run.name))
    return found


def _files(place: Path) -> Iterator[Path]:
    """Give the files of a place that may be plans or results. What is hidden, such as .git, is passed over."""
    if place.is_file():
        yield place
        return
    if not place.is_dir():
        raise InputError("no such file or folder", where=place.as_posix(), fix="name a folder of plans or results")
    for folder, inside, names in os.walk(place):
        inside[:] = sorted((name for name in inside if not name.startswith(".")), key=natural)
        for name in sorted(names, key=natural):
            path = Path(folder) / name
            if not name.startswith(".") and (path.suffix in _JSON or (path.suffix in _SAVED and _is_zip(path))):
                yield path


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"PK"
    except OSError:
        return True  # to be named as a file that cannot be read


def _sort(path: Path, plans: list[_PlanFile], results: list[tuple[Path, _Result]]) -> None:
    """Take a file for a plan or a result. Other JSON of guardrail is neither. Raises InputError."""
    data = _bytes(path)
    if SCHEMA.encode() in data[:_HEAD]:
        results.append((path, _result(data)))
    elif _OURS not in data[:_HEAD]:
        plans.append(_PlanFile(path, hashlib.sha256(data).hexdigest(), _planned_at(data)))


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError("is larger than 2 GB", where=path.as_posix())
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path.as_posix()) from None


def _result(data: bytes) -> _Result:
    """Return what a result says of its plans; what is wrong with it is told when it is read as a whole."""
    try:
        return _decode_result(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _Result([])


def _planned_at(data: bytes) -> datetime | None:
    if is_saved_plan(data):
        return None
    try:
        text = _decode_plan(plan_text(data, "").text).timestamp or ""
        moment = datetime.fromisoformat(text)
    except (InputError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _plans_of(
    path: Path,
    result: _Result,
    by_hash: Mapping[str, _PlanFile],
    plans: Sequence[_PlanFile],
    results: Sequence[tuple[Path, _Result]],
) -> dict[str, Path]:
    """Return the plans of a result's projects: those with the hash that it tells, else the one that lies alone beside it."""
    told = dict(result.hashes.plans) if result.hashes else {}
    listed = [one for one in result.inputs if one.kind == InputKind.PLAN]
    for project in result.projects:
        same = [one for one in listed if one.path == project.path or one.path.endswith(f"/{project.path}")]
        if project.name not in told and (same or len(listed) == len(result.projects) == 1):
            told[project.name] = (same or listed)[0].sha256
    found: dict[str, Path] = {}
    for project in result.projects:
        if one := by_hash.get(told.get(project.name, "")):
            found[project.name] = one.path
        elif project.name in told and _hash_of(Path(project.path)) == told[project.name]:
            found[project.name] = Path(project.path)  # where it was when the run read it
    beside = [one for one in plans if one.path.parent == path.parent]
    alone = len(beside) == 1 and sum(other.parent == path.parent for other, _ in results) == 1
    if not told and alone and len(result.projects) == 1:
        found[result.projects[0].name] = beside[0].path
    return found


def _hash_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):  # ValueError: a path that cannot be one
        return ""


def _project_of(path: Path, places: Sequence[Path], projects: Sequence[str]) -> str:
    """Return the project that a plan belongs to: the nearest of its folders, or its file, that is called as one."""
    for name in (path.stem, *(folder.name for folder in path.parents)):
        if name in projects:
            return name
    place = next(one for one in places if path == one or path.is_relative_to(one))
    return path.name if path == place else path.relative_to(place).as_posix()
