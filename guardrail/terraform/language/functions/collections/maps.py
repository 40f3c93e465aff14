"""Functions over maps and objects."""

from __future__ import annotations

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.functions.signature import Function, FunctionError, Parameter, friendly, undecided
from guardrail.terraform.language.types import ANY, STRING, ListType, MapType, ObjectType, TupleType, Type
from guardrail.terraform.language.values import (
    NO_MARKS,
    Value,
    list_,
    map_,
    object_,
    string,
    tuple_,
)

_TEXTS = ListType(STRING)


def keys(mapping: Value) -> Value:
    """Return the keys, sorted; an object's are known from its type."""
    type_ = _keys_type([mapping])
    if isinstance(mapping.type, ObjectType):
        return tuple_(map(string, sorted(mapping.type.attributes, key=str.encode))).marked(mapping.marks)
    if mapping.is_unknown:
        return undecided((mapping,), type_, marks=mapping.marks)
    return list_(map(string, sorted(mapping.raw, key=str.encode)), STRING).marked(mapping.marks)


def _keys_type(arguments: list[Value]) -> Type:
    match arguments[0].type:
        case MapType():
            return _TEXTS
        case ObjectType(attributes):
            return TupleType((STRING,) * len(attributes))
        case _:
            raise FunctionError("must have map or object type")


def values(mapping: Value) -> Value:
    """Return the values in the order of their keys."""
    parts = [mapping.raw[key] for key in sorted(mapping.raw, key=str.encode)]
    found = list_(parts, mapping.type.element) if isinstance(mapping.type, MapType) else tuple_(parts)
    return found.marked(mapping.marks)


def _values_type(arguments: list[Value]) -> Type:
    match arguments[0].type:
        case MapType(element):
            return ListType(element)
        case ObjectType(attributes):
            return TupleType(tuple(attributes[name] for name in sorted(attributes, key=str.encode)))
        case _:
            raise FunctionError("values() requires a map as the first argument")


def lookup(mapping: Value, key: Value, *default: Value) -> Value:
    """Return the value of a key, or the default."""
    type_ = _lookup_type([mapping, key, *default])
    marks = mapping.marks | key.marks
    if mapping.is_unknown or key.is_unknown:
        return undecided((mapping, key) if mapping.is_unknown else (key,), type_, marks=marks, not_null=False)
    if key.raw in mapping.raw:  # known or not: the value of a known key is
        found: Value = mapping.raw[key.raw]
        return found.marked(marks)
    if not default:
        # A key with marks may be sensitive.
        raise FunctionError(
            f'lookup failed to find key "{key.raw}"' if not key.marks else "lookup failed to find a key"
        )
    return convert(default[0], type_).marked(marks)


def _lookup_type(arguments: list[Value]) -> Type:
    mapping, key, *default = arguments
    if len(default) > 1:
        raise FunctionError(f"lookup() takes two or three arguments, got {len(arguments)}")
    if isinstance(mapping.type, ObjectType):
        if key.is_unknown:
            return ANY
        if key.raw in mapping.type.attributes:
            return mapping.type.attributes[key.raw]
        if default:
            return default[0].type
        raise FunctionError(f'the given object has no attribute "{key.raw}"')
    if not isinstance(mapping.type, MapType):
        raise FunctionError("lookup() requires a map as the first argument")
    if default:
        try:
            convert(default[0], mapping.type.element)
        except ConversionError:
            raise FunctionError("the default value must have the same type as the map elements") from None
    return mapping.type.element


def merge(*mappings: Value) -> Value:
    """Put maps and objects together, later ones over earlier; null counts as nothing."""
    type_ = _merged_type(list(mappings))
    marks = NO_MARKS.union(*(mapping.marks for mapping in mappings if not mapping.is_null))
    found: dict[str, Value] = {}
    for mapping in mappings:
        if not mapping.is_null:  # merge(local.tags, null) is how people leave a map out
            found |= mapping.raw
    if isinstance(type_, MapType):
        return map_(found, type_.element).marked(marks)
    return object_(dict(sorted(found.items()))).marked(marks)


