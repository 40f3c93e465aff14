"""The texts of a configuration's files while they are edited; the files themselves stay as they are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from guardrail.terraform.edit.layout import Patch, patched
from guardrail.terraform.edit.outline import Name, Outline, name_of, outline_of
from guardrail.terraform.edit.second_reader import still_reads
from guardrail.terraform.language.syntax import ParsedFile, parse_file, parse_part
from guardrail.terraform.language.syntax.nodes import Block, Body, Source

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
        self._outlines: dict[Path, Outline] = {}  # of edited texts, as far as blocks were edited one by one

    def block(self, file: Path, type_: str, *labels: str) -> Body:
        """Return the body of a block as it is now. Raises CannotEditError where it cannot be edited."""
        if found := self._found(file, (type_, *labels)):
            return found.body
        faults = self._parsed(file).faults
        reason = f"cannot be read: {faults[0].message}" if faults else "has no"
        raise CannotEditError(f"{file.name} {reason} {' '.join((type_, *labels))}")

    def resource(self, file: Path, type_: str, name: str) -> Block:
        """Return the block of a resource as it is now. Raises CannotEditError where it is not there, or cannot be edited."""
        found = self._found(file, ("resource", type_, name))
        if found is None:
            raise CannotEditError(f"{file.name} has no resource {type_} {name}")
        return found

    def says(self, file: Path, name: Name, written: str) -> bool:
        """Return whether a block is there and is written so. Raises CannotEditError where the file cannot be edited."""
        found = self._found(file, name)
        return found is not None and found.text.replace("\r\n", "\n") == written

    def text(self, file: Path) -> bytes:
        """Return a text as it is now, without the mark of its byte order. Raises CannotEditError where it cannot be read."""
        text = self._edited[file] if file in self._edited else self._original(file)
        return text.removeprefix(_BYTE_ORDER_MARK)

    def remove(self, file: Path, patch: Patch) -> None:
        """Take one block out of a text. Raises CannotEditError where more than that would go, or the rest could not be read."""
        text = patched(self.text(file), [patch])
        outline = self._outline(file)
        place = outline.within(patch) if outline else None
        if outline is not None and place is not None:
            left = outline.without(place, patch.end - patch.start)
            begin, end = outline.gap(place, len(self.text(file)))
            # What is left between the two blocks around it is parsed alone: n blocks that go do not parse the file n times.
            rest = parse_part(Source(file.name, text), begin, end - (patch.end - patch.start))
            if rest is not None and not rest.attributes and not rest.blocks:
                self._keep(file, text, left)
                return
        before, after = self._parsed(file), _parsed(file.name, text)
        if len(after.faults) > len(before.faults) or len(_names(after)) != len(_names(before)) - 1:
            raise CannotEditError(f"an edit would break {file.name}")
        self._keep(file, text)

    def insert(self, file: Path, patch: Patch, names: Sequence[Name]) -> None:
        """Put blocks with these names on lines after a block. Raises CannotEditError where one is there, or the whole could not be read."""
        text = self.text(file)
        outline = self._outline(file)
        there = outline.places if outline else set(_names(self._parsed(file)))
        if taken := next((name for name in names if name in there), None):
            raise CannotEditError(f"{file.name} has another {'.'.join(taken[1:])}")
        after = patched(text, [patch])
        if outline and _is_between(text, outline, patch):
            size = len(after) - len(text)
            body = parse_part(Source(file.name, after), patch.start, patch.start + size)
            if body is None or body.attributes or [name_of(one) for one in body.blocks] != [*names]:
                raise CannotEditError(f"an edit would break {file.name}")
            self._keep(file, after, outline.with_blocks(body, size))
            return
        before, parsed = self._parsed(file), _parsed(file.name, after)
        if len(parsed.faults) > len(before.faults) or sorted(_names(parsed)) != sorted([*_names(before), *names]):
            raise CannotEditError(f"an edit would break {file.name}")
        self._keep(file, after)

    def _keep(self, file: Path, text: bytes, outline: Outline | None = None) -> None:
        self._outlines.pop(file, None)
        if outline:
            self._outlines[file] = outline
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
        patches = list(patches)
        outline = self._outline(file)
        place = outline.around(patches) if outline else None
        if outline is not None and place is not None:
            self._patch_block(file, patches, outline, place)
            return
        before = self._parsed(file)
        text = patched(before.source.text, patches)
        after = _parsed(file.name, text)
        # What stands at the top of the file has to be what it was, but for the values.
        if (
            len(after.faults) > len(before.faults)
            or _names(after) != _names(before)
            or not still_reads(before.source.text, text)
        ):
            raise CannotEditError(f"an edit would break {file.name}")
        self._keep(file, text)

    def _patch_block(self, file: Path, patches: Sequence[Patch], outline: Outline, place: int) -> None:
        """Apply patches within one block: it alone is parsed, so that n edits of a file do not parse it n times."""
        before = self.text(file)
        text = patched(before, patches)
        grown = outline.grown(place, len(text) - len(before))
        was, now = (whole[some.starts[place] : some.ends[place]] for whole, some in ((before, outline), (text, grown)))
        if grown.body(Source(file.name, text), place) is None or not still_reads(was, now):
            raise CannotEditError(f"an edit would break {file.name}")
        self._keep(file, text, grown)

    def copy(self) -> EditedFiles:
        """Return another that can be edited without this one."""
        other = EditedFiles(self._edited)
        other._read = self._read
        other._outlines = dict(self._outlines)
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

    def _outline(self, file: Path) -> Outline | None:
        if file.name.endswith(".json"):
            return None
        return self._outlines.get(file) or outline_of(file.name, self.text(file))

    def _found(self, file: Path, name: Name) -> Block | None:
        """Return the first block of a name. Raises CannotEditError where the file cannot be edited."""
        outline = self._outline(file)
        if outline is not None:
            place = outline.places.get(name)
            if place is None:
                return None
            if body := outline.body(Source(file.name, self.text(file)), place):
                return body.blocks[0]
        return next((one for one in self._parsed(file).body.blocks if name_of(one) == name), None)

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


def _is_between(text: bytes, outline: Outline, patch: Patch) -> bool:
    """Return whether a text is added at the end of a block's last line, behind which at most a comment stands."""
    place = bisect_right(outline.starts, patch.start) - 1
    behind = text[outline.ends[place] : patch.start].strip() if place >= 0 else b"?"
    is_in_block = place < 0 or patch.start < outline.ends[place]
    is_line = text[patch.end :].lstrip(b"\r")[:1] in {b"", b"\n"} and b"\n" not in behind
    return not is_in_block and patch.start == patch.end and is_line and (not behind or behind.startswith((b"#", b"//")))


def _names(parsed: ParsedFile) -> list[Name]:
    """Return what there is at the top of a file."""
    return [*((name,) for name in parsed.body.attributes), *map(name_of, parsed.body.blocks)]
