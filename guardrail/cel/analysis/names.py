"""Which names an expression uses, whether they exist, and what a named intermediate value stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from guardrail.cel.analysis.types import type_name
from guardrail.cel.expression.syntax import LIBRARIES, MACROS, CelError
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
    Unary,
    parts,
)
from guardrail.cel.functions import FUNCTIONS
from guardrail.errors import did_you_mean

OPEN: Mapping[str, object] = {}
"""Stands for a name below which anything may be."""

Schema = Mapping[str, object]
"""Names that exist: a non-empty mapping holds the only fields there are, `OPEN` says that any may be."""

Path = tuple[str, ...]

_SPECIAL = {"has": 1, "dyn": 1, "type": 1}
"""What is written like a function and is none: how many operands it takes."""
_HINTS = {
    "count": "size(x)",
    "lowercase": "x.lowerAscii()",
    "toLower": "x.lowerAscii()",
    "toUpper": "x.upperAscii()",
    "any": "x.exists(e, ...)",
    "some": "x.exists(e, ...)",
    "every": "x.all(e, ...)",
    "startswith": "x.startsWith(y)",
    "endswith": "x.endsWith(y)",
    "to_number": "number(x)",
    "sprintf": "pattern.format([x, y])",
    "trim_space": "x.trim()",
    "object.get": "get(x, path, default)",
    "time.now_ns": "timestamp(now)",
    "len": "size(x)",
    "length": "size(x)",
}
"""What people know from Rego, Terraform and other languages -> how it is said here."""


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
        return rebuilt(node, walk)

    return walk(tree)


def check(tree: Tree, schema: Schema) -> frozenset[Path]:
    """Return every path of the context that the expression reads. Raises CelError for a name that does not exist."""
    return frozenset(_Reader(schema).read(tree, {}))


def rebuilt(node: Tree, walk: Callable[[Tree], Tree]) -> Tree:  # noqa: C901 - one case a kind of node
    """Return a node whose parts are what `walk` makes of them."""
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
        case Macro():
            return replace(node, target=walk(node.target), bodies=tuple(map(walk, node.bodies)))
        case Call():
            target = None if node.target is None else walk(node.target)
            return replace(node, target=target, args=tuple(map(walk, node.args)))


class _Reader:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def read(self, tree: Tree, bound: Mapping[str, Path]) -> Iterator[Path]:
        """Yield the paths below `tree`; `bound` maps a macro's variable to the path that it goes through."""
        match tree:
            case Name() | Select() | Index():
                yield from self._access(tree, bound)
            case Macro():
                yield from self._macro(tree, bound)
            case _:
                if isinstance(tree, Call):
                    self._check_call(tree)
                for part in parts(tree):
                    yield from self.read(part, bound)

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
        # `int` or `google.protobuf.Timestamp`, as in `type(x) == int`, is no name of the context.
        if node.name not in bound and node.name not in self.schema and type_name(tree):
            return
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

    def _macro(self, macro: Macro, bound: Mapping[str, Path]) -> Iterator[Path]:
        yield from self.read(macro.target, bound)
        for variable in macro.variables:
            if variable in self.schema:
                raise CelError(
                    f"the macro's variable {variable!r} has the name of another variable",
                    macro.at + 1,
                    "choose another name",
                )
        if len(set(macro.variables)) < len(macro.variables):
            raise CelError(
                f"both variables of the macro are called {macro.variables[0]!r}", macro.at + 1, "choose another name"
            )
        # The element of a list counts as read at the path of the list; of anything computed there is no path.
        through = next(iter(self.read(macro.target, bound)), ()) if _is_path(macro.target) else ()
        inner = {**bound, **dict.fromkeys(macro.variables, through)}
        for body in macro.bodies:
            yield from self.read(body, inner)

    def _check_call(self, call: Call) -> None:
        name, count, is_method = call.name, len(call.args), call.target is not None
        if not is_method and name in _SPECIAL:
            if count != _SPECIAL[name]:
                raise CelError(f"{name} takes {_SPECIAL[name]} arguments, not {count}", call.at + 1)
            if name == "has" and not isinstance(call.args[0], Select):
                raise CelError("has needs a field, like has(x.field)", call.at + 1)
            return
        known = None if name.startswith("_") else FUNCTIONS.get((name, is_method))
        if known is None:
            raise CelError(f"no such function: {name}", call.at + 1, _hint(name, is_method=is_method))
        if not any(one.takes(count + is_method) for one in known):
            counts = sorted({n - is_method for one in known for n in range(one.required, len(one.params) + 1)})
            raise CelError(f"{name} takes {' or '.join(map(str, counts))} arguments, not {count}", call.at + 1)


def _hint(name: str, *, is_method: bool) -> str:
    """Say what may be meant by a function that does not exist."""
    if name in _HINTS:
        return f"write {_HINTS[name]}"
    if (name, not is_method) in FUNCTIONS:
        return f"write {name}(x) instead of x.{name}()" if is_method else f"write x.{name}() instead of {name}(x)"
    if is_method and name in _SPECIAL:
        return f"write {name}(x)"
    library = next((one for one in sorted(LIBRARIES) if (f"{one}.{name}", False) in FUNCTIONS), "")
    # A name that people leave the library out of: greatest(1, 2) for math.greatest(1, 2).
    if library:
        return f"write {library}.{name}(...)"
    return did_you_mean(
        name,
        {
            *(one for one, method in FUNCTIONS if method == is_method and one[0] != "_"),
            *(MACROS if is_method else _SPECIAL),
        },
    )


def _is_path(tree: Tree) -> bool:
    while isinstance(tree, Select | Index):
        tree = tree.operand
    return isinstance(tree, Name)


def _unknown(shown: str, name: str, known: Mapping[str, object], at: int) -> None:
    raise CelError(
        f"no such name: {shown}", at + 1, did_you_mean(name, known) or f"known here: {', '.join(sorted(known))}"
    )
