"""Files that a configuration reads, confined to the folder of its checkout."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from guardrail.terraform.language.functions.signature import FunctionError, NotEvaluated

MOST_BYTES = 4_000_000
"""Of a file that is read whole: as many as a text may have characters."""

MOST_HASHED = 256_000_000
"""Of a file that is hashed in a stream, as the package of a function is; it bounds time, not memory."""

_MISSING = (
    "no file exists at {}; this function works only with files that are distributed as part of the configuration "
    "source code, so if this file will be created by a resource in this configuration you must instead obtain this "
    "result from an attribute of that resource"
)


class FileReader(Struct):
    """Reads files below a root.

    root    the folder of the checkout: nothing outside it is read, links followed
    folder  the root module's folder, where relative paths begin, as Terraform is started there
    others  more folders that may be read: those of modules that lie elsewhere
    looked  the files and folders that were asked for, whether they are there or not: what a kept result depends on
    """

    root: Path
    folder: Path
    others: tuple[Path, ...] = ()
    looked: set[Path] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.root = Path(os.path.realpath(self.root))
        self.others = tuple(Path(os.path.realpath(other)) for other in self.others)

    def located(self, path: str) -> Path:
        """Return where a path leads. Raises NotEvaluated outside the root, and for a home folder."""
        if path.startswith("~"):
            raise NotEvaluated(f"the file {path} in a home folder")
        if "\0" in path:  # the system's calls would raise ValueError
            raise FunctionError("invalid path")
        named = Path(os.path.normpath(self.folder / path))
        found = Path(os.path.realpath(named))
        if not any(map(found.is_relative_to, (self.root, *self.others))):
            raise NotEvaluated(f"the file {path}, which is outside of the checkout")
        self.looked.add(named)
        return found

    def kind(self, path: str) -> int | None:
        """Return the mode of what is at a path, None where nothing is."""
        try:
            return self.located(path).stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise NotEvaluated(f"the file {path} ({_reason(error)})") from None

    def content(self, path: str) -> bytes:
        """Return a file's bytes."""
        return b"".join(self._blocks(path, MOST_BYTES))

    def hashed(self, path: str, into: Any) -> Any:
        """Feed a file to a hash object, which is returned."""
        for block in self._blocks(path, MOST_HASHED):
            into.update(block)
        return into

    def _blocks(self, path: str, most: int) -> Iterator[bytes]:
        mode = self.kind(path)
        if mode is None:
            raise FunctionError(_MISSING.format(path))
        # A pipe or a device would never end.
        if not stat.S_ISREG(mode):
            raise FunctionError(f"failed to read file: {path} is not a regular file")
        size = 0
        try:
            with self.located(path).open("rb") as stream:
                while block := stream.read(1 << 20):
                    size += len(block)
                    if size > most:
                        raise NotEvaluated(f"the file {path} of more than {most // 10**6} MB")
                    yield block
        except OSError as error:
            raise NotEvaluated(f"the file {path} ({_reason(error)})") from None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
