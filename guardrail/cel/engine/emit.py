"""Trees back to text, in the words that an engine understands."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec import Struct, field

from guardrail.cel.analysis.key_access import place_of
from guardrail.cel.analysis.names import Path
from guardrail.cel.analysis.types import ANY, DATA, Types, becomes_double, candidates, is_dynamic, type_name
from guardrail.cel.engine.place import Place
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
from guardrail.cel.functions import Function
from guardrail.cel.functions.values import MARKER, tagged

_LEVELS = {"||": 2, "&&": 3, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_TERNARY, _RELATION, _UNARY, _MEMBER = 1, 4, 7, 8
_ELEMENT = "each_"
"""Goes before the name of a macro's variable, which may be a word of Python."""
_ORDERED = {"map", "filter"}
_MOST_DIGITS = 18  # of a place in a list that is spelled as a number: more may not fit into 64 bits
_SPELLED = {"+": "added", "-": "subtracted", "*": "multiplied", "/": "divided", "%": "remainder"}
"""Arithmetic on numbers that may be of two types, which CEL does not mix."""


def emit(
    tree: Tree, types: Types, *, native: bool, careful: bool = False, nullable: frozenset[Path] = frozenset()
) -> str:
    """Return the expression as text for an engine; `types` are those of `guardrail.cel.analysis.types.infer`.

    `native`: the engine has the functions that are marked so, and `cel.bind`.
    With `careful`, everything that is read passes through `known`, for a scope that holds values known only after apply.
    The maps at `nullable` paths read null at a key that they lack.
    """
    return _Emitter(types, native=native, careful=careful, nullable=nullable).value(tree, 0)


def quote(text: str) -> str:
    """Spell a string as a CEL literal."""
    return json.dumps(text, ensure_ascii=False)


def spelled(function: Function) -> str:
    """Return the name by which both engines know a function that is not native to them."""
    return f"f_{function.name.replace('.', '_')}{'_of' * function.method}"


