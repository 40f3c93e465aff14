"""Trees back to text, in the words that an engine understands."""

from __future__ import annotations

from guardrail.cel.syntax import (
    MACROS,
    Binary,
    Call,
    Index,
    ListOf,
    Literal,
    MapOf,
    Name,
    Select,
    Ternary,
    Tree,
    Unary,
    quote,
)

_LISTING = {"map", "filter"}
"""Macros that give a list."""
_SPELLED = {"string": "text", "double": "number", "type": "type_of"}
"""Functions of CEL that are ours here, for numbers that are all doubles."""
_ELEMENT = "each_"
"""Goes before the name of a macro's variable, which may be a word of Python."""


def emit(tree: Tree, *, careful: bool = False) -> str:
    """Return the expression as text for an engine: all numbers doubles, `has` false for null.

    With `careful`, everything that is read passes through `known`, for a scope that holds values known only after apply.
    No sub-expression has a static type where one may be refused: guardrail.cel.type_check has checked what can be.
    """
    return _Emitter(careful=careful).value(tree)


class _Emitter:
    def __init__(self, *, careful: bool) -> None:
        self.careful = careful
        self.elements: frozenset[str] = frozenset()

    def value(self, tree: Tree) -> str:
        """Spell a tree whose value is used."""
        if self.careful and isinstance(tree, Name | Select | Index):
            return f"known({self.access(tree)})"
        # Google's engine infers the type of an element from what it is used with, and would refuse `a[0] + a[1] > 1.0`.
        return f"dyn({self.access(tree)})" if isinstance(tree, Select | Index) else self.access(tree)

    def access(self, tree: Tree) -> str:  # noqa: C901 - one case a kind of node
        """Spell a tree whatever it is used for."""
        match tree:
            case Literal(value):
                return _literal(value)
            case Name(name):
                return f"{_ELEMENT}{name}" if name in self.elements else name
            case Select(operand, field):
                # An index, as a field may be spelled like a word that CEL reserves.
                return f"{self._container(operand)}[{quote(field)}]"
            case Index(operand, key):
                return f"{self._container(operand)}[{self._key(key)}]"
            case Unary(operator, operand):
                return f"{operator}({self.value(operand)})"
            case Ternary(condition, then, otherwise):
                return f"({self.value(condition)} ? {self._dyn(then)} : {self._dyn(otherwise)})"
            case ListOf(items):
                return f"[{', '.join(map(self.value, items))}]"
            case MapOf(entries):
                return f"{{{', '.join(f'{self._map_key(key)}: {self.value(item)}' for key, item in entries)}}}"
            case Binary(operator, left, right):
                return self._binary(operator, left, right)
            case Call(name, target, args):
                return self._call(name, target, args)

    def _container(self, tree: Tree) -> str:
        return self._dyn(tree) if self.careful or not isinstance(tree, Select | Index) else self.access(tree)

    def _key(self, key: Tree) -> str:
        if isinstance(key, Literal) and isinstance(key.value, float) and key.value.is_integer():
            return str(int(key.value))  # a double literal is refused as the index of a list
        return self._dyn(key)

    def _map_key(self, key: Tree) -> str:
        return self.value(key) if isinstance(key, Literal) else f"map_key({self.value(key)})"

    def _binary(self, operator: str, left: Tree, right: Tree) -> str:
        if operator in {"==", "!="}:
            # whether there is something at all does not depend on what is not known inside it
            spell = self._dyn if _is_null(left) or _is_null(right) else self._operand
            return f"({spell(left)} {operator} {spell(right)})"
        if operator == "in" and self.careful:
            return f"contained({self._operand(left)}, {self.value(right)})"
        if operator == "in":
            return f"({self._dyn(left)} in {self.value(right)})"
        spell = self._dyn if _is_list(left) and _is_list(right) else self.value
        return f"({spell(left)} {operator} {spell(right)})"

    def _operand(self, tree: Tree) -> str:
        if self.careful and not isinstance(tree, Literal):
            return f"all_known({self.access(tree)})"
        return self._dyn(tree)

    def _dyn(self, tree: Tree) -> str:
        """Spell a value whose type the engine is not to check: values of two types are different, not an error."""
        return self.value(tree) if isinstance(tree, Name | Select | Index) else f"dyn({self.value(tree)})"

    def _call(self, name: str, target: Tree | None, args: tuple[Tree, ...]) -> str:
        if name == "has":
            return self._has(args[0])
        if name == "size":
            return f"double(size({self.value(target or args[0])}))"
        if target is None:
            return f"{_SPELLED.get(name, name)}({', '.join(map(self.value, args))})"
        if name in MACROS:
            return self._macro(name, target, *args)
        return f"{self.value(target)}.{name}({', '.join(map(self.value, args))})"

    def _macro(self, name: str, target: Tree, variable: Tree, *bodies: Tree) -> str:
        if name == "map" and bodies[1:]:  # with a condition, which cel-python does not know
            condition, result = bodies
            return self._macro("map", Call("filter", target, (variable, condition), variable.at), variable, result)
        # A map has no order in Google's engine, and what is printed must have one: a list, or which value is unknown.
        ordered = (name in _LISTING or self.careful) and not _is_list(target)
        through = f"elements({self.value(target)})" if ordered else self.value(target)
        outer = self.elements
        if isinstance(variable, Name):
            self.elements |= {variable.name}
        spelled = f"dyn({through}).{name}({self.access(variable)}, {self.value(bodies[0])})"
        self.elements = outer
        return spelled

    def _has(self, selection: Tree) -> str:
        if not isinstance(selection, Select):
            raise TypeError(selection)  # guardrail.cel.names has refused it
        operand, field = self._dyn(selection.operand), quote(selection.field)
        return f"({field} in {operand} && {operand}[{field}] != null)"


def _is_null(tree: Tree) -> bool:
    return isinstance(tree, Literal) and tree.value is None


def _is_list(tree: Tree) -> bool:
    return isinstance(tree, ListOf) or (isinstance(tree, Call) and tree.name in _LISTING)


def _literal(value: float | str | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(value) if isinstance(value, str) else repr(value)
