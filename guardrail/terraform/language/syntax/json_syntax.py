"""The JSON syntax (`.tf.json`), to the same nodes as the native syntax.

A property is a block where Terraform's own language says so (`BLOCKS`), else an attribute: of the blocks within a
resource only its provider's schema can tell, see `body_values`. Strings are templates; `"//"` is a comment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from guardrail.terraform.language.numbers import parse as parse_number
from guardrail.terraform.language.syntax.nodes import (
    Attribute,
    Block,
    Body,
    Expression,
    Fault,
    Literal,
    ObjectExpression,
    Source,
    TupleExpression,
)
from guardrail.terraform.language.syntax.template import MOST_NESTED
from guardrail.terraform.language.values import FALSE, NULL, TRUE, number, string

_RESOURCE = {"lifecycle": 0, "provisioner": 1, "connection": 0, "dynamic": 1}
BLOCKS: dict[str, dict[str, int]] = {
    "": {
        **dict.fromkeys(("resource", "data", "ephemeral", "action", "list"), 2),
        **dict.fromkeys(("module", "variable", "output", "provider", "check"), 1),
        **dict.fromkeys(("locals", "terraform", "moved", "removed", "import"), 0),
    },
    "resource": _RESOURCE,
    "data": _RESOURCE,
    "ephemeral": _RESOURCE,
    "lifecycle": {"precondition": 0, "postcondition": 0, "action_trigger": 0},
    "dynamic": {"content": 0, "dynamic": 1},
    "content": {"dynamic": 1},
    "provider": {"dynamic": 1},
    "terraform": {"backend": 1, "required_providers": 0, "cloud": 0, "provider_meta": 1},
    "cloud": {"workspaces": 0},
    "variable": {"validation": 0},
    "output": {"precondition": 0},
    "check": {"data": 2, "assert": 0},
    "removed": {"lifecycle": 0, "provisioner": 1, "connection": 0},
    "provisioner": {"connection": 0},
}
"""By type of block ("" is a file): the types of blocks within it, and how many labels each has."""

_SPACE = re.compile(r"[ \t\r\n]*")
# Not JSON's own escapes: json.loads looks at those, and refuses what it does not know.
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_WORDS = {"true": TRUE, "false": FALSE, "null": NULL}


class _Item(Struct, eq=False):
    """A value of JSON and where it stands: dict items as pairs of key and value, a list of values, a str, or a word."""

    start: int
    end: int
    value: list[tuple[_Item, _Item]] | tuple[_Item, ...] | str | Literal


class _Unreadable(Exception):  # noqa: N818 - it ends the reading, and is told as a fault
    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.place = place


def json_body(source: Source, template: Callable[[Source], Expression]) -> tuple[Body, list[Fault]]:
    """Read a file in JSON. What is no JSON leaves the body empty. `template` parses a string's template."""
    try:
        text = source.text.decode("utf-8-sig")  # Windows' editors put a byte order mark before it
        root = _Scanner(source, text).whole()
    except UnicodeDecodeError:
        return Body(source, 0, 0), [Fault("it is not a text in UTF-8", f"{source.name}:1")]
    except _Unreadable as error:
        at = len(text[: error.place].encode())
        return Body(source, 0, 0), [Fault(f"it is not JSON: {error}", f"{source.name}:{source.line(at)}")]
    builder = _Builder(source, template)
    body = Body(source, 0, len(source.text))
    for part in _several(root):
        builder.fill(body, part, "")
    return body, builder.faults


