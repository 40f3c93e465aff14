"""The blocks of a file of Terraform's language: what they are called, where they stand, and what is in them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from guardrail.errors import InputError
from guardrail.terraform.memory import key_of, memory

Body = dict[str, Any]
"""Attribute or nested block -> what python-hcl2 makes of it: `"${...}"` for expressions, `'"..."'` for strings."""

COMMENT = r"\#[^\n]*|//[^\n]*|/\*.*?\*/"
TOP = re.compile(
    rf'(?P<comment>{COMMENT})|(?P<kind>[A-Za-z_][\w-]*)(?P<labels>(?:[ \t]+(?:"[^"\n]*"|[A-Za-z_][\w-]*))*)[ \t]*\{{',
    re.DOTALL,
)
HEREDOC = r"<<-?(?P<end>[A-Za-z_][\w.-]*)\r?\n.*?^[ \t]*(?P=end)\b"
_CODE = re.compile(rf'{COMMENT}|{HEREDOC}|[{{}}"\[\]()]', re.DOTALL | re.MULTILINE)
_OPENING, _CLOSING = frozenset({"{", "[", "(", "${", "%{", '"'}), frozenset("}])")
_TEXT = re.compile(r'\\.|\$\$\{|%%\{|[$%]\{|"', re.DOTALL)
_JSON = re.compile(r'(?P<key>"(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}\[\]]')
_VALUE_OF_FOR = re.compile(r"(:|=>)\s*(-?\d[\d.eE+-]*?)(?=\s*(?:[\]}]|\.\.\.|\n|if\b|\#|//|/\*))")
LABEL = re.compile(r'"([^"]*)"|([\w-]+)')
_WITH_LABELS = {"resource": 2, "data": 2, "module": 1, "variable": 1, "output": 1, "provider": 1} | dict.fromkeys(
    ("locals", "moved", "removed"), 0
)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of a file: its line, counted from 1, and its text with the mark that makes it one."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A block at the top of a file, with the lines that it takes, counted from 1. `json` is its body in JSON syntax.

    `start` is where its text begins in that of the file, a mark of byte order not counted.
    """

    kind: str
    labels: tuple[str, ...]
    file: str
    line: int
    end_line: int
    text: str = ""
    json: str = ""
    start: int = 0

    def body(self) -> Body:
        """Return what the block sets. Raises InputError where python-hcl2 cannot read it."""
        if self.json:
            body: Body = _from_json(json.loads(self.json))
            return body
        try:
            found: Any = _parsed(self.text)
        except ValueError:
            raise InputError(
                f"the {self.kind} block cannot be read", where=f"{self.file}:{self.line}", fix="is it valid Terraform?"
            ) from None
        for label in (self.kind, *self.labels):
            step = found.get(label, found.get(f'"{label}"'))
            found = step[0] if isinstance(step, list) else step
        return dict(found or {})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The blocks and the comments of one file; `fault` is the place ("main.tf:3") that ended the search, and why."""

    blocks: tuple[Block, ...]
    comments: tuple[Comment, ...] = ()
    fault: tuple[str, str] | None = None


@lru_cache(maxsize=1024)
def read_blocks(text: str, file: str) -> SourceFile:
    """Find the blocks of a file; `file` is how they call it. What nothing closes ends the search."""
    text = text.removeprefix("\ufeff")
    if file.endswith(".json"):
        return _json_blocks(text, file)
    blocks: list[Block] = []
    comments: list[Comment] = []
    at, line = 0, 1
    while found := TOP.search(text, at):
        line += text.count("\n", at, found.start())
        if found["comment"]:
            comments.append(Comment(line, found["comment"]))
            at = found.start()
            line += text.count("\n", at, found.end())
            at = found.end()
            continue
        end = end_of(text, found.end(), line, comments)
        if end is None:
            return SourceFile(tuple(blocks), tuple(comments), (f"{file}:{line}", "what is opened here is never closed"))
        labels = tuple(quoted or bare for quoted, bare in LABEL.findall(found["labels"]))
        last = line + text.count("\n", found.start(), end)
        blocks.append(Block(found["kind"], labels, file, line, last, text[found.start() : end], start=found.start()))
        at, line = end, last
    return SourceFile(tuple(blocks), tuple(comments))


def end_of(text: str, at: int, line: int, comments: list[Comment], opening: str = "{") -> int | None:
    """Return where what has just been opened is closed: a block, a bracket or a string; None if nothing closes it."""
    open_ones, counted = [opening], at
    while open_ones:
        in_text = open_ones[-1] == '"'
        found = (_TEXT if in_text else _CODE).search(text, at)
        if found is None:
            return None
        mark, at = found[0], found.end()
        if mark in _CLOSING or (mark == '"' and in_text):
            open_ones.pop()
        elif mark in _OPENING:
            open_ones.append(mark)
        elif not in_text and mark.startswith(("#", "/")):
            line, counted = line + text.count("\n", counted, found.start()), found.start()
            comments.append(Comment(line, mark))
    return at


def value_of(text: str, *, is_secret: bool = False) -> Any:
    """Return what python-hcl2 makes of an expression; a secret is not kept. Raises InputError where it cannot read it."""
    try:
        return _parsed(f"x = {text}\n", keep=not is_secret).get("x")
    except ValueError:
        raise InputError(f"not an expression: {text[:60]}", fix="is it valid Terraform?") from None


@lru_cache(maxsize=4096)
def _parsed(text: str, *, keep: bool = True) -> Body:
    """Parse text, or remember what it came to. Raises ValueError."""
    key = key_of("hcl", text) if keep else ""
    known: Body | None = memory().recall(key) if keep else None
    if known is not None:
        return known
    body = _read(text)
    if keep:
        memory().keep(key, body)
    return body


def _read(text: str) -> Body:
    """Parse text. Raises ValueError."""
    try:
        return _loaded(text)
    except TypeError:  # python-hcl2 stumbles over a bare number as the value of a `for`
        try:
            return _loaded(_VALUE_OF_FOR.sub(r"\1(\2)", text))
        except TypeError as error:
            raise ValueError(str(error)) from None


def _loaded(text: str) -> Body:
    """Parse text with python-hcl2, which takes its time to load. Raises ValueError."""
    import hcl2  # noqa: PLC0415
    from lark.exceptions import LarkError  # noqa: PLC0415

    options = hcl2.SerializationOptions(with_comments=False, preserve_heredocs=False)
    try:
        body: Body = hcl2.loads(text, serialization_options=options)
    except (LarkError, RuntimeError) as error:
        raise ValueError(str(error)) from None
    return body


def _json_blocks(text: str, file: str) -> SourceFile:
    try:
        document = json.loads(text)
    except ValueError as error:
        return SourceFile((), fault=(f"{file}:{getattr(error, 'lineno', 1)}", "not valid JSON"))
    lines, blocks = _key_lines(text), []
    for kind, depth in _WITH_LABELS.items():
        for labels, body in _labelled(document.get(kind) if isinstance(document, dict) else None, depth):
            places = lines[kind, *labels]
            line = places.pop(0) if len(places) > 1 else places[0]
            blocks.append(Block(kind, labels, file, line, line, json=json.dumps(body)))
    return SourceFile(tuple(blocks))


def _labelled(value: Any, depth: int) -> Iterator[tuple[tuple[str, ...], Body]]:
    for part in _each(value):
        if depth == 0:
            yield (), part
            continue
        for label, inner in part.items():
            for rest, body in _labelled(inner, depth - 1):
                yield (label, *rest), body


def _each(value: Any) -> Iterator[Body]:
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, dict):
            yield part


def _key_lines(text: str) -> dict[tuple[str, ...], list[int]]:
    """Return the lines of the keys of a JSON document by the keys that lead to them; lists do not count."""
    found: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    path: list[str | None] = []
    line, at = 1, 0
    for token in _JSON.finditer(text):
        line, at = line + text.count("\n", at, token.start()), token.start()
        if token["key"]:
            path[-1] = json.loads(token["key"])
            found[tuple(key for key in path if key is not None)].append(line)
        elif token[0] in {"{", "["}:
            path.append(None)
        elif token[0] in {"}", "]"}:
            path.pop()
    return found


def _from_json(value: Any) -> Any:
    """Spell JSON syntax as python-hcl2 spells the other: strings are templates."""
    if isinstance(value, dict):
        return {key: _from_json(part) for key, part in value.items() if key != "//"}
    if isinstance(value, list):
        return [_from_json(part) for part in value]
    if isinstance(value, str):
        whole = re.fullmatch(r"\$\{((?:[^{}]|\{[^{}]*\})*)\}", value)
        return value if whole else json.dumps(value)
    return value
