"""What stands in the text of a block, piece by piece: its attributes and the blocks in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from guardrail.terraform.blocks import COMMENT, HEREDOC, LABEL, TOP, end_of

_VALUE = re.compile(rf'{COMMENT}|{HEREDOC}|[{{}}"\[(\n]', re.DOTALL | re.MULTILINE)
_ITEM = re.compile(
    rf"{COMMENT}|(?P<closing>\}})|(?P<name>[A-Za-z_][\w-]*)"
    r'(?:(?P<labels>(?:[ \t]+(?:"[^"\n]*"|[A-Za-z_][\w-]*))*)[ \t]*(?P<open>\{)|[ \t]*=)',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Item:
    """An attribute or a nested block. A `dynamic` block is called like the blocks that it makes."""

    name: str
    text: str


def items_of(text: str) -> list[Item]:
    """Take the text of one block apart, without its comments. What is broken ends the search."""
    head = TOP.match(text)
    at, found = head.end() if head else len(text), list[Item]()
    while (item := _ITEM.search(text, at)) and not item["closing"]:
        at = item.end()
        if not item["name"]:
            continue
        end = end_of(text, at, 1, []) if item["open"] else _end_of_value(text, at)
        if end is None:
            break
        label = LABEL.search(item["labels"] or "") if item["name"] == "dynamic" else None
        name = label[1] or label[2] if label else item["name"]
        found.append(Item(name, text[item.start() : end].rstrip()))
        at = end
    return found


def _end_of_value(text: str, at: int) -> int:
    """Return where the value of an attribute ends: at the end of its line, or where the block closes."""
    while found := _VALUE.search(text, at):
        mark = found[0]
        if mark in {"\n", "}"} or mark.startswith(("#", "//")):
            return found.start()
        at = found.end()
        if mark in {"{", "[", "(", '"'}:
            at = end_of(text, at, 1, [], mark) or len(text)
    return len(text)
