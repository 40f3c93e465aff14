"""Which kind of value each part of an expression gives, as far as the text tells: what can never work is refused at load."""

from __future__ import annotations

from collections.abc import Iterable

from guardrail.cel.operators import CALLS, METHODS, OPERATORS, RESULTS, UNARY
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

_ANY = "?"
"""The kind of what is known only when it is read."""
_WORDS = {"s": "a string", "d": "a number", "b": "a bool", "n": "null", "l": "a list", "m": "a map", _ANY: "anything"}
_COMPARE = frozenset({"<", "<=", ">", ">=", "==", "!=", "in"})
_LISTING = frozenset({"map", "filter"})


def check_kinds(tree: Tree) -> str:  # noqa: C901, PLR0912 - one case a kind of node
    """Return the kind that a tree gives, "?" if the text does not tell. Raises CelError for what no value can make work."""
    match tree:
        case Literal(value):
            return "n" if value is None else "b" if isinstance(value, bool) else "s" if isinstance(value, str) else "d"
        case Name():
            return _ANY
        case Select(operand):
            _need("m", check_kinds(operand), "a field", operand.at)
            return _ANY
        case Index(operand, key):
            _check("[]", OPERATORS["[]"], (check_kinds(operand), check_kinds(key)), tree.at)
            return _ANY
        case Unary(operator, operand):
            _check(operator, UNARY[operator], (check_kinds(operand),), tree.at)
            return "b" if operator == "!" else "d"
        case Binary(("&&" | "||") as operator, left, right):
            for part in (left, right):
                _need("b", check_kinds(part), operator, part.at)
            return "b"
        case Binary(operator, left, right):
            found = _check(operator, OPERATORS[operator], (check_kinds(left), check_kinds(right)), tree.at)
            return "b" if operator in _COMPARE else _only(kinds[0] for kinds in found)
        case Ternary(condition, then, otherwise):
            _need("b", check_kinds(condition), "? :", condition.at)
            return _only((check_kinds(then), check_kinds(otherwise)))
        case ListOf(items):
            for item in items:
                check_kinds(item)
            return "l"
        case MapOf(entries):
            for key, item in entries:
                _need("s", check_kinds(key), "a map's key", key.at)
                check_kinds(item)
            return "m"
        case Call():
            return _call(tree)


def _call(call: Call) -> str:
    name = call.name
    if call.target is not None and name in MACROS:
        _need("lm", check_kinds(call.target), name, call.target.at)
        _, *bodies = call.args
        kinds = [check_kinds(body) for body in bodies]
        if name != "map" or kinds[1:]:
            _need("b", kinds[0], f"the condition of {name}", bodies[0].at)
        return "l" if name in _LISTING else "b"
    operands = call.args if call.target is None else (call.target, *call.args)
    given = tuple(map(check_kinds, operands))
    if name == "has":
        return "b"
    _check(name, CALLS[name] if call.target is None else METHODS[name], given, call.at)
    return RESULTS[name]


def _check(name: str, overloads: Iterable[str], given: tuple[str, ...], at: int) -> list[str]:
    """Return the overloads that take operands of these kinds. Raises CelError if there are none."""
    found = [kinds for kinds in overloads if all(one in (_ANY, kind) for one, kind in zip(given, kinds, strict=True))]
    if not found:
        raise CelError(f"{name} is not for {' and '.join(_WORDS[one] for one in given)}", at + 1)
    return found


def _need(wanted: str, given: str, what: str, at: int) -> None:
    if given != _ANY and given not in wanted:
        raise CelError(f"{what} takes {' or '.join(_WORDS[one] for one in wanted)}, not {_WORDS[given]}", at + 1)


def _only(kinds: Iterable[str]) -> str:
    found = set(kinds)
    return found.pop() if len(found) == 1 else _ANY
