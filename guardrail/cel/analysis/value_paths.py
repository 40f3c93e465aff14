"""Which parts of the elements of lists an expression looks at, so that nothing else of them need be computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from guardrail.cel.analysis.names import Path
from guardrail.cel.expression.tree import Call, Index, Literal, Macro, Name, Select, Tree, parts

_SAME_ELEMENTS = frozenset({"filter", "sortBy"})
_ELEMENTS_OF = frozenset({"first", "last", "reverse", "slice"})
_Places = Mapping[str, Path | None]
"""A macro's variable -> the path of what it goes through; None where that is no data."""


def value_paths(tree: Tree) -> frozenset[Path]:
    """Return the paths of the values that an expression uses; an element of a list has the path of the list.

    `plan.resources.filter(r, r.type == "x").size()` uses plan.resources.type and nothing else. A list or an element that is used
    as a whole is there with its own path; of one that is counted or gone through, that path ends in "".
    """
    return frozenset(_used(tree, {}))


def _used(tree: Tree, bound: _Places) -> Iterator[Path]:
    """Yield what a tree uses whose own value is used as a whole."""
    path = _path(tree, bound)
    if path is not None:
        yield path
        yield from _aside(tree, bound)
        return
    match tree:
        case Macro():
            yield from _macro(tree, bound)
        case Call("size", None, (counted,)) | Call("size", counted, ()) if counted and (path := _path(counted, bound)):
            yield (*path, "")
            yield from _aside(counted, bound)
        case Call("get", None, (start, Literal(str() as steps), other)) if (path := _path(start, bound)) is not None:
            # Elements have the path of their list, so places in it are no steps.
            yield (*path, *(step for step in steps.split(".") if not step.isdecimal()))
            yield from _aside(start, bound)
            yield from _used(other, bound)
        case Select(operand) | Index(operand) if (path := _path(operand, bound)) is not None:
            yield from _used(operand, bound)
            yield from _used(tree.key, bound) if isinstance(tree, Index) else ()
        case _:
            for part in parts(tree):
                yield from _used(part, bound)


def _macro(macro: Macro, bound: _Places) -> Iterator[Path]:
    path = _path(macro.target, bound)
    is_one = len(macro.variables) == 1
    if path is None or (not is_one and macro.name != "bind"):
        yield from _used(macro.target, bound)
    else:
        yield (*path, "")
        yield from _aside(macro.target, bound)
    inner = {**bound, **dict.fromkeys(macro.variables, path if is_one else None)}
    for body in macro.bodies:
        yield from _used(body, inner)


def _aside(tree: Tree, bound: _Places) -> Iterator[Path]:
    """Yield what the way to a value uses: conditions of filters, computed places."""
    match tree:
        case Select(operand):
            yield from _aside(operand, bound)
        case Index(operand, key):
            yield from _aside(operand, bound)
            yield from _used(key, bound)
        case Macro(_, target, variables, bodies):
            yield from _aside(target, bound)
            inner = {**bound, **dict.fromkeys(variables, _path(target, bound))}
            for body in bodies:
                yield from _used(body, inner)
        case Call(_, target, args):
            operands = args if target is None else (target, *args)
            yield from _aside(operands[0], bound)
            for operand in operands[1:]:
                yield from _used(operand, bound)


def _path(tree: Tree, bound: _Places) -> Path | None:
    """Return the path of the data that a tree stands for, None where it is none, or where a computed key leads to it."""
    match tree:
        case Name(name):
            return bound.get(name, (name,))
        case Select(operand, name):
            path = _path(operand, bound)
            return None if path is None else (*path, name)
        case Index(operand, Literal(str() as key)):
            path = _path(operand, bound)
            return None if path is None else (*path, key)
        case Index(operand, Literal(int())):
            return _path(operand, bound)
        case Macro(name, target, (_,)) if name in _SAME_ELEMENTS:
            return _path(target, bound)
        case Call(name, target, args) if name in _ELEMENTS_OF and (target or args):
            return _path(target or args[0], bound)
    return None
