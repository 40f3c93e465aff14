"""Conversion of values to types, as cty's `convert` package does it: what is unknown stays so, marks are kept."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from guardrail.terraform.language.numbers import parse, to_text
from guardrail.terraform.language.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    AnyType,
    Collection,
    ListType,
    MapType,
    ObjectType,
    Primitive,
    SetType,
    TupleType,
    Type,
    has_any,
    type_string,
    without_optional,
)
from guardrail.terraform.language.unification import convertible, unify
from guardrail.terraform.language.values import (
    FALSE,
    TRUE,
    Unknown,
    Value,
    list_,
    map_,
    null,
    number,
    object_,
    set_,
    string,
    tuple_,
    unknown,
)

_BOOLS = {"true": TRUE, "1": TRUE, "false": FALSE, "0": FALSE}  # the texts that cty takes for a bool: "True" is none


class ConversionError(ValueError):
    """A value does not convert to a type. The message says why, without the value, which may be sensitive."""


def convert(value: Value, want: Type) -> Value:
    """Return a value as one of another type. Raises ConversionError.

    `want` may be a constraint: `any` anywhere stands for the type that the value has there (of a tuple that becomes a
    list, the one type that all its elements convert to), and optional attributes that are absent become null.
    """
    if value.type == want or isinstance(want, AnyType):
        return value
    if not convertible(value.type, want):
        raise ConversionError(_mismatch(value.type, want))
    return _converted(value, want)


def _converted(value: Value, want: Type) -> Value:
    if value.type == want or isinstance(want, AnyType):
        return value
    raw = value.raw
    if raw is None:
        return null(_resolved(value.type, want)).marked(value.marks)
    if isinstance(raw, Unknown):  # whether its text will be a number, say, only the apply shows
        return _still_unknown(value, raw, _resolved(value.type, want))
    found = _primitive(value, want) if isinstance(want, Primitive) else _structure(value, want)
    return found.marked(value.marks)


def _structure(value: Value, want: Collection | TupleType | ObjectType) -> Value:
    raw = value.raw
    match want:
        case ListType(element) | SetType(element) if isinstance(raw, tuple):
            return _sequence(value, raw, want, element)
        case MapType(element) if isinstance(raw, dict):
            parts, element = _alike(value, raw.values(), element)
            return map_(dict(zip(raw, parts, strict=True)), element)
        case TupleType(elements) if isinstance(value.type, TupleType) and len(elements) == len(raw):
            return tuple_(map(_converted, raw, elements))
        case ObjectType() if isinstance(raw, dict):
            return _object(raw, want)
        case _:
            raise ConversionError(_mismatch(value.type, want))


def _primitive(value: Value, want: Primitive) -> Value:
    raw = value.raw
    if want == STRING and isinstance(raw, bool):
        return string("true" if raw else "false")
    if want == STRING and value.type == NUMBER:
        return string(to_text(raw))
    if want == BOOL and value.type == STRING:
        if raw in _BOOLS:
            return _BOOLS[raw]
        raise ConversionError("a bool is required: true or false")
    if want == NUMBER and value.type == STRING:
        try:
            return number(parse(raw))
        except ValueError:
            raise ConversionError("a number is required") from None
    raise ConversionError(_mismatch(value.type, want))


def _sequence(value: Value, raw: tuple[Value, ...], want: ListType | SetType, element: Type) -> Value:
    if isinstance(value.type, SetType) and isinstance(want, ListType) and not value.is_wholly_known():
        # Elements that are unknown may turn out to be equal, so the length and every place are unknown.
        why = value.first_unknown() or Unknown()
        return unknown(
            ListType(value.type.element if has_any(element) else without_optional(element)),
            Unknown(why.cause, why.why, why.where, not_null=True, least=1, most=len(raw)),
        )
    parts, element = _alike(value, raw, element)
    return list_(parts, element) if isinstance(want, ListType) else set_(parts, element)


def _alike(value: Value, raw: Iterable[Value], element: Type) -> tuple[list[Value], Type]:
    """Convert elements to one type, which is found where the constraint is `any`. Return them and their type."""
    raw = list(raw)
    have = value.type
    if not raw:
        if isinstance(element, AnyType) and isinstance(have, Collection):
            element = have.element
        return [], without_optional(element)
    if isinstance(element, AnyType):
        element = have.element if isinstance(have, Collection) else _one_type(raw)
    parts = [_converted(part, element) for part in raw]
    if has_any(element):  # list(object({a = any})): each element has its own type for `any` now, and needs a common one
        element = _one_type(parts)
        parts = [_converted(part, element) for part in parts]
    return parts, without_optional(element)


def _one_type(parts: list[Value]) -> Type:
    """Return the type that all of some values convert to. Raises ConversionError where there is none."""
    found = unify([part.type for part in parts])
    if found is None:
        raise ConversionError("all elements must have the same type")
    if isinstance(found, AnyType):
        # Null without a type, and values of which nothing is known, take the type of the others.
        known = [part.type for part in parts if not isinstance(part.type, AnyType)]
        return (unify(known) or ANY) if known else ANY
    return found


def _object(raw: dict[str, Value], want: ObjectType) -> Value:
    found: dict[str, Value] = {}
    for name, type_ in want.attributes.items():
        part = raw.get(name)
        if part is None and name not in want.optional:  # attributes that the type does not have are dropped
            raise ConversionError(f'attribute "{name}" is required')
        if part is not None and not convertible(part.type, type_):
            raise ConversionError(f'attribute "{name}": {_mismatch(part.type, type_)}')
        try:
            found[name] = null(without_optional(type_)) if part is None else _converted(part, type_)
        except ConversionError as error:
            raise ConversionError(f'attribute "{name}": {error}') from None
    return object_(found)


def _still_unknown(value: Value, why: Unknown, want: Type) -> Value:
    """Carry what is known of an unknown value to another type (cty's prepareUnknownResult)."""
    have = value.type
    least, most, prefix = 0, None, ""
    if isinstance(have, ObjectType) and isinstance(want, MapType):
        least = most = len(have.attributes)
    elif isinstance(have, TupleType) and isinstance(want, ListType | SetType):
        least = most = len(have.elements)
    elif isinstance(have, Collection) and isinstance(want, Collection):
        least, most = why.least, why.most
    elif have == want == STRING:
        prefix = why.prefix
    if isinstance(want, SetType):
        least = min(least, 1)  # elements may turn out to be equal
    return unknown(want, replace(why, least=least, most=most, prefix=prefix), value.marks)


def _resolved(have: Type, want: Type) -> Type:
    """Return a constraint with `any` replaced by what is known of the type that a value has there."""
    match want:
        case AnyType():
            return have
        case ListType(element) | SetType(element) | MapType(element) if has_any(element):
            inner: Type | None = None
            if isinstance(have, Collection):
                inner = have.element
            elif isinstance(have, TupleType):
                inner = unify(have.elements)
            elif isinstance(have, ObjectType):
                inner = unify(list(have.attributes.values()))
            return type(want)(_resolved(inner or ANY, element))
        case TupleType(elements):
            has = have.elements if isinstance(have, TupleType) else (ANY,) * len(elements)
            return TupleType(tuple(map(_resolved, has, elements)))
        case ObjectType():
            parts = have.attributes if isinstance(have, ObjectType) else {}
            inside = have.element if isinstance(have, MapType) else ANY
            return ObjectType(
                {name: _resolved(parts.get(name, inside), part) for name, part in want.attributes.items()}
            )
        case _:
            return without_optional(want)


def _mismatch(have: Type, want: Type) -> str:
    """Return why a type does not convert, by the innermost attribute that does not, as cty's MismatchMessage does."""
    if isinstance(have, ObjectType) and isinstance(want, ObjectType):
        for name, part in want.attributes.items():
            if name not in have.attributes:
                if name not in want.optional:
                    return f'attribute "{name}" is required'
            elif not convertible(have.attributes[name], part):
                return f'attribute "{name}": {_mismatch(have.attributes[name], part)}'
    return f"{_named(want)} is required, not {_named(have)}"


def _named(type_: Type) -> str:
    words = {ListType: "a list", SetType: "a set", MapType: "a map", TupleType: "a tuple", ObjectType: "an object"}
    return words.get(type(type_)) or f"a {type_string(type_)}"
