"""Where vendors' price lists come from: their hosts, a mirror of them, or a folder of downloaded files."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import shutil
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from msgspec import Struct

from guardrail.errors import CatalogError, NetworkError
from guardrail.http import Session, StatusError, download
from guardrail.http.download import Progress

_BAD_REQUEST, _NOT_FOUND = 400, 404
_KEPT_SECONDS = 12 * 3600
_MAX_PAGES = 20_000  # of one list; a server that never ends one is at fault


class Feed(Protocol):
    """One vendor's files and pages."""

    def file(self, *paths: str) -> Path:
        """Bring a file and return where it lies: the first of `paths` that there is. Raises GuardrailError."""
        ...

    def pages(self, path: str, folder: str, following: Callable[[Any], str]) -> Iterator[tuple[Any, str]]:
        """Give each page of a list, and the day on which it held.

        path       of the first page; `following` finds the next one's in a page, "" after the last
        folder     where the pages lie as files (*.json) if there is no server
        """
        ...


class Host(Struct, frozen=True):
    """A vendor's server, or a mirror that answers as it does. Downloads lie in `folder` until the sync is done."""

    base: str
    folder: Path
    now: datetime
    progress: Callable[[str], Progress]
    session: Session

    @classmethod
    def at(
        cls, base: str, folder: Path, now: datetime, secrets: Mapping[str, str], progress: Callable[[str], Progress]
    ) -> Host:
        """Return a server that is spoken to in one session, whose connection is kept."""
        return cls(base, folder, now, progress, Session(base, secrets=secrets, timeout=60.0))

    def file(self, *paths: str) -> Path:
        """Download a file, going on where an earlier run was cut."""
        for path in paths:
            target = self.folder.joinpath(
                *(quote(part, safe=" ") for part in path.split("/") if part not in {"", ".", ".."})
            )
            try:
                return download(self.session, self.base + path, target, progress=self.progress(path)).path
            except NetworkError as error:
                absent = isinstance(error, StatusError) and error.status == _NOT_FOUND
                if not absent or path == paths[-1]:
                    raise _explained(error) from None
        raise NetworkError("nothing to download", where=self.base)

    def pages(self, path: str, folder: str, following: Callable[[Any], str]) -> Iterator[tuple[Any, str]]:
        """Ask for page after page. The next page's address is taken on this host, whichever host it names.

        A page that was taken is kept until the sync is done, for one that is cut to go on from there.
        """
        tell, earlier_pages = self.progress(folder), KeptPages(self.folder)
        seen: set[str] = set()
        received = 0
        # A server that leads back to a page that it has given would never end.
        while path and path not in seen:
            seen.add(path)
            if len(seen) > _MAX_PAGES:
                raise NetworkError("the price list has too many pages", where=self.base)
            held = earlier_pages.find(self.base + path)
            try:
                response = None if held else self.session.send("GET", self.base + path)
                page, day = held or (response.json() if response else None, f"{self.now:%Y-%m-%d}")
            except NetworkError as error:
                if isinstance(error, StatusError) and error.status == _BAD_REQUEST:
                    earlier_pages.clear()  # an address in them that leads nowhere any more
                raise _explained(error) from None
            yield page, day
            if response:
                earlier_pages.keep(self.base + path, response.body, day)
                received += len(response.body)
                tell(received, None)
            parts = urlsplit(following(page))
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path


class KeptPages(Struct, frozen=True):
    """Pages of lists that a sync which was cut has taken, for half a day. `folder` is that of a vendor's downloads."""

    folder: Path

    def find(self, url: str) -> tuple[Any, str] | None:
        """Return a page and the day on which it held, if it is kept and not too old."""
        file = self._file(url)
        try:
            if not 0 <= time.time() - file.stat().st_mtime < _KEPT_SECONDS:
                return None
            day, _, body = gzip.decompress(file.read_bytes()).partition(b"\n")
            return json.loads(body), day.decode()
        except (OSError, EOFError, ValueError, zlib.error):
            return None

    def keep(self, url: str, body: bytes, day: str) -> None:
        """Keep a page. That the disk is full is no reason to stop: the next sync then asks for it again."""
        file = self._file(url)
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_suffix(".new")
            beside.write_bytes(gzip.compress(f"{day}\n".encode() + body, 1))
            beside.replace(file)

    def clear(self) -> None:
        """Throw all of them away."""
        clear(self.folder / "pages")

    def _file(self, url: str) -> Path:
        return self.folder / "pages" / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.gz"


class Folder(Struct, frozen=True):
    """Files that somebody downloaded: the same paths as on the vendor's host, pages of a list as *.json files."""

    root: Path

    def file(self, *paths: str) -> Path:
        """Return the first of the files that is there."""
        for path in paths:
            found = self.root.joinpath(*(part for part in path.split("/") if part not in {"", ".", ".."}))
            if found.is_file():
                return found
        raise CatalogError(
            f"the folder has no {paths[0].lstrip('/')}",
            where=str(self.root),
            fix="download it from the vendor to that path",
        )

    def pages(self, path: str, folder: str, following: Callable[[Any], str]) -> Iterator[tuple[Any, str]]:  # noqa: ARG002 - files have no addresses
        """Read the files of a folder, in the order of their names."""
        for file in sorted((self.root / folder).glob("*.json")):
            try:
                page = json.loads(file.read_bytes())
            except (OSError, ValueError, RecursionError):
                raise CatalogError("not a page of a price list", where=str(file), fix="download it again") from None
            yield page, f"{datetime.fromtimestamp(file.stat().st_mtime, UTC):%Y-%m-%d}"


def clear(folder: Path) -> None:
    """Throw away what was downloaded, once it is in the catalog."""
    shutil.rmtree(folder, ignore_errors=True)


def _explained(error: NetworkError) -> NetworkError:
    """Say what people can do about what a vendor's server did."""
    fixes = {
        401: "check the key",
        403: "check the key, and whether a proxy lets this machine reach the host",
        404: "the list has moved or the mirror does not have it: update guardrail, or check --from",
        429: "run it again in some minutes: what has come is not lost",
    }
    status = error.status if isinstance(error, StatusError) else 0
    fix = error.fix or fixes.get(status, "run it again: what has come is not lost; the old prices stay")
    return NetworkError(error.what, where=error.where, fix=fix)
