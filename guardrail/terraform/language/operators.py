"""The operators of the language on values, as cty's operations and HCL's own rules define them.

A result is unknown only where an operand that it hangs on is. Marks of operands are carried to the result. Everything
here raises OperationError where Terraform would refuse the operation.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.numbers import Number, is_negative, rounded, signed
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
)
from guardrail.terraform.language.values import (
    AFTER_APPLY,
    FALSE,
    TRUE,
    Unknown,
    Value,
    boolean,
    identity,
    number,
    string,
    unknown,
    without_marks,
)


class OperationError(ValueError):
    """Terraform refuses an operation; the message says why, without the values, which may be sensitive."""


class InfinityError(OperationError):
    """The result is infinite, which Terraform goes on to reckon with, and this program does not."""


def undecided(values: tuple[Value, ...], type_: Type, *, not_null: bool = True) -> Value:
    """Return unknown of a type, for the reason for which the first unknown of some values is."""
    found = next((why for value in values if (why := value.first_unknown())), AFTER_APPLY)
    return unknown(type_, Unknown(found.cause, found.why, found.where, not_null=not_null))


def equal(one: Value, other: Value) -> Value:
    """Return whether two values are equal. Values of different types never are; nulls are, whatever their types."""
    return _equal(without_marks(one), without_marks(other)).marked(one.all_marks() | other.all_marks())


def _equal(one: Value, other: Value) -> Value:
    if isinstance(one.raw, Unknown) or isinstance(other.raw, Unknown):
        return _equal_unknown(one, other)
    if one.raw is None or other.raw is None:
        return boolean(one.raw is other.raw)
    if has_any(one.type) or has_any(other.type):
        return _equal_parts(one, other) if _conform(one.type, other.type) else FALSE
    if one.type != other.type:
        return FALSE
    if one.is_wholly_known() and other.is_wholly_known():
        return boolean(identity(one) == identity(other))
    return _equal_parts(one, other)


def _equal_unknown(one: Value, other: Value) -> Value:
    result = undecided((one, other), BOOL)
    if isinstance(one.raw, Unknown) and isinstance(other.raw, Unknown):
        return result
    # Types, prefixes and lengths that cannot meet make it false although one side is unknown.
    open_, known = (one, other) if isinstance(one.raw, Unknown) else (other, one)
    why: Unknown = open_.raw
    if known.raw is None:
        return FALSE if why.not_null else result
    if has_any(open_.type):
        return result if _conform(open_.type, known.type) else FALSE
    if open_.type != known.type:
        return result if has_any(known.type) and _conform(open_.type, known.type) else FALSE
    if isinstance(known.raw, str) and not known.raw.startswith(why.prefix):
        return FALSE
    # Of a set with unknown elements, the length is not known either.
    if (
        why.not_null
        and isinstance(known.type, Collection)
        and (known.is_wholly_known() or not isinstance(known.type, SetType))
    ):
        length = len(known.raw)
        if length < why.least or (why.most is not None and length > why.most):
            return FALSE
    return result


def _equal_parts(one: Value, other: Value) -> Value:
    if isinstance(one.type, SetType) or not isinstance(one.raw, tuple | dict):
        return undecided((one, other), BOOL)
    if len(one.raw) != len(other.raw):
        return FALSE
    if isinstance(one.raw, dict):
        if one.raw.keys() != other.raw.keys():
            return FALSE
        pairs = [(part, other.raw[key]) for key, part in one.raw.items()]
    else:
        pairs = list(zip(one.raw, other.raw, strict=True))
    found = [_equal(part, another) for part, another in pairs]
    open_ = next((place for place, same in enumerate(found) if same.is_unknown), len(found))
    # Terraform goes through sequences in order, up to what decides; objects and maps it goes through at random.
    if open_ < len(found) and isinstance(one.raw, dict):
        return undecided((one, other), BOOL)
    if any(same.raw is False for same in found[:open_]):
        return FALSE
    return TRUE if open_ == len(found) else undecided((one, other), BOOL)


def _conform(one: Type, other: Type) -> bool:
    """Return whether two types may turn out to be the same."""
    match one, other:
        case (AnyType(), _) | (_, AnyType()):
            return True
        case (
            (ListType(element), ListType(another))
            | (SetType(element), SetType(another))
            | (MapType(element), MapType(another))
        ):
            return _conform(element, another)
        case TupleType(elements), TupleType(others):
            return len(elements) == len(others) and all(map(_conform, elements, others))
        case ObjectType(), ObjectType():
            return one.attributes.keys() == other.attributes.keys() and all(
                _conform(part, other.attributes[name]) for name, part in one.attributes.items()
            )
        case _:
            return one == other


def _remainder(one: Number, other: Number) -> Number:
    """Return what is left of a division whose quotient is cut towards zero; it has the sign of the first number.

    As in Terraform, dividing by zero leaves the number as it is.
    """
    if other == 0:
        return one
    quotient = Fraction(one) / Fraction(other)
    return rounded(one - other * int(quotient))


_ARITHMETIC: dict[str, Callable[[Number, Number], Number]] = {
    "+": lambda one, other: rounded(one + other),
    "-": lambda one, other: rounded(one - other),
    "*": lambda one, other: signed(rounded(one * other), negative=is_negative(one) != is_negative(other)),
    "/": lambda one, other: signed(
        rounded(Fraction(one) / Fraction(other)), negative=is_negative(one) != is_negative(other)
    ),
    "%": _remainder,
}
_COMPARISONS: dict[str, Callable[[Number, Number], bool]] = {
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
}


def binary(operator: str, left: Value, right: Value) -> Value:
    """Apply an operator other than `&&` and `||`, which the evaluation decides on."""
    if operator == "==":
        return equal(left, right)
    if operator == "!=":
        return negated(equal(left, right))
    one, other = operand(left, NUMBER, "left operand"), operand(right, NUMBER, "right operand")
    marks = one.marks | other.marks
    result = NUMBER if operator in _ARITHMETIC else BOOL
    if one.is_unknown or other.is_unknown:
        return undecided((one, other), result).marked(marks)
    if operator in _COMPARISONS:
        return boolean(_COMPARISONS[operator](one.raw, other.raw)).marked(marks)
    if operator == "/" and other.raw == 0:
        error = InfinityError if one.raw != 0 else OperationError  # big.Float has 1/0 = Inf, and refuses 0/0
        raise error("division by zero")
    return number(_ARITHMETIC[operator](one.raw, other.raw)).marked(marks)


def unary(operator: str, value: Value) -> Value:
    """Apply `-` or `!`."""
    if operator == "!":
        return negated(value)
    one = operand(value, NUMBER, "operand")
    if one.is_unknown:
        return undecided((one,), NUMBER).marked(one.marks)
    return number(signed(-one.raw, negative=not is_negative(one.raw))).marked(one.marks)


def negated(value: Value) -> Value:
    """Return the opposite of a bool."""
    one = operand(value, BOOL, "operand")
    return undecided((one,), BOOL).marked(one.marks) if one.is_unknown else boolean(not one.raw).marked(one.marks)


def operand(value: Value, type_: Type, name: str) -> Value:
    """Return a value as an operand of a type; null is none."""
    try:
        found = convert(value, type_)
    except ConversionError as error:
        raise OperationError(f"{name}: {error}") from None
    if found.is_null:
        raise OperationError(f"{name}: it is null")
    # Of a value of unknown type, it is known now that it is of this one.
    return unknown(type_, found.raw, found.marks) if found.is_unknown and found.type == ANY else found


def attribute_of(value: Value, name: str) -> Value:
    """Return `value.name` of an object or a map."""
    if value.is_null:
        raise OperationError("it is null, so it has no attributes")
    match value.type:
        case ObjectType():
            if name not in value.type.attributes:
                raise OperationError(f'there is no attribute "{name}"')
            if value.is_unknown:  # the type of its attribute is known all the same
                return _of_unknown(value, value.type.attributes[name])
        case MapType(element):
            if value.is_unknown:
                return _of_unknown(value, element)
            if name not in value.raw:
                raise OperationError(f'there is no element "{name}"')
        case AnyType():
            return _of_unknown(value, ANY)
        case ListType() | SetType() | TupleType():
            raise OperationError(f'it is a {_kind(value.type)}, whose elements have to be chosen before ".{name}"')
        case _:
            raise OperationError(f"{_kind(value.type)} has no attributes")
    found: Value = value.raw[name]
    return found.marked(value.marks)


def index(value: Value, key: Value) -> Value:
    """Return `value[key]`. A key that is known chooses, even where other elements are unknown."""
    if value.is_null:
        raise OperationError("it is null, so it has no elements")
    if key.is_null:
        raise OperationError("the index is null")
    if isinstance(key.type, AnyType) or isinstance(value.type, AnyType):
        return _of_unknown(value if value.is_unknown else key, ANY).marked(value.marks)
    chosen = _key_for(value.type, key)
    if chosen.is_unknown:  # it may be any of them
        inner = value.type.element if isinstance(value.type, Collection) else ANY
        return _of_unknown(chosen, inner).marked(value.marks)
    if isinstance(value.type, ObjectType):
        return attribute_of(value, chosen.raw).marked(chosen.marks)
    marks = value.marks | chosen.marks
    if isinstance(value.raw, Unknown):
        return _element_of_unknown(value, value.raw, chosen).marked(marks)
    if isinstance(value.raw, dict):
        if chosen.raw not in value.raw:
            raise OperationError("there is no element with this key")
    elif not isinstance(chosen.raw, int) or not 0 <= chosen.raw < len(value.raw):
        raise OperationError(f"there is no element with this index; there are {len(value.raw)}")
    found: Value = value.raw[chosen.raw]
    return found.marked(marks)


def _key_for(of: Type, key: Value) -> Value:
    """Return an index as what a type is indexed by: a string for maps and objects, a number for lists and tuples."""
    if isinstance(of, SetType):
        raise OperationError("elements of a set have no index")
    if isinstance(of, Primitive):
        raise OperationError(f"{_kind(of)} has no elements")
    try:
        return convert(key, STRING if isinstance(of, MapType | ObjectType) else NUMBER)
    except ConversionError as error:
        raise OperationError(f"the index: {error}") from None


def _element_of_unknown(value: Value, why: Unknown, key: Value) -> Value:
    if isinstance(value.type, TupleType):
        if not isinstance(key.raw, int) or not 0 <= key.raw < len(value.type.elements):
            raise OperationError("there is no element with this index")
        return _of_unknown(value, value.type.elements[key.raw])
    if isinstance(value.type, ListType):
        if not isinstance(key.raw, int) or key.raw < 0:
            raise OperationError("the index is not a whole number")
        if why.most is not None and key.raw >= why.most:
            raise OperationError("there is no element with this index")
    return _of_unknown(value, value.type.element if isinstance(value.type, Collection) else ANY)


def _of_unknown(value: Value, type_: Type) -> Value:
    return undecided((value,), type_, not_null=False).marked(value.marks)


def text(value: Value) -> Value:
    """Return a value as a part of a template: a string, or unknown."""
    if value.is_null:
        raise OperationError("a template cannot include null")
    if value.is_unknown:
        return value
    try:
        return convert(value, STRING)
    except ConversionError as error:
        raise OperationError(f"a template cannot include it: {error}") from None


def elements(value: Value) -> list[tuple[Value, Value]]:
    """Return the keys and elements of a known collection, as `for` and `for_each` of a dynamic block go through them.

    The key of a set's element is the element itself.
    """
    if isinstance(value.raw, dict):
        return [(string(key), part) for key, part in sorted(value.raw.items(), key=lambda item: item[0].encode())]
    if isinstance(value.raw, tuple):
        if isinstance(value.type, SetType):
            return [(part, part) for part in value.raw]
        return [(number(place), part) for place, part in enumerate(value.raw)]
    raise OperationError(f"{_kind(value.type)} has no elements to go through")


def _kind(type_: Type) -> str:
    """Return the kind of a type, without its parts: "list" of list(string)."""
    return type_string(type_).partition("(")[0]
