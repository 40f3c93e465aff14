"""Where the blocks of a file stand, so that an edit of one has to parse that one alone."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property, lru_cache

from msgspec import Struct

from guardrail.terraform.edit.layout import Patch
from guardrail.terraform.language.syntax import parse_file, parse_part
from guardrail.terraform.language.syntax.nodes import Block, Body, Source

Name = tuple[str, ...]
"""The type of a block and its labels."""


class Outline(Struct, frozen=True, dict=True):
    """The blocks at the top of a file without faults, in order: their names, and the bytes where they begin and end."""

    names: tuple[Name, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @cached_property
    def places(self) -> dict[Name, int]:
        """Name -> which block has it, the first one where there are several."""
        return {name: place for place, name in reversed(list(enumerate(self.names)))}

    def body(self, source: Source, place: int) -> Body | None:
        """Return a body with this block alone; None where it is not what it was said to be."""
        start, end = self.starts[place], self.ends[place]
        body = parse_part(source, start, end)
        if body is None or body.attributes or [name_of(one) for one in body.blocks] != [self.names[place]]:
            return None
        return body if (body.blocks[0].start, body.blocks[0].end) == (start, end) else None

    def around(self, patches: Sequence[Patch]) -> int | None:
        """Return which block has all patches within its braces; None where they are elsewhere."""
        place = bisect_right(self.starts, patches[0].start) - 1 if patches else -1
        if place < 0:
            return None
        start, end = self.starts[place], self.ends[place]
        return place if all(start < one.start and one.end < end for one in patches) else None

    def within(self, patch: Patch) -> int | None:
        """Return which block a patch replaces as a whole, and no part of another; None where that is none, or several."""
        place = bisect_left(self.starts, patch.start)
        if place == len(self.starts) or patch.end < self.ends[place]:
            return None
        others = (*self.ends[:place][-1:], patch.start, patch.end, *self.starts[place + 1 :][:1])
        return place if list(others) == sorted(others) else None

    def gap(self, place: int, size: int) -> tuple[int, int]:
        """Return where the text between the neighbours of a block begins and ends, of a file that has so many bytes."""
        begin = self.ends[place - 1] if place else 0
        return begin, self.starts[place + 1] if place + 1 < len(self.starts) else size

    def grown(self, place: int, size: int) -> Outline:
        """Return it after a block has become longer, or shorter, by so many bytes."""
        starts, ends = self.starts, self.ends
        moved = Outline(
            self.names,
            (*starts[: place + 1], *(one + size for one in starts[place + 1 :])),
            (*ends[:place], *(one + size for one in ends[place:])),
        )
        moved.__dict__["places"] = self.places  # the names are the same
        return moved

    def without(self, place: int, size: int) -> Outline:
        """Return it after a block has been taken out, with what stood around it: so many bytes."""
        return Outline(
            (*self.names[:place], *self.names[place + 1 :]),
            (*self.starts[:place], *(one - size for one in self.starts[place + 1 :])),
            (*self.ends[:place], *(one - size for one in self.ends[place + 1 :])),
        )

    def with_blocks(self, body: Body, size: int) -> Outline:
        """Return it after so many bytes with the blocks of a body have been put between two blocks."""
        place = bisect_right(self.starts, body.start)
        return Outline(
            (*self.names[:place], *map(name_of, body.blocks), *self.names[place:]),
            (*self.starts[:place], *(one.start for one in body.blocks), *(one + size for one in self.starts[place:])),
            (*self.ends[:place], *(one.end for one in body.blocks), *(one + size for one in self.ends[place:])),
        )


def name_of(block: Block) -> Name:
    """Return the type of a block and its labels."""
    return (block.type, *block.labels)


@lru_cache(maxsize=32)  # each attempt begins with the same texts
def outline_of(name: str, text: bytes) -> Outline | None:
    """Return where the blocks of a file stand; None for one with faults, or with anything but blocks: it is parsed as a whole."""
    parsed = parse_file(name, text)
    blocks = parsed.body.blocks
    if parsed.faults or parsed.body.attributes:
        return None
    return Outline(tuple(map(name_of, blocks)), tuple(one.start for one in blocks), tuple(one.end for one in blocks))
