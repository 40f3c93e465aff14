"""The parts of an expression, as a tree. Each knows where it begins in the text, from 0."""

from __future__ import annotations

from dataclasses import dataclass


class UInt(int):
    """An unsigned integer of CEL, which Python does not tell from a signed one."""

    __slots__ = ()


Constant = None | bool | int | UInt | float | str | bytes


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, string, bytes, bool or null."""

    value: Constant
    at: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name by itself: a context variable, or one that a macro binds."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`, or `operand.?field`, which is an optional value."""

    operand: Tree
    field: str
    at: int
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[key]`, or `operand[?key]`, which is an optional value."""

    operand: Tree
    key: Tree
    at: int
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """`name(args)`, or `target.name(args)`. A function of a library has a dotted name: `math.greatest`."""

    name: str
    target: Tree | None
    args: tuple[Tree, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Macro:
    """`target.name(variable, body)`: the bodies are evaluated for each element, which the variables name."""

    name: str
    target: Tree
    variables: tuple[str, ...]
    bodies: tuple[Tree, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`!operand` or `-operand`."""

    operator: str
    operand: Tree
    at: int


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`."""

    operator: str
    left: Tree
    right: Tree
    at: int


@dataclass(frozen=True, slots=True)
class Ternary:
    """`condition ? then : otherwise`."""

    condition: Tree
    then: Tree
    otherwise: Tree
    at: int


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, ?b]`; `optional` are the places of the elements that are there only if the optional value has one."""

    items: tuple[Tree, ...]
    at: int
    optional: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class MapOf:
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
