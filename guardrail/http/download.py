"""Downloads to files: nothing is fetched twice, what was cut goes on, and a file is whole or not there."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import requests
from msgspec import Struct
from msgspec.structs import asdict

from guardrail.errors import NetworkError
from guardrail.http.compression import unpacked
from guardrail.http.deadline import Deadline
from guardrail.http.response import StatusError, UnansweredError, place
from guardrail.http.retry import Retries
from guardrail.http.session import Asked, Session

Progress = Callable[[int, int | None], None]
"""Told the bytes that have come and all that will, if the server says so."""

DOWNLOAD_SECONDS = 1800.0
"""What one download may take, cuts, waits and further tries included."""
_MAX_BYTES = 4_000_000_000  # of one file, as it comes and as it is stored
_PART = 1 << 16  # bytes read at a time
_PARTIAL, _NOT_MODIFIED, _PAST_THE_END = 206, 304, 416


class Downloaded(Struct, frozen=True):
    """A file that is there. `changed`: whether this call brought it, or the server said that ours is still good."""

    path: Path
    changed: bool


class _Version(Struct, frozen=True):
    """Which version of which address a file holds, and its size in bytes."""

    url: str
    etag: str = ""
    last_modified: str = ""
    encoding: str = ""
    size: int = -1

    @property
    def validator(self) -> str:
        """What tells this version from any other, byte by byte: "" if nothing does.

        A weak ETag (W/) is the same for files that only mean the same, so parts of them must not be put together.
        """
        return self.last_modified if self.etag.startswith("W/") or not self.etag else self.etag


def download(session: Session, url: str, path: Path, *, progress: Progress | None = None) -> Downloaded:
    """Download the file at `url` to `path`, which is replaced once the new one is whole.

    Beside it lie, hidden, a note of its version, for conditional requests, and, if a download was cut, the part that
    came: the next call goes on from there, if the server can and the file is still the same. What the server
    compresses for the way is stored plain. Raises NetworkError, also where it is not whole after DOWNLOAD_SECONDS or
    larger than any price list; then the file that was there is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = session.deadline.within(DOWNLOAD_SECONDS)
    transfer = _Transfer(session, deadline, url, path, progress or (lambda _received, _total: None))
    retries, furthest = Retries(deadline.clock), transfer.received
    while True:
        try:
            return transfer.run()
        except UnansweredError:
            if transfer.received > furthest:  # it gets on: tries are for a server that does nothing
                retries, furthest = Retries(deadline.clock), transfer.received
            wait = retries.after_failure()
            if wait is None or not deadline.wait(wait):
                raise
        except OSError as error:
            transfer.drop()
            raise NetworkError(f"cannot be written: {error.strerror}", where=str(path)) from None


class _Transfer:
    """One file on its way."""

    def __init__(self, session: Session, deadline: Deadline, url: str, path: Path, progress: Progress) -> None:
        self.session, self.deadline = session, deadline
        self.url, self.path, self.progress = url, path, progress
        self.note = path.with_name(f".{path.name}.version")
        self.part = path.with_name(f".{path.name}.part")
        self.part_note = path.with_name(f".{path.name}.part.version")

    @property
    def received(self) -> int:
        """Bytes of the part that has come."""
        return self.part.stat().st_size if self.part.is_file() else 0

    def drop(self) -> None:
        """Delete the part that has come."""
        for file in (self.part, self.part_note):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)

    def run(self) -> Downloaded:
        """Send one request, and write what comes."""
        partial = _read(self.part_note, self.url)
        if not self.received or partial is None or not partial.validator:
            self.drop()
            partial = None
        asked = Asked("GET", self.url, self._conditions(partial))
        try:
            answer = self.session.open(asked, self.deadline)
        except StatusError as error:
            if error.status != _PAST_THE_END or partial is None:
                raise
            # The part is longer than the file is now.
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
            # 200: the file has changed since, or the server knows no ranges. Another part than was asked for is of no use.
            self.drop()
            start = 0
            if answer.status_code == _PARTIAL:
                raise UnansweredError("the server sent another range than requested", where=place(self.url))
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
                self._bound(received)
                self.progress(received, total)
        if total is not None and received != total:
            raise UnansweredError(f"{received} bytes came of {total}", where=place(self.url))
        return version

    def _finish(self, version: _Version) -> None:
        """Put the file into its place, and note which version it is."""
        whole = self.part
        if version.encoding:
            whole = self.path.with_name(f".{self.path.name}.plain")
            try:
                with self.part.open("rb") as packed, whole.open("wb") as plain:
                    parts = iter(lambda: packed.read(_PART), b"")
                    for data in unpacked(parts, version.encoding, place(self.url)):
                        plain.write(data)
                        self._bound(plain.tell())
            except NetworkError:
                whole.unlink(missing_ok=True)
                self.drop()
                raise
        size = whole.stat().st_size
        whole.replace(self.path)
        _write(self.note, _Version(version.url, version.etag, version.last_modified, size=size))
        self.drop()

    def _bound(self, size: int) -> None:
        if size > _MAX_BYTES:
            self.drop()
            raise NetworkError(f"larger than {_MAX_BYTES:,} bytes", where=place(self.url))


def _start(answer: requests.Response) -> int | None:
    """Return the byte that a part begins at, as its Content-Range says."""
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
    """Write a note whole or not at all: half of one would be taken for none, and everything fetched again."""
    beside = note.with_name(f"{note.name}.new")
    beside.write_text(json.dumps(asdict(version)), encoding="utf-8")
    beside.replace(note)
