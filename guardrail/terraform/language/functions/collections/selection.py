"""Functions that choose: among their arguments, or among the elements of a list."""

from __future__ import annotations

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.functions.collections.lists import element_type
from guardrail.terraform.language.functions.signature import (
    Function,
    FunctionError,
    Parameter,
    friendly,
    undecided,
    whole,
)
from guardrail.terraform.language.operators import equal
from guardrail.terraform.language.types import ANY, BOOL, NUMBER, STRING, ListType, SetType, TupleType, Type
from guardrail.terraform.language.unification import unify
from guardrail.terraform.language.values import FALSE, TRUE, Value, identity, list_, null, number

_NOT_ONE = "must be a list, set, or tuple value with either zero or one elements"


def coalesce(*values: Value) -> Value:
    """Return the first that is neither null nor an empty text, as the type of all."""
    type_ = _common(values)
    for value in values:
        try:
            found = convert(value, type_)
        except ConversionError as error:
            raise FunctionError(str(error)) from None
        if found.is_unknown:  # it may be null, and then a later one counts
            return undecided((found,), type_)
        if not found.is_null and not (type_ == STRING and not found.raw):
            return found
    raise FunctionError("no non-null, non-empty-string arguments")


def _common(values: tuple[Value, ...] | list[Value]) -> Type:
    found = unify([value.type for value in values])
    if found is None:
        raise FunctionError("all arguments must have the same type" if values else "at least one argument is required")
    return found


def coalescelist(*values: Value) -> Value:
    """Return the first that is neither null nor empty."""
    if not values:
        raise FunctionError("at least one argument is required")
    for value in values:
        if value.is_unknown:
            break  # as in Terraform, whose look at the types ends there
        if not isinstance(value.type, ListType | TupleType):
            raise FunctionError("coalescelist arguments must be lists or tuples")
    for value in values:
        if value.is_unknown:
            types = {one.type for one in values}
            return undecided((value,), value.type if len(types) == 1 else ANY)
        if value.raw:
            return value
    raise FunctionError("no non-null arguments")


def contains(values: Value, wanted: Value) -> Value:
    """Return whether an element equals a value."""
    if not isinstance(values.type, ListType | TupleType | SetType):
        raise FunctionError("argument must be list, tuple, or set")
    unsure = None  # a comparison that is unknown, which an equal element further back makes irrelevant
    for part in values.raw:
        same = equal(wanted, part)
        if same.is_unknown:
            unsure = same
        elif same.raw:
            return TRUE
    return FALSE if unsure is None else undecided((unsure,), BOOL)


def element(values: Value, index: Value) -> Value:
    """Return the element at an index, counted around; from the end where negative."""
    if not values.raw:
        raise FunctionError("cannot use element function with an empty list")
    found: Value = values.raw[whole(index) % len(values.raw)]
    return found.marked(values.marks)


def _element_type(arguments: list[Value]) -> Type:
    """Return the type of what an index leads to; of a tuple, whose elements differ, only a known index tells it."""
    values, index = arguments
    if isinstance(values.type, ListType):
        return values.type.element
    if not isinstance(values.type, TupleType):
        raise FunctionError(f"cannot read elements from {friendly(values.type)}")
    if index.is_unknown:
        return ANY
    if not values.type.elements:
        raise FunctionError("cannot use element function with an empty list")
    return values.type.elements[whole(index) % len(values.type.elements)]


def index(values: Value, wanted: Value) -> Value:
    """Return the place of the first element that equals a value."""
    if not isinstance(values.type, ListType | TupleType):
        raise FunctionError("argument must be a list or tuple")
    if not values.raw:
        raise FunctionError("cannot search an empty list")
    for at, part in enumerate(values.raw):
        same = equal(part, wanted)
        if same.is_unknown:  # the first equal one counts, and this may be it
            return undecided((same,), NUMBER)
        if same.raw:
            return number(at)
    raise FunctionError("item not found")


def matchkeys(values: Value, keys: Value, wanted: Value) -> Value:
    """Return the values whose keys, at the same places, are among those wanted."""
    if len(values.raw) != len(keys.raw):
        raise FunctionError("length of keys and values should be equal")
    if not wanted.raw:  # known although the values are not
        return list_((), element_type(values))
    if not values.is_wholly_known() or not keys.is_wholly_known() or not wanted.is_wholly_known():
        return undecided((values, keys, wanted), values.type)
    common = _keys_type([values, keys, wanted])
    searched = {identity(part) for part in convert(wanted, common).raw}
    pairs = zip(values.raw, convert(keys, common).raw, strict=True)
    return list_((value for value, key in pairs if identity(key) in searched), element_type(values))


def _keys_type(arguments: list[Value]) -> Type:
    found = unify([one.type for one in arguments[1:]])
    if found is None:
        raise FunctionError("keys and searchset must be of the same type")
    return found


def _matchkeys_type(arguments: list[Value]) -> Type:
    _keys_type(arguments)
    return arguments[0].type


def one(values: Value) -> Value:
    """Return the only element; null where there is none."""
    type_ = _one_type([values])
    if len(values.raw) > 1:
        raise FunctionError(_NOT_ONE)
    return values.raw[0] if values.raw else null(type_)


def _one_type(arguments: list[Value]) -> Type:
    match arguments[0].type:
        case ListType(element) | SetType(element):
            return element
        case TupleType(()):
            return ANY
        case TupleType((only,)):
            return only
        case _:
            raise FunctionError(_NOT_ONE)


_LIST = Parameter(ListType(ANY))
_ANY = Parameter()
_CHOICE = Parameter(unknown=True, null=True, dynamic=True)

FUNCTIONS = {
    "coalesce": Function((), _common, coalesce, variadic=_CHOICE),
    "coalescelist": Function((), ANY, coalescelist, variadic=_CHOICE),
    "contains": Function((_ANY, Parameter(null=True)), BOOL, contains),
    "element": Function((Parameter(marked=True), Parameter(NUMBER)), _element_type, element, not_null=False),
    "index": Function((_ANY, _ANY), NUMBER, index),
    "matchkeys": Function((_LIST, _LIST, _LIST), _matchkeys_type, matchkeys),
    "one": Function((_ANY,), _one_type, one, not_null=False),
}