class _Scanner:
    """Reads JSON with positions, which Python's own reader does not tell."""

    def __init__(self, source: Source, text: str) -> None:
        self.source = source
        self.text = text
        self.plain = text.isascii()

    def whole(self) -> _Item:
        item, place = self.item(0, 0)
        place = self._skip(place)
        if place < len(self.text):
            raise _Unreadable("there is more after its end", place)
        return item

    def item(self, place: int, depth: int) -> tuple[_Item, int]:
        place = self._skip(place)
        if depth > MOST_NESTED:
            raise _Unreadable(f"it is nested deeper than {MOST_NESTED} levels", place)
        start = place
        opening = self.text[place : place + 1]
        if opening == '"':
            text, place = self._string(place)
            return _Item(self._byte(start), self._byte(place), text), place
        if opening not in {"{", "["}:
            found = _PLAIN.match(self.text, place)
            if not found:
                raise _Unreadable("a value is missing", place)
            first, place = self._byte(place), found.end()
            try:
                value = _WORDS.get(found[0]) or number(parse_number(found[0]))
            except ValueError:
                raise _Unreadable("a number is too large", start) from None
            return _Item(first, self._byte(place), Literal(self.source, first, self._byte(place), value)), place
        return self._container(place, depth)

    def _container(self, place: int, depth: int) -> tuple[_Item, int]:
        start, is_object = place, self.text[place] == "{"
        closing = "}" if is_object else "]"
        # Pairs, not a dict: a key may come twice, which adds blocks of one type, or is a fault of an attribute.
        pairs: list[tuple[_Item, _Item]] = []
        items: list[_Item] = []
        place = self._skip(place + 1)
        while self.text[place : place + 1] != closing:
            if pairs or items:
                place = self._expect(",", place)
            if is_object:
                first = self._skip(place)
                name, place = self._string(first)
                key = _Item(self._byte(first), self._byte(place), name)
                value, place = self.item(self._expect(":", place), depth + 1)
                pairs.append((key, value))
            else:
                value, place = self.item(place, depth + 1)
                items.append(value)
            place = self._skip(place)
        place += 1
        return _Item(self._byte(start), self._byte(place), pairs if is_object else tuple(items)), place

    def _string(self, place: int) -> tuple[str, int]:
        found = _STRING.match(self.text, place)
        if not found:
            raise _Unreadable("a string is missing, or does not end", place)
        try:
            return str(json.loads(found[0])), found.end()
        except ValueError:
            raise _Unreadable("a string has a faulty escape", place) from None

    def _expect(self, mark: str, place: int) -> int:
        place = self._skip(place)
        if self.text[place : place + 1] != mark:
            raise _Unreadable(f'"{mark}" is missing', place)
        return place + 1

    def _skip(self, place: int) -> int:
        found = _SPACE.match(self.text, place)
        return found.end() if found else place

    def _byte(self, place: int) -> int:
        """Return the byte that a character is at: nodes count bytes, as tree-sitter does."""
        return place if self.plain else len(self.text[:place].encode())


class _Builder:
    def __init__(self, source: Source, template: Callable[[Source], Expression]) -> None:
        self.source = source
        self.template = template
        self.faults: list[Fault] = []

    def fill(self, body: Body, item: _Item, kind: str) -> None:
        """Put the properties of an object into a body of a type of block."""
        if not isinstance(item.value, list):
            self._refuse(item, "an object is needed here")
            return
        blocks = BLOCKS.get(kind, {})
        for key, value in item.value:
            name = str(key.value)
            if name == "//":  # how the JSON syntax has comments
                continue
            if name in blocks:
                self._blocks(body, name, key.start, value, blocks[name], ())
            elif name in body.attributes:
                self._refuse(key, f'attribute "{name}" is set twice')
            elif not kind:
                self._refuse(key, f'"{name}" is not a block of Terraform')
            else:
                body.attributes[name] = Attribute(self.source, key.start, value.end, name, self.expression(value))

    def _blocks(self, body: Body, kind: str, start: int, item: _Item, labels: int, before: tuple[str, ...]) -> None:
        """Add the blocks of one type: objects within objects for labels, and lists of bodies at any level."""
        for part in _several(item):
            if labels and isinstance(part.value, list):
                for key, value in part.value:
                    if key.value != "//":
                        self._blocks(body, kind, key.start, value, labels - 1, (*before, str(key.value)))
            elif isinstance(part.value, list):
                begin = part.start if isinstance(item.value, tuple) else start
                inner = Body(self.source, part.start, part.end)
                self.fill(inner, part, kind)
                body.blocks.append(Block(self.source, begin, part.end, kind, before, inner))
            elif not (isinstance(part.value, Literal) and part.value.value.is_null):
                self._refuse(part, f'"{kind}" needs an object')

    def expression(self, item: _Item) -> Expression:
        """Make an expression of a value: strings, and keys of objects, are templates."""
        value = item.value
        # The place of what is within a string is the line of the string: escapes move the bytes in it.
        if isinstance(value, Literal):
            return value
        if isinstance(value, str):
            if "${" not in value and "%{" not in value:
                return Literal(self.source, item.start, item.end, string(value))
            line = self.source.line(item.start)
            return self.template(Source(self.source.name, value.encode(errors="replace"), only_line=line))
        if isinstance(value, tuple):
            return TupleExpression(self.source, item.start, item.end, tuple(self.expression(part) for part in value))
        pairs = tuple((self.expression(key), self.expression(part)) for key, part in value)
        return ObjectExpression(self.source, item.start, item.end, pairs)

    def _refuse(self, item: _Item, message: str) -> None:
        self.faults.append(Fault(message, f"{self.source.name}:{self.source.line(item.start)}"))


def _several(item: _Item) -> Iterator[_Item]:
    """Yield the elements of a list, else the item itself: Terraform takes a list of bodies wherever it takes a body."""
    if isinstance(item.value, tuple):
        yield from item.value
    else:
        yield item
