"""Functions over sets."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.functions.collections.lists import element_type
from guardrail.terraform.language.functions.signature import (
    MOST_ELEMENTS,
    Function,
    FunctionError,
    NotEvaluated,
    Parameter,
    undecided,
)
from guardrail.terraform.language.types import ANY, ListType, SetType, TupleType, Type
from guardrail.terraform.language.unification import unify
from guardrail.terraform.language.values import NO_MARKS, Value, identity, list_, set_, tuple_

_Parts = dict[object, Value]  # by `identity`, since values have no == of Python's


def _united(one: _Parts, other: _Parts) -> _Parts:
    return one | other


def _operation(combined: Callable[[_Parts, _Parts], _Parts]) -> Callable[..., Value]:
    def body(*sets: Value) -> Value:
        type_ = _set_type(list(sets))
        try:
            converted = [convert(one, type_) for one in sets]
        except ConversionError as error:
            raise FunctionError(str(error)) from None
        if not all(one.is_wholly_known() for one in converted):
            # A union holds unknown elements as they are. What else comes of sets depends on what they turn out to be.
            if combined is _united and not any(one.is_unknown for one in converted):
                return set_((part for one in converted for part in one.raw), type_.element)
            return undecided(converted, type_)
        first, *others = ({identity(part): part for part in one.raw} for one in converted)
        for other in others:
            first = combined(first, other)
        return set_(first.values(), type_.element)

    return body


def _set_type(arguments: list[Value]) -> SetType:
    # An empty set without a type takes the type of the others.
    types = [
        element_type(one)
        for one in arguments
        if not (element_type(one) == ANY and isinstance(one.raw, tuple) and not one.raw)
    ]
    found = unify(types) if types else ANY
    if found is None:
        raise FunctionError("given sets must all have compatible element types")
    return SetType(found)


def setproduct(*sets: Value) -> Value:
    """Return all combinations of one element of each: a list where all are lists, else a set."""
    type_ = _product_type(list(sets))
    types = type_.element.elements if isinstance(type_.element, TupleType) else ()
    marks = NO_MARKS.union(*(one.marks for one in sets))
    if any(one.is_unknown or (isinstance(one.type, SetType) and not one.is_wholly_known()) for one in sets):
        return undecided(sets, type_, marks=marks)
    # Before anything is made: four lists of a thousand are a trillion rows.
    if math.prod(len(one.raw) for one in sets) > MOST_ELEMENTS:
        raise NotEvaluated(f"setproduct of more than {MOST_ELEMENTS:,} elements")
    columns = [[convert(part, column) for part in one.raw] for one, column in zip(sets, types, strict=True)]
    rows = [tuple_(row) for row in product(*columns)]
    if isinstance(type_, ListType):
        return list_(rows, type_.element).marked(marks)
    if not all(row.is_wholly_known() for row in rows):
        return undecided(rows, type_, marks=marks)
    return set_(rows, type_.element).marked(marks)


def _product_type(arguments: list[Value]) -> ListType | SetType:
    if len(arguments) < 2:  # noqa: PLR2004
        raise FunctionError("at least two arguments are required")
    types: list[Type] = []
    for one in arguments:
        if isinstance(one.type, TupleType):
            found = unify(one.type.elements) if one.type.elements else ANY
            if found is None:
                raise FunctionError("all elements must be of the same type")
            types.append(found)
        elif isinstance(one.type, ListType | SetType):
            types.append(one.type.element)
        else:
            raise FunctionError("a set or a list is required")
    row = TupleType(tuple(types))
    return SetType(row) if any(isinstance(one.type, SetType) for one in arguments) else ListType(row)


_SET = Parameter(SetType(ANY), dynamic=True)

FUNCTIONS = {
    "setintersection": Function(
        (_SET,),
        _set_type,
        _operation(lambda one, other: {key: part for key, part in one.items() if key in other}),
        variadic=_SET,
    ),
    "setproduct": Function((), _product_type, setproduct, variadic=Parameter(unknown=True, marked=True)),
    "setsubtract": Function(
        (_SET, _SET),
        _set_type,
        _operation(lambda one, other: {key: part for key, part in one.items() if key not in other}),
    ),
    "setunion": Function((_SET,), _set_type, _operation(_united), variadic=_SET),
}
