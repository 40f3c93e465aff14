"""Waivers in comments: `# guardrail:ignore RULE until=2027-01-31 reason="..." by=... up_to=120.00` at a resource or a module call.

They stand inside the block or in the comment lines right above it. One at a module call is for all that it brings in.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter

from msgspec.structs import replace

from guardrail.model.finding import Waiver
from guardrail.model.resource import Change
from guardrail.terraform.address import parse, steps
from guardrail.terraform.configuration.code.files import INLINE_WAIVER
from guardrail.terraform.configuration.code.modules import Modules
from guardrail.terraform.language.syntax import comments
from guardrail.terraform.language.syntax.nodes import Block, Node, Source

_START, _LINE = attrgetter("start"), attrgetter("line")
_WAIVER = re.compile(r"guardrail:ignore\b[ \t]*([^\s=]*)(.*)")
_OPTION = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)')
_AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,2})?")
_AMOUNT_NEEDED = "guardrail:ignore takes up_to as an amount a month, such as up_to=120.00: it waives nothing"
_NEEDED = 'guardrail:ignore needs a rule, until=YYYY-MM-DD and reason="...": it waives nothing'


class InlineWaivers:
    """Finds the waivers in a configuration. What is wrong with one is said in `remarks`, and it waives nothing."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._waivers: dict[tuple[str, int], list[Waiver]] = {}
        self._comments: dict[Source, list[Node]] = {}
        self.remarks: dict[str, None] = {}

    def of(self, changes: Sequence[Change]) -> tuple[Waiver, ...]:
        """Return the waivers of the blocks that resources come from, each for what it covers."""
        found: dict[Waiver, None] = {}
        for change in changes:
            for block, covered in self._blocks(change.address):
                place = (block.source.name, block.start)
                if place not in self._waivers:
                    self._waivers[place] = [one for comment in self._comments_of(block) for one in self._read(comment)]
                for waiver in self._waivers[place]:
                    found[replace(waiver, address=covered)] = None
        return tuple(found)

    def _blocks(self, text: str) -> Iterator[tuple[Block, str]]:
        """Yield the blocks that lead to a resource, and the addresses that a waiver at each of them covers.

        Fetched modules are left out: who wrote them has no say in what may be waived here.
        """
        address = parse(text)
        # A waiver at a call of a module covers all that is in the instance: "module.a[0].*".
        code, key = self._modules.module(""), ""
        for so_far, name, _ in steps(address.module) if address else ():
            if code is None or code.remote or (call := code.labelled("module").get((name,))) is None:
                return
            yield call, f"{so_far}.*"
            key = f"{key}.{name}" if key else name
            code = self._modules.module(key)
        if (
            address
            and code
            and not code.remote
            and (block := code.labelled("resource").get((address.type, address.name)))
        ):
            yield block, text

    def _comments_of(self, block: Block) -> list[Node]:
        """Return the comments in a block and in the lines right above it."""
        source = block.source
        if INLINE_WAIVER.encode() not in source.text:  # most files have no waiver, and need no second look
            return []
        if source not in self._comments:
            self._comments[source] = comments(source)
        found, first = self._comments[source], block.line
        place = bisect_left(found, block.start, key=_START)
        for comment in reversed(found[:place]):
            if comment.end_line < first - 1:
                break
            # One after something else on its line is about that, not about the block below.
            before = source.text[source.text.rfind(b"\n", 0, comment.start) + 1 : comment.start]
            if not before.strip():
                first = comment.line
        place = bisect_left(found, first, key=_LINE)
        return found[place : bisect_right(found, block.end_line, key=_LINE)]

    def _read(self, comment: Node) -> Iterator[Waiver]:
        for said in _WAIVER.finditer(comment.text):
            options = {name: _unquoted(value) for name, value in _OPTION.findall(said[2])}
            try:
                until = date.fromisoformat(options.get("until", ""))
            except ValueError:
                until = None
            reason = options.get("reason", "").strip()
            if not said[1] or until is None or not reason:
                self.remarks[f"{comment.where}: {_NEEDED}"] = None
                continue
            up_to = options.get("up_to")
            if up_to is not None and not _AMOUNT.fullmatch(up_to):
                self.remarks[f"{comment.where}: {_AMOUNT_NEEDED}"] = None
                continue
            for rule in filter(None, said[1].split(",")):
                by, amount = options.get("by", ""), Decimal(up_to) if up_to else None
                yield Waiver(rule, "", reason, until, by, comment.where, amount, in_comment=True)


def _unquoted(value: str) -> str:
    try:
        return str(json.loads(value)) if value.startswith('"') else value
    except ValueError:
        return value.strip('"')  # an escape that JSON does not have, such as "\d": taken as it is written
