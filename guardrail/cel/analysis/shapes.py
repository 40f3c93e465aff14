"""What is known of data before there is any: that an attribute is a number, or a list of blocks with these attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from guardrail.cel.analysis.key_access import place_of
from guardrail.cel.analysis.names import Path
from guardrail.cel.analysis.types import OPEN_KINDS, WORDS, Types, binary, candidates, need
from guardrail.cel.engine.lookups import PRICE
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
    Unary,
    parts,
)
from guardrail.errors import did_you_mean


class Shape(Struct, frozen=True):
    """The kind of a value and of what is in it. The value may still be null, unknown or absent.

    kind     s string, d number, b bool, l list, m map, as in `guardrail.cel.functions.function`
    element  what a list, or a map with any keys, holds; None where that is open
    fields   the only names that a map may have, each with what is known of it; None where any may be
    of       whose it is, to say what lacks a name: "aws_instance"
    what     what its names are
    """

    kind: str
    element: Shape | None = None
    fields: Mapping[str, Shape | None] | None = None
    of: str = ""
    what: str = "attribute"

    def field(self, name: str, at: int) -> Shape | None:
        """Return what is known of an entry. Raises CelError, at that place of the text, for one that there cannot be."""
        if self.fields is None:
            return self.element
        if name not in self.fields:
            what = f"no such {self.what}: {name}{' of ' * bool(self.of)}{self.of}"
            raise CelError(what, at + 1, did_you_mean(name, self.fields) or _known(self.fields))
        return self.fields[name]

    def entry(self, name: str) -> Shape | None:
        """Return what is known of an entry, None as well for one that there cannot be."""
        return self.element if self.fields is None else self.fields.get(name)


Shapes = Mapping[Path, Shape | None]
"""Path of the context -> what is known of the data there."""

_LISTED = 8
_ELEMENTS = {"first", "last"}
_SCALARS = "sdblm"
_BLOCKS = "blocks are a list: write {}[0].{}, or go through them with exists or all"


def joined_shape(shapes: Iterable[Shape | None]) -> Shape | None:
    """Return what is known of a value that is of one of these shapes, None where they are of several kinds."""
    every = list(shapes)
    known = [one for one in every if one is not None]
    # One type of which nothing is known may have any attribute, so nothing can be refused.
    if not known or len(known) < len(every) or len({one.kind for one in known}) > 1:
        return None
    if all(one is known[0] for one in known):
        return known[0]
    every_fields = [one.fields for one in known if one.fields is not None]
    fields = None
    if len(every_fields) == len(known):
        names = dict.fromkeys(name for found in every_fields for name in found)
        fields = {name: joined_shape(found[name] for found in every_fields if name in found) for name in names}
    of = " or ".join(dict.fromkeys(one.of for one in known))
    return Shape(known[0].kind, joined_shape(one.element for one in known), fields, of)


def check_shapes(tree: Tree, reads: Iterable[Path], types: Types, shapes: Shapes) -> None:
    """Refuse what cannot work on data of known shapes; `types` are those of `guardrail.cel.analysis.types.infer`, `reads` what it reads.

    Raises CelError for an attribute that there is not, and for a value of a kind that what is done with it does not take.
    """
    if any(PRICE in read or read[: len(path)] == path[: len(read)] for path in shapes for read in reads):
        _Checker(types, shapes).of(tree, {})


class _Checker:
    def __init__(self, types: Types, shapes: Shapes) -> None:
        self.types = types
        self.shapes = shapes

    def of(self, tree: Tree, bound: Mapping[str, Shape | None]) -> Shape | None:  # noqa: C901 - one case a kind of node
        """Check a part of an expression and return what is known of its value."""
        match tree:
            case Name(name):
                return bound.get(name)
            # Where the shape of a path is given, what is above it need not be looked at.
            case Select(operand, name, at, optional):
                found = self.shapes.get(place_of(tree) or ())
                return found or self._field(self.of(operand, bound), operand, name, at, optional=optional)
            case Index(operand, key, at, optional):
                shape = self._entry(tree, self.of(operand, bound), self._kind(key, bound), at)
                return None if optional else shape
            case Unary(operator, operand):
                need("b" if operator == "!" else "iud", self._kind(operand, bound), operator, tree.at)
                return None
            case Binary(operator, left, right):
                self._binary(operator, self._kind(left, bound), self._kind(right, bound), tree)
                return None
            case Ternary(condition, then, otherwise):
                need("b", self._kind(condition, bound), "? :", condition.at)
                shapes = [self.of(one, bound) for one in (then, otherwise)]
                return joined_shape(
                    shape for shape, one in zip(shapes, (then, otherwise), strict=True) if not _is_null(one)
                )
            case Macro():
                return self._macro(tree, bound)
            case Call():
                return self._call(tree, bound)
            case ListOf(items):
                return Shape("l", joined_shape([self.of(item, bound) for item in items]))
            case _:
                for part in parts(tree):
                    self.of(part, bound)
                return None

    def _kind(self, tree: Tree, bound: Mapping[str, Shape | None]) -> str:
        """Check a part and return its type: of data what is known of it."""
        shape = self.of(tree, bound)
        given = self.types[id(tree)]
        return _type(shape) if shape and given[0] in OPEN_KINDS else given

    def _field(self, shape: Shape | None, operand: Tree, name: str, at: int, *, optional: bool) -> Shape | None:
        if shape is None:
            return None
        if shape.kind == "l" and shape.element and shape.element.fields is not None:
            path = ".".join((place_of(operand) or ("blocks",))[-1:])
            raise CelError(f"{path} is a list and has no field {name}", at + 1, _BLOCKS.format(path, name))
        need("m", shape.kind, f"the field {name}", at)
        found = shape.field(name, at)
        return None if optional else found

    def _entry(self, tree: Index, shape: Shape | None, key: str, at: int) -> Shape | None:
        if shape is None:
            return None
        need("lm", shape.kind, "[]", at)
        need("iud" if shape.kind == "l" else "s", key, f"[] of {WORDS[shape.kind]}", tree.key.at)
        if isinstance(tree.key, Literal) and isinstance(tree.key.value, str):
            return shape.entry(tree.key.value)
        return shape.element

    def _binary(self, operator: str, left: str, right: str, tree: Binary) -> None:
        if operator in {"&&", "||"}:
            for kind, part in ((left, tree.left), (right, tree.right)):
                need("b", kind, operator, part.at)
        elif operator == "%":
            for kind in (left, right):
                need("iud", kind, operator, tree.at)
        else:
            binary(operator, left, right, tree.at)
        if operator == "in":  # a key of a map may be of any kind
            right = right[1:] if right[0] == "l" and right[1:] else "?"
        one, other = ("d" if kind[0] in "iu" else kind[0] for kind in (left, right))
        if operator in {"==", "!=", "in"} and one in _SCALARS and other in _SCALARS and one != other:
            what = f"{operator} compares {WORDS[one]} with {WORDS[other]}, which are never equal"
            raise CelError(what, tree.at + 1)

    def _macro(self, macro: Macro, bound: Mapping[str, Shape | None]) -> Shape | None:
        target = self.of(macro.target, bound)
        if target and macro.name not in {"bind", "optMap", "optFlatMap"}:
            need("lm", target.kind, macro.name, macro.target.at)
        element = target.element if target else None
        if macro.name == "bind":
            variables = [target]
        elif len(macro.variables) == 1:
            variables = [Shape("s") if target and target.kind == "m" else element]
        else:
            variables = [None, element]
        inner = {**bound, **dict(zip(macro.variables, variables, strict=True))}
        bodies = [self.of(body, inner) for body in macro.bodies]
        match macro.name:
            case "bind":
                return bodies[0]
            case "filter" | "sortBy":
                return Shape("l", variables[0]) if target else None
            case "map" | "transformList":
                return Shape("l", bodies[-1])
        return None

    def _call(self, call: Call, bound: Mapping[str, Shape | None]) -> Shape | None:
        operands = call.args if call.target is None else (call.target, *call.args)
        shapes = [self.of(operand, bound) for operand in operands]
        if call.target is None and call.name in {"has", "dyn", "type"}:
            return None
        given = tuple(
            _type(shape) if shape and self.types[id(operand)][0] in OPEN_KINDS else self.types[id(operand)]
            for shape, operand in zip(shapes, operands, strict=True)
        )
        if not candidates(call, given):
            raise CelError(f"{call.name} is not for {' and '.join(WORDS[one[0]] for one in given)}", call.at + 1)
        if call.name == "get" and call.target is None:
            return _got(shapes[0], call.args[1])
        if call.name == PRICE:
            self._check_attributes(call.args[0], call.args[1], bound)
        return shapes[0].element if shapes and shapes[0] and call.name in _ELEMENTS else None

    def _check_attributes(self, resource: Tree, attributes: Tree, bound: Mapping[str, Shape | None]) -> None:
        """Refuse to price a resource with an attribute that its type does not have."""
        if not isinstance(resource, Select) or not isinstance(attributes, MapOf):
            return
        after = self.of(Select(resource.operand, "after", resource.at), bound)
        for key, _ in attributes.entries:
            _got(after, key)


def _got(shape: Shape | None, path: Tree) -> Shape | None:
    """Follow a path such as that of `get`, as far as it is spelled out."""
    if not (isinstance(path, Literal) and isinstance(path.value, str)):
        return None
    for step in path.value.split("."):
        if shape is None:
            return None
        if shape.kind == "l" and step.isdigit():
            shape = shape.element
        elif shape.kind == "m":
            shape = shape.field(step, path.at)
        else:
            raise CelError(f"the path reads {step}, but {WORDS[shape.kind]} has no such entry", path.at + 1)
    return shape


def _type(shape: Shape) -> str:
    return f"l{_type(shape.element)}" if shape.kind == "l" and shape.element else shape.kind


def _is_null(tree: Tree) -> bool:
    return isinstance(tree, Literal) and tree.value is None


def _known(fields: Mapping[str, object]) -> str:
    names = sorted(fields)
    return f"it has {', '.join(names[:_LISTED])}{' and others' if len(names) > _LISTED else ''}" if names else ""
