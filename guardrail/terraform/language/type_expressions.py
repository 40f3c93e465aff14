"""Type expressions of variables (`object({a = optional(string, "x")})`) and their defaults, as HCL's typeexpr has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.evaluation import evaluate
from guardrail.terraform.language.scope import EvaluationError, Scope
from guardrail.terraform.language.syntax import parse_expression
from guardrail.terraform.language.syntax.nodes import (
    Call,
    Expression,
    Literal,
    ObjectExpression,
    TupleExpression,
    Variable,
)
from guardrail.terraform.language.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    ListType,
    MapType,
    ObjectType,
    SetType,
    TupleType,
    Type,
)
from guardrail.terraform.language.unification import unify
from guardrail.terraform.language.values import Unknown, Value, list_, map_, object_, set_, tuple_

_PLAIN: dict[str, Type] = {"string": STRING, "number": NUMBER, "bool": BOOL, "any": ANY}
_COLLECTIONS: dict[str, Callable[[Type], Type]] = {"list": ListType, "set": SetType, "map": MapType}


class Defaults(Struct, frozen=True):
    """Defaults of optional attributes, at any level of a type.

    `values` are those of the attributes of an object. `parts` has what lies deeper: by attribute of an object, by place
    of a tuple ("0"), and at "" for the elements of a collection.
    """

    type: Type
    values: Mapping[str, Value] = field(default_factory=dict)
    parts: Mapping[str, Defaults] = field(default_factory=dict)

    def of_part(self, key: str | int) -> Defaults | None:
        """Return the defaults of a part of a value, if it has any."""
        if isinstance(key, int):
            return self.parts.get(str(key) if isinstance(self.type, TupleType) else "")
        return self.parts.get(key if isinstance(self.type, ObjectType) else "")


def type_constraint(expression: Expression, scope: Scope) -> tuple[Type, Defaults]:
    """Return the type that an expression of a variable's `type` means, and its defaults. Raises EvaluationError.

    `scope` is what defaults are evaluated in; they may call functions.
    """
    match expression:
        case Variable(name=name) if name in _PLAIN:
            return _PLAIN[name], Defaults(_PLAIN[name])
        case Variable(name=name) if name in _COLLECTIONS:
            # As in Terraform before 0.12: `list` is `list(any)`.
            type_ = _COLLECTIONS[name](ANY)
            return type_, Defaults(type_)
        case Literal(value=Value(raw=str() as written)):  # as in Terraform before 0.12, and in the JSON syntax
            return type_constraint(parse_expression(written, expression.source.name), scope)
        case Call(name=name, arguments=[inner]) if name in _COLLECTIONS:
            element, defaults = type_constraint(inner, scope)
            type_ = _COLLECTIONS[name](element)
            return type_, Defaults(type_, parts=_if_any({"": defaults}))
        case Call(name="tuple", arguments=[TupleExpression(items=items)]):
            found = [type_constraint(item, scope) for item in items]
            type_ = TupleType(tuple(part for part, _ in found))
            return type_, Defaults(type_, parts=_if_any({str(place): part for place, (_, part) in enumerate(found)}))
        case Call(name="object", arguments=[ObjectExpression() as attributes]):
            return _object_type(attributes, scope)
        case _:
            raise EvaluationError("it is not a type", expression.where)


def _object_type(node: ObjectExpression, scope: Scope) -> tuple[Type, Defaults]:
    types: dict[str, Type] = {}
    optional: set[str] = set()
    values: dict[str, Value] = {}
    parts: dict[str, Defaults] = {}
    for key, inner in node.items:
        if not isinstance(key, Literal) or not isinstance(key.value.raw, str):
            raise EvaluationError("the name of an attribute of an object type has to be written out", key.where)
        name = key.value.raw
        given: Expression | None = None
        if isinstance(inner, Call) and inner.name == "optional" and inner.arguments:
            optional.add(name)
            given = inner.arguments[1] if inner.arguments[1:] else None
            inner = inner.arguments[0]  # noqa: PLW2901 - what is within optional() is the type
        types[name], parts[name] = type_constraint(inner, scope)
        if given is not None:
            try:
                values[name] = convert(evaluate(given, scope), types[name])
            except ConversionError as error:
                raise EvaluationError(f'the default of the attribute "{name}": {error}', given.where) from None
    type_ = ObjectType(types, frozenset(optional))
    return type_, Defaults(type_, values, _if_any(parts))


def _if_any(parts: Mapping[str, Defaults]) -> dict[str, Defaults]:
    """Leave out parts that have no defaults, so that `with_defaults` has nothing to walk in most values."""
    return {key: part for key, part in parts.items() if part.values or part.parts}


def constrained(value: Value, type_: Type, defaults: Defaults) -> Value:
    """Return a value of a variable: with the defaults of its type, and converted to it. Raises ConversionError."""
    return convert(with_defaults(value, defaults), type_)


def with_defaults(value: Value, defaults: Defaults) -> Value:
    """Put defaults in the place of attributes that are absent or null, at any level (typeexpr's Defaults.Apply)."""
    if value.raw is None or isinstance(value.raw, Unknown) or not (defaults.values or defaults.parts):
        return value
    if isinstance(value.raw, tuple):
        inner = [
            with_defaults(part, found) if (found := defaults.of_part(place)) else part
            for place, part in enumerate(value.raw)
        ]
        return _sequence_like(value, inner).marked(value.marks)
    if not isinstance(value.raw, dict):
        return value
    parts = {
        key: with_defaults(part, found) if (found := defaults.of_part(key)) else part for key, part in value.raw.items()
    }
    for name, default in defaults.values.items():
        if name not in parts or parts[name].is_null:
            deeper = defaults.parts.get(name)
            parts[name] = with_defaults(default, deeper) if deeper else default
    # Defaults may make the values of a map differ in type; then it is an object until it is converted.
    if isinstance(value.type, MapType) and parts:
        element = unify([part.type for part in parts.values()])
        if element is not None:
            return map_({key: convert(part, element) for key, part in parts.items()}, element).marked(value.marks)
    elif isinstance(value.type, MapType):
        return value
    return object_(parts).marked(value.marks)


def _sequence_like(value: Value, parts: list[Value]) -> Value:
    """Return parts as a collection of the kind that a value is, where they still have one type."""
    if isinstance(value.type, TupleType):
        return tuple_(parts)
    if not parts:
        return value
    element = unify([part.type for part in parts])
    if element is None:
        return tuple_(parts)
    alike = [convert(part, element) for part in parts]
    return set_(alike, element) if isinstance(value.type, SetType) else list_(alike, element)
