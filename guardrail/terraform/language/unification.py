"""Which types convert to which, and the one type that several convert to, as cty's `convert` package has them."""

from __future__ import annotations

from collections.abc import Sequence

from guardrail.terraform.language.types import (
    ANY,
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
)


def convertible(have: Type, want: Type) -> bool:
    """Return whether some values of a type convert to another (cty's GetConversionUnsafe)."""
    if have == want or isinstance(want, AnyType) or isinstance(have, AnyType):
        return True
    match have, want:
        case Primitive(), Primitive():
            return STRING in (have, want)
        case ((ListType(element) | SetType(element)), (ListType(wanted) | SetType(wanted))):
            return convertible(element, wanted)
        case MapType(element), MapType(wanted):
            return convertible(element, wanted)
        case TupleType(elements), TupleType(several):
            return len(elements) == len(several) and all(map(convertible, elements, several))
        case TupleType(elements), (ListType(wanted) | SetType(wanted)):
            return _elements_convertible(elements, wanted)
        case ObjectType(), MapType(wanted):
            return _elements_convertible(tuple(have.attributes.values()), wanted)
        case ObjectType(), ObjectType():
            return all(
                convertible(have.attributes[name], part) if name in have.attributes else name in want.optional
                for name, part in want.attributes.items()
            )
        case MapType(element), ObjectType():
            return all(name in want.optional or convertible(element, part) for name, part in want.attributes.items())
        case _:
            return False


def _elements_convertible(elements: tuple[Type, ...], want: Type) -> bool:
    if not elements:
        return True
    wanted = unify(elements) if isinstance(want, AnyType) else want
    return wanted is not None and all(convertible(element, wanted) for element in elements)


def unify(types: Sequence[Type]) -> Type | None:
    """Return the most specific type that all of some types convert to, None where there is none (cty's UnifyUnsafe).

    Objects and tuples of one shape are unified part by part, others become maps and lists. A type that is not known
    makes the result of structures not known.
    """
    if not types:
        return None
    types = list(dict.fromkeys(types))  # a list of thousands of objects has few types, and what follows is quadratic
    if len(types) == 1:
        return types[0]
    kinds = {type(type_) for type_ in types}
    known = kinds - {AnyType}
    if len(known) == 1 and known != {Primitive}:
        if AnyType in kinds:
            return ANY
        return _unify_kind(types)
    if known in ({MapType, ObjectType}, {ListType, TupleType}):
        found = _unify_structures_as_collections(types)
        if found is not None:
            return found
    if {ObjectType, TupleType} <= known:  # a map and a list have nothing in common
        return None
    # The most general of the types is the one that all others convert to.
    return next(
        (types[index] for index in _by_preference(types) if all(convertible(type_, types[index]) for type_ in types)),
        None,
    )


def _unify_kind(types: Sequence[Type]) -> Type | None:
    """Unify types of one kind: all lists, all objects and so on."""
    # Tuples of different lengths become a list, objects of different attributes a map.
    first = types[0]
    if isinstance(first, Collection):
        element = unify([type_.element for type_ in types if isinstance(type_, Collection)])
        return None if element is None else type(first)(element)
    if isinstance(first, TupleType):
        tuples = [type_.elements for type_ in types if isinstance(type_, TupleType)]
        if any(len(elements) != len(first.elements) for elements in tuples):
            element = unify([element for elements in tuples for element in elements])
            return None if element is None else ListType(element)
        parts = [unify(across) for across in zip(*tuples, strict=True)]
        return None if None in parts else TupleType(tuple(part for part in parts if part is not None))
    objects = [type_.attributes for type_ in types if isinstance(type_, ObjectType)]
    if any(attributes.keys() != objects[0].keys() for attributes in objects):
        element = unify([part for attributes in objects for part in attributes.values()])
        return None if element is None else MapType(element)
    found: dict[str, Type] = {}
    for name in objects[0]:
        part = unify([attributes[name] for attributes in objects])
        if part is None:
            return None
        found[name] = part
    return ObjectType(found)


def _unify_structures_as_collections(types: Sequence[Type]) -> Type | None:
    structures = [type_ for type_ in types if isinstance(type_, ObjectType | TupleType)]
    parts = [
        part
        for type_ in structures
        for part in (type_.attributes.values() if isinstance(type_, ObjectType) else type_.elements)
    ]
    element = unify(parts)
    if element is None:
        return None
    as_collection = MapType(element) if isinstance(structures[0], ObjectType) else ListType(element)
    found = unify([as_collection if isinstance(type_, ObjectType | TupleType) else type_ for type_ in types])
    return found if isinstance(found, type(as_collection)) else None


def _by_preference(types: Sequence[Type]) -> list[int]:
    """Return the places of the types, more general ones first, else in the order given (a topological sort)."""
    count = len(types)
    later: list[list[int]] = [[] for _ in types]
    before = [0] * count
    for one in range(count - 1):
        for other in range(one + 1, count):
            order = _compared(types[one], types[other])
            if order:
                general, special = (one, other) if order < 0 else (other, one)
                later[general].append(special)
                before[special] += 1
    found = [place for place in range(count) if not before[place]]
    for place in found:  # which grows meanwhile
        for other in later[place]:
            before[other] -= 1
            if not before[other]:
                found.append(other)
    return found


def _compared(one: Type, other: Type) -> int:
    """Return -1 where the first type is the more general, 1 where the other is, 0 where neither is or may be."""
    match one, other:
        case AnyType(), _:
            return 0 if isinstance(other, AnyType) else 1
        case _, AnyType():
            return -1
        case Primitive(), Primitive():
            return (other == STRING) - (one == STRING)
        case (
            (ListType(element), ListType(another))
            | (SetType(element), SetType(another))
            | (MapType(element), MapType(another))
        ):
            return _compared(element, another)
        case (ListType(), TupleType() | SetType()) | (TupleType(), SetType()) | (MapType(), ObjectType()):
            return -1
        case (TupleType() | SetType(), ListType()) | (SetType(), TupleType()) | (ObjectType(), MapType()):
            return 1
        case ObjectType(), ObjectType() if one.attributes.keys() == other.attributes.keys():
            return _agreed([_compared(part, other.attributes[name]) for name, part in one.attributes.items()])
        case TupleType(elements), TupleType(others) if len(elements) == len(others):
            return _agreed(list(map(_compared, elements, others)))
        case _:
            return 0


def _agreed(orders: list[int]) -> int:
    """Return the order that all parts agree on, 0 where some say one thing and some the other."""
    return (max(orders, default=0) > 0) - (min(orders, default=0) < 0)
