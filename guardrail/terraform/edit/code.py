"""The code of blocks, and where in the text of their file each part of it stands: what can be edited, and how it is laid out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from guardrail.errors import InputError
from guardrail.model.unknown import Json
from guardrail.terraform.blocks import value_of
from guardrail.terraform.expressions import NotConstantError, constant, traversal

if TYPE_CHECKING:
    from lark import Token, Tree

_OLD_REFERENCE = re.compile(r'"\$\{([^{}"]*)\}"')  # as it had to be written before Terraform 0.12
_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]*")


class Kind(Enum):
    """What an expression is, as far as it matters to whoever edits it."""

    LITERAL = auto()  # a string without interpolation, a number, true, false, null
    REFERENCE = auto()  # a name and nothing else: var.a.b
    OBJECT = auto()
    LIST = auto()
    CALL = auto()
    CONDITION = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression and where it stands.

    value    of a literal
    path     the steps of a reference
    entries  of an object
    parts    of a list, or the arguments of a call
    name     of the function that is called
    """

    kind: Kind
    start: int
    end: int
    value: Json = None
    path: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    parts: tuple[Expression, ...] = ()
    name: str = ""

    def entry(self, key: str) -> Entry | None:
        """Return the entry of an object with this key: the last one, which is the one that counts."""
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)


@dataclass(frozen=True, slots=True)
class Entry:
    """An attribute of a block or an entry of an object. `key` is None where it is computed. `sign` is where its = stands."""

    key: str | None
    start: int
    key_end: int
    sign: int
    value: Expression

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.value.end


@dataclass(frozen=True, slots=True)
class Nested:
    """A block within another; `name` of a dynamic one is that of the blocks that it makes."""

    name: str
    start: int
    end: int
    body: Code
    is_dynamic: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """What stands between two braces, from just after the first to just before the last; or a whole file of values."""

    start: int
    end: int
    attributes: tuple[Entry, ...]
    blocks: tuple[Nested, ...] = ()

    def attribute(self, name: str) -> Entry | None:
        """Return an attribute."""
        return next((one for one in self.attributes if one.key == name), None)

    def nested(self, name: str) -> list[Nested]:
        """Return the blocks of a name, dynamic ones included, in order."""
        return [block for block in self.blocks if block.name == name]


def code_of(text: str, *, at: int = 0) -> Code:
    """Return the code of one block, whose text begins at a place of its file. Raises InputError where it cannot be read."""
    tree = _tree(text)
    block = next(_trees(_child(tree, "body"), "block"))
    return _Reader(text, at).block(block).body


def values_code(text: str) -> Code:
    """Return the code of a file of values (terraform.tfvars). Raises InputError where it cannot be read."""
    reader = _Reader(text, 0)
    body = _child(_tree(text), "body")
    return Code(0, len(text), tuple(reader.entry(one) for one in _trees(body, "attribute")))


@lru_cache(maxsize=256)
def _tree(text: str) -> Tree[Token]:
    import hcl2  # noqa: PLC0415 - takes its time to load
    from lark.exceptions import LarkError  # noqa: PLC0415

    try:
        return hcl2.parses_to_tree(text)
    except (LarkError, RuntimeError, ValueError) as error:
        raise InputError(f"cannot be read: {error}"[:200], fix="is it valid Terraform?") from None


