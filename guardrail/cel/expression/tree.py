"""The parts of an expression, as a tree. Each knows where it begins in the text, from 0."""

from __future__ import annotations

from msgspec import Struct


class UInt(int):
    """An unsigned integer of CEL, which Python does not tell from a signed one."""

    __slots__ = ()


Constant = None | bool | int | UInt | float | str | bytes


class Literal(Struct, frozen=True):
    """A number, string, bytes, bool or null."""

    value: Constant
    at: int


class Name(Struct, frozen=True):
    """A name by itself: a context variable, or one that a macro binds."""

    name: str
    at: int


class Select(Struct, frozen=True):
    """`operand.field`, or `operand.?field`, which is an optional value."""

    operand: Tree
    field: str
    at: int
    optional: bool = False


class Index(Struct, frozen=True):
    """`operand[key]`, or `operand[?key]`, which is an optional value."""

    operand: Tree
    key: Tree
    at: int
    optional: bool = False


class Call(Struct, frozen=True):
    """`name(args)`, or `target.name(args)`. A function of a library has a dotted name: `math.greatest`."""

    name: str
    target: Tree | None
    args: tuple[Tree, ...]
    at: int


class Macro(Struct, frozen=True):
    """`target.name(variable, body)`: the bodies are evaluated for each element, which the variables name."""

    name: str
    target: Tree
    variables: tuple[str, ...]
    bodies: tuple[Tree, ...]
    at: int


class Unary(Struct, frozen=True):
    """`!operand` or `-operand`."""

    operator: str
    operand: Tree
    at: int


class Binary(Struct, frozen=True):
    """`left operator right`."""

    operator: str
    left: Tree
    right: Tree
    at: int


class Ternary(Struct, frozen=True):
    """`condition ? then : otherwise`."""

    condition: Tree
    then: Tree
    otherwise: Tree
    at: int


class ListOf(Struct, frozen=True):
    """`[a, ?b]`; `optional` are the places of the elements that are there only if the optional value has one."""

    items: tuple[Tree, ...]
    at: int
    optional: frozenset[int] = frozenset()


class MapOf(Struct, frozen=True):
    """`{key: value, ?key: value}`; `optional` as in a list."""

    entries: tuple[tuple[Tree, Tree], ...]
    at: int
    optional: frozenset[int] = frozenset()


Tree = Literal | Name | Select | Index | Call | Macro | Unary | Binary | Ternary | ListOf | MapOf


def parts(tree: Tree) -> tuple[Tree, ...]:
    """Return the trees that a tree is made of, in the order of the text."""
    match tree:
        case Literal() | Name():
            return ()
        case Select(operand) | Unary(_, operand):
            return (operand,)
        case Index(operand, key):
            return (operand, key)
        case Binary(_, left, right):
            return (left, right)
        case Ternary(condition, then, otherwise):
            return (condition, then, otherwise)
        case ListOf(items):
            return items
        case MapOf(entries):
            return tuple(part for entry in entries for part in entry)
        case Macro(_, target, _, bodies):
            return (target, *bodies)
        case Call(_, target, args):
            return args if target is None else (target, *args)
