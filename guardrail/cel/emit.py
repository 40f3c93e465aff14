"""Trees back to text, in the words that an engine understands."""

from __future__ import annotations

from dataclasses import dataclass

from guardrail.cel.syntax import (
    MACROS,
    RESERVED,
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
_WORDS = RESERVED | {"true", "false", "null", "in"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to spell an expression.

    careful       pass everything that is read through `known`, for a scope that holds values known only after apply
    for_celpy     spell what cel-python lacks as functions: equality across types, errors inside macros
    """

    careful: bool = False
    for_celpy: bool = False


def emit(tree: Tree, dialect: Dialect) -> str:
    """Return the expression as text for an engine: all numbers doubles, `has` false for null."""
    return _Emitter(dialect).value(tree)


class _Emitter:
    def __init__(self, dialect: Dialect) -> None:
        self.careful = dialect.careful
        self.for_celpy = dialect.for_celpy

    def value(self, tree: Tree) -> str:
        """Spell a tree whose value is used."""
        if self.careful and isinstance(tree, Name | Select | Index):
            return f"known({self.access(tree)})"
        return self.access(tree)

    def access(self, tree: Tree) -> str:  # noqa: C901 - one case a kind of node
        """Spell a tree whatever it is used for."""
        match tree:
            case Literal(value):
                return _literal(value)
            case Name(name):
                return name
            case Select(operand, field):
                # A field may be spelled like a word that CEL reserves.
                return f"{self.value(operand)}" + (f"[{quote(field)}]" if field in _WORDS else f".{field}")
            case Index(operand, key):
                return f"{self.value(operand)}[{self._key(key)}]"
            case Unary(operator, operand):
                return f"{operator}({self.value(operand)})"
            case Ternary(condition, then, otherwise):
                return f"({self.value(condition)} ? {self._dyn(then)} : {self._dyn(otherwise)})"
            case ListOf(items):
                return f"[{', '.join(map(self.value, items))}]"
            case MapOf(entries):
                return f"{{{', '.join(f'{self.value(key)}: {self.value(item)}' for key, item in entries)}}}"
            case Binary(operator, left, right):
                return self._binary(operator, left, right)
            case Call(name, target, args):
                return self._call(name, target, args)

    def _key(self, key: Tree) -> str:
        if isinstance(key, Literal) and isinstance(key.value, float) and key.value.is_integer():
            return str(int(key.value))  # cel-python takes no double as an index
        return self.value(key)

    def _binary(self, operator: str, left: Tree, right: Tree) -> str:
        if operator in {"==", "!="}:
            # whether there is something at all does not depend on what is not known inside it
            spell = self._dyn if _is_null(left) or _is_null(right) else self._operand
            return self._equality(operator, spell(left), spell(right))
        if operator == "in" and (self.for_celpy or self.careful):
            return f"contained({self._operand(left)}, {self.value(right)})"
        if operator == "in":
            return f"({self._dyn(left)} in {self.value(right)})"
        return f"({self.value(left)} {operator} {self.value(right)})"

    def _operand(self, tree: Tree) -> str:
        if self.careful and not isinstance(tree, Literal):
            return f"all_known({self.access(tree)})"
        return self._dyn(tree)

    def _dyn(self, tree: Tree) -> str:
        """Spell a value whose type is not to be checked: where types differ, C++ would refuse, and cel-python not."""
        return self.value(tree) if isinstance(tree, Name | Select | Index) else f"dyn({self.value(tree)})"

    def _equality(self, operator: str, left: str, right: str) -> str:
        if self.for_celpy:
            return f"{'!' if operator == '!=' else ''}same({left}, {right})"
        return f"({left} {operator} {right})"

    def _call(self, name: str, target: Tree | None, args: tuple[Tree, ...]) -> str:
        if name == "has":
            return self._has(args[0])
        if name == "size":
            return f"double(size({self.value(target or args[0])}))"
        if name == "string":
            return f"text({self.value(args[0])})"
        if name == "double":
            return f"number({self.value(args[0])})"
        if target is None:
            return f"{name}({', '.join(map(self.value, args))})"
        if name in MACROS:
            variable, *bodies = args
            return self._macro(name, self._range(name, target), self.access(variable), tuple(map(self.value, bodies)))
        return f"{self.value(target)}.{name}({', '.join(map(self.value, args))})"

    def _range(self, name: str, target: Tree) -> str:
        """Spell what a macro goes through. A map has no order in C++, and what we print must have one."""
        return self.value(target) if name not in _LISTING or _is_list(target) else f"elements({self.value(target)})"

    def _macro(self, name: str, target: str, variable: str, bodies: tuple[str, ...]) -> str:
        if self.for_celpy and name == "all":  # an error counts as true in cel-python's own
            return f"!(dyn({target}).exists({variable}, !({bodies[0]})))"
        if self.for_celpy and name == "filter":  # likewise
            return f"picked({target}, dyn({target}).map({variable}, {bodies[0]}))"
        if self.for_celpy and bodies[1:]:  # map with a filter, which cel-python ignores
            kept = self._macro("filter", target, variable, bodies[:1])
            return f"{kept}.map({variable}, {bodies[1]})"
        return f"dyn({target}).{name}({variable}, {', '.join(bodies)})"

    def _has(self, selection: Tree) -> str:
        if not isinstance(selection, Select):
            raise TypeError(selection)  # guardrail.cel.names has refused it
        operand = self.value(selection.operand)
        present = f"{operand}[{quote(selection.field)}]"
        return f"({quote(selection.field)} in {operand} && {self._equality('!=', present, 'null')})"


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
