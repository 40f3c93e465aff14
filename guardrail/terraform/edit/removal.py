"""Removal of a resource's block from the text of a configuration, where nothing else speaks of it."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

from guardrail.terraform.edit.edited_files import CannotEditError, EditedFiles, StillMentionedError
from guardrail.terraform.edit.layout import Patch
from guardrail.terraform.language.syntax.nodes import Block

_COMMENT = re.compile(rb"\s*(?:#|//)")
_PART_OF_NAME = re.compile(rb"[\w.-]")


def removed(texts: EditedFiles, folder: Path, files: tuple[str, ...], labels: tuple[str, str], file: Path) -> None:
    """Remove the block of a resource, with the comment right above it, from a text.

    `folder`, `files`: all of its module. Raises CannotEditError where they speak of it elsewhere, which would then be broken.
    """
    block = texts.resource(file, *labels)
    type_, name = (re.escape(label.encode()) for label in labels)
    # Each begins with literal text, which is found fast: every block that goes looks through all files.
    mentions = (
        re.compile(type_ + rb"\." + name + rb"(?![\w-])"),
        re.compile(rb'resource\s+"?' + type_ + rb'"?\s+"?' + name + rb'"?\s*\{'),
    )
    for one in files:
        text = texts.text(folder / one)
        for found in chain.from_iterable(mention.finditer(text) for mention in mentions):
            if _PART_OF_NAME.fullmatch(text[found.start() - 1 : found.start()]):
                continue
            line = text.count(b"\n", 0, found.start()) + 1
            is_own = folder / one == file and block.start <= found.start() < block.end
            if not is_own and not _COMMENT.match(text[text.rfind(b"\n", 0, found.start()) + 1 :]):
                raise StillMentionedError(f"{one}:{line} speaks of it: remove both by hand")
    texts.remove(file, _whole_lines(texts.text(file), block))


def _whole_lines(text: bytes, block: Block) -> Patch:
    """Return the removal of a block's lines, the comment right above it, and one of the empty lines around it."""
    start, end = text.rfind(b"\n", 0, block.start) + 1, text.find(b"\n", block.end) + 1 or len(text)
    if text[start : block.start].strip() or text[block.end : end].strip():
        raise CannotEditError("other things are written in its lines")
    while start and _COMMENT.match(above := text[text.rfind(b"\n", 0, start - 1) + 1 : start]):
        start -= len(above)
    after = text.find(b"\n", end) + 1 or len(text)
    if not text[end:after].strip():
        end = after
    if end == len(text):
        while start and not (above := text[text.rfind(b"\n", 0, start - 1) + 1 : start]).strip():
            start -= len(above)
    return Patch(start, end, "")
