"""Schemas of resource types as shapes, which expressions are checked against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from guardrail.cel import Shape
from guardrail.terraform.language.types import ListType, MapType, ObjectType, Primitive, SetType, Type
from guardrail.terraform.schemas.schema import Schema, resource_schema

_KINDS = {"string": "s", "number": "d", "bool": "b"}  # as `Shape` names them


@cache
def resource_shape(type_name: str) -> Shape | None:
    """Return the shape of a resource of this type as plans have it; None for a type that no table has."""
    schema = resource_schema(type_name)
    return None if schema is None else Shape("m", fields=_Attributes(schema, type_name), of=type_name)


class _Attributes(Mapping[str, Shape | None]):
    """The attributes of a type. Each is read when it is asked for: a rule names a few of hundreds."""

    def __init__(self, schema: Schema, of: str) -> None:
        self._schema, self._of, self._names = schema, of, frozenset(schema)

    def __getitem__(self, name: str) -> Shape | None:
        return _shape(self._schema[name].type, f"{name} of {self._of}")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._schema)

    def __len__(self) -> int:
        return len(self._schema)


def _shape(type_: Type, of: str) -> Shape | None:
    match type_:
        case Primitive(name):
            return Shape(_KINDS[name]) if name in _KINDS else None
        case ListType(element) | SetType(element):
            return Shape("l", _shape(element, of))
        case MapType(element):
            return Shape("m", _shape(element, of))
        case ObjectType(attributes):
            return Shape("m", fields={name: _shape(one, f"{name} of {of}") for name, one in attributes.items()}, of=of)
        case _:
            return None
