"""Files to nodes: which syntax a file is in, and what stays usable of one that has faults."""

from __future__ import annotations

import gc
import re

import tree_sitter
from msgspec import Struct

from guardrail.terraform.language.syntax.json_syntax import json_body
from guardrail.terraform.language.syntax.native import Reader, tree_of
from guardrail.terraform.language.syntax.nodes import Block, Body, Expression, Fault, Invalid, Literal, Node, Source
from guardrail.terraform.language.values import string

_BLOCK = re.compile(rb'^([A-Za-z_][\w-]*)((?:[ \t]+(?:"[^"\n]*"|[\w-]+))*)[ \t]*\{', re.MULTILINE)
_LABEL = re.compile(rb'[^" \t]+')
_CLOSING = frozenset({"}", "]", ")"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# The grammar knows 1.0e3, and not 1e3.
_POWER_OF_TEN = re.compile(rb"(?<![\w.])(\d+)[eE]([+-]?)(?=\d)")
# Within an object, `(key) = …` on a line after a name is an item; the grammar takes the two lines for a call.
_KEY_AFTER_NAME = re.compile(rb"(?<=[\w-])[ \t]*(\r?\n)(?=[ \t]*\([^\n]*\)[ \t]*[=:](?!=))")


class ParsedFile(Struct, frozen=True):
    """A file's body, and what of it could not be read: the body lacks it.

    `broken` are the blocks that have faults, as far as they can be told: with an empty body.
    """

    source: Source
    body: Body
    faults: tuple[Fault, ...]
    broken: tuple[Block, ...] = ()


def parse_file(name: str, text: bytes) -> ParsedFile:
    """Parse a file; one whose name ends in `.json` is in the JSON syntax. `name` is what messages call it."""
    # All that is made here stays, so the garbage collector would walk it again and again for nothing.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _parsed(Source(name, text))
    finally:
        if was_enabled:
            gc.enable()


def _parsed(source: Source) -> ParsedFile:
    if source.name.endswith(".json"):
        body, faults = json_body(source, parse_template)
        return ParsedFile(source, body, tuple(faults))
    if b"\0" in source.text:
        return ParsedFile(source, Body(source, 0, 0), (Fault("it is not a text", f"{source.name}:1"),))
    root = _tree(source.text)
    if not root.has_error:
        reader = Reader(source)
        body = reader.body(_body_of(root), 0, len(source.text))
        return ParsedFile(source, body, tuple(reader.faults))
    return _what_is_whole(source, root)


def parse_part(source: Source, start: int, end: int) -> Body | None:
    """Parse a part of a file in the native syntax, of whole blocks; None for one that has faults. Places are those of the file."""
    root = _tree(source.text[start:end])
    if root.has_error:
        return None
    reader = Reader(source, shift=start)
    body = reader.body(_body_of(root), start, end)
    return None if reader.faults else body


def comments(source: Source) -> list[Node]:
    """Return the comments of a file in the native syntax, in order; the JSON syntax has none."""
    found: list[Node] = []
    pending = [] if source.name.endswith(".json") else [_tree(source.text)]
    while pending:
        node = pending.pop()
        if node.type == "comment":
            found.append(Node(source, node.start_byte, node.end_byte))
        pending += reversed(node.children)
    return found


def parse_expression(text: str, name: str = "") -> Expression:
    """Parse an expression that stands alone, as in a string of the JSON syntax. What is none is Invalid."""
    head = b"_ = "
    source = Source(name, text.encode())
    root = _tree(head + source.text + b"\n")
    body = _body_of(root)
    attributes = [child for child in body.children if child.type == "attribute"] if body else []
    if root.has_error or body is None or len(body.children) != 1 or len(attributes) != 1:
        return Invalid(source, 0, len(source.text), "not an expression")
    return Reader(source, shift=-len(head)).expression(attributes[0].children[-1])


def parse_template(source: Source) -> Expression:
    """Parse a text with template sequences, as of a file for `templatefile` or of a string in the JSON syntax.

    Nothing in it is an escape but `$${` and `%%{`.
    """
    text = source.text
    if b"${" not in text and b"%{" not in text:
        return Literal(source, 0, len(text), string(text.decode(errors="replace")))
    # The grammar has no bare templates, so it is parsed as a heredoc, whose marker may not end it too early.
    marker = b"_"
    while marker in text:
        marker += b"_"
    head = b"_ = <<" + marker + b"\n"
    root = _tree(head + text + b"\n" + marker + b"\n")
    tree = _body_of(root)
    if root.has_error or tree is None:
        place = _first_error(root)
        offset = max(place.start_byte - len(head), 0) if place else 0
        return Invalid(source, min(offset, len(text)), len(text), "a template that cannot be parsed")
    reader = Reader(source, shift=-len(head))
    return reader.bare_template(tree.children[0].children[-1], len(head), len(head) + len(text))


def _tree(text: bytes) -> tree_sitter.Node:
    root = tree_of(text)
    if root.has_error:
        # What the grammar does not know is shown to it as something else of the same length: positions stay, and what is
        # written is read from the file.
        mended = _POWER_OF_TEN.sub(lambda found: found[1] + (b".0" if found[2] else b"."), text)
        mended_root = tree_of(_KEY_AFTER_NAME.sub(_with_comma, mended))
        return root if mended_root.has_error else mended_root
    return root


def _with_comma(found: re.Match[bytes]) -> bytes:
    """Put a comma in the place of a space, or else of the newline: the text keeps its length."""
    return b"," + found[0][1:] if found[0][:1] in b" \t" else found[0][:-1] + b","


def _body_of(root: tree_sitter.Node) -> tree_sitter.Node | None:
    return next((child for child in root.children if child.type == "body"), None)


def _what_is_whole(source: Source, root: tree_sitter.Node) -> ParsedFile:
    """Parse the blocks of a file with faults one by one.

    A block that has one is left out. What follows it is only kept where it surely ended: its last line is a `}` at the
    left margin, and nothing in it opens a heredoc or a comment, which might swallow what looks like blocks.
    """
    text = source.text
    heads = list(_BLOCK.finditer(text))
    starts = [found.start() for found in heads]
    body = Body(source, 0, len(text))
    faults: list[Fault] = []
    broken: list[Block] = []
    # What stands before the first block are comments at most, unless the fault is there already.
    if text[: starts[0] if starts else None].removeprefix(_BYTE_ORDER_MARK).strip():
        lead = _tree(text[: starts[0]] if starts else text)
        if lead.has_error:
            return ParsedFile(source, body, (_fault(source, lead, 0),))
    for head, start, end in zip(heads, starts, [*starts[1:], len(text)], strict=True):
        part = _tree(text[start:end])
        reader = Reader(source, shift=start)
        if not part.has_error:
            body.blocks += reader.body(_body_of(part), start, end).blocks
            faults += reader.faults
            continue
        faults.append(_fault(source, part, start))
        labels = tuple(label.decode(errors="replace") for label in _LABEL.findall(head[2]))
        broken.append(Block(source, start, end, head[1].decode(), labels, Body(source, head.end(), head.end())))
        lines = text[start:end].rstrip().splitlines()
        if lines[-1] != b"}" or b"<<" in text[start:end] or b"/*" in text[start:end]:
            if end < len(text):
                where = f"{source.name}:{source.line(end)}"
                faults.append(Fault("the rest of the file is left out, since what precedes it does not end", where))
            break
    return ParsedFile(source, body, tuple(faults or [_fault(source, root, 0)]), tuple(broken))


def _fault(source: Source, root: tree_sitter.Node, shift: int) -> Fault:
    node = _first_error(root)
    offset = shift + (node.start_byte if node else 0)
    # Of a bracket that is never closed, tree-sitter tells the end of the file: the opening one is what helps.
    if node is not None and node.is_missing and (node.type in _CLOSING or node.type.endswith("_end")):
        opened = node.parent
        while opened is not None and opened.parent is not None and opened.start_byte >= node.start_byte:
            opened = opened.parent
        offset = shift + (opened.start_byte if opened else 0)
        message = "what is opened here is never closed"
    elif node is not None and node.is_missing:
        message = f"{node.type!r} is missing" if not node.is_named else "something is missing"
    else:
        message = "it cannot be parsed"
    return Fault(message, f"{source.name}:{source.line(offset)}")


def _first_error(root: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the outermost of the first faulty nodes in a tree; None for a tree that has none."""
    node = root
    while True:
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if inner is None:
            return node if node.is_error or node.is_missing else None
        if inner.is_error or inner.is_missing:
            return inner
        node = inner
