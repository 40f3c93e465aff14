"""A ledger in an object store: Amazon S3, Google Cloud Storage, Azure Blob Storage."""

from __future__ import annotations

import hashlib
from pathlib import Path

from guardrail.data import cache_dir
from guardrail.errors import ConfigError, InputError
from guardrail.ledger.store import Folder

_SCHEMES = ("s3", "gs", "az", "abfs", "abfss")


class ObjectStore:
    """A ledger below a prefix. Credentials and region are those of the environment, as the vendor's own tools read them.

    What is read is kept on this machine: a fact never changes, so that each is fetched once.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        scheme = where.partition("://")[0]
        if scheme not in _SCHEMES:
            known = ", ".join(f"{name}://" for name in _SCHEMES)
            raise ConfigError("is no address of an object store", where=where, fix=f"one of {known}, or a folder")
        try:
            import obstore  # noqa: PLC0415 - an extra
            from obstore.store import from_url  # noqa: PLC0415
        except ImportError:
            raise ConfigError(
                "a ledger in an object store needs obstore", fix="pip install 'guardrail-finops[cloud]'"
            ) from None
        self._api = obstore
        self._fault = (obstore.exceptions.BaseError, OSError)
        try:
            self._store = from_url(where)
        except (*self._fault, ValueError) as error:
            raise ConfigError(f"cannot be opened: {_said(error)}", where=where) from None

    def put(self, path: str, data: bytes) -> bool:
        """Write a file if it is not there yet, which the store itself decides. Raises ConfigError."""
        try:
            self._api.put(self._store, path, data, mode="create")
        except self._api.exceptions.AlreadyExistsError:
            return False
        except self._fault as error:
            raise ConfigError(f"cannot be written: {_said(error)}", where=f"{self.where}/{path}") from None
        return True

    def read(self, path: str) -> bytes:
        """Return a file. Raises InputError."""
        try:
            return bytes(self._api.get(self._store, path).bytes())
        except self._fault as error:
            raise InputError(f"cannot be read: {_said(error)}", where=f"{self.where}/{path}") from None

    def paths(self, prefix: str = "") -> list[str]:
        """Return the paths of the files below a folder, sorted. Raises InputError."""
        try:
            found = [one["path"] for batch in self._api.list(self._store, prefix or None) for one in batch]
        except self._fault as error:
            raise InputError(f"cannot be listed: {_said(error)}", where=self.where) from None
        return sorted(found)

    def remove(self, path: str) -> None:
        """Remove a file. Raises ConfigError."""
        try:
            self._api.delete(self._store, path)
        except FileNotFoundError:
            return
        except self._fault as error:
            raise ConfigError(f"cannot be removed: {_said(error)}", where=f"{self.where}/{path}") from None

    def folder(self, paths: list[str]) -> Path:
        """Return a folder of this machine's cache with these files in it, those that are missing fetched."""
        name = hashlib.sha256(self.where.encode()).hexdigest()[:16]
        kept = Folder(cache_dir() / "ledgers" / name)
        for path in paths:
            if not (kept.root / path).exists():
                kept.put(path, self.read(path))
        return kept.root


def _said(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
