"""A ledger in an object store: Amazon S3, Google Cloud Storage, Azure Blob Storage."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from guardrail.data import cache_dir
from guardrail.errors import ConfigError, InputError
from guardrail.ledger.storage.store import Folder

if TYPE_CHECKING:
    from obstore.store import RetryConfig

_VENDORS = {"s3": "AWS", "gs": "GOOGLE", "az": "AZURE", "abfs": "AZURE", "abfss": "AZURE"}
"""What the names of an environment's variables begin with, by the scheme of an address."""

# A request of its own ends after 30 seconds, or what {vendor}_TIMEOUT says: that is obstore's. One that is answered by an
# error of the server, or that only reads, is tried again, so that a store that hangs is given up after 90 seconds.
RETRIES: RetryConfig = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=5), "base": 2},
}

_STATUS = re.compile(r"status code: (?P<status>\d{3}[ A-Za-z]*)")
_CODE = re.compile(r"<Code>(\w+)</Code>")
# Where a machine in a cloud is asked for credentials.
_METADATA = re.compile(r"169\.254\.169\.254|metadata\.google\.internal")


class ObjectStore:
    """A ledger below a prefix. Credentials and region are those of the environment, as the vendor's own tools read them.

    What is read is kept on this machine: a fact never changes, so that each is fetched once.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        scheme = where.partition("://")[0]
        if scheme not in _VENDORS:
            known = ", ".join(f"{name}://" for name in _VENDORS)
            raise ConfigError("is no address of an object store", where=where, fix=f"one of {known}, or a folder")
        self._vendor = _VENDORS[scheme]
        try:
            import obstore  # noqa: PLC0415 - an extra
            from obstore.store import from_url  # noqa: PLC0415
        except ImportError:
            raise ConfigError("an object store needs obstore", fix="pip install 'guardrail-finops[cloud]'") from None
        self._api = obstore
        self._fault = (obstore.exceptions.BaseError, OSError)
        try:
            self._store = from_url(where, retry_config=RETRIES)
        except (*self._fault, ValueError) as error:
            raise ConfigError(f"cannot be opened: {_first_line(error)}", where=where) from None

    def put(self, path: str, data: bytes, *, replace: bool = False) -> bool:
        """Write a file if it is not there yet, which the store itself decides, or in any case. Raises ConfigError."""
        try:
            self._api.put(self._store, path, data, mode="overwrite" if replace else "create")
        except self._api.exceptions.AlreadyExistsError:
            return False
        except self._fault as error:
            said, fix = self._said(error)
            raise ConfigError(f"cannot be written: {said}", where=f"{self.where}/{path}", fix=fix) from None
        return True

    def read(self, path: str) -> bytes:
        """Return a file. Raises InputError."""
        try:
            return bytes(self._api.get(self._store, path).bytes())
        except self._fault as error:
            said, fix = self._said(error)
            raise InputError(f"cannot be read: {said}", where=f"{self.where}/{path}", fix=fix) from None

    def paths(self, prefix: str = "") -> list[str]:
        """Return the paths of the files below a folder, sorted. Raises InputError."""
        return sorted(self.versions(prefix))

    def versions(self, prefix: str = "") -> dict[str, str]:
        """Return what tells the contents of each file below a folder from others (its ETag), "" where the store does not say.

        Raises InputError.
        """
        try:
            listed = [one for batch in self._api.list(self._store, prefix or None) for one in batch]
        except self._fault as error:
            said, fix = self._said(error)
            raise InputError(f"cannot be listed: {said}", where=self.where, fix=fix) from None
        return {one["path"]: one["e_tag"] or "" for one in listed}

    def remove(self, path: str) -> None:
        """Remove a file. Raises ConfigError."""
        try:
            self._api.delete(self._store, path)
        except FileNotFoundError:
            return
        except self._fault as error:
            said, fix = self._said(error)
            raise ConfigError(f"cannot be removed: {said}", where=f"{self.where}/{path}", fix=fix) from None

    def folder(self, paths: list[str]) -> Path:
        """Return a folder of this machine's cache with these files in it, those that are missing fetched."""
        name = hashlib.sha256(self.where.encode()).hexdigest()[:16]
        kept = Folder(cache_dir() / "ledgers" / name)
        for path in paths:
            if not (kept.root / path).exists():
                kept.put(path, self.read(path))
        return kept.root

    def _said(self, error: Exception) -> tuple[str, str]:
        """Return what a store, or the way to it, has answered, and what to do, "" where that is not known."""
        text = str(error)
        if _METADATA.search(text):
            return "there are no credentials for it", f"set those of {self._vendor} in the environment"
        if status := _STATUS.search(text):
            code = _CODE.search(text)
            said = f"the store says {status['status'].strip()}{f', {code[1]}' if code else ''}"
            if status["status"].startswith(("401", "403")):
                return said, "see what the credentials in the environment may do there"
            return said, "see that the bucket or container is there" if status["status"].startswith("404") else ""
        if "HTTP error" in text:
            return "the store does not answer", f"{self._vendor}_TIMEOUT=5m lets a request take longer than 30 seconds"
        return _first_line(error), ""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
