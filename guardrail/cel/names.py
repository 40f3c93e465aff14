"""Which names an expression uses, whether they exist, and what a named intermediate value stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from guardrail.cel.functions import FUNCTIONS
from guardrail.cel.operators import CALLS, METHODS
from guardrail.cel.syntax import (
    MACROS,
    Binary,
    Call,
    CelError,
    Index,
    ListOf,
    Literal,
    MapOf,
    Name,
    Select,
    Ternary,
    Tree,
    Unary,
)
from guardrail.errors import did_you_mean

OPEN: Mapping[str, object] = {}
"""Stands for a name below which anything may be."""

Schema = Mapping[str, object]
"""Names that exist: a non-empty mapping holds the only fields there are, `OPEN` says that any may be."""

Path = tuple[str, ...]

# Name -> number of arguments, as a function and as a method.
_GLOBAL = {"has": 1, **{name: len(next(iter(kinds))) for name, kinds in CALLS.items()}}
_METHODS = {name: len(next(iter(kinds))) - 1 for name, kinds in METHODS.items()}


def expand(tree: Tree, definitions: Mapping[str, Mapping[str, Tree]]) -> Tree:
    """Replace every `namespace.name` that is defined by the tree it stands for.

    Raises CelError for a name that its namespace does not define.
    """

    def walk(node: Tree) -> Tree:
        if isinstance(node, Select) and isinstance(node.operand, Name) and node.operand.name in definitions:
            defined = definitions[node.operand.name]
            if node.field not in defined:
                _unknown(f"{node.operand.name}.{node.field}", node.field, defined, node.at)
            return defined[node.field]
        return _rebuilt(node, walk)

    return walk(tree)


def check(tree: Tree, schema: Schema) -> frozenset[Path]:
    """Return every path of the context that the expression reads. Raises CelError for a name that does not exist."""
    return frozenset(_Reader(schema).read(tree, {}))


def _rebuilt(node: Tree, walk: Callable[[Tree], Tree]) -> Tree:
    match node:
        case Literal() | Name():
            return node
        case Select():
            return replace(node, operand=walk(node.operand))
        case Index():
            return replace(node, operand=walk(node.operand), key=walk(node.key))
        case Unary():
            return replace(node, operand=walk(node.operand))
        case Binary():
            return replace(node, left=walk(node.left), right=walk(node.right))
        case Ternary():
            return replace(node, condition=walk(node.condition), then=walk(node.then), otherwise=walk(node.otherwise))
        case ListOf():
            return replace(node, items=tuple(map(walk, node.items)))
        case MapOf():
            return replace(node, entries=tuple((walk(key), walk(value)) for key, value in node.entries))
        case Call():
            target = None if node.target is None else walk(node.target)
            return replace(node, target=target, args=tuple(map(walk, node.args)))


class _Reader:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def read(self, tree: Tree, bound: Mapping[str, Path]) -> Iterator[Path]:  # noqa: C901 - one case a kind of node
        """Yield the paths below `tree`; `bound` maps a macro's variable to the path that it goes through."""
        match tree:
            case Literal():
                return
            case Name() | Select() | Index():
                yield from self._access(tree, bound)
            case Unary(_, operand):
                yield from self.read(operand, bound)
            case Binary(_, left, right):
                yield from self.read(left, bound)
                yield from self.read(right, bound)
            case Ternary(condition, then, otherwise):
                for part in (condition, then, otherwise):
                    yield from self.read(part, bound)
            case ListOf(items):
                for part in items:
                    yield from self.read(part, bound)
            case MapOf(entries):
                for key, value in entries:
                    yield from self.read(key, bound)
                    yield from self.read(value, bound)
            case Call():
                yield from self._call(tree, bound)

    def _access(self, tree: Name | Select | Index, bound: Mapping[str, Path]) -> Iterator[Path]:
        steps: list[tuple[str, int]] = []
        node: Tree = tree
        while isinstance(node, Select | Index):
            if isinstance(node, Select):
                steps.append((node.field, node.at))
            elif isinstance(node.key, Literal) and isinstance(node.key.value, str):
                steps.append((node.key.value, node.at))
            else:
                steps.clear()  # what lies below a computed key counts as read as a whole
                yield from self.read(node.key, bound)
            node = node.operand
        if not isinstance(node, Name):
            yield from self.read(node, bound)
            return
        steps.reverse()
        if node.name in bound:
            if bound[node.name]:
                yield bound[node.name]
            return
        yield self._checked(node, steps)

    def _checked(self, root: Name, steps: list[tuple[str, int]]) -> Path:
        if root.name not in self.schema:
            _unknown(root.name, root.name, self.schema, root.at)
        level: object = self.schema[root.name]
        path = [root.name]
        for field, at in steps:
            if isinstance(level, Mapping) and level:
                if field not in level:
                    _unknown(".".join([*path, field]), field, level, at)
                level = level[field]
            else:
                level = OPEN
            path.append(field)
        return tuple(path)

    def _call(self, call: Call, bound: Mapping[str, Path]) -> Iterator[Path]:
        self._check_call(call)
        if call.target is not None:
            yield from self.read(call.target, bound)
        if call.target is not None and call.name in MACROS:
            variable = call.args[0]
            if not isinstance(variable, Name):
                raise CelError(f"the first argument of {call.name} is a name for the element", variable.at + 1)
            if variable.name in self.schema:
                raise CelError(
                    f"{variable.name!r} already means something else", variable.at + 1, "choose another name"
                )
            through = next(iter(self.read(call.target, bound)), ()) if _is_path(call.target) else ()
            inner = {**bound, variable.name: through}
            for body in call.args[1:]:
                yield from self.read(body, inner)
            return
        for part in call.args:
            yield from self.read(part, bound)

    def _check_call(self, call: Call) -> None:
        name, count = call.name, len(call.args)
        if call.target is not None and name in MACROS:
            wanted = {2, 3} if name == "map" else {2}
        elif call.target is not None and name in _METHODS:
            wanted = {_METHODS[name]}
        elif call.target is None and name in _GLOBAL:
            wanted = {_GLOBAL[name]}
        else:
            known = (_METHODS.keys() | MACROS) if call.target is not None else _GLOBAL.keys()
            hint = did_you_mean(name, known)
            if call.target is not None and name in FUNCTIONS:
                hint = f"write {name}(x) instead of x.{name}()"
            raise CelError(f"no such function: {name}", call.at + 1, hint)
        if count not in wanted:
            raise CelError(f"{name} takes {max(wanted)} arguments, not {count}", call.at + 1)
        if name == "has" and not isinstance(call.args[0], Select):
            raise CelError("has takes a field: has(x.field)", call.at + 1)


def _is_path(tree: Tree) -> bool:
    while isinstance(tree, Select | Index):
        tree = tree.operand
    return isinstance(tree, Name)


def _unknown(shown: str, name: str, known: Mapping[str, object], at: int) -> None:
    raise CelError(
        f"no such name: {shown}", at + 1, did_you_mean(name, known) or f"known here: {', '.join(sorted(known))}"
    )
