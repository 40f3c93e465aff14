"""The texts of a configuration's files while they are edited; the files themselves stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from guardrail.errors import InputError
from guardrail.terraform.blocks import Block, read_blocks
from guardrail.terraform.edit.code import Code, code_of, values_code
from guardrail.terraform.edit.layout import Patch, patched

_BOM = "\ufeff"


class CannotEditError(Exception):
    """Why something cannot be edited, in words that follow a colon."""


class EditedFiles:
    """EditedFiles by file, read when they are first asked for. `changes` tells what has become of those that were edited."""

    def __init__(self, edited: Mapping[Path, str] | None = None) -> None:
        self._read: dict[Path, str] = {}
        self._edited: dict[Path, str] = dict(edited or {})

    def text(self, file: Path) -> str:
        """Return the text of a file as it is now, without a mark of byte order. Raises CannotEditError."""
        return self._edited.get(file, self._original(file)).removeprefix(_BOM)

    def code(self, file: Path, kind: str, *labels: str) -> Code:
        """Return the code of a block. Raises CannotEditError where it cannot be edited."""
        for block in self.blocks(file):
            if (block.kind, *block.labels) == (kind, *labels):
                return _code(block)
        raise CannotEditError(f"{file.name} has no {' '.join((kind, *labels))}")

    def locals(self, file: Path) -> list[Code]:
        """Return the code of the blocks of local values in a file. Raises CannotEditError."""
        return [_code(block) for block in self.blocks(file) if block.kind == "locals"]

    def values(self, file: Path) -> Code:
        """Return the code of a file of values. Raises CannotEditError."""
        if file.name.endswith(".json"):
            raise CannotEditError(f"{file.name} is in JSON syntax, which is not edited")
        return _values(self.text(file), file)

    def blocks(self, file: Path) -> Iterable[Block]:
        """Return the blocks of a file. Raises CannotEditError for JSON syntax."""
        if file.name.endswith(".json"):
            raise CannotEditError(f"{file.name} is in JSON syntax, which is not edited")
        return _blocks(self.text(file), str(file))

    def patch(self, file: Path, patches: Iterable[Patch]) -> None:
        """Apply patches to a text. Raises CannotEditError where what comes of it cannot be read any more."""
        mark = _BOM if self._original(file).startswith(_BOM) else ""
        old, new = self.text(file), patched(self.text(file), patches)
        if is_values(file):
            _values(new, file)
        else:
            before, after = _blocks(old, str(file)), _blocks(new, str(file))
            if [(one.kind, one.labels) for one in before] != [(one.kind, one.labels) for one in after]:
                raise CannotEditError(f"an edit would break {file.name}")
            for was, block in zip(before, after, strict=True):
                if was.text != block.text:
                    _code(block)
        self._edited[file] = mark + new

    def copy(self) -> EditedFiles:
        """Return another that can be edited without this one."""
        other = EditedFiles(self._edited)
        other._read = self._read
        return other

    @property
    def changes(self) -> dict[Path, tuple[str, str]]:
        """The files whose text has changed: what it was, and what it is now."""
        pairs = {file: (self._original(file), text) for file, text in self._edited.items()}
        return {file: pair for file, pair in sorted(pairs.items()) if pair[0] != pair[1]}

    def _original(self, file: Path) -> str:
        if file not in self._read:
            try:
                self._read[file] = file.read_bytes().decode("utf-8")
            except OSError as error:
                raise CannotEditError(f"{file.name} cannot be read: {error.strerror}") from None
            except UnicodeDecodeError:
                raise CannotEditError(f"{file.name} is not UTF-8 text") from None
        return self._read[file]


@lru_cache(maxsize=32)
def _blocks(text: str, name: str) -> tuple[Block, ...]:
    return read_blocks(text, name).blocks


def is_values(file: Path) -> bool:
    """Say whether a file holds values of variables, not blocks."""
    return file.name.endswith(".tfvars")


def _values(text: str, file: Path) -> Code:
    try:
        return values_code(text)
    except InputError as error:
        raise CannotEditError(f"{file.name} {error.what}") from None


def _code(block: Block) -> Code:
    try:
        return code_of(block.text, at=block.start)
    except InputError as error:
        raise CannotEditError(f"the {block.kind} block at line {block.line} of its file {error.what}") from None