def _merged_type(arguments: list[Value]) -> Type:
    """Return the type that all arguments have, else an object; nothing is known where a map has unknown keys."""
    attributes: dict[str, Type] = {}
    kinds: list[Type] = []
    known = True
    for one in arguments:
        match one.type:
            case ObjectType():
                kinds.append(ObjectType({}) if one.is_null else one.type)
                attributes |= {} if one.is_null else one.type.attributes
            case MapType(element):
                kinds.append(one.type)
                known = known and not one.is_unknown
                attributes |= dict.fromkeys(one.raw, element) if isinstance(one.raw, dict) else {}
            case _ if one.type == ANY:
                return ANY
            case _:
                raise FunctionError(f'arguments must be maps or objects, got "{friendly(one.type)}"')
    # Of one type, they keep it: two maps of strings make a map, of which more than its keys is known.
    if kinds and all(kind == kinds[0] for kind in kinds):
        return kinds[0]
    return ObjectType(attributes) if known else ANY


def transpose(mapping: Value) -> Value:
    """Turn a map of lists around: each text that a list holds, to the keys whose lists hold it."""
    if not mapping.is_wholly_known():
        return undecided((mapping,), MapType(_TEXTS))
    found: dict[str, list[str]] = {}
    for key, texts in mapping.raw.items():
        if texts.is_null:
            raise FunctionError("input must not contain null list")
        for text in texts.raw:
            if text.is_null:
                raise FunctionError("input list must not contain null string")
            found.setdefault(text.raw, []).append(key)
    lists = {text: list_(map(string, sorted(names, key=str.encode)), STRING) for text, names in found.items()}
    return map_(lists, _TEXTS)


def zipmap(names: Value, found: Value) -> Value:
    """Put keys and values together: a map of a list, an object of a tuple."""
    type_ = _zipped_type([names, found])
    marks = names.marks | found.marks
    if not names.is_wholly_known():
        return undecided((names,), type_, marks=marks)
    _same_size(names, found)
    marks = marks.union(*(name.marks for name in names.raw))
    pairs = {name.raw: value for name, value in zip(names.raw, found.raw, strict=True)}
    if None in pairs:
        raise FunctionError("keys list has null value")
    return (map_(pairs, type_.element) if isinstance(type_, MapType) else object_(pairs)).marked(marks)


def _zipped_type(arguments: list[Value]) -> Type:
    """Return a map for values of one type, else an object, for which the names have to be known."""
    names, found = arguments
    if isinstance(found.type, ListType):
        return MapType(found.type.element)
    if not isinstance(found.type, TupleType):
        raise FunctionError("values argument must be a list or tuple value")
    if not names.is_wholly_known():
        return ANY
    _same_size(names, found)
    return ObjectType({name.raw: part for name, part in zip(names.raw, found.type.elements, strict=True)})


def _same_size(names: Value, found: Value) -> None:
    size = len(found.type.elements) if isinstance(found.type, TupleType) else len(found.raw)
    if len(names.raw) != size:
        raise FunctionError(f"number of keys ({len(names.raw)}) does not match number of values ({size})")


_MARKED = Parameter(marked=True)

FUNCTIONS = {
    "keys": Function((Parameter(unknown=True, marked=True),), _keys_type, keys),
    "lookup": Function(
        (Parameter(unknown=True, marked=True), Parameter(STRING, unknown=True, marked=True)),
        _lookup_type,
        lookup,
        variadic=Parameter(unknown=True, null=True, marked=True, dynamic=True),
        not_null=False,
    ),
    "merge": Function((), _merged_type, merge, variadic=Parameter(null=True, marked=True, dynamic=True)),
    "transpose": Function((Parameter(MapType(_TEXTS)),), MapType(_TEXTS), transpose),
    "values": Function((_MARKED,), _values_type, values),
    "zipmap": Function((Parameter(_TEXTS, marked=True), _MARKED), _zipped_type, zipmap),
}
