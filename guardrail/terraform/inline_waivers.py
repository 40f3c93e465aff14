"""Waivers in comments: `# guardrail:ignore RULE until=2027-01-31 reason="..." by=...` at a resource or a module call.

They stand inside the block or in the comment lines right above it. One at a module call is for all that it brings in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from guardrail.model.finding import Waiver
from guardrail.model.resource import Change
from guardrail.terraform.address import parse, steps
from guardrail.terraform.blocks import Block, Comment
from guardrail.terraform.module_tree import Module, ModuleTree

MARK = "guardrail:ignore"
_WAIVER = re.compile(r"guardrail:ignore\b[ \t]*([^\s=]*)(.*)")
_OPTION = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)')
_NEEDED = 'guardrail:ignore needs a rule, until=YYYY-MM-DD and reason="...": it waives nothing'


class InlineWaivers:
    """Finds the waivers in a configuration. What is wrong with one is said in `remarks`, and it waives nothing."""

    def __init__(self, tree: ModuleTree) -> None:
        self._tree = tree
        self._said: dict[tuple[str, int], list[Waiver]] = {}
        self.remarks: dict[str, None] = {}

    def of(self, changes: Sequence[Change]) -> tuple[Waiver, ...]:
        """Return the waivers of the blocks that resources come from, each for what it covers."""
        found: dict[Waiver, None] = {}
        for change in changes:
            for module, block, covered in self._blocks(change.address):
                for waiver in self._at(module, block):
                    found[replace(waiver, address=covered)] = None
        return tuple(found)

    def _blocks(self, text: str) -> Iterator[tuple[Module, Block, str]]:
        """Walk the blocks that lead to a resource, in modules of the reader's own, and the addresses they cover."""
        address = parse(text)
        module, key = self._tree.module(""), ""
        for so_far, name, _ in steps(address.module) if address else ():
            if module is None or module.remote or (call := module.find("module", name)) is None:
                return
            yield module, call, f"{so_far}.*"
            key = f"{key}.{name}" if key else name
            module = self._tree.module(key)
        block = (
            module.find("resource", address.type, address.name) if address and module and not module.remote else None
        )
        if module and block:
            yield module, block, text

    def _at(self, module: Module, block: Block) -> list[Waiver]:
        place = (block.file, block.line)
        if place not in self._said:
            comments = _comments(module, block)
            self._said[place] = [waiver for comment in comments for waiver in self._read(comment, block)]
        return self._said[place]

    def _read(self, comment: Comment, block: Block) -> Iterator[Waiver]:
        for said in _WAIVER.finditer(comment.text):
            where = f"{block.file}:{comment.line}"
            options = {name: _plain(value) for name, value in _OPTION.findall(said[2])}
            try:
                until = date.fromisoformat(options.get("until", ""))
            except ValueError:
                until = None
            reason = options.get("reason", "").strip()
            if not said[1] or until is None or not reason:
                self.remarks[f"{where}: {_NEEDED}"] = None
                continue
            for rule in filter(None, said[1].split(",")):
                yield Waiver(rule, "", reason, until, options.get("by", ""), where)


def _comments(module: Module, block: Block) -> list[Comment]:
    """Return the comments in a block and right above it; none where no comment of the file is a waiver."""
    file = next(file for file in module.files if file.blocks and file.blocks[0].file == block.file)
    if not any(MARK in comment.text for comment in file.comments):
        return []
    lines = {comment.line: comment for comment in file.comments}
    taken = {line for other in file.blocks for line in (other.line, other.end_line)}
    first = block.line
    while first - 1 in lines and first - 1 not in taken:
        first -= 1
    return [comment for comment in file.comments if first <= comment.line <= block.end_line]


def _plain(value: str) -> str:
    try:
        return str(json.loads(value)) if value.startswith('"') else value
    except ValueError:
        return value.strip('"')
