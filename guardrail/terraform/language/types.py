"""The types of Terraform's language, as its own library cty has them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field


class Primitive(Struct, frozen=True):
    """A string, a number or a bool."""

    name: str


class AnyType(Struct, frozen=True):
    """No constraint in a type expression; of a value: nothing is known of its type (cty's DynamicPseudoType)."""


class ListType(Struct, frozen=True):
    """A list: elements of one type, in order."""

    element: Type


class SetType(Struct, frozen=True):
    """A set: elements of one type, each once, without an order that means anything."""

    element: Type


class MapType(Struct, frozen=True):
    """A map: any keys, values of one type."""

    element: Type


class TupleType(Struct, frozen=True):
    """A tuple, which `[a, b]` makes: each element has its own type."""

    elements: tuple[Type, ...]


class ObjectType(Struct, frozen=True, eq=False):
    """An object, which `{a = b}` makes: fixed attributes, each of its own type.

    `optional` names the attributes that a type constraint allows to be absent; they are null then, unless the
    constraint gives a default (which lies beside the type, see conversion).
    """

    attributes: Mapping[str, Type]
    optional: frozenset[str] = field(default_factory=frozenset)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectType) and self.attributes == other.attributes and self.optional == other.optional

    def __ne__(self, other: object) -> bool:
        return not self == other  # a struct's own is not made of `__eq__`

    def __hash__(self) -> int:
        # By names alone: the types of lazy attributes are evaluated when somebody asks for them.
        return hash((frozenset(self.attributes), self.optional))


Type = Primitive | AnyType | ListType | SetType | MapType | TupleType | ObjectType
Collection = ListType | SetType | MapType

STRING = Primitive("string")
NUMBER = Primitive("number")
BOOL = Primitive("bool")
ANY = AnyType()


def type_string(type_: Type) -> str:
    """Return a type as people write it: `list(string)`, `object({a=number})`."""
    match type_:
        case Primitive(name):
            return name
        case ListType(element):
            return f"list({type_string(element)})"
        case SetType(element):
            return f"set({type_string(element)})"
        case MapType(element):
            return f"map({type_string(element)})"
        case TupleType(elements):
            return f"tuple([{', '.join(map(type_string, elements))}])"
        case ObjectType():
            # In the order of the names, as the attributes of an object have none of their own.
            parts = (
                f"{name}=optional({type_string(part)})" if name in type_.optional else f"{name}={type_string(part)}"
                for name, part in sorted(type_.attributes.items())
            )
            return f"object({{{','.join(parts)}}})"
        case _:
            return "any"


def without_optional(type_: Type) -> Type:
    """Return a type constraint as the type of values that satisfy it: no attribute of a value is optional."""
    match type_:
        case ListType(element):
            return ListType(without_optional(element))
        case SetType(element):
            return SetType(without_optional(element))
        case MapType(element):
            return MapType(without_optional(element))
        case TupleType(elements):
            return TupleType(tuple(map(without_optional, elements)))
        case ObjectType():
            return ObjectType({name: without_optional(part) for name, part in type_.attributes.items()})
        case _:
            return type_


def has_any(type_: Type) -> bool:
    """Return whether some of the type is not known, or not constrained."""
    match type_:
        case ListType(element) | SetType(element) | MapType(element):
            return has_any(element)
        case TupleType(elements):
            return any(map(has_any, elements))
        case ObjectType():
            return any(map(has_any, type_.attributes.values()))
        case _:
            return isinstance(type_, AnyType)
