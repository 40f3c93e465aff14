"""Which type each part of an expression has, as far as the text tells: what can never work is refused at load.

A type is written as a kind (see `guardrail.cel.functions.function`), of a list or a map followed by the type of what is in it: `ls` is
a list of strings. `?` is a type that the text does not tell. `D` is data, what a scope holds: any JSON value, in which every
number is a double. Where data meets a whole number of the text, as in `size / 2`, that number is a double, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from guardrail.cel.engine.operators import OPERATORS, RESULTS, UNARY
from guardrail.cel.expression.syntax import CelError
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
)
from guardrail.cel.functions import FUNCTIONS, NAMES, Function

ANY, DATA = "?", "D"
OPEN_KINDS = frozenset({ANY, DATA})
_DATA = "sdbnlm"
"""The kinds that data may have."""
WORDS = {
    "s": "a string",
    "i": "an int",
    "u": "a uint",
    "d": "a number",
    "b": "a bool",
    "n": "null",
    "l": "a list",
    "m": "a map",
    "y": "bytes",
    "t": "a timestamp",
    "r": "a duration",
    "k": "a type",
    "o": "an optional value",
    "x": "a value of Kubernetes' library",
    ANY: "anything",
    DATA: "anything",
}
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
_CONDITIONS = {"all", "exists", "exists_one", "filter"}
TYPE_NAMES = {
    **{name: name for name in NAMES.values()},
    **{name: name for name in ("net.IP", "net.CIDR", "kubernetes.Quantity", "kubernetes.Semver", "kubernetes.URL")},
}
Types = dict[int, str]
"""Identity of a tree -> its type."""


def type_name(tree: Tree) -> str | None:
    """Return the type that a name stands for, `int` or `google.protobuf.Timestamp`; None for any other tree."""
    steps: list[str] = []
    while isinstance(tree, Select) and not tree.optional:
        steps.append(tree.field)
        tree = tree.operand
    if not isinstance(tree, Name):
        return None
    return TYPE_NAMES.get(".".join([tree.name, *reversed(steps)]))


def infer(
    tree: Tree, names: Iterable[str] = (), declared: Mapping[str, str] | None = None, *, exact: bool = False
) -> Types:
    """Return the type of every part of a tree. `names` are those of data; `declared` have another type.

    Raises CelError for what no value can make work, and with `exact` for a division of whole numbers, whose fraction is lost.
    """
    typing = _Typing({**dict.fromkeys(names, DATA), **(declared or {})}, exact=exact)
    typing.of(tree, {})
    return typing.types


class _Typing:
    def __init__(self, names: Mapping[str, str], *, exact: bool) -> None:
        self.names = names
        self.exact = exact
        self.types: Types = {}

    def of(self, tree: Tree, bound: Mapping[str, str]) -> str:
        found = self._of(tree, bound)
        self.types[id(tree)] = found
        return found

    def _of(self, tree: Tree, bound: Mapping[str, str]) -> str:  # noqa: C901, PLR0912 - one case a kind of node
        match tree:
            case Literal(value):
                return literal_type(value)
            case Name(name):
                return bound.get(name) or self.names.get(name) or ("k" if name in TYPE_NAMES else DATA)
            case Select(operand):
                root = type_name(tree)
                if root and not self._is_taken(tree, bound):
                    return "k"
                return self._inside(tree, self.of(operand, bound))
            case Index(operand, key):
                container, place = self.of(operand, bound), self.of(key, bound)
                if container[0] != "o":
                    overloads_for("[]", (container, place), tree.at)
                return self._inside(tree, container)
            case Unary(operator, operand):
                kind = self.of(operand, bound)
                overloads_for(operator, (kind,), tree.at)
                return "b" if operator == "!" else "d" if kind == DATA else kind
            case Binary(("&&" | "||") as operator, left, right):
                for part in (left, right):
                    need("b", self.of(part, bound), operator, part.at)
                return "b"
            case Binary(operator, left, right):
                kinds = self.of(left, bound), self.of(right, bound)
                # CEL divides whole numbers without a fraction: a price definition with 7 / 2 means 3.5.
                if self.exact and operator == "/" and kinds == ("i", "i"):
                    raise CelError("a division of whole numbers loses its fraction", tree.at + 1, "write 7.0 / 2")
                return binary(operator, *kinds, tree.at)
            case Ternary(condition, then, otherwise):
                need("b", self.of(condition, bound), "? :", condition.at)
                return chosen(self.of(then, bound), self.of(otherwise, bound))
            case ListOf(items, _, optional):
                inside = [self.of(item, bound) for item in items]
                return "l" + joined(ANY if place in optional else kind for place, kind in enumerate(inside))
            case MapOf():
                return self._map(tree, bound)
            case Macro():
                return self._macro(tree, bound)
            case Call():
                return self._call(tree, bound)

    def _map(self, tree: MapOf, bound: Mapping[str, str]) -> str:
        inside = []
        for place, (key, item) in enumerate(tree.entries):
            need("siub", self.of(key, bound), "a map's key", key.at)
            kind = self.of(item, bound)
            if place in tree.optional:
                need("o", kind, "an optional entry", item.at)
            inside.append(ANY if place in tree.optional else kind)
        return "m" + joined(inside)

    def _is_taken(self, tree: Tree, bound: Mapping[str, str]) -> bool:
        while isinstance(tree, Select):
            tree = tree.operand
        return isinstance(tree, Name) and (tree.name in bound or tree.name in self.names)

    def _inside(self, tree: Select | Index, container: str) -> str:
        if container[0] == "o":
            return "o"
        if isinstance(tree, Select):
            need("m", container, "a field", tree.operand.at)
        if tree.optional:
            return "o"
        return DATA if container == DATA else container[1:] or ANY

    def _macro(self, macro: Macro, bound: Mapping[str, str]) -> str:
        target = self.of(macro.target, bound)
        if macro.name == "bind":
            return self.of(macro.bodies[0], {**bound, macro.variables[0]: target})
        if macro.name in {"optMap", "optFlatMap"}:
            need("o", target, macro.name, macro.target.at)
            self.of(macro.bodies[0], {**bound, macro.variables[0]: ANY})
            return "o"
        need("lm", target, macro.name, macro.target.at)
        inside = DATA if target == DATA else target[1:] or ANY
        # With two variables, the first is the place in a list, or the key of a map.
        place = "i" if target[0] == "l" else ANY
        key = {"l": inside, "m": ANY}.get(target[0], DATA)  # what goes through a map goes through its keys
        variables = (key,) if len(macro.variables) == 1 else (place, inside)
        inner = {**bound, **dict(zip(macro.variables, variables, strict=True))}
        bodies = [self.of(body, inner) for body in macro.bodies]
        if macro.name in _CONDITIONS or bodies[1:]:
            need("b", bodies[0], f"the condition of {macro.name}", macro.bodies[0].at)
        match macro.name:
            case "filter":
                return f"l{key}"
            case "map" | "transformList":
                return f"l{bodies[-1]}"
            case "sortBy":
                return f"l{key}"
            case "transformMap":
                return f"m{bodies[-1]}"
            case "transformMapEntry":
                need("m", bodies[-1], "transformMapEntry", macro.bodies[-1].at)
                return f"m{ANY}"
            case _:
                return "b"

    def _call(self, call: Call, bound: Mapping[str, str]) -> str:
        operands = call.args if call.target is None else (call.target, *call.args)
        given = tuple(self.of(operand, bound) for operand in operands)
        match call.name:
            case "has" if call.target is None:
                return "b"
            case "dyn" if call.target is None:
                return DATA if given[0] == DATA else ANY
            case "type" if call.target is None:
                return "k"
        found = candidates(call, given)
        if not found:
            raise CelError(f"{call.name} is not for {' and '.join(WORDS[one[0]] for one in given)}", call.at + 1)
        return joined(_result(one, given) for one in found)


def candidates(call: Call, given: tuple[str, ...]) -> list[Function]:
    """Return the functions that a call may mean for operands of these types."""
    return [
        one
        for one in FUNCTIONS.get((call.name, call.target is not None), ())
        if one.takes(len(given)) and all(_fits(one.param(place), kind) for place, kind in enumerate(given))
    ]


def _fits(param: str, kind: str) -> bool:
    return kind[0] in OPEN_KINDS or kind[0] in param


def _result(function: Function, given: tuple[str, ...]) -> str:
    if function.name == "get":  # a default that is spelled as a whole number stands for data
        return DATA if given[0] == DATA and given[2][0] in "dDi" else ANY
    if function.result == "=1":
        # Of a list they give an element, whose type only its values tell.
        if function.name in {"math.greatest", "math.least"} and given[0][0] == "l":
            return ANY
        kind = joined(given) if function.variadic else given[0]
        return "i" if kind == "u" and not function.native else kind  # Google's engine takes back no unsigned one
    return function.result


def literal_type(value: object) -> str:
    """Return the type of a constant."""
    if value is None:
        return "n"
    for kind, type_ in (("b", bool), ("u", UInt), ("i", int), ("d", float), ("s", str)):
        if isinstance(value, type_):
            return kind
    return "y"


def joined(types: Iterable[str]) -> str:
    """Return the type of what is of one of these types, or null; whole numbers beside data are doubles."""
    found = set(types)
    if len(found) > 1:
        found.discard("n")
    if len(found) == 1:
        return found.pop()
    if DATA in found and found <= {DATA, "d", "i"}:
        return DATA
    return ANY


def chosen(then: str, otherwise: str) -> str:
    """Return the type of one of two values: of a double and a whole number a double."""
    return "d" if {then, otherwise} == {"d", "i"} else joined((then, otherwise))


def is_dynamic(operator: str, left: str, right: str) -> bool:
    """Say whether what an arithmetic operator does is only known by the values: they may be numbers of two types."""
    kinds = {left[0], right[0]}
    return operator in _ARITHMETIC and ANY in kinds and kinds <= {ANY, DATA, "i", "d"}


def becomes_double(kind: str, other: str) -> bool:
    """Say whether an int is a double beside an operand of another type, which is or may be one."""
    return kind == "i" and other in {DATA, "d"}


def binary(operator: str, left: str, right: str, at: int) -> str:
    """Return the type of what an operator makes of operands of two types. Raises CelError if it takes none of these."""
    if operator in _ARITHMETIC:
        if operator == "%" and DATA in (left, right):
            for kind in (left, right):
                need("iud", kind, operator, at)
            return "d"
        if is_dynamic(operator, left, right):
            return ANY
        left = "d" if becomes_double(left, right) else left
        right = "d" if becomes_double(right, left) else right
    found = overloads_for(operator, (left, right), at)
    if operator == "+" and left[0] == right[0] == "l":
        return "l" + joined((left[1:] or ANY, right[1:] or ANY))
    results = {RESULTS[operator][kinds] for kinds in found}
    if len(results) == 1:
        return results.pop()
    return DATA if left == right == DATA else ANY


def overloads_for(name: str, given: tuple[str, ...], at: int) -> tuple[str, ...]:
    """Return the overloads of an operator that take operands of these types. Raises CelError if there are none."""
    found = _overloads_for(name, "".join(one[0] for one in given))
    if not found:
        raise CelError(f"{name} is not for {' and '.join(WORDS[one[0]] for one in given)}", at + 1)
    return found


@cache
def _overloads_for(name: str, given: str) -> tuple[str, ...]:
    return tuple(
        kinds
        for kinds in (UNARY if len(given) == 1 else OPERATORS)[name]
        if all(one in (kind, ANY) or (one == DATA and kind in _DATA) for one, kind in zip(given, kinds, strict=True))
    )


def need(wanted: str, given: str, what: str, at: int) -> None:
    """Raise CelError for a type that is none of the kinds that are wanted."""
    if given[0] not in OPEN_KINDS and given[0] not in wanted:
        raise CelError(f"{what} takes {' or '.join(WORDS[one] for one in wanted)}, not {WORDS[given[0]]}", at + 1)