class _Reader:
    """Turns the trees of lark into ours."""

    def __init__(self, text: str, at: int) -> None:
        self._text, self._at = text, at

    def block(self, tree: Tree[Token]) -> Nested:
        labels = [part for part in _subtrees(tree) if part.data in {"identifier", "string"}]
        name, is_dynamic = self._said(labels[0]), False
        if name == "dynamic" and labels[1:]:
            name, is_dynamic = self._said(labels[1]).strip('"'), True
        opened, closed = (next(_tokens(tree, kind)) for kind in ("LBRACE", "RBRACE"))
        body = _child(tree, "body")
        inner = Code(
            self._at + _end(opened),
            self._at + _start(closed),
            tuple(self.entry(one) for one in _trees(body, "attribute")),
            tuple(self.block(one) for one in _trees(body, "block")),
        )
        return Nested(name, self._at + _start(tree), self._at + _end(closed), inner, is_dynamic)

    def entry(self, tree: Tree[Token]) -> Entry:
        """Read an attribute, or an entry of an object."""
        key, value = list(_subtrees(tree))[:2]
        sign = next(token for token in tree.children if not _is_tree(token))
        said = self._said(key)
        return Entry(
            _key(said),
            self._at + _start(key),
            self._at + _end(key),
            self._at + _end(sign) - 1,
            self.expression(value),
        )

    def expression(self, tree: Tree[Token]) -> Expression:
        place = (self._at + _start(tree), self._at + _end(tree))
        inner = [part for part in _subtrees(tree) if part.data != "new_line_or_comment"]
        if tree.data == "expr_term" and len(inner) == 1 and inner[0].data == "expr_term":  # in parentheses
            return self.expression(inner[0])
        core = inner[0] if tree.data == "expr_term" and len(inner) == 1 else tree
        said = self._said(tree)
        match core.data:
            case "object":
                return Expression(Kind.OBJECT, *place, entries=tuple(map(self.entry, _trees(core, "object_elem"))))
            case "tuple":
                return Expression(Kind.LIST, *place, parts=tuple(map(self.expression, _values(core))))
            case "function_call":
                arguments = next(_trees(core, "arguments"), None)
                parts = tuple(map(self.expression, _values(arguments))) if arguments else ()
                return Expression(Kind.CALL, *place, parts=parts, name=self._said(next(_subtrees(core))))
            case "conditional":
                return Expression(Kind.CONDITION, *place)
        old = _OLD_REFERENCE.fullmatch(said)
        path = traversal(f"${{{old[1] if old else said}}}")
        if path:
            return Expression(Kind.REFERENCE, *place, path=tuple(path))
        return self._literal(core, said, place)

    def _literal(self, core: Tree[Token], said: str, place: tuple[int, int]) -> Expression:
        if core.data in {"string", "int_lit", "float_lit", "literal_value", "unary_op"}:
            try:
                return Expression(Kind.LITERAL, *place, value=constant(value_of(said)))
            except (InputError, NotConstantError):
                pass
        return Expression(Kind.OTHER, *place)

    def _said(self, part: Tree[Token]) -> str:
        return self._text[_start(part) : _end(part)]


def _key(said: str) -> str | None:
    """Return what a key as it is written stands for; None for one that is computed."""
    if _PLAIN_KEY.fullmatch(said):
        return said
    try:
        found = constant(value_of(said)) if said.startswith('"') else None
    except (InputError, NotConstantError):
        return None
    return found if isinstance(found, str) else None


def _is_tree(part: Any) -> bool:
    return hasattr(part, "data")


def _subtrees(tree: Tree[Token]) -> Iterator[Tree[Token]]:
    return (part for part in tree.children if _is_tree(part))  # type: ignore[misc] # told by its data


def _trees(tree: Tree[Token], kind: str) -> Iterator[Tree[Token]]:
    return (part for part in _subtrees(tree) if part.data == kind)


def _values(tree: Tree[Token]) -> Iterator[Tree[Token]]:
    return (part for part in _subtrees(tree) if part.data != "new_line_or_comment")


def _child(tree: Tree[Token], kind: str) -> Tree[Token]:
    return next(_trees(tree, kind))


def _tokens(tree: Tree[Token], kind: str) -> Iterator[Token]:
    return (part for part in tree.children if not _is_tree(part) and part.type == kind)  # type: ignore[misc,union-attr]


def _start(part: Tree[Token] | Token) -> int:
    found = part.meta.start_pos if _is_tree(part) else part.start_pos  # type: ignore[union-attr]
    return int(found or 0)


def _end(part: Tree[Token] | Token) -> int:
    found = part.meta.end_pos if _is_tree(part) else part.end_pos  # type: ignore[union-attr]
    return int(found or 0)
