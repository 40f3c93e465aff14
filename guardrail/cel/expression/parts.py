"""An expression taken apart: as text, with what each part of it is for some values, and with the ways through it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from msgspec import Struct

from guardrail.cel.expression.tree import (
    Binary,
    Call,
    Index,
    ListOf,
    Literal,
    Macro,
    MapOf,
    Name,
    Select,
    Ternary,
    Tree,
    UInt,
    Unary,
    parts,
)

_LEVELS = {"||": 2, "&&": 3, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_TERNARY, _RELATION, _UNARY, _MEMBER = 1, 4, 7, 8
_OF_PAIRS = 2  # variables of a macro that goes through places or keys as well
_THROUGH = {"all", "exists", "exists_one", "existsOne", "map", "filter", "transformList", "sortBy"}
"""Macros whose bodies can be asked for each element by another macro."""


class Branch(Struct, frozen=True):
    """A condition inside an expression that can come out both ways.

    text    as the rule writes it
    reach   an expression that gives its values: true or false, null where it is not come to, lists of them inside of macros
    deciding  of a right side, what decides where the left one is not known, and so does not: `unknown && false` is false
    """

    text: str
    reach: Tree
    deciding: Tree | None = None


def written(tree: Tree, level: int = 0) -> str:  # noqa: C901 - one case a kind of node
    """Return a tree as people write it, in brackets where what is around it binds closer than `level`."""
    match tree:
        case Literal(value):
            return _literal(value)
        case Name(name):
            return name
        case Select(operand, field, _, optional):
            return f"{written(operand, _MEMBER)}.{'?' * optional}{field}"
        case Index(operand, key, _, optional):
            return f"{written(operand, _MEMBER)}[{'?' * optional}{written(key)}]"
        case ListOf(items, _, optional):
            return f"[{', '.join('?' * (place in optional) + written(item) for place, item in enumerate(items))}]"
        case MapOf(entries, _, optional):
            pairs = (f"{'?' * (n in optional)}{written(key)}: {written(item)}" for n, (key, item) in enumerate(entries))
            return f"{{{', '.join(pairs)}}}"
        case Macro(name, target, variables, bodies):
            arguments = ", ".join((*variables, *map(written, bodies)))
            if name == "bind":
                return f"cel.bind({variables[0]}, {written(target)}, {written(bodies[0])})"
            return f"{written(target, _MEMBER)}.{name}({arguments})"
        case Call(name, target, args):
            called = name if target is None else f"{written(target, _MEMBER)}.{name}"
            return f"{called}({', '.join(map(written, args))})"
        case Unary(operator, operand):
            text, own = f"{operator}{written(operand, _UNARY)}", _UNARY
        case Ternary(condition, then, otherwise):
            text, own = f"{written(condition, 2)} ? {written(then, 2)} : {written(otherwise, _TERNARY)}", _TERNARY
        case Binary(operator, left, right):
            own = _LEVELS.get(operator, _RELATION)
            # `||` and `&&` are the same whatever is read first
            text = f"{written(left, own)} {operator} {written(right, own if operator in {'||', '&&'} else own + 1)}"
    return f"({text})" if own < level else text


def shown_parts(tree: Tree) -> Iterator[Tree]:
    """Yield the parts of a tree whose values explain its own: no constants, nothing that a macro names.

    Of `all` and `exists`, the elements that decide.
    """
    match tree:
        case Binary("||" | "&&" as operator):
            found = tuple(_sides(tree, operator))
        case Call("has", None):
            found = ()  # of what need not be there, there may be no value
        case Call("references" | "referrers", _):
            found = ()
        case Call("price.of", None, (_, *others)):
            found = tuple(others)
        case Macro("all", target, (_,) as variables, (body,)):
            found = (target, Macro("filter", target, variables, (Unary("!", body, tree.at),), tree.at))
        case Macro("exists", target, (_,) as variables, (body,)):
            found = (target, Macro("filter", target, variables, (body,), tree.at))
        case Macro(_, target):
            found = (target,)
        case Select() | Index() if is_path(tree):
            found = ()
        case _:
            found = parts(tree)
    yield from (part for part in found if not _is_constant(part))


def is_path(tree: Tree) -> bool:
    """Say whether a tree is a name and constant steps below it."""
    while isinstance(tree, Select | Index):
        if isinstance(tree, Index) and not isinstance(tree.key, Literal):
            return False
        tree = tree.operand
    return isinstance(tree, Name)


def branches(tree: Tree) -> Iterator[Branch]:
    """Yield the conditions inside an expression: the sides of `&&` and `||`, and what `? :` asks."""
    yield from _branches(tree, lambda inner: inner)


def _branches(tree: Tree, reach: Callable[[Tree], Tree]) -> Iterator[Branch]:
    match tree:
        case Binary("||" | "&&" as operator, left, right):
            yield from _side(left, operator, reach)
            beside = reach(Binary(operator, left, right, tree.at))
            yield from _side(right, operator, lambda inner: reach(_after(operator, left, inner)), beside)
        case Ternary(condition, then, otherwise, at):
            yield from _condition(condition, reach)
            yield from _branches(then, lambda inner: reach(Ternary(condition, inner, Literal(None, at), at)))
            yield from _branches(otherwise, lambda inner: reach(Ternary(condition, Literal(None, at), inner, at)))
        case Macro(name, target, variables, bodies, at):
            yield from _branches(target, reach)
            if name in _THROUGH or name == "bind":
                again = "bind" if name == "bind" else "transformList" if len(variables) == _OF_PAIRS else "map"
                for body in bodies:
                    yield from _branches(body, lambda inner: reach(Macro(again, target, variables, (inner,), at)))
        case _:
            for part in parts(tree):
                yield from _branches(part, reach)


def _side(tree: Tree, operator: str, reach: Callable[[Tree], Tree], deciding: Tree | None = None) -> Iterator[Branch]:
    if isinstance(tree, Binary) and tree.operator == operator:
        yield from _branches(tree, reach)
    else:
        yield from _condition(tree, reach, deciding)


def _condition(tree: Tree, reach: Callable[[Tree], Tree], deciding: Tree | None = None) -> Iterator[Branch]:
    if not isinstance(tree, Literal):
        yield Branch(written(tree), reach(tree), deciding)
    yield from _branches(tree, reach)


def _after(operator: str, left: Tree, right: Tree) -> Tree:
    """Return what is the right side where the left one does not decide, and null where it does."""
    null = Literal(None, left.at)
    return Ternary(left, right, null, left.at) if operator == "&&" else Ternary(left, null, right, left.at)


def _sides(tree: Tree, operator: str) -> Iterator[Tree]:
    if isinstance(tree, Binary) and tree.operator == operator:
        yield from _sides(tree.left, operator)
        yield from _sides(tree.right, operator)
    else:
        yield tree


def _is_constant(tree: Tree) -> bool:
    return not isinstance(tree, Name) and all(map(_is_constant, parts(tree)))


def _literal(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"{int(value)}u" if isinstance(value, UInt) else repr(value)