class _Emitter(Struct):
    types: Types
    native: bool
    careful: bool
    nullable: frozenset[Path]
    variables: Mapping[str, str] = field(default_factory=dict)
    """A macro's variable -> how it is spelled."""

    def value(self, tree: Tree, level: int = _MEMBER) -> str:
        """Spell a tree whose value is used, in brackets where what is around it binds closer than `level`."""
        if isinstance(tree, Name | Select | Index):
            is_open = self.careful and self._may_be_unknown(tree)
            if (is_open or self._is_nullable(tree)) and (found := self._place(tree)):
                return found.text()
            if is_open:
                return f"f__known({self.access(tree, 0)})"
        return self.access(tree, level)

    def _is_nullable(self, tree: Tree) -> bool:
        """Say whether it reads null where there is nothing."""
        return bool(self.nullable) and isinstance(tree, Select | Index) and self._lacks_as_null(tree.operand)

    def _lacks_as_null(self, map_: Tree) -> bool:
        place = place_of(map_)
        return place is not None and (place in self.nullable or (*place[:-1], "*") in self.nullable)

    def _place(self, tree: Tree) -> Place | None:
        """Return how a place in data is looked at without a function; None for what is no such place, or in other ways."""
        if not self.native or self.types[id(tree)][0] in "ko":
            return None
        if isinstance(tree, Name):
            found = Place(self.variables.get(tree.name, tree.name))
            return self._known(found, found.place)
        if not isinstance(tree, Select | Index) or tree.optional:
            return None
        key, inner = self._key(tree), self._place(tree.operand)
        if not key or inner is None:
            return None
        # A macro's variable as the key may itself be unknown.
        if isinstance(tree, Index) and isinstance(tree.key, Name):
            inner = self._known(inner, key)
        if self._is_nullable(tree):
            inner = inner.unless(f"type({inner.place}) == map && !({key} in {inner.place})", "null")
        found = inner.at(key)
        return self._known(found, found.place)

    def _key(self, tree: Select | Index) -> str:
        """Spell a key that is constant or a macro's variable; "" for another one."""
        match tree:
            case Select(_, name):
                return quote(name)
            case Index(_, Literal(str(name))):
                return quote(name)
            case Index(_, Name(name)):
                return self.variables.get(name, "")
        return ""

    def _item(self, tree: Tree) -> Place | None:
        """Return what may be looked for in a place as one itself: a constant string too."""
        if isinstance(tree, Literal) and isinstance(tree.value, str):
            return Place(quote(tree.value))
        return self._place(tree)

    def _known(self, found: Place, what: str) -> Place:
        """Return a place that raises where a part of it is not known."""
        is_marker = f"type({what}) == string && {what}.startsWith({quote(MARKER)})"
        return found.unless(is_marker, f"f__known({what})") if self.careful else found

    def access(self, tree: Tree, level: int = _MEMBER) -> str:  # noqa: C901 - one case a kind of node
        """Spell a tree whatever it is used for."""
        if self.types[id(tree)] == "k" and isinstance(tree, Name | Select):
            return quote(tagged("type", type_name(tree) or ""))
        match tree:
            case Literal(value):
                return _literal(value)
            case Name(name):
                return self.variables.get(name, name)
            case Select(operand, name, _, optional):
                # An index, as a field may be spelled like a word that CEL reserves.
                return self._entry(operand, quote(name), optional=optional)
            case Index(operand, key, _, optional):
                return self._entry(operand, self.value(key, 0), optional=optional)
            case Unary(operator, operand):
                return _bracketed(f"{operator}{self.value(operand, _UNARY)}", _UNARY, level)
            case Ternary(_, then, otherwise):
                return self._choice(tree, self.types[id(otherwise)], self.types[id(then)], level)
            case ListOf(items, _, optional):
                return self._list(items, optional, self.types[id(tree)][1:])
            case MapOf(entries, _, optional):
                return self._map(entries, optional)
            case Binary(operator, left, right):
                return self._binary(operator, left, right, level)
            case Macro():
                return self._macro(tree)
            case Call():
                return self._call(tree)

    def _entry(self, operand: Tree, key: str, *, optional: bool) -> str:
        if not optional and self.nullable and self._lacks_as_null(operand):
            return f"f__entry_or_null({self.value(operand, 0)}, {key})"
        if not optional and self.types[id(operand)] != "o":
            return f"{self.value(operand)}[{key}]"
        return f"f__optional_entry({self.value(operand, 0)}, {key})"

    def _choice(self, tree: Ternary, beside_then: str, beside_otherwise: str, level: int) -> str:
        condition = self.value(tree.condition, _TERNARY + 1)
        then = self._number(tree.then, beside_then, _TERNARY + 1)
        otherwise = self._number(tree.otherwise, beside_otherwise, _TERNARY)
        return _bracketed(f"{condition} ? {then} : {otherwise}", _TERNARY, level)

    def _number(self, tree: Tree, beside: str, level: int) -> str:
        """Spell an operand, a whole number as a double where the other operand is one or is data."""
        if not becomes_double(self.types[id(tree)], beside):
            return self.value(tree, level)
        if isinstance(tree, Literal) and isinstance(tree.value, int):
            return _literal(float(tree.value))
        if isinstance(tree, Ternary):  # a number or null
            return self._choice(tree, beside, beside, level)
        return f"double({self.value(tree, 0)})"

    def _list(self, items: tuple[Tree, ...], optional: frozenset[int], inside: str) -> str:
        spell = [self._number(item, inside, 0) for item in items]
        if not optional:
            return f"[{', '.join(spell)}]"
        lists = (f"f__optional_list({item})" if place in optional else f"[{item}]" for place, item in enumerate(spell))
        return f"({' + '.join(lists)})"

    def _map(self, entries: tuple[tuple[Tree, Tree], ...], optional: frozenset[int]) -> str:
        spell = [f"{self._map_key(key)}: {self.value(item, 0)}" for key, item in entries]
        if not optional:
            return f"{{{', '.join(spell)}}}"
        maps = []
        for place, (key, item) in enumerate(entries):
            if place in optional:
                value = f"{_ELEMENT}optional"
                made = f"f__optional_list({self.value(item, 0)}).map({value}, {{{self._map_key(key)}: {value}}})"
                maps.append(made)
            else:
                maps.append(f"[{{{spell[place]}}}]")
        return f"f__merged({' + '.join(maps)})"

    def _map_key(self, key: Tree) -> str:
        return _literal(key.value) if isinstance(key, Literal) else f"f__map_key({self.value(key, 0)})"

    def _binary(self, operator: str, left: Tree, right: Tree, level: int) -> str:
        kinds = self.types[id(left)], self.types[id(right)]
        if operator == "%" and DATA in kinds:
            return f"f__remainder({self.value(left, 0)}, {self.value(right, 0)})"
        # Doubles of an engine divide by 0; whole numbers refuse to.
        may_be_nothing = (
            operator == "/" and not {*kinds} <= {"i", "u"} and not (isinstance(right, Literal) and right.value)
        )
        if may_be_nothing or is_dynamic(operator, *kinds):
            return f"f__{_SPELLED[operator]}({self.value(left, 0)}, {self.value(right, 0)})"
        if operator in {"==", "!="}:
            # whether there is something at all does not depend on what is not known inside it
            spell = self.value if _is_null(left) or _is_null(right) else self._operand
            text = f"{spell(left, _RELATION)} {operator} {spell(right, _RELATION + 1)}"
            return _bracketed(text, _RELATION, level)
        if operator == "in" and self.careful:
            found, item = self._place(right), self._item(left)
            if found and item:
                is_key = f"type({item.place}) == string && type({found.place}) == map"
                known = Place(found.place, (*item.unlike, *found.unlike))
                rest = f"f__contained(f__all_known({item.place}), {found.place})"
                return known.unless(is_key, f"{item.place} in {found.place}").text(rest)
            return f"f__contained({self._operand(left, 0)}, {self.value(right, 0)})"
        own = _LEVELS.get(operator, _RELATION)
        if operator in _SPELLED:
            text = f"{self._number(left, kinds[1], own)} {operator} {self._number(right, kinds[0], own + 1)}"
        else:
            text = f"{self.value(left, own)} {operator} {self.value(right, own + 1)}"
        return _bracketed(text, own, level)

    def _operand(self, tree: Tree, level: int) -> str:
        if self.careful and not isinstance(tree, Literal) and self._may_be_unknown(tree):
            return f"f__all_known({self.access(tree, 0)})"
        return self.value(tree, level)

    def _may_be_unknown(self, tree: Tree) -> bool:
        """Say whether a value may be unknown, or have something unknown in it: what the text makes is neither."""
        return self.types[id(tree)][0] in {DATA, ANY, "s", "l", "m"}

    def _call(self, call: Call) -> str:
        operands = call.args if call.target is None else (call.target, *call.args)
        match call.name:
            case "has" if call.target is None:
                return self._has(call.args[0])
            case "dyn" if call.target is None:
                return self.value(call.args[0])
            case "type" if call.target is None:
                return self._type(call.args[0])
        given = tuple(self.types[id(operand)] for operand in operands)
        found = candidates(call, given)
        is_native = self.native and all(one.native for one in found)
        text = self._native(call, operands, found) if is_native else self._own(call, operands, found)
        # What comes out of an optional value was not looked at when it went in.
        return f"f__known({text})" if self.careful and call.name in {"value", "orValue"} else text

    def _native(self, call: Call, operands: tuple[Tree, ...], found: list[Function]) -> str:
        """Spell a call of what the engine has, operands converted where it wants an int and data has doubles only."""
        spell = []
        for place, operand in enumerate(operands):
            is_whole = all(one.params[min(place, len(one.params) - 1)] == "#" for one in found)
            text = self.value(operand, 0 if place or call.target is None else _MEMBER)
            spell.append(f"f__whole({text})" if is_whole and self.types[id(operand)] != "i" else text)
        if call.target is None:
            return f"{call.name}({', '.join(spell)})"
        return f"{spell[0]}.{call.name}({', '.join(spell[1:])})"

    def _own(self, call: Call, operands: tuple[Tree, ...], found: list[Function]) -> str:
        if call.name == "get" and (text := self._get(*operands)):
            return text
        given = [self.types[id(operand)] for operand in operands]
        spell = [
            self._number(operand, DATA, 0) if call.name == "get" and given[0] == DATA else self.value(operand, 0)
            for operand in operands
        ]
        if any(one.variadic for one in found) and len(spell) > 1:
            return f"{spelled(found[0])}([{', '.join(spell)}])"
        return f"{spelled(found[0])}({', '.join(spell)})"

    def _get(self, data: Tree, path: Tree, default: Tree) -> str:
        """Spell `get` without the function where it looks for a constant path of keys in a place; "" elsewhere."""
        found = self._place(data)
        if found is None or not isinstance(path, Literal) or not isinstance(default, Literal):
            return ""
        otherwise = self._number(default, DATA, _TERNARY + 1)
        steps = str(path.value).split(".")
        for number, step in enumerate(steps):
            if step.isdecimal() and len(step) > _MOST_DIGITS:
                return ""
            if step.isdecimal():
                rest = quote(".".join(steps[number:]))
                found = found.unless(f"type({found.place}) == map", f"f_get({found.place}, {rest}, {otherwise})")
                found = found.unless(f"type({found.place}) != list || size({found.place}) <= {int(step)}", otherwise)
                found = found.at(str(int(step)))
            else:
                found = found.unless(f"type({found.place}) != map || !({quote(step)} in {found.place})", otherwise)
                found = found.at(quote(step))
            found = self._known(found, found.place)
        return found.unless(f"{found.place} == null", otherwise).text()

    def _type(self, operand: Tree) -> str:
        return f"f__type_of({self.value(operand, 0)})"

    def _macro(self, macro: Macro) -> str:
        match macro.name:
            case "bind" if self.native:
                # Google's own cel.bind gives wrong values inside of a macro that goes through what another has gone through.
                return f"{self._over(f'[{self.value(macro.target, 0)}]', 'map', macro)}[0]"
            case "bind":
                return self._over(f"f_boxed({self.value(macro.target, 0)})", "map", macro, "f_unboxed({})")
            case "optMap":
                return self._over(
                    f"f__optional_list({self.value(macro.target, 0)})", "map", macro, "f__optional_of_list({})"
                )
            case "optFlatMap":
                return self._over(f"f__optional_list({self.value(macro.target, 0)})", "map", macro, "f__first_flat({})")
            case "sortBy":
                element = f"{_ELEMENT}{macro.variables[0]}"
                key = self._body(macro, 0, {macro.variables[0]: element})
                return f"f__sorted_pairs({self._elements(macro)}.map({element}, [{element}, {key}]))"
        if len(macro.variables) > 1:
            return self._of_pairs(macro)
        return self._over(self._elements(macro), macro.name, macro)

    def _elements(self, macro: Macro) -> str:
        # A map has no order in Google's engine, and what is printed must have one: a list, or which value is unknown.
        is_list = self.types[id(macro.target)][0] == "l"
        is_ordered = macro.name in _ORDERED or macro.name == "sortBy" or self.careful
        if is_ordered and not is_list:
            return f"f__elements({self.value(macro.target, 0)})"
        return self.value(macro.target)

    def _over(self, through: str, name: str, macro: Macro, around: str = "{}") -> str:
        """Spell a macro with one variable."""
        variable = f"{_ELEMENT}{macro.variables[0]}"
        names = {macro.variables[0]: variable}
        if name == "map" and macro.bodies[1:]:  # with a condition, which cel-python does not know
            through, bodies = f"{through}.filter({variable}, {self._body(macro, 0, names)})", macro.bodies[1:]
        else:
            bodies = macro.bodies
        return around.format(
            f"{through}.{name}({variable}, {self._body(macro, len(macro.bodies) - len(bodies), names)})"
        )

    def _of_pairs(self, macro: Macro) -> str:
        """Spell a macro with two variables, which neither engine has, over the pairs that they name."""
        pair = f"{_ELEMENT}{macro.variables[0]}_{macro.variables[1]}"
        names = {macro.variables[0]: f"{pair}[0]", macro.variables[1]: f"{pair}[1]"}
        bodies = [self._body(macro, place, names) for place in range(len(macro.bodies))]
        through = f"f__pairs({self.value(macro.target, 0)})"
        if bodies[1:]:
            through = f"{through}.filter({pair}, {bodies[0]})"
        match macro.name:
            case "transformList":
                return f"{through}.map({pair}, {bodies[-1]})"
            case "transformMap":
                return f"f__map_of({through}.map({pair}, [{pair}[0], {bodies[-1]}]))"
            case "transformMapEntry":
                return f"f__merged({through}.map({pair}, {bodies[-1]}))"
        return f"{through}.{macro.name}({pair}, {bodies[0]})"

    def _body(self, macro: Macro, place: int, names: Mapping[str, str]) -> str:
        outer = self.variables
        self.variables = {**outer, **names}
        text = self.value(macro.bodies[place], 0)
        self.variables = outer
        return text

    def _has(self, selection: Tree) -> str:
        if not isinstance(selection, Select):
            raise TypeError(selection)  # guardrail.cel.analysis.names has refused it
        if selection.optional or self.types[id(selection.operand)] == "o":
            text = self._entry(selection.operand, quote(selection.field), optional=True)
            return f"f_hasValue_of({text})"
        operand, name = self.value(selection.operand), quote(selection.field)
        return f"({name} in {operand} && {operand}[{name}] != null)"


def _bracketed(text: str, own: int, around: int) -> str:
    return f"({text})" if own < around else text


def _is_null(tree: Tree) -> bool:
    return isinstance(tree, Literal) and tree.value is None


def _literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bytes):
        return 'b"' + "".join(f"\\x{byte:02x}" for byte in value) + '"'
    if isinstance(value, UInt):
        return f"{int(value)}u"
    return f"({value!r})" if isinstance(value, int | float) and value < 0 else repr(value)
