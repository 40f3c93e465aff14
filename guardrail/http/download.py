"""Downloads to files: nothing is fetched twice, what was cut goes on, and a file is whole or not there."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import shutil
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import requests

from guardrail.errors import NetworkError
from guardrail.http.response import StatusError, UnansweredError, place
from guardrail.http.retry import TRIES
from guardrail.http.session import Asked, Session

Progress = Callable[[int, int | None], None]
"""Told the bytes that have come and all that will, if the server says so."""

_PARTIAL, _NOT_MODIFIED, _PAST_THE_END = 206, 304, 416


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that is there. `changed`: whether this call brought it, or the server said that ours is still good."""

    path: Path
    changed: bool


@dataclass(frozen=True, slots=True)
class _Version:
    """Which version of which address a file holds, and its size in bytes."""

    url: str
    etag: str = ""
    last_modified: str = ""
    encoding: str = ""
    size: int = -1

    @property
    def validator(self) -> str:
        """What tells this version from any other, byte by byte: "" if nothing does."""
        return self.last_modified if self.etag.startswith("W/") or not self.etag else self.etag


def download(session: Session, url: str, path: Path, *, progress: Progress | None = None) -> Downloaded:
    """Bring the file at `url` to `path`, which is replaced once the new one is whole.

    Beside it lie, hidden, a note of its version, for conditional requests, and, if a download was cut, the part that
    came: the next call goes on from there, if the server can and the file is still the same. What the server
    compresses for the way is stored plain. Raises NetworkError; then the file that was there is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    transfer = _Transfer(session, url, path, progress or (lambda _received, _total: None))
    fruitless, furthest = 0, transfer.received
    while True:
        try:
            return transfer.run()
        except UnansweredError:
            fruitless = 0 if transfer.received > furthest else fruitless + 1
            furthest = max(furthest, transfer.received)
            if fruitless >= TRIES or not session.patience.wait(session.patience.back_off(fruitless)):
                raise
        except OSError as error:
            transfer.drop()
            raise NetworkError(f"cannot be written: {error.strerror}", where=str(path)) from None


class _Transfer:
    """One file on its way."""

    def __init__(self, session: Session, url: str, path: Path, progress: Progress) -> None:
        self.session, self.url, self.path, self.progress = session, url, path, progress
        self.note = path.with_name(f".{path.name}.version")
        self.part = path.with_name(f".{path.name}.part")
        self.part_note = path.with_name(f".{path.name}.part.version")

    @property
    def received(self) -> int:
        """Bytes of the part that has come."""
        return self.part.stat().st_size if self.part.is_file() else 0

    def drop(self) -> None:
        """Forget the part that has come."""
        for file in (self.part, self.part_note):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)

    def run(self) -> Downloaded:
        """Ask once, and bring what comes."""
        partial = _read(self.part_note, self.url)
        if not self.received or partial is None or not partial.validator:
            self.drop()
            partial = None
        asked = Asked("GET", self.url, {"Accept-Encoding": "gzip", **self._conditions(partial)})
        try:
            answer = self.session.open(asked)
        except StatusError as error:
            if error.status != _PAST_THE_END or partial is None:
                raise
            self.drop()
            return self.run()
        with closing(answer):
            if answer.status_code == _NOT_MODIFIED:
                return Downloaded(self.path, changed=False)
            version = self._receive(answer, asked)
        self._finish(version)
        return Downloaded(self.path, changed=True)

    def _conditions(self, partial: _Version | None) -> Mapping[str, str]:
        if partial:
            return {"Range": f"bytes={self.received}-", "If-Range": partial.validator}
        ours = _read(self.note, self.url)
        if ours is None or not self.path.is_file() or self.path.stat().st_size != ours.size:
            return {}
        found = {"If-None-Match": ours.etag, "If-Modified-Since": ours.last_modified}
        return {name: value for name, value in found.items() if value}

    def _receive(self, answer: requests.Response, asked: Asked) -> _Version:
        """Append the body to what is there, or begin anew where the server sends all of it."""
        start = self.received
        going_on = answer.status_code == _PARTIAL and _start(answer) == start
        if not going_on:
            self.drop()
            start = 0
            if answer.status_code == _PARTIAL:
                raise UnansweredError("another part was sent than was asked for", where=place(self.url))
        length = answer.headers.get("content-length", "")
        total = start + int(length) if length.isdecimal() else None
        version = _Version(
            self.url,
            answer.headers.get("etag", ""),
            answer.headers.get("last-modified", ""),
            answer.headers.get("content-encoding", "").lower(),
        )
        _write(self.part_note, version)
        with self.part.open("ab" if going_on else "wb") as file:
            received = start
            for data in self.session.raw_parts(answer, asked):
                file.write(data)
                received += len(data)
                self.progress(received, total)
        if total is not None and received != total:
            raise UnansweredError(f"{received} bytes came of {total}", where=place(self.url))
        return version

    def _finish(self, version: _Version) -> None:
        """Put the file into its place, and note which version it is."""
        whole = self.part
        if version.encoding == "gzip":
            whole = self.path.with_name(f".{self.path.name}.plain")
            try:
                with gzip.open(self.part) as packed, whole.open("wb") as plain:
                    shutil.copyfileobj(packed, plain, 1 << 20)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                whole.unlink(missing_ok=True)
                self.drop()
                raise NetworkError("what came is damaged: not gzip as the server says", where=place(self.url)) from None
        elif version.encoding not in {"", "identity"}:
            self.drop()
            raise NetworkError(
                f"compressed as {version.encoding[:20]!r}, which was not asked for", where=place(self.url)
            )
        size = whole.stat().st_size
        whole.replace(self.path)
        _write(self.note, _Version(version.url, version.etag, version.last_modified, size=size))
        self.drop()


def _start(answer: requests.Response) -> int | None:
    match = re.match(r"bytes (\d{1,18})-", answer.headers.get("content-range", ""))
    return int(match[1]) if match else None


def _read(note: Path, url: str) -> _Version | None:
    """Return the version that a note tells of, if it is of this address."""
    try:
        version = _Version(**json.loads(note.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return version if version.url == url else None


def _write(note: Path, version: _Version) -> None:
    beside = note.with_name(f"{note.name}.new")
    beside.write_text(json.dumps(asdict(version)), encoding="utf-8")
    beside.replace(note)
