"""The texts of a configuration's files while they are edited; the files themselves stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from guardrail.terraform.edit.layout import Patch, patched
from guardrail.terraform.edit.second_reader import still_reads
from guardrail.terraform.language.syntax import ParsedFile, parse_file
from guardrail.terraform.language.syntax.nodes import Block, Body

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class CannotEditError(Exception):
    """Why something cannot be edited, in words that follow a colon."""


class StillMentionedError(CannotEditError):
    """Where the configuration speaks of what is to go, so that it may be used there."""


class EditedFiles:
    """Texts by file, read when they are first asked for. `changes` tells what has become of those that were edited."""

    def __init__(self, edited: Mapping[Path, bytes] | None = None) -> None:
        self._read: dict[Path, bytes] = {}
        self._edited: dict[Path, bytes] = dict(edited or {})

    def block(self, file: Path, type_: str, *labels: str) -> Body:
        """Return the body of a block as it is now. Raises CannotEditError where it cannot be edited."""
        parsed = self._parsed(file)
        for block in parsed.body.blocks_of(type_):
            if block.labels == labels:
                return block.body
        reason = f"cannot be read: {parsed.faults[0].message}" if parsed.faults else "has no"
        raise CannotEditError(f"{file.name} {reason} {' '.join((type_, *labels))}")

    def resource(self, file: Path, type_: str, name: str) -> Block:
        """Return the block of a resource as it is now. Raises CannotEditError where it is not there, or cannot be edited."""
        parsed = self._parsed(file)
        found = next((one for one in parsed.body.blocks_of("resource") if one.labels == (type_, name)), None)
        if found is None:
            raise CannotEditError(f"{file.name} has no resource {type_} {name}")
        return found

    def text(self, file: Path) -> bytes:
        """Return a text as it is now, without the mark of its byte order. Raises CannotEditError where it cannot be read."""
        text = self._edited[file] if file in self._edited else self._original(file)
        return text.removeprefix(_BYTE_ORDER_MARK)

    def remove(self, file: Path, patch: Patch) -> None:
        """Take one block out of a text. Raises CannotEditError where more than that would go, or the rest could not be read."""
        before = self._parsed(file)
        text = patched(before.source.text, [patch])
        after = _parsed(file.name, text)
        if len(after.faults) > len(before.faults) or len(_names(after)) != len(_names(before)) - 1:
            raise CannotEditError(f"an edit would break {file.name}")
        self._keep(file, text)

    def insert(self, file: Path, patch: Patch, names: Sequence[tuple[str, ...]]) -> None:
        """Put blocks with these names into a text. Raises CannotEditError where one is there, or the whole could not be read."""
        before = self._parsed(file)
        text = patched(before.source.text, [patch])
        after = _parsed(file.name, text)
        if taken := next((name for name in names if name in _names(before)), None):
            raise CannotEditError(f"{file.name} has another {'.'.join(taken[1:])}")
        if len(after.faults) > len(before.faults) or sorted(_names(after)) != sorted([*_names(before), *names]):
            raise CannotEditError(f"an edit would break {file.name}")
        self._keep(file, text)

    def _keep(self, file: Path, text: bytes) -> None:
        mark = _BYTE_ORDER_MARK if self._original(file).startswith(_BYTE_ORDER_MARK) else b""
        self._edited[file] = mark + text

    def locals(self, file: Path) -> list[Body]:
        """Return the bodies of the blocks of local values in a file. Raises CannotEditError."""
        return [block.body for block in self._parsed(file).body.blocks_of("locals")]

    def values(self, file: Path) -> Body:
        """Return what a file of values says. Raises CannotEditError."""
        parsed = self._parsed(file)
        if parsed.faults:
            raise CannotEditError(f"{file.name} cannot be read: {parsed.faults[0].message}")
        return parsed.body

    def patch(self, file: Path, patches: Iterable[Patch]) -> None:
        """Apply patches to a text. Raises CannotEditError where what comes of it cannot be read any more."""
        before = self._parsed(file)
        text = patched(before.source.text, patches)
        after = _parsed(file.name, text)
        # An edit is within a block, so what stands at the top of the file has to be what it was.
        if (
            len(after.faults) > len(before.faults)
            or _names(after) != _names(before)
            or not still_reads(before.source.text, text)
        ):
            raise CannotEditError(f"an edit would break {file.name}")
        self._keep(file, text)

    def copy(self) -> EditedFiles:
        """Return another that can be edited without this one."""
        other = EditedFiles(self._edited)
        other._read = self._read
        return other

    @property
    def changes(self) -> dict[Path, tuple[str, str]]:
        """The files whose text has changed: what it was, and what it is now."""
        pairs = {file: (self._original(file), text) for file, text in sorted(self._edited.items())}
        return {file: (old.decode(), new.decode()) for file, (old, new) in pairs.items() if old != new}

    def _parsed(self, file: Path) -> ParsedFile:
        if file.name.endswith(".json"):
            raise CannotEditError(f"{file.name} is in JSON syntax, which is not edited")
        return _parsed(file.name, self.text(file))

    def _original(self, file: Path) -> bytes:
        if file not in self._read:
            try:
                text = file.read_bytes()
                text.decode()
            except OSError as error:
                raise CannotEditError(f"{file.name} cannot be read: {error.strerror}") from None
            except UnicodeDecodeError:
                raise CannotEditError(f"{file.name} is not UTF-8 text") from None
            self._read[file] = text
        return self._read[file]


@lru_cache(maxsize=32)  # each attempt at an edit asks for the files that it touches several times
def _parsed(name: str, text: bytes) -> ParsedFile:
    return parse_file(name, text)


def _names(parsed: ParsedFile) -> list[tuple[str, ...]]:
    """Return what there is at the top of a file."""
    return [*((name,) for name in parsed.body.attributes), *((one.type, *one.labels) for one in parsed.body.blocks)]
